//! Whole databases, and names in SQL.

use rhai::{Dynamic, Map, NativeCallContext};
use serde::Deserialize;

use crate::base::{Error, Kind};
use crate::ops::database::Session;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct DropOptions {
    force: bool,
}

/// The run's own idle connections must not be what stands in the way.
async fn release(session: &Session, name: &str) {
    let database = session.database();
    if database.target().database == name {
        database.close().await;
    }
}

fn zero_byte() -> Error {
    Error::new(Kind::Invalid, "PostgreSQL's texts hold no zero byte")
}

/// Databases.
#[rhai::export_module]
pub mod api {

    use super::{DropOptions, release, zero_byte};
    use crate::base::Error;
    use crate::host::Host;
    use crate::host::bridge::{self, RhaiResultOf};
    use crate::host::db::{confirm, own};
    use crate::ops::database;
    use crate::ops::database::admin::{self, CreateOptions, Sessions};

    /// The databases of the server: maps of `name`, `owner`, `encoding`, `bytes` and `sessions`.
    ///
    /// # Errors
    /// - `database`, `unavailable`: the server refuses or does not answer
    ///
    /// # Example
    /// ```postgres
    /// ensure(db::databases().some(|d| d.name == db::target().database), "the profile's own is one");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn databases(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        let host = Host::of(&ctx);
        let found = bridge::wait(&ctx, "db::databases", async {
            let mut connection = admin::maintenance(&host.database()?).await?;
            admin::databases(&mut connection).await
        })?;
        bridge::value(&ctx, "db::databases", found)
    }

    /// Whether the server has a database of this name.
    ///
    /// # Parameters
    /// - `name`: the database's exact name
    ///
    /// # Errors
    /// - `database`, `unavailable`: the server refuses or does not answer
    ///
    /// # Example
    /// ```postgres
    /// ensure(!db::exists("no such database"), "not there");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn exists(ctx: NativeCallContext, name: &str) -> RhaiResultOf<bool> {
        let host = Host::of(&ctx);
        bridge::wait(&ctx, "db::exists", async {
            let mut connection = admin::maintenance(&host.database()?).await?;
            admin::exists(&mut connection, name).await
        })
    }

    /// Makes a database.
    ///
    /// # Parameters
    /// - `name`: the database's exact name, 1 to 63 bytes
    /// - `options`: see below
    ///
    /// # Options
    /// - `owner`: who owns it (default: the user of the profile)
    /// - `template`: the database it is a copy of (default: the server's `template1`)
    /// - `encoding`: such as `"UTF8"`; needs `template: "template0"` when it differs (default: the template's)
    /// - `locale`: such as `"C.UTF-8"`; needs `template: "template0"` when it differs (default: the template's)
    ///
    /// # Errors
    /// - `conflict`: there is one of this name, or somebody is connected to the template
    /// - `database`: the server refuses
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// let name = db::target().database + "_copy";
    /// db::create(name, #{ template: "template0", encoding: "UTF8" });
    /// ensure(db::exists(name), "there");
    /// db::drop(name, #{});
    /// ```
    #[rhai_fn(return_raw)]
    pub fn create(ctx: NativeCallContext, name: &str, options: Map) -> RhaiResultOf<()> {
        let options: CreateOptions = bridge::options(&ctx, "db::create", options)?;
        let host = Host::of(&ctx);
        bridge::wait(&ctx, "db::create", async {
            let mut connection = admin::maintenance(&host.database()?).await?;
            admin::create(&mut connection, name, &options).await
        })
    }

    /// Drops a database and all that is in it.
    ///
    /// # Parameters
    /// - `name`: the database's exact name
    /// - `options`: see below
    ///
    /// # Options
    /// - `force`: end the sessions that are connected to it (default false)
    ///
    /// # Errors
    /// - `refused`: in profile prod it needs `--confirm NAME`; nothing was done
    /// - `not_found`: there is none of this name
    /// - `conflict`: somebody is connected to it and `force` is not given
    /// - `database`, `unavailable`: the server refuses or does not answer
    ///
    /// # Example
    /// ```postgres
    /// let name = db::target().database + "_old";
    /// db::create(name, #{});
    /// db::drop(name, #{ force: true });
    /// ensure(!db::exists(name), "gone");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn drop(ctx: NativeCallContext, name: &str, options: Map) -> RhaiResultOf<()> {
        let options: DropOptions = bridge::options(&ctx, "db::drop", options)?;
        let session = own(&ctx, "db::drop")?;
        let host = Host::of(&ctx);
        bridge::wait(&ctx, "db::drop", async {
            confirm(&host, "dropping", name)?;
            release(&session, name).await;
            let sessions = if options.force {
                Sessions::End
            } else {
                Sessions::Respect
            };
            let mut connection = admin::maintenance(session.database().target()).await?;
            admin::drop_database(&mut connection, name, sessions).await
        })
    }

    /// Gives a database another name; nobody may be connected to it.
    ///
    /// # Parameters
    /// - `from`: its exact name
    /// - `to`: its new name, 1 to 63 bytes
    ///
    /// # Errors
    /// - `refused`: in profile prod it needs `--confirm FROM`; nothing was done
    /// - `not_found`: there is none of this name
    /// - `conflict`: somebody is connected to it, or the new name is taken
    /// - `database`, `unavailable`: the server refuses or does not answer
    ///
    /// # Example
    /// ```postgres
    /// let name = db::target().database;
    /// db::create(name + "_a", #{});
    /// db::rename(name + "_a", name + "_b");
    /// ensure(db::exists(name + "_b") && !db::exists(name + "_a"), "renamed");
    /// db::drop(name + "_b", #{});
    /// ```
    #[rhai_fn(return_raw)]
    pub fn rename(ctx: NativeCallContext, from: &str, to: &str) -> RhaiResultOf<()> {
        let session = own(&ctx, "db::rename")?;
        let host = Host::of(&ctx);
        bridge::wait(&ctx, "db::rename", async {
            confirm(&host, "renaming", from)?;
            release(&session, from).await;
            let mut connection = admin::maintenance(session.database().target()).await?;
            admin::rename(&mut connection, from, to).await
        })
    }

    /// How many bytes a database takes.
    ///
    /// # Parameters
    /// - `name`: the database's exact name
    ///
    /// # Errors
    /// - `not_found`: there is none of this name
    /// - `database`, `unavailable`: the server refuses or does not answer
    ///
    /// # Example
    /// ```postgres
    /// ensure(db::size("postgres") > 1000000, "an empty database takes some");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn size(ctx: NativeCallContext, name: &str) -> RhaiResultOf<i64> {
        let host = Host::of(&ctx);
        bridge::wait(&ctx, "db::size", async {
            let mut connection = admin::maintenance(&host.database()?).await?;
            admin::size(&mut connection, name).await
        })
    }

    /// How many bytes the profile's database takes.
    ///
    /// # Errors
    /// - as above
    ///
    /// # Example
    /// ```postgres
    /// ensure(db::size() > 1000000, "an empty database takes some");
    /// ```
    #[rhai_fn(name = "size", return_raw)]
    pub fn own_size(ctx: NativeCallContext) -> RhaiResultOf<i64> {
        let name = bridge::call(&ctx, "db::size", |host| Ok(host.database()?.database))?;
        size(ctx, &name)
    }

    /// A name as an identifier in SQL, exactly as it is written.
    ///
    /// # Parameters
    /// - `name`: the name of a table, a column ..
    ///
    /// # Errors
    /// - `invalid`: it is empty or holds a zero byte
    ///
    /// # Example
    /// ```
    /// ensure(db::ident("Odd \"name\"") == "\"Odd \"\"name\"\"\"", "quoted");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn ident(ctx: NativeCallContext, name: &str) -> RhaiResultOf<String> {
        bridge::call(&ctx, "db::ident", |_| match name {
            "" => Err(Error::invalid("a name is not empty")),
            _ if name.contains('\0') => Err(zero_byte()),
            _ => Ok(database::quote_ident(name)),
        })
    }

    /// A text as a string in SQL; a bound parameter is better wherever one is allowed.
    ///
    /// # Parameters
    /// - `text`: any text
    ///
    /// # Errors
    /// - `invalid`: it holds a zero byte
    ///
    /// # Example
    /// ```
    /// ensure(db::literal("it's") == "'it''s'", "quoted");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn literal(ctx: NativeCallContext, text: &str) -> RhaiResultOf<String> {
        bridge::call(&ctx, "db::literal", |_| {
            if text.contains('\0') {
                Err(zero_byte())
            } else {
                Ok(database::quote_literal(text))
            }
        })
    }
}
