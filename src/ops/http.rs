//! HTTP requests: one call, one answer, with a limit of time and of size. TLS is always verified.
//!
//! Over 300 lines because its tests bring a server along.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response, Url, redirect};

use crate::base::{Error, Kind, Result, Secret, units};
use crate::ops::measure;

/// How long a request may take when nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// How large an answer may be when nothing else is said: 16 MB.
pub const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// How many times an answer may send us elsewhere.
const REDIRECTS: usize = 10;

/// How much of the body of a failure stands in the error.
const EXCERPT: usize = 2000;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// Where; `http` or `https`.
    pub url: String,
    /// Headers; their values may be secrets.
    pub headers: Vec<(String, Secret)>,
    /// What is sent.
    pub body: Option<Vec<u8>>,
    /// How long it may take in all.
    pub timeout: Duration,
    /// How large the answer may be.
    pub max_bytes: u64,
    /// Whether to go where the answer sends us.
    pub follow: bool,
    /// Whether errors name the machine alone, because who knows the path can write there.
    pub is_private: bool,
}

impl Request {
    /// A request without anything special.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: None,
            timeout: TIMEOUT,
            max_bytes: MAX_BYTES,
            follow: true,
            is_private: false,
        }
    }
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Headers by lower-case name; several of one name are joined by commas.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
    shown: String,
}

impl Answer {
    /// Whether the status says success (200 to 299).
    pub fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Itself, unless the status says failure (400 and above).
    pub fn check(self) -> Result<Self> {
        if self.status < 400 {
            return Ok(self);
        }
        let body = String::from_utf8_lossy(&self.body);
        let excerpt: String = body.chars().take(EXCERPT).collect();
        Err(Error::new(
            Kind::Http,
            format!("{} answered {}", self.shown, self.status),
        )
        .field("status", self.status)
        .field("body", excerpt))
    }
}

/// The clients of a run, made when they are needed: connections are kept between requests.
#[derive(Debug, Default)]
pub struct Http {
    following: OnceLock<Client>,
    staying: OnceLock<Client>,
}

impl Http {
    /// Sends a request and reads the whole answer, whatever its status.
    pub async fn send(&self, request: &Request) -> Result<Answer> {
        let url = parse(&request.url)?;
        let path = if request.is_private { "" } else { url.path() };
        let shown = format!("`{} {}{path}`", request.method, machine(&url));
        let sending = self.exchange(request, url, &shown);
        match tokio::time::timeout(request.timeout, sending).await {
            Ok(answer) => answer,
            Err(_elapsed) => {
                let limit = units::duration(request.timeout);
                Err(Error::new(
                    Kind::Timeout,
                    format!("{shown} took longer than {limit}"),
                ))
            }
        }
    }

    async fn exchange(&self, request: &Request, url: Url, shown: &str) -> Result<Answer> {
        let method = Method::from_bytes(request.method.to_ascii_uppercase().as_bytes());
        let method = method
            .map_err(|e| Error::invalid(format!("`{}` is no method", request.method)).because(e))?;
        let client = self.client(request.follow, url.scheme())?;
        let mut builder = client.request(method, url).headers(headers(request)?);
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let response = builder.send().await.map_err(|e| explain(e, shown))?;
        read(response, request.max_bytes, shown).await
    }

    fn client(&self, follow: bool, scheme: &str) -> Result<&Client> {
        let cell = if follow {
            &self.following
        } else {
            &self.staying
        };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let client = make_client(follow, scheme)?;
        Ok(cell.get_or_init(|| client))
    }
}

fn make_client(follow: bool, scheme: &str) -> Result<Client> {
    // The first one stays; it is the only provider this program is built with.
    let _already_there = rustls::crypto::ring::default_provider().install_default();
    let policy = if follow {
        redirect::Policy::limited(REDIRECTS)
    } else {
        redirect::Policy::none()
    };
    let builder = || {
        Client::builder()
            .redirect(policy)
            .connect_timeout(TIMEOUT)
            .user_agent(concat!("lexi/", env!("CARGO_PKG_VERSION")))
    };
    if scheme == "http" && !has_certificates() {
        // Without any certificate authorities a client for TLS cannot be made, but plain HTTP needs none.
        let nobody = rustls::ClientConfig::builder()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        return finish(builder().tls_backend_preconfigured(nobody));
    }
    finish(builder())
}

fn finish(builder: reqwest::ClientBuilder) -> Result<Client> {
    builder.build().map_err(|e| {
        Error::unavailable("no HTTPS connection can be made here")
            .because(e)
            .hint("apt-get install ca-certificates")
    })
}

/// Whether the system has certificate authorities to verify servers with.
fn has_certificates() -> bool {
    Client::builder().build().is_ok()
}

fn parse(url: &str) -> Result<Url> {
    let parsed =
        Url::parse(url).map_err(|e| Error::invalid("the URL cannot be read").because(e))?;
    match parsed.scheme() {
        "http" | "https" if parsed.has_host() => Ok(parsed),
        scheme => Err(Error::invalid(format!(
            "`{scheme}` is not `http` or `https`"
        ))),
    }
}

/// The machine that a URL leads to, as `host:port`.
pub fn authority(url: &str) -> Result<String> {
    let url = parse(url)?;
    let host = url.host_str().unwrap_or_default();
    Ok(format!(
        "{host}:{}",
        url.port_or_known_default().unwrap_or_default()
    ))
}

/// What comes before the path of a URL, without a password: that and the query may hold secrets.
fn machine(url: &Url) -> String {
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    format!("{}://{host}{port}", url.scheme())
}

