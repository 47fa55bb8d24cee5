//! An HTTP endpoint that takes one request and says what it got.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

/// Somebody who waits for one request.
pub(crate) struct Endpoint {
    /// Where it is posted to.
    pub(crate) url: String,
    server: JoinHandle<String>,
}

impl Endpoint {
    /// Listens on a port of its own.
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || answer(&mut listener.accept().unwrap().0));
        Self { url, server }
    }

    /// The request, once it has come.
    pub(crate) fn request(self) -> String {
        self.server.join().unwrap()
    }
}

fn answer(stream: &mut TcpStream) -> String {
    let (mut text, mut bytes) = (String::new(), [0; 4096]);
    while !is_whole(&text) {
        let count = stream.read(&mut bytes).unwrap();
        assert!(count > 0, "the request ended: {text}");
        text.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    let answer = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    stream.write_all(answer).unwrap();
    text
}

/// Whether as much has come as the head says.
fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let head = head.to_ascii_lowercase();
    let mut lines = head.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length: "));
    length.is_none_or(|length| body.len() >= length.parse().unwrap())
}
