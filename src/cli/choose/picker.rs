//! A list that is narrowed down by typing: what is shown of it, and what a key does to it.

use console::Key;
use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// How far a page key goes.
const PAGE: usize = 10;

/// How much more a match in the name counts than one in what stands behind it.
const NAME_COUNTS: u32 = 4;

/// Something that can be chosen.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    /// What it is called.
    pub(super) name: String,
    /// What it is.
    pub(super) about: String,
    /// What else it is found by.
    pub(super) words: String,
}

/// What was chosen, by its place among the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Picked {
    /// As it is.
    Plain(usize),
    /// With more to be asked.
    More(usize),
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Something was chosen.
    Done(Picked),
    /// Nothing was.
    GivenUp,
}

impl Step {
    /// What was chosen, if anything was.
    pub(super) const fn picked(self) -> Option<Picked> {
        match self {
            Self::Done(picked) => Some(picked),
            Self::GivenUp => None,
        }
    }
}

/// The list and what was typed.
pub(super) struct Picker {
    entries: Vec<Entry>,
    typed: String,
    /// The entries that match, the best first.
    found: Vec<usize>,
    /// The place of the chosen one among them.
    at: usize,
    matcher: Matcher,
}

impl Picker {
    /// A list with nothing typed yet.
    pub(super) fn new(entries: Vec<Entry>) -> Self {
        let found = (0..entries.len()).collect();
        let mut config = Config::DEFAULT;
        config.prefer_prefix = true;
        Self {
            entries,
            typed: String::new(),
            found,
            at: 0,
            matcher: Matcher::new(config),
        }
    }

    /// What was typed.
    pub(super) fn typed(&self) -> &str {
        &self.typed
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many match.
    pub(super) const fn found(&self) -> usize {
        self.found.len()
    }

    /// The chosen one, by its place among all.
    pub(super) fn selected(&self) -> Option<usize> {
        self.found.get(self.at).copied()
    }

    /// The widest name.
    pub(super) fn width(&self) -> usize {
        let names = self.entries.iter().map(|entry| &entry.name);
        names
            .map(|name| console::measure_text_width(name))
            .max()
            .unwrap_or(0)
    }

    /// As many of the matching ones as there is room for, the chosen one among them; each with whether it is that one.
    pub(super) fn window(&self, rows: usize) -> impl Iterator<Item = (&Entry, bool)> {
        let first = (self.at + 1).saturating_sub(rows);
        let shown = self.found.iter().enumerate().skip(first).take(rows);
        shown.map(|(place, at)| (&self.entries[*at], place == self.at))
    }

    /// Does what a key says; tells when that was the last one.
    pub(super) fn press(&mut self, key: &Key) -> Option<Step> {
        let last = self.found.len().saturating_sub(1);
        match key {
            Key::CtrlC | Key::Escape => return Some(Step::GivenUp),
            // Ctrl-D gives up as in a shell: where nothing is typed.
            Key::Char('\x04') if self.typed.is_empty() => return Some(Step::GivenUp),
            Key::Enter => return self.selected().map(Picked::Plain).map(Step::Done),
            Key::Tab => return self.selected().map(Picked::More).map(Step::Done),
            Key::ArrowUp | Key::Char('\x10' | '\x0b') => self.at = self.at.saturating_sub(1),
            Key::ArrowDown | Key::Char('\x0e') => self.at = (self.at + 1).min(last),
            Key::PageUp => self.at = self.at.saturating_sub(PAGE),
            Key::PageDown => self.at = (self.at + PAGE).min(last),
            Key::Home => self.at = 0,
            Key::End => self.at = last,
            Key::Backspace => {
                self.typed.pop();
                self.narrow();
            }
            Key::Char('\x15') => {
                self.typed.clear();
                self.narrow();
            }
            Key::Char(letter) if !letter.is_control() => {
                self.typed.push(*letter);
                self.narrow();
            }
            _ => {}
        }
        None
    }

    fn narrow(&mut self) {
        self.at = 0;
        let pattern =
            |kind| Pattern::new(&self.typed, CaseMatching::Smart, Normalization::Smart, kind);
        // In a sentence, letters far apart mean nothing.
        let (in_name, in_rest) = (pattern(AtomKind::Fuzzy), pattern(AtomKind::Substring));
        let mut letters = Vec::new();
        let matcher = &mut self.matcher;
        let mut score = |pattern: &Pattern, text: &str| {
            pattern.score(Utf32Str::new(text, &mut letters), matcher)
        };
        let mut found: Vec<(u32, usize)> = Vec::new();
        for (at, entry) in self.entries.iter().enumerate() {
            let name = score(&in_name, &entry.name).map(|score| score * NAME_COUNTS);
            let rest = || format!("{} {} {}", entry.name, entry.words, entry.about);
            if let Some(score) = name.or_else(|| score(&in_rest, &rest())) {
                found.push((score, at));
            }
        }
        found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        self.found = found.into_iter().map(|(_, at)| at).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tasks() -> Picker {
        let entries = [
            ("up", "Start the services", "start"),
            ("backup", "Make a verified backup", ""),
            ("clean-backups", "Delete old backups", ""),
            ("restore", "Restore a backup", ""),
        ];
        let entry = |(name, about, words): (&str, &str, &str)| Entry {
            name: name.into(),
            about: about.into(),
            words: words.into(),
        };
        Picker::new(entries.map(entry).into())
    }

    fn press(picker: &mut Picker, keys: &str) {
        for letter in keys.chars() {
            assert_eq!(picker.press(&Key::Char(letter)), None);
        }
    }

    fn names(picker: &Picker) -> Vec<&str> {
        picker.window(9).map(|(entry, _)| &*entry.name).collect()
    }

    #[test]
    fn typing_narrows_the_list_with_names_before_descriptions() {
        let mut picker = tasks();
        press(&mut picker, "back");
        assert_eq!(names(&picker), ["backup", "clean-backups", "restore"]);

        press(&mut picker, " cl");
        assert_eq!(names(&picker), ["clean-backups"]);

        picker.press(&Key::Char('\x15'));
        assert_eq!(picker.found(), 4);
    }

    #[test]
    fn letters_may_be_left_out_and_other_names_count() {
        let mut picker = tasks();
        press(&mut picker, "clbk");
        assert_eq!(names(&picker), ["clean-backups"]);

        picker.press(&Key::Char('\x15'));
        press(&mut picker, "start");
        assert_eq!(names(&picker)[0], "up");

        press(&mut picker, "zzz");
        assert_eq!(picker.selected(), None);
        assert_eq!(picker.press(&Key::Enter), None);
    }

    #[test]
    fn arrows_move_within_the_list_and_the_chosen_one_stays_in_sight() {
        let mut picker = tasks();
        picker.press(&Key::ArrowUp);
        assert_eq!(picker.selected(), Some(0));

        for _ in 0..9 {
            picker.press(&Key::ArrowDown);
        }
        assert_eq!(picker.selected(), Some(3));
        let shown: Vec<bool> = picker.window(2).map(|(_, is_chosen)| is_chosen).collect();
        assert_eq!(shown, [false, true]);

        picker.press(&Key::Home);
        assert_eq!(picker.press(&Key::Tab), Some(Step::Done(Picked::More(0))));
        assert_eq!(picker.press(&Key::Escape), Some(Step::GivenUp));
    }
}
