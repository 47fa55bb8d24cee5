//! Text as its reader sees it: without control characters, with its escapes decoded. Each byte knows where it stands in the
//! text, so that what is found in a view can be masked there.

use std::ops::Range;

/// A text that was derived from another one.
#[derive(Debug)]
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    /// Where each byte comes from.
    places: Vec<Range<usize>>,
}

impl View {
    fn new(capacity: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(capacity),
            places: Vec::with_capacity(capacity),
        }
    }

    fn push(&mut self, bytes: &[u8], place: &Range<usize>) {
        for byte in bytes {
            self.bytes.push(*byte);
            self.places.push(place.clone());
        }
    }

    /// Where a part of the view, which is not empty, stands in the text.
    pub(super) fn place(&self, part: &Range<usize>) -> Range<usize> {
        self.places[part.start].start..self.places[part.end - 1].end
    }

    /// The same as a view of the text that `under` is one of.
    fn through(mut self, under: &Self) -> Self {
        for place in &mut self.places {
            *place = under.place(place);
        }
        self
    }
}

/// The views that differ from the text itself: for most lines there is none.
pub(super) fn of(text: &[u8]) -> Vec<View> {
    let mut views = decoded(text);
    if let Some(bare) = bare(text) {
        let seen = decoded(&bare.bytes);
        views.extend(seen.into_iter().map(|view| view.through(&bare)));
        views.push(bare);
    }
    views
}

/// A text with its percent encoding decoded; itself where that is no text.
pub(super) fn without_percent(text: &str) -> String {
    let view = decode(text.as_bytes(), b'%', percent);
    let decoded = view.and_then(|view| String::from_utf8(view.bytes).ok());
    decoded.unwrap_or_else(|| text.to_owned())
}

fn decoded(text: &[u8]) -> Vec<View> {
    let views = [
        decode(text, b'%', percent),
        decode(text, b'\\', backslash),
        decode(text, b'&', entity),
    ];
    views.into_iter().flatten().collect()
}

/// Without escape sequences and control characters: colours are not kept, and a terminal does not show them.
fn bare(text: &[u8]) -> Option<View> {
    if !text.iter().any(|byte| is_control(*byte)) {
        return None;
    }
    let mut view = View::new(text.len());
    let mut keep = |piece: &[u8]| {
        // A piece is a part of the text.
        let start = piece.as_ptr().addr() - text.as_ptr().addr();
        for (at, byte) in piece.iter().enumerate() {
            if !is_control(*byte) {
                view.push(&[*byte], &(start + at..start + at + 1));
            }
        }
    };
    match std::str::from_utf8(text) {
        Ok(text) => anstream::adapter::strip_str(text).for_each(|piece| keep(piece.as_bytes())),
        Err(_) => anstream::adapter::strip_bytes(text).for_each(keep),
    }
    Some(view)
}

fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && !matches!(byte, b'\n' | b'\r' | b'\t')
}

/// What an escape stands for.
enum Meaning {
    Byte(u8),
    Char(char),
}

/// What an escape stands for, and how many bytes it takes.
type Escape = Option<(Meaning, usize)>;

/// The text with all escapes of one kind, which begin with `mark`, decoded; none where there are none.
fn decode(text: &[u8], mark: u8, escape: fn(&[u8]) -> Escape) -> Option<View> {
    memchr::memchr(mark, text)?;
    let mut view = View::new(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let found = (*byte == mark).then(|| escape(&text[at..])).flatten();
        let length = found.as_ref().map_or(1, |(_, length)| *length);
        let place = at..at + length;
        match found {
            Some((Meaning::Char(c), _)) => view.push(c.encode_utf8(&mut [0; 4]).as_bytes(), &place),
            Some((Meaning::Byte(byte), _)) => view.push(&[byte], &place),
            None => view.push(&[*byte], &place),
        }
        at += length;
    }
    (view.bytes.len() < text.len()).then_some(view)
}

/// `%2F`, whichever characters a program writes so.
fn percent(text: &[u8]) -> Escape {
    Some((Meaning::Byte(byte(number(text.get(1..3)?, 16)?)?), 3))
}

