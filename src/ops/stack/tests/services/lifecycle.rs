//! Up, changes, down; and finding the way back after a run was cut off.

use std::time::Duration;

use serde_json::{Value, json};

use crate::ops::docker::container;
use crate::ops::docker::exec::{Exec, capture};
use crate::ops::docker::logs::{self, LogOptions};
use crate::ops::stack::down::Volumes;
use crate::ops::stack::plan::Asked;
use crate::ops::stack::tests::{Stack, services, shown};

fn pair(stack: &Stack) -> Value {
    json!({
        "db": {
            "image": "busybox", "init": true, "command": ["sh", "-c", "sleep 0.3; touch /tmp/ready; sleep 600"],
            "volumes": [format!("{}:/data", stack.volume())], "environment": {"DB_NAME": "a"},
            "healthcheck": {"test": ["CMD", "test", "-e", "/tmp/ready"], "interval": "1h"},
        },
        "app": {
            "image": "busybox", "init": true, "command": "sleep 600",
            "depends_on": {"db": {"condition": "service_healthy"}},
        },
    })
}

#[tokio::test]
async fn a_stack_comes_up_in_order_is_kept_and_goes_without_its_data() {
    let stack = Stack::new().await;

    let rows = stack.up(pair(&stack)).await.unwrap();

    assert_eq!(
        rows.iter()
            .map(|row| (row.service.as_str(), row.state.as_str()))
            .collect::<Vec<_>>(),
        [("app", "running"), ("db", "running")]
    );
    let told = stack.told.lock().unwrap().clone();
    let at = |what: &str| {
        told.iter()
            .position(|line| line.starts_with(what))
            .unwrap_or_else(|| panic!("{what}: {told:?}"))
    };
    assert!(
        at("Doing(\"db\", \"waiting\")") < at("Doing(\"app\", \"starting\")"),
        "{told:?}"
    );
    assert!(stack.plan(pair(&stack)).await.unwrap().is_empty());
    let done = capture(
        &stack.driver.engine,
        &rows[1].id,
        &Exec::new(["touch", "/data/kept"]),
        1000,
    )
    .await
    .unwrap();
    assert_eq!(done.code, 0);

    let gone = stack.down(Volumes::Keep).await;
    assert_eq!(
        (gone.services.len(), gone.networks.len(), gone.volumes.len()),
        (2, 1, 0)
    );
    let rows = stack.up(pair(&stack)).await.unwrap();
    let kept = capture(
        &stack.driver.engine,
        &rows[1].id,
        &Exec::new(["test", "-e", "/data/kept"]),
        1000,
    )
    .await
    .unwrap();
    assert_eq!(kept.code, 0, "the volume has stayed");
    let gone = stack.down(Volumes::Remove).await;
    assert_eq!(gone.volumes, [stack.volume()]);
}

#[tokio::test]
async fn only_what_has_changed_is_made_anew() {
    let stack = Stack::new().await;
    let before = stack.up(pair(&stack)).await.unwrap();
    let mut changed = pair(&stack);
    changed["app"]["environment"] = json!({"A": "1"});

    let plan = stack.plan(changed.clone()).await.unwrap();
    let after = stack.up(changed).await.unwrap();

    assert_eq!(
        shown(&plan),
        [
            "Keep Service db",
            "Recreate Service app: environment A added"
        ]
    );
    assert_eq!(before[1].id, after[1].id);
    assert_ne!(before[0].id, after[0].id);
    assert_eq!(before[0].container, after[0].container);
}

#[tokio::test]
async fn a_container_that_was_killed_or_removed_comes_back() {
    let stack = Stack::new().await;
    let rows = stack.up(pair(&stack)).await.unwrap();

    container::kill(&stack.driver.engine, &rows[1].id, "KILL")
        .await
        .unwrap();
    container::wait(&stack.driver.engine, &rows[1].id)
        .await
        .unwrap();
    container::remove(
        &stack.driver.engine,
        &rows[0].id,
        container::Anonymous::Keep,
    )
    .await
    .unwrap();
    let plan = stack.plan(pair(&stack)).await.unwrap();
    let back = stack.up(pair(&stack)).await.unwrap();

    assert_eq!(
        shown(&plan),
        [
            "Start Service db: is exited",
            "Create Service app: not there"
        ]
    );
    assert_eq!(back[1].id, rows[1].id);
}

#[tokio::test]
async fn a_run_that_is_cut_off_anywhere_is_finished_by_the_next() {
    let stack = Stack::new().await;
    for (round, millis) in [5, 30, 60, 90, 130, 180, 250, 400].into_iter().enumerate() {
        let mut now = pair(&stack);
        now["db"]["environment"] = json!({ "ROUND": round });

        let _cut_off =
            tokio::time::timeout(Duration::from_millis(millis), stack.up(now.clone())).await;
        let rows = stack.up(now.clone()).await.unwrap();

        assert_eq!(rows.len(), 2, "{rows:?}");
        assert!(stack.plan(now).await.unwrap().is_empty());
    }
    // By their identities: of the last cut, a second network of the name may be left.
    let gone = stack.down(Volumes::Remove).await;
    assert_eq!(gone.services.len(), 2);
}

