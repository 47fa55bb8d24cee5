//! Programs in a container, and files into it and out of it.

use std::os::unix::fs::PermissionsExt;

use crate::base::{Kind, Secret};
use crate::ops::docker::exec::{Exec, capture};
use crate::ops::docker::tests::{engine, sandbox};
use crate::ops::docker::{container, copy, wire};

const LIMIT: usize = 1024 * 1024;

#[tokio::test]
async fn a_program_gives_both_streams_and_its_exit_code() {
    let engine = engine().await;
    let sandbox = sandbox(&engine, "sleep 600").await;
    let mut exec = Exec::new(["sh", "-c", "echo $A; pwd; echo err >&2; exit 7"]);
    exec.environment.push(("A".into(), Secret::new("b c")));
    exec.dir = Some("/tmp".into());

    let done = capture(&engine, &sandbox.name, &exec, LIMIT).await.unwrap();

    assert_eq!(
        (done.code, done.stdout.as_slice(), done.stderr.as_slice()),
        (7, b"b c\n/tmp\n".as_slice(), b"err\n".as_slice())
    );
}

#[tokio::test]
async fn a_program_reads_all_of_its_input_to_the_end() {
    let engine = engine().await;
    let sandbox = sandbox(&engine, "sleep 600").await;
    let mut exec = Exec::new(["wc", "-c"]);
    exec.stdin = Some(vec![b'x'; 300_000]);

    let done = capture(&engine, &sandbox.name, &exec, LIMIT).await.unwrap();

    assert_eq!(
        (done.code, String::from_utf8_lossy(&done.stdout).trim()),
        (0, "300000")
    );
}

#[tokio::test]
async fn a_program_that_stops_reading_does_not_hang() {
    let engine = engine().await;
    let sandbox = sandbox(&engine, "sleep 600").await;
    let mut exec = Exec::new(["head", "-c", "3"]);
    exec.stdin = Some(vec![b'x'; 10_000_000]);

    let done = capture(&engine, &sandbox.name, &exec, LIMIT).await.unwrap();

    assert_eq!(done.stdout, b"xxx");
}

#[tokio::test]
async fn a_program_that_writes_too_much_is_an_error() {
    let engine = engine().await;
    let sandbox = sandbox(&engine, "sleep 600").await;
    let exec = Exec::new(["seq", "1", "100000"]);

    let error = capture(&engine, &sandbox.name, &exec, 1000)
        .await
        .unwrap_err();

    assert!(
        error.message().ends_with("it wrote more than 1000 B"),
        "{}",
        error.message()
    );
}

#[tokio::test]
async fn what_cannot_be_run_says_why() {
    let engine = engine().await;
    let sandbox = sandbox(&engine, "sleep 600").await;

    let missing = capture(&engine, &sandbox.name, &Exec::new(["nonesuch"]), LIMIT)
        .await
        .unwrap();
    let nowhere = capture(&engine, "no-such-container", &Exec::new(["true"]), LIMIT)
        .await
        .unwrap_err();

    assert!(missing.code == 126 || missing.code == 127, "{missing:?}");
    assert_eq!(nowhere.kind(), Kind::NotFound);
}

/// The library's reader would take the first eight bytes for the head of a frame.
#[tokio::test]
async fn a_terminals_bytes_come_as_they_are() {
    use tokio::io::AsyncReadExt;
    let engine = engine().await;
    let sandbox = sandbox(&engine, "sleep 600").await;
    let exec = Exec::new(["printf", r"\001\000\000\000\000\000\000\377hello"]);
    let id = exec
        .create(
            &engine,
            &sandbox.name,
            crate::ops::docker::exec::Attach::Terminal,
        )
        .await
        .unwrap();

    let path = format!("/exec/{id}/start");
    let connection = wire::upgrade(&engine, &path, r#"{"Detach":false,"Tty":true}"#)
        .await
        .unwrap();
    let (mut from, _to) = connection.split();
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).await.unwrap();

    assert_eq!(bytes, b"\x01\0\0\0\0\0\0\xffhello");
}

#[tokio::test]
async fn a_folder_goes_in_and_comes_back_the_same() {
    let engine = engine().await;
    let sandbox = sandbox(&engine, "sleep 600").await;
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    std::fs::create_dir_all(source.join("deep/empty")).unwrap();
    std::fs::write(source.join("deep/a.txt"), "hello").unwrap();
    std::fs::set_permissions(
        source.join("deep/a.txt"),
        std::fs::Permissions::from_mode(0o640),
    )
    .unwrap();
    std::os::unix::fs::symlink("a.txt", source.join("deep/link")).unwrap();

    copy::into(&engine, &sandbox.name, &source, "/tmp")
        .await
        .unwrap();
    copy::into(&engine, &sandbox.name, &source, "/tmp/renamed")
        .await
        .unwrap();
    let bytes = copy::out_of(
        &engine,
        &sandbox.name,
        "/tmp/renamed",
        &folder.path().join("back"),
    )
    .await
    .unwrap();

    let listed = capture(
        &engine,
        &sandbox.name,
        &Exec::new(["stat", "-c", "%a %u", "/tmp/source/deep/a.txt"]),
        LIMIT,
    )
    .await
    .unwrap();
    assert_eq!(listed.stdout, b"640 0\n");
    let back = folder.path().join("back/deep");
    assert_eq!(
        (
            bytes,
            std::fs::read_to_string(back.join("link")).unwrap().as_str()
        ),
        (5, "hello")
    );
    assert!(back.join("empty").is_dir() && back.join("link").is_symlink());
}

#[tokio::test]
async fn copying_what_is_not_there_says_so() {
    let engine = engine().await;
    let sandbox = sandbox(&engine, "sleep 600").await;
    let folder = tempfile::tempdir().unwrap();

    let out = copy::out_of(&engine, &sandbox.name, "/nowhere", folder.path())
        .await
        .unwrap_err();
    let into = copy::into(&engine, &sandbox.name, &folder.path().join("x"), "/tmp")
        .await
        .unwrap_err();
    let beyond = copy::into(&engine, &sandbox.name, folder.path(), "/no/such/folder/x")
        .await
        .unwrap_err();

    assert_eq!(
        (out.kind(), into.kind(), beyond.kind()),
        (Kind::NotFound, Kind::NotFound, Kind::NotFound)
    );
}

#[tokio::test]
async fn containers_are_listed_stopped_and_removed() {
    let engine = engine().await;
    let sandbox = sandbox(&engine, "sleep 600").await;
    let filter = container::Filter {
        all: true,
        name: Some(sandbox.name.clone()),
        ..Default::default()
    };

    let before = container::list(&engine, &filter).await.unwrap();
    container::stop(
        &engine,
        &sandbox.name,
        Some(std::time::Duration::from_secs(5)),
    )
    .await
    .unwrap();
    let after = container::list(&engine, &filter).await.unwrap();
    container::remove(&engine, &sandbox.name, container::Anonymous::Remove)
        .await
        .unwrap();
    container::remove(&engine, &sandbox.name, container::Anonymous::Remove)
        .await
        .unwrap();

    assert_eq!(
        (before[0].state.as_str(), after[0].state.as_str()),
        ("running", "exited")
    );
    assert_eq!(before[0].image, crate::ops::docker::tests::IMAGE);
    let error = container::stop(&engine, &sandbox.name, None)
        .await
        .unwrap_err();
    assert_eq!(
        error.message(),
        format!("there is no container `{}`", sandbox.name)
    );
}
