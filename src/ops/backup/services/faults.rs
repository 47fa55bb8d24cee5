//! What goes wrong in the middle of a restore: the live database is as it was, and nothing is left.

use super::super::restore::rollback;
use super::*;
use crate::base::{Error, Kind};

const UNTOUCHED: &str = "; the live database was not touched";

/// A dump that stops for a long time near its end.
fn slow(bench: &Bench) -> PathBuf {
    let dump = String::from_utf8(bench.tool("pg_dump", &[])).unwrap();
    let end = "--\n-- PostgreSQL database dump complete";
    bench.foreign(
        "slow.sql",
        &dump.replace(end, &format!("SELECT pg_sleep(300);\n{end}")),
    )
}

/// Waits until a question about the server is answered with this.
async fn wait_for(bench: &Bench, sql: &str, answer: &str) {
    for _ in 0..3_000 {
        if ask(&bench.target.with_database("postgres"), sql).await == answer {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain for {answer}: {sql}");
}

fn sleeping(bench: &Bench) -> String {
    format!(
        "select count(*)::text from pg_stat_activity where datname like '{}\\_restore\\_%' and query like '%pg_sleep(300)%' and state = 'active'",
        bench.target.database
    )
}

/// Ends sessions of a database while a slow restore waits in the middle; gives the error of the restore.
async fn cut(bench: &Bench, condition: &str) -> Error {
    let file = slow(bench);
    let end = async {
        wait_for(bench, &sleeping(bench), "1").await;
        let sql = format!(
            "select count(pg_terminate_backend(pid))::text from pg_stat_activity where {condition}"
        );
        assert_ne!(
            ask(&bench.target.with_database("postgres"), &sql).await,
            "0"
        );
    };
    let (restored, ()) = tokio::join!(bench.restore(&file), end);
    restored.unwrap_err()
}

#[test]
fn a_connection_that_is_cut_in_the_middle_leaves_the_live_database_alone() {
    run(async {
        let bench = Bench::with(CONTENT).await;
        let before = bench.content().await;

        let error = Box::pin(cut(&bench, &sleeping_session(&bench))).await;

        assert_eq!(error.kind(), Kind::Unavailable);
        assert!(error.message().ends_with(UNTOUCHED), "{}", error.message());
        assert_eq!(bench.content().await, before);
        assert_eq!(
            (bench.beside("restore").await, bench.beside("old").await),
            (vec![], vec![])
        );
        Ok(())
    })
    .unwrap();
}

fn sleeping_session(bench: &Bench) -> String {
    format!("datname like '{}\\_restore\\_%'", bench.target.database)
}

#[test]
fn a_restore_that_lost_its_lock_leaves_the_live_database_alone() {
    run(async {
        let bench = Bench::with(CONTENT).await;
        let before = bench.content().await;
        let lock = "pid in (select pid from pg_locks where locktype = 'advisory' and granted) \
            and query like '%comment on database%'"
            .replace(
                "%comment on database%",
                &format!("%{}\\_restore\\_%", bench.target.database),
            );

        let both = format!("({lock}) or {}", sleeping_session(&bench));
        let error = Box::pin(cut(&bench, &both)).await;

        assert!(error.message().ends_with(UNTOUCHED), "{}", error.message());
        assert_eq!(bench.content().await, before);
        assert_eq!(bench.beside("restore").await, [""; 0]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_server_that_is_restarted_in_the_middle_keeps_the_live_database() {
    run(async {
        let server = testing::start_postgres();
        let target = testing::target(&server);
        crate::ops::database::wait_until_ready(&target, Duration::from_mins(1), &|_| {}).await?;
        let mut admin = admin::maintenance(&target).await?;
        admin::create(&mut admin, "live", &admin::CreateOptions::default()).await?;
        let bench = Bench { target: target.with_database("live"), ..Bench::empty().await };
        bench.run(CONTENT).await;
        // Sequences may skip values in a crash, that is how they are.
        bench.run("drop sequence s; alter table \"Odd \"\"Name; COPY x FROM stdin;\" alter id drop identity").await;
        let before = bench.content().await;
        let file = slow(&bench);
        // A backend that dies makes the server restart all of its sessions and recover.
        let crash = async {
            wait_for(&bench, &sleeping(&bench), "1").await;
            let pid = ask(&bench.target, "select pid::text from pg_stat_activity where query like '%pg_sleep(300)%' and state = 'active' and datname like 'live\\_restore%'").await;
            let killed = crate::ops::process::command("kill").args(["-9", &pid]).status();
            assert!(killed.unwrap().success());
        };

        let (restored, ()) = tokio::join!(bench.restore(&file), crash);

        let error = restored.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable);
        assert!(error.message().contains("the live database was not touched"), "{}", error.message());
        crate::ops::database::wait_until_ready(&bench.target, Duration::from_mins(1), &|_| {}).await?;
        assert_eq!(bench.content().await, before);
        // The next run clears up, should the server have been away when this one did.
        let good = bench.create().await?;
        bench.restore(&good.path).await?;
        assert_eq!(bench.content().await, before);
        assert_eq!(bench.beside("restore").await, [""; 0]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn of_two_restores_at_once_the_second_waits_or_says_why_it_did_not() {
    run(async {
        let bench = Bench::with("create table a (b int)").await;
        let made = bench.create().await?;
        let plan = bench.plan(&made.path).await?;

        let (one, two) = tokio::join!(
            bench.run_plan(&plan, quickly()),
            bench.run_plan(&plan, quickly())
        );
        assert_ne!(one?.old, two?.old);
        assert_eq!(bench.beside("old").await.len(), 2);

        let file = slow(&bench);
        let second = async {
            wait_for(&bench, &sleeping(&bench), "1").await;
            let options = RestoreOptions {
                wait: Duration::ZERO,
                ..quickly()
            };
            let error = bench.run_plan(&plan, options).await.unwrap_err();
            let back = rollback(&bench.target, Duration::ZERO, Duration::ZERO)
                .await
                .unwrap_err();
            let end = format!(
                "select count(pg_terminate_backend(pid))::text from pg_stat_activity where {}",
                sleeping_session(&bench)
            );
            ask(&bench.target, &end).await;
            (error, back)
        };
        let (first, (second, back)) = tokio::join!(bench.restore(&file), second);
        assert_eq!(first.unwrap_err().kind(), Kind::Unavailable);
        assert_eq!((second.kind(), second.exit_code()), (Kind::Locked, 75));
        assert_eq!(back.kind(), Kind::Locked);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_backup_that_a_restore_overtakes_is_none() {
    run(async {
        let bench = Bench::with("create table a (b int); insert into a values (1)").await;
        let made = bench.create().await?;
        let files = bench.files();
        let plan = bench.plan(&made.path).await?;
        // pg_dump waits for this lock, so the restore finds it in the middle of its work.
        let mut holder = connect(&bench.target).await?;
        let _answer = holder.execute("begin; lock table a in access exclusive mode").await.unwrap();
        let waits = format!(
            "select count(*)::text from pg_stat_activity where application_name = 'lexi-backup' and datname = '{}' and wait_event_type = 'Lock'",
            bench.target.database
        );
        let overtake = async {
            wait_for(&bench, &waits, "1").await;
            bench.run_plan(&plan, quickly()).await
        };

        let (backup, restored) = tokio::join!(bench.create(), overtake);

        assert_eq!(backup.unwrap_err().kind(), Kind::ProcessFailed);
        assert_eq!(restored?.rows, 1);
        assert_eq!(bench.files(), files);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_database_that_takes_no_connections_is_replaced_by_one_that_does() {
    run(async {
        let bench = Bench::with("create table a (b int); insert into a values (1)").await;
        let made = bench.create().await?;
        let plan = bench.plan(&made.path).await?;
        let close = format!(
            "alter database {} allow_connections false",
            admin::quote_ident(&bench.target.database)
        );
        ask_nothing(&bench.target.with_database("postgres"), &close).await;

        bench.run_plan(&plan, quickly()).await?;

        assert_eq!(bench.ask("select count(*)::text from a").await, "1");
        Ok(())
    })
    .unwrap();
}

async fn ask_nothing(target: &Target, sql: &str) {
    let mut connection = connect(target).await.unwrap();
    let done = connection
        .execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())))
        .await;
    let _answer = done.unwrap();
}

/// A small disk in memory; gone with its guard. Only root may make one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn new(megabytes: usize) -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        let mut mount = crate::ops::process::command("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"]);
        let done = mount.arg(&folder).output().unwrap();
        assert!(
            done.status.success(),
            "this test mounts a small disk: run it as root"
        );
        Self(folder)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _gone = crate::ops::process::command("umount")
            .arg("-l")
            .arg(&self.0)
            .status();
        let _empty = std::fs::remove_dir(&self.0);
    }
}

/// Rows that take far more room in a database than in a dump of it, so that looking for room beforehand does not help.
const SWOLLEN: &str = "create table a (b int primary key); create index on a (b); create index on a ((b + 1)); \
    create index on a ((b + 2)); create index on a ((b + 3)); insert into a select generate_series(1, 150000)";

#[test]
fn a_disk_that_fills_up_in_the_middle_keeps_the_live_database() {
    run(async {
        let disk = SmallDisk::new(150);
        let server = testing::start_postgres_in(&disk.0);
        let target = testing::target(&server);
        crate::ops::database::wait_until_ready(&target, Duration::from_mins(1), &|_| {}).await?;
        let mut admin = admin::maintenance(&target).await?;
        admin::create(&mut admin, "live", &admin::CreateOptions::default()).await?;
        let bench = Bench {
            target: target.with_database("live"),
            ..Bench::empty().await
        };
        bench.run(SWOLLEN).await;
        let made = bench.create().await?;
        bench.run("truncate a; insert into a values (1)").await;
        let before = bench.content().await;
        let plan = bench.plan(&made.path).await?;
        let ballast = disk.0.join("ballast");
        let room = super::super::space::free(&disk.0)?;
        std::fs::write(
            &ballast,
            vec![0; usize::try_from(room - 12 * 1024 * 1024).unwrap()],
        )
        .unwrap();

        let refused = bench.plan(&made.path).await.unwrap_err();
        let error = bench.run_plan(&plan, quickly()).await.unwrap_err();

        assert!(
            refused.message().contains("not enough room in"),
            "{}",
            refused.message()
        );
        assert!(
            error
                .message()
                .contains("the live database was not touched"),
            "{}",
            error.message()
        );
        std::fs::remove_file(&ballast).unwrap();
        crate::ops::database::wait_until_ready(&bench.target, Duration::from_mins(1), &|_| {})
            .await?;
        assert_eq!(bench.content().await, before);
        bench.restore(&made.path).await?;
        assert_eq!(bench.ask("select count(*)::text from a").await, "150000");
        assert_eq!(bench.beside("restore").await, [""; 0]);
        drop(server);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_safety_backup_without_room_keeps_the_live_database() {
    run(async {
        let disk = SmallDisk::new(6);
        let bench = Bench::with("create table a (b text)").await;
        let made = bench.create().await?;
        // It cannot be packed, so it does not fit; the first backup there makes it seem to.
        let mut request = bench.request();
        request.folder = &disk.0;
        create(&request, &|_| {}).await?;
        bench.run("insert into a select encode(sha512(g::text::bytea), 'hex') from generate_series(1, 120000) g").await;
        let before = bench.content().await;
        let plan = bench.plan(&made.path).await?;
        let options = RestoreOptions { safety_backup: true, ..quickly() };

        let error = restore(&plan, &request, options, &Cancel::detached(), &|_| {}).await.unwrap_err();

        assert!(error.message().contains("free space in") || error.full_message().contains("No space left"), "{}", error.full_message());
        assert!(error.message().ends_with(UNTOUCHED), "{}", error.message());
        assert_eq!(bench.content().await, before);
        assert_eq!(bench.beside("restore").await, [""; 0]);
        let files = std::fs::read_dir(&disk.0).unwrap().flatten();
        let partial = files.filter(|file| file.file_name().to_string_lossy().ends_with(".partial"));
        assert_eq!(partial.count(), 0);
        Ok(())
    })
    .unwrap();
}
