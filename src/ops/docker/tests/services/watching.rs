//! Logs, events and use of resources.

use std::time::Duration;

use futures_util::StreamExt;

use crate::ops::docker::container::{self, Filter};
use crate::ops::docker::events::{self, Wanted};
use crate::ops::docker::exec::Channel;
use crate::ops::docker::logs::{self, Line, LogOptions};
use crate::ops::docker::stats;
use crate::ops::docker::tests::{engine, sandbox};

fn hung() -> Duration {
    Duration::from_mins(1)
}

#[tokio::test]
async fn a_log_has_whole_lines_of_both_streams_and_a_tail() {
    let engine = engine().await;
    let sandbox = sandbox(&engine, "printf 'a\\nb'; echo err >&2; printf 'c\\nlast'").await;
    container::wait(&engine, &sandbox.name).await.unwrap();

    let all = read(&engine, &sandbox.name, &LogOptions::default()).await;
    let tail = read(
        &engine,
        &sandbox.name,
        &LogOptions {
            tail: Some(1),
            ..LogOptions::default()
        },
    )
    .await;

    let of = |channel| {
        all.iter()
            .filter(|line| line.channel == channel)
            .map(|line| line.text.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(of(Channel::Stdout), ["a", "bc", "last"]);
    assert_eq!(of(Channel::Stderr), ["err"]);
    assert_eq!(tail.len(), 1);
}

async fn read(engine: &crate::ops::docker::Engine, name: &str, options: &LogOptions) -> Vec<Line> {
    let mut lines = Vec::new();
    logs::of(engine, name, options, &mut |line| {
        lines.push(line.clone());
        true
    })
    .await
    .unwrap();
    lines
}

#[tokio::test]
async fn a_followed_log_ends_with_its_container() {
    let engine = engine().await;
    let sandbox = sandbox(&engine, "echo one; sleep 0.3; echo two").await;
    let options = LogOptions {
        follow: true,
        ..LogOptions::default()
    };

    let lines = tokio::time::timeout(hung(), read(&engine, &sandbox.name, &options))
        .await
        .unwrap();

    let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["one", "two"]);
}

#[tokio::test]
async fn events_are_told_as_they_happen() {
    let engine = engine().await;
    let wanted = Wanted {
        kinds: vec!["container".into()],
        actions: vec!["die".into()],
        ..Wanted::default()
    };
    let mut events = events::listen(&engine, &wanted);
    // The engine is not asked before the stream is looked at the first time.
    let _nothing_yet = tokio::time::timeout(Duration::from_millis(200), events.next()).await;

    let sandbox = sandbox(&engine, "exit 3").await;
    let event = loop {
        let event = tokio::time::timeout(hung(), events.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        if event.name.as_deref() == Some(&sandbox.name) {
            break event;
        }
    };

    assert_eq!((event.action.as_str(), event.exit_code), ("die", Some(3)));
}

#[tokio::test]
async fn a_busy_container_uses_a_processor() {
    let engine = engine().await;
    let sandbox = sandbox(&engine, "while :; do :; done").await;
    let filter = Filter {
        name: Some(sandbox.name.clone()),
        ..Filter::default()
    };
    let containers = container::list(&engine, &filter).await.unwrap();

    let usage = stats::usage(&engine, &containers).await.unwrap();

    assert_eq!(usage[0].name, sandbox.name);
    assert!(
        usage[0].cpu_percent > 3.0 && usage[0].cpu_percent < 300.0,
        "{usage:?}"
    );
    assert!(
        usage[0].memory_bytes > 10_000 && usage[0].processes >= 2,
        "{usage:?}"
    );
}
