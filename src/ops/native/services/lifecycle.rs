//! Starting, finding, asking and ending servers when nothing goes wrong, and the refusals.

use std::os::unix::fs::MetadataExt;

use super::*;
use crate::base::Kind;
use crate::ops::native::server::Outcome;

#[test]
fn a_started_server_is_found_by_the_next_run_and_ends_well() {
    let stage = Stage::new();

    let first = stage.one(Profile::Dev, &postgres(port(0)));

    assert_eq!((first.outcome, first.port), (Outcome::Started, port(0)));
    assert!(first.version.starts_with("15."), "{}", first.version);
    assert_eq!(
        published_port(&stage.state(), Profile::Dev, "postgres"),
        Some(port(0))
    );
    assert_eq!(
        published_port(&stage.state(), Profile::Test, "postgres"),
        None
    );
    let second = stage.one(Profile::Dev, &postgres(port(0)));
    assert_eq!((second.outcome, second.pid), (Outcome::Running, first.pid));
    assert!(!second.is_outdated);

    let stopped = stage.down(Profile::Dev);

    assert_eq!(stopped[0].pid, first.pid);
    assert_eq!(Identity::of(first.pid), None);
    assert_eq!(
        published_port(&stage.state(), Profile::Dev, "postgres"),
        None
    );
    assert!(
        read(&stage.folder(Profile::Dev, "postgres").join("log"))
            .contains("database system is shut down")
    );
    assert!(stage.down(Profile::Dev).is_empty());
}

#[test]
fn a_server_runs_unprivileged_with_its_data_closed_to_others() {
    let stage = Stage::new();

    let running = stage.one(Profile::Dev, &postgres(port(2)));

    let status = read(Path::new(&format!("/proc/{}/status", running.pid)));
    let uid = status
        .lines()
        .find_map(|line| line.strip_prefix("Uid:\t"))
        .unwrap();
    assert!(!uid.starts_with("0\t"), "{uid}");
    let groups = status
        .lines()
        .find_map(|line| line.strip_prefix("Groups:"))
        .unwrap();
    if rustix::process::geteuid().is_root() {
        assert_eq!(groups.trim(), "");
    }
    let folder = stage.folder(Profile::Dev, "postgres");
    assert_eq!(
        std::fs::metadata(folder.join("data")).unwrap().mode() & 0o777,
        0o700
    );
    assert!(!folder.join("pwfile").exists() && !folder.join("data.tmp").exists());
    let group = std::fs::read_to_string(format!("/proc/{}/stat", running.pid)).unwrap();
    let group = group[group.rfind(')').unwrap()..]
        .split(' ')
        .nth(3)
        .unwrap()
        .to_owned();
    assert_eq!(group, running.pid.to_string(), "a process group of its own");
    assert_eq!(
        stage
            .sql(&target(running.port), "SHOW listen_addresses")
            .unwrap(),
        "127.0.0.1"
    );
    assert_eq!(
        stage
            .sql(&target(running.port), "SHOW shared_buffers")
            .unwrap(),
        "16MB"
    );
    assert_eq!(
        stage
            .sql(&target(running.port), "SHOW server_encoding")
            .unwrap(),
        "UTF8"
    );
    let mut wrong = target(running.port);
    wrong.password = Secret::new("guess");
    assert!(stage.sql(&wrong, "SELECT 1").is_err());
}

#[test]
fn data_goes_outside_a_project_that_the_server_cannot_reach() {
    let stage = Stage::closed();

    let running = stage
        .up(Profile::Dev, &merge(postgres(port(4)), &redis(port(5))))
        .unwrap()
        .running;

    assert_eq!(running.len(), 2);
    let kept = super::super::state::State::load(&stage.folder(Profile::Dev, "postgres")).unwrap();
    // Who is not root runs the servers as oneself and reaches every folder of one's own.
    let is_root = rustix::process::geteuid().is_root();
    assert_eq!(
        kept.home.starts_with("/var/lib/lexi/"),
        is_root,
        "{}",
        kept.home.display()
    );
    let data = std::fs::metadata(kept.home.join("data")).unwrap();
    assert_eq!(data.mode() & 0o777, 0o700);
    assert_eq!(
        published_port(&stage.state(), Profile::Dev, "redis"),
        Some(port(5))
    );
    stage
        .sql(&target(port(4)), "CREATE TABLE kept (a int)")
        .unwrap();
    // A state that was lost does not lose the data.
    stage.down(Profile::Dev);
    std::fs::remove_file(stage.folder(Profile::Dev, "postgres").join("state.json")).unwrap();
    stage.one(Profile::Dev, &postgres(port(4)));
    assert_eq!(
        stage
            .sql(&target(port(4)), "SELECT count(*)::text FROM kept")
            .unwrap(),
        "0"
    );
    stage.down(Profile::Dev);
}

