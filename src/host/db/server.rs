//! Where the database is and who is connected to it.

use std::path::Path;

use rhai::{Dynamic, Map, NativeCallContext};
use serde::Deserialize;

use crate::base::{Error, Result, Secret};
use crate::host::Host;
use crate::ops::database::Target;
use crate::ops::database::target::Tls;

fn described(host: &Host, target: &Target) -> Map {
    let authority = target.tls.authority();
    let authority = authority.map_or(Dynamic::UNIT, |file| file.display().to_string().into());
    Map::from([
        ("host".into(), target.host.clone().into()),
        ("port".into(), i64::from(target.port).into()),
        ("database".into(), target.database.clone().into()),
        ("user".into(), target.user.clone().into()),
        ("profile".into(), host.profile().as_str().into()),
        ("tls".into(), target.tls.as_str().into()),
        ("authority".into(), authority),
    ])
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ConnectOptions {
    host: Option<String>,
    port: Option<u16>,
    database: Option<String>,
    user: Option<String>,
    tls: Option<TlsName>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TlsName {
    Off,
    Unverified,
    Verified,
}

fn other_target(own: Target, options: ConnectOptions, password: Option<Dynamic>) -> Result<Target> {
    let is_elsewhere = options.host.as_ref().is_some_and(|host| *host != own.host)
        || options.port.is_some_and(|port| port != own.port);
    let tls = options.tls.map(|name| match name {
        TlsName::Off => Tls::Off,
        TlsName::Unverified => Tls::Unverified,
        TlsName::Verified => Tls::Verified(own.tls.authority().map(Path::to_owned)),
    });
    let weaker = tls.as_ref().filter(|tls| **tls < own.tls);
    let password = match (password, weaker) {
        // The profile's password is for the profile's server, and sent no more openly than the profile says.
        (None, _) if is_elsewhere => Secret::default(),
        (None, Some(tls)) => {
            return Err(Error::refused(format!(
                "`tls: \"{}\"` would send the profile's password less safely than the profile does (\"{}\")",
                tls.as_str(),
                own.tls.as_str()
            ))
            .hint("leave out `tls`, or give the `password` to send"));
        }
        (None, None) => own.password,
        (Some(given), _) => match given.clone().try_cast::<Secret>() {
            Some(secret) => secret,
            None if given.is_string() => Secret::new(given.to_string()),
            None => {
                return Err(Error::invalid(
                    "option `password` of `db::connect` is a string",
                ));
            }
        },
    };
    Ok(Target {
        host: options.host.unwrap_or(own.host),
        port: options.port.unwrap_or(own.port),
        database: options.database.unwrap_or(own.database),
        user: options.user.unwrap_or(own.user),
        password,
        tls: tls.unwrap_or(own.tls),
    })
}

/// Connections and sessions.
#[rhai::export_module]
pub mod api {
    use std::sync::Arc;

    use super::{ConnectOptions, described, other_target};
    use crate::base::{Error, units};
    use crate::host::bridge::{self, RhaiResultOf};
    use crate::host::{Host, permit};
    use crate::ops::database::admin;
    use crate::ops::database::{self, Database as Pool, Session};

    type Database = Session;

    /// Waits until a login and a query succeed.
    ///
    /// # Parameters
    /// - `options`: see below
    ///
    /// # Options
    /// - `timeout`: how long at most (default `"30s"`)
    ///
    /// # Errors
    /// - `timeout`: it was not ready in time; the message says what was wrong last
    /// - `database`: the user or the password is wrong, which no waiting would change
    ///
    /// # Example
    /// ```postgres
    /// db::wait(#{ timeout: "10s" });
    /// ```
    #[rhai_fn(return_raw)]
    pub fn wait(ctx: NativeCallContext, options: Map) -> RhaiResultOf<()> {
        let options: bridge::WaitOptions = bridge::options(&ctx, "db::wait", options)?;
        let host = Host::of(&ctx);
        bridge::wait(&ctx, "db::wait", async {
            let limit = units::parse_duration(&options.timeout)?;
            let say = |e: &Error| host.output().detail(&e.full_message());
            database::wait_until_ready(&host.database()?, limit, &say).await
        })
    }

    /// Waits at most 30 seconds until a login and a query succeed.
    ///
    /// # Errors
    /// - as above
    ///
    /// # Example
    /// ```postgres
    /// db::wait();
    /// ```
    #[rhai_fn(name = "wait", return_raw)]
    pub fn wait_as_usual(ctx: NativeCallContext) -> RhaiResultOf<()> {
        wait(ctx, Map::new())
    }

    /// Where the profile's database is: `#{ host, port, database, user, profile, tls, authority }`. `tls` is `"off"`,
    /// `"unverified"` or `"verified"`; `authority` is the file with the authorities whose certificates are taken, or `()`.
    ///
    /// # Errors
    /// - `usage`: a setting is missing or wrong
    ///
    /// # Example
    /// ```postgres
    /// ensure(db::target().profile == "dev", "the profile of the run");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn target(ctx: NativeCallContext) -> RhaiResultOf<Map> {
        bridge::call(&ctx, "db::target", |host| {
            Ok(described(host, &host.database()?))
        })
    }

    /// Connects to another database; gives an object with the functions of `db` as its methods.
    ///
    /// # Parameters
    /// - `options`: see below; what is left out is that of the profile's database
    ///
    /// # Options
    /// - `host`: the server's name or address
    /// - `port`: the server's port, 1 to 65535
    /// - `database`: the database's name
    /// - `user`: the user's name
    /// - `password`: the user's password; it is not shown anywhere. Without it the profile's is sent to the profile's host and
    ///   port only, another server gets none
    /// - `tls`: `"off"`, `"unverified"` (any certificate) or `"verified"`
    ///
    /// # Errors
    /// - `refused`: the profile's password would be sent with less `tls` than the profile's
    /// - `database`: the server refuses the login; field `sqlstate`
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// let other = db::connect(#{ database: "postgres" });
    /// ensure(other.value("SELECT current_database()") == "postgres", "another database");
    /// other.close();
    /// ```
    #[rhai_fn(return_raw)]
    pub fn connect(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Database> {
        let mut options = options;
        let password = options.remove("password");
        let options: ConnectOptions = bridge::options(&ctx, "db::connect", options)?;
        let host = Host::of(&ctx);
        bridge::wait(&ctx, "db::connect", async {
            let own = host.database()?;
            let home = (own.host.clone(), own.port);
            let target = other_target(own, options, password)?;
            if (target.host.clone(), target.port) != home {
                permit::connect(&target.host, target.port)?;
            }
            host.output().redactor().add(target.password.reveal());
            let pool = Arc::new(Pool::new(target));
            let session = Session::Database(pool);
            session.execute("select 1", &[]).await?;
            Ok(session)
        })
    }

    /// Closes the connections to another database; the next statement would open one again.
    ///
    /// # Parameters
    /// - `database`: what `db::connect` gave
    ///
    /// # Example
    /// ```postgres
    /// let other = db::connect(#{});
    /// other.close();
    /// ```
    #[rhai_fn(global, return_raw)]
    pub fn close(ctx: NativeCallContext, database: Database) -> RhaiResultOf<()> {
        bridge::wait(&ctx, "db::close", async {
            match database {
                Session::Database(pool) | Session::Reader(pool) => {
                    pool.close().await;
                    Ok(())
                }
                Session::Transaction(_) => Err(Error::invalid(
                    "a transaction ends with its closure, not with `close`",
                )),
            }
        })
    }

    /// The sessions of the profile's database: maps of `pid`, `database`, `user`, `application`, `client`, `state`,
    /// `waits_for`, `state_ms` (how long it is in that state, in milliseconds) and `query`.
    ///
    /// # Errors
    /// - `database`, `unavailable`: the server refuses or does not answer
    ///
    /// # Example
    /// ```postgres
    /// db::transaction(|tx| {
    ///     tx.exec("SELECT 1");
    ///     ensure(db::sessions().some(|s| s.state == "idle in transaction"), "this one");
    /// });
    /// ```
    #[rhai_fn(return_raw)]
    pub fn sessions(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        let host = Host::of(&ctx);
        let found = bridge::wait(&ctx, "db::sessions", async {
            let target = host.database()?;
            let mut connection = admin::maintenance(&target).await?;
            admin::sessions(&mut connection, Some(&target.database)).await
        })?;
        bridge::value(&ctx, "db::sessions", found)
    }

    /// Ends a session; gives whether there was one.
    ///
    /// # Parameters
    /// - `pid`: its number, as `db::sessions()` shows it
    ///
    /// # Errors
    /// - `database`: the user may not end it
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// ensure(!db::terminate(0), "there is no such session");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn terminate(ctx: NativeCallContext, pid: i64) -> RhaiResultOf<bool> {
        let host = Host::of(&ctx);
        bridge::wait(&ctx, "db::terminate", async {
            let pid = i32::try_from(pid).map_err(|e| {
                Error::invalid(format!("{pid} is not a session's number")).because(e)
            })?;
            let mut connection = admin::maintenance(&host.database()?).await?;
            admin::terminate(&mut connection, pid).await
        })
    }

    /// Ends all sessions of a database and gives their number.
    ///
    /// # Parameters
    /// - `database`: the database's name
    ///
    /// # Errors
    /// - `database`: the user may not end them
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// let other = db::connect(#{});
    /// ensure(db::terminate(db::target().database) == 1, "the one that was connected");
    /// ```
    #[rhai_fn(name = "terminate", return_raw)]
    pub fn terminate_all(ctx: NativeCallContext, database: &str) -> RhaiResultOf<i64> {
        let host = Host::of(&ctx);
        bridge::wait(&ctx, "db::terminate", async {
            let mut connection = admin::maintenance(&host.database()?).await?;
            admin::terminate_all(&mut connection, database).await
        })
    }
}
