//! The `http` namespace: requests, bounded in time and size.

use rhai::{Dynamic, Map, Module, NativeCallContext};
use serde::Deserialize;

use super::bridge::{self, RhaiResultOf};
use crate::base::{Error, Kind, Result, Secret};
use crate::ops::http::{Answer, Request, send};

/// The functions of this namespace.
pub(super) fn module() -> Module {
    rhai::exported_module!(api)
}

/// What a request may be told besides method and address.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    timeout: String,
    max_bytes: u64,
    follow: usize,
    check: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: "30s".into(),
            max_bytes: 16 * 1024 * 1024,
            follow: 5,
            check: true,
        }
    }
}

fn request(ctx: &NativeCallContext, method: &str, url: &str, mut map: Map) -> RhaiResultOf<Map> {
    let name = "http::request";
    let throw = |error| bridge::throw(ctx, name, error);
    let headers = headers(map.remove("headers")).map_err(throw)?;
    let body = body(map.remove("json"), map.remove("body")).map_err(throw)?;
    let options: Options = bridge::options(ctx, name, map)?;
    let timeout = bridge::duration(&options.timeout.clone().into()).map_err(throw)?;
    let request = Request {
        method: method.to_owned(),
        url: url.to_owned(),
        headers,
        body,
        timeout,
        max_bytes: options.max_bytes,
        follow: options.follow,
    };
    let answer = bridge::wait(ctx, name, async {
        let answer = send(request).await?;
        if options.check {
            refuse_failure(&answer, url)?;
        }
        Ok(answer)
    })?;
    Ok(shown(answer))
}

fn headers(given: Option<Dynamic>) -> Result<Vec<(String, Secret)>> {
    let Some(given) = given.filter(|given| !given.is_unit()) else {
        return Ok(Vec::new());
    };
    let map = given
        .try_cast::<Map>()
        .ok_or_else(|| Error::invalid("option `headers` must be a map of names and values"))?;
    let secret = |value: Dynamic| match value.clone().try_cast::<Secret>() {
        Some(secret) => secret,
        None => Secret::new(value.to_string()),
    };
    Ok(map
        .into_iter()
        .map(|(name, value)| (name.to_string(), secret(value)))
        .collect())
}

fn body(json: Option<Dynamic>, body: Option<Dynamic>) -> Result<Option<(Vec<u8>, &'static str)>> {
    match (json.filter(|v| !v.is_unit()), body.filter(|v| !v.is_unit())) {
        (Some(_), Some(_)) => Err(Error::invalid("give `json` or `body`, not both")),
        (Some(json), None) => serde_json::to_vec(&json)
            .map(|bytes| Some((bytes, "application/json")))
            .map_err(|e| Error::invalid("option `json` cannot be written as JSON").because(e)),
        (None, Some(body)) => Ok(Some(match body.clone().try_cast::<rhai::Blob>() {
            Some(bytes) => (bytes, "application/octet-stream"),
            None => (body.to_string().into_bytes(), "text/plain; charset=utf-8"),
        })),
        (None, None) => Ok(None),
    }
}

fn refuse_failure(answer: &Answer, url: &str) -> Result<()> {
    if (200..400).contains(&answer.status) {
        return Ok(());
    }
    let bare = url.split('?').next().unwrap_or(url);
    let excerpt: String = String::from_utf8_lossy(&answer.body)
        .chars()
        .take(300)
        .collect();
    Err(
        Error::new(Kind::Http, format!("{bare} answered {}", answer.status))
            .field("status", answer.status)
            .field("body", excerpt)
            .hint("to look at such an answer yourself give `check: false`"),
    )
}

fn shown(answer: Answer) -> Map {
    let text = String::from_utf8(answer.body);
    let body: Dynamic = match text {
        Ok(text) => text.into(),
        Err(e) => Dynamic::from_blob(e.into_bytes()),
    };
    let headers: Map = answer
        .headers
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    Map::from([
        ("status".into(), i64::from(answer.status).into()),
        ("ok".into(), (200..300).contains(&answer.status).into()),
        ("headers".into(), headers.into()),
        ("body".into(), body),
    ])
}