/// `\"`, `\u00e4`, `\xc3`, `\303`, `\n`: as JSON, shells and most languages write strings.
fn backslash(text: &[u8]) -> Escape {
    let plain = |c| Some((Meaning::Char(c), 2));
    match *text.get(1)? {
        b'u' if text.get(2) == Some(&b'{') => {
            let end = 3 + memchr::memchr(b'}', text.get(3..text.len().min(12))?)?;
            let c = char::from_u32(number(&text[3..end], 16)?)?;
            Some((Meaning::Char(c), end + 1))
        }
        b'u' => utf16(text),
        b'U' => {
            let c = char::from_u32(number(text.get(2..10)?, 16)?)?;
            Some((Meaning::Char(c), 10))
        }
        b'x' => Some((Meaning::Byte(byte(number(text.get(2..4)?, 16)?)?), 4)),
        b'0'..=b'3' => Some((Meaning::Byte(byte(number(text.get(1..4)?, 8)?)?), 4)),
        b'n' => plain('\n'),
        b't' => plain('\t'),
        b'r' => plain('\r'),
        b'b' => plain('\u{8}'),
        b'f' => plain('\u{c}'),
        other if other.is_ascii_punctuation() || other == b' ' => plain(char::from(other)),
        _ => None,
    }
}

/// `\u00e4`, or `\ud83d\ude00` for one character.
fn utf16(text: &[u8]) -> Escape {
    let unit = |at: usize| {
        let is_one = text.get(at..at + 2) == Some(b"\\u");
        is_one.then(|| number(text.get(at + 2..at + 6)?, 16))?
    };
    let first = unit(0)?;
    if let Some(c) = char::from_u32(first) {
        return Some((Meaning::Char(c), 6));
    }
    let units = [first, unit(6)?].map(|unit| u16::try_from(unit).unwrap_or_default());
    let c = char::decode_utf16(units).next()?.ok()?;
    Some((Meaning::Char(c), 12))
}

/// `&amp;`, `&#39;`, `&#x27;`: as HTML and XML write text.
fn entity(text: &[u8]) -> Escape {
    const LONGEST: usize = 10;
    let end = memchr::memchr(b';', &text[..text.len().min(LONGEST)])?;
    let c = match &text[1..end] {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(number(digits, 16)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
        _ => return None,
    };
    Some((Meaning::Char(c), end + 1))
}

/// A number of digits alone: a sign is none.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let is_digit = |byte: &u8| char::from(*byte).is_digit(radix);
    let digits = digits.iter().all(is_digit).then_some(digits)?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

fn byte(number: u32) -> Option<u8> {
    u8::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let views = of(text.as_bytes()).into_iter();
        views
            .map(|view| String::from_utf8_lossy(&view.bytes).into_owned())
            .collect()
    }

    #[test]
    fn text_without_escapes_has_no_view() {
        for text in [
            "plain é",
            "100 % of it",
            "C:\\Windows",
            "a & b; c",
            "a\tb\n",
        ] {
            assert!(of(text.as_bytes()).is_empty(), "{text}");
        }
    }

    #[test]
    fn each_kind_of_escape_is_decoded() {
        let cases = [
            ("a%2Fb%2fc%", "a/b/c%"),
            (
                r"\u00e4\/\ud83d\ude00\u{e4}\U000000e4\ud83d",
                "ä/😀ää\\ud83d",
            ),
            (r"\303\244\xc3\xa4\$\ \\", "ää$ \\"),
            ("&amp;&#39;&#x27;&quot;&nbsp;", "&''\"&nbsp;"),
            ("a\u{1b}[31mb\0c\u{7f}", "abc"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), [expected], "{text}");
        }
    }

    #[test]
    fn a_part_of_a_view_knows_its_place() {
        let views = of(b"x\x1b[1m%4\x1b[0m1y");

        let seen = views.iter().find(|view| view.bytes == b"xAy").unwrap();
        assert_eq!(seen.place(&(1..2)), 5..12);
    }
}
