//! The engine for real: containers of a small image that the tests make of this machine's own busybox.
#![expect(
    clippy::disallowed_methods,
    reason = "`#[tokio::test]` waits for the test"
)]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{CreateContainerOptionsBuilder, CreateImageOptionsBuilder};
use futures_util::StreamExt;
use tokio::sync::OnceCell;

use super::Engine;
use super::connect::{Address, Endpoint};
use crate::base::settings::Environment;

/// Tests that need an engine.
mod services {
    mod images;
    mod inside;
    mod watching;
}

const INSTALL: &str =
    "apt-get install -y --no-install-recommends docker.io iptables busybox-static";
/// The image that the tests run.
pub(crate) const IMAGE: &str = "busybox:latest";

/// The engine of this machine, with the image.
pub(crate) async fn engine() -> Engine {
    static READY: OnceCell<()> = OnceCell::const_new();
    let endpoint = Endpoint::find(&Environment::of_process()).unwrap();
    let engine = Engine::open(endpoint).await;
    let engine =
        engine.unwrap_or_else(|e| panic!("{}: {INSTALL}, then `dockerd`", e.full_message()));
    READY.get_or_init(|| provide_image(&engine)).await;
    engine
}

async fn provide_image(engine: &Engine) {
    if super::image::id(engine, IMAGE).await.unwrap().is_some() {
        return;
    }
    let busybox = Path::new("/usr/bin/busybox");
    assert!(busybox.exists(), "no busybox here: {INSTALL}");
    let mut tar = tar::Builder::new(Vec::new());
    let program = std::fs::read(busybox).unwrap();
    for folder in ["bin", "tmp", "root", "etc"] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(if folder == "tmp" { 0o1777 } else { 0o755 });
        header.set_size(0);
        tar.append_data(&mut header, format!("{folder}/"), std::io::empty())
            .unwrap();
    }
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    header.set_size(program.len() as u64);
    tar.append_data(&mut header, "bin/busybox", program.as_slice())
        .unwrap();
    for applet in APPLETS {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, format!("bin/{applet}"), "busybox")
            .unwrap();
    }
    let body = bollard::body_full(tar.into_inner().unwrap().into());
    let options = CreateImageOptionsBuilder::default()
        .from_src("-")
        .repo("busybox")
        .tag("latest");
    let mut made = Box::pin(
        engine
            .client()
            .create_image(Some(options.build()), Some(body), None),
    );
    while let Some(step) = made.next().await {
        step.unwrap();
    }
}

const APPLETS: [&str; 26] = [
    "sh", "cat", "sleep", "echo", "printf", "ls", "stty", "stat", "test", "true", "false", "wc",
    "head", "env", "id", "pwd", "mkdir", "rm", "touch", "nc", "wget", "httpd", "seq", "dd", "kill",
    "date",
];

/// A container that is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Sandbox {
    pub(crate) name: String,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        delete(&format!("/containers/{}?force=1&v=1", self.name));
    }
}

/// Asks the engine to delete something, without a runtime, so that a failed test tidies up, too.
pub(crate) fn delete(path: &str) {
    let Ok(Endpoint {
        address: Address::Unix(socket),
        ..
    }) = Endpoint::find(&Environment::of_process())
    else {
        return;
    };
    if let Ok(mut stream) = UnixStream::connect(socket) {
        let request = format!("DELETE /v1.41{path} HTTP/1.0\r\nHost: docker\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let _answer = stream.read_to_end(&mut Vec::new());
    }
}

/// A name that nobody else has.
pub(crate) fn unique(what: &str) -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("lexi-test-{what}-{}-{number}", std::process::id())
}

/// A running container with a program.
pub(crate) async fn sandbox(engine: &Engine, script: &str) -> Sandbox {
    let name = unique("box");
    let body = ContainerCreateBody {
        image: Some(IMAGE.to_owned()),
        cmd: Some(["sh", "-c", script].map(str::to_owned).to_vec()),
        host_config: Some(HostConfig {
            init: Some(true),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let options = CreateContainerOptionsBuilder::default().name(&name).build();
    engine
        .client()
        .create_container(Some(options), body)
        .await
        .unwrap();
    let sandbox = Sandbox { name };
    super::container::start(engine, &sandbox.name)
        .await
        .unwrap();
    sandbox
}
