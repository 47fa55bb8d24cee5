//! The `http` namespace: requests to servers.
//!
//! Over 300 lines because the documentation of its functions is the manual.

use rhai::{Array, Blob, Dynamic, Map, Module, NativeCallContext};
use serde::Deserialize;

use super::bridge::{self, RhaiResultOf};
use super::json::{Secrets, to_json};
use super::program::{Size, Span};
use super::{Host, permit};
use crate::base::{Error, Kind, Result, Secret};
use crate::ops::http::{Answer, MAX_BYTES, Request, TIMEOUT};

/// The functions of this namespace.
pub(super) fn module() -> Module {
    rhai::exported_module!(api)
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    // Taken out before; named here so that a misspelt one is told what there is.
    headers: (),
    json: (),
    body: (),
    timeout: Option<Span>,
    max_bytes: Option<Size>,
    follow: bool,
    check: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            headers: (),
            json: (),
            body: (),
            timeout: None,
            max_bytes: None,
            follow: true,
            check: true,
        }
    }
}

/// Sends a request as a script describes it; gives `#{ status, ok, headers, body }`.
fn send(
    ctx: &NativeCallContext,
    name: &str,
    (method, url): (&str, &str),
    mut options: Map,
) -> RhaiResultOf<Map> {
    let fail = |e| bridge::throw(ctx, name, e);
    let headers = take_headers(&mut options).map_err(fail)?;
    let (json, body) = (options.remove("json"), options.remove("body"));
    let options: Options = bridge::options(ctx, name, options)?;
    let mut request = Request {
        headers,
        timeout: options.timeout.map_or(TIMEOUT, |Span(limit)| limit),
        max_bytes: options.max_bytes.map_or(MAX_BYTES, |Size(bytes)| bytes),
        // Where an answer leads was not granted; the script sees it and may ask there itself.
        follow: options.follow && !permit::is_held(),
        ..Request::new(method, url)
    };
    fill_body(&mut request, json, body).map_err(fail)?;
    let host = Host::of(ctx);
    let answer = bridge::wait(ctx, name, async {
        permit::net(&request.url)?;
        let answer = host.http().send(&request).await?;
        if options.check {
            answer.check()
        } else {
            Ok(answer)
        }
    })?;
    Ok(map_of(answer))
}

fn take_headers(options: &mut Map) -> Result<Vec<(String, Secret)>> {
    let Some(value) = options.remove("headers") else {
        return Ok(Vec::new());
    };
    let kind = value.type_name();
    let Some(map) = value.try_cast::<Map>() else {
        return Err(Error::invalid(format!(
            "option `headers` is {kind}, not a map"
        )));
    };
    let mut headers = Vec::new();
    for (name, value) in map {
        for value in value
            .clone()
            .try_cast::<Array>()
            .unwrap_or_else(|| vec![value])
        {
            headers.push((name.to_string(), header_value(&name, value)?));
        }
    }
    Ok(headers)
}

fn header_value(name: &str, value: Dynamic) -> Result<Secret> {
    if let Some(secret) = value.clone().try_cast::<Secret>() {
        return Ok(secret);
    }
    if value.is_string() || value.is_int() || value.is_bool() {
        return Ok(Secret::new(value.to_string()));
    }
    let kind = value.type_name();
    Err(Error::invalid(format!(
        "header `{name}` is {kind}, not text"
    )))
}

fn fill_body(request: &mut Request, json: Option<Dynamic>, body: Option<Dynamic>) -> Result<()> {
    let (bytes, kind) = match (json, body) {
        (None, None) => return Ok(()),
        (Some(_), Some(_)) => {
            return Err(Error::invalid(
                "a request has either `json` or `body`, not both",
            ));
        }
        (Some(json), None) => {
            let json = to_json(&json, Secrets::Reveal)?;
            (json.to_string().into_bytes(), "application/json")
        }
        (None, Some(body)) => body_bytes(body)?,
    };
    let has_type = request
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if !has_type {
        request
            .headers
            .push(("content-type".into(), Secret::new(kind)));
    }
    request.body = Some(bytes);
    Ok(())
}

fn body_bytes(body: Dynamic) -> Result<(Vec<u8>, &'static str)> {
    const TEXT: &str = "text/plain; charset=utf-8";
    if let Some(secret) = body.clone().try_cast::<Secret>() {
        return Ok((secret.reveal().into(), TEXT));
    }
    if body.is_string() {
        return Ok((body.to_string().into_bytes(), TEXT));
    }
    let kind = body.type_name();
    match body.try_cast::<Blob>() {
        Some(blob) => Ok((blob, "application/octet-stream")),
        None => Err(Error::invalid(format!(
            "option `body` is {kind}, neither a string nor a blob"
        ))
        .hint("send a map or an array with the option `json`")),
    }
}

