//! Bytes as they come, cut into lines; a very long one into pieces, never inside a character or a secret.

use std::sync::Arc;

use crate::base::redact::Redactor;

/// A line longer than this is handed on in pieces.
pub(super) const LONGEST_LINE: usize = 64 * 1024;

/// The unfinished line of one stream.
#[derive(Debug)]
pub(super) struct Lines {
    begun: Vec<u8>,
    redactor: Arc<Redactor>,
}

impl Lines {
    /// Nothing has come yet.
    pub(super) fn new(redactor: &Arc<Redactor>) -> Self {
        Self {
            begun: Vec::new(),
            redactor: Arc::clone(redactor),
        }
    }

    /// Takes bytes and hands on the lines they complete, without their ends.
    pub(super) fn push(&mut self, bytes: &[u8], on_line: &mut dyn FnMut(&str)) {
        self.begun.extend_from_slice(bytes);
        let mut start = 0;
        while let Some(length) = memchr::memchr(b'\n', &self.begun[start..]) {
            say(&self.begun[start..start + length], on_line);
            start += length + 1;
        }
        while self.begun.len() - start > LONGEST_LINE {
            let end = start + self.cut(&self.begun[start..]);
            say(&self.begun[start..end], on_line);
            start = end;
        }
        self.begun.drain(..start);
    }

    /// How much of a long line can be handed on: neither a character nor a secret is cut.
    fn cut(&self, line: &[u8]) -> usize {
        let at = whole_characters(&line[..LONGEST_LINE]);
        whole_characters(&line[..self.redactor.cut(line, at)])
    }

    /// Hands on what is left when the stream has ended.
    pub(super) fn finish(&mut self, on_line: &mut dyn FnMut(&str)) {
        if !self.begun.is_empty() {
            say(&self.begun, on_line);
            self.begun.clear();
        }
    }
}

/// How many of the bytes can be cut off without cutting a UTF-8 character. Bytes that are none can be cut anywhere.
fn whole_characters(bytes: &[u8]) -> usize {
    let is_boundary = |at: &usize| bytes.get(*at).is_some_and(|byte| byte & 0xC0 != 0x80);
    let is_begun = |at: usize| {
        let rest = std::str::from_utf8(&bytes[at..]);
        rest.is_err_and(|wrong| wrong.error_len().is_none())
    };
    let last = bytes.len() - 1;
    match (last.saturating_sub(3)..=last).rev().find(is_boundary) {
        Some(at) if at > 0 && is_begun(at) => at,
        _ => bytes.len(),
    }
}

fn say(line: &[u8], on_line: &mut dyn FnMut(&str)) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    on_line(&String::from_utf8_lossy(line));
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "correct-horse-battery";

    fn lines_of(pieces: &[&[u8]]) -> Vec<String> {
        let mut said = Vec::new();
        let mut on_line = |line: &str| said.push(line.to_owned());
        let redactor = Arc::new(Redactor::default());
        redactor.add(SECRET);
        let mut lines = Lines::new(&redactor);
        for piece in pieces {
            lines.push(piece, &mut on_line);
        }
        lines.finish(&mut on_line);
        said
    }

    #[test]
    fn lines_are_whole_however_the_bytes_come() {
        assert_eq!(lines_of(&[b"a", b"b\nc\r\n\nd"]), ["ab", "c", "", "d"]);
        assert_eq!(
            lines_of(&["é".as_bytes()[..1].as_ref(), "é\n".as_bytes()[1..].as_ref()]),
            ["é"]
        );
    }

    #[test]
    fn a_very_long_line_comes_in_pieces_without_cutting_characters() {
        let long = format!("x{}", "é".repeat(LONGEST_LINE));

        let pieces = lines_of(&[long.as_bytes()]);

        assert_eq!(pieces.concat(), long);
        assert!(pieces.iter().all(|piece| piece.len() <= LONGEST_LINE));
    }

    #[test]
    fn a_secret_is_in_one_piece_wherever_a_long_line_is_cut() {
        for before in LONGEST_LINE - SECRET.len() - 1..=LONGEST_LINE + 1 {
            let line = format!("{}{SECRET}{}", "x".repeat(before), "y".repeat(LONGEST_LINE));

            let (first, rest) = line.as_bytes().split_at(before + 3);
            let pieces = lines_of(&[first, rest]);

            assert_eq!(pieces.concat(), line);
            let whole = pieces.iter().filter(|piece| piece.contains(SECRET));
            assert_eq!(whole.count(), 1, "{before}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_do_not_lead_a_cut_into_a_secret() {
        // What follows the secret looks like the rest of a character whose beginning is the secret's last byte.
        for start in LONGEST_LINE - 300..LONGEST_LINE {
            let mut line = vec![b'x'; start];
            line.extend_from_slice(SECRET.as_bytes());
            line.resize(line.len().max(LONGEST_LINE) + 1, 0x80);

            let pieces = lines_of(&[&line]);

            let whole = pieces.iter().filter(|piece| piece.contains(SECRET));
            assert_eq!(whole.count(), 1, "{start}");
        }
    }

    proptest::proptest! {
        #![proptest_config(crate::ops::testing::random(60))]

        #[test]
        fn no_piece_shows_a_secret_whatever_the_chunks_and_the_bytes(
            secret in "[!-~]{8,40}",
            before in proptest::collection::vec(0_u8..255, 0..300),
            length in 0..2 * LONGEST_LINE,
            at in LONGEST_LINE - 400..LONGEST_LINE + 60,
            chunk in 1_usize..9000,
        ) {
            let redactor = Arc::new(Redactor::default());
            redactor.add(&secret);
            let filler = before.iter().copied().chain([0xC3]).cycle().filter(|byte| *byte != b'\n');
            let mut stream: Vec<u8> = filler.take(at + length).collect();
            stream.splice(at.min(stream.len())..at.min(stream.len()), secret.bytes());
            let (mut shown, mut lines) = (String::new(), Lines::new(&redactor));
            let mut on_line = |line: &str| shown.push_str(&redactor.mask(line));

            for piece in stream.chunks(chunk) {
                lines.push(piece, &mut on_line);
            }
            lines.finish(&mut on_line);

            proptest::prop_assert!(!shown.contains(&secret));
        }
    }
}
