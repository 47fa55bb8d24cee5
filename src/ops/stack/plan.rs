//! From what is wanted and what there is to what must be done, each with its cause. Pure: it asks nobody.

use std::collections::BTreeSet;

use serde::Serialize;

use super::hash::differences;
use super::observe::{Observed, Seen};
use super::part::Condition;
use super::wanted::Wanted;
use crate::base::{Error, Kind as ErrorKind, Result};

/// The cause of a container whose image is built because that was asked for.
pub(super) const REBUILT: &str = "image built anew";

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// An image is fetched.
    Pull,
    /// An image is built.
    Build,
    /// It is made, and started.
    Create,
    /// It is there and does not run.
    Start,
    /// It is as it is to be.
    Keep,
    /// It is ended and started again as it is.
    Restart,
    /// It is ended and stays.
    Stop,
    /// It is made anew.
    Recreate,
    /// It is taken away.
    Remove,
}

/// To what it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An image.
    Image,
    /// A network.
    Network,
    /// A volume.
    Volume,
    /// A service's container.
    Service,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Action {
    /// What.
    pub verb: Verb,
    /// To what kind of thing.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Why.
    pub causes: Vec<String>,
    /// The container it is done to.
    #[serde(skip)]
    pub container: Option<String>,
}

impl Action {
    /// Something that is done to a service.
    pub fn service(verb: Verb, name: &str, causes: &[&str]) -> Self {
        Self {
            verb,
            kind: Kind::Service,
            name: name.to_owned(),
            causes: causes.iter().map(|cause| (*cause).to_owned()).collect(),
            container: None,
        }
    }

    /// Something that is taken away since that was asked for.
    pub(super) fn gone(kind: Kind, name: &str) -> Self {
        Self {
            causes: Vec::new(),
            ..Self::new(Verb::Remove, kind, name, "")
        }
    }

    fn new(verb: Verb, kind: Kind, name: &str, cause: &str) -> Self {
        Self {
            verb,
            kind,
            name: name.to_owned(),
            causes: vec![cause.to_owned()],
            container: None,
        }
    }
}

/// What must be done, in an order that works.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// One for each part of the stack.
    pub actions: Vec<Action>,
    /// What the engine cannot carry.
    pub notes: Vec<String>,
    /// Services that run and are not wanted any more; they stay unless asked.
    pub orphans: Vec<String>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.actions.iter().all(|action| action.verb == Verb::Keep)
    }

    /// What is done to a service.
    pub(super) fn of_service(&self, name: &str) -> Option<&Action> {
        let is_it = |action: &&Action| {
            action.kind == Kind::Service && action.name == name && action.verb != Verb::Remove
        };
        self.actions.iter().find(is_it)
    }
}

/// What becomes of a container that is as it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unchanged {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is ended and started again.
    Restart,
    /// It is made anew all the same.
    Recreate,
}

/// What is asked for beyond the services themselves.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Every service of the stack, also those that are not to be touched now.
    pub declared: BTreeSet<String>,
    /// Images are built even if they are there.
    pub build: bool,
    /// What becomes of what is as it is to be.
    pub unchanged: Unchanged,
    /// The services that this is asked of, not of those that they depend on; all where none is named.
    pub named: BTreeSet<String>,
    /// Orphans are taken away.
    pub remove_orphans: bool,
}

impl Asked {
    /// What becomes of a service that is as it is to be.
    fn unchanged(&self, service: &str) -> Unchanged {
        if self.named.is_empty() || self.named.contains(service) {
            self.unchanged
        } else {
            Unchanged::Keep
        }
    }
}

/// Compares what is wanted with what there is.
pub fn plan(project: &str, wanted: &[Wanted], observed: &Observed, asked: &Asked) -> Result<Plan> {
    let mut plan = Plan::default();
    images(&mut plan, wanted, observed, asked);
    let networks = wanted.iter().flat_map(|one| one.networks.keys());
    parts(
        &mut plan,
        Kind::Network,
        networks,
        &observed.networks,
        project,
    )?;
    let volumes = wanted.iter().flat_map(|one| one.volumes.iter());
    parts(&mut plan, Kind::Volume, volumes, &observed.volumes, project)?;
    for one in wanted {
        service(&mut plan, wanted, one, observed, asked)?;
        plan.notes.extend(one.notes.iter().cloned());
    }
    orphans(&mut plan, observed, asked);
    Ok(plan)
}

fn images(plan: &mut Plan, wanted: &[Wanted], observed: &Observed, asked: &Asked) {
    for one in wanted {
        let is_there = observed.images.contains_key(&one.image);
        let (verb, cause) = match (&one.service.build, is_there) {
            (Some(_), true) if asked.build => (Verb::Build, "asked for"),
            (_, true) => continue,
            (Some(_), false) => (Verb::Build, "not there"),
            (None, false) => (Verb::Pull, "not there"),
        };
        let is_planned = plan.actions.iter().any(|action| action.name == one.image);
        if !is_planned {
            plan.actions
                .push(Action::new(verb, Kind::Image, &one.image, cause));
        }
    }
}

