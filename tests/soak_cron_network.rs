//! Daemons of several hosts that are killed, stopped and cut off: no time is lost, none is started twice, and a host that
//! does not reach the others stops its runs.

mod namespaces {
    use std::collections::{BTreeMap, BTreeSet};
    use std::process::{Child, Stdio};
    use std::time::{Duration, Instant};

    use jiff::Timestamp;

    use crate::harness::{Network, Project, Signal, send};
    use crate::soak::{Random, rounds, seed, wait_until};

    /// After so long another leads: ten seconds until the lead runs out, and what the next one needs to find that out.
    const TAKEOVER: f64 = 15.0;
    const AFTER_LEASE: f64 = TAKEOVER - 10.0;

    /// The database writes down each change of the leader, and when the lead before it ran out.
    const LOG: &str = "create table lead_log (at timestamptz default clock_timestamp(), ran_out timestamptz, owner text); \
        create function lead_log() returns trigger language plpgsql as $$ begin \
            if new.epoch <> old.epoch then insert into lead_log (ran_out, owner) values (old.expires_at, new.owner); end if; \
            return new; end $$; \
        create trigger lead_log after update on lexi.schedule_lease for each row execute function lead_log()";

    /// Hosts with one project and one database.
    struct Hosts {
        network: Network,
        projects: Vec<Project>,
        daemons: Vec<Child>,
    }

    impl Hosts {
        fn new(count: usize, tasks: &str) -> Self {
            let network = Network::new(count);
            network.sql("postgres", "create database lexi");
            let project = |_| {
                let project = Project::new().task("t.rhai", &format!("//! T\n{tasks}"));
                network.settings(project, "lexi")
            };
            let projects: Vec<Project> = (0..count).map(project).collect();
            Self {
                network,
                projects,
                daemons: Vec::new(),
            }
        }

        /// Starts the daemon of the next host.
        fn start(&mut self) {
            let daemon = self.daemon(self.daemons.len());
            self.daemons.push(daemon);
        }

        fn daemon(&self, host: usize) -> Child {
            let project = &self.projects[host];
            let command = project.command(&["cron", "--coordinator", "pg"]);
            let mut command = self.network.on(host, &command);
            let told = std::fs::File::options()
                .create(true)
                .append(true)
                .open(project.path("told"))
                .unwrap();
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(told);
            command.spawn().unwrap()
        }

        fn signal(&self, host: usize, signal: Signal) {
            let pid = i32::try_from(self.daemons[host].id()).unwrap();
            assert!(send(signal, pid), "{}", self.told());
        }

        fn kill(&mut self, host: usize) {
            self.signal(host, Signal::KILL);
            self.daemons[host].wait().unwrap();
        }

        fn sql(&self, sql: &str) -> String {
            self.network.sql("lexi", sql)
        }

        fn moment(&self, sql: &str) -> Option<Timestamp> {
            let sql = format!(
                "select to_char(({sql}) at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.USZ')"
            );
            self.sql(&sql).parse().ok()
        }

        /// The host that leads, or led last.
        fn leader(&self) -> Option<usize> {
            let owner = self.sql("select owner from lexi.schedule_lease");
            let pid = owner.split(" pid ").nth(1)?.split(' ').next()?;
            let pid: u32 = pid.parse().ok()?;
            self.daemons.iter().position(|daemon| daemon.id() == pid)
        }

        /// What all daemons have told, for a person who looks why a test fails.
        fn told(&self) -> String {
            let projects = self.projects.iter().enumerate();
            let told = projects.map(|(host, project)| {
                let text = std::fs::read_to_string(project.path("told")).unwrap_or_default();
                let lines: Vec<&str> = text.lines().rev().take(60).collect();
                let lines: Vec<&str> = lines.into_iter().rev().collect();
                format!("host {host}:\n{}\n", lines.join("\n"))
            });
            told.collect()
        }
    }

    impl Drop for Hosts {
        fn drop(&mut self) {
            for daemon in &mut self.daemons {
                if daemon.try_wait().is_ok_and(|status| status.is_none()) {
                    let (id, pid) = (daemon.id(), i32::try_from(daemon.id()).unwrap());
                    let runs = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
                    send(Signal::KILL, pid);
                    daemon.wait().unwrap();
                    for run in runs.unwrap_or_default().split_whitespace() {
                        send(Signal::TERM, -run.parse::<i32>().unwrap());
                    }
                }
            }
        }
    }

