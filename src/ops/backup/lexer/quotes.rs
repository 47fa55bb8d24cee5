//! Comments, strings, quoted names and dollar quotes: text in which nothing means anything but its own end.

use super::machine::{Lexer, State};
use super::words::is_word;

impl Lexer {
    pub(super) fn comment(&mut self, bytes: &[u8]) -> usize {
        memchr::memchr(b'\n', bytes).map_or(bytes.len(), |end| {
            self.state = State::Plain;
            end + 1
        })
    }

    pub(super) fn block(&mut self, bytes: &[u8], after: State) -> usize {
        for (at, &byte) in bytes.iter().enumerate() {
            match (std::mem::replace(&mut self.previous, byte), byte) {
                (b'/', b'*') => self.comment_depth += 1,
                (b'*', b'/') => self.comment_depth -= 1,
                _ => continue,
            }
            self.previous = 0;
            if self.comment_depth == 0 {
                self.state = after;
                return at + 1;
            }
        }
        bytes.len()
    }

    /// A doubled quote closes and opens again, which comes to the same.
    pub(super) fn until(&mut self, bytes: &[u8], quote: u8) -> usize {
        memchr::memchr(quote, bytes).map_or(bytes.len(), |end| {
            self.state = State::Plain;
            end + 1
        })
    }

    pub(super) fn escapes(&mut self, bytes: &[u8]) -> usize {
        for (at, &byte) in bytes.iter().enumerate() {
            let escaped = std::mem::replace(&mut self.backslash, false);
            match byte {
                b'\\' => self.backslash = !escaped,
                b'\'' if !escaped => {
                    self.state = State::Plain;
                    self.words.end_of_escapes();
                    return at + 1;
                }
                _ => {}
            }
        }
        bytes.len()
    }

    pub(super) fn dollar_tag(&mut self, byte: u8) -> usize {
        let fits = is_word(byte) && !(self.tag.len() == 1 && byte.is_ascii_digit());
        if byte == b'$' {
            self.tag.push(byte);
            self.state = State::Dollar;
            self.matched = 0;
        } else if fits {
            self.tag.push(byte);
        } else {
            // A parameter such as `$1`, not a quote.
            self.state = State::Plain;
            return 0;
        }
        1
    }

    pub(super) fn dollar(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            if self.matched == 0 {
                let Some(next) = memchr::memchr(b'$', &bytes[at..]) else {
                    return bytes.len();
                };
                at += next + 1;
                self.matched = 1;
                continue;
            }
            if bytes[at] == self.tag[self.matched] {
                self.matched += 1;
            } else {
                self.matched = usize::from(bytes[at] == b'$');
            }
            at += 1;
            if self.matched == self.tag.len() {
                self.state = State::Plain;
                return at;
            }
        }
        at
    }
}
