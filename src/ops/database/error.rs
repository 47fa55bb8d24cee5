//! What PostgreSQL and the way to it say, as errors of this crate: what, where, and what to do.

use rustls::CertificateError;
use sqlx::postgres::{PgDatabaseError, PgErrorPosition};

use super::Target;
use crate::base::{Error, Kind};

/// The error of an attempt to connect.
pub fn connecting(target: &Target, error: sqlx::Error) -> Error {
    let doing = format!("cannot connect to database {target}");
    match error {
        sqlx::Error::Database(server) => refused_login(target, &doing, server.downcast_ref()),
        sqlx::Error::Io(io) if io.kind() == std::io::ErrorKind::ConnectionRefused => {
            Error::unavailable(doing)
                .because("nothing listens there")
                .hint("start it with `lexi run up`")
        }
        sqlx::Error::Io(io) if io.to_string().contains("lookup") => {
            Error::unavailable(format!("{doing}: host `{}` is not known", target.host))
                .because(io)
                .hint("check `DB_HOST` with `lexi env`")
        }
        sqlx::Error::Io(io) => match refused_certificate(target, &io) {
            Some((why, hint)) => Error::refused(format!("{doing}: {why}")).hint(hint),
            None => Error::unavailable(doing)
                .because(io)
                .hint("check the server with `lexi run status`"),
        },
        sqlx::Error::Tls(tls) => without_tls(target, &doing, tls.to_string()),
        other => Error::unavailable(doing).because(other),
    }
}

/// Encryption is wanted and cannot be had; trying again changes nothing.
fn without_tls(target: &Target, doing: &str, why: String) -> Error {
    if why.contains("does not support TLS") {
        return Error::refused(format!(
            "{doing}: the server has no TLS, and DB_SSL is true"
        ))
        .hint(
            "give it a certificate: `lexi run setup`, then `lexi run restart`; or set DB_SSL=false",
        );
    }
    let error = Error::refused(format!("{doing}: no encrypted connection")).because(why);
    match target.tls.authority() {
        Some(file) => error.hint(format!("look at the certificates in `{}`", file.display())),
        None => error.hint("see `lexi env DB_SSL_CA`"),
    }
}

/// What is wrong with the server's certificate, and what to do.
fn refused_certificate(target: &Target, io: &std::io::Error) -> Option<(String, String)> {
    let error = io.get_ref()?.downcast_ref::<rustls::Error>()?;
    let rustls::Error::InvalidCertificate(fault) = error else {
        return None;
    };
    let host = &target.host;
    Some(match fault {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            let trusted = target.tls.authority().map_or_else(
                || "no public authority".to_owned(),
                |file| format!("nobody in `{}`", file.display()),
            );
            let hint = "name the file of the authority that did in DB_SSL_CA; DB_SSL_REJECT_UNAUTHORIZED=false \
                        takes any certificate, also one of somebody in between";
            (
                format!("{trusted} has signed the server's certificate"),
                hint.to_owned(),
            )
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
            format!("the server's certificate is not for `{host}`"),
            "set DB_HOST to a name that it is for, or give the server a certificate for this one".to_owned(),
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            "the server's certificate has expired".to_owned(),
            "give it a new one and restart it: the files are in DB_SSL_SERVER_CERT_FILE and DB_SSL_SERVER_KEY_FILE, or else \
             in `.lexi/tls`, where `lexi run setup` makes new ones once the old are removed"
                .to_owned(),
        ),
        other => (
            format!("the server's certificate is refused: {other}"),
            "give the server another certificate".to_owned(),
        ),
    })
}

fn refused_login(target: &Target, doing: &str, server: &PgDatabaseError) -> Error {
    let (user, database) = (&target.user, &target.database);
    let base = |why: String| {
        Error::new(Kind::Database, format!("{doing}: {why}")).field("sqlstate", server.code())
    };
    match server.code() {
        "28P01" if target.password.is_empty() => {
            base(format!("user `{user}` needs a password and none is set"))
                .hint("set `DB_PASSWORD` in the profile's `.env` file")
        }
        "28P01" => base(format!("wrong password for user `{user}`"))
            .hint("check `DB_PASSWORD` and where it comes from with `lexi env`"),
        "28000" if server.message().contains("no encryption") => {
            base("the server takes encrypted connections only".to_owned()).hint("set DB_SSL=true")
        }
        "28000" => base(server.message().to_owned()).hint("check `DB_USERNAME` with `lexi env`"),
        "3D000" => base(format!("there is no database `{database}`"))
            .hint("make it with `lexi run db-init`"),
        "57P03" => Error::unavailable(doing).because(server.message().to_owned()),
        "53300" => Error::unavailable(doing)
            .because(server.message().to_owned())
            .hint("see who is connected with `lexi run ps`"),
        _ => with_details(base(server.message().to_owned()), server),
    }
}

/// The error of a statement; `sql` is what the server's positions count in.
pub fn running(sql: &str, error: sqlx::Error) -> Error {
    match error {
        sqlx::Error::Database(server) => refused_statement(sql, server.downcast_ref()),
        sqlx::Error::Io(io) => lost().because(io),
        sqlx::Error::Protocol(text) => {
            Error::internal("the conversation with the database broke down").because(text)
        }
        sqlx::Error::TypeNotFound { type_name } => {
            Error::invalid(format!("the database has no type `{type_name}`"))
        }
        other => Error::internal("cannot talk to the database").because(other),
    }
}

fn lost() -> Error {
    Error::unavailable("the connection to the database was lost while a statement ran")
        .hint("check the server with `lexi run status`")
}

fn refused_statement(sql: &str, server: &PgDatabaseError) -> Error {
    let (code, message) = (server.code(), server.message().to_owned());
    let error = match code {
        // The server is being stopped, or another session ended this one.
        "57P01" | "57P02" | "57P03" => lost().because(message),
        "57014" if message.contains("timeout") => Error::new(Kind::Timeout, message),
        _ => Error::new(Kind::Database, message),
    };
    let error = match (code, server.message()) {
        ("42601", text) if text.contains("multiple commands") => {
            error.hint("run several statements with `db::batch(sql)`")
        }
        _ => error,
    };
    with_place(with_details(error, server), sql, server)
}

fn with_details(error: Error, server: &PgDatabaseError) -> Error {
    let fields = [
        ("sqlstate", Some(server.code())),
        ("detail", server.detail()),
        ("schema", server.schema()),
        ("table", server.table()),
        ("column", server.column()),
        ("constraint", server.constraint()),
        ("where", server.r#where()),
    ];
    let error = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .fold(error, |error, (name, value)| error.field(name, value));
    let error = match server.detail() {
        Some(detail) => error.because(detail.to_owned()),
        None => error,
    };
    match server.hint() {
        Some(hint) if error.hint_text().is_none() => error.hint(hint),
        _ => error,
    }
}

/// Adds the character that the server points at, and its line.
fn with_place(error: Error, sql: &str, server: &PgDatabaseError) -> Error {
    let Some(PgErrorPosition::Original(position)) = server.position() else {
        return error;
    };
    let before = sql.chars().take(position.saturating_sub(1));
    let line = 1 + before.filter(|c| *c == '\n').count();
    error.field("position", position).field("line", line)
}

/// The five characters that say what kind of failure PostgreSQL met.
pub fn sqlstate(error: &Error) -> Option<&str> {
    error
        .fields()
        .get("sqlstate")
        .and_then(|code| code.as_str())
}
