//! Making backups.

use super::super::manifest::Status;
use super::super::{Manifest, Mode, Pin, Rules, Verdict, clean, list, prove, set_pin, verify};
use super::*;
use crate::base::{Cancel, Kind};

#[test]
fn a_backup_has_a_manifest_that_tells_what_it_holds() {
    run(async {
        let bench = Bench::with(CONTENT).await;
        bench.run("create schema lexi; create table lexi.migrations (version bigint, state text); insert into lexi.migrations values (7, 'applied'), (8, 'running')").await;

        let artifact = bench.create().await?;

        let manifest = &artifact.manifest;
        let name = manifest.file.trim_end_matches(".sql.gz").to_owned();
        let files = ["json", "sql.gz", "sql.gz.sha256"].map(|end| format!("{name}.{end}"));
        assert_eq!(bench.files(), files);
        let checked = crate::ops::process::command("sha256sum")
            .args(["--check", "--strict", "--quiet", &files[2]])
            .current_dir(bench.folder.path())
            .status();
        assert!(checked.unwrap().success());
        assert!(manifest.times.dump + manifest.times.verify <= manifest.ms);
        assert_eq!(manifest.facts.tables["public.kinds"], 1);
        let odd = r#"public."Odd ""Name; COPY x FROM stdin;""#;
        assert_eq!(manifest.facts.tables[odd], 300);
        assert_eq!((manifest.facts.large_objects, manifest.migration), (1, Some(7)));
        assert_eq!(manifest.settings.owner, "lexi");
        let read = verify(&artifact.path, &|_| {}).await?;
        assert_eq!(
            serde_json::to_value(read.manifest).unwrap(),
            serde_json::to_value(manifest).unwrap()
        );
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&artifact.path).unwrap());
        assert_eq!(mode & 0o777, 0o600);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_database_without_tables_is_no_backup() {
    run(async {
        let bench = Bench::empty().await;

        let error = bench.create().await.unwrap_err();

        assert_eq!(
            error.message(),
            "the dump holds no table; no backup was made, the old ones were not touched"
        );
        assert_eq!(bench.files(), [""; 0]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_dump_that_is_cut_off_leaves_nothing() {
    run(async {
        let bench = Bench::with("create table a (b int)").await;
        // pg_dump waits for this lock, so it can be cut off in the middle.
        let mut holder = connect(&bench.target).await?;
        let _answer = holder.execute("begin; lock table a in access exclusive mode").await.unwrap();
        let cut = async {
            let cut = "select count(pg_terminate_backend(pid))::text from pg_stat_activity \
                where application_name = 'lexi-backup' and datname = current_database() and wait_event_type = 'Lock'";
            while bench.ask(cut).await == "0" {}
        };

        let (made, _cut) = tokio::join!(bench.create(), cut);

        assert_eq!(made.unwrap_err().kind(), Kind::ProcessFailed);
        assert_eq!(bench.files(), [""; 0]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn two_backups_at_once_follow_each_other() {
    run(async {
        let bench = Bench::with("create table a (b int)").await;

        let (one, two) = tokio::join!(bench.create(), bench.create());

        assert_ne!(one?.path, two?.path);
        assert_eq!(list(bench.folder.path())?.len(), 2);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_second_backup_says_who_holds_the_folder() {
    run(async {
        let bench = Bench::with("create table a (b int)").await;
        let mut holder = connect(&bench.target).await?;
        let _answer = holder.execute("begin; lock table a in access exclusive mode").await.unwrap();
        let first = bench.create();
        let mut request = bench.request();
        request.options.wait = Duration::ZERO;

        let error = tokio::select! {
            _ = first => panic!("it waits for the table"),
            error = async {
                let waiting = "select count(*)::text from pg_stat_activity where application_name = 'lexi-backup' \
                    and datname = current_database()";
                while bench.ask(waiting).await == "0" {}
                create(&request, &|_| {}).await.unwrap_err()
            } => error,
        };

        assert_eq!((error.kind(), error.exit_code()), (Kind::Locked, 75));
        assert!(error.full_message().contains("pid"), "{}", error.full_message());
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_a_killed_run_left_goes_with_the_next_backup() {
    run(async {
        let bench = Bench::with("create table a (b int)").await;
        let good = bench.create().await?;
        let file = |name: &str| bench.folder.path().join(name);
        std::fs::write(file(".sample_backup_20200101_000000.sql.gz.partial"), "x").unwrap();
        std::fs::write(file(".sample_backup_20200101_000000.json.partial"), "x").unwrap();
        std::fs::write(file(".sample_backup_20200102_000000.sql.gz.deleting"), "x").unwrap();
        std::fs::write(file("sample_backup_20200102_000000.json"), "x").unwrap();
        std::fs::write(file("sample_backup_20200102_000000.sql.gz.sha256"), "x").unwrap();
        std::fs::write(
            file(".sample_backup_20200103_000000.sql.gz.sha256.partial"),
            "x",
        )
        .unwrap();
        std::fs::write(file(".sample_backup_20200103_000000.rdb.partial"), "x").unwrap();
        // Killed between the last two steps: only the manifest's name is missing.
        let manifest = file(&format!(
            ".{}.partial",
            good.manifest.file.replace(".sql.gz", ".json")
        ));
        std::fs::rename(
            file(&good.manifest.file.replace(".sql.gz", ".json")),
            manifest,
        )
        .unwrap();
        let checksum = format!("{}.sha256", good.manifest.file);
        std::fs::rename(file(&checksum), file(&format!(".{checksum}.partial"))).unwrap();

        let again = bench.create().await?;

        let states: Vec<_> = list(bench.folder.path())?
            .iter()
            .map(|entry| (entry.path.clone(), entry.state_word()))
            .collect();
        assert_eq!(states, [(again.path, "verified"), (good.path, "verified")]);
        assert_eq!(bench.files().len(), 6, "{:?}", bench.files());
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_wrong_password_is_told_before_anything_is_written() {
    run(async {
        let mut bench = Bench::with("create table a (b int)").await;
        bench.target.password = crate::base::Secret::new("wrong");

        let error = bench.create().await.unwrap_err();

        assert!(
            error.message().contains("wrong password"),
            "{}",
            error.message()
        );
        assert_eq!(bench.files(), [""; 0]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_pin_and_cleaning_work_on_the_folder() {
    run(async {
        let bench = Bench::with("create table a (b int)").await;
        let made = bench.create().await?;
        let wait = Duration::from_secs(30);

        let pinned = set_pin(&made.path, Some(Pin::Forever), wait).await?;
        let decided = clean(bench.folder.path(), Rules::default(), Mode::Delete, wait).await?;

        assert_eq!(pinned.pin, Some(Pin::Forever));
        assert_eq!(decided[0].1, Verdict::Newest);
        assert!(made.path.exists());
        Ok(())
    })
    .unwrap();
}

#[test]
fn tables_are_left_out_by_name_and_a_misspelt_one_is_refused() {
    run(async {
        let bench = Bench::with("create table a (b int); insert into a values (1); create table log (b int); insert into log values (1), (2)").await;
        let mut request = bench.request();
        request.options.exclude_data = vec!["public.lg".to_owned()];
        let error = create(&request, &|_| {}).await.unwrap_err();
        assert_eq!(error.message(), "there is no table `public.lg` to leave out");
        request.options.exclude_data = vec!["log".to_owned()];

        let made = create(&request, &|_| {}).await?;

        assert_eq!(made.manifest.facts.tables.keys().collect::<Vec<_>>(), ["public.a"]);
        assert_eq!(made.manifest.facts.created_tables, 2);
        assert_eq!(made.manifest.excluded, ["log"]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn the_roles_of_the_server_are_beside_without_passwords() {
    run(async {
        let bench = Bench::with("create table a (b int)").await;
        let mut request = bench.request();
        request.options.roles = true;

        let made = create(&request, &|_| {}).await?;

        let path = made.path.to_string_lossy().replace(".sql.gz", ".roles.sql");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("CREATE ROLE lexi;"), "{text}");
        assert!(!text.contains("SCRAM"), "{text}");
        assert_eq!(
            made.manifest.roles.as_ref().unwrap().bytes,
            text.len() as u64
        );
        std::fs::write(&path, text.replace("lexi", "eve")).unwrap();
        assert_eq!(
            verify(&made.path, &|_| {}).await.unwrap_err().kind(),
            Kind::Corrupt
        );
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_backup_is_proven_by_restoring_it_and_nothing_is_left() {
    run(async {
        let bench = Bench::with(CONTENT).await;
        let made = bench.create().await?;
        let wait = Duration::from_secs(30);

        let proven = prove(
            &made.path,
            &bench.target,
            wait,
            &Cancel::detached(),
            &|_| {},
        )
        .await?;

        assert_eq!(proven.status, Status::Restored);
        assert_eq!(Manifest::beside(&made.path)?, Some(proven));
        assert_eq!(list(bench.folder.path())?[0].state_word(), "restored");
        assert_eq!(bench.beside("restore").await, [""; 0]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_backup_that_cannot_be_restored_is_not_proven_and_nothing_is_left() {
    run(async {
        // The function is found by the search path of a session, which a dump empties.
        let bench = Bench::with(
            "create function twice(a int) returns int language sql immutable as 'select a * 2'; \
             create function doubled(a int) returns int language plpgsql immutable as 'begin return twice(a); end'; \
             create table a (b int); insert into a values (1); create index on a (doubled(b))",
        )
        .await;
        let made = bench.create().await?;
        let wait = Duration::from_secs(30);

        let error = prove(&made.path, &bench.target, wait, &Cancel::detached(), &|_| {})
            .await
            .unwrap_err();

        let text = error.full_message();
        assert!(text.contains("cannot be restored") && text.contains("twice"), "{text}");
        assert_eq!(list(bench.folder.path())?[0].state_word(), "verified");
        assert_eq!(bench.beside("restore").await, [""; 0]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_database_that_a_killed_proof_left_goes_with_the_next_backup() {
    run(async {
        let bench = Bench::with("create table a (b int)").await;
        let left = format!("{}_restore_20200101_000000", bench.target.database);
        let limit = super::super::restore::LIMIT;
        bench
            .run(&format!("create database {left} connection limit {limit}"))
            .await;

        let made = bench.create().await?;

        assert_eq!(bench.beside("restore").await, [""; 0]);
        assert!(made.warnings[0].contains(&left), "{:?}", made.warnings);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_backup_of_half_the_size_is_remarked_on() {
    run(async {
        let bench = Bench::with("create table a (b text); insert into a select md5(g::text) from generate_series(1, 2000) g").await;
        let first = bench.create().await?;
        bench.run("delete from a").await;

        let second = bench.create().await?;

        assert_eq!(first.warnings, [""; 0]);
        assert!(second.warnings[0].contains("look whether rows are missing"), "{:?}", second.warnings);
        Ok(())
    })
    .unwrap();
}
