//! A run of migrations that is interrupted anywhere ends, after a plain second run, as if nothing had happened.
//!
//! Every statement of the series is preceded by a gate, an advisory lock that the test can hold: the run stands still there
//! and is interrupted. Indexes that are built concurrently are stopped by an old transaction instead.

mod services {
    use std::io::Write;
    use std::process::{Child, ChildStdin, Stdio};

    use crate::harness::{HUNG, Outcome, OwnPostgres, Project, Signal, send};
    use crate::soak::{Random, rounds, seed, wait_until};

    const GATES: u64 = 9;
    const SECOND_INDEX: u64 = GATES + 2;
    /// The gate that stands before it.
    const BEFORE_SECOND: u64 = 5;

    const SERIES: [(&str, &str); 5] = [
        (
            "1_tables.sql",
            "create type mood as enum ('ok');\nselect gate.at(1);\ncreate table a (id int, x int);\nselect gate.at(2);\n\
             insert into a select n, n % 7 from generate_series(1, 500) n;\ncreate index a_old on a (x);\nselect gate.at(3);",
        ),
        (
            "2_outside.sql",
            "-- lexi:no-transaction\ninsert into a values (501, 1);\nselect gate.at(4);\n\
             create index concurrently a_x on a (x, id);\nset work_mem = '5MB';\ninsert into a values (502, 2);\n\
             select gate.at(5);\ncreate unique index concurrently on a (id);\nvacuum a;\nalter type mood add value 'sad';\n\
             select gate.at(6);\nbegin;\ninsert into a values (503, 3);\nselect gate.at(7);\ninsert into a values (504, 4);\n\
             commit;\ndrop index concurrently a_old;",
        ),
        (
            "3_after.up.sql",
            "create table b as select count(*) as n, sum(x) as s from a;\nselect gate.at(8);\nalter table a add c mood;",
        ),
        ("3_after.down.sql", "alter table a drop c;\ndrop table b;"),
        (
            "R__view.sql",
            "create or replace view v as select * from b;\nselect gate.at(9);",
        ),
    ];

    const SETUP: &str = "create schema gate; create function gate.at(n int) returns void language plpgsql as \
        $$ begin perform pg_advisory_lock_shared(99, n); perform pg_advisory_unlock_shared(99, n); end $$;";

    /// What is done to a run that stands still.
    #[derive(Debug, Clone, Copy)]
    enum Blow {
        Kill,
        LoseWork,
        LoseAll,
        RestartServer,
    }

    const BLOWS: [Blow; 4] = [
        Blow::Kill,
        Blow::LoseWork,
        Blow::LoseAll,
        Blow::RestartServer,
    ];

    /// A session that holds something until it is dropped.
    struct Holder {
        child: Child,
        input: Option<ChildStdin>,
    }

    impl Holder {
        fn new(server: &OwnPostgres, database: &str, sql: &str) -> Self {
            let mut child = server.psql_command(database);
            let mut child = child
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut input = child.stdin.take().unwrap();
            writeln!(input, "{sql}").unwrap();
            Self {
                child,
                input: Some(input),
            }
        }
    }

    impl Drop for Holder {
        fn drop(&mut self) {
            drop(self.input.take());
            self.child.wait().unwrap();
        }
    }

    struct Bench {
        server: OwnPostgres,
        project: Project,
    }

    impl Bench {
        fn new() -> Self {
            let server = OwnPostgres::start();
            let project = Project::lexiflow()
                .env("DB_HOST", "127.0.0.1")
                .env("DB_PORT", &server.port().to_string())
                .env("DB_DATABASE", "series")
                .env("DB_USERNAME", "tester")
                .env("DB_PASSWORD", "none")
                .env("MIGRATE_SNAPSHOT", "false");
            std::fs::remove_dir_all(project.path("migrations")).unwrap();
            for (name, text) in SERIES {
                project.write(&format!("migrations/{name}"), text);
            }
            Self { server, project }
        }

        fn fresh(&self) {
            self.server
                .psql("postgres", "drop database if exists series with (force)");
            self.server
                .psql("postgres", "create database series template template0");
            self.server.psql("series", SETUP);
        }

        fn ask(&self, sql: &str) -> String {
            self.server.psql("series", sql)
        }

        fn migrate(&self) -> Outcome {
            self.project.lexi("run migrate")
        }

