//! `lexi env [NAME]`: each setting, its value and where it comes from; secrets masked.

use std::process::ExitCode;

use serde_json::json;

use super::args;
use super::context::Context;
use crate::base::output::DIM;
use crate::base::settings::{Setting, canonical};
use crate::base::text::did_you_mean;
use crate::base::{Error, Result};

/// Shows the settings.
pub(super) fn run(args: &args::Env, ctx: &Context) -> Result<ExitCode> {
    let project = ctx.project()?;
    let settings = ctx.settings(&project)?;
    let wanted = args.name.as_deref().map(canonical);
    let shown: Vec<(&str, &Setting)> = settings
        .iter()
        .filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name))
        .collect();
    if let (Some(name), true) = (&args.name, shown.is_empty()) {
        let error = Error::usage(format!("no setting `{name}`"));
        let near = did_you_mean(name, settings.iter().map(|(name, _)| name));
        return Err(match near {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("`lexi env` shows all settings"),
        });
    }
    let out = ctx.output();
    if out.is_json() {
        let rows: Vec<_> = shown
            .iter()
            .map(|(name, s)| json!({ "name": name, "value": s.shown(), "origin": s.origin.to_string(), "secret": s.is_secret }))
            .collect();
        out.data(&serde_json::to_string_pretty(&rows).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    out.say(&format!("profile {}", settings.profile()));
    let width = shown.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, setting) in shown {
        let value = setting.shown().replace('\n', "\\n");
        let origin = out.paint(DIM, &format!("({})", setting.origin));
        out.data(&format!("{name:width$}  {value}  {origin}"));
    }
    for line in settings.ignored() {
        out.warn(&format!(
            "{line} is not read: it belongs to a profile (.env.{})",
            settings.profile()
        ));
    }
    Ok(ExitCode::SUCCESS)
}
