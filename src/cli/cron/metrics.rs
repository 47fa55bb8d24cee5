//! What `lexi cron` answers to Prometheus.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::base::{Error, Project};
use crate::cli::telling;
use crate::ops::metrics;

/// How soon an address that is taken is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// Answers where `[metrics]` of lexi.toml names an address, also when that changes. It never ends: schedules run on while
/// nobody can ask for the counters.
pub(super) async fn serve<T>(
    project: Arc<Project>,
    profile: String,
    mut listen: watch::Receiver<Option<SocketAddr>>,
    warn: impl Fn(&Error),
) -> T {
    loop {
        let address = *listen.borrow_and_update();
        tokio::select! {
            never = answer(address, &project, &profile, &warn) => return never,
            changed = listen.changed() => if changed.is_err() {
                return std::future::pending().await;
            },
        }
    }
}

/// Answers at one address; why it cannot is told once.
async fn answer<T>(
    address: Option<SocketAddr>,
    project: &Arc<Project>,
    profile: &str,
    warn: &impl Fn(&Error),
) -> T {
    let Some(address) = address else {
        return std::future::pending().await;
    };
    let mut was_told = false;
    loop {
        let (project, profile) = (Arc::clone(project), profile.to_owned());
        let page = move || telling::page(&project, &profile);
        if let Err(error) = metrics::serve(address, page).await
            && !was_told
        {
            warn(&error);
            was_told = true;
        }
        tokio::time::sleep(AGAIN).await;
    }
}
