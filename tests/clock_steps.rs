//! `lexi cron` on a machine whose clock is set: a kernel of its own, user-mode Linux, so that the clock is really set and
//! that of this machine is not.

mod kernel {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use crate::harness::{HUNG, Outcome, Project, program};

    const INSTALL: &str = "apt-get install -y --no-install-recommends user-mode-linux";

    /// Each minute and each second, with the three ways to make up for what was missed.
    const TASKS: &str = r#"//! T
task("skip", #{ about: "Try", schedule: #{ cron: "*/2 * * * * *", profiles: ["dev"], grace: "5s" } }, || { fs::append("ran", "skip\n"); });
task("latest", #{ about: "Try", schedule: #{ cron: "* * * * *", profiles: ["dev"], catch_up: "latest" } }, || { fs::append("ran", "latest\n"); });
task("all", #{ about: "Try", schedule: #{ cron: "*/10 * * * *", profiles: ["dev"], catch_up: "all", within: "3h" } }, || { fs::append("ran", "all\n"); });
"#;

    /// Runs a script as the first process of a machine of its own, whose disk is ours; only the project can be written to.
    fn boot(project: &Project, script: &str) -> Outcome {
        let folder = project.path("");
        let root = folder.display();
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        let init = format!(
            "#!/bin/sh\nmount -t proc proc /proc\nmount -t tmpfs none /run\nmount -t hostfs none {root} -o {root}\n\
             exec >{root}/console 2>&1\ncd {root}\nexport {path} HOME={root} NO_COLOR=1 LEXI_DRIVER=native TZ=UTC\n\
             {script}\npoweroff -f\n"
        );
        project.write("init", &init);
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(project.path("init"), executable).unwrap();
        let mut kernel = Command::new("linux.uml");
        kernel
            .args([
                "mem=512M",
                "rootfstype=hostfs",
                "rootflags=/",
                "ro",
                "quiet",
            ])
            .args(["con=null", "con0=null"])
            .arg(format!("init={root}/init"))
            .process_group(0)
            .env("HOME", &folder)
            .env("TMPDIR", &folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = kernel.spawn().unwrap_or_else(|e| panic!("{e}: {INSTALL}"));
        Outcome::wait(child, HUNG, project.root(), &["linux.uml"])
    }

    /// A daemon in the background that is ended after the steps between; `$lexi` is the program.
    fn with_daemon(steps: &str) -> String {
        let lexi = program();
        format!(
            "lexi='{}'\n$lexi cron 2>told & daemon=$!\nuntil grep -q 'schedules, the next' told; do sleep 0.2; done\n\
             sleep 6\n{steps}\nkill $daemon; wait $daemon; date +%s >ended\n",
            lexi.display()
        )
    }

    fn notes(project: &Project, entry: &str) -> Vec<serde_json::Value> {
        let text = project.read(&format!(".lexi/schedule/dev/{entry}.jsonl"));
        let lines = text.lines();
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    fn moment(note: &serde_json::Value, key: &str) -> i64 {
        let at: Timestamp = serde_json::from_value(note[key].clone()).unwrap();
        at.as_second()
    }

    /// That each time between two moments was started once or left out once, and no time twice.
    #[track_caller]
    fn each_is_decided_once(
        project: &Project,
        entry: &str,
        every: i64,
        from: i64,
        to: i64,
    ) -> (usize, usize) {
        let notes = notes(project, entry);
        let (mut started, mut skipped) = (0, 0);
        let first = from + (every - from % every);
        for slot in (first..=to).step_by(usize::try_from(every).unwrap()) {
            let starts = notes
                .iter()
                .filter(|note| note["what"] == "started" && moment(note, "slot") == slot)
                .count();
            let skips = notes
                .iter()
                .filter(|note| note["what"] == "skipped" && note["why"].is_string())
                .filter(|note| (moment(note, "from")..=moment(note, "to")).contains(&slot))
                .count();
            let at = Timestamp::from_second(slot)
                .unwrap()
                .to_zoned(TimeZone::UTC);
            assert_eq!(
                starts + skips,
                1,
                "{entry} at {at}: {notes:#?}\n{}",
                project.read("told")
            );
            (started, skipped) = (started + starts, skipped + skips);
        }
        (started, skipped)
    }

    /// The number that the script wrote to a file.
    fn number(project: &Project, name: &str) -> i64 {
        project.read(name).trim().parse().unwrap()
    }

    #[test]
    fn times_that_a_clock_jumps_over_are_made_up_for_or_left_out_and_none_comes_twice() {
        let project = Project::new().task("t.rhai", TASKS);
        let steps = "date +%s >began\ndate -s '+1 hour' >/dev/null\nsleep 6\ndate -s '-1 hour' >/dev/null\nsleep 4\n\
            date -s '+1 hour' >/dev/null\nsleep 4\ndate +%s >hour\ndate -s '+1 day' >/dev/null\nsleep 6\n\
            last=$(date -u -d @$(( $(date +%s) / 600 * 600 )) +%Y-%m-%dT%H:%M:%SZ)\n\
            until grep -q \"$last\" .lexi/schedule/dev/all.jsonl; do sleep 0.5; done\n";

        let _booted = boot(&project, &with_daemon(steps));

        let (began, hour, ended) = (
            number(&project, "began"),
            number(&project, "hour"),
            number(&project, "ended"),
        );
        assert!(
            hour - began > 3_600 && ended - hour > 86_400,
            "{began} {hour} {ended}"
        );
        let (started, skipped) = each_is_decided_once(&project, "skip", 2, began - 4, ended - 3);
        assert!(started >= 6 && skipped > 40_000, "{started} {skipped}");
        let (started, skipped) = each_is_decided_once(&project, "latest", 60, began, ended - 3);
        assert!(started >= 2 && skipped > 1_400, "{started} {skipped}");
        // Six in the first hour, eighteen in the last three of the day, and what came by itself.
        let (started, skipped) = each_is_decided_once(&project, "all", 600, began, ended - 10);
        assert!(
            (22..=26).contains(&started) && skipped > 120,
            "{started} {skipped}"
        );
        let ran = project.read("ran");
        let all: usize = ["skip", "latest", "all"]
            .iter()
            .map(|entry| {
                notes(&project, entry)
                    .iter()
                    .filter(|note| note["what"] == "started")
                    .count()
            })
            .sum();
        assert_eq!(ran.lines().count(), all);
    }

    #[test]
    fn a_clock_that_is_set_again_and_again_ends_no_daemon() {
        let project = Project::new().task("t.rhai", TASKS);
        // The moment that counts is the one in which the daemon does not wait.
        let steps = "for number in $(seq 300); do date -s \"$(date '+%F %T.%N')\" >/dev/null; done\n\
            kill -0 $daemon && echo alive >alive\n";

        let _booted = boot(&project, &with_daemon(steps));

        let told = project.read("told");
        assert!(project.path("alive").exists(), "{told}");
        assert!(!told.contains("error:"), "{told}");
    }

    #[test]
    fn a_clock_that_was_wrong_by_a_day_counts_from_where_it_is_put() {
        let project = Project::new().task("t.rhai", TASKS);
        let steps = "date +%s >wrong\ndate -s '-1 day' >/dev/null\ndate +%s >right\nsleep 6\n";

        let _booted = boot(&project, &with_daemon(steps));

        let told = project.read("told");
        assert!(told.contains("skip: the clock was put back to "), "{told}");
        let (right, ended) = (number(&project, "right"), number(&project, "ended"));
        let (started, _) = each_is_decided_once(&project, "skip", 2, right + 1, ended - 3);
        assert!(started >= 1, "{told}");
    }
}
