//! What does not come up says why.

use std::net::TcpListener;

use serde_json::json;

use crate::base::Kind;
use crate::ops::stack::tests::Stack;

#[tokio::test]
async fn a_service_that_ends_shows_its_last_lines() {
    let stack = Stack::new().await;

    let error = stack.up(json!({"app": {
        "image": "busybox", "command": ["sh", "-c", "echo cannot read config; exit 3"], "healthcheck": {"test": "true"},
        "depends_on": {}, "restart": "no",
    }})).await;

    // A program this short may pass its health test before it ends.
    if let Err(error) = error {
        assert_eq!(error.kind(), Kind::ProcessFailed);
        assert_eq!(
            error.message(),
            "service `app` is not ready: it ended with code 3"
        );
        assert_eq!(error.fields()["log"], "cannot read config");
    }
}

#[tokio::test]
async fn a_service_that_keeps_ending_is_given_up() {
    let stack = Stack::new().await;

    let error = stack.up(json!({"app": {
        "image": "busybox", "command": ["sh", "-c", "echo no config; exit 3"], "restart": "always",
        "healthcheck": {"test": "false"},
    }})).await.unwrap_err();

    assert_eq!(
        error.message(),
        "service `app` is not ready: it ended with code 3"
    );
    assert!(
        error.fields()["log"]
            .as_str()
            .unwrap()
            .contains("no config")
    );
}

#[tokio::test]
async fn a_health_test_that_does_not_pass_shows_what_it_said() {
    let stack = Stack::new().await;

    let error = stack
        .up(json!({"app": {
            "image": "busybox", "init": true, "command": ["sh", "-c", "echo listening; sleep 600"],
            "healthcheck": {"test": "echo no answer yet; false", "interval": "300ms", "retries": 2},
        }}))
        .await
        .unwrap_err();

    assert_eq!(
        error.message(),
        "service `app` is not ready: its health test does not pass"
    );
    assert_eq!(error.fields()["health"], "exit code 1: no answer yet");
    assert_eq!(error.fields()["log"], "listening");
    let rows = stack.driver.list().await.unwrap();
    assert_eq!(rows[0].state, "running", "it is left to be looked at");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_and_the_next_run_converges() {
    let stack = Stack::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let service = json!({"app": {"image": "busybox", "init": true, "command": "sleep 600", "ports": [format!("{port}:80")]}});

    let error = stack.up(service.clone()).await.unwrap_err();
    drop(listener);
    let rows = stack.up(service).await.unwrap();

    assert!(
        error.message().starts_with("service `app`: cannot start"),
        "{}",
        error.message()
    );
    assert!(
        error.full_message().contains(&port.to_string()),
        "{}",
        error.full_message()
    );
    assert!(error.hint_text().unwrap().contains("ss -ltnp"), "{error:?}");
    assert_eq!(rows[0].port, Some(port));
}

#[tokio::test]
async fn an_image_that_is_nowhere_changes_nothing() {
    let stack = Stack::new().await;
    let service =
        |image: &str| json!({"app": {"image": image, "init": true, "command": "sleep 600"}});
    let before = stack.up(service("busybox")).await.unwrap();

    let error = stack
        .up(service("127.0.0.1:1/nowhere:1"))
        .await
        .unwrap_err();
    let after = stack.driver.list().await.unwrap();

    assert_eq!(error.message(), "cannot pull `127.0.0.1:1/nowhere:1`");
    assert_eq!(
        (before[0].id.as_str(), "running"),
        (after[0].id.as_str(), after[0].state.as_str())
    );
}

#[tokio::test]
async fn a_container_that_cannot_be_made_leaves_the_old_one_running() {
    let stack = Stack::new().await;
    let service = |shm: &str| {
        json!({"app": {"image": "busybox", "init": true, "command": "sleep 600", "shm_size": "64m",
        "deploy": {"resources": {"limits": {"memory": shm}}}}})
    };
    let before = stack.up(service("64m")).await.unwrap();

    let error = stack.up(service("1k")).await.unwrap_err();
    let after = stack.driver.list().await.unwrap();

    assert!(
        error
            .message()
            .starts_with("cannot make a container for service `app`"),
        "{}",
        error.message()
    );
    assert_eq!(
        (before[0].id.as_str(), "running"),
        (after[0].id.as_str(), after[0].state.as_str())
    );
}
