//! What a task's parameter may be, for completion and for the chooser.

use std::sync::Arc;

use super::context::Context;
use crate::base::Result;
use crate::host::Host;
use crate::runtime::Runtime;
use crate::script::task::{Param, Task};
use crate::script::{Catalog, Session};

/// The choices of a parameter, asked of its closure where it has one.
pub(super) fn of(
    catalog: &Arc<Catalog>,
    task: &Task,
    param: &Param,
    ctx: &Context,
) -> Result<Vec<String>> {
    if !param.dynamic_choices {
        return Ok(param.choices.clone());
    }
    let project = ctx.project()?;
    let settings = ctx.settings(&project)?.into();
    let runtime = Arc::new(Runtime::default());
    let output = ctx.output().clone();
    let host = Host::new(project, settings, output, runtime, ctx.flags());
    let session = Session::start(host, Arc::clone(catalog), &task.name);
    // A closure that fails offers nothing: there is no place for its error.
    Ok(session.choices(task, &param.name).unwrap_or_default())
}