fn map_of(answer: Answer) -> Map {
    let is_ok = answer.is_ok();
    let headers: Map = answer
        .headers
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let body = match String::from_utf8(answer.body) {
        Ok(text) => text.into(),
        Err(e) => Dynamic::from_blob(e.into_bytes()),
    };
    Map::from([
        ("status".into(), i64::from(answer.status).into()),
        ("ok".into(), is_ok.into()),
        ("headers".into(), headers.into()),
        ("body".into(), body),
    ])
}

/// The status of a server that answers, 0 for one that does not.
fn status_or_zero(result: Result<Answer>) -> Result<i64> {
    match result {
        Ok(answer) => Ok(i64::from(answer.status)),
        Err(e) if matches!(e.kind(), Kind::Unavailable | Kind::Timeout) => Ok(0),
        Err(e) => Err(e),
    }
}

/// Requests to servers. TLS is always verified; an answer is at most 16 MB and comes within 30 seconds unless told
/// otherwise.
#[rhai::export_module]
pub mod api {
    use rhai::{Dynamic, Map, NativeCallContext};

    use super::{Request, send, status_or_zero};
    use crate::base::Error;
    use crate::host::bridge::{self, RhaiResultOf};
    use crate::host::{Host, permit};

    /// Asks a server for something: `#{ status, ok, headers, body }`.
    ///
    /// `headers` are by lower-case name; `body` is a string, or a blob when it is not UTF-8. Read JSON with `.json()`.
    ///
    /// # Parameters
    /// - `url`: where; `http` or `https`
    ///
    /// # Errors
    /// - `unavailable`: nothing answers
    /// - `timeout`: the answer took longer than 30 seconds
    /// - `http`: the status is 400 or above (the error has `status` and `body`), or the certificate is not trusted
    /// - `invalid`: the URL cannot be read, or the answer is larger than 16 MB
    ///
    /// # Example
    /// ```
    /// let outcome = attempt(|| http::get("http://127.0.0.1:9/"));
    /// ensure(outcome.error.kind == "unavailable", "nothing answers on this port");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn get(ctx: NativeCallContext, url: &str) -> RhaiResultOf<Map> {
        send(&ctx, "http::get", ("GET", url), Map::new())
    }

    /// Asks a server for something, with options: `#{ status, ok, headers, body }`.
    ///
    /// # Parameters
    /// - `url`: where; `http` or `https`
    /// - `options`: see below
    ///
    /// # Options
    /// - `headers`: a map of names to text, numbers, secrets, or arrays of them (default: none)
    /// - `json`: a value to send as JSON; secrets in it are sent (default: nothing)
    /// - `body`: a string, a blob or a secret to send (default: nothing)
    /// - `timeout`: how long everything may take (default `"30s"`)
    /// - `max_bytes`: how large the answer may be, in bytes or such as `"64m"` (default `"16m"`)
    /// - `follow`: go where the answer sends us, at most 10 times (default true)
    /// - `check`: throw when the status is 400 or above (default true)
    ///
    /// # Errors
    /// - `unavailable`: nothing answers
    /// - `timeout`: the answer took too long
    /// - `http`: the status is 400 or above (the error has `status` and `body`), or the certificate is not trusted
    /// - `invalid`: the URL or an option cannot be used, or the answer is too large
    ///
    /// # Example
    /// ```
    /// let outcome = attempt(|| http::get("http://127.0.0.1:9/", #{ timeout: "2s" }));
    /// ensure(!outcome.ok, "nothing answers on this port");
    /// ```
    #[rhai_fn(name = "get", return_raw)]
    pub fn get_with(ctx: NativeCallContext, url: &str, options: Map) -> RhaiResultOf<Map> {
        send(&ctx, "http::get", ("GET", url), options)
    }

    /// Sends something to a server: `#{ status, ok, headers, body }`.
    ///
    /// # Parameters
    /// - `url`: where; `http` or `https`
    /// - `options`: see below; usually `json` or `body`
    ///
    /// # Options
    /// - `headers`: a map of names to text, numbers, secrets, or arrays of them (default: none)
    /// - `json`: a value to send as JSON; secrets in it are sent (default: nothing)
    /// - `body`: a string, a blob or a secret to send (default: nothing)
    /// - `timeout`: how long everything may take (default `"30s"`)
    /// - `max_bytes`: how large the answer may be, in bytes or such as `"64m"` (default `"16m"`)
    /// - `follow`: go where the answer sends us, at most 10 times (default true)
    /// - `check`: throw when the status is 400 or above (default true)
    ///
    /// # Errors
    /// - `unavailable`: nothing answers
    /// - `timeout`: the answer took too long
    /// - `http`: the status is 400 or above (the error has `status` and `body`), or the certificate is not trusted
    /// - `invalid`: the URL or an option cannot be used, or the answer is too large
    ///
    /// # Example
    /// ```
    /// let outcome = attempt(|| http::post("http://127.0.0.1:9/", #{ json: #{ name: "Ann" } }));
    /// ensure(!outcome.ok, "nothing answers on this port");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn post(ctx: NativeCallContext, url: &str, options: Map) -> RhaiResultOf<Map> {
        send(&ctx, "http::post", ("POST", url), options)
    }

    /// Puts something on a server: `#{ status, ok, headers, body }`.
    ///
    /// # Parameters
    /// - `url`: where; `http` or `https`
    /// - `options`: see below; usually `json` or `body`
    ///
    /// # Options
    /// - `headers`: a map of names to text, numbers, secrets, or arrays of them (default: none)
    /// - `json`: a value to send as JSON; secrets in it are sent (default: nothing)
    /// - `body`: a string, a blob or a secret to send (default: nothing)
    /// - `timeout`: how long everything may take (default `"30s"`)
    /// - `max_bytes`: how large the answer may be, in bytes or such as `"64m"` (default `"16m"`)
    /// - `follow`: go where the answer sends us, at most 10 times (default true)
    /// - `check`: throw when the status is 400 or above (default true)
    ///
    /// # Errors
    /// - `unavailable`: nothing answers
    /// - `timeout`: the answer took too long
    /// - `http`: the status is 400 or above (the error has `status` and `body`), or the certificate is not trusted
    /// - `invalid`: the URL or an option cannot be used, or the answer is too large
    ///
    /// # Example
    /// ```
    /// let outcome = attempt(|| http::put("http://127.0.0.1:9/a", #{ body: "text" }));
    /// ensure(!outcome.ok, "nothing answers on this port");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn put(ctx: NativeCallContext, url: &str, options: Map) -> RhaiResultOf<Map> {
        send(&ctx, "http::put", ("PUT", url), options)
    }

    /// Changes something on a server: `#{ status, ok, headers, body }`.
    ///
    /// # Parameters
    /// - `url`: where; `http` or `https`
    /// - `options`: see below; usually `json` or `body`
    ///
    /// # Options
    /// - `headers`: a map of names to text, numbers, secrets, or arrays of them (default: none)
    /// - `json`: a value to send as JSON; secrets in it are sent (default: nothing)
    /// - `body`: a string, a blob or a secret to send (default: nothing)
    /// - `timeout`: how long everything may take (default `"30s"`)
    /// - `max_bytes`: how large the answer may be, in bytes or such as `"64m"` (default `"16m"`)
    /// - `follow`: go where the answer sends us, at most 10 times (default true)
    /// - `check`: throw when the status is 400 or above (default true)
    ///
    /// # Errors
    /// - `unavailable`: nothing answers
    /// - `timeout`: the answer took too long
    /// - `http`: the status is 400 or above (the error has `status` and `body`), or the certificate is not trusted
    /// - `invalid`: the URL or an option cannot be used, or the answer is too large
    ///
    /// # Example
    /// ```
    /// let outcome = attempt(|| http::patch("http://127.0.0.1:9/a", #{ json: [] }));
    /// ensure(!outcome.ok, "nothing answers on this port");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn patch(ctx: NativeCallContext, url: &str, options: Map) -> RhaiResultOf<Map> {
        send(&ctx, "http::patch", ("PATCH", url), options)
    }

    /// Deletes something on a server: `#{ status, ok, headers, body }`.
    ///
    /// # Parameters
    /// - `url`: where; `http` or `https`
    ///
    /// # Errors
    /// - `unavailable`: nothing answers
    /// - `timeout`: the answer took longer than 30 seconds
    /// - `http`: the status is 400 or above (the error has `status` and `body`), or the certificate is not trusted
    /// - `invalid`: the URL cannot be read
    ///
    /// # Example
    /// ```
    /// let outcome = attempt(|| http::delete("http://127.0.0.1:9/a"));
    /// ensure(!outcome.ok, "nothing answers on this port");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn delete(ctx: NativeCallContext, url: &str) -> RhaiResultOf<Map> {
        send(&ctx, "http::delete", ("DELETE", url), Map::new())
    }

    /// Asks a server for the status and headers only: `#{ status, ok, headers, body }`.
    ///
    /// # Parameters
    /// - `url`: where; `http` or `https`
    ///
    /// # Errors
    /// - `unavailable`: nothing answers
    /// - `timeout`: the answer took longer than 30 seconds
    /// - `http`: the status is 400 or above, or the certificate is not trusted
    /// - `invalid`: the URL cannot be read
    ///
    /// # Example
    /// ```
    /// let outcome = attempt(|| http::head("http://127.0.0.1:9/"));
    /// ensure(!outcome.ok, "nothing answers on this port");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn head(ctx: NativeCallContext, url: &str) -> RhaiResultOf<Map> {
        send(&ctx, "http::head", ("HEAD", url), Map::new())
    }

    /// Sends a request of any method: `#{ status, ok, headers, body }`.
    ///
    /// # Parameters
    /// - `verb`: the method, such as `"OPTIONS"`
    /// - `url`: where; `http` or `https`
    /// - `options`: see below
    ///
    /// # Options
    /// - `headers`: a map of names to text, numbers, secrets, or arrays of them (default: none)
    /// - `json`: a value to send as JSON; secrets in it are sent (default: nothing)
    /// - `body`: a string, a blob or a secret to send (default: nothing)
    /// - `timeout`: how long everything may take (default `"30s"`)
    /// - `max_bytes`: how large the answer may be, in bytes or such as `"64m"` (default `"16m"`)
    /// - `follow`: go where the answer sends us, at most 10 times (default true)
    /// - `check`: throw when the status is 400 or above (default true)
    ///
    /// # Errors
    /// - `unavailable`: nothing answers
    /// - `timeout`: the answer took too long
    /// - `http`: the status is 400 or above (the error has `status` and `body`), or the certificate is not trusted
    /// - `invalid`: the method, URL or an option cannot be used, or the answer is too large
    ///
    /// # Example
    /// ```
    /// let headers = #{ authorization: env::secret("Bearer abc123") };
    /// let outcome = attempt(|| http::request("OPTIONS", "http://127.0.0.1:9/", #{ headers: headers }));
    /// ensure(outcome.error.kind == "unavailable", "nothing answers on this port");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn request(
        ctx: NativeCallContext,
        verb: &str,
        url: &str,
        options: Map,
    ) -> RhaiResultOf<Map> {
        send(&ctx, "http::request", (verb, url), options)
    }

    /// The status a server answers with, whatever it is; 0 when nothing answers within 5 seconds. For health checks.
    ///
    /// # Parameters
    /// - `url`: where; `http` or `https`
    ///
    /// # Errors
    /// - `http`: the certificate is not trusted
    /// - `invalid`: the URL cannot be read
    ///
    /// # Example
    /// ```
    /// ensure(http::status("http://127.0.0.1:9/health") == 0, "nothing answers on this port");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn status(ctx: NativeCallContext, url: &str) -> RhaiResultOf<i64> {
        let host = Host::of(&ctx);
        let request = Request {
            timeout: std::time::Duration::from_secs(5),
            follow: !permit::is_held(),
            ..Request::new("GET", url)
        };
        bridge::wait(&ctx, "http::status", async {
            permit::net(url)?;
            status_or_zero(host.http().send(&request).await)
        })
    }

    /// The body of an answer read as JSON: maps, arrays, strings, numbers, booleans and `()`.
    ///
    /// # Parameters
    /// - `answer`: what `http::get` and its like gave
    ///
    /// # Errors
    /// - `invalid`: the body is no JSON
    ///
    /// # Example
    /// ```
    /// let answer = #{ body: "{\"names\": [\"Ann\"]}" };
    /// ensure(answer.json().names == ["Ann"], "values of the script");
    /// ```
    #[rhai_fn(global, return_raw)]
    pub fn json(ctx: NativeCallContext, answer: Map) -> RhaiResultOf<Dynamic> {
        let body = answer
            .get("body")
            .map(ToString::to_string)
            .unwrap_or_default();
        let value = bridge::call(&ctx, "http::json", |_| {
            serde_json::from_str::<serde_json::Value>(&body)
                .map_err(|e| Error::invalid("the answer is no JSON").because(e))
        })?;
        bridge::value(&ctx, "http::json", value)
    }
}
