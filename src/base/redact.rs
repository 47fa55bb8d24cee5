//! Replaces known secret values in text before a person or a file sees it.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

/// A value shorter than this would shred ordinary text when replaced.
const SHORTEST: usize = 6;

/// The secret values of this run.
#[derive(Debug, Default)]
pub struct Redactor {
    values: RwLock<Vec<String>>,
}

impl Redactor {
    /// Remembers a secret value; short ones and plain words such as `true` are not remembered.
    ///
    /// Output is marked and streamed by lines and may be JSON, so each line and the escaped form count too.
    pub fn add(&self, value: &str) {
        let escaped = serde_json::Value::from(value).to_string();
        let escaped = &escaped[1..escaped.len() - 1];
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        for form in [value, escaped]
            .into_iter()
            .chain(value.lines().map(str::trim))
        {
            if form.len() >= SHORTEST && !values.iter().any(|known| known == form) {
                values.push(form.to_owned());
            }
        }
        // Longest first, so that a secret that contains another is replaced whole.
        values.sort_by_key(|known| std::cmp::Reverse(known.len()));
    }

    /// The text with every known secret replaced by `[secret]`.
    pub fn mask<'text>(&self, text: &'text str) -> Cow<'text, str> {
        let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
        let mut masked = Cow::Borrowed(text);
        for value in values.iter().filter(|value| text.contains(value.as_str())) {
            masked = Cow::Owned(masked.replace(value.as_str(), "[secret]"));
        }
        masked
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
}
