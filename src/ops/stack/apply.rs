//! Doing what a plan says: images, then networks and volumes, then all services at once, each when its turn has come.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard::models::VolumeCreateRequest;
use futures_util::future::try_join_all;

use super::labels;
use super::observe::{self, Image, Observed};
use super::plan::{Kind, Plan, Verb};
use super::ready::Board;
use super::stopping::Stopping;
use super::wanted::{Place, Wanted};
use crate::base::{Error, Result};
use crate::ops::docker::auth::Logins;
use crate::ops::docker::build::{BuildOptions, build};
use crate::ops::docker::connect::Address;
use crate::ops::docker::container::{self, Anonymous};
use crate::ops::docker::image::{Pulling, pull};
use crate::ops::docker::{Engine, failed, network};

/// What happens while a plan is applied.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// An image comes.
    Pulling(&'a str, Pulling),
    /// A line of a build.
    Building(&'a str, &'a str),
    /// A network or volume was made.
    Made(Kind, &'a str),
    /// Something begins with a service: `creating`, `starting`, `waiting` ..
    Doing(&'a str, &'a str),
    /// A service is ready, after this time.
    Ready(&'a str, Duration),
    /// A service is not: its last lines and what its health test said.
    Failed(&'a str, &'a [String], &'a str),
}

/// Whom to tell.
pub type Report<'a> = &'a (dyn Fn(Progress<'_>) + Sync);

/// How a plan is applied.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// Whether it waits until every service is ready, not only those that others need.
    pub wait: bool,
    /// How long each service may take to become ready.
    pub limit: Duration,
    /// Whether a build takes nothing from an earlier one.
    pub no_cache: bool,
}

/// A plan and all it needs to be applied.
pub(super) struct Work<'a> {
    pub(super) engine: &'a Engine,
    pub(super) place: &'a Place,
    pub(super) wanted: &'a [Wanted],
    pub(super) observed: &'a Observed,
    pub(super) plan: &'a Plan,
    pub(super) how: How,
    pub(super) logins: &'a Logins,
    pub(super) report: Report<'a>,
}

impl Work<'_> {
    /// Does it all; the first failure ends it and leaves everything as it is then, to be looked at.
    pub(super) async fn apply(&self) -> Result<()> {
        let images = self.images().await?;
        try_join_all(self.of(Kind::Network).map(|name| self.make_network(name))).await?;
        try_join_all(self.of(Kind::Volume).map(|name| self.make_volume(name))).await?;
        self.remove().await?;
        let board = Board::new();
        // A second back: what happens between two looks must not be lost.
        let since = now_ms() / 1000 - 1;
        let all = self
            .wanted
            .iter()
            .map(|wanted| self.bring(wanted, &images, &board));
        tokio::select! {
            done = try_join_all(all) => done.map(drop),
            error = board.listen(self.engine, &self.place.project, since) => Err(error),
        }
    }

    /// Now by the engine's clock: ours when it is on this machine, unknown otherwise.
    pub(super) fn now_ms(&self) -> i64 {
        match self.engine.endpoint().address {
            Address::Unix(_) => now_ms(),
            Address::Tcp(_) => 0,
        }
    }

    /// The names of what is to be made of a kind.
    fn of(&self, kind: Kind) -> impl Iterator<Item = &str> {
        let actions = self.plan.actions.iter();
        let made = actions.filter(move |action| action.kind == kind && action.verb == Verb::Create);
        made.map(|action| action.name.as_str())
    }

    async fn images(&self) -> Result<BTreeMap<String, Image>> {
        let actions = self
            .plan
            .actions
            .iter()
            .filter(|action| action.kind == Kind::Image);
        let missing: Vec<_> = actions.collect();
        if missing.is_empty() {
            return Ok(self.observed.images.clone());
        }
        try_join_all(missing.into_iter().map(async |action| {
            if action.verb == Verb::Build {
                return self.build(&action.name).await;
            }
            let report = |state| (self.report)(Progress::Pulling(&action.name, state));
            let pulled = pull(self.engine, &action.name, self.logins, &report).await;
            pulled.map(drop)
        }))
        .await?;
        observe::images_of(
            self.engine,
            self.wanted.iter().map(|one| one.image.as_str()),
        )
        .await
    }

    async fn build(&self, image: &str) -> Result<()> {
        let build_of = |one: &Wanted| one.service.build.clone().filter(|_| one.image == image);
        let Some(fields) = self.wanted.iter().find_map(build_of) else {
            return Err(Error::internal("an image is built that nobody describes"));
        };
        let fields = fields.0;
        let own = (labels::PROJECT.to_owned(), self.place.project.clone());
        let options = BuildOptions {
            folder: self.place.root.join(&fields.context),
            dockerfile: fields.dockerfile,
            tag: image.to_owned(),
            target: fields.target,
            args: fields.args,
            labels: fields.labels.into_iter().chain([own]).collect(),
            no_cache: self.how.no_cache || fields.no_cache,
            pull: fields.pull,
        };
        let report = |line: &str| (self.report)(Progress::Building(image, line));
        build(self.engine, &options, self.logins, &report)
            .await
            .map(drop)
    }

    fn labels(&self, kind: &str, name: &str) -> BTreeMap<String, String> {
        let own = (kind.to_owned(), name.to_owned());
        self.place.labels().into_iter().chain([own]).collect()
    }

    async fn make_network(&self, name: &str) -> Result<()> {
        network::create(self.engine, name, &self.labels(labels::NETWORK, name)).await?;
        (self.report)(Progress::Made(Kind::Network, name));
        Ok(())
    }

    async fn make_volume(&self, name: &str) -> Result<()> {
        let request = VolumeCreateRequest {
            name: Some(name.to_owned()),
            labels: Some(self.labels(labels::VOLUME, name).into_iter().collect()),
            ..VolumeCreateRequest::default()
        };
        let made = self.engine.client().create_volume(request).await;
        made.map_err(|e| failed(format!("cannot make volume `{name}`"), e))?;
        (self.report)(Progress::Made(Kind::Volume, name));
        Ok(())
    }

    /// Second containers and orphans go first: they may hold a name or a port.
    async fn remove(&self) -> Result<()> {
        for id in &self.observed.surplus {
            // One that a container is in cannot go; starting by its name then says what is wrong.
            let _in_use = network::remove(self.engine, id).await;
        }
        let gone = self
            .plan
            .actions
            .iter()
            .filter(|action| action.verb == Verb::Remove);
        let gone =
            gone.filter_map(|action| Some((action.name.as_str(), action.container.as_deref()?)));
        try_join_all(gone.map(async |(name, id)| {
            (self.report)(Progress::Doing(name, "removing"));
            Stopping::of(self.place).stop(self.engine, id).await?;
            container::remove(self.engine, id, Anonymous::Keep).await
        }))
        .await
        .map(drop)
    }
}

fn now_ms() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
