//! Reads `.env` files: `NAME=value` lines as people write them. No expansion: a `$` is a `$`.
//!
//! Unquoted values run to the end of the line or to a ` #` comment and may hold spaces, `<`, `>` and `#` inside a word.
//! Single quotes are literal; double quotes know `\n`, `\t`, `\r`, `\"`, `\\` and `\$`. Both may span lines.

use super::{Error, Result};

/// One `NAME=value` with the line it starts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The variable's name.
    pub name: String,
    /// Its value, unquoted.
    pub value: String,
    /// The line number, from 1.
    pub line: usize,
}

/// Reads a whole file's text; `path` is only used in messages.
pub fn parse(text: &str, path: &str) -> Result<Vec<Entry>> {
    let text = text
        .strip_prefix('\u{feff}')
        .unwrap_or(text)
        .replace("\r\n", "\n");
    let mut entries = Vec::new();
    let mut rest = text.as_str();
    let mut line = 1;
    while !rest.is_empty() {
        let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let trimmed = rest[..end].trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            rest = &rest[end..];
            line += 1;
            continue;
        }
        let (name, after) = split_name(rest, end).map_err(|why| at(path, line, &why))?;
        let (value, used) = value(after).map_err(|why| at(path, line, &why))?;
        // No program can get it as a variable.
        if value.contains('\0') {
            return Err(at(path, line, "the value holds a NUL byte"));
        }
        entries.push(Entry {
            name: name.to_owned(),
            value,
            line,
        });
        let consumed = rest.len() - after.len() + used;
        line += rest[..consumed].matches('\n').count();
        rest = &rest[consumed..];
    }
    Ok(entries)
}

fn at(path: &str, line: usize, why: &str) -> Error {
    Error::usage(format!("{path}:{line}: {why}"))
        .hint("write `NAME=value`; quote a value that holds quotes or several lines")
}

// The messages never hold the text they are about: it may be a part of a secret.
fn split_name(rest: &str, end: usize) -> Result<(&str, &str), String> {
    let equals = rest[..end].find('=').ok_or("this line has no `=`")?;
    let name = rest[..equals].trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    let valid = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    if valid {
        Ok((name, &rest[equals + 1..]))
    } else {
        Err("what stands before `=` is not a name".to_owned())
    }
}

/// The value at the start of `text` and how many bytes it takes, its line end included.
fn value(text: &str) -> Result<(String, usize), String> {
    let blank = text.len() - text.trim_start_matches([' ', '\t']).len();
    let start = &text[blank..];
    let Some(quote @ ('"' | '\'')) = start.chars().next() else {
        let end = text.find('\n').map_or(text.len(), |at| at + 1);
        return Ok((unquoted(&text[..end]), end));
    };
    let (value, used) = quoted(&start[1..], quote)?;
    let tail = &start[1 + used..];
    let end = tail.find('\n').map_or(tail.len(), |at| at + 1);
    let extra = tail[..end].trim();
    if !extra.is_empty() && !extra.starts_with('#') {
        return Err("there is text after the closing quote".to_owned());
    }
    Ok((value, blank + 1 + used + end))
}

fn unquoted(line: &str) -> String {
    let comment = line
        .char_indices()
        .find(|(at, c)| *c == '#' && (*at == 0 || line[..*at].ends_with([' ', '\t'])));
    line[..comment.map_or(line.len(), |(at, _)| at)]
        .trim()
        .to_owned()
}

/// The text up to the closing quote and how many bytes it takes, the closing quote included.
fn quoted(text: &str, quote: char) -> Result<(String, usize), String> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            _ if c == quote => return Ok((value, at + 1)),
            '\\' if quote == '"' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, c @ ('"' | '\\' | '$'))) => value.push(c),
                Some((_, other)) => value.extend(['\\', other]),
                None => break,
            },
            _ => value.push(c),
        }
    }
    Err(format!("no closing `{quote}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> String {
        parse(text, ".env").unwrap().remove(0).value
    }

    #[test]
    fn values_are_read_as_people_write_them() {
        let cases = [
            ("A=1", "1"),
            ("A=", ""),
            ("  A = b ", "b"),
            ("export A=b", "b"),
            ("A=0 2 * * *", "0 2 * * *"),
            (
                "A=LexiFlow <noreply@lexiflow.com>",
                "LexiFlow <noreply@lexiflow.com>",
            ),
            ("A=b # comment", "b"),
            ("A=b#c", "b#c"),
            ("A=# all comment", ""),
            ("A=\"b # c\" # d", "b # c"),
            ("A='a\\n$b'", "a\\n$b"),
            ("A=\"a\\n\\\"b\\\"\"", "a\n\"b\""),
            ("A=\"one\ntwo\"", "one\ntwo"),
            ("A=$2b$10$Pg8A", "$2b$10$Pg8A"),
            ("A=a=b", "a=b"),
            ("\u{feff}A=b\r\n", "b"),
        ];
        for (text, expected) in cases {
            assert_eq!(one(text), expected, "{text:?}");
        }
    }

    #[test]
    fn line_numbers_count_multi_line_values() {
        let entries = parse("# c\nA=\"1\n2\"\n\nB=3", ".env").unwrap();

        assert_eq!(
            entries.iter().map(|entry| entry.line).collect::<Vec<_>>(),
            [2, 5]
        );
    }

    #[test]
    fn a_bad_line_is_named() {
        let cases = [
            ("A=1\nnonsense", ".env:2: this line has no `=`"),
            ("1A=x", ".env:1: what stands before `=` is not a name"),
            ("A=\"x", ".env:1: no closing `\"`"),
            ("A=1\nB=\0", ".env:2: the value holds a NUL byte"),
            ("A='x' y", ".env:1: there is text after the closing quote"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text, ".env").unwrap_err().message(), expected);
        }
    }
}
