//! Passwords reach servers and are in nobody's `inspect`.

use serde_json::json;

use crate::ops::docker::exec::{Exec, capture};
use crate::ops::docker::{container, image};
use crate::ops::stack::tests::Stack;

const PASSWORD: &str = "correct horse \"battery\"";

async fn need(stack: &Stack, name: &str) {
    let found = image::id(&stack.driver.engine, name).await.unwrap();
    assert!(
        found.is_some(),
        "no image `{name}` here: tests/images/build makes it"
    );
}

async fn inspected(stack: &Stack, id: &str) -> String {
    serde_json::to_string(&container::inspect(&stack.driver.engine, id).await.unwrap()).unwrap()
}

#[tokio::test]
async fn redis_asks_for_a_password_that_no_inspect_shows() {
    let stack = Stack::new().await;
    need(&stack, "redis:7-alpine").await;

    let rows = stack.up(json!({"redis": {
        "image": "redis:7-alpine", "native": "redis", "command": ["redis-server", "--appendonly", "no"],
        "environment": {"REDIS_PASSWORD": PASSWORD}, "tmpfs": ["/data"],
        "healthcheck": {"test": "REDISCLI_AUTH=\"$(cat /run/secrets/REDIS_PASSWORD)\" redis-cli ping | grep -q PONG", "interval": "1h"},
    }})).await.unwrap();

    let without = capture(
        &stack.driver.engine,
        &rows[0].id,
        &Exec::new(["redis-cli", "ping"]),
        1000,
    )
    .await
    .unwrap();
    assert!(
        String::from_utf8_lossy(&without.stdout).contains("NOAUTH"),
        "{without:?}"
    );
    assert!(!inspected(&stack, &rows[0].id).await.contains("horse"));
}

#[tokio::test]
async fn postgres_reads_its_password_from_a_file() {
    let stack = Stack::new().await;
    need(&stack, "postgres:15-alpine").await;

    let rows = stack.up(json!({"postgres": {
        "image": "postgres:15-alpine", "native": "postgres", "tmpfs": ["/var/lib/postgresql/data"],
        "environment": {"POSTGRES_USER": "u", "POSTGRES_DB": "d", "POSTGRES_PASSWORD": PASSWORD},
        "healthcheck": {"test": "pg_isready -q -h 127.0.0.1 -U u -d d", "interval": "1h"},
    }})).await.unwrap();

    let script = "PGPASSWORD=\"$(cat /run/secrets/POSTGRES_PASSWORD)\" psql -h $(hostname -i) -U u -d d -tAc 'select 1'";
    let right = capture(
        &stack.driver.engine,
        &rows[0].id,
        &Exec::new(["sh", "-c", script]),
        1000,
    )
    .await
    .unwrap();
    let wrong = "PGPASSWORD=wrong psql -h $(hostname -i) -U u -d d -tAc 'select 1'";
    let wrong = capture(
        &stack.driver.engine,
        &rows[0].id,
        &Exec::new(["sh", "-c", wrong]),
        1000,
    )
    .await
    .unwrap();
    assert_eq!(
        (right.stdout.as_slice(), right.code),
        (b"1\n".as_slice(), 0),
        "{right:?}"
    );
    assert_ne!(wrong.code, 0);
    assert!(!inspected(&stack, &rows[0].id).await.contains("horse"));
}
