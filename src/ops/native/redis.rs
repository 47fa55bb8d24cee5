//! Redis as the native driver runs it: its configuration file, and a question that only this server can answer.

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::account::Account;
use super::place::Place;
use super::{Answer, place};
use crate::base::{Error, Result, Secret};
use crate::ops::stack::Service;

/// The port inside a container; what it is published as is the port here.
pub(super) const PORT: u16 = 6379;

/// How long one question may take.
const ASK_LIMIT: Duration = Duration::from_secs(5);

/// What the driver decides itself, so that a service may not.
const OWNED: [&str; 10] = [
    "bind",
    "port",
    "dir",
    "daemonize",
    "logfile",
    "pidfile",
    "requirepass",
    "set-proc-title",
    "supervised",
    "unixsocket",
];

/// What a service asks of Redis.
#[derive(Debug, Clone)]
pub(super) struct Redis {
    password: Secret,
    directives: Vec<String>,
}

impl Redis {
    /// Reads `REDIS_PASSWORD` and the directives of the command (`--appendonly yes`).
    pub(super) fn of(service: &Service) -> Result<Self> {
        let directives = parse_directives(&service.command)
            .map_err(|e| e.context(format!("service `{}`", service.name)))?;
        Ok(Self {
            password: service.variable("REDIS_PASSWORD"),
            directives,
        })
    }

    /// The directives alone: what decides whether a running server is as it is wanted.
    pub(super) fn wanted(&self) -> String {
        self.directives.join("\n")
    }

    /// Writes the configuration, readable by the server's user only: it holds the password, which no command line may.
    pub(super) fn write_config(&self, place: &Place, port: u16, account: &Account) -> Result<()> {
        let config = self.config(&place.data(), port);
        place::write_private(&place.config(), &config, account)
    }

    fn config(&self, data: &Path, port: u16) -> String {
        let mut text = "# Written by lexi at each start.\n".to_owned();
        let own = [
            "bind 127.0.0.1".to_owned(),
            format!("port {port}"),
            format!("dir {}", quote(&data.display().to_string())),
            "daemonize no".to_owned(),
            // The title would hide by which file the process is known.
            "set-proc-title no".to_owned(),
        ];
        let password = (!self.password.is_empty())
            .then(|| format!("requirepass {}", quote(self.password.reveal())));
        for line in self.directives.iter().cloned().chain(own).chain(password) {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    /// The port in the configuration of a server whose state was lost.
    pub(super) fn port_in(config: &Path) -> Option<u16> {
        let text = std::fs::read_to_string(config).ok()?;
        let port = text
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("port "))?;
        port.trim().parse().ok()
    }

    /// Asks for a sign of life with the password, and whether it comes from this process.
    pub(super) async fn ask(&self, port: u16, pid: u32) -> Result<Answer> {
        let asking = ask(port, &self.password);
        let Ok(Ok(text)) = tokio::time::timeout(ASK_LIMIT, asking).await else {
            return Ok(Answer::NotYet);
        };
        let refusal = [
            "-WRONGPASS",
            "-NOAUTH",
            "-ERR AUTH",
            "-ERR Client sent AUTH",
        ];
        if refusal.iter().any(|start| text.starts_with(start)) || text.contains("\r\n-NOAUTH") {
            let message = "redis refuses the password of the settings: it was started with another";
            return Err(Error::refused(message).hint("lexi run restart"));
        }
        let is_this = text.contains(&format!("process_id:{pid}\r\n"));
        Ok(if text.contains("+PONG\r\n") && is_this {
            Answer::Ready
        } else {
            Answer::NotYet
        })
    }

    /// Asks for a sign of life; what is wrong otherwise.
    pub(super) async fn check(password: &Secret, port: u16, pid: u32) -> Result<(), String> {
        let asked = Self {
            password: password.clone(),
            directives: Vec::new(),
        };
        match asked.ask(port, pid).await {
            Ok(Answer::Ready) => Ok(()),
            Ok(Answer::NotYet) => Err("it does not answer `PING` with `PONG`".to_owned()),
            Err(error) => Err(error.full_message()),
        }
    }
}

/// What the server says to `AUTH`, `PING` and `INFO server` in one go.
async fn ask(port: u16, password: &Secret) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let mut request = Vec::new();
    if !password.is_empty() {
        request.extend(encode(&["AUTH", password.reveal()]));
    }
    request.extend(encode(&["PING"]));
    request.extend(encode(&["INFO", "server"]));
    request.extend(encode(&["QUIT"]));
    stream.write_all(&request).await?;
    let mut answer = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A command in the protocol of Redis.
fn encode(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n{word}\r\n", word.len()).into_bytes());
    }
    bytes
}

/// A word of `redis.conf`: in quotes, unless it is plain.
fn quote(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '%');
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let mut quoted = String::from('"');
    for byte in word.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b' '..=b'~' => quoted.push(char::from(byte)),
            other => quoted.extend(["\\x".to_owned(), format!("{other:02x}")]),
        }
    }
    quoted.push('"');
    quoted
}

/// `["redis-server", "--save", "60", "1"]` as lines of `redis.conf`.
fn parse_directives(command: &[String]) -> Result<Vec<String>> {
    let mut directives: Vec<String> = Vec::new();
    let skipped = usize::from(command.first().is_some_and(|first| first == "redis-server"));
    for word in &command[skipped..] {
        if let Some(name) = word.strip_prefix("--") {
            if OWNED.contains(&name.to_ascii_lowercase().as_str()) {
                return Err(Error::invalid(format!("`{name}` is decided by the driver"))
                    .hint("leave it out of `command`; the password is `REDIS_PASSWORD` in `environment`"));
            }
            directives.push(name.to_owned());
        } else if let Some(directive) = directives.last_mut() {
            directive.push(' ');
            directive.push_str(&quote(word));
        } else {
            return Err(Error::invalid(format!(
                "`{word}` in `command` means nothing to the native driver"
            ))
            .hint("write directives of Redis as `--name value`"));
        }
    }
    Ok(directives)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Vec<String>> {
        parse_directives(
            &words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn directives_are_read_from_a_command() {
        let words = [
            "redis-server",
            "--save",
            "60",
            "1",
            "--appendonly",
            "yes",
            "--x",
            "",
        ];

        assert_eq!(
            parse(&words).unwrap(),
            ["save 60 1", "appendonly yes", "x \"\""]
        );
        assert!(parse(&["redis-server"]).unwrap().is_empty());
        assert!(parse(&["/etc/redis.conf"]).is_err());
        assert!(parse(&["--Requirepass", "x"]).is_err());
    }

    #[test]
    fn a_word_with_anything_in_it_survives_the_file() {
        assert_eq!(quote("a-b/c.1"), "a-b/c.1");
        assert_eq!(quote("a b\"\\"), r#""a b\"\\""#);
        assert_eq!(quote("é\n"), r#""\xc3\xa9\x0a""#);
    }

    #[test]
    fn an_empty_password_is_no_directive() {
        let redis = Redis {
            password: Secret::default(),
            directives: vec!["maxmemory 512mb".to_owned()],
        };

        let config = redis.config(Path::new("/d a"), 1234);

        assert!(!config.contains("requirepass"));
        assert!(config.contains("maxmemory 512mb\n") && config.contains("dir \"/d a\"\n"));
    }
}
