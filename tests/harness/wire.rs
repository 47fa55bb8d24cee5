//! A wire between a program and a server, which may be cut.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Connections to its port go to a server's, until they are cut; new ones are taken again at once.
pub(crate) struct Wire {
    port: u16,
    ends: Arc<Mutex<Vec<TcpStream>>>,
    is_gone: Arc<AtomicBool>,
}

impl Wire {
    /// A wire to a port of this machine.
    pub(crate) fn to(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let wire = Self {
            port: listener.local_addr().unwrap().port(),
            ends: Arc::default(),
            is_gone: Arc::default(),
        };
        let (ends, is_gone) = (Arc::clone(&wire.ends), Arc::clone(&wire.is_gone));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if is_gone.load(Ordering::SeqCst) {
                    break;
                }
                // A server that is away takes nobody: the client finds its connection closed.
                if let Ok(server) = TcpStream::connect(("127.0.0.1", server)) {
                    join(&client, &server);
                    ends.lock().unwrap().extend([client, server]);
                }
            }
        });
        wire
    }

    /// Where it begins.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Ends every connection that goes through it.
    pub(crate) fn cut(&self) {
        for end in self.ends.lock().unwrap().drain(..) {
            let _may_have_ended = end.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.is_gone.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for the next one.
        let _woken = TcpStream::connect(("127.0.0.1", self.port));
        self.cut();
    }
}

/// Copies both ways until either side ends.
fn join(client: &TcpStream, server: &TcpStream) {
    for (from, to) in [(client, server), (server, client)] {
        let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        thread::spawn(move || {
            let _cut = std::io::copy(&mut from, &mut to);
            let _ended = to.shutdown(Shutdown::Both);
            let _ended = from.shutdown(Shutdown::Both);
        });
    }
}