        /// The schema as `pg_dump` has it, the rows, and what the history says about them.
        fn state(&self) -> (String, String, String) {
            let rows = self.ask("select (select string_agg(a::text, ' ' order by id) from a), (select string_agg(v::text, '') from v)");
            let history = self.ask(
                "select string_agg(concat_ws(' ', version, name, checksum, state, statements, unsure, known_indexes), ';' order by version) \
                 from lexi.migrations",
            );
            (self.server.dump_schema("series"), rows, history)
        }

        /// Starts a run that stops at a gate, or in the middle of an index, and does this to it.
        fn interrupt(&self, place: u64, blow: Blow) -> Outcome {
            let gate = match place {
                // The second index is only reached when nothing stops the first one.
                SECOND_INDEX => Some(BEFORE_SECOND),
                1..=GATES => Some(place),
                _ => None,
            };
            let mut gate = gate.map(|number| (self.closed_gate(number), number));
            let mut old = (place > GATES && gate.is_none()).then(|| self.old_transaction());
            let mut child = self.project.start(&["run", "migrate"]);
            let mut wait_for = |sql: &str| {
                wait_until("the run has come there", || {
                    assert!(
                        child.try_wait().unwrap().is_none(),
                        "{place} {blow:?}: it ended before"
                    );
                    self.ask(sql) == "1"
                });
            };
            if let Some((_, number)) = &gate {
                wait_for(&format!(
                    "select count(*) from pg_locks where classid = 99 and objid = {number} and not granted"
                ));
            }
            if place == SECOND_INDEX {
                old = Some(self.old_transaction());
                drop(gate.take());
            }
            if place > GATES {
                wait_for(
                    "select count(*) from pg_stat_progress_create_index where phase like 'waiting%'",
                );
            }
            self.strike(&mut child, blow);
            let outcome = Outcome::wait(child, HUNG, self.project.root(), &["run", "migrate"]);
            drop((gate, old));
            outcome
        }

        fn closed_gate(&self, number: u64) -> Holder {
            let holder = Holder::new(
                &self.server,
                "series",
                &format!("select pg_advisory_lock(99, {number});"),
            );
            wait_until("the gate is closed", || {
                self.ask(&format!("select count(*) from pg_locks where classid = 99 and objid = {number} and granted")) == "1"
            });
            holder
        }

        /// A transaction that began before every index and lets none of them come to its end. It is opened on another
        /// table, so that it is in nobody's way otherwise.
        fn old_transaction(&self) -> Holder {
            let holder = Holder::new(
                &self.server,
                "series",
                "begin isolation level repeatable read; select count(*) from pg_class;",
            );
            wait_until("the old transaction is open", || {
                self.ask(
                    "select count(*) from pg_stat_activity where state = 'idle in transaction'",
                ) == "1"
            });
            holder
        }

        fn strike(&self, child: &mut Child, blow: Blow) {
            let end = |whom: &str| {
                self.ask(&format!("select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'lexi' {whom}"))
            };
            match blow {
                Blow::Kill => assert!(send(Signal::KILL, i32::try_from(child.id()).unwrap())),
                Blow::LoseWork => assert_eq!(end("and state <> 'idle'"), "1"),
                Blow::LoseAll => assert_ne!(end(""), "0"),
                Blow::RestartServer => self.server.restart(),
            }
        }
    }

    #[test]
    fn migrations_survive_any_interruption() {
        let mut random = Random(seed());
        let bench = Bench::new();
        bench.fresh();
        let _undisturbed = bench.migrate().succeeds();
        let wanted = bench.state();
        let places = SECOND_INDEX;
        let is_full = rounds(0, 1) == 1;
        for round in 0..rounds(6, 4 * usize::try_from(places).unwrap()) {
            let number = u64::try_from(round).unwrap();
            let (place, blow) = if is_full {
                (
                    1 + number % places,
                    BLOWS[usize::try_from(number / places).unwrap()],
                )
            } else {
                (
                    1 + random.below(places),
                    BLOWS[usize::try_from(random.below(4)).unwrap()],
                )
            };
            bench.fresh();

            let first = bench.interrupt(place, blow);
            let again = bench.migrate();

            let what = format!(
                "place {place}, {blow:?}\n-- first\n{}\n-- again\n{}",
                first.err, again.err
            );
            assert_ne!(first.code, Some(0), "{what}");
            assert_eq!(again.code, Some(0), "{what}");
            assert_eq!(bench.state(), wanted, "{what}");
            let _clean = bench
                .project
                .lexi("run migrate-status --exit-code")
                .succeeds();
        }
    }
}
