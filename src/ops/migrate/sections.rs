//! dbmate's form of a file: `-- migrate:up` and `-- migrate:down` in one. A file without these marks is all up.

use super::script::Script;
use crate::base::{Error, Result};

/// A mark and where it stands.
#[derive(Debug, Clone, Copy)]
struct Mark {
    start: usize,
    line: usize,
    is_transaction: bool,
}

/// What applies a file and what takes it back.
pub(super) fn read(file: &str, text: &str) -> Result<(Script, Option<Script>)> {
    let (up, down) = match (mark(text, "up"), mark(text, "down")) {
        (None, None) => return Ok((Script::whole(file, text)?, None)),
        (Some(up), Some(down)) if down.start < up.start => {
            let error = Error::invalid("`-- migrate:down` stands before `-- migrate:up`");
            return Err(error.context(format!("{file}:{}", down.line)));
        }
        (None, Some(down)) => {
            let error = Error::invalid("`-- migrate:down` without `-- migrate:up`")
                .hint("write `-- migrate:up` before what applies the migration");
            return Err(error.context(format!("{file}:{}", down.line)));
        }
        (Some(up), down) => (up, down),
    };
    refuse_statements_before(file, &text[..up.start])?;
    let end = down.map_or(text.len(), |down| down.start);
    let up = section(file, up, &text[up.start..end])?;
    let down = down.map(|down| section(file, down, &text[down.start..]));
    Ok((up, down.transpose()?))
}

fn section(file: &str, mark: Mark, text: &str) -> Result<Script> {
    let mut script = Script::section(file, mark.line, text)?;
    script.no_transaction |= !mark.is_transaction;
    Ok(script)
}

/// The first line that is this mark: `--`, blanks, `migrate:up`, and options behind it.
fn mark(text: &str, word: &str) -> Option<Mark> {
    let mut start = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let options = line
            .strip_prefix("--")
            .and_then(|rest| {
                rest.trim_start()
                    .strip_prefix("migrate:")?
                    .strip_prefix(word)
            })
            .filter(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
        if let Some(options) = options {
            return Some(Mark {
                start,
                line: number + 1,
                is_transaction: options.split_whitespace().all(|o| o != "transaction:false"),
            });
        }
        start += line.len();
    }
    None
}

/// Neither half would run them.
fn refuse_statements_before(file: &str, head: &str) -> Result<()> {
    let is_statement = |line: &str| !line.trim().is_empty() && !line.trim().starts_with("--");
    match head.lines().position(is_statement) {
        None => Ok(()),
        Some(at) => Err(Error::invalid("a statement stands before `-- migrate:up`")
            .hint("move it behind the mark; nothing runs it here")
            .context(format!("{file}:{}", at + 1))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_of_one_file_keep_their_lines_and_options() {
        let text = "-- About it.\n-- migrate:up transaction:false\ncreate table a();\n\n\
            --migrate:down other:thing\ndrop table a;\n";

        let (up, down) = read("m.sql", text).unwrap();

        let down = down.unwrap();
        assert!(up.no_transaction && !down.no_transaction);
        assert_eq!((up.first_line, down.first_line), (2, 5));
        assert!(up.text.contains("create table") && !up.text.contains("drop"));
        assert!(down.text.contains("drop table") && !down.text.contains("create"));
    }

    #[test]
    fn each_half_has_its_own_options() {
        let text = "-- migrate:up\nselect 1;\n-- migrate:down transaction:false\nselect 2;\n";

        let (up, down) = read("m.sql", text).unwrap();

        assert!(!up.no_transaction && down.unwrap().no_transaction);
    }

    #[test]
    fn a_file_whose_parts_would_be_lost_is_refused() {
        let cases = [
            (
                "select 1;\n-- migrate:up\n",
                "m.sql:1: a statement stands before `-- migrate:up`",
            ),
            (
                "-- migrate:down\nselect 1;\n",
                "m.sql:1: `-- migrate:down` without `-- migrate:up`",
            ),
            (
                "-- migrate:down\n-- migrate:up\n",
                "m.sql:1: `-- migrate:down` stands before `-- migrate:up`",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(read("m.sql", text).unwrap_err().message(), message);
        }
    }

    #[test]
    fn what_only_looks_like_a_mark_is_none() {
        for text in [
            "-- migrate:update\n",
            "  -- migrate:up\n",
            "-- migrate: up\n",
            "select '-- migrate:up'",
        ] {
            let (up, down) = read("m.sql", text).unwrap();
            assert_eq!((up.text.as_str(), down), (text, None));
        }
    }
}
