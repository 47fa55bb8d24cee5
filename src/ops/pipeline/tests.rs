//! Real bytes through real stages, and what is left when something goes wrong.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::base::settings::Environment;
use crate::base::{Cancel, Error, Kind, Reason, Result};
use crate::ops::process::{Program, Registry};
use crate::runtime::Runtime;

fn registry() -> Arc<Registry> {
    Arc::new(Registry::new(&Environment::of(&[(
        "PATH",
        "/usr/bin:/bin",
    )])))
}

fn run<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    Runtime::default().wait(&Cancel::detached(), future)
}

fn sh(script: &str) -> Pipeline {
    Pipeline::from_program(Program::new("sh").arg("-c").arg(script))
}

/// Bytes that compress neither very well nor not at all.
fn sample(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0] & 0x3f
    };
    (0..len).map(|_| next()).collect()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let pipeline = Pipeline::from_bytes(bytes).gzip(6).unwrap();
    run(pipeline.bytes(&registry(), usize::MAX)).unwrap()
}

fn gunzip(bytes: &[u8]) -> Result<Vec<u8>> {
    run(Pipeline::from_bytes(bytes)
        .gunzip()
        .bytes(&registry(), usize::MAX))
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn bytes_come_back_as_they_went() {
    for len in [0, 1, 100, 3_000_000] {
        let bytes = sample(len);

        assert!(gunzip(&gzipped(&bytes)).unwrap() == bytes, "{len}");
    }
}

#[test]
fn the_gzip_of_others_is_read_and_ours_by_them() {
    let dir = tempfile::tempdir().unwrap();
    let (registry, bytes) = (registry(), sample(500_000));
    let file = dir.path().join("a.gz");
    run(Pipeline::from_bytes(bytes.clone())
        .gzip(1)
        .unwrap()
        .write(&registry, &file, None))
    .unwrap();

    let theirs = Program::new("gzip").arg("-dc").arg(&file);
    let captured = run(theirs.capture(&registry, 1_000_000)).unwrap();
    assert!(captured.stdout == bytes);

    let ours = sh("printf one | gzip; printf two | gzip").gunzip();
    assert_eq!(run(ours.text(&registry, 100)).unwrap(), "onetwo");
}

#[test]
fn facts_are_taken_where_the_stage_stands() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.gz");

    let chain = sh("head -c 1000000 /dev/zero").count().unwrap().gzip(6);
    let chain = chain.unwrap().sha256().unwrap();
    let facts = run(chain.write(&registry(), &file, Some(0o600))).unwrap();

    let bytes = std::fs::read(&file).unwrap();
    assert_eq!(facts.raw_bytes, Some(1_000_000));
    assert_eq!(facts.bytes, u64::try_from(bytes.len()).unwrap());
    let theirs = run(Program::new("sha256sum")
        .arg(&file)
        .capture(&registry(), 1000))
    .unwrap();
    assert!(theirs.stdout_text().starts_with(&facts.sha256.unwrap()));
}

#[test]
fn every_cut_and_every_flipped_byte_is_noticed() {
    let whole = gzipped(b"some bytes that are worth keeping, keeping, keeping");

    for length in 0..whole.len() {
        let error = gunzip(&whole[..length]).unwrap_err();
        assert_eq!(error.kind(), Kind::Corrupt, "cut at {length}");
    }
    // Bytes 4 to 9 of the header say when and where it was made, which no checksum covers.
    for position in (0..4).chain(10..whole.len()) {
        let mut flipped = whole.clone();
        flipped[position] ^= 0x55;
        let error = gunzip(&flipped).unwrap_err();
        assert_eq!(error.kind(), Kind::Corrupt, "flipped at {position}");
    }
}

#[test]
fn anything_after_the_end_is_an_error() {
    let whole = gzipped(b"some bytes");
    for extra in [&b"\0"[..], b"garbage", &whole[..5], &[0x1f, 0x8b]] {
        let bytes = [&whole, extra].concat();

        let error = gunzip(&bytes).unwrap_err();

        assert_eq!(error.kind(), Kind::Corrupt, "{extra:?}");
    }
    assert_eq!(
        gunzip(&[&whole[..], &whole[..]].concat()).unwrap().len(),
        20
    );
}

