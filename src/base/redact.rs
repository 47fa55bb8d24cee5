//! Replaces known secret values in text before a person or a file sees it, also where they are encoded.

mod forms;
mod views;

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use aho_corasick::{AhoCorasick, AhoCorasickKind, Match, MatchKind};
use forms::Form;

/// What stands in a secret's place.
const MARK: &str = "[secret]";

/// Ends the colours that began within a secret and would have ended there.
const RESET: &str = "\u{1b}[0m";

/// A value as long as this stands in a text by no chance.
const CERTAIN: usize = 12;

/// How much of what goes on is held back at most, in bytes, because a secret may begin in it.
const LONGEST_REACH: usize = 32 * 1024;

/// The secret values of this run.
#[derive(Debug, Default)]
pub struct Redactor {
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    values: HashSet<String>,
    /// Those that a script made text of.
    revealed: HashSet<String>,
    forms: Vec<Form>,
    /// The texts of the forms.
    texts: HashSet<String>,
    /// Made when first needed after a change.
    finder: Option<Arc<Finder>>,
}

impl Redactor {
    /// Remembers a secret value with its encoded forms; short ones and plain words such as `true` are not remembered.
    pub fn add(&self, value: &str) {
        if self.known().values.contains(value) {
            return;
        }
        let forms = forms::of(value);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.values.insert(value.to_owned());
        for form in forms {
            if known.texts.insert(form.text().to_owned()) {
                known.forms.push(form);
                known.finder = None;
            }
        }
    }

    /// Remembers a secret value that a script has as text from now on.
    pub fn reveal(&self, value: &str) {
        self.add(value);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if value.len() >= forms::SHORTEST {
            known.revealed.insert(value.to_owned());
        }
    }

    /// Whether a text holds a secret as it is. Short ones, which may be ordinary words, count once they were revealed.
    pub fn holds_secret(&self, text: &str) -> bool {
        let known = self.known();
        let long = known.values.iter().filter(|value| value.len() >= CERTAIN);
        known
            .revealed
            .iter()
            .chain(long)
            .any(|value| text.contains(value.as_str()))
    }

    /// The text with every known secret replaced by `[secret]`; secrets that overlap are replaced together.
    pub fn mask<'text>(&self, text: &'text str) -> Cow<'text, str> {
        let Some(finder) = self.finder() else {
            return Cow::Borrowed(text);
        };
        let secrets = finder.secrets(text.as_bytes());
        if secrets.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut masked = String::with_capacity(text.len());
        let mut end = 0;
        for secret in secrets {
            let start = text.floor_char_boundary(secret.start).max(end);
            masked.push_str(&text[end..start]);
            masked.push_str(MARK);
            end = text.ceil_char_boundary(secret.end).max(start);
            if text[start..end].contains('\u{1b}') {
                masked.push_str(RESET);
            }
        }
        masked.push_str(&text[end..]);
        Cow::Owned(masked)
    }

    /// Where bytes that go on can be cut so that no secret stands on both sides: at `at` or before. It may lie inside a
    /// character.
    pub fn cut(&self, bytes: &[u8], at: usize) -> usize {
        let Some(finder) = self.finder() else {
            return at;
        };
        // What is still to come may complete a secret that begins near the end.
        let at = at.min(bytes.len().saturating_sub(finder.reach));
        let straddles = |secret: &Range<usize>| secret.start < at && secret.end > at;
        let secret = finder.secrets(bytes).into_iter().find(straddles);
        secret.map_or(at, |secret| secret.start).max(1)
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn finder(&self) -> Option<Arc<Finder>> {
        let known = self.known();
        if known.forms.is_empty() {
            return None;
        }
        if let Some(finder) = &known.finder {
            return Some(Arc::clone(finder));
        }
        drop(known);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.finder = Finder::new(&known).map(Arc::new);
        known.finder.clone()
    }
}

/// Finds all forms in one pass.
#[derive(Debug)]
struct Finder {
    automaton: AhoCorasick,
    forms: Vec<Form>,
    /// How long a secret in text can be, in bytes.
    reach: usize,
}

