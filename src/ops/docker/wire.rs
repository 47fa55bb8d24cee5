//! Requests that the client library gets wrong, written by hand.
//!
//! Its model of `system/df` lacks what engines before API 1.43 send, it cannot ask them to make no second network of a
//! name, and its reader of terminal streams takes some bytes for the head of a frame and loses them.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::connect::{Address, Engine};
use super::error::refused;
use crate::base::{Error, Kind, Result};

/// The longest head of an answer that is read.
const HEAD_LIMIT: usize = 64 * 1024;

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection whose bytes are ours.
pub(super) struct Connection {
    stream: Box<dyn Duplex>,
    /// What came with the head.
    first: Vec<u8>,
}

impl Connection {
    /// The two directions; what came with the head is the start of the first.
    pub(super) fn split(
        self,
    ) -> (
        impl AsyncRead + Send + Unpin,
        impl AsyncWrite + Send + Unpin,
    ) {
        let (read, write) = tokio::io::split(self.stream);
        (std::io::Cursor::new(self.first).chain(read), write)
    }
}

/// Asks for a document.
pub(super) async fn get_json(engine: &Engine, path: &str) -> Result<serde_json::Value> {
    let doing = format!("cannot ask the engine for `{path}`");
    let (status, body) =
        exchange(engine, &format!("GET /v{}{path}", engine.api()), "", &doing).await?;
    if status != 200 {
        return Err(refused(&doing, status, &message_in(&body)));
    }
    serde_json::from_slice(&body).map_err(|e| Error::new(Kind::Docker, doing).because(e))
}

/// Posts a document; `doing` is what an error says.
pub(super) async fn post_json(engine: &Engine, path: &str, body: &str, doing: &str) -> Result<()> {
    let line = format!("POST /v{}{path}", engine.api());
    let (status, answer) = exchange(engine, &line, body, doing).await?;
    match status {
        200..=299 => Ok(()),
        status => Err(refused(doing, status, &message_in(&answer))),
    }
}

/// Sends a request and reads the whole answer. HTTP/1.0 makes the engine send it in one piece and close.
async fn exchange(engine: &Engine, line: &str, body: &str, doing: &str) -> Result<(u16, Vec<u8>)> {
    let head = format!(
        "{line} HTTP/1.0\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (status, mut connection) = send(engine, &head, doing).await?;
    let mut body = std::mem::take(&mut connection.first);
    let read = connection.stream.read_to_end(&mut body).await;
    read.map_err(|e| Error::io(doing.to_owned(), e))?;
    Ok((status, body))
}

/// Posts a document and takes the connection over.
pub(super) async fn upgrade(engine: &Engine, path: &str, body: &str) -> Result<Connection> {
    let doing = format!("cannot take over `{path}`");
    let head = format!(
        "POST /v{}{path} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        engine.api(),
        body.len()
    );
    let (status, connection) = send(engine, &head, &doing).await?;
    match status {
        // Engines that do not know the upgrade answer 200 and hand the connection over all the same.
        101 | 200 => Ok(connection),
        status => Err(refused(&doing, status, &message_in(&connection.first))),
    }
}

async fn send(engine: &Engine, head: &str, doing: &str) -> Result<(u16, Connection)> {
    let lost = |e| Error::io(doing.to_owned(), e);
    let mut stream = open(engine).await.map_err(lost)?;
    stream.write_all(head.as_bytes()).await.map_err(lost)?;
    let mut read = Vec::new();
    let mut buffer = vec![0; 8 * 1024];
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let first = read.split_off(end + 4);
            let status = status_in(&read).ok_or_else(|| bad_answer(doing))?;
            return Ok((status, Connection { stream, first }));
        }
        let count = stream.read(&mut buffer).await.map_err(lost)?;
        if count == 0 || read.len() > HEAD_LIMIT {
            return Err(bad_answer(doing));
        }
        read.extend_from_slice(&buffer[..count]);
    }
}

async fn open(engine: &Engine) -> std::io::Result<Box<dyn Duplex>> {
    Ok(match &engine.endpoint().address {
        Address::Unix(path) => Box::new(UnixStream::connect(path).await?),
        Address::Tcp(host) => Box::new(TcpStream::connect(host).await?),
    })
}

fn bad_answer(doing: &str) -> Error {
    Error::new(Kind::Docker, format!("{doing}: the answer is not HTTP"))
}

/// `HTTP/1.1 200 OK` as 200.
fn status_in(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    std::str::from_utf8(line)
        .ok()?
        .split(' ')
        .nth(1)?
        .parse()
        .ok()
}

/// The engine's words in an answer that is not success.
fn message_in(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let json = text.find('{').zip(text.rfind('}'));
    let json = json.and_then(|(start, end)| {
        serde_json::from_str::<serde_json::Value>(text.get(start..=end)?).ok()
    });
    let message = json.as_ref().and_then(|json| json.get("message")?.as_str());
    message.unwrap_or(text.trim()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_and_a_message_are_read() {
        assert_eq!(status_in(b"HTTP/1.1 404 Not Found\r\nA: b"), Some(404));
        assert_eq!(status_in(b"nonsense"), None);
        assert_eq!(message_in(b"20\r\n{\"message\":\"no\"}\r\n0"), "no");
    }
}
