//! Packs a stream with gzip on several threads.
//!
//! The result is one ordinary member, as of `gzip` itself: each block of text is packed with the end of the one before as
//! its dictionary and ends at a byte, so that the packed blocks can simply follow each other (this is how pigz does it).

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use flate2::{Compress, CompressError, Compression, Crc, FlushCompress};

/// How much text is packed at once: enough that what a block costs does not show, little enough for a flat memory.
pub(super) const BLOCK: usize = 512 * 1024;
/// How far back deflate looks.
const WINDOW: usize = 32 * 1024;
/// More threads than this cannot be fed by one `pg_dump`.
const MOST_THREADS: usize = 4;

/// Ten bytes: gzip, deflate, no name, no time, unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// An empty last block of deflate.
const LAST_BLOCK: [u8; 2] = [3, 0];

/// A block to pack.
struct Block {
    text: Vec<u8>,
    /// The text right before it.
    before: Vec<u8>,
}

/// A packed block.
struct Packed {
    bytes: Vec<u8>,
    /// Of its text.
    crc: Crc,
}

/// Packs the blocks that `next` gives until it gives none; on an error the end of the member is missing.
pub(super) fn pack<W: Write + Send>(
    mut to: W,
    level: u32,
    next: impl FnMut() -> io::Result<Option<Vec<u8>>>,
) -> io::Result<W> {
    to.write_all(&HEADER)?;
    let (mut to, crc) = thread::scope(|scope| {
        let (mut ways, mut results) = (Vec::new(), Vec::new());
        for _ in 0..threads() {
            let (give, blocks) = sync_channel(1);
            let (done, packed) = sync_channel(1);
            scope.spawn(move || pack_blocks(level, &blocks, &done));
            ways.push(give);
            results.push(packed);
        }
        let writing = scope.spawn(move || write(to, results));
        let fed = deal(ways, next);
        let written = writing
            .join()
            .map_err(|_panic| io::Error::other("the thread that writes ended"))?;
        fed.and(written)
    })?;
    to.write_all(&LAST_BLOCK)?;
    to.write_all(&crc.sum().to_le_bytes())?;
    to.write_all(&crc.amount().to_le_bytes())?;
    Ok(to)
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, |n| n.get().min(MOST_THREADS))
}

/// Deals the blocks out in turns, so that they can be collected in turns. Stops early when nobody takes them any more.
fn deal(
    ways: Vec<SyncSender<Block>>,
    mut next: impl FnMut() -> io::Result<Option<Vec<u8>>>,
) -> io::Result<()> {
    let mut before = Vec::new();
    for way in ways.iter().cycle() {
        let Some(text) = next()? else {
            break;
        };
        let tail = text[text.len().saturating_sub(WINDOW)..].to_vec();
        let before = std::mem::replace(&mut before, tail);
        if way.send(Block { text, before }).is_err() {
            break;
        }
    }
    Ok(())
}

fn pack_blocks(level: u32, blocks: &Receiver<Block>, done: &SyncSender<io::Result<Packed>>) {
    let mut deflate = Compress::new(Compression::new(level), false);
    for block in blocks {
        let packed = pack_block(&mut deflate, &block).map_err(io::Error::other);
        if done.send(packed).is_err() {
            return;
        }
    }
}

fn pack_block(deflate: &mut Compress, block: &Block) -> Result<Packed, CompressError> {
    deflate.reset();
    if !block.before.is_empty() {
        deflate.set_dictionary(&block.before)?;
    }
    let mut bytes = Vec::with_capacity(block.text.len() / 2 + 1024);
    let mut taken = 0;
    loop {
        let start = deflate.total_in();
        deflate.compress_vec(&block.text[taken..], &mut bytes, FlushCompress::Sync)?;
        taken += usize::try_from(deflate.total_in() - start).unwrap_or(usize::MAX);
        // Room that is left says that there is nothing more to write.
        if taken == block.text.len() && bytes.len() < bytes.capacity() {
            break;
        }
        bytes.reserve(64 * 1024);
    }
    let mut crc = Crc::new();
    crc.update(&block.text);
    Ok(Packed { bytes, crc })
}

/// Writes the packed blocks in turns.
fn write<W: Write>(mut to: W, results: Vec<Receiver<io::Result<Packed>>>) -> io::Result<(W, Crc)> {
    let mut crc = Crc::new();
    for packed in results.iter().cycle() {
        let Ok(packed) = packed.recv() else {
            break;
        };
        let packed = packed?;
        to.write_all(&packed.bytes)?;
        crc.combine(&packed.crc);
    }
    Ok((to, crc))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// Text that does not repeat soon, with parts that cannot be packed at all.
    fn text(len: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 24
        };
        (0..len)
            .map(|at| {
                let byte = u8::try_from(next()).unwrap_or_default();
                if at % 3000 < 1000 {
                    byte
                } else {
                    b'a' + byte % 7
                }
            })
            .collect()
    }

    fn packed(text: &[u8], step: usize, level: u32) -> Vec<u8> {
        let mut blocks = text.chunks(step).map(<[u8]>::to_vec);
        pack(Vec::new(), level, || Ok(blocks.next())).unwrap()
    }

    #[test]
    fn any_reader_of_gzip_gets_the_text_back() {
        let text = text(300_000);
        for (len, step, level) in [
            (0, 1, 6),
            (1, 1, 6),
            (300_000, 7_001, 1),
            (300_000, 65_536, 6),
            (299_999, 300_000, 9),
        ] {
            let gzip = packed(&text[..len], step, level);

            let mut back = Vec::new();
            // Of one member: a second one would be left unread.
            let mut reader = flate2::bufread::GzDecoder::new(gzip.as_slice());
            reader.read_to_end(&mut back).unwrap();
            assert!(back == text[..len], "{len} in blocks of {step}");
            assert!(reader.into_inner().is_empty());
        }
    }

    #[test]
    fn blocks_cost_next_to_nothing() {
        let text: Vec<u8> = std::iter::repeat_with(|| b"the party of the first part; ".to_vec())
            .take(40_000)
            .flatten()
            .collect();

        let one = packed(&text, text.len(), 6).len();
        let many = packed(&text, 64 * 1024, 6).len();

        assert!(
            many < one + 64 * (text.len() / (64 * 1024) + 1),
            "{one} and {many}"
        );
    }

    #[test]
    fn an_error_of_either_side_ends_it() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                // The header passes.
                if bytes.len() == HEADER.len() {
                    Ok(bytes.len())
                } else {
                    Err(io::ErrorKind::StorageFull.into())
                }
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let endless = || Ok(Some(vec![1; 1000]));
        let full = pack(Full, 6, endless).err().map(|e| e.kind());
        assert_eq!(full, Some(io::ErrorKind::StorageFull));

        let mut count = 0;
        let cut = pack(Vec::new(), 6, || {
            count += 1;
            if count == 20 {
                Err(io::ErrorKind::Interrupted.into())
            } else {
                Ok(Some(vec![1; 1000]))
            }
        });
        assert_eq!(
            cut.err().map(|e| e.kind()),
            Some(io::ErrorKind::Interrupted)
        );
    }
}