#[tokio::test]
async fn orphans_go_when_asked() {
    let stack = Stack::new().await;
    stack.up(pair(&stack)).await.unwrap();
    let fewer = services(json!({"db": pair(&stack)["db"]}));
    let asked = Asked {
        declared: ["db".to_owned()].into(),
        remove_orphans: true,
        ..Asked::default()
    };

    let rows = stack.up_as(fewer, &asked).await.unwrap();

    assert_eq!(rows.len(), 1);
    assert_eq!(stack.driver.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_volume_without_a_name_goes_from_the_old_container_to_the_new() {
    use crate::ops::docker::build::{BuildOptions, build};
    let stack = Stack::new().await;
    std::fs::write(
        stack.folder.path().join("Dockerfile"),
        "FROM busybox\nVOLUME /data\nCMD sleep 600\n",
    )
    .unwrap();
    let tag = format!("{}-image", stack.project());
    let options = BuildOptions {
        folder: stack.folder.path().to_owned(),
        tag: tag.clone(),
        ..BuildOptions::default()
    };
    build(
        &stack.driver.engine,
        &options,
        &stack.driver.logins,
        &|_| {},
    )
    .await
    .unwrap();
    let service =
        |value: &str| json!({"a": {"image": tag, "init": true, "environment": {"A": value}}});
    let before = stack.up(service("1")).await.unwrap();
    capture(
        &stack.driver.engine,
        &before[0].id,
        &Exec::new(["touch", "/data/kept"]),
        1000,
    )
    .await
    .unwrap();

    let after = stack.up(service("2")).await.unwrap();

    let kept = capture(
        &stack.driver.engine,
        &after[0].id,
        &Exec::new(["test", "-e", "/data/kept"]),
        1000,
    )
    .await
    .unwrap();
    assert_eq!(kept.code, 0);
    stack.down(Volumes::Remove).await;
    crate::ops::docker::image::remove(&stack.driver.engine, &tag, true)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_image_is_built_when_it_is_not_there() {
    let stack = Stack::new().await;
    std::fs::create_dir(stack.folder.path().join("app")).unwrap();
    std::fs::write(
        stack.folder.path().join("app/Dockerfile"),
        "FROM busybox\nCMD sleep 600\n",
    )
    .unwrap();
    let service = json!({"app": {"build": "./app", "init": true}});

    let plan = stack.plan(service.clone()).await.unwrap();
    let rows = stack.up(service.clone()).await.unwrap();

    let tag = format!("{}-app", stack.project());
    assert_eq!(shown(&plan)[0], format!("Build Image {tag}: not there"));
    assert_eq!(rows[0].image, tag);
    assert!(stack.plan(service).await.unwrap().is_empty());
    stack.down(Volumes::Keep).await;
    crate::ops::docker::image::remove(&stack.driver.engine, &tag, true)
        .await
        .unwrap();
}

#[tokio::test]
async fn followed_logs_include_a_service_that_starts_later() {
    let stack = Stack::new().await;
    let one = json!({"image": "busybox", "init": true, "command": "sh -c 'echo first; sleep 600'"});
    let two =
        json!({"image": "busybox", "init": true, "command": "sh -c 'echo second; sleep 600'"});
    stack.up(json!({"one": one})).await.unwrap();
    let options = LogOptions {
        follow: true,
        ..LogOptions::default()
    };
    let mut lines = Vec::new();

    let follow = async {
        let mut take = |line: &logs::Line| {
            lines.push(format!("{} {}", line.source, line.text));
            lines.len() < 2
        };
        logs::of_project(
            &stack.driver.engine,
            stack.project(),
            &[],
            &options,
            &mut take,
        )
        .await
        .unwrap();
    };
    let start = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stack.up(json!({"one": one, "two": two})).await.unwrap();
    };
    tokio::time::timeout(Duration::from_mins(1), async {
        tokio::join!(follow, start)
    })
    .await
    .unwrap();

    assert_eq!(lines, ["one first", "two second"]);
}

#[tokio::test]
async fn a_service_that_runs_to_its_end_lets_the_next_one_begin() {
    let stack = Stack::new().await;
    let all = json!({
        "once": {"image": "busybox", "command": "sh -c 'sleep 0.2; exit 0'"},
        "app": {"image": "busybox", "init": true, "command": "sleep 600",
                "depends_on": {"once": {"condition": "service_completed_successfully"}}},
    });

    stack.up(all.clone()).await.unwrap();

    assert!(stack.plan(all).await.unwrap().is_empty());
}
