//! Which port a server gets: the configured one if it is free, else the one it had last time, else another.

use std::net::{Ipv4Addr, TcpListener};

use crate::base::{Error, Result};

/// How far a port that is looked for is from a configured one: far from the ports of other profiles, and below those that
/// the kernel hands out for outgoing connections.
const DISTANCE: u16 = 10_000;

/// How many ports are tried there.
const TRIES: u16 = 100;

/// The ports that a server may get.
#[derive(Debug, Clone)]
pub(super) struct Ports {
    /// The port of the settings; any without one.
    pub(super) configured: Option<u16>,
    /// The port of the last start.
    pub(super) last: Option<u16>,
    /// Ports that looked free and were not.
    pub(super) lost: Vec<u16>,
}

impl Ports {
    /// The best port that is free now. Another program may still take it before the server does.
    pub(super) fn choose(&self) -> Result<u16> {
        let near = self.configured.and_then(|port| port.checked_add(DISTANCE));
        let near = near.map_or(0..0, |first| first..first.saturating_add(TRIES));
        self.configured
            .into_iter()
            .chain(self.last)
            .chain(near)
            .filter(|port| !self.lost.contains(port))
            .find(|port| is_free(*port))
            .map_or_else(any_free, Ok)
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn any_free() -> Result<u16> {
    let found = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr());
    found
        .map(|address| address.port())
        .map_err(|e| Error::io("cannot find a free port", e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(configured: Option<u16>, last: Option<u16>, not: &[u16]) -> Ports {
        Ports {
            configured,
            last,
            lost: not.to_vec(),
        }
    }

    #[test]
    fn a_busy_port_gives_way_to_the_last_and_then_to_another() {
        let busy = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = busy.local_addr().unwrap().port();
        let free = any_free().unwrap();

        assert_eq!(ports(Some(free), Some(1), &[]).choose().unwrap(), free);
        assert_eq!(ports(Some(taken), Some(free), &[]).choose().unwrap(), free);
        let other = ports(Some(taken), Some(free), &[free]).choose().unwrap();
        assert!(other != taken && other != free);
        assert!(ports(None, None, &[]).choose().unwrap() > 0);
    }
}
