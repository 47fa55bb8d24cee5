//! Runs a program and hands on what it writes, line by line.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::AsyncRead;

use super::exit::Exit;
use super::program::Program;
use super::registry::Registry;
use super::running::{Patience, Started, Streams, Tail};
use crate::base::redact::Redactor;
use crate::base::{Error, Result};

/// A line longer than this is handed on in pieces.
const LONGEST_LINE: usize = 64 * 1024;

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// The program's data.
    Stdout,
    /// The program's narration.
    Stderr,
}

/// Who is told each line.
pub(super) type OnLine<'a> = &'a (dyn Fn(Channel, &str) + Sync);

impl Program {
    /// Like [`Program::stream`]; gives also the end of stderr.
    pub async fn stream_with_tail(
        &self,
        registry: &Arc<Registry>,
        on_line: OnLine<'_>,
    ) -> Result<(Exit, String)> {
        let tail = Mutex::new(Tail::default());
        let exit = self
            .stream(registry, &|channel, line| {
                if channel == Channel::Stderr {
                    let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
                    tail.push(line.as_bytes());
                    tail.push(b"\n");
                }
                on_line(channel, line);
            })
            .await?;
        let tail = tail.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok((exit, tail.text()))
    }

    /// Like [`Program::stream`]; a failure is an error that carries the end of stderr.
    pub async fn stream_ok(&self, registry: &Arc<Registry>, on_line: OnLine<'_>) -> Result<()> {
        let (exit, tail) = self.stream_with_tail(registry, on_line).await?;
        exit.ok(self.name(), &tail)
    }

    /// Runs the program and hands on each line; a last line without a line end too.
    pub async fn stream(&self, registry: &Arc<Registry>, on_line: OnLine<'_>) -> Result<Exit> {
        let mut started = Started::new(self, registry, Streams::Piped)?;
        let (stdout, stderr) = (started.stdout.take(), started.stderr.take());
        let on_out = |line: &str| on_line(Channel::Stdout, line);
        let on_err = |line: &str| on_line(Channel::Stderr, line);
        let ((), (), exit) = tokio::try_join!(
            self.lines(stdout, started.patience(), &on_out),
            self.lines(stderr, started.patience(), &on_err),
            started.wait(),
        )?;
        Ok(exit)
    }

    async fn lines(
        &self,
        stream: Option<impl AsyncRead + Unpin>,
        mut patience: Patience,
        on_line: &(dyn Fn(&str) + Sync),
    ) -> Result<()> {
        let Some(mut stream) = stream else {
            return Ok(());
        };
        let mut lines = Lines::new(&self.redactor);
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let read = patience.read(&mut stream, &mut buffer).await;
            let count = read.map_err(|e| {
                Error::io(format!("cannot read the output of `{}`", self.name()), e)
            })?;
            if count == 0 {
                lines.finish(on_line);
                return Ok(());
            }
            lines.push(&buffer[..count], on_line);
        }
    }
}

/// Makes lines of bytes as they come.
#[derive(Debug)]
struct Lines<'a> {
    begun: Vec<u8>,
    redactor: &'a Redactor,
}

impl<'a> Lines<'a> {
    const fn new(redactor: &'a Redactor) -> Self {
        Self {
            begun: Vec::new(),
            redactor,
        }
    }

    fn push(&mut self, bytes: &[u8], on_line: &(dyn Fn(&str) + Sync)) {
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
        // A line that is not text holds no secret that a person could read.
        std::str::from_utf8(&line[..whole_characters(line)])
            .map_or(at, |text| self.redactor.cut(text, at))
    }

    fn finish(&mut self, on_line: &(dyn Fn(&str) + Sync)) {
        if !self.begun.is_empty() {
            say(&self.begun, on_line);
            self.begun.clear();
        }
    }
}

/// How many of the bytes can be cut off without cutting a UTF-8 character.
fn whole_characters(bytes: &[u8]) -> usize {
    let is_boundary = |at: &usize| bytes.get(*at).is_some_and(|byte| byte & 0xC0 != 0x80);
    let last = bytes.len() - 1;
    match (last.saturating_sub(3)..=last).rev().find(is_boundary) {
        Some(at) if at > 0 && std::str::from_utf8(&bytes[at..]).is_err() => at,
        _ => bytes.len(),
    }
}

fn say(line: &[u8], on_line: &(dyn Fn(&str) + Sync)) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    on_line(&String::from_utf8_lossy(line));
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "correct-horse-battery";

    fn lines_of(pieces: &[&[u8]]) -> Vec<String> {
        let said = Mutex::new(Vec::new());
        let on_line = |line: &str| said.lock().unwrap().push(line.to_owned());
        let redactor = Redactor::default();
        redactor.add(SECRET);
        let mut lines = Lines::new(&redactor);
        for piece in pieces {
            lines.push(piece, &on_line);
        }
        lines.finish(&on_line);
        said.into_inner().unwrap()
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
}
