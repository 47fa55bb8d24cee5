//! Where a word stands in a script's text: rhai keeps no places for parameters and names of functions.

use rhai::Position;

use crate::base::text::line_and_column;

/// The place of the last whole word before a place; that place when there is none.
pub(super) fn before(text: &str, at: Position, word: &str) -> Position {
    let Some(end) = offset(text, at) else {
        return at;
    };
    let found = whole(&text[..end], word).last();
    found.map_or(at, |start| position(text, start))
}

/// The place of the first whole word behind a place; that place when there is none.
pub(super) fn after(text: &str, at: Position, word: &str) -> Position {
    let Some(start) = offset(text, at) else {
        return at;
    };
    let found = whole(&text[start..], word).next();
    found.map_or(at, |found| position(text, start + found))
}

fn whole<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let found = text.match_indices(word).filter(move |(start, _)| {
        let rest = &text[start + word.len()..];
        !text[..*start].ends_with(is_word) && !rest.starts_with(is_word)
    });
    found.map(|(start, _)| start)
}

fn offset(text: &str, at: Position) -> Option<usize> {
    let (line, column) = (at.line()?, at.position()?);
    let start: usize = text
        .split_inclusive('\n')
        .take(line - 1)
        .map(str::len)
        .sum();
    let rest = text.get(start..)?;
    let within = rest.char_indices().nth(column - 1);
    Some(start + within.map_or(rest.len(), |(at, _)| at))
}

fn position(text: &str, offset: usize) -> Position {
    let (line, column) = line_and_column(text, offset);
    let number = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    Position::new(number(line), number(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_are_found_before_and_behind_a_place() {
        let text = "// a\nfn aa(é, a) { a }\nlet f = |ab, a| a;\n";

        assert_eq!(
            before(text, Position::new(2, 13), "a"),
            Position::new(2, 10)
        );
        assert_eq!(
            before(text, Position::new(2, 13), "aa"),
            Position::new(2, 4)
        );
        assert_eq!(after(text, Position::new(3, 9), "a"), Position::new(3, 14));
        assert_eq!(after(text, Position::new(3, 9), "zz"), Position::new(3, 9));
    }
}
