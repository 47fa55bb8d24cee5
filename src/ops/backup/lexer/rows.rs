//! The rows of a `COPY`, up to the line `\.` after the last one.

use super::piece::Piece;

/// How much of the line `\.` stands at the beginning of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Start,
    Backslash,
    Dot,
    Return,
    Inside,
}

/// Rows that are passing.
#[derive(Debug)]
pub(super) struct Rows {
    mark: Mark,
    count: u64,
}

impl Rows {
    /// Right before the first row.
    pub(super) const fn new() -> Self {
        Self {
            mark: Mark::Start,
            count: 0,
        }
    }

    /// How many there were so far.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Passes some of the bytes on; gives how many it took, and whether the rows are at their end.
    pub(super) fn take(&mut self, bytes: &[u8], out: &mut dyn FnMut(Piece<'_>)) -> (usize, bool) {
        // What was held back because it might have been the end turns out to be data.
        let held: &[u8] = match (self.mark, bytes[0]) {
            (Mark::Start, b'\\') => return self.hold(Mark::Backslash),
            (Mark::Backslash, b'.') => return self.hold(Mark::Dot),
            (Mark::Dot, b'\r') => return self.hold(Mark::Return),
            (Mark::Dot | Mark::Return, b'\n') => {
                out(Piece::DataEnd(self.count));
                return (1, true);
            }
            (Mark::Backslash, _) => b"\\",
            (Mark::Dot, _) => b"\\.",
            (Mark::Return, _) => b"\\.\r",
            (Mark::Start | Mark::Inside, _) => b"",
        };
        self.mark = Mark::Inside;
        if !held.is_empty() {
            out(Piece::Data(held));
        }
        let used = self.pass(bytes);
        out(Piece::Data(&bytes[..used]));
        (used, false)
    }

    fn hold(&mut self, mark: Mark) -> (usize, bool) {
        self.mark = mark;
        (1, false)
    }

    /// Counts rows up to the end of `bytes`, or to a line that may be `\.`.
    fn pass(&mut self, bytes: &[u8]) -> usize {
        for end in memchr::memchr_iter(b'\n', bytes) {
            self.count += 1;
            let next = &bytes[end + 1..];
            if matches!(next, [] | [b'\\'] | [b'\\', b'.', ..]) {
                self.mark = Mark::Start;
                return end + 1;
            }
        }
        bytes.len()
    }
}
