//! What the engine says went wrong, as the crate's error.

use bollard::errors::Error as EngineError;

use crate::base::{Error, Kind};

/// The line that starts an engine.
pub(in crate::ops) const START: &str =
    "start one with `systemctl start docker`, or install it with `apt-get install -y docker.io`";

/// The field of an error that says that the engine ended.
const GONE: &str = "engine_gone";

/// An error of the engine with what was being done, such as "cannot start `lexi-redis`".
pub(in crate::ops) fn failed(doing: impl Into<String>, source: EngineError) -> Error {
    let doing = doing.into();
    match source {
        EngineError::DockerResponseServerError {
            status_code,
            message,
        } => refused(&doing, status_code, &message),
        EngineError::RequestTimeoutError => Error::new(
            Kind::Timeout,
            format!("{doing}: the engine does not answer"),
        ),
        EngineError::DockerStreamError { error } => Error::new(Kind::Docker, doing).because(error),
        source if is_lost(&source) => gone(&doing).because(innermost(&source)),
        source => Error::new(Kind::Docker, doing).because(source),
    }
}

/// The engine ended while something was being done.
pub(in crate::ops) fn gone(doing: &str) -> Error {
    Error::unavailable(format!("{doing}: the engine is gone"))
        .hint(START)
        .field(GONE, true)
}

/// Whether that is what went wrong.
pub(in crate::ops) fn is_gone(error: &Error) -> bool {
    error.fields().contains_key(GONE)
}

/// What the engine answered with a status that is not success.
pub(super) fn refused(doing: &str, status: u16, message: &str) -> Error {
    let kind = match status {
        404 => Kind::NotFound,
        409 => Kind::Conflict,
        400 => Kind::Invalid,
        _ => Kind::Docker,
    };
    Error::new(kind, doing)
        .because(message.trim().to_owned())
        .field("status", status)
}

fn is_lost(source: &EngineError) -> bool {
    matches!(
        source,
        EngineError::HyperLegacyError { .. }
            | EngineError::HyperResponseError { .. }
            | EngineError::IOError { .. }
            | EngineError::SocketNotFoundError(_)
    )
}

/// The last cause: what the layers in between say of themselves helps nobody.
pub(super) fn innermost(source: &EngineError) -> String {
    let mut last: &dyn std::error::Error = source;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}
