//! Holding the lead among several hosts: renewed well before it runs out, and given up for lost well before somebody else
//! may have it.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::{sleep, timeout};

use super::alarm::Alarm;
use super::shared::Shared;
use crate::base::{Error, Kind, Result};

/// How often it is renewed, and how often one that stands by asks for it.
pub const RENEW_EACH: Duration = Duration::from_secs(2);

/// After so long without a renewal runs are stopped: the five seconds that are left of the lease are for that.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(5);

/// Renews the lead until that is not possible any more; says why.
pub async fn keep(shared: &Shared, epoch: i64) -> String {
    let mut last = awake_or_not();
    let left = |last: Duration| GIVEN_UP_AFTER.saturating_sub(awake_or_not().saturating_sub(last));
    let mut why = "the database does not answer".to_owned();
    loop {
        pause(RENEW_EACH.min(left(last))).await;
        if left(last).is_zero() {
            return why;
        }
        let asked_at = awake_or_not();
        match timeout(left(last), shared.renew()).await {
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

/// Time that goes on in suspend, as it does for the database.
fn awake_or_not() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    let (seconds, nanoseconds) = (u64::try_from(now.tv_sec), u32::try_from(now.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanoseconds.unwrap_or_default())
}

/// Waits, but not beyond a suspend or a change of the clock.
async fn pause(time: Duration) {
    let changed = async {
        match Alarm::new() {
            Ok(alarm) => alarm.wait(jiff::Timestamp::MAX).await,
            Err(_none) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = sleep(time) => {}
        _changed = changed => {}
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
