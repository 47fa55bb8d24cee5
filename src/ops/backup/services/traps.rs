//! The ways in which backups of PostgreSQL have lost data, each with the test that shows what becomes of it here.
//!
//! | trap | test |
//! |---|---|
//! | a pipe hides that `pg_dump` failed or was killed | `tests/backups.rs`: `a_killed_pg_dump_is_no_backup`, `cron_gets_silence_on_success_and_one_block_on_failure` |
//! | a dump cut at the end of a row restores "fine" | `foreign`: `a_dump_cut_at_the_end_of_a_row_is_refused_although_gzip_and_psql_take_it` |
//! | listing an archive is taken for verifying it | `damage`: `no_truncation_and_no_flipped_bit_is_accepted`; `foreign`: `what_cannot_be_replayed_is_refused_with_its_remedy` |
//! | errors while replaying go unnoticed | `restoring`: `a_statement_that_fails_near_the_end_leaves_the_live_database_alone` |
//! | a second restore doubles the rows | here: `restoring_twice_doubles_nothing` |
//! | `BEGIN; COMMIT;` around large objects ends the one transaction | `restoring`: `a_newer_dump_and_large_objects_are_one_transaction` |
//! | `--clean` on a live database; a reader holds everything up | `foreign`: `what_cannot_be_replayed_is_refused_with_its_remedy`; `restoring`: `sessions_that_are_connected_are_ended_and_new_ones_find_the_new_database` |
//! | retention deletes the last good one | `retention_tests`: `newer_bad_files_never_push_out_good_ones`, `a_wrong_clock_deletes_nothing`, `whatever_the_folder_and_the_rules_nothing_that_matters_goes` |
//! | a full disk leaves a part of a file under the final name | `tests/backups.rs`: `a_full_disk_leaves_the_old_backup_and_nothing_else`; `faults`: `a_disk_that_fills_up_in_the_middle_keeps_the_live_database`, `a_safety_backup_without_room_keeps_the_live_database` |
//! | the password stands on a command line or in a log | `tests/backups.rs`: `the_password_stands_on_no_command_line_and_in_no_output` |
//! | a `pg_dump` older or newer than the server | `tool`: `another_major_version_is_refused_with_the_remedy`; `foreign`: `a_newer_pg_dump_is_taken_and_a_newer_server_is_not` |
//! | `\restrict` and `\unrestrict` around the dump | here: `dumps_with_and_without_a_key_are_whole` |
//! | `search_path` is empty while a dump is replayed | `foreign`: `what_names_no_schema_is_told_with_the_reason`; here: `what_names_its_schemas_comes_back` |
//! | owners and comments of extensions of others | `foreign`: `a_user_who_is_no_superuser_restores_what_is_his` |
//! | settings of the database are not in the dump | `restoring`: `what_was_backed_up_comes_back_the_same` |
//! | `-n public` loses large objects and extensions | here: `what_lies_outside_of_public_comes_back` |
//! | a terminal changes line ends; messages mix into the dump | `tests/backup_containers.rs`: `the_containers_own_pg_dump_is_used_and_its_dump_is_proven`; `foreign`: `lines_that_went_through_a_terminal_are_told` |
//! | a restore drops first and fails then | all of `faults`; `tests/outages.rs`; `tests/restores.rs` |
//! | a dump is larger than its database | here: `a_dump_larger_than_its_database_is_made_and_restored` |
//! | Redis ignores a file that is put under its log | `tests/backups.rs`: `redis_gets_its_data_back_in_spite_of_its_log_and_nothing_is_deleted`; `tests/redis_restores.rs` |
//! | the old system's SQL does not run on a fresh server | `tests/initialise.rs`: `three_runs_change_nothing_after_the_first` |

use super::super::verify;
use super::*;
use crate::base::Kind;

#[test]
fn restoring_twice_doubles_nothing() {
    run(async {
        let bench =
            Bench::with("create table keyless (a int); insert into keyless values (1), (1), (2)")
                .await;
        let (before, made) = (bench.content().await, bench.create().await?);

        bench.restore(&made.path).await?;
        bench.restore(&made.path).await?;

        assert_eq!(bench.content().await, before);
        Ok(())
    })
    .unwrap();
}

#[test]
fn dumps_with_and_without_a_key_are_whole() {
    run(async {
        let bench = Bench::with(CONTENT).await;
        let before = bench.content().await;
        let with = String::from_utf8(bench.tool("pg_dump", &["--restrict-key=Key"])).unwrap();
        assert!(
            with.contains("\n\\restrict Key\n") && with.trim_end().ends_with("\n\\unrestrict Key")
        );
        let without = with
            .replace("\\restrict Key\n", "")
            .replace("\\unrestrict Key\n", "");
        for (name, text) in [("with.sql", &with), ("without.sql", &without)] {
            bench.run("truncate kinds").await;
            let file = bench.foreign(name, text);

            bench.restore(&file).await?;

            assert_eq!(bench.content().await, before, "{name}");
        }
        // The end mark is no longer the last line, so it must not be looked for there alone.
        let end = with.find("-- PostgreSQL database dump complete").unwrap();
        let cut = bench.foreign("cut.sql", &format!("{}\\unrestrict Key\n\n", &with[..end]));
        let error = verify(&cut, &|_| {}).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Corrupt, "{error}");
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_names_its_schemas_comes_back() {
    run(async {
        let bench = Bench::with(
            "create extension unaccent; \
            create function plain(text) returns text language sql immutable parallel safe set search_path = public \
                as $$ select unaccent('public.unaccent', $1) $$; \
            create text search configuration legal (copy = english); \
            create table papers (title text, words tsvector generated always as (to_tsvector('public.legal', title)) stored); \
            insert into papers values ('Café of the parties'); \
            create index on papers (plain(title)); create index on papers using gin (words)",
        )
        .await;
        let (before, schema) = (bench.content().await, bench.schema());
        let made = bench.create().await?;
        bench.run("drop table papers").await;

        bench.restore(&made.path).await?;

        assert_eq!((bench.content().await, bench.schema()), (before, schema));
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_lies_outside_of_public_comes_back() {
    run(async {
        let bench = Bench::with(
            "create schema tools; create extension citext schema tools; create schema audit; \
            create table audit.log (who tools.citext); insert into audit.log values ('Me'); \
            select lo_from_bytea(5, 'abc')",
        )
        .await;
        let (before, schema) = (bench.content().await, bench.schema());
        let made = bench.create().await?;
        assert!(made.manifest.facts.extensions.contains("citext"));
        assert_eq!(made.manifest.facts.large_objects, 1);
        bench
            .run("drop schema audit cascade; drop extension citext; select lo_unlink(5)")
            .await;

        bench.restore(&made.path).await?;

        assert_eq!((bench.content().await, bench.schema()), (before, schema));
        Ok(())
    })
    .unwrap();
}

/// Large fields are packed in the database, and are not in a dump.
#[test]
fn a_dump_larger_than_its_database_is_made_and_restored() {
    run(async {
        let bench = Bench::with("create table a (b text); insert into a select repeat(g::text || ' party; ', 2000000) from generate_series(1, 3) g").await;
        let before = bench.content().await;

        let made = bench.create().await?;

        let size: u64 = bench.ask("select pg_database_size(current_database())::text").await.parse().unwrap();
        assert!(made.manifest.facts.raw_bytes > size, "{} and {size}", made.manifest.facts.raw_bytes);
        bench.restore(&made.path).await?;
        assert_eq!(bench.content().await, before);
        Ok(())
    })
    .unwrap();
}
