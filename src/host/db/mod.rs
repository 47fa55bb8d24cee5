//! The `db` namespace: the profile's PostgreSQL database, and others that a script connects to.

mod ask;
mod convert;
pub mod databases;
pub mod files;
mod rail;
pub mod server;
pub mod settings;
pub mod statements;
pub mod together;

use rhai::{Module, NativeCallContext};

use super::Host;
use super::bridge::{self, RhaiResultOf};
use super::permit::{self, Level, Service};
use crate::base::{Error, Result};
use crate::ops::database::Session;

/// The functions of this namespace.
pub(super) fn module() -> Module {
    let mut module = rhai::exported_module!(statements::api);
    module.combine(rhai::exported_module!(together::api));
    module.combine(rhai::exported_module!(files::api));
    module.combine(rhai::exported_module!(databases::api));
    module.combine(rhai::exported_module!(server::api));
    module.combine(rhai::exported_module!(settings::api));
    module
}

/// The profile's database.
fn own(ctx: &NativeCallContext, name: &str) -> RhaiResultOf<Session> {
    bridge::call(ctx, name, Host::session)
}

/// A session that only reads, where the running script may do no more.
fn held(session: &Session) -> Session {
    match permit::level(Service::Database) {
        Some(Level::Write | Level::Admin) => session.clone(),
        Some(Level::Read) | None => session.reader(),
    }
}

/// Refuses to destroy what belongs to a protected profile, unless its name was given on the command line.
pub(super) fn confirm(host: &Host, action: &str, name: &str) -> Result<()> {
    if !host.profile().is_protected() || host.is_confirmed(name) {
        return Ok(());
    }
    let profile = host.profile();
    Err(Error::refused(format!(
        "{action} `{name}` in profile {profile} needs its name; nothing was done"
    ))
    .hint(format!("give it with `--confirm {name}`")))
}
