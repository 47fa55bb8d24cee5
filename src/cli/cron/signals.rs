//! What signals ask of `lexi cron`.

use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::UnboundedSender;

use crate::base::{Error, Result};
use crate::ops::schedule::Order;

/// The signals that a daemon obeys.
pub(super) struct Signals {
    end: [Signal; 3],
    reload: Signal,
}

impl Signals {
    /// Listens from now on.
    pub(super) fn new() -> Result<Self> {
        let io = |e| Error::io("cannot listen for signals", e);
        let listen = |kind| signal(kind).map_err(io);
        Ok(Self {
            end: [
                listen(SignalKind::terminate())?,
                listen(SignalKind::interrupt())?,
                listen(SignalKind::quit())?,
            ],
            reload: listen(SignalKind::hangup())?,
        })
    }

    /// Waits for one that asks to end; gives its number.
    pub(super) async fn ending(&mut self) -> u8 {
        ended(&mut self.end).await
    }

    /// Makes orders of signals: the first lets what runs end, the second stops it, the third leaves it.
    pub(super) async fn pass_on(
        &mut self,
        orders: &UnboundedSender<Order>,
        saved: Option<&UnboundedSender<()>>,
    ) -> Result<ExitCode> {
        let mut count = 0;
        loop {
            let number = tokio::select! {
                number = ended(&mut self.end) => number,
                _ = self.reload.recv() => {
                    if let Some(saved) = saved {
                        let _ended = saved.send(());
                    }
                    continue;
                }
            };
            count += 1;
            let order = match count {
                1 => Order::Drain,
                2 => Order::Stop,
                _ => return Ok(ExitCode::from(128 + number)),
            };
            let _ended = orders.send(order);
        }
    }
}

async fn ended([terminate, interrupt, quit]: &mut [Signal; 3]) -> u8 {
    tokio::select! {
        _ = terminate.recv() => 15,
        _ = interrupt.recv() => 2,
        _ = quit.recv() => 3,
    }
}
