//! Restoring: the same comes back, or the live database is as it was.

use std::sync::atomic::{AtomicBool, Ordering};

use super::super::Step;
use super::super::restore::{KeptDatabase, LIMIT, clear, kept, rollback};
use super::*;
use crate::base::{Kind, Reason};

const UNTOUCHED: &str = "; the live database was not touched";

/// A dump that is whole, with these statements.
fn dump(statements: &str) -> String {
    format!(
        "--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.1\n\n\
        SET client_encoding = 'UTF8';\nCREATE TABLE public.a (b integer);\n\
        COPY public.a (b) FROM stdin;\n1\n2\n\\.\n\n{statements}\n\
        --\n-- PostgreSQL database dump complete\n--\n\n"
    )
}

#[test]
fn what_was_backed_up_comes_back_the_same() {
    run(async {
        let bench = Bench::with(CONTENT).await;
        let name = admin::quote_ident(&bench.target.database);
        bench.run(&format!(
            "alter database {name} set search_path = public, \"Odd, one\"; alter database {name} set statement_timeout = '7min'; \
            alter database {name} connection limit 33; comment on database {name} is 'mine'; \
            revoke connect on database {name} from public"
        )).await;
        let (before, made) = (bench.content().await, bench.create().await?);
        bench.run(r#"truncate kinds; drop table "Odd ""Name; COPY x FROM stdin;"; select lo_unlink(4711)"#).await;
        assert_ne!(bench.content().await, before);

        let restored = bench.restore(&made.path).await?;

        assert_eq!(bench.content().await, before);
        assert_eq!((restored.rows, restored.tables), (301, 4));
        let settings = "select concat_ws(' ', datconnlimit, datacl, shobj_description(d.oid, 'pg_database'), s.setconfig) \
            from pg_database d join pg_db_role_setting s on s.setdatabase = d.oid where datname = current_database()";
        assert_eq!(
            bench.ask(settings).await,
            "33 {lexi=CTc/lexi,=T/lexi} mine {\"search_path=public, \\\"Odd, one\\\"\",statement_timeout=7min}"
        );
        assert_eq!(bench.beside("restore").await, [""; 0]);
        assert_eq!(Some(&bench.beside("old").await[0]), restored.old.as_ref());
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_backup_restores_where_there_is_no_database() {
    run(async {
        let bench = Bench::with(CONTENT).await;
        let (before, made) = (bench.content().await, bench.create().await?);
        let elsewhere = Bench {
            target: bench
                .target
                .with_database(format!("{}_new", bench.target.database)),
            ..Bench::empty().await
        };

        let restored = elsewhere.restore(&made.path).await?;

        assert_eq!(elsewhere.content().await, before);
        assert_eq!(restored.old, None);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_plain_dump_without_a_manifest_restores_too() {
    run(async {
        let bench = Bench::with("create table before (a int)").await;
        let file = bench.foreign("other.sql", &dump("SELECT 1;"));

        let restored = bench.restore(&file).await?;

        assert_eq!(restored.rows, 2);
        assert!(restored.warnings[0].contains("no manifest"));
        assert_eq!(bench.ask("select sum(b)::text from a").await, "3");
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_statement_that_fails_near_the_end_leaves_the_live_database_alone() {
    run(async {
        let bench = Bench::with(CONTENT).await;
        let before = bench.content().await;
        let file = bench.foreign(
            "bad.sql",
            &dump("ALTER TABLE public.a\n ADD CHECK (b < 2);"),
        );

        let error = bench.restore(&file).await.unwrap_err();

        let message = error.message();
        assert!(
            message.contains("line 14 of `bad.sql`") && message.contains("(23514)"),
            "{message}"
        );
        assert!(message.ends_with(UNTOUCHED), "{message}");
        assert_eq!(bench.content().await, before);
        assert_eq!(
            (bench.beside("restore").await, bench.beside("old").await),
            (vec![], vec![])
        );
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_check_that_finds_rows_keeps_the_live_database() {
    run(async {
        let bench = Bench::with("create table a (b int); insert into a values (1)").await;
        let made = bench.create().await?;
        let checks = tempfile::tempdir().unwrap();
        std::fs::write(
            checks.path().join("01.sql"),
            "select 1 where false;\n\nselect b from a",
        )
        .unwrap();
        let plan = bench.plan(&made.path).await?;
        let options = RestoreOptions {
            checks: Some(checks.path()),
            ..quickly()
        };

        let restored = restore(
            &plan,
            &bench.request(),
            options,
            &Cancel::detached(),
            &|_| {},
        )
        .await;

        let error = restored.unwrap_err();
        let expected = "sql/checks/01.sql:3: the check found 1 row that should not be";
        assert_eq!(error.message(), format!("{expected}{UNTOUCHED}"));
        assert_eq!(bench.beside("restore").await, [""; 0]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn being_stopped_in_the_middle_leaves_nothing_behind() {
    run(async {
        let bench = Bench::with(CONTENT).await;
        let (before, made) = (bench.content().await, bench.create().await?);
        let plan = bench.plan(&made.path).await?;
        for step in [Step::Replay, Step::Check] {
            let cancel = Cancel::root();
            let was_there = AtomicBool::new(false);
            let on = |progress: super::super::Progress| {
                if progress.step == step {
                    was_there.store(true, Ordering::Relaxed);
                    cancel.cancel(Reason::Signal(15));
                }
            };

            let stopped = restore(&plan, &bench.request(), quickly(), &cancel, &on).await;

            let error = stopped.unwrap_err();
            assert!(was_there.load(Ordering::Relaxed));
            assert_eq!((error.kind(), error.exit_code()), (Kind::Cancelled, 143));
            assert!(error.message().ends_with(UNTOUCHED), "{}", error.message());
            assert_eq!(bench.beside("restore").await, [""; 0]);
        }
        assert_eq!(bench.content().await, before);
        Ok(())
    })
    .unwrap();
}

#[test]
fn sessions_that_are_connected_are_ended_and_new_ones_find_the_new_database() {
    run(async {
        let bench = Bench::with("create table a (b int)").await;
        let made = bench.create().await?;
        bench.run("insert into a values (1)").await;
        let mut session = connect(&bench.target).await?;
        let _answer = session
            .execute("begin; lock table a in access exclusive mode")
            .await
            .unwrap();

        bench.restore(&made.path).await?;

        assert!(session.execute("select 1").await.is_err());
        assert_eq!(bench.ask("select count(*)::text from a").await, "0");
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_rollback_puts_the_old_database_back_and_can_be_undone() {
    run(async {
        let bench = Bench::with("create table a (b int)").await;
        let made = bench.create().await?;
        bench.run("insert into a values (1)").await;
        bench.restore(&made.path).await?;
        let rows = "select count(*)::text from a";
        assert_eq!(bench.ask(rows).await, "0");

        let first = rollback(&bench.target, KEEP_OLD, Duration::from_secs(5)).await?;
        assert_eq!(bench.ask(rows).await, "1");
        assert_eq!(bench.beside("old").await, [first.old.unwrap()]);

        let _second = rollback(&bench.target, KEEP_OLD, Duration::from_secs(5)).await?;
        assert_eq!(bench.ask(rows).await, "0");
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_replaced_database_is_dropped_only_after_its_time_and_a_newer_backup() {
    run(async {
        let bench = Bench::with("create table a (b int)").await;
        let made = bench.create().await?;
        let first = bench.restore(&made.path).await?.old.unwrap();
        let plan = bench.plan(&made.path).await?;
        let options = RestoreOptions {
            keep_old: Some(Duration::from_millis(1)),
            ..quickly()
        };
        let second = bench.run_plan(&plan, options).await?.old.unwrap();
        let now = jiff::Timestamp::now();
        let hour = jiff::SignedDuration::from_hours(1);
        let names = |all: Vec<KeptDatabase>| -> Vec<String> {
            all.into_iter().map(|one| one.name).collect()
        };
        assert_eq!(
            names(kept(&bench.target).await?),
            [second.clone(), first.clone()]
        );

        let past = now.checked_sub(hour).unwrap();
        assert_eq!(clear(&bench.target, Some(past)).await?, [""; 0]);
        assert_eq!(clear(&bench.target, None).await?, [""; 0]);
        let future = now.checked_add(hour).unwrap();
        assert_eq!(clear(&bench.target, Some(future)).await?, [second]);
        assert_eq!(names(kept(&bench.target).await?), [first]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn the_live_database_is_backed_up_first_and_the_backup_is_pinned() {
    run(async {
        let bench = Bench::with("create table a (b int)").await;
        let made = bench.create().await?;
        bench.run("insert into a values (1), (2)").await;
        let plan = bench.plan(&made.path).await?;
        let options = RestoreOptions {
            safety_backup: true,
            keep_old: None,
            ..quickly()
        };

        let restored = restore(
            &plan,
            &bench.request(),
            options,
            &Cancel::detached(),
            &|_| {},
        )
        .await?;

        let safety = restored.safety.unwrap().manifest;
        assert_eq!((safety.facts.rows(), restored.old), (2, None));
        assert!(safety.pin.unwrap().holds(jiff::Timestamp::now()));
        assert_eq!(bench.beside("old").await, [""; 0]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_a_killed_restore_left_goes_with_the_next() {
    run(async {
        let bench = Bench::with("create table a (b int)").await;
        let made = bench.create().await?;
        let mut admin = admin::maintenance(&bench.target).await?;
        let beside = |stamp: &str| format!("{}_restore_{stamp}", bench.target.database);
        let (left, other) = (beside("20200101_000000"), beside("20200101_000001"));
        for name in [&left, &other] {
            admin::create(&mut admin, name, &admin::CreateOptions::default()).await?;
        }
        let mark = format!(
            "alter database {} connection limit {}",
            admin::quote_ident(&left),
            LIMIT
        );
        bench.run(&mark).await;

        let restored = bench.restore(&made.path).await?;

        assert_eq!(bench.beside("restore").await, [other]);
        assert!(
            restored.warnings[0].contains(&left),
            "{:?}",
            restored.warnings
        );
        Ok(())
    })
    .unwrap();
}

#[test]
fn roles_that_do_not_exist_here_are_left_out_and_told() {
    run(async {
        let bench = Bench::empty().await;
        let statements = "ALTER TABLE public.a OWNER TO nobody_here;\nGRANT SELECT ON TABLE public.a TO \"Nobody\";\n\
            REVOKE ALL ON TABLE public.a FROM nobody_here;\nGRANT SELECT ON TABLE public.a TO PUBLIC;";
        let file = bench.foreign("roles.sql", &dump(statements));

        let restored = bench.restore(&file).await?;

        let told = restored.warnings.join("\n");
        assert!(told.contains("`Nobody` and `nobody_here`"), "{told}");
        assert_eq!(bench.ask("select relacl::text from pg_class where relname = 'a'").await, "{lexi=arwdDxt/lexi,=r/lexi}");
        Ok(())
    })
    .unwrap();
}

#[test]
fn dumps_that_cannot_be_replayed_are_refused_before_anything_is_made() {
    run(async {
        let bench = Bench::with("create table a (b int)").await;
        let cases = [
            (
                dump("SELECT 1;").replace("version 15.1", "version 99.1"),
                "this server is 15",
            ),
            (
                dump("CREATE EXTENSION IF NOT EXISTS no_such WITH SCHEMA public;"),
                "`no_such`",
            ),
            (dump("\\connect other"), "psql command"),
            (dump("DROP TABLE public.a;"), "drops objects"),
            (dump("SET client_encoding = 'LATIN1';"), "not in UTF-8"),
        ];
        for (text, why) in cases {
            let file = bench.foreign("x.sql", &text);

            let error = bench.plan(&file).await.unwrap_err();

            assert_eq!(error.kind(), Kind::Refused);
            assert!(error.message().contains(why), "{}", error.message());
        }
        let server = Bench {
            target: bench.target.with_database("postgres"),
            ..Bench::empty().await
        };
        let file = server.foreign("x.sql", &dump(""));
        assert_eq!(server.plan(&file).await.unwrap_err().kind(), Kind::Refused);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_newer_dump_and_large_objects_are_one_transaction() {
    run(async {
        let bench = Bench::empty().await;
        let statements = "SET transaction_timeout = 0;\nBEGIN;\nSELECT pg_catalog.lo_create('99');\nCOMMIT;\n\
            COMMENT ON EXTENSION plpgsql IS 'x';\nCREATE SCHEMA public;\nSELECT 1/0;";
        let bad = bench.foreign("bad.sql", &dump(statements));
        let good = bench.foreign("good.sql", &dump(&statements.replace("SELECT 1/0;", "")));

        let error = bench.restore(&bad).await.unwrap_err();
        assert!(error.message().contains("(22012)"), "{}", error.message());

        bench.restore(&good).await?;
        assert_eq!(bench.ask("select count(*)::text from pg_largeobject_metadata").await, "1");
        Ok(())
    })
    .unwrap();
}
