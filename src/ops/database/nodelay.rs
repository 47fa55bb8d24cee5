//! Sends what is written at once. The client library leaves Nagle's algorithm on: the end of each `COPY` then waits 40 ms
//! for the server's delayed acknowledgement, which made a restore of 50 small tables take three seconds instead of one.

use std::fs;
use std::os::fd::OwnedFd;

use rustix::net::sockopt::set_tcp_nodelay;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

/// Turns the delay off for every TCP connection of this process.
///
/// The library gives no way to its socket, so a duplicate is made of it. A kernel or sandbox that forbids that only leaves
/// the delay on; doing it twice, or to another connection, does no harm.
pub(super) fn everywhere() {
    let Ok(own) = pidfd_open(getpid(), PidfdFlags::empty()) else {
        return;
    };
    for number in sockets() {
        let duplicate: rustix::io::Result<OwnedFd> =
            pidfd_getfd(&own, number, PidfdGetfdFlags::empty());
        if let Ok(socket) = duplicate {
            // Sockets that are not TCP have no such delay.
            let _other_kind = set_tcp_nodelay(&socket, true);
        }
    }
}

/// The numbers of this process' sockets.
fn sockets() -> impl Iterator<Item = i32> {
    let files = fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten();
    files.filter_map(|file| {
        let target = fs::read_link(file.path()).ok()?;
        let is_socket = target.to_str()?.starts_with("socket:");
        let number = file.file_name().to_str()?.parse().ok()?;
        is_socket.then_some(number)
    })
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn connections_send_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(!stream.nodelay().unwrap());

        everywhere();

        assert!(stream.nodelay().unwrap());
    }
}
