//! What a kill at a bad moment leaves behind, and the next start that must come to terms with it.

use std::os::unix::process::CommandExt;

use super::*;
use crate::ops::native::server::Outcome;
use crate::ops::process;

#[test]
fn a_killed_postgres_comes_back_with_its_rows() {
    let stage = Stage::new();
    let first = stage.one(Profile::Dev, &postgres(port(30)));
    stage
        .sql(&target(port(30)), "CREATE TABLE t AS SELECT 7 AS a")
        .unwrap();

    kill_hard(first.pid);
    let second = stage.one(Profile::Dev, &postgres(port(30)));

    assert_eq!(second.outcome, Outcome::Started);
    assert_eq!(
        stage
            .sql(&target(second.port), "SELECT a::text FROM t")
            .unwrap(),
        "7"
    );
}

#[test]
fn a_killed_redis_comes_back_with_its_keys() {
    let stage = Stage::new();
    let first = stage.one(Profile::Dev, &redis(port(32)));
    assert!(redis_says(port(32), "SET k kept").contains("+OK\r\n+OK"));

    kill_hard(first.pid);
    let second = stage.one(Profile::Dev, &redis(port(32)));

    assert_ne!(second.pid, first.pid);
    assert!(redis_says(second.port, "GET k").contains("kept"));
}

#[test]
fn servers_without_a_state_are_adopted() {
    let stage = Stage::new();
    let all = lifecycle::merge(postgres(port(34)), &redis(port(35)));
    let first = stage.up(Profile::Dev, &all).unwrap().running;
    for (service, text) in [("postgres", ""), ("redis", "{\"server\":\"re")] {
        std::fs::write(stage.folder(Profile::Dev, service).join("state.json"), text).unwrap();
    }

    let second = stage.up(Profile::Dev, &all).unwrap().running;

    for (first, second) in first.iter().zip(&second) {
        assert_eq!(second.outcome, Outcome::Adopted);
        assert_eq!((second.pid, second.port), (first.pid, first.port));
    }
    std::fs::remove_file(stage.folder(Profile::Dev, "redis").join("state.json")).unwrap();
    assert_eq!(stage.down(Profile::Dev).len(), 2, "down finds them as well");
}

#[test]
fn a_half_made_data_folder_is_made_again() {
    let stage = Stage::new();
    let folder = stage.folder(Profile::Dev, "postgres");
    std::fs::create_dir_all(folder.join("data.tmp/base")).unwrap();
    std::fs::write(folder.join("data.tmp/PG_VERSION"), "15\n").unwrap();
    std::fs::write(folder.join("pwfile"), "old").unwrap();
    // A program of a killed run that is still at work in the folder.
    let mut left = process::command("sleep");
    left.arg("600").current_dir(folder.join("data.tmp"));
    let mut left = left.process_group(0).spawn().unwrap();

    let running = stage.one(Profile::Dev, &postgres(port(36)));

    assert_eq!(running.outcome, Outcome::Started);
    assert!(!folder.join("data.tmp").exists() && !folder.join("pwfile").exists());
    // The driver buried it already.
    assert_eq!(Identity::of(left.id()), None);
    let _buried = left.wait();
}

#[test]
fn a_start_that_is_called_off_leaves_nothing_running() {
    let stage = Stage::new();
    let folder = stage.folder(Profile::Dev, "postgres");
    let services = parse(&postgres(port(38)));
    let driver = stage.driver(Profile::Dev);
    let log = folder.join("log");
    // First while the data folder is made, then while the server starts.
    for moment in ["", "starting PostgreSQL"] {
        let cancel = Cancel::detached();
        let stop = cancel.clone();
        let seen = log.clone();
        let watcher = std::thread::spawn(move || {
            wait_until("the moment comes", || {
                std::fs::read_to_string(&seen).is_ok_and(|text| text.contains(moment))
            });
            stop.cancel(crate::base::Reason::Signal(2));
        });

        let result = stage
            .runtime
            .wait(&cancel, driver.up(&services, LIMIT, &|_| ()));

        watcher.join().unwrap();
        // A fast machine may be done before the request comes; then the servers are wanted.
        if result.is_err() {
            let users = super::super::proc::users_of(&folder.join("data"));
            assert!(users.is_empty(), "{users:?}");
        }
        stage.down(Profile::Dev);
    }

    assert_eq!(stage.one(Profile::Dev, &postgres(port(38))).port, port(38));
}