/// HTTP requests. Each gives `#{ status, ok, headers, body }`: header names in lower case, the body as a string, or as a blob
/// when it is not UTF-8. Certificates are verified against the system's roots. Proxies of the environment are not used.
#[rhai::export_module]
pub mod api {
    /// Fetches an address.
    ///
    /// # Parameters
    /// - `url`: `http://` or `https://`
    ///
    /// # Errors
    /// - `unavailable`: nobody answers there
    /// - `timeout`: no whole answer within 30 seconds
    /// - `http`: a status other than 2xx and 3xx, a broken answer, or one larger than 16 MB
    /// - `invalid`: not a web address
    ///
    /// # Example
    /// ```
    /// let outcome = attempt(|| http::get("http://127.0.0.1:1/"));
    /// ensure(outcome.error.kind == "unavailable", "nobody listens there");
    /// ```
    #[rhai_fn(name = "get", return_raw)]
    pub fn get(ctx: NativeCallContext, url: &str) -> RhaiResultOf<Map> {
        super::request(&ctx, "GET", url, Map::new())
    }

    /// Sends a value as JSON with POST.
    ///
    /// # Parameters
    /// - `url`: `http://` or `https://`
    /// - `json`: what to send
    ///
    /// # Errors
    /// - those of `http::get`
    ///
    /// # Example
    /// ```
    /// let outcome = attempt(|| http::post("http://127.0.0.1:1/", #{ text: "backup done" }));
    /// ensure(outcome.error.kind == "unavailable", "nobody listens there");
    /// ```
    #[rhai_fn(name = "post", return_raw)]
    pub fn post(ctx: NativeCallContext, url: &str, json: Dynamic) -> RhaiResultOf<Map> {
        super::request(&ctx, "POST", url, Map::from([("json".into(), json)]))
    }

    /// Sends any request.
    ///
    /// # Parameters
    /// - `method`: `GET`, `POST`, `PUT`, `PATCH`, `DELETE`, `HEAD` ..
    /// - `url`: `http://` or `https://`
    /// - `options`: see below
    ///
    /// # Options
    /// - `headers`: a map of names and values; a value may be a secret
    /// - `json`: a value to send as JSON
    /// - `body`: a string or blob to send
    /// - `timeout`: how long all of it may take (default `"30s"`)
    /// - `max_bytes`: how large the answer may be (default 16 MB)
    /// - `follow`: how many redirections to follow (default 5)
    /// - `check`: whether a status other than 2xx and 3xx is an error (default true)
    ///
    /// # Errors
    /// - those of `http::get`
    ///
    /// # Example
    /// ```
    /// let options = #{ headers: #{ "x-token": "t" }, timeout: "2s", check: false };
    /// let outcome = attempt(|| http::request("DELETE", "http://127.0.0.1:1/x", options));
    /// ensure(outcome.error.kind == "unavailable", "nobody listens there");
    /// ```
    #[rhai_fn(name = "request", return_raw)]
    pub fn any(ctx: NativeCallContext, method: &str, url: &str, options: Map) -> RhaiResultOf<Map> {
        super::request(&ctx, method, url, options)
    }

    /// The status that an address answers with, for health checks; no status is an error.
    ///
    /// # Parameters
    /// - `url`: `http://` or `https://`
    ///
    /// # Errors
    /// - `unavailable`: nobody answers there
    /// - `timeout`: no answer within 30 seconds
    ///
    /// # Example
    /// ```
    /// let outcome = attempt(|| http::status("http://127.0.0.1:1/health"));
    /// ensure(!outcome.ok, "nobody listens there");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn status(ctx: NativeCallContext, url: &str) -> RhaiResultOf<i64> {
        let options = Map::from([("check".into(), false.into())]);
        let answer = super::request(&ctx, "GET", url, options)?;
        Ok(answer
            .get("status")
            .and_then(|status| status.as_int().ok())
            .unwrap_or_default())
    }

    /// Reads JSON text as a value.
    ///
    /// # Parameters
    /// - `text`: such as the `body` of an answer
    ///
    /// # Errors
    /// - `invalid`: the text is not JSON
    ///
    /// # Example
    /// ```
    /// ensure(http::json("{\"a\": [1, 2]}").a == [1, 2], "objects are maps");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn json(ctx: NativeCallContext, text: &str) -> RhaiResultOf<Dynamic> {
        let name = "http::json";
        let value: serde_json::Value = serde_json::from_str(text).map_err(|e| {
            bridge::throw(&ctx, name, Error::invalid("this is not JSON").because(e))
        })?;
        bridge::value(&ctx, name, value)
    }
}