    fn late(at: Timestamp, after: Timestamp) -> f64 {
        at.duration_since(after).as_secs_f64()
    }

    #[test]
    fn a_host_that_is_cut_off_stops_its_run_and_another_takes_over() {
        // What does not obey has to be killed, with what it started.
        let task = "task(\"t\", #{ about: \"Try\", schedule: #{ cron: \"* * * * * *\", profiles: [\"dev\"] } }, || {\n\
            process::run(\"sh\", [\"-c\", \"trap '' TERM; echo $$ > pid; sleep 300\"]);\n});\n";
        let mut hosts = Hosts::new(2, task);
        hosts.start();
        let pid_of = |hosts: &Hosts, host: usize| -> Option<i32> {
            let text = std::fs::read_to_string(hosts.projects[host].path("pid")).ok()?;
            text.trim().parse().ok()
        };
        wait_until("it runs", || pid_of(&hosts, 0).is_some());
        let pid = pid_of(&hosts, 0).unwrap();
        hosts.sql(LOG);
        hosts.start();

        hosts.network.cut(0);

        wait_until("the run is gone", || !send(Signal::CONT, pid));
        let gone = Timestamp::now();
        wait_until("another leads", || hosts.leader() == Some(1));
        let change = |column: &str| {
            let sql = format!("select {column} from lead_log order by at desc limit 1");
            hosts.moment(&sql).unwrap()
        };
        let (ran_out, took) = (change("ran_out"), change("at"));
        assert!(
            late(gone, ran_out) < TAKEOVER,
            "stopped at {gone}, the lead ran out at {ran_out}"
        );
        assert!(
            (0.0..AFTER_LEASE).contains(&late(took, ran_out)),
            "the lead ran out at {ran_out} and was taken at {took}"
        );
        wait_until("it runs there", || pid_of(&hosts, 1).is_some());
        println!(
            "cut off: the run was gone {:.1} s before the lead ran out, another led {:.1} s after that",
            -late(gone, ran_out),
            late(took, ran_out)
        );

        // The host comes back and stands by; then the one that leads dies.
        hosts.network.mend(0);
        let standing = || {
            hosts.projects[0]
                .read("told")
                .contains("standing by: the lead is held by")
        };
        wait_until("it stands by", standing);
        let died = Timestamp::now();
        let run = pid_of(&hosts, 1).unwrap();
        hosts.kill(1);
        wait_until("the first leads again", || {
            hosts
                .moment("select max(at) from lead_log")
                .is_some_and(|at| at > died)
        });
        let took = hosts.moment("select max(at) from lead_log").unwrap();
        assert!(
            late(took, died) < TAKEOVER,
            "died at {died}, taken at {took}"
        );
        println!("dead host: another led after {:.1} s", late(took, died));
        send(Signal::KILL, run);
        let doubles = "select count(*) from (select from lexi.schedule_start group by entry, slot having count(*) > 1) s";
        assert_eq!(hosts.sql(doubles), "0");
    }

