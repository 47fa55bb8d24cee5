//! What PostgreSQL and the way to it say, as errors of this crate: what, where, and what to do.

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
        sqlx::Error::Io(io) => Error::unavailable(doing)
            .because(io)
            .hint("check the server with `lexi run status`"),
        sqlx::Error::Tls(tls) => Error::unavailable(format!("{doing}: no encrypted connection"))
            .because(tls.to_string())
            .hint("`DB_SSL=false` connects without encryption"),
        other => Error::unavailable(doing).because(other),
    }
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