#[test]
fn dev_and_test_run_side_by_side_and_only_test_is_cleaned() {
    let stage = Stage::new();
    let both = |port: u16| merge(postgres(port), &redis(port + 1));
    stage.up(Profile::Dev, &both(port(6))).unwrap();
    stage.up(Profile::Test, &in_memory(both(port(8)))).unwrap();
    for port in [port(6), port(8)] {
        stage
            .sql(&target(port), "CREATE TABLE t AS SELECT 1 AS a")
            .unwrap();
        assert!(redis_says(port + 1, "SET k v").contains("+OK\r\n+OK"));
    }

    stage.down(Profile::Test);
    let dev = stage
        .sql(&target(port(6)), "SELECT count(*)::text FROM t")
        .unwrap();
    assert_eq!(dev, "1", "dev runs on while test is down");
    stage.up(Profile::Test, &in_memory(both(port(8)))).unwrap();

    assert!(
        stage
            .sql(&target(port(8)), "SELECT count(*)::text FROM t")
            .is_err()
    );
    assert!(redis_says(port(9), "GET k").contains("$-1"));
    assert_eq!(
        stage
            .sql(&target(port(6)), "SELECT count(*)::text FROM t")
            .unwrap(),
        "1"
    );
    assert!(redis_says(port(7), "GET k").contains("\r\nv\r\n"));
}

#[test]
fn a_taken_port_gives_way_to_a_free_one_that_is_kept() {
    let stage = Stage::new();
    let taken = take_port(port(10));

    let first = stage.one(Profile::Dev, &redis(port(10)));

    assert_ne!(first.port, port(10));
    assert_eq!(first.configured_port, Some(port(10)));
    assert_eq!(
        published_port(&stage.state(), Profile::Dev, "redis"),
        Some(first.port)
    );
    stage.down(Profile::Dev);
    assert_eq!(stage.one(Profile::Dev, &redis(port(10))).port, first.port);
    stage.down(Profile::Dev);
    drop(taken);
    assert_eq!(stage.one(Profile::Dev, &redis(port(10))).port, port(10));
}

#[test]
fn another_password_in_the_settings_is_refused_with_the_remedy() {
    let stage = Stage::new();
    let first = stage.one(Profile::Dev, &postgres(port(12)));
    let other = with(
        postgres(port(12)),
        "postgres",
        "POSTGRES_PASSWORD",
        "another",
    );

    let error = stage.up(Profile::Dev, &other).unwrap_err();

    assert_eq!(error.kind(), Kind::Refused);
    assert!(
        error.message().contains("refuses user `app`"),
        "{}",
        error.message()
    );
    assert!(
        error
            .hint_text()
            .unwrap()
            .contains("lexi run down && rm -r /")
    );
    assert!(Identity::of(first.pid).is_some(), "what ran before runs on");
    stage.down(Profile::Dev);
    assert!(stage.up(Profile::Dev, &other).is_err());
    assert_eq!(
        published_port(&stage.state(), Profile::Dev, "postgres"),
        None,
        "what was started was ended"
    );
    stage.one(Profile::Dev, &postgres(port(12)));
}

