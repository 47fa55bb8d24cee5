//! Real programs: what they leave behind, and what is made of it.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, test_kill_process};
use tokio::io::AsyncReadExt;

use super::*;
use crate::base::settings::Environment;
use crate::base::{Cancel, Error, Kind, Result, Secret};
use crate::runtime::Runtime;

const SHORT: Duration = Duration::from_millis(200);

fn registry() -> Arc<Registry> {
    Arc::new(Registry::new(&Environment::of(&[(
        "PATH",
        "/usr/bin:/bin",
    )])))
}

fn sh(script: &str) -> Program {
    Program::new("sh").arg("-c").arg(script)
}

fn run<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    Runtime::default().wait(&Cancel::detached(), future)
}

/// Waits for a file that a program writes, and reads a process number from it.
async fn pid_in(path: &Path) -> Pid {
    until(|| {
        let pid = std::fs::read_to_string(path).ok()?;
        pid.strip_suffix('\n')?.parse().ok().and_then(Pid::from_raw)
    })
    .await
}

async fn until<T>(condition: impl Fn() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(tokio::time::Instant::now() < deadline, "waited too long");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn is_alive(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid()));
    test_kill_process(pid).is_ok() && !stat.is_ok_and(|stat| stat.contains(") Z "))
}

#[test]
fn capture_keeps_both_streams_and_the_code() {
    let registry = registry();

    let captured = run(sh("echo out; echo err >&2; exit 3").capture(&registry, 100)).unwrap();

    assert_eq!(
        (
            captured.stdout_text().as_str(),
            captured.stderr_text().as_str()
        ),
        ("out\n", "err\n")
    );
    let error = captured.ok("sh").unwrap_err();
    assert_eq!(error.message(), "`sh` exited with code 3: err");
    assert_eq!(registry.live(), 0);
}

#[test]
fn bytes_larger_than_the_pipe_go_through_unchanged() {
    let bytes: Vec<u8> = (0..3_000_000_u32)
        .map(|n| n.to_le_bytes()[0] ^ 0x80)
        .collect();

    let program = Program::new("cat").stdin(Stdin::Bytes(bytes.clone()));
    let captured = run(program.capture(&registry(), 4_000_000)).unwrap();

    assert!(captured.stdout == bytes);
}

#[test]
fn a_program_need_not_read_its_stdin() {
    let program = Program::new("true").stdin(Stdin::Bytes(vec![0; 1_000_000]));

    let captured = run(program.capture(&registry(), 10)).unwrap();

    assert!(captured.exit.is_success());
}

#[test]
fn output_over_the_limit_stops_the_program() {
    let error = run(async {
        let registry = registry();
        let result = Program::new("yes").capture(&registry, 1_000_000).await;
        registry.stop_all(GRACE).await;
        assert_eq!(registry.live(), 0);
        result
    })
    .unwrap_err();

    assert_eq!(
        error.message(),
        "`yes` wrote more than 976.6 KB and was stopped"
    );
}

#[test]
fn the_environment_and_folder_are_as_given() {
    let dir = tempfile::tempdir().unwrap();
    let program = sh("echo $A $B $PWD ${C-none}; echo $LEXI_RUN_ID")
        .env("C", "x")
        .clear_env()
        .env("A", "1")
        .secret_env("B", &Secret::new("2"))
        .dir(dir.path());
    assert!(!format!("{program:?}").contains("\"2\""));
    let registry = registry();

    let text = run(program.capture(&registry, 1000)).unwrap().stdout_text();

    let expected = format!("1 2 {} x\n{}\n", dir.path().display(), registry.run_id());
    assert_eq!(text, expected);
}

#[test]
fn a_run_inside_a_run_is_a_part_of_it() {
    let inner = Registry::new(&Environment::of(&[(RUN_ID, "outer")]));

    assert!(inner.run_id().starts_with("outer/"));
}

#[test]
fn lines_are_handed_on_by_channel_and_the_last_is_not_lost() {
    let lines = Mutex::new(Vec::new());
    let on_line =
        |channel: Channel, line: &str| lines.lock().unwrap().push((channel, line.to_owned()));

    let error =
        run(sh("echo one; printf two; printf oops >&2; exit 1").stream_ok(&registry(), &on_line))
            .unwrap_err();

    assert_eq!(error.fields()["stderr"], "oops");
    let lines = lines.into_inner().unwrap();
    let out: Vec<&str> = lines
        .iter()
        .filter(|(channel, _)| *channel == Channel::Stdout)
        .map(|(_, line)| line.as_str())
        .collect();
    assert_eq!(out, ["one", "two"]);
}

