//! Checks a file of Redis' data as it lies on the disk: its beginning, its end, and the checksum over all of it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::reader::BUFFER;
use crate::base::text::hex;
use crate::base::{Error, Result};

/// What every file begins with; four digits of a version follow.
const MAGIC: &[u8] = b"REDIS";
/// What stands before the checksum.
const END: u8 = 0xff;
/// A note about the file, such as when it was made.
const NOTE: u8 = 0xfa;
/// How many bytes the checksum has.
const CHECKSUM: usize = 8;
/// How much of the beginning is looked at for notes.
const HEAD: usize = 1024;

/// A file of Redis' data that was found whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rdb {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// The version of the server that made it.
    pub server_version: Option<String>,
    /// When it was made, in seconds since 1970.
    pub made: Option<i64>,
}

/// Reads a whole file and refuses one that is cut or damaged.
pub(super) fn check(path: &Path) -> Result<Rdb> {
    let doing = |e| Error::io(format!("cannot read `{}`", path.display()), e);
    let not_usable =
        |why: &str| Error::corrupt(format!("`{}` is not usable: {why}", path.display()));
    let mut file = File::open(path).map_err(doing)?;
    let (mut hash, mut crc, mut bytes) = (Sha256::new(), Crc64::new(), 0);
    // The checksum does not cover itself, so the last bytes are held back.
    let (mut head, mut kept) = (Vec::new(), Vec::new());
    let mut last = None;
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = file.read(&mut buffer).map_err(doing)?;
        if count == 0 {
            break;
        }
        let read = &buffer[..count];
        hash.update(read);
        bytes += count as u64;
        let room = HEAD.saturating_sub(head.len());
        head.extend_from_slice(&read[..count.min(room)]);
        kept.extend_from_slice(read);
        let covered = kept.len().saturating_sub(CHECKSUM);
        crc.update(&kept[..covered]);
        last = kept[..covered].last().copied().or(last);
        kept.drain(..covered);
    }
    if !head.starts_with(MAGIC) {
        return Err(not_usable("it is no file of Redis"));
    }
    let stored = kept
        .first_chunk::<CHECKSUM>()
        .map(|b| u64::from_le_bytes(*b));
    if last != Some(END) {
        return Err(not_usable("it ends in the middle, or was damaged"));
    }
    if stored == Some(0) {
        return Err(not_usable("it has no checksum").hint("set `rdbchecksum yes` in Redis"));
    }
    if stored != Some(crc.0) {
        return Err(not_usable("its checksum differs"));
    }
    Ok(Rdb {
        bytes,
        sha256: hex(&hash.finalize()),
        server_version: note(&head, "redis-ver").and_then(Note::text),
        made: note(&head, "ctime").and_then(Note::number),
    })
}

/// The value of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Note {
    Text(String),
    Number(i64),
}

impl Note {
    fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) => None,
        }
    }

    fn number(self) -> Option<i64> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Number(number) => Some(number),
        }
    }
}

/// A note at the beginning of a file, by its name.
fn note(head: &[u8], name: &str) -> Option<Note> {
    let mut rest = head.get(MAGIC.len() + 4..)?;
    while let Some((&NOTE, after)) = rest.split_first() {
        let (key, after) = value(after)?;
        let (found, after) = value(after)?;
        if key == Note::Text(name.to_owned()) {
            return Some(found);
        }
        rest = after;
    }
    None
}

/// A short string, or a number of one, two or four bytes.
fn value(bytes: &[u8]) -> Option<(Note, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first < 0x40 {
        let (text, rest) = rest.split_at_checked(usize::from(first))?;
        return Some((Note::Text(String::from_utf8_lossy(text).into_owned()), rest));
    }
    let width = match first {
        0xc0 => 1,
        0xc1 => 2,
        0xc2 => 4,
        _ => return None,
    };
    let (digits, rest) = rest.split_at_checked(width)?;
    let number = digits
        .iter()
        .rev()
        .fold(0, |number, digit| number << 8 | i64::from(*digit));
    Some((Note::Number(number), rest))
}

/// Redis' checksum: CRC-64 of Jones.
struct Crc64(u64);

static TABLE: [u64; 256] = table();

const fn table() -> [u64; 256] {
    const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut crc = at as u64;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ POLYNOMIAL
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[at] = crc;
        at += 1;
    }
    table
}

impl Crc64 {
    const fn new() -> Self {
        Self(0)
    }

    fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let [low, ..] = self.0.to_le_bytes();
            self.0 = TABLE[usize::from(low ^ byte)] ^ self.0 >> 8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file as Redis writes it, with two notes and no key.
    fn sample() -> Vec<u8> {
        let mut bytes =
            b"REDIS0010\xfa\x09redis-ver\x067.0.15\xfa\x05ctime\xc2\x01\x02\x03\x04".to_vec();
        bytes.push(END);
        let mut crc = Crc64::new();
        crc.update(&bytes);
        bytes.extend(crc.0.to_le_bytes());
        bytes
    }

    fn check_bytes(bytes: &[u8]) -> Result<Rdb> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        check(file.path())
    }

    #[test]
    fn the_checksum_is_that_of_redis() {
        let mut crc = Crc64::new();
        crc.update(b"123456789");
        assert_eq!(crc.0, 0xe9c6_d914_c4b8_d9ca);
    }

    #[test]
    fn a_whole_file_tells_who_made_it_and_when() {
        let rdb = check_bytes(&sample()).unwrap();

        assert_eq!(rdb.server_version.as_deref(), Some("7.0.15"));
        assert_eq!(rdb.made, Some(0x0403_0201));
    }

    #[test]
    fn no_cut_and_no_flipped_bit_is_accepted() {
        let good = sample();
        for at in 0..good.len() {
            assert!(check_bytes(&good[..at]).is_err(), "cut at {at}");
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                assert!(check_bytes(&bad).is_err(), "bit {bit} of byte {at}");
            }
        }
        assert!(check_bytes(&[&good[..], b"x"].concat()).is_err());
    }
}
