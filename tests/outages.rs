//! What is left of a backup and of a restore when the server restarts or the connection is cut in the middle of it.

/// Tests that need servers.
mod services {
    use std::process::{Child, Stdio};
    use std::time::{Duration, Instant};

    use crate::backups::services::{Bench, keep_two};
    use crate::harness::{HUNG, Outcome, OwnPostgres, Project, Wire};
    use crate::restores::services::Victim;
    use crate::soak::{Random, rounds, seed, wait_until};

    const UNTOUCHED: &str = "the live database was not touched";

    /// A server that may fall, and a wire to it that may be cut.
    struct Site {
        server: OwnPostgres,
        wire: Wire,
    }

    #[derive(Debug, Clone, Copy)]
    enum Outage {
        /// `pg_ctl restart -m immediate`.
        Restart,
        /// Every connection ends at once; new ones find the server.
        Cut,
    }

    impl Site {
        fn start() -> Self {
            let server = OwnPostgres::start();
            let wire = Wire::to(server.port());
            let _made = server.psql("postgres", "create database live");
            Self { server, wire }
        }

        fn project(&self) -> Project {
            Project::new()
                .env("DB_HOST", "127.0.0.1")
                .env("DB_PORT", &self.wire.port().to_string())
                .env("DB_DATABASE", "live")
                .env("DB_USERNAME", "tester")
                .env("DB_PASSWORD", "tester-password")
        }

        fn fail(&self, outage: Outage) {
            match outage {
                Outage::Restart => self.server.restart(),
                Outage::Cut => self.wire.cut(),
            }
        }
    }

    fn ended(child: Child, project: &Project) -> Outcome {
        Outcome::wait(child, HUNG, project.root(), &["run"])
    }

    fn either(random: &mut Random) -> Outage {
        if random.below(2) == 0 {
            Outage::Restart
        } else {
            Outage::Cut
        }
    }

    #[test]
    fn an_outage_in_a_backup_leaves_nothing_that_passes_for_good_and_is_not() {
        let site = Site::start();
        let bench = Bench::of(site.project()).with(6_000);
        let start = Instant::now();
        let _made = bench.project.lexi("run make").succeeds();
        let usual = u64::try_from(start.elapsed().as_millis()).unwrap();
        let mut random = Random(seed());
        let (mut made, mut failed) = (1, 0);
        for round in 0..rounds(6, 200) {
            let outage = either(&mut random);
            let what = format!("round {round}, {outage:?}");
            let making = bench.project.start(&["run", "make"]);
            std::thread::sleep(Duration::from_millis(random.below(usual)));
            site.fail(outage);

            let outcome = ended(making, &bench.project);

            if outcome.code == Some(0) {
                made += 1;
            } else {
                failed += 1;
                let outcome = outcome.exits(1);
                let errors = outcome
                    .err
                    .lines()
                    .filter(|line| line.starts_with("error: "));
                assert_eq!(errors.count(), 1, "{what}: {}", outcome.err);
            }
            assert_eq!(bench.good(), made, "{what}");
            let _next = bench.project.lexi("run make").succeeds();
            assert_eq!(bench.leftovers(), [""; 0], "{what}");
            wait_until("no dump runs on", || bench.dumps().is_empty());
            made = keep_two(&bench.project.path("backups"));
        }
        assert!(failed > 0, "no outage came in time");
        eprintln!(
            "{failed} of {} backups failed; usual time {usual} ms",
            rounds(6, 200)
        );
    }

    #[test]
    fn an_outage_in_a_restore_leaves_the_live_database_or_the_restored_one() {
        let site = Site::start();
        let victim = Victim::of(site.project(), site.server.port(), rounds(6_000, 20_000));
        let start = Instant::now();
        let _full = ended(victim.restore(true), &victim.project).succeeds();
        let length = u64::try_from(start.elapsed().as_millis()).unwrap();
        victim.drop_old();
        let mut random = Random(seed());
        let (mut failed, mut swapped) = (0, 0);
        for round in 0..rounds(8, 200) {
            victim.ask(&format!("update state set value = 'live {round}'"));
            let before = victim.content();
            let outage = either(&mut random);
            let what = format!("round {round}, {outage:?}");
            let restoring = victim.restore(true);
            // A third of them around the end, where the names are exchanged.
            let moment = if random.below(3) == 0 {
                length * 7 / 8 + random.below(length / 4)
            } else {
                random.below(length)
            };
            std::thread::sleep(Duration::from_millis(moment));
            site.fail(outage);

            let outcome = ended(restoring, &victim.project);

            victim.settled();
            let is_restored = victim.is_one_or_the_other(&before, &what);
            let is_success = outcome.code == Some(0);
            assert_eq!(is_restored, is_success, "{what}: {}", outcome.err);
            if is_success {
                swapped += 1;
            } else {
                failed += 1;
                let _told = outcome.exits(1).tells(UNTOUCHED);
            }
            victim.drop_old();
            let _next = ended(victim.restore(true), &victim.project).succeeds();
            assert_eq!(victim.content(), victim.saved, "{what}");
            victim.drop_old();
            victim.has_no_leftovers(&what);
        }
        assert!(failed > 0, "no outage came in time");
        eprintln!("{failed} restores failed, {swapped} were done; usual time {length} ms");
    }

    /// The moment before the names are exchanged is short; a transaction that holds the database makes it last.
    #[test]
    fn an_outage_while_the_names_are_exchanged_leaves_the_live_database() {
        let site = Site::start();
        let victim = Victim::of(site.project(), site.server.port(), 100);
        for outage in [Outage::Restart, Outage::Cut] {
            victim.ask("update state set value = 'live'");
            let before = victim.content();
            let mut holder = site
                .server
                .psql_command("postgres")
                .arg("-c")
                .arg("begin; comment on database live is 'held'; select pg_sleep(300)")
                .stdin(Stdio::null())
                .stderr(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            let waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like 'ALTER DATABASE \"live\" RENAME%'";
            let restoring = victim.restore(false);
            wait_until("the names are being exchanged", || {
                site.server.psql("postgres", waiting) == "1"
            });

            site.fail(outage);
            let outcome = ended(restoring, &victim.project);
            holder.kill().unwrap();
            holder.wait().unwrap();
            let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity where query like '%held%' and pid <> pg_backend_pid()";
            let _ended = site.server.psql("postgres", end);

            let _told = outcome.exits(1).tells(UNTOUCHED);
            victim.settled();
            assert!(!victim.is_one_or_the_other(&before, &format!("{outage:?}")));
            let _next = ended(victim.restore(false), &victim.project).succeeds();
            assert_eq!(victim.content(), victim.saved);
            victim.drop_old();
            victim.has_no_leftovers(&format!("{outage:?}"));
        }
    }
}