impl Finder {
    /// Building fails only for more patterns than memory holds.
    fn new(known: &Known) -> Option<Self> {
        // Only this kind finds secrets that overlap.
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::NoncontiguousNFA))
            .match_kind(MatchKind::Standard)
            .build(known.forms.iter().map(Form::text))
            .ok()?;
        // An escape takes three times as many bytes as what it stands for, or less.
        let longest = known.values.iter().map(String::len).max();
        let reach = automaton.max_pattern_len().max(3 * longest.unwrap_or(0));
        Some(Self {
            automaton,
            forms: known.forms.clone(),
            reach: reach.min(LONGEST_REACH),
        })
    }

    /// Where secrets stand in a text, in order and apart from each other.
    fn secrets(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found: Vec<_> = self.matches(text).collect();
        for view in views::of(text) {
            let seen = self.matches(&view.bytes);
            found.extend(seen.map(|part| view.place(&part)));
        }
        found.sort_unstable_by_key(|secret| secret.start);
        found.dedup_by(|next, last| {
            let overlaps = next.start < last.end;
            if overlaps {
                last.end = last.end.max(next.end);
            }
            overlaps
        });
        found
    }

    fn matches(&self, text: &[u8]) -> impl Iterator<Item = Range<usize>> {
        let matches = self.automaton.find_overlapping_iter(text);
        matches.map(|found| self.whole(text, &found))
    }

    /// All there is of a form around a part of it.
    fn whole(&self, text: &[u8], found: &Match) -> Range<usize> {
        let Form::Part { of, at } = &self.forms[found.pattern()] else {
            return found.range();
        };
        let (before, behind) = of.as_bytes().split_at(*at);
        let same = |(one, other): &(&u8, &u8)| one == other;
        let earlier = before.iter().rev().zip(text[..found.start()].iter().rev());
        let later = behind.iter().zip(&text[found.start()..]);
        let start = found.start() - earlier.take_while(same).count();
        start..found.start() + later.take_while(same).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_are_masked_longest_first() {
        let redactor = Redactor::default();
        redactor.add("password");
        redactor.add("password123");
        redactor.add("yes");

        assert_eq!(
            redactor.mask("a password123 b password c yes"),
            "a [secret] b [secret] c yes"
        );
    }

    #[test]
    fn secrets_that_overlap_are_masked_together() {
        let redactor = Redactor::default();
        redactor.add("abcdefghij");
        redactor.add("ghijklmnopqrstuv");
        let text = "x abcdefghijklmnopqrstuv y abcdefghij ghijklmnopqrstuv";

        assert_eq!(redactor.mask(text), "x [secret] y [secret] [secret]");
        let long = format!("{text}{}", "z".repeat(200));
        for at in 3..24 {
            assert_eq!(redactor.cut(long.as_bytes(), at), 2, "{at}");
        }
    }

    #[test]
    fn a_secret_is_seen_through_colours_and_control_characters() {
        let redactor = Redactor::default();
        redactor.add("hunter2-hunter2");
        let cases = [
            (
                "a hunter2\u{1b}[31m-hunter2\u{1b}[0m b",
                "a [secret]\u{1b}[0m\u{1b}[0m b",
            ),
            ("a hunter2\0-hunter\u{7}2 b", "a [secret] b"),
            ("a \u{1b}[1mb\u{1b}[0m c\0", "a \u{1b}[1mb\u{1b}[0m c\0"),
        ];
        for (text, expected) in cases {
            assert_eq!(redactor.mask(text), expected);
        }
    }

    #[test]
    fn each_line_of_a_secret_and_its_json_form_are_masked() {
        let redactor = Redactor::default();
        redactor.add("first line\nsecond line\n");
        redactor.add("pass\"word");

        assert_eq!(
            redactor.mask("[1] first line\n[1] second line"),
            "[1] [secret]\n[1] [secret]"
        );
        assert_eq!(
            redactor.mask(r#"{"a":"pass\"word"}"#),
            r#"{"a":"[secret]"}"#
        );
    }

    #[test]
    fn a_cut_never_lies_inside_a_secret() {
        let redactor = Redactor::default();
        redactor.add("hunter2-hunter2");
        let text = format!("{}hunter2-hunter2{}", "x".repeat(20), "y".repeat(200));

        for at in 1..60 {
            let cut = redactor.cut(text.as_bytes(), at);
            assert!(cut <= at && cut > 0, "{at} {cut}");
            assert!(!(21..35).contains(&cut), "{at} {cut}");
        }
        let open = format!("{}hunter2-hun", "x".repeat(200));
        assert!(redactor.cut(open.as_bytes(), 210) <= 200);
    }
}
