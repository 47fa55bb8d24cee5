//! The SQL of a migration: a file or a section of one, with what its directives say.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::base::text::did_you_mean;
use crate::base::text::hex;
use crate::base::{Error, Result, units};
use crate::ops::database::sqlfile::SqlText;

/// SQL of a file or a section of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The file as people know it.
    pub file: String,
    /// The line that the text begins on.
    pub first_line: usize,
    /// The text, with line ends of Unix.
    pub text: String,
    /// Whether its statements run outside a transaction.
    pub no_transaction: bool,
    /// How long a statement may wait for a lock, if the file says so; zero for ever.
    pub lock_timeout: Option<Duration>,
    /// How long a statement may run, if the file says so.
    pub statement_timeout: Option<Duration>,
    /// Whether a backup must be made before it runs.
    pub backup_first: bool,
    /// Whether the file says that it cannot be taken back.
    pub is_irreversible: bool,
}

/// The words after `-- lexi:`, each with whether a value follows. What `allow` means is the lint's business.
const DIRECTIVES: [(&str, bool); 6] = [
    ("no-transaction", false),
    ("lock-timeout", true),
    ("statement-timeout", true),
    ("backup-first", false),
    ("irreversible", false),
    ("allow", true),
];

impl Script {
    /// The text of a whole file.
    pub fn whole(file: &str, text: &str) -> Result<Self> {
        let mut script = Self::section(file, 1, text)?;
        // sqlx looks at the first bytes and nowhere else; so does a file that was written for it.
        script.no_transaction |= text.starts_with("-- no-transaction");
        Ok(script)
    }

    /// A section that begins on a line of a file.
    pub fn section(file: &str, first_line: usize, text: &str) -> Result<Self> {
        let mut script = Self {
            file: file.to_owned(),
            first_line,
            text: text.to_owned(),
            no_transaction: false,
            lock_timeout: None,
            statement_timeout: None,
            backup_first: false,
            is_irreversible: false,
        };
        script.read_directives()?;
        Ok(script)
    }

    /// Reads the comments before the first statement.
    fn read_directives(&mut self) -> Result<()> {
        let text = self.text.clone();
        let comments = text
            .lines()
            .enumerate()
            .map(|(number, line)| (number + 1, line.trim()))
            .take_while(|(_, line)| line.is_empty() || line.starts_with("--"));
        for (number, line) in comments {
            let comment = line.trim_start_matches('-').trim();
            if let Some(directive) = comment.strip_prefix("lexi:") {
                let read = self.read_directive(directive.trim());
                read.map_err(|error| self.sql().placed(error, number))?;
            }
        }
        Ok(())
    }

    fn read_directive(&mut self, directive: &str) -> Result<()> {
        let (word, value) = directive
            .split_once(char::is_whitespace)
            .unwrap_or((directive, ""));
        let value = value.trim();
        let Some((_, wants_value)) = DIRECTIVES.iter().find(|(name, _)| *name == word) else {
            return Err(unknown(word));
        };
        if *wants_value == value.is_empty() {
            let what = if *wants_value {
                "needs a value"
            } else {
                "takes no value"
            };
            return Err(Error::invalid(format!("directive `lexi:{word}` {what}")));
        }
        match word {
            "no-transaction" => self.no_transaction = true,
            "backup-first" => self.backup_first = true,
            "irreversible" => self.is_irreversible = true,
            "lock-timeout" => self.lock_timeout = Some(units::parse_duration(value)?),
            "statement-timeout" => self.statement_timeout = Some(units::parse_duration(value)?),
            _ => {}
        }
        Ok(())
    }

    /// The text with its place.
    pub fn sql(&self) -> SqlText<'_> {
        SqlText {
            file: &self.file,
            first_line: self.first_line,
            text: &self.text,
        }
    }

    /// What tells an edited file: independent of how lines end.
    pub fn checksum(&self) -> String {
        checksum(&self.text)
    }
}

fn unknown(word: &str) -> Error {
    let names = DIRECTIVES.map(|(name, _)| name);
    let hint = match did_you_mean(word, names) {
        Some(near) => format!("did you mean `lexi:{near}`?"),
        None => format!(
            "there are {}",
            names.map(|name| format!("`lexi:{name}`")).join(", ")
        ),
    };
    Error::invalid(format!("there is no directive `lexi:{word}`")).hint(hint)
}

/// The SHA-256 of a text in hexadecimal digits.
pub(super) fn checksum(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_stand_in_the_comments_before_the_first_statement() {
        let text = "-- A table.\n\n-- lexi:no-transaction\n-- lexi:lock-timeout 500ms\n\
            -- lexi:statement-timeout 5m\n-- lexi:backup-first\n-- lexi:allow drop-column\n\
            select 1;\n-- lexi:nonsense\n";

        let script = Script::whole("m.sql", text).unwrap();

        assert!(script.no_transaction && script.backup_first);
        assert_eq!(script.lock_timeout, Some(Duration::from_millis(500)));
        assert_eq!(script.statement_timeout, Some(Duration::from_mins(5)));
    }

    #[test]
    fn a_directive_that_cannot_be_read_is_named_with_its_line() {
        let cases = [
            (
                "-- lexi:no-transactions",
                "m.sql:2: there is no directive `lexi:no-transactions`",
            ),
            (
                "-- lexi:lock-timeout",
                "m.sql:2: directive `lexi:lock-timeout` needs a value",
            ),
            (
                "-- lexi:no-transaction yes",
                "m.sql:2: directive `lexi:no-transaction` takes no value",
            ),
        ];
        for (line, message) in cases {
            let error = Script::whole("m.sql", &format!("-- Head.\n{line}\n")).unwrap_err();
            assert_eq!(error.message(), message);
        }
        let error = Script::whole("m.sql", "-- lexi:lock-timeout soon\n").unwrap_err();
        assert!(error.message().starts_with("m.sql:1: "), "{error}");
    }

    #[test]
    fn sqlx_marks_a_file_with_its_first_bytes_only() {
        assert!(
            Script::whole("m.sql", "-- no-transaction\nselect 1")
                .unwrap()
                .no_transaction
        );
        let later = Script::whole("m.sql", "-- Why.\n-- no-transaction\nselect 1").unwrap();
        assert!(!later.no_transaction);
    }
}
