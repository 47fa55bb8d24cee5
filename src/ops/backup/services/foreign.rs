//! Dumps that other tools made: each comes back the same, or is refused before anything is made.

use std::io::Write;

use super::super::restore::pick;
use super::super::verify;
use super::*;
use crate::base::Kind;
use crate::ops::process::command;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn packed_by(program: &str, path: &Path) -> PathBuf {
    let out = command(program).arg("-c").arg(path).output().unwrap();
    let packed = path.with_extension(program);
    std::fs::write(&packed, out.stdout).unwrap();
    packed
}

#[test]
fn plain_dumps_of_pg_dump_come_back_the_same_whatever_its_options() {
    run(async {
        let bench = Bench::with(CONTENT).await;
        let (before, schema) = (bench.content().await, bench.schema());
        let options: [&[&str]; 8] = [
            &[],
            &["--inserts"],
            &["--column-inserts", "--rows-per-insert=100"],
            &["--no-owner", "--no-acl", "--no-comments"],
            &["--use-set-session-authorization"],
            &["--quote-all-identifiers"],
            &["--disable-dollar-quoting"],
            &["--compress=9"],
        ];
        for args in options {
            let file = bench.dumped("dump.sql", args);
            bench.run("truncate kinds, rls; drop function f").await;

            bench.restore(&file).await?;

            // `--no-comments` loses one, and says so.
            if !args.contains(&"--no-comments") {
                assert_eq!(bench.content().await, before, "{args:?}");
                assert_eq!(bench.schema(), schema, "{args:?}");
            }
            let file = bench.dumped("again.sql", &[]);
            let same = bench.restore(&file).await?;
            assert_eq!(same.rows, 301, "{args:?}");
            if args.contains(&"--no-comments") {
                bench
                    .run("comment on table rls is E'COPY s1 FROM stdin;\\n1\\n\\\\.\\n'")
                    .await;
            }
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn gzip_of_several_members_comes_back_the_same() {
    run(async {
        let bench = Bench::with(CONTENT).await;
        let before = bench.content().await;
        let dump = bench.tool("pg_dump", &[]);
        let (first, rest) = dump.split_at(dump.len() / 3);
        let (second, third) = rest.split_at(1);
        let path = bench.folder.path().join("parts.sql.gz");
        std::fs::write(
            &path,
            [gzip(first), gzip(second), gzip(b""), gzip(third)].concat(),
        )
        .unwrap();

        bench.restore(&path).await?;

        assert_eq!(bench.content().await, before);
        Ok(())
    })
    .unwrap();
}

#[test]
fn zstd_comes_back_the_same_and_damaged_is_refused() {
    run(async {
        let bench = Bench::with(CONTENT).await;
        let before = bench.content().await;
        let path = packed_by("zstd", &bench.dumped("dump.sql", &[]));
        bench.run("truncate kinds, rls; drop function f").await;

        bench.restore(&path).await?;

        assert_eq!(bench.content().await, before);
        let good = std::fs::read(&path).unwrap();
        let middle = good.len() / 2;
        let flipped = [&good[..middle], &[good[middle] ^ 4], &good[middle + 1..]].concat();
        for bad in [&good[..middle], &flipped, &[&good[..], b"more"].concat()] {
            std::fs::write(&path, bad).unwrap();

            let error = bench.plan(&path).await.unwrap_err();

            assert_eq!(error.kind(), Kind::Corrupt, "{error}");
        }
        assert_eq!(bench.content().await, before);
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_cannot_be_replayed_is_refused_with_its_remedy() {
    run(async {
        let bench = Bench::with(CONTENT).await;
        let plain = bench.dumped("plain.sql", &[]);
        let all = bench.folder.path().join("all.sql");
        std::fs::write(&all, bench.tool("pg_dumpall", &["--globals-only"])).unwrap();
        let cases = [
            (
                bench.dumped("c.dump", &["-Fc"]),
                "an archive of pg_dump",
                "pg_restore -f",
            ),
            (
                bench.dumped("t.tar", &["-Ft"]),
                "an archive of pg_dump",
                "pg_restore -f",
            ),
            (
                bench.dumped("clean.sql", &["--clean", "--if-exists"]),
                "drops objects",
                "pg_dump --format=plain",
            ),
            (
                bench.dumped("create.sql", &["--create"]),
                "creates its database",
                "pg_dump --format=plain",
            ),
            (
                bench.dumped("latin.sql", &["--encoding=LATIN1"]),
                "not in UTF-8",
                "--encoding=UTF8",
            ),
            (all, "whole cluster", "pg_dump --format=plain"),
            (packed_by("xz", &plain), "packed with xz", "xz -dk"),
            (packed_by("bzip2", &plain), "packed with bzip2", "bzip2 -dk"),
        ];
        for (file, why, remedy) in cases {
            let error = bench.plan(&file).await.unwrap_err();

            assert_eq!(error.kind(), Kind::Refused, "{}", file.display());
            assert!(error.message().contains(why), "{}", error.message());
            let hint = error.hint_text().unwrap();
            assert!(hint.contains(remedy), "{hint}");
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_directory_dump_is_refused_with_its_remedy() {
    run(async {
        let bench = Bench::with(CONTENT).await;
        let folder = bench.folder.path();
        bench.tool(
            "pg_dump",
            &["-Fd", "-f", folder.join("dir").to_str().unwrap()],
        );

        let error = pick("dir", folder, folder, &bench.target.database).unwrap_err();

        assert_eq!(error.kind(), Kind::Refused);
        assert!(error.hint_text().unwrap().contains("pg_restore -f"));
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_dump_without_tables_is_refused_and_one_without_rows_is_told() {
    run(async {
        let bench = Bench::with(CONTENT).await;

        let data = bench.dumped("data.sql", &["--data-only"]);
        let error = bench.plan(&data).await.unwrap_err();
        assert!(
            error.message().contains("holds no table"),
            "{}",
            error.message()
        );

        let schema = bench.dumped("schema.sql", &["--schema-only"]);
        let warnings = bench.plan(&schema).await?.warnings;
        assert!(
            warnings.iter().any(|one| one.contains("no rows at all")),
            "{warnings:?}"
        );
        Ok(())
    })
    .unwrap();
}

/// The trap that `psql -1 -v ON_ERROR_STOP=1` falls into: a dump cut at the end of a row is committed as it is.
#[test]
fn a_dump_cut_at_the_end_of_a_row_is_refused_although_gzip_and_psql_take_it() {
    run(async {
        let bench = Bench::with(CONTENT).await;
        let dump = bench.tool("pg_dump", &[]);
        let rows = memchr::memmem::find(&dump, b" FROM stdin;\n1\t").unwrap();
        let cut = rows + 14 + memchr::memchr(b'\n', &dump[rows + 14..]).unwrap() + 1;
        let path = bench.folder.path().join("cut.sql.gz");
        std::fs::write(&path, gzip(&dump[..cut])).unwrap();
        assert!(
            command("gzip")
                .arg("-t")
                .arg(&path)
                .status()
                .unwrap()
                .success()
        );

        let error = bench.plan(&path).await.unwrap_err();

        assert_eq!(error.kind(), Kind::Corrupt);
        assert!(
            error.message().contains("ends among the rows of"),
            "{}",
            error.message()
        );
        Ok(())
    })
    .unwrap();
}

#[test]
fn lines_that_went_through_a_terminal_are_told() {
    run(async {
        let bench =
            Bench::with("create table a (b text); insert into a values ('x'), (null)").await;
        let dump = String::from_utf8(bench.tool("pg_dump", &[])).unwrap();
        let file = bench.foreign("crlf.sql", &dump.replace('\n', "\r\n"));

        let plan = bench.plan(&file).await?;

        assert!(
            plan.warnings
                .iter()
                .any(|one| one.contains("through a terminal")),
            "{:?}",
            plan.warnings
        );
        bench.run_plan(&plan, quickly()).await?;
        assert_eq!(
            bench.ask("select count(b) || ' ' || count(*) from a").await,
            "1 2"
        );
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_names_no_schema_is_told_with_the_reason() {
    run(async {
        let bench = Bench::with(
            "create function one() returns int language sql immutable as 'select 1'; \
            create function two() returns int language sql immutable as 'select one()'; \
            create table a (b int); insert into a values (1); create index on a ((b + two()))",
        )
        .await;
        let before = bench.content().await;
        let made = bench.create().await?;

        let error = bench.restore(&made.path).await.unwrap_err();

        assert!(
            error.message().contains("function one() does not exist"),
            "{}",
            error.message()
        );
        assert!(
            error
                .message()
                .ends_with("the live database was not touched")
        );
        assert!(
            error.hint_text().unwrap().contains("search_path"),
            "{:?}",
            error.hint_text()
        );
        assert_eq!(bench.content().await, before);
        Ok(())
    })
    .unwrap();
}

/// A role of one's own, since roles belong to the whole server.
fn role(bench: &Bench, name: &str) -> String {
    format!("{}_{name}", bench.target.database)
}

#[test]
fn policies_for_roles_that_are_not_here_are_refused_by_name() {
    run(async {
        let bench = Bench::with("create table a (b int)").await;
        let clerk = role(&bench, "clerk");
        bench.run(&format!(
            "create role {clerk}; alter table a enable row level security; create policy p on a for select to {clerk} using (b > 0)"
        )).await;
        let schema = bench.schema();
        let file = bench.dumped("policy.sql", &[]);
        bench.run(&format!("drop policy p on a; drop role {clerk}")).await;

        let error = bench.plan(&file).await.unwrap_err();

        assert_eq!(error.kind(), Kind::Refused);
        assert!(error.message().contains(&format!("`{clerk}`")), "{}", error.message());
        let hint = error.hint_text().unwrap();
        assert!(hint.contains(&format!("CREATE ROLE \"{clerk}\";")), "{hint}");

        bench.run(&format!("create role {clerk}")).await;
        bench.restore(&file).await?;
        assert_eq!(bench.schema(), schema);
        Ok(())
    })
    .unwrap();
}

#[test]
fn owners_and_rights_can_be_left_out() {
    run(async {
        let bench = Bench::with("create table a (b int)").await;
        let (boss, reader) = (role(&bench, "boss"), role(&bench, "reader"));
        bench.run(&format!(
            "create role {boss} superuser; create role {reader}; alter table a owner to {boss}; grant select on a to {reader}; \
            alter default privileges for role {boss} grant select on tables to {reader}"
        )).await;
        let schema = bench.schema();
        for args in [&[][..], &["--use-set-session-authorization"]] {
            let file = bench.dumped("owned.sql", args);

            let ours = plan(&file, &bench.target, Owners::Ours, &|_| {}).await?;
            bench.run_plan(&ours, quickly()).await?;
            let owner = "select pg_get_userbyid(relowner) || coalesce(relacl::text, '') from pg_class where relname = 'a'";
            assert_eq!(bench.ask(owner).await, "lexi", "{args:?}");

            bench.restore(&file).await?;
            assert_eq!(bench.schema(), schema, "{args:?}");
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_user_who_is_no_superuser_restores_what_is_his() {
    run(async {
        let bench = Bench::with(
            "create extension citext; create extension pgcrypto; create extension pg_stat_statements; \
            create table a (b citext); insert into a values ('x')",
        )
        .await;
        let user = role(&bench, "user");
        bench.run(&format!("create role {user} login createdb password '{}'", testing::PASSWORD)).await;
        let made = bench.create().await?;
        let mut target = bench.target.with_database(format!("{}_his", bench.target.database));
        target.user.clone_from(&user);
        let his = Bench { target, ..Bench::empty().await };

        let restored = his.restore(&made.path).await?;

        let told = restored.warnings.join("\n");
        assert!(told.contains("`lexi`") && told.contains("extension `pg_stat_statements`"), "{told}");
        let owner = "select pg_get_userbyid(relowner) || (select b from a) from pg_class where relname = 'a'";
        assert_eq!(his.ask(owner).await, format!("{user}x"));

        his.run("update a set b = 'y'").await;
        his.restore(&made.path).await?;
        assert_eq!(his.ask("select b::text from a").await, "x");
        Ok(())
    })
    .unwrap();
}

#[test]
fn tablespaces_and_subscriptions_that_are_not_here_are_told() {
    run(async {
        let bench = Bench::with("create table a (b int)").await;
        let dump = String::from_utf8(bench.tool("pg_dump", &[])).unwrap();
        let odd = dump.replace("SET default_tablespace = '';", "SET default_tablespace = nowhere;").replace(
            "--\n-- PostgreSQL database dump complete",
            "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = 's');\n\
            ALTER SUBSCRIPTION s OWNER TO lexi;\n--\n-- PostgreSQL database dump complete",
        );
        assert!(odd.contains("nowhere"));
        let file = bench.foreign("odd.sql", &odd);

        let restored = bench.restore(&file).await?;

        let told = restored.warnings.join("\n");
        assert!(told.contains("tablespace `nowhere`") && told.contains("subscription `s`"), "{told}");
        assert_eq!(bench.ask("select count(*)::text from pg_subscription where subdbid = (select oid from pg_database where datname = current_database())").await, "0");
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_newer_pg_dump_is_taken_and_a_newer_server_is_not() {
    run(async {
        let bench = Bench::with("create table a (b int); insert into a values (1)").await;
        let dump = String::from_utf8(bench.tool("pg_dump", &[])).unwrap();
        // What pg_dump 17 writes into every dump, also of an older server.
        let newer = dump
            .replace("by pg_dump version 15", "by pg_dump version 17")
            .replace(
                "SET lock_timeout = 0;",
                "SET lock_timeout = 0;\nSET transaction_timeout = 0;",
            );
        let file = bench.foreign("newer.sql", &newer);

        assert_eq!(bench.restore(&file).await?.rows, 1);

        let file = bench.foreign(
            "server.sql",
            &newer.replace("database version 15", "database version 17"),
        );
        assert!(verify(&file, &|_| {}).await.is_ok());
        let error = bench.plan(&file).await.unwrap_err();
        assert!(
            error.message().contains("PostgreSQL 17, this server is 15"),
            "{}",
            error.message()
        );
        Ok(())
    })
    .unwrap();
}

#[test]
fn statements_that_end_the_transaction_or_reach_beyond_are_refused() {
    run(async {
        let bench = Bench::with("create table a (b int)").await;
        let dump = String::from_utf8(bench.tool("pg_dump", &[])).unwrap();
        for sql in [
            "ROLLBACK;",
            "COMMIT WORK;",
            "ALTER DATABASE x RENAME TO y;",
            "CREATE ROLE x;",
            "COPY a TO PROGRAM 'sh';",
        ] {
            let end = "--\n-- PostgreSQL database dump complete";
            let file = bench.foreign("x.sql", &dump.replace(end, &format!("{sql}\n{end}")));

            let error = bench.plan(&file).await.unwrap_err();

            assert_eq!(error.kind(), Kind::Refused, "{sql}");
        }
        Ok(())
    })
    .unwrap();
}
