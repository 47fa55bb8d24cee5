//! Bytes as they come, cut into lines.

/// A line longer than this comes in pieces.
const LONGEST: usize = 64 * 1024;

/// The unfinished line of one stream.
#[derive(Debug, Default)]
pub(super) struct Lines(Vec<u8>);

impl Lines {
    /// Takes bytes and gives the lines they complete, without their ends.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.0.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.0.len() > LONGEST {
                lines.extend(self.finish());
            }
        }
        lines
    }

    /// What is left when the stream ended.
    pub(super) fn finish(&mut self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let whole = std::mem::take(&mut self.0);
        let text = String::from_utf8_lossy(&whole);
        Some(text.trim_end_matches(['\n', '\r']).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_however_the_bytes_come() {
        let mut lines = Lines::default();

        assert_eq!(lines.push(b"a"), Vec::<String>::new());
        assert_eq!(lines.push(b"b\r\n\nc"), ["ab", ""]);
        assert_eq!(lines.finish().as_deref(), Some("c"));
        assert_eq!(lines.finish(), None);
    }
}