    #[test]
    fn a_time_that_comes_while_the_cable_is_out_for_a_moment_is_not_lost() {
        let task = "task(\"t\", #{ about: \"Try\", schedule: #{ cron: \"* * * * * *\", profiles: [\"dev\"], overlap: \"allow\", catch_up: \"all\" } }, || { });\n";
        let mut hosts = Hosts::new(1, task);
        hosts.start();
        let has_started = |hosts: &Hosts| {
            hosts.sql("select to_regclass('lexi.schedule_start') is not null") == "t"
                && hosts.sql("select count(*) > 0 from lexi.schedule_start") == "t"
        };
        wait_until("it runs", || has_started(&hosts));
        let first = hosts
            .moment("select max(slot) from lexi.schedule_start")
            .unwrap();

        hosts.network.cut(0);
        std::thread::sleep(Duration::from_millis(2_500));
        hosts.network.mend(0);

        // Those that came in between could not note their start at once.
        let last = Timestamp::now();
        let gaps = format!(
            "select slot from generate_series('{first}'::timestamptz, date_trunc('second', '{last}'::timestamptz), '1 s') slot \
             where not exists (select from lexi.schedule_start started where started.slot = slot.slot)"
        );
        let since = Instant::now();
        while !hosts.sql(&gaps).is_empty() {
            let is_late = since.elapsed() > crate::harness::HUNG;
            assert!(!is_late, "gaps: {}\n{}", hosts.sql(&gaps), hosts.told());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What befalls a host.
    #[derive(Debug, Clone, Copy)]
    enum Blow {
        Kill,
        Stop,
        Cut,
    }

    fn strike(hosts: &mut Hosts, host: usize, blow: Blow, lasts: Duration) {
        match blow {
            Blow::Kill => {
                hosts.kill(host);
                let daemon = hosts.daemon(host);
                hosts.daemons[host] = daemon;
            }
            Blow::Stop => hosts.signal(host, Signal::STOP),
            Blow::Cut => hosts.network.cut(host),
        }
        std::thread::sleep(lasts);
        match blow {
            Blow::Kill => {}
            Blow::Stop => hosts.signal(host, Signal::CONT),
            Blow::Cut => hosts.network.mend(host),
        }
    }

    /// The bodies that really ran, by entry and second; each writes down what it was started for.
    fn ran(hosts: &Hosts) -> BTreeMap<(String, i64), usize> {
        let mut ran = BTreeMap::new();
        for project in &hosts.projects {
            let text = std::fs::read_to_string(project.path("ran")).unwrap_or_default();
            for line in text.lines() {
                // cron-PID-ENTRY-TIME-TRY
                let mut parts = line.splitn(4, '-').skip(2);
                let entry = parts.next().unwrap().to_owned();
                let (at, _attempt) = parts.next().unwrap().rsplit_once('-').unwrap();
                let at: Timestamp = at.parse().unwrap();
                *ran.entry((entry, at.as_second())).or_default() += 1;
            }
        }
        ran
    }

    /// Pairs of an entry and a second.
    fn pairs(hosts: &Hosts, sql: &str) -> BTreeSet<(String, i64)> {
        let rows = hosts.sql(sql);
        let pair = |line: &str| {
            let (entry, second) = line.split_once('|').unwrap();
            (entry.to_owned(), second.parse().unwrap())
        };
        rows.lines().map(pair).collect()
    }

    const STARTED: &str = "select entry, extract(epoch from slot)::bigint from lexi.schedule_start";
    const FAILED: &str = "select entry, extract(epoch from (note->>'slot')::timestamptz)::bigint from lexi.schedule_note \
        where note->>'what' = 'ended' and note->>'exit' is distinct from '0'";

    /// A line for each second of two whole minutes, and when they begin: what waited for hosts that were away has the machine
    /// for itself after them.
    fn two_minutes() -> (String, Timestamp) {
        let begin = Timestamp::now().as_second() / 60 * 60 + 120;
        let begin = Timestamp::from_second(begin).unwrap();
        let [one, two] = [0, 60].map(|seconds| {
            let at = begin + Duration::from_secs(seconds);
            at.to_zoned(jiff::tz::TimeZone::UTC)
        });
        let minutes = format!("{},{}", one.minute(), two.minute());
        let line = format!("* {minutes} {},{} * * *", one.hour(), two.hour());
        (line, begin)
    }

    /// Short: 2 tasks, one blow of each kind at the leader. Full: 100 tasks (or `LEXI_SOAK_ROUNDS`) in each of 120 seconds, 100
    /// seconds of blows.
    #[test]
    fn no_time_is_lost_or_started_twice_on_hosts_that_are_killed_stopped_or_cut_off() {
        let (tasks, is_full) = (rounds(2, 100), rounds(0, 1) > 0);
        let blows = if is_full { usize::MAX } else { 3 };
        let times = is_full.then(two_minutes);
        let line = times
            .as_ref()
            .map_or("* * * * * *", |(line, _)| line.as_str());
        let task = |number| {
            format!(
                "task(\"t{number}\", #{{ about: \"Try\", schedule: #{{ cron: \"{line}\", tz: \"UTC\", profiles: [\"dev\"], \
                 catch_up: \"all\", overlap: \"allow\", grace: \"10s\" }} }}, || {{ fs::append(\"ran\", env::get(\"LEXI_RUN_ID\") + \"\\n\"); }});\n"
            )
        };
        let mut hosts = Hosts::new(3, &(0..tasks).map(task).collect::<String>());
        let mut random = Random(seed());
        (0..3).for_each(|_| hosts.start());
        let known = "select count(distinct entry) from lexi.schedule_note";
        let has_tables = "select to_regclass('lexi.schedule_note') is not null";
        wait_until("all are known", || {
            hosts.sql(has_tables) == "t" && hosts.sql(known) == tasks.to_string()
        });
        hosts.sql(LOG);
        let first = times.as_ref().map_or_else(
            || Timestamp::now().as_second() + 1,
            |(_, begin)| begin.as_second(),
        );
        if let Some((_, begin)) = &times {
            let ahead = Duration::try_from(begin.duration_since(Timestamp::now()));
            std::thread::sleep(ahead.expect("all are known before the first time"));
        }
        let end = Instant::now() + Duration::from_secs(100);
        let mut order = [Blow::Kill, Blow::Stop, Blow::Cut];
        order.rotate_left(usize::try_from(random.below(3)).unwrap());
        let mut struck = [0; 3];
        for number in 0..blows {
            if Instant::now() >= end {
                break;
            }
            // In the short form each blow takes the lead from somebody.
            let is_long = !is_full || random.below(4) == 0;
            let blow = if is_full {
                order[usize::try_from(random.below(3)).unwrap()]
            } else {
                order[number]
            };
            let other = usize::try_from(random.below(3)).unwrap();
            let host = if is_long || random.below(2) == 0 {
                hosts.leader().unwrap_or(other)
            } else {
                other
            };
            let more = Duration::from_millis(random.below(2_000));
            let lasts = Duration::from_millis(if is_long { 11_500 } else { 300 }) + more;
            strike(&mut hosts, host, blow, lasts);
            struck[blow as usize] += 1;
            std::thread::sleep(Duration::from_millis(random.below(700)));
        }
        let last = if is_full {
            first + 119
        } else {
            Timestamp::now().as_second() - 1
        };
        let wanted: BTreeSet<(String, i64)> = (0..tasks)
            .flat_map(|number| (first..=last).map(move |second| (format!("t{number}"), second)))
            .collect();
        let waiting = Instant::now();
        let missing = |hosts: &Hosts| -> Vec<(String, i64)> {
            wanted.difference(&pairs(hosts, STARTED)).cloned().collect()
        };
        // What waited for hosts that were away is caught up by as many as the machine can run at once.
        let patience = crate::harness::HUNG * if is_full { 5 } else { 1 };
        while !missing(&hosts).is_empty() && waiting.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(200));
        }
        let left = missing(&hosts);
        assert!(left.is_empty(), "lost: {left:?}\n{}", hosts.told());
        for host in 0..3 {
            hosts.signal(host, Signal::TERM);
            hosts.daemons[host].wait().unwrap();
        }
        let (ran, started) = (ran(&hosts), pairs(&hosts, STARTED));
        let doubles: Vec<_> = ran.iter().filter(|(_, count)| **count > 1).collect();
        assert!(doubles.is_empty(), "{doubles:?}\n{}", hosts.told());
        let unclaimed: Vec<_> = ran.keys().filter(|one| !started.contains(one)).collect();
        assert!(unclaimed.is_empty(), "{unclaimed:?}\n{}", hosts.told());
        let skipped = "select note from lexi.schedule_note where note->>'what' = 'skipped'";
        assert_eq!(hosts.sql(skipped), "", "{}", hosts.told());
        // A run that was stopped between its claim and its work is known as one that failed.
        let failed = pairs(&hosts, FAILED);
        let idle: Vec<_> = started
            .iter()
            .filter(|one| !ran.contains_key(one))
            .collect();
        let silent: Vec<_> = idle.iter().filter(|one| !failed.contains(one)).collect();
        assert!(silent.is_empty(), "{silent:?}\n{}", hosts.told());
        let lates = hosts.sql("select extract(epoch from at - ran_out) from lead_log order by 1");
        let lates: Vec<f64> = lates.lines().map(|late| late.parse().unwrap()).collect();
        let is_in_time = |late: &f64| (0.0..AFTER_LEASE).contains(late);
        assert!(lates.iter().all(is_in_time), "{lates:?}\n{}", hosts.told());
        println!(
            "seed {}: 3 hosts, {tasks} tasks, {} starts, {} kills, {} stops, {} cuts, {} changes of the leader, the slowest \
             {:.1} s after the lead ran out: 0 lost, 0 double, {} stopped before their work",
            seed(),
            started.len(),
            struck[0],
            struck[1],
            struck[2],
            lates.len(),
            lates.last().copied().unwrap_or_default(),
            idle.len()
        );
    }
}
