//! Holding the lead among several hosts: renewed well before it runs out, and given up for lost well before somebody else
//! may have it.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::shared::Shared;
use crate::base::{Error, Kind, Result};

/// How often it is renewed, and how often one that stands by asks for it.
pub const RENEW_EACH: Duration = Duration::from_secs(2);

/// After so long without a renewal runs are stopped: the five seconds that are left of the lease are for that.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(5);

/// Renews the lead until that is not possible any more; says why.
pub async fn keep(shared: &Shared, epoch: i64) -> String {
    let mut last = Instant::now();
    let mut why = "the database does not answer".to_owned();
    loop {
        sleep(RENEW_EACH.min(GIVEN_UP_AFTER.saturating_sub(last.elapsed()))).await;
        if last.elapsed() >= GIVEN_UP_AFTER {
            return why;
        }
        let asked_at = Instant::now();
        match timeout_at(last + GIVEN_UP_AFTER, shared.renew()).await {
            Ok(Ok(Some(number))) if number == epoch => last = asked_at,
            Ok(Ok(_)) => return "another daemon leads".to_owned(),
            Ok(Err(error)) => {
                why = error.full_message();
                sleep(Duration::from_millis(200)).await;
            }
            Err(_elapsed) => return why,
        }
    }
}

/// Takes the lead if nobody has it; gives its number.
pub async fn take(shared: &Shared) -> Result<i64> {
    if let Some(epoch) = shared.renew().await? {
        return Ok(epoch);
    }
    let leader = shared.leader().await?;
    let message = format!("the lead is held by `lexi cron` on {leader}");
    Err(Error::new(Kind::Locked, message).hint("it runs out within ten seconds of that one's end"))
}