#[test]
fn the_password_of_redis_is_in_a_closed_file_and_on_no_command_line() {
    let stage = Stage::new();

    let running = stage.one(Profile::Dev, &redis(port(14)));

    let folder = stage.folder(Profile::Dev, "redis");
    let config = folder.join("redis.conf");
    assert_eq!(std::fs::metadata(&config).unwrap().mode() & 0o777, 0o600);
    let line = read(Path::new(&format!("/proc/{}/cmdline", running.pid)));
    assert!(!line.contains("redis-secret"), "{line}");
    assert!(!read(&folder.join("state.json")).contains("redis-secret"));
    let other = with(redis(port(14)), "redis", "REDIS_PASSWORD", "another");
    let error = stage.up(Profile::Dev, &other).unwrap_err();
    assert_eq!(error.hint_text(), Some("lexi run restart"));

    let driver = stage.driver(Profile::Dev);
    let up = stage
        .wait(driver.restart(&parse(&other), LIMIT, &|_| ()))
        .unwrap();

    assert_ne!(up.running[0].pid, running.pid);
    let open = with(redis(port(14)), "redis", "REDIS_PASSWORD", "");
    let up = stage
        .wait(driver.restart(&parse(&open), LIMIT, &|_| ()))
        .unwrap();
    assert_eq!(up.running[0].port, port(14), "an empty password means none");
}

#[test]
fn status_tells_what_runs_and_whether_it_answers() {
    let stage = Stage::new();
    let all = merge(postgres(port(16)), &redis(port(17)));
    stage.up(Profile::Dev, &all).unwrap();

    let status = stage.status(Profile::Dev, target(1));

    let names: Vec<&str> = status.iter().map(|s| s.service.as_str()).collect();
    assert_eq!(names, ["postgres", "redis"]);
    for service in &status {
        assert_eq!(
            (service.state, service.health),
            ("running", Some("healthy")),
            "{service:?}"
        );
        assert!(
            service.memory_bytes.unwrap() > 1_000_000 && service.data_bytes > 0,
            "{service:?}"
        );
        assert!(service.uptime_ms.is_some() && service.cpu_ms.is_some());
    }
    let mut wrong = target(1);
    wrong.password = Secret::new("guess");
    let status = stage.status(Profile::Dev, wrong);
    assert_eq!(status[0].health, Some("unhealthy"));
    assert!(
        status[0]
            .detail
            .as_ref()
            .unwrap()
            .contains("password authentication failed")
    );
    stage.down(Profile::Dev);
    let status = stage.status(Profile::Dev, target(1));
    assert_eq!(
        (status[0].state, status[0].health, status[0].port),
        ("stopped", None, Some(port(16)))
    );
}

#[test]
fn a_service_without_a_native_server_is_named_as_skipped() {
    let stage = Stage::new();
    let services = json!({"mailhog": {"image": "mailhog/mailhog"}});

    let up = stage.up(Profile::Dev, &services).unwrap();

    assert_eq!(up.skipped, ["mailhog"]);
    assert!(up.running.is_empty());
    assert!(!stage.driver(Profile::Dev).has_data());
}

#[test]
fn a_server_that_cannot_start_says_why_and_takes_the_others_down() {
    let stage = Stage::new();
    let mut services = merge(postgres(port(18)), &redis(port(19)));
    services["postgres"]["command"] = json!(["-c", "shared_buffers=nonsense"]);
    services["postgres"]["depends_on"] = json!(["redis"]);

    let error = stage.up(Profile::Dev, &services).unwrap_err();

    assert_eq!(error.kind(), Kind::ProcessFailed);
    assert!(
        error
            .full_message()
            .contains("invalid value for parameter \"shared_buffers\""),
        "{}",
        error.full_message()
    );
    assert_eq!(published_port(&stage.state(), Profile::Dev, "redis"), None);
    assert!(
        stage.down(Profile::Dev).is_empty(),
        "nothing was left running"
    );
}

#[test]
fn other_settings_show_that_a_restart_is_due() {
    let stage = Stage::new();
    stage.one(Profile::Dev, &redis(port(20)));
    let mut other = redis(port(20));
    other["redis"]["command"] = json!(["--appendonly", "no"]);

    assert!(stage.one(Profile::Dev, &other).is_outdated);

    let driver = stage.driver(Profile::Dev);
    stage
        .wait(driver.restart(&parse(&other), LIMIT, &|_| ()))
        .unwrap();
    assert!(!stage.one(Profile::Dev, &other).is_outdated);
}

pub(super) fn merge(mut one: Value, other: &Value) -> Value {
    let more = other.as_object().unwrap().clone();
    one.as_object_mut().unwrap().extend(more);
    one
}
