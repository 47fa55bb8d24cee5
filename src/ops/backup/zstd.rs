//! Unpacks zstd: all frames of a file, each held against its checksum.
//!
//! The decoder stops after one frame and leaves it to its caller to compare the checksum; both are made up for here.

use std::error::Error as _;
use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Whether a file is packed with zstd, by its first bytes; `pzstd` begins with a frame to skip.
pub(super) const fn is_zstd(start: &[u8]) -> bool {
    matches!(
        start,
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]
    )
}

/// A reader of what was packed.
pub(super) struct Unpack<R> {
    source: R,
    /// Between frames it is at its end, and before the first.
    frame: FrameDecoder,
}

impl<R: BufRead> Unpack<R> {
    /// Begins at the start of a file.
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            frame: FrameDecoder::new(),
        }
    }

    /// What is read from.
    pub(super) const fn get_ref(&self) -> &R {
        &self.source
    }

    /// What was read from.
    pub(super) fn into_inner(self) -> R {
        self.source
    }

    /// Compares what the frame that was read says about itself.
    fn check(&self) -> io::Result<()> {
        let said = self.frame.get_checksum_from_data();
        if said.is_none() || said == self.frame.get_calculated_checksum() {
            return Ok(());
        }
        let message = "a checksum of zstd differs";
        Err(io::Error::new(io::ErrorKind::InvalidData, message))
    }

    /// Begins the next frame that holds data; false at the end of the file.
    fn next_frame(&mut self) -> io::Result<bool> {
        use FrameDecoderError::ReadFrameHeaderError as Header;
        while !self.source.fill_buf()?.is_empty() {
            match self.frame.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(Header(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    self.skip(u64::from(length))?;
                }
                Err(e) => return Err(explain(e)),
            }
        }
        Ok(false)
    }

    fn skip(&mut self, length: u64) -> io::Result<()> {
        let skipped = io::copy(&mut self.source.by_ref().take(length), &mut io::sink())?;
        if skipped == length {
            return Ok(());
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

impl<R: BufRead> Read for Unpack<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.frame.can_collect() > 0 {
                return self.frame.read(buffer);
            }
            if self.frame.is_finished() {
                self.check()?;
                if !self.next_frame()? {
                    return Ok(0);
                }
            }
            self.frame
                .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                .map_err(explain)?;
        }
    }
}

/// An error of the decoder, of the kind that says what is wrong: the file ends, cannot be read, needs more than we have, or
/// is damaged.
fn explain(error: FrameDecoderError) -> io::Error {
    let kind = match &error {
        FrameDecoderError::WindowSizeTooBig { .. } | FrameDecoderError::DictNotProvided { .. } => {
            io::ErrorKind::Unsupported
        }
        other => reading(other).unwrap_or(io::ErrorKind::InvalidData),
    };
    io::Error::new(kind, error)
}

/// The kind of the error of the file itself, when there is one below.
fn reading(error: &FrameDecoderError) -> Option<io::ErrorKind> {
    let mut next = error.source();
    while let Some(below) = next {
        if let Some(found) = below.downcast_ref::<io::Error>() {
            return Some(found.kind());
        }
        next = below.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::process::command;

    /// What `zstd` makes of a text, with these options.
    fn packed(text: &[u8], options: &[&str]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, text).unwrap();
        let out = command("zstd").args(options).arg("-c").arg(&path).output();
        let out = out.expect("no zstd here: apt-get install -y --no-install-recommends zstd");
        assert!(out.status.success(), "{options:?}");
        out.stdout
    }

    fn unpacked(packed: &[u8]) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        Unpack::new(packed).read_to_end(&mut text)?;
        Ok(text)
    }

    fn text() -> Vec<u8> {
        (0..60_000_u32)
            .flat_map(|n| {
                format!("{} the party of the part\n", n.wrapping_mul(2_654_435_761)).into_bytes()
            })
            .collect()
    }

    #[test]
    fn what_zstd_packs_comes_back() {
        let text = text();
        for options in [&["-1"][..], &["-19"], &["-3", "--no-check"], &["--long=24"]] {
            let packed = packed(&text, options);

            assert!(is_zstd(&packed));
            assert!(unpacked(&packed).unwrap() == text, "{options:?}");
        }
    }

    #[test]
    fn all_frames_are_read_and_those_to_skip_are_skipped() {
        let skip = b"\x50\x2a\x4d\x18\x03\0\0\0abc";
        let one = packed(b"one ", &[]);
        let file = [
            &skip[..],
            &one,
            &packed(b"", &[]),
            skip,
            &packed(b"two", &[]),
        ]
        .concat();

        assert!(is_zstd(&file));
        assert_eq!(unpacked(&file).unwrap(), b"one two");
        let cut = unpacked(&file[..6]).unwrap_err();
        assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof);
        let more = unpacked(&[&one[..], b"more"].concat()).unwrap_err();
        assert_eq!(more.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn no_cut_and_no_flipped_bit_gives_another_text() {
        let text = &text()[..3_000];
        let good = packed(text, &[]);
        for at in 1..good.len() {
            assert!(unpacked(&good[..at]).is_err(), "cut at {at}");
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                let read = unpacked(&bad);
                assert!(
                    read.is_err() || read.unwrap() == text,
                    "bit {bit} of byte {at}"
                );
            }
        }
    }

    #[test]
    fn what_would_need_too_much_memory_is_told_apart_from_damage() {
        // A frame that looks back over 256 MB.
        let header = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 18 << 3];

        let error = unpacked(&[&header[..], &[1, 0, 0]].concat()).unwrap_err();

        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
    }
}