/// Networks and volumes are made when they are not there, and never touched otherwise.
fn parts<'a>(
    plan: &mut Plan,
    kind: Kind,
    names: impl Iterator<Item = &'a String>,
    there: &std::collections::BTreeMap<String, Option<String>>,
    project: &str,
) -> Result<()> {
    let names: BTreeSet<&String> = names.collect();
    for name in names {
        match there.get(name) {
            None => plan
                .actions
                .push(Action::new(Verb::Create, kind, name, "not there")),
            Some(Some(owner)) if owner != project => {
                let what = if kind == Kind::Volume {
                    "volume"
                } else {
                    "network"
                };
                let message =
                    format!("{what} `{name}` belongs to the stack `{owner}`, not to `{project}`");
                return Err(Error::refused(message)
                    .hint(format!("give it another name, or end that stack first: `docker compose -p {owner} down`")));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn service(
    plan: &mut Plan,
    all: &[Wanted],
    wanted: &Wanted,
    observed: &Observed,
    asked: &Asked,
) -> Result<()> {
    let name = &wanted.service.name;
    let seen: &[Seen] = observed.services.get(name).map_or(&[], Vec::as_slice);
    // A run that was cut off while making a container anew leaves two.
    let best = seen
        .iter()
        .find(|seen| differences(&seen.fields, &wanted.fields).is_empty())
        .or(seen.first());
    for other in seen
        .iter()
        .filter(|seen| best.is_none_or(|best| best.container.id != seen.container.id))
    {
        let mut action = Action::new(
            Verb::Remove,
            Kind::Service,
            name,
            "a second container of the service",
        );
        action.container = Some(other.container.id.clone());
        plan.actions.push(action);
    }
    let Some(best) = best else {
        if let Some(owner) = observed.strangers.get(&wanted.container) {
            return Err(taken(&wanted.container, owner.as_deref()));
        }
        plan.actions
            .push(Action::new(Verb::Create, Kind::Service, name, "not there"));
        return Ok(());
    };
    let (verb, causes) = change(all, wanted, best, observed, asked);
    plan.actions.push(Action {
        verb,
        kind: Kind::Service,
        name: name.clone(),
        causes,
        container: Some(best.container.id.clone()),
    });
    Ok(())
}

fn change(
    all: &[Wanted],
    wanted: &Wanted,
    seen: &Seen,
    observed: &Observed,
    asked: &Asked,
) -> (Verb, Vec<String>) {
    let container = &seen.container;
    let mut causes = if seen.fields.is_empty() {
        vec!["made by somebody else".to_owned()]
    } else {
        differences(&seen.fields, &wanted.fields)
    };
    let image = observed.images.get(&wanted.image);
    if image.is_some_and(|image| image.id != container.image_id) {
        causes.push("a newer image".to_owned());
    }
    if asked.build && wanted.service.build.is_some() {
        causes.push(REBUILT.to_owned());
    }
    if container.name != wanted.container {
        causes.push("another name".to_owned());
    }
    let left = wanted
        .networks
        .keys()
        .find(|network| !container.networks.contains(network));
    causes.extend(left.map(|network| format!("not in network {network}")));
    if matches!(container.state.as_str(), "paused" | "dead" | "removing") {
        causes.push(format!("is {}", container.state));
    }
    let unchanged = asked.unchanged(&wanted.service.name);
    if unchanged == Unchanged::Recreate {
        causes.push("asked for".to_owned());
    }
    if !causes.is_empty() {
        return (Verb::Recreate, causes);
    }
    let is_done =
        container.status.starts_with("Exited (0)") && is_one_shot(all, &wanted.service.name);
    match container.state.as_str() {
        "running" | "restarting" if unchanged == Unchanged::Restart => {
            (Verb::Restart, vec!["asked for".to_owned()])
        }
        "running" | "restarting" => (Verb::Keep, Vec::new()),
        _ if is_done && unchanged != Unchanged::Restart => (Verb::Keep, Vec::new()),
        state => (Verb::Start, vec![format!("is {state}")]),
    }
}

/// Whether somebody waits for the end of this service.
pub(super) fn is_one_shot(all: &[Wanted], name: &str) -> bool {
    all.iter().any(|one| {
        let dependency = one.service.depends_on.get(name);
        dependency.is_some_and(|on| on.condition == Condition::ServiceCompletedSuccessfully)
    })
}

fn taken(container: &str, owner: Option<&str>) -> Error {
    let whose = owner.map_or(String::new(), |owner| format!(" of the stack `{owner}`"));
    let message = format!("the name `{container}` is taken by another container{whose}");
    let hint = match owner {
        Some(owner) => format!("end that stack first: `docker compose -p {owner} down`"),
        None => format!("remove it if it is not needed: `docker rm {container}`"),
    };
    Error::new(ErrorKind::Conflict, message).hint(hint)
}

fn orphans(plan: &mut Plan, observed: &Observed, asked: &Asked) {
    for (name, seen) in &observed.services {
        if asked.declared.contains(name) {
            continue;
        }
        if !asked.remove_orphans {
            plan.orphans.push(name.clone());
            continue;
        }
        for one in seen {
            let mut action = Action::new(
                Verb::Remove,
                Kind::Service,
                name,
                "not in the stack any more",
            );
            action.container = Some(one.container.id.clone());
            plan.actions.push(action);
        }
    }
}
