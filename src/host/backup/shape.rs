//! Backups as scripts see them.

use serde_json::{Value, json};

use crate::base::{Error, Project};
use crate::ops::backup::restore::{Plan, Restored};
use crate::ops::backup::{Artifact, Entry, Manifest, Pin, Rules, State, Verdict, Verified};

/// A backup that was made.
pub(super) fn artifact(project: &Project, artifact: &Artifact) -> Value {
    let mut map = manifest(&artifact.manifest);
    map["path"] = project.display(&artifact.path).into();
    map["warnings"] = artifact.warnings.clone().into();
    map
}

fn manifest(manifest: &Manifest) -> Value {
    json!({
        "file": manifest.file,
        "state": manifest.status,
        "database": manifest.database,
        "profile": manifest.profile,
        "label": manifest.label,
        "pinned": pinned(manifest.pin),
        "bytes": manifest.bytes,
        "raw_bytes": manifest.facts.raw_bytes,
        "rows": manifest.facts.rows(),
        "tables": manifest.facts.created_tables,
        "sha256": manifest.sha256,
        "migration": manifest.migration,
        "made": manifest.started,
        "ms": manifest.ms,
        "excluded": manifest.excluded,
        "tool": manifest.tool,
        "tool_service": manifest.tool_service,
        "has_roles": manifest.roles.is_some(),
        "redis_keys": manifest.redis.as_ref().map(|redis| redis.keys),
    })
}

fn pinned(pin: Option<Pin>) -> Value {
    match pin {
        None => Value::Bool(false),
        Some(Pin::Forever) => Value::Bool(true),
        Some(Pin::Until(end)) => json!(end),
    }
}

/// A line of the list.
pub(super) fn entry(project: &Project, entry: &Entry) -> Value {
    let mut map = match &entry.state {
        State::Good(known) => manifest(known),
        State::Unknown => json!({}),
        State::Damaged(why) => json!({ "damage": why }),
    };
    let age = jiff::Timestamp::now().duration_since(entry.name.at());
    map["file"] = entry.name.to_string().into();
    map["path"] = project.display(&entry.path).into();
    map["state"] = entry.state_word().into();
    map["bytes"] = entry.bytes.into();
    map["made"] = json!(entry.name.at());
    map["age_hours"] = age.as_hours().into();
    map
}

/// A line of a plan to thin out.
pub(super) fn decided(project: &Project, decided: &Entry, verdict: Verdict) -> Value {
    let mut map = entry(project, decided);
    map["verdict"] = json!(verdict);
    map
}

/// A file that was read whole.
pub(super) fn verified(project: &Project, verified: &Verified) -> Value {
    let facts = &verified.facts;
    json!({
        "path": project.display(&verified.path),
        "bytes": verified.bytes,
        "raw_bytes": facts.raw_bytes,
        "sha256": verified.sha256,
        "rows": facts.rows(),
        "tables": facts.created_tables,
        "rows_of": facts.tables,
        "extensions": facts.extensions,
        "server_version": facts.server_version,
        "has_manifest": verified.manifest.is_some(),
        "redis_keys": verified.manifest.as_ref().and_then(|all| all.redis.as_ref()).map(|redis| redis.keys),
    })
}

/// What a restore would do.
pub(super) fn plan(project: &Project, plan: &Plan) -> Value {
    let mut map = verified(project, &plan.source);
    let manifest = plan.source.manifest.as_ref();
    map["made"] = json!(manifest.map(|manifest| manifest.started));
    map["from_database"] = json!(manifest.map(|manifest| &manifest.database));
    map["database"] = plan.target.database.clone().into();
    map["live"] = plan.live.as_ref().map_or(
        Value::Null,
        |live| json!({ "bytes": live.bytes, "sessions": live.sessions, "applications": live.applications }),
    );
    map["warnings"] = plan.warnings.clone().into();
    map
}

/// What a restore has done.
pub(super) fn restored(project: &Project, plan: &Plan, restored: &Restored) -> Value {
    json!({
        "path": project.display(&plan.source.path),
        "database": plan.target.database,
        "rows": restored.rows,
        "tables": restored.tables,
        "old_database": restored.old,
        "safety_backup": restored.safety.as_ref().map(|safety| project.display(&safety.path)),
        "warnings": restored.warnings,
        "ms": restored.ms,
        "replay_ms": restored.replay_ms,
    })
}

/// A number of a rule that is below nought.
pub(super) fn negative(name: &str, value: i64) -> Error {
    let what = if name.ends_with("days") || name.ends_with("DAYS") {
        "write a number of days; 0 keeps all backups"
    } else {
        "write how many stay, 0 or more"
    };
    Error::usage(format!("`{name}` is {value}")).hint(what)
}

/// What decides which backups go.
pub(super) fn rules(rules: &Rules) -> Value {
    json!({
        "days": rules.days,
        "keep": rules.keep,
        "daily": rules.daily,
        "weekly": rules.weekly,
        "monthly": rules.monthly,
    })
}
