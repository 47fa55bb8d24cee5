//! Building, listing and removing images; what the engine keeps on disk.

use std::sync::{Arc, Mutex};

use crate::base::Kind;
use crate::base::settings::Environment;
use crate::ops::docker::auth::Logins;
use crate::ops::docker::build::{BuildOptions, build};
use crate::ops::docker::exec::{Exec, capture};
use crate::ops::docker::tests::{IMAGE, engine, unique};
use crate::ops::docker::{disk, image};
use crate::ops::process::Registry;

fn logins() -> Logins {
    let environment = Environment::default();
    Logins::new(&environment, &Arc::new(Registry::new(&environment)))
}

fn context(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

const DOCKERFILE: &str = "FROM busybox AS first\nARG WORD\nRUN echo \"said $WORD\" >/word\nCOPY . /context\n\
    FROM first AS second\nRUN echo no >/word\n";

#[tokio::test]
async fn an_image_is_built_from_what_is_not_ignored_up_to_its_target() {
    let engine = engine().await;
    let folder = context(&[
        ("Dockerfile", DOCKERFILE),
        (".dockerignore", "*.log\n**/secret\n!keep.log"),
        ("a.txt", ""),
        ("b.log", ""),
        ("keep.log", ""),
        ("deep/secret/x", ""),
    ]);
    let options = BuildOptions {
        folder: folder.path().to_owned(),
        tag: unique("image"),
        target: Some("first".into()),
        args: [("WORD".to_owned(), "hello".to_owned())].into(),
        no_cache: true,
        ..BuildOptions::default()
    };
    let lines = Mutex::new(Vec::new());

    let built = build(&engine, &options, &logins(), &|line| {
        lines.lock().unwrap().push(line.to_owned());
    })
    .await
    .unwrap();

    let sandbox = crate::ops::docker::tests::sandbox(&engine, "sleep 600").await;
    let found = image::list(&engine, Some(&options.tag)).await.unwrap();
    assert_eq!(found[0].id, built.id);
    assert!(
        lines
            .lock()
            .unwrap()
            .iter()
            .any(|line| line.starts_with("Step 1/")),
        "{lines:?}"
    );
    drop(sandbox);
    let inside = run(
        &engine,
        &options.tag,
        "cat /word; cd /context; ls -A; ls deep",
    )
    .await;
    assert_eq!(
        inside,
        "said hello\n.dockerignore\nDockerfile\na.txt\ndeep\nkeep.log\n"
    );
    image::remove(&engine, &options.tag, true).await.unwrap();
    assert_eq!(image::id(&engine, &options.tag).await.unwrap(), None);
}

/// Runs a line in a container of an image.
async fn run(engine: &crate::ops::docker::Engine, image: &str, line: &str) -> String {
    use bollard::models::ContainerCreateBody;
    use bollard::query_parameters::CreateContainerOptionsBuilder;
    let sandbox = crate::ops::docker::tests::Sandbox {
        name: unique("box"),
    };
    let body = ContainerCreateBody {
        image: Some(image.to_owned()),
        cmd: Some(["sleep", "600"].map(str::to_owned).to_vec()),
        ..ContainerCreateBody::default()
    };
    let options = CreateContainerOptionsBuilder::default()
        .name(&sandbox.name)
        .build();
    engine
        .client()
        .create_container(Some(options), body)
        .await
        .unwrap();
    crate::ops::docker::container::start(engine, &sandbox.name)
        .await
        .unwrap();
    let done = capture(
        engine,
        &sandbox.name,
        &Exec::new(["sh", "-c", line]),
        100_000,
    )
    .await
    .unwrap();
    String::from_utf8(done.stdout).unwrap()
}

#[tokio::test]
async fn a_build_that_fails_shows_its_last_lines() {
    let engine = engine().await;
    let folder = context(&[("Dockerfile", "FROM busybox\nRUN echo before; false\n")]);
    let options = BuildOptions {
        folder: folder.path().to_owned(),
        tag: unique("image"),
        no_cache: true,
        ..BuildOptions::default()
    };

    let error = build(&engine, &options, &logins(), &|_| {})
        .await
        .unwrap_err();

    assert_eq!(error.kind(), Kind::Docker);
    assert!(
        error.full_message().contains("returned a non-zero code: 1"),
        "{}",
        error.full_message()
    );
    assert!(
        error.fields()["output"]
            .as_str()
            .unwrap()
            .contains("before")
    );
}

#[tokio::test]
async fn a_build_without_instructions_is_not_found() {
    let engine = engine().await;
    let folder = context(&[]);
    let options = BuildOptions {
        folder: folder.path().to_owned(),
        tag: unique("image"),
        ..BuildOptions::default()
    };

    let error = build(&engine, &options, &logins(), &|_| {})
        .await
        .unwrap_err();

    assert_eq!(error.kind(), Kind::NotFound);
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled_names_itself() {
    let engine = engine().await;
    let name = "127.0.0.1:1/nowhere/image:1";

    let error = image::pull(&engine, name, &logins(), &|_| {})
        .await
        .unwrap_err();

    assert_eq!(error.message(), format!("cannot pull `{name}`"));
}

#[tokio::test]
async fn disk_use_is_told_by_kind() {
    let engine = engine().await;
    assert!(image::id(&engine, IMAGE).await.unwrap().is_some());

    let usage = disk::usage(&engine).await.unwrap();

    let images = usage.iter().find(|one| one.kind == "images").unwrap();
    assert!(images.count > 0 && images.bytes > 1_000_000, "{images:?}");
    assert_eq!(usage.len(), 4);
}
