//! A disk that is full: what stood there stays, nothing half-written is left, and a run goes on without its record.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::harness::{LEXI, Outcome, Project};

/// Runs a script of the shell in the project, with `$1` for `lexi` and mounts that end with it.
fn with_mounts(project: &Project, script: &str) -> Outcome {
    let environment: Vec<_> = project
        .command(&[])
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    let own_mounts = if rustix::process::geteuid().is_root() {
        "-m"
    } else {
        "-rm"
    };
    let mut command = Command::new("unshare");
    command
        .args([own_mounts, "sh", "-c", script, "sh", LEXI])
        .env_clear()
        .envs(environment)
        .current_dir(project.root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    Outcome::wait(child, Duration::from_mins(2), project.root(), &["unshare"])
}

#[test]
fn a_file_that_does_not_fit_leaves_the_old_one_and_nothing_else() {
    let project = Project::new().file("big", &"x".repeat(3_000_000)).body(
        "let big = fs::read(\"big\"); \
         let ways = [|| fs::write(\"small/old\", big), || fs::copy(\"big\", \"small/copied\"), \
                     || archive::create(\"big\", \"small/packed.tar\"), || fs::stream(\"big\").write(\"small/streamed\")]; \
         for way in ways { let e = attempt(way); print(if e.ok { \"written\" } else { e.error.message }); }",
    );

    let script = "set -e; mkdir small; mount -t tmpfs -o size=1m none small; printf kept > small/old; \
                  \"$1\" run t; ls -A small; cat small/old";
    let ran = with_mounts(&project, script).succeeds();

    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 6, "{}", ran.out);
    for line in &lines[..4] {
        assert!(line.contains("No space left on device"), "{}", ran.out);
    }
    assert_eq!(lines[4..], ["old", "kept"]);
}

#[test]
fn a_run_whose_record_finds_no_room_runs_and_says_so_and_the_next_one_is_kept() {
    let project = Project::new().body("print(\"it ran\");");

    let script = "set -e; mkdir -p .lexi; mount -t tmpfs -o size=64k none .lexi; \"$1\" list > /dev/null; \
                  dd if=/dev/zero of=.lexi/fill bs=1k count=200 2> /dev/null || true; \
                  \"$1\" run t; rm .lexi/fill; \"$1\" run t; \"$1\" history; \"$1\" audit verify";
    let ran = with_mounts(&project, script)
        .succeeds()
        .tells("this run is not kept whole in the history");

    assert_eq!(ran.out.matches("it ran").count(), 2, "{}", ran.out);
    assert_eq!(ran.out.matches("  done  ").count(), 1, "{}", ran.out);
}