#[test]
fn a_time_limit_stops_the_whole_group() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pid");
    let program = sh("sleep 1000 & echo $! > pid; wait").dir(dir.path());

    let (error, grandchild) = run(async {
        let registry = registry();
        let result = program.timeout(SHORT * 5).capture(&registry, 10).await;
        let pid = pid_in(&file).await;
        until(|| (!is_alive(pid)).then_some(())).await;
        Ok((result.unwrap_err(), pid))
    })
    .unwrap();

    assert_eq!(error.kind(), Kind::Timeout);
    assert_eq!(error.message(), "`sh` took longer than 1s and was stopped");
    assert!(!is_alive(grandchild));
}

#[test]
fn a_dropped_future_stops_the_group_even_if_it_ignores_sigterm() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pid");
    let script = "trap '' TERM; (trap '' TERM; echo $(exec sh -c 'echo $PPID') > pid; \
                  while :; do sleep 0.05; done) & wait";

    run(async {
        let registry = registry();
        let program = sh(script).dir(dir.path()).grace(SHORT);
        let pid = tokio::select! {
            _ = program.capture(&registry, 10) => panic!("it never ends by itself"),
            pid = pid_in(&file) => pid,
        };
        assert!(is_alive(pid));
        registry.stop_all(SHORT).await;
        assert!(!is_alive(pid));
        assert_eq!(registry.live(), 0);
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_leaves_its_group_is_found_by_its_mark() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pid");

    run(async {
        let registry = registry();
        let script = "setsid sh -c 'echo $$ > pid; exec sleep 1000' >/dev/null 2>&1 &";
        sh(script).dir(dir.path()).capture(&registry, 10).await?;
        let pid = pid_in(&file).await;
        registry.stop_all(SHORT).await;
        assert!(is_alive(pid), "it has a group of its own");

        let swept = registry.sweep(SHORT).await;

        assert_eq!(swept, 1);
        assert!(!is_alive(pid));
        assert_eq!(registry.sweep(SHORT).await, 0);
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_is_left_in_the_background_ends_with_the_run() {
    let registry = registry();

    run(async {
        let text = sh("sleep 1000 & echo $!").capture(&registry, 100).await?;
        let pid = Pid::from_raw(text.stdout_text().trim().parse().unwrap()).unwrap();
        assert!(is_alive(pid) && registry.live() == 1);

        assert_eq!(registry.stop_all(GRACE).await, 1);

        assert!(!is_alive(pid));
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_registry_that_started_nothing_looks_at_nothing() {
    assert!(!registry().has_started());
}

#[test]
fn a_piped_program_gives_its_output_and_its_end() {
    let (text, exit, tail) = run(async {
        let mut running = sh("echo data; echo trouble >&2; exit 4").spawn_piped(&registry())?;
        let mut text = String::new();
        let mut stdout = running.take_stdout().unwrap();
        stdout.read_to_string(&mut text).await.unwrap();
        let exit = running.finish().await?;
        Ok((text, exit, running.stderr_tail()))
    })
    .unwrap();

    assert_eq!((text.as_str(), exit.code), ("data\n", Some(4)));
    assert_eq!(tail, "trouble\n");
}

#[test]
fn a_huge_stderr_does_not_block_and_only_its_end_is_kept() {
    let tail = run(async {
        let script = "i=0; while [ $i -lt 20000 ]; do echo line number $i >&2; i=$((i+1)); done";
        let mut running = sh(script).spawn_piped(&registry())?;
        running.finish().await?;
        Ok(running.stderr_tail())
    })
    .unwrap();

    assert!(tail.len() <= 64 * 1024 && tail.ends_with("line number 19999\n"));
}

#[test]
fn a_dropped_running_program_is_stopped() {
    run(async {
        let registry = registry();
        let running = Program::new("sleep").arg("1000").spawn_piped(&registry)?;
        let pid = Pid::from_raw(running.id()).unwrap();

        drop(running);

        until(|| (!is_alive(pid)).then_some(())).await;
        until(|| (registry.live() == 0).then_some(())).await;
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_missing_program_or_folder_is_named() {
    let missing: Error = run(Program::new("no-such-thing").capture(&registry(), 1)).unwrap_err();
    assert_eq!(missing.message(), "program `no-such-thing` was not found");

    let error = run(Program::new("true").dir("/no/such").capture(&registry(), 1)).unwrap_err();
    assert_eq!(
        error.message(),
        "cannot start `true` in `/no/such`: there is no such folder"
    );
}

#[test]
fn a_program_in_the_foreground_gives_its_code() {
    let program = sh("exit 7");

    let exit = run(program.foreground(&registry(), &Cancel::detached())).unwrap();

    assert_eq!(exit.code, Some(7));
}