#[test]
fn a_failing_program_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("dump.gz");
    std::fs::write(&file, "earlier").unwrap();

    let chain = sh("echo half; echo 'connection refused' >&2; exit 3").gzip(6);
    let error = run(chain.unwrap().write(&registry(), &file, None)).unwrap_err();

    assert_eq!(
        error.message(),
        "`sh` exited with code 3: connection refused"
    );
    assert_eq!(std::fs::read(&file).unwrap(), b"earlier");
    assert_eq!(names(dir.path()), ["dump.gz"]);
}

#[test]
fn a_request_to_stop_ends_the_program_and_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let (registry, cancel, runtime) = (registry(), Cancel::root(), Runtime::default());
    let file = dir.path().join("never.gz");
    let chain = sh("echo start; exec sleep 1000").gzip(6).unwrap();
    let _timer = runtime.cancel_after(Duration::from_millis(100), &cancel, Reason::Sibling);

    let stopped = runtime.wait(&cancel, chain.write(&registry, &file, None));

    assert_eq!(stopped.unwrap_err().kind(), Kind::Cancelled);
    assert!(names(dir.path()).is_empty());
    runtime
        .wait(&Cancel::detached(), async {
            registry.stop_all(Duration::from_secs(5)).await;
            Ok(())
        })
        .unwrap();
    assert_eq!(registry.live(), 0);
}

#[test]
fn a_full_disk_is_an_error_and_stops_the_program() {
    let registry = registry();
    let chain = sh("yes");

    let error = run(async {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        super::run::run(chain, &registry, super::pump::Output::File(full.unwrap())).await
    });

    let error: Error = error.map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), Kind::Io);
    assert!(error.full_message().contains("No space left"), "{error:?}");
}

#[test]
fn text_is_capped() {
    let error = run(sh("yes").text(&registry(), 1000)).unwrap_err();

    assert_eq!(error.message(), "the output of `sh` is larger than 1000 B");
}

#[test]
fn a_program_reads_what_comes_out() {
    let chain = Pipeline::from_bytes(gzipped(&sample(1_000_000))).gunzip();

    let counting = Program::new("wc").arg("-c");
    let (facts, stdout) = run(chain.into_program(&registry(), counting, 100)).unwrap();

    assert_eq!(facts.bytes, 1_000_000);
    assert_eq!(String::from_utf8(stdout).unwrap().trim(), "1000000");
}

#[test]
fn a_program_that_stops_reading_is_an_error() {
    let chain = Pipeline::from_bytes(sample(5_000_000));

    let error = run(chain.into_program(&registry(), Program::new("true"), 100)).unwrap_err();

    assert_eq!(
        error.message(),
        "`true` ended before it had read everything"
    );
}

#[test]
fn a_program_never_takes_a_broken_stream_for_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut broken = gzipped(&sample(1_000_000));
    broken.truncate(500_000);
    let done = dir.path().join("done");
    let script = format!("cat > /dev/null && touch {}", done.display());

    let chain = Pipeline::from_bytes(broken).gunzip();
    let program = Program::new("sh").arg("-c").arg(script);
    let registry = registry();
    let error = run(async {
        let result = chain.into_program(&registry, program, 100).await;
        registry.stop_all(Duration::from_secs(5)).await;
        result
    })
    .unwrap_err();

    assert_eq!(error.kind(), Kind::Corrupt);
    assert!(!done.exists());
}

#[test]
fn a_missing_file_is_named() {
    let error = run(Pipeline::from_file("/no/such").discard(&registry())).unwrap_err();

    assert_eq!(
        (error.kind(), error.message()),
        (Kind::NotFound, "cannot read `/no/such`")
    );
}

#[test]
fn a_large_file_goes_through_in_little_memory() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("large");
    let mut file = std::fs::File::create(&path).unwrap();
    let block = sample(1 << 20);
    for _ in 0..64 {
        file.write_all(&block).unwrap();
    }

    let chain = Pipeline::from_file(&path).gzip(1).unwrap().gunzip();
    let facts = run(chain.count().unwrap().discard(&registry())).unwrap();

    assert_eq!(facts.raw_bytes, Some(64 << 20));
}