fn headers(request: &Request) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let key = HeaderName::from_bytes(name.as_bytes())
            .map_err(|e| Error::invalid(format!("`{name}` is no name of a header")).because(e))?;
        let mut value = HeaderValue::from_str(value.reveal()).map_err(|_secret_inside| {
            Error::invalid(format!(
                "the value of header `{name}` has characters that are not allowed"
            ))
        })?;
        value.set_sensitive(true);
        headers.append(key, value);
    }
    Ok(headers)
}

async fn read(mut response: Response, max_bytes: u64, shown: &str) -> Result<Answer> {
    let mut headers = BTreeMap::<String, String>::new();
    for (name, value) in response.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers
            .entry(name.to_string())
            .and_modify(|joined| {
                joined.push_str(", ");
                joined.push_str(&value);
            })
            .or_insert(value);
    }
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|e| explain(e, shown))? {
        let length = u64::try_from(body.len() + piece.len()).unwrap_or(u64::MAX);
        if length > max_bytes {
            let limit = units::bytes(max_bytes);
            return Err(
                Error::invalid(format!("the answer to {shown} is larger than {limit}"))
                    .hint("allow more with the option `max_bytes`"),
            );
        }
        body.extend_from_slice(&piece);
    }
    measure::bytes(body.len() as u64);
    Ok(Answer {
        status: response.status().as_u16(),
        headers,
        body,
        shown: shown.to_owned(),
    })
}

fn explain(e: reqwest::Error, shown: &str) -> Error {
    let e = e.without_url();
    let causes = causes(&e);
    let is_certificate = causes.iter().any(|cause| cause.contains("certificate"));
    let error = if e.is_timeout() {
        Error::new(Kind::Timeout, format!("{shown} took too long"))
    } else if is_certificate {
        Error::new(
            Kind::Http,
            format!("the certificate of the server of {shown} is not trusted"),
        )
    } else if e.is_connect() {
        Error::unavailable(format!("nothing answers {shown}"))
    } else {
        Error::new(Kind::Http, format!("{shown} got no proper answer"))
    };
    match causes.last() {
        Some(cause) => error.because(cause.clone()),
        None => error.because(e),
    }
}

fn causes(e: &reqwest::Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut next = e.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::base::Cancel;
    use crate::runtime::Runtime;

    /// A server that gives one prepared answer to each connection, and what it was asked by the first.
    fn serve(answers: Vec<String>) -> (String, thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let mut first = String::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut buffer = [0; 8192];
                let mut asked = String::new();
                while !asked.contains("\r\n\r\n") || !asked.ends_with(['\n', '}']) {
                    let count = stream.read(&mut buffer).unwrap();
                    asked.push_str(&String::from_utf8_lossy(&buffer[..count]));
                }
                stream.write_all(answer.as_bytes()).unwrap();
                if first.is_empty() {
                    first = asked;
                }
            }
            first
        });
        (url, server)
    }

    fn answer(status: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
    }

    fn send(request: &Request) -> Result<Answer> {
        Runtime::default().wait(&Cancel::detached(), Http::default().send(request))
    }

    #[test]
    fn a_request_is_sent_as_it_is_and_the_answer_read() {
        let (url, server) = serve(vec![answer(
            "201 Created",
            "x-one: 1\r\nX-One: 2\r\n",
            "done",
        )]);
        let mut request = Request::new("post", format!("{url}/a?b=c"));
        request.headers = vec![("authorization".into(), Secret::new("Bearer abc"))];
        request.body = Some(b"{\"a\":1}".to_vec());

        let answer = send(&request).unwrap();

        assert_eq!((answer.status, answer.body.as_slice()), (201, &b"done"[..]));
        assert_eq!(answer.headers["x-one"], "1, 2");
        let asked = server.join().unwrap();
        assert!(asked.starts_with("POST /a?b=c HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("authorization: Bearer abc") && asked.ends_with("{\"a\":1}"));
    }

    #[test]
    fn a_failure_carries_status_and_body_and_no_secret() {
        let (url, _server) = serve(vec![answer("503 Busy", "", "try later")]);
        let request = Request::new(
            "GET",
            format!("{}/x?token=abc", url.replace("//", "//me:pw@")),
        );

        let error = send(&request).unwrap().check().unwrap_err();

        assert_eq!(error.message(), format!("`GET {url}/x` answered 503"));
        assert_eq!(error.fields()["status"], 503);
        assert_eq!(error.fields()["body"], "try later");
    }

    #[test]
    fn a_redirect_is_followed_only_when_wanted() {
        let moved = || answer("302 Found", "location: /there\r\n", "");
        let (url, _server) = serve(vec![moved(), answer("200 OK", "", "there")]);
        assert_eq!(send(&Request::new("GET", url)).unwrap().body, b"there");

        let (url, _server) = serve(vec![moved()]);
        let mut request = Request::new("GET", url);
        request.follow = false;
        assert_eq!(send(&request).unwrap().status, 302);
    }

    #[test]
    fn an_answer_over_the_limit_is_refused() {
        let (url, _server) = serve(vec![answer("200 OK", "", &"x".repeat(2000))]);
        let mut request = Request::new("GET", url);
        request.max_bytes = 1999;

        assert_eq!(send(&request).unwrap_err().kind(), Kind::Invalid);
    }

    #[test]
    fn silence_and_absence_have_kinds_of_their_own() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let mut request = Request::new("GET", &url);
        request.timeout = Duration::from_millis(200);
        assert_eq!(send(&request).unwrap_err().kind(), Kind::Timeout);

        drop(listener);
        assert_eq!(
            send(&Request::new("GET", url)).unwrap_err().kind(),
            Kind::Unavailable
        );
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for url in ["", "x", "file:///etc/passwd", "ftp://a/b", "http://"] {
            let error = send(&Request::new("GET", url)).unwrap_err();
            assert_eq!(error.kind(), Kind::Invalid, "{url}");
        }
    }
}
