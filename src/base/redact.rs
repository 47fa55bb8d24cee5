//! Replaces known secret values in text before a person or a file sees it, also where they are encoded.

mod forms;

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// What stands in a secret's place.
const MARK: &str = "[secret]";

/// The secret values of this run.
#[derive(Debug, Default)]
pub struct Redactor {
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    forms: Vec<String>,
    /// Finds all forms in one pass; made when first needed after a change.
    finder: Option<Arc<AhoCorasick>>,
}

impl Redactor {
    /// Remembers a secret value with its encoded forms; short ones and plain words such as `true` are not remembered.
    pub fn add(&self, value: &str) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for form in forms::of(value) {
            if !known.forms.contains(&form) {
                known.forms.push(form);
                known.finder = None;
            }
        }
    }

    /// The text with every known secret replaced by `[secret]`.
    pub fn mask<'text>(&self, text: &'text str) -> Cow<'text, str> {
        let Some(finder) = self.finder() else {
            return Cow::Borrowed(text);
        };
        let mut masked = String::new();
        let mut end = 0;
        for found in finder.find_iter(text) {
            masked.push_str(&text[end..found.start()]);
            masked.push_str(MARK);
            end = found.end();
        }
        if end == 0 {
            return Cow::Borrowed(text);
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
        let at = at.min(bytes.len().saturating_sub(finder.max_pattern_len()));
        let straddles = |found: &aho_corasick::Match| found.start() < at && found.end() > at;
        let found = finder.find_iter(bytes).find(straddles);
        found.map_or(at, |found| found.start()).max(1)
    }

    /// The longest form first wins, so that a secret that contains another is replaced whole.
    fn finder(&self) -> Option<Arc<AhoCorasick>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if known.forms.is_empty() {
            return None;
        }
        if let Some(finder) = &known.finder {
            return Some(Arc::clone(finder));
        }
        drop(known);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let built = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::NoncontiguousNFA))
            .match_kind(MatchKind::LeftmostLongest)
            .build(&known.forms);
        // Building fails only for more patterns than memory holds.
        known.finder = built.ok().map(Arc::new);
        known.finder.clone()
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
