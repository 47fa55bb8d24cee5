//! Answers `GET /metrics`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::base::{Error, Result};

/// How many may ask at once: a collector is one.
const CONNECTIONS: usize = 64;

/// How long somebody may take to ask; whoever opens connections and says nothing holds up the others no longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Listens, and answers with what `page` gives until it is dropped.
pub async fn serve(
    address: SocketAddr,
    page: impl Fn() -> Result<String> + Send + Sync + 'static,
) -> Result<()> {
    let listener = TcpListener::bind(address).await.map_err(|e| {
        Error::io(format!("cannot listen on {address} for [metrics]"), e)
            .hint("choose another address for `listen` of [metrics] in lexi.toml")
    })?;
    let page = Arc::new(page);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return Ok(());
        };
        let Ok((stream, _from)) = listener.accept().await else {
            // No descriptor is free: it would fail again at once.
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        };
        let page = Arc::clone(&page);
        tokio::spawn(async move {
            let answer = service_fn(move |request| {
                let page = Arc::clone(&page);
                async move { Ok::<_, Infallible>(answer(&request, &*page)) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), answer);
            // Whoever asked and went away needs no answer.
            let _gone = connection.await;
            drop(place);
        });
    }
}

fn answer(
    request: &Request<Incoming>,
    page: &(impl Fn() -> Result<String> + ?Sized),
) -> Response<Full<Bytes>> {
    let plain = |status: StatusCode, text: String| {
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = status;
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    };
    if request.uri().path() != "/metrics" {
        return plain(StatusCode::NOT_FOUND, "only /metrics is here\n".into());
    }
    if request.method() != Method::GET {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET\n".into());
    }
    match page() {
        Ok(page) => plain(StatusCode::OK, page),
        Err(error) => plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("{}\n", error.full_message()),
        ),
    }
}
