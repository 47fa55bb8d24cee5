//! What a script may do: the `allow` of its task's declaration, or the flags of `lexi run --untrusted`.
//!
//! A guard rail at the door of every primitive, not a wall: a program that a task may run can do what its user can.

mod allow;
mod needs;
mod paths;
mod programs;
mod refusal;

pub use allow::{Access, Allow, Level, Service, is_net_grant};
pub(super) use paths::{read, write};
pub(super) use programs::granted;

use super::Host;
use super::strand;
use crate::base::Result;
use crate::ops::http;
use needs::Need;
use refusal::Wanted;

/// What one script may do, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    allow: Allow,
    granted_by: GrantedBy,
}

/// Where the grants come from, and so where one that is missing is added.
#[derive(Debug, Clone, PartialEq, Eq)]
enum GrantedBy {
    /// The `allow` of this task, which is declared here.
    Declaration { task: String, place: String },
    /// The flags of the command line.
    Flags,
}

impl Permit {
    /// What the declaration of a task at `place` allows it.
    pub fn declared(task: &str, place: String, allow: Allow) -> Self {
        let granted_by = GrantedBy::Declaration {
            task: task.to_owned(),
            place,
        };
        Self { allow, granted_by }
    }

    /// What the flags of `lexi run --untrusted` grant.
    pub const fn by_flags(allow: Allow) -> Self {
        Self {
            allow,
            granted_by: GrantedBy::Flags,
        }
    }

    /// Whether a service may be used at this level.
    fn service(&self, function: &str, service: Service, wanted: Level) -> Result<()> {
        if self.allow.level(service) >= Some(wanted) {
            return Ok(());
        }
        Err(self.refuse(Wanted::Service(function, service, wanted)))
    }

    /// Whether a machine may be talked to, as `host:port`.
    fn net(&self, to: &str) -> Result<()> {
        if self.allow.net.iter().any(|grant| allow::is_host(grant, to)) {
            return Ok(());
        }
        Err(self.refuse(Wanted::Net(to)))
    }

    /// Whether a setting may be read.
    fn setting(&self, name: &str, is_secret: bool) -> Result<()> {
        let grants = if is_secret {
            &self.allow.secrets
        } else {
            &self.allow.env
        };
        // A star never stands for secrets: each is named.
        let is_meant = |grant: &String| grant == name || (!is_secret && grant == "*");
        if grants.iter().any(is_meant) {
            return Ok(());
        }
        Err(self.refuse(Wanted::Setting(name, is_secret)))
    }

    /// Whether another task may be run, which then has what its own declaration allows.
    fn task(&self, name: &str) -> Result<()> {
        if self.allow.tasks.iter().any(|grant| grant == name) {
            return Ok(());
        }
        Err(self.refuse(Wanted::Task(name)))
    }
}

/// What the running script may do; nothing here means everything.
fn current() -> Option<std::sync::Arc<Permit>> {
    strand::current().permit
}

/// Stops a function that the running script may not call at all. Every primitive passes here, by its name; one that nobody
/// has listed is refused.
pub(super) fn enter(host: &Host, function: &str) -> Result<()> {
    let Some(permit) = current() else {
        return Ok(());
    };
    let Some(needs) = needs::of(function) else {
        return Err(permit.refuse(Wanted::Unlisted(function)));
    };
    needs.iter().try_for_each(|need| match *need {
        Need::Service(service, level) => permit.service(function, service, level),
        Need::Path(access, path) => permit.path(host, access, path.as_ref()),
        Need::Backups(access) => {
            let folder = host.settings().require("BACKUP_DIR")?;
            permit.path(host, access, folder.as_ref())
        }
        Need::AllSettings => permit.setting("*", false),
        Need::Temporary if permit.allow.write.is_empty() => Err(permit.refuse(Wanted::Temporary)),
        Need::Temporary => Ok(()),
    })
}

/// How far the running script may use a service; without a permit, as far as it goes.
pub(super) fn level(service: Service) -> Option<Level> {
    current().map_or(Some(Level::Admin), |permit| permit.allow.level(service))
}

/// Whether the running script is held to a permit.
pub(super) fn is_held() -> bool {
    current().is_some()
}

/// Stops what would enter folders through links, which may lead anywhere.
pub(super) fn follow(follows: bool) -> Result<()> {
    match current() {
        Some(permit) if follows => Err(permit.refuse(Wanted::Following)),
        _ => Ok(()),
    }
}

/// Stops a request to a machine that the running script may not talk to.
pub(super) fn net(url: &str) -> Result<()> {
    match current() {
        Some(permit) => permit.net(&http::authority(url)?),
        None => Ok(()),
    }
}

/// Stops a connection to a machine that the running script may not talk to.
pub(super) fn connect(host: &str, port: u16) -> Result<()> {
    current().map_or(Ok(()), |permit| permit.net(&format!("{host}:{port}")))
}

/// Stops the reading of a setting that the running script may not see.
pub(super) fn setting(name: &str, is_secret: bool) -> Result<()> {
    current().map_or(Ok(()), |permit| permit.setting(name, is_secret))
}

/// Stops the run of another task that the running script may not run.
pub(super) fn task(name: &str) -> Result<()> {
    current().map_or(Ok(()), |permit| permit.task(name))
}
