//! Words: plurals, lists and the nearest name.

/// `1 task`, `2 tasks`.
pub fn count(noun: &str, n: usize) -> String {
    match (n, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{n} {stem}ies"),
        _ => format!("{n} {noun}s"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A word as it is typed in a shell: quoted where it has to be.
pub fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@,+%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Whether a character steers a terminal, or shows those around it in another order than they have.
pub fn is_steering(c: char) -> bool {
    c.is_control()
        // Marks of direction, their embeddings and isolates (UAX #9), and the separators of lines.
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text on one line that cannot steer a terminal, nor show its letters in another order than they have: what would is
/// escaped, as `\u{1b}`.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_steering(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The line and the column of a place in a text, both counted from 1, in characters.
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..offset];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.matches('\n').count() + 1;
    (line, before[start..].chars().count() + 1)
}

/// Bytes as hexadecimal digits in small letters.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// The candidate nearest to a misspelt name, if one is near enough to be meant.
pub fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let limit = (name.len() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= limit || (name.len() > 3 && candidate.starts_with(name))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_take_it_apart() {
        assert_eq!(shell_word("--to=20250101"), "--to=20250101");
        assert_eq!(shell_word("two words"), "'two words'");
        assert_eq!(shell_word("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(shell_word(""), "''");
    }

    #[test]
    fn what_would_steer_a_terminal_is_escaped() {
        assert_eq!(visible("é 名 \\ '"), "é 名 \\ '");
        assert_eq!(visible("a\x1b[31m\r\nb\tc"), r"a\u{1b}[31m\r\nb\tc");
        assert_eq!(visible("\u{9b}x\u{7f}"), r"\u{9b}x\u{7f}");
        assert_eq!(
            visible("\u{202e}a\u{2066}b\u{2028}"),
            r"\u{202e}a\u{2066}b\u{2028}"
        );
    }

    #[test]
    fn plurals_follow_the_noun() {
        let cases = [
            ("task", 0, "0 tasks"),
            ("task", 1, "1 task"),
            ("entry", 2, "2 entries"),
        ];
        for (noun, n, expected) in cases {
            assert_eq!(count(noun, n), expected);
        }
    }

    #[test]
    fn lists_read_as_a_sentence() {
        let items: Vec<String> = ["a", "b", "c"].map(String::from).into();
        assert_eq!(list(&items), "a, b and c");
        assert_eq!(list(&items[..1]), "a");
    }

    #[test]
    fn only_near_names_are_suggested() {
        assert_eq!(did_you_mean("bakup", ["backup", "restore"]), Some("backup"));
        assert_eq!(did_you_mean("migr", ["migrate", "seed"]), Some("migrate"));
        assert_eq!(did_you_mean("xyz", ["backup", "restore"]), None);
        assert_eq!(did_you_mean("nope", ["name"]), None);
    }
}
