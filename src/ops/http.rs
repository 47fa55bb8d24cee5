//! HTTP requests: bounded in time and size, certificates verified.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, Url};

use crate::base::{Error, Kind, Result, Secret, units};

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `POST` and the like.
    pub method: String,
    /// Where to.
    pub url: String,
    /// Header lines.
    pub headers: Vec<(String, Secret)>,
    /// The body and its type.
    pub body: Option<(Vec<u8>, &'static str)>,
    /// How long all of it may take.
    pub timeout: Duration,
    /// How large the answer's body may be.
    pub max_bytes: u64,
    /// How many redirections are followed.
    pub follow: usize,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Header lines, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Sends a request and reads the whole answer.
pub async fn send(request: Request) -> Result<Answer> {
    let url = parse(&request.url)?;
    let shown = shown(&url);
    let limit = request.timeout;
    let exchange = exchange(request, url.clone(), &shown);
    tokio::time::timeout(limit, exchange)
        .await
        .unwrap_or_else(|_elapsed| {
            let message = format!("{shown} did not answer within {}", units::duration(limit));
            Err(Error::new(Kind::Timeout, message).field("url", shown.clone()))
        })
}

fn parse(text: &str) -> Result<Url> {
    let bad = |why: &str| {
        Error::invalid(format!("`{text}` is not a web address: {why}"))
            .hint("write it as `https://host/path`")
    };
    let url = Url::parse(text).map_err(|e| bad(&e.to_string()))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(bad(&format!("`{other}` is neither http nor https"))),
    }
}

/// The address without what may be secret: user, password and query.
fn shown(url: &Url) -> String {
    let mut bare = url.clone();
    // Both fail only for addresses that cannot have them.
    let _no_user = bare.set_username("");
    let _no_password = bare.set_password(None);
    bare.set_query(None);
    bare.to_string()
}

fn client(follow: usize) -> Result<Client> {
    // A second installation only repeats the first.
    let _already_there = rustls::crypto::ring::default_provider().install_default();
    let policy = if follow == 0 {
        Policy::none()
    } else {
        Policy::limited(follow)
    };
    let builder = Client::builder()
        .redirect(policy)
        .user_agent(concat!("lexi/", env!("CARGO_PKG_VERSION")));
    builder
        .no_proxy()
        .build()
        .map_err(|e| Error::new(Kind::Http, "cannot set up HTTP").because(e))
}

async fn exchange(request: Request, url: Url, shown: &str) -> Result<Answer> {
    let method = Method::from_bytes(request.method.to_ascii_uppercase().as_bytes())
        .map_err(|e| Error::invalid(format!("`{}` is not a method", request.method)).because(e))?;
    let mut sending = client(request.follow)?
        .request(method, url)
        .headers(headers(&request.headers)?);
    if let Some((body, kind)) = request.body {
        if !request
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        {
            sending = sending.header("content-type", kind);
        }
        sending = sending.body(body);
    }
    let response = sending.send().await.map_err(|e| failed(e, shown))?;
    read(response, request.max_bytes, shown).await
}

fn headers(pairs: &[(String, Secret)]) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let bad = |what: &str| Error::invalid(format!("{what} of header `{name}` cannot be sent"));
        let key =
            HeaderName::from_bytes(name.as_bytes()).map_err(|e| bad("the name").because(e))?;
        let mut value =
            HeaderValue::from_str(value.reveal()).map_err(|e| bad("the value").because(e))?;
        value.set_sensitive(true);
        headers.append(key, value);
    }
    Ok(headers)
}

async fn read(response: Response, most: u64, shown: &str) -> Result<Answer> {
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.map_err(|e| failed(e, shown))?);
        if body.len() as u64 > most {
            let message = format!(
                "the answer of {shown} is larger than {}",
                units::bytes(most)
            );
            return Err(Error::new(Kind::Http, message).hint("allow more with `max_bytes`"));
        }
    }
    Ok(Answer {
        status,
        headers,
        body,
    })
}

fn failed(error: reqwest::Error, shown: &str) -> Error {
    let error = error.without_url();
    let (kind, message) = if error.is_connect() {
        (Kind::Unavailable, format!("cannot connect to {shown}"))
    } else if error.is_redirect() {
        (Kind::Http, format!("{shown} redirects too often"))
    } else {
        (Kind::Http, format!("the exchange with {shown} failed"))
    };
    Error::new(kind, message).field("url", shown).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_not_shown() {
        let url = parse("https://user:pass@host.example/path?token=x").unwrap();

        assert_eq!(shown(&url), "https://host.example/path");
    }

    #[test]
    fn other_schemes_are_refused() {
        for text in ["ftp://x", "file:///etc/passwd", "x", ""] {
            assert_eq!(parse(text).unwrap_err().kind(), Kind::Invalid, "{text}");
        }
    }
}
