//! Damaged backups: none of them is accepted, whatever was done to them.

use super::super::{Manifest, verify};
use super::*;
use crate::base::Kind;

/// Random, but the same on every run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

/// What is done to a manifest.
type Change = fn(&mut Manifest);

const ROUNDS: usize = 400;

#[test]
fn no_truncation_and_no_flipped_bit_is_accepted() {
    run(async {
        let bench = Bench::with(CONTENT).await;
        let made = bench.create().await?;
        let good = std::fs::read(&made.path).unwrap();
        let mut random = Random(0x5eed);
        for round in 0..ROUNDS {
            let mut bytes = good.clone();
            if round % 2 == 0 {
                bytes.truncate(random.below(good.len()));
            } else {
                bytes[random.below(good.len())] ^= 1 << random.below(8);
            }
            std::fs::write(&made.path, &bytes).unwrap();

            let verified = verify(&made.path, &|_| {}).await;

            let error = verified
                .err()
                .unwrap_or_else(|| panic!("round {round} was accepted"));
            let kind = error.kind();
            assert!(
                matches!(kind, Kind::Corrupt | Kind::Refused),
                "{round}: {error}"
            );
        }
        Ok(())
    })
    .unwrap();
}

/// Without a manifest there is no checksum to compare with: only what the file itself says.
#[test]
fn no_damaged_foreign_dump_gives_other_rows() {
    run(async {
        let bench = Bench::with(CONTENT).await;
        let made = bench.create().await?;
        let good = std::fs::read(&made.path).unwrap();
        let path = bench.folder.path().join("foreign.sql.gz");
        let mut random = Random(7);
        for round in 0..ROUNDS {
            let mut bytes = good.clone();
            if round % 2 == 0 {
                bytes.truncate(random.below(good.len()));
            } else {
                bytes[random.below(good.len())] ^= 1 << random.below(8);
            }
            std::fs::write(&path, &bytes).unwrap();

            // A bit of gzip's header, such as its time, says nothing about the content.
            if let Ok(verified) = verify(&path, &|_| {}).await {
                assert_eq!(verified.facts, made.manifest.facts, "round {round}");
            }
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn bytes_after_the_end_are_not_accepted() {
    run(async {
        let bench = Bench::with("create table a (b int)").await;
        let made = bench.create().await?;
        let path = bench.folder.path().join("foreign.sql.gz");
        let good = std::fs::read(&made.path).unwrap();
        for more in [&b"x"[..], b"\0\0\0\0", &good[..40], &good] {
            std::fs::write(&path, [&good[..], more].concat()).unwrap();

            assert!(
                verify(&path, &|_| {}).await.is_err(),
                "{} bytes more",
                more.len()
            );
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_wrong_manifest_is_not_accepted() {
    run(async {
        let bench = Bench::with(CONTENT).await;
        let made = bench.create().await?;
        let changes: [(Change, &str); 4] = [
            (|m| m.sha256.replace_range(..1, "x"), "checksum differs"),
            (|m| m.bytes += 1, "size differs"),
            (
                |m| *m.facts.tables.entry("public.kinds".to_owned()).or_default() += 1,
                "rows of its tables differ",
            ),
            (|m| m.format = 9, "format 9"),
        ];
        for (change, why) in changes {
            let mut manifest = made.manifest.clone();
            change(&mut manifest);
            manifest.write(bench.folder.path())?;

            let error = verify(&made.path, &|_| {}).await.unwrap_err();

            assert_eq!(error.kind(), Kind::Corrupt);
            assert!(
                error.full_message().contains(why),
                "{}",
                error.full_message()
            );
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_is_packed_otherwise_is_refused_with_the_remedy() {
    run(async {
        let bench = Bench::empty().await;
        let cases: [(&str, &[u8], &str); 3] = [
            // It would look back over 256 MB.
            (
                "a.sql.zst",
                &[0x28, 0xb5, 0x2f, 0xfd, 0, 18 << 3, 1, 0, 0],
                "zstd -d",
            ),
            ("a.dump", b"PGDMP\x01\x0e", "pg_restore -f"),
            ("a.sql.xz", &[0xfd, b'7', b'z', b'X', b'Z', 0], "xz -dk"),
        ];
        for (name, bytes, remedy) in cases {
            let path = bench.folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();

            let error = verify(&path, &|_| {}).await.unwrap_err();

            assert_eq!(error.kind(), Kind::Refused);
            assert!(error.hint_text().unwrap().contains(remedy));
        }
        Ok(())
    })
    .unwrap();
}