#[test]
fn a_lock_file_that_names_another_living_process_is_stale() {
    let stage = Stage::new();
    let first = stage.one(Profile::Dev, &postgres(port(40)));
    stage.down(Profile::Dev);
    assert_eq!(Identity::of(first.pid), None);
    let data = stage.folder(Profile::Dev, "postgres").join("data");
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&data).unwrap());
    // PostgreSQL itself refuses to start when this process belongs to its own user.
    let mut other = process::command("sleep");
    other.arg("600");
    if rustix::process::geteuid().is_root() {
        other.uid(owner);
    }
    let mut other = other.spawn().unwrap();
    let text = format!(
        "{}\n{}\n0\n{}\n\n127.0.0.1\n1 2\nready\n",
        other.id(),
        data.display(),
        port(40)
    );
    let pid_file = data.join("postmaster.pid");
    std::fs::write(&pid_file, text).unwrap();
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&pid_file, Some(owner), Some(owner)).unwrap();
    }

    let second = stage.one(Profile::Dev, &postgres(port(40)));

    assert_eq!(second.outcome, Outcome::Started);
    assert!(
        Identity::of(other.id()).is_some(),
        "the other process is left alone"
    );
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn a_port_lost_between_choice_and_start_is_tried_elsewhere() {
    let stage = Stage::new();
    let file = stage.folder(Profile::Dev, "postgres").join("state.json");
    let watcher = std::thread::spawn(move || {
        wait_until("the port is chosen", || file.exists());
        TcpListener::bind((Ipv4Addr::LOCALHOST, port(42))).ok()
    });

    let running = stage.one(Profile::Dev, &postgres(port(42)));

    // The server is slower than this, but nothing forbids it to win.
    let taken = watcher.join().unwrap();
    assert_eq!(running.port == port(42), taken.is_none());
    assert_eq!(stage.sql(&target(running.port), "SELECT 'x'").unwrap(), "x");
}

#[test]
fn two_starts_at_once_make_one_server() {
    let stage = Stage::new();
    let services = parse(&redis(port(44)));
    let up = || {
        let runtime = Runtime::default();
        let driver = stage.driver(Profile::Dev);
        let up = runtime.wait(&Cancel::detached(), driver.up(&services, LIMIT, &|_| ()));
        up.unwrap().running[0].pid
    };

    let pids: Vec<u32> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(up)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });

    assert!(pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
}

#[test]
fn a_moved_project_takes_its_running_server_along() {
    let stage = Stage::new();
    let outer = stage.dir.path().canonicalize().unwrap();
    let (old, new) = (outer.join("old/.lexi"), outer.join("new/.lexi"));
    std::fs::create_dir_all(&old).unwrap();
    let services = parse(&postgres(port(46)));
    let driver = Driver::new(&old, Profile::Dev, Stage::search());
    let first = stage.wait(driver.up(&services, LIMIT, &|_| ())).unwrap();
    std::fs::rename(outer.join("old"), outer.join("new")).unwrap();

    let driver = Driver::new(&new, Profile::Dev, Stage::search());
    let second = stage.wait(driver.up(&services, LIMIT, &|_| ())).unwrap();

    let stopped = stage.wait(driver.down(&[], &|_| ())).unwrap();
    assert_eq!(second.running[0].pid, first.running[0].pid);
    assert_eq!(stopped.len(), 1);
}
