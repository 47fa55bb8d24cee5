//! Plans as pure functions, and whole stacks on the real engine.
#![expect(
    clippy::disallowed_methods,
    reason = "`#[tokio::test]` waits for the test"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::apply::{How, Progress};
use super::down::Volumes;
use super::engine::{DockerDriver, Listener, Row};
use super::parse;
use super::plan::{Asked, Plan};
use super::service::Service;
use super::wanted::Place;
use crate::base::Result;
use crate::base::settings::Environment;
use crate::ops::docker::auth::Logins;
use crate::ops::docker::tests::{delete, engine, unique};
use crate::ops::process::Registry;

mod keys;
mod planning;

/// Tests that need an engine.
mod services {
    mod carried;
    mod failing;
    mod lifecycle;
    mod secrets;
}

/// Services as a project writes them.
fn services(json: Value) -> Vec<Service> {
    let Value::Object(map) = json else {
        panic!("a test passes a map")
    };
    parse::parse(map).unwrap()
}

/// A stack of its own, gone when this is dropped.
struct Stack {
    driver: DockerDriver,
    folder: tempfile::TempDir,
    services: Mutex<Vec<String>>,
    told: Mutex<Vec<String>>,
}

impl Stack {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::default();
        let engine = engine().await;
        let place = Place {
            project: unique("stack"),
            profile: "test".into(),
            root: folder.path().to_owned(),
            secrets: folder.path().join(".lexi/secrets/test"),
            bind: [127, 0, 0, 1].into(),
            has_start_interval: engine.speaks(1, 44),
        };
        let logins = Logins::new(&environment, &Arc::new(Registry::new(&environment)));
        Self {
            driver: DockerDriver {
                engine,
                place,
                logins,
            },
            folder,
            services: Mutex::default(),
            told: Mutex::default(),
        }
    }

    fn remember(&self, all: &[Service]) -> Asked {
        let names = all.iter().map(|one| one.name.clone());
        self.services.lock().unwrap().extend(names.clone());
        Asked {
            declared: names.collect(),
            ..Asked::default()
        }
    }

    async fn plan(&self, json: Value) -> Result<Plan> {
        let all = services(json);
        let asked = self.remember(&all);
        self.driver.plan(all, &asked).await
    }

    async fn up(&self, json: Value) -> Result<Vec<Row>> {
        let all = services(json);
        let asked = self.remember(&all);
        self.up_as(all, &asked).await
    }

    async fn up_as(&self, all: Vec<Service>, asked: &Asked) -> Result<Vec<Row>> {
        let how = How {
            wait: true,
            limit: Duration::from_mins(1),
            no_cache: false,
        };
        let report =
            |progress: Progress<'_>| self.told.lock().unwrap().push(format!("{progress:?}"));
        self.driver
            .up(
                all,
                asked,
                how,
                Listener {
                    plan: &|_| {},
                    progress: &report,
                },
            )
            .await
    }

    async fn down(&self, volumes: Volumes) -> super::down::Gone {
        self.driver.down(&[], volumes, &|_| {}).await.unwrap()
    }

    fn project(&self) -> &str {
        &self.driver.place.project
    }

    /// The name of a volume that is this stack's.
    fn volume(&self) -> String {
        format!("{}-data", self.project())
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let project = self.project();
        for name in self.services.lock().unwrap().iter() {
            delete(&format!("/containers/{project}-{name}-1?force=1&v=1"));
        }
        delete(&format!("/networks/{project}_default"));
        delete(&format!("/networks/{project}-other"));
        delete(&format!("/volumes/{}", self.volume()));
    }
}

/// What a plan does to services: verb, name, causes.
fn shown(plan: &Plan) -> Vec<String> {
    let of = |action: &super::plan::Action| {
        let causes = action.causes.join(", ");
        format!(
            "{:?} {:?} {}: {causes}",
            action.verb, action.kind, action.name
        )
        .trim_end_matches(": ")
        .to_owned()
    };
    plan.actions.iter().map(of).collect()
}
