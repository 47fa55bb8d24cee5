//! What `lexi cron` answers to Prometheus.

use std::process::ExitCode;
use std::sync::Arc;

use crate::base::{Project, Result};
use crate::cli::telling;
use crate::ops::metrics;

/// Answers as long as the daemon runs, where `[metrics]` of lexi.toml names an address.
pub(super) async fn serve(project: Arc<Project>, profile: String) -> Result<ExitCode> {
    let Some(address) = project.config().metrics.listen else {
        return std::future::pending().await;
    };
    let page = move || telling::page(&project, &profile);
    metrics::serve(address, page).await?;
    Ok(ExitCode::SUCCESS)
}
