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
    pub fn add(&self, value: &str) {
        if value.len() < SHORTEST {
            return;
        }
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        if !values.iter().any(|known| known == value) {
            values.push(value.to_owned());
            // Longest first, so that a secret that contains another is replaced whole.
            values.sort_by_key(|known| std::cmp::Reverse(known.len()));
        }
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
}
