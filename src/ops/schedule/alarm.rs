//! Waiting for a moment of the clock on the wall, which may be put forward or back and stands still in suspend.

use std::os::fd::OwnedFd;
use std::time::Duration;

use jiff::Timestamp;
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::base::{Error, Result};

/// Even when nothing is to be done for long, the clock is looked at this often.
const LONGEST: Duration = Duration::from_secs(30);

/// A timer of the system that also goes off when somebody sets the clock.
#[derive(Debug)]
pub(super) struct Alarm {
    timer: AsyncFd<OwnedFd>,
}

impl Alarm {
    /// Makes it; it is not set yet.
    #[expect(
        deprecated,
        reason = "unsound only for what may close or replace its file, which an `OwnedFd` does not"
    )]
    pub(super) fn new() -> Result<Self> {
        let io = |e| Error::io("cannot make a timer", e);
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Realtime, flags).map_err(|e| io(e.into()))?;
        let timer = AsyncFd::with_interest(timer, Interest::READABLE).map_err(io)?;
        Ok(Self { timer })
    }

    /// Waits until the clock shows this moment, half a minute has passed, or the clock was set.
    pub(super) async fn wait(&self, until: Timestamp) -> Result<()> {
        let io = |e| Error::io("cannot wait for a moment", e);
        // A moment that has passed already must not keep the ends of runs from being noticed.
        tokio::task::yield_now().await;
        let latest = super::due::plus(Timestamp::now(), LONGEST);
        let at = until.min(latest).max(Timestamp::UNIX_EPOCH);
        let value = Itimerspec {
            it_interval: Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            // A timer for nought would never go off.
            it_value: Timespec {
                tv_sec: at.as_second(),
                tv_nsec: i64::from(at.subsec_nanosecond()).max(1),
            },
        };
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        match timerfd_settime(self.timer.get_ref(), flags, &value) {
            Ok(_before) => {}
            // The clock was set while nobody waited.
            Err(Errno::CANCELED) => return Ok(()),
            Err(e) => return Err(io(e.into())),
        }
        loop {
            let mut ready = self.timer.readable().await.map_err(io)?;
            let mut count = [0_u8; 8];
            let read = ready.try_io(|timer| Ok(rustix::io::read(timer, &mut count)?));
            match read {
                // It says that the clock was set by ECANCELED.
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(e)) if e.raw_os_error() == Some(Errno::CANCELED.raw_os_error()) => {
                    return Ok(());
                }
                Ok(Err(e)) => return Err(io(e)),
                Err(_not_yet) => {}
            }
        }
    }
}
