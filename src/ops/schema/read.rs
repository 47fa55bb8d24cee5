//! Reads a schema from the catalogs of a database, as one moment saw it.

use std::collections::{BTreeSet, HashMap};

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, Executor, Row};

use super::detail::{Detail, Grant};
use super::object::{Catalog, Key, Kind, Object};
use super::{grant, scope};
use crate::base::Result;
use crate::ops::database::error::running;
use crate::ops::database::sqlfile::run;

/// A class of the catalogs, an object of it, and its column or 0.
pub(super) type Address = (i64, i64, i32);

const SHARED: &str = include_str!("sql/shared.sql");

const OBJECTS: [&str; 16] = [
    include_str!("sql/schemas.sql"),
    include_str!("sql/extensions.sql"),
    include_str!("sql/types.sql"),
    include_str!("sql/sequences.sql"),
    include_str!("sql/functions.sql"),
    include_str!("sql/tables.sql"),
    include_str!("sql/columns.sql"),
    include_str!("sql/defaults.sql"),
    include_str!("sql/constraints.sql"),
    include_str!("sql/indexes.sql"),
    include_str!("sql/views.sql"),
    include_str!("sql/triggers.sql"),
    include_str!("sql/policies.sql"),
    include_str!("sql/rules.sql"),
    include_str!("sql/statistics.sql"),
    include_str!("sql/ownerships.sql"),
];

/// Names are qualified by the server as soon as nothing is in the search path.
const BEGIN: &str = "begin isolation level repeatable read read only";
const NO_PATH: &str = "set local search_path = ''";

/// Reads the schema of the database that the connection is to.
pub async fn read(connection: &mut PgConnection) -> Result<Catalog> {
    run(connection, BEGIN).await?;
    run(connection, NO_PATH).await?;
    let mut reading = Reading::default();
    for question in OBJECTS {
        for row in ask(connection, &format!("{SHARED}{question}")).await? {
            reading.add(&row).map_err(|e| running(question, e))?;
        }
    }
    reading.outside(connection).await?;
    reading.aliases = aliases(connection).await?;
    reading.link(connection).await?;
    reading.comments(connection).await?;
    reading.grants(connection).await?;
    run(connection, "commit").await?;
    Ok(reading.catalog)
}

async fn ask(connection: &mut PgConnection, sql: &str) -> Result<Vec<PgRow>> {
    let rows = connection.fetch_all(AssertSqlSafe(sql)).await;
    rows.map_err(|e| running(sql, e))
}

async fn aliases(connection: &mut PgConnection) -> Result<HashMap<(i64, i64), Address>> {
    const SQL: &str = include_str!("sql/aliases.sql");
    let rows = ask(connection, SQL).await?;
    let pairs = rows.iter().map(|row| {
        let from = (row.try_get(0)?, row.try_get(1)?);
        Ok((from, (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?)))
    });
    pairs
        .collect::<Result<_, sqlx::Error>>()
        .map_err(|e| running(SQL, e))
}

#[derive(Default)]
struct Reading {
    catalog: Catalog,
    addresses: HashMap<Address, Key>,
    aliases: HashMap<(i64, i64), Address>,
}

impl Reading {
    fn add(&mut self, row: &PgRow) -> Result<(), sqlx::Error> {
        let address = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let Json(detail): Json<Detail> = row.try_get(7)?;
        let kind = scope::kind(&detail);
        let key = Key::new(kind, row.try_get::<String, _>(3)?);
        let parent: Option<String> = row.try_get(4)?;
        let object = Object {
            create: row.try_get(5)?,
            drop: row.try_get(6)?,
            parent: parent.map(|id| self.parent(kind, id)),
            needs: BTreeSet::new(),
            detail,
        };
        // What has no address of its own stands at class 0 and is never asked for.
        self.addresses.insert(address, key.clone());
        self.catalog.objects.insert(key, object);
        Ok(())
    }

    async fn outside(&mut self, connection: &mut PgConnection) -> Result<()> {
        const SQL: &str = include_str!("sql/outside.sql");
        for row in ask(connection, &format!("{SHARED}{SQL}")).await? {
            let id: String = row.try_get(0).map_err(|e| running(SQL, e))?;
            self.catalog.outside.insert(Key::new(Kind::Table, id));
        }
        Ok(())
    }

    /// What a part hangs on: views come after tables, so the one that is there is it.
    fn parent(&self, kind: Kind, id: String) -> Key {
        if kind == Kind::Default {
            return Key::new(Kind::Column, id);
        }
        let kinds = [Kind::Table, Kind::View, Kind::MaterializedView];
        let there = kinds
            .into_iter()
            .map(|kind| Key::new(kind, id.clone()))
            .find(|key| self.catalog.objects.contains_key(key));
        there.unwrap_or_else(|| Key::new(Kind::Table, id))
    }

    /// The object at an address, or the one it stands for.
    fn at(&self, address: Address) -> Option<&Key> {
        let (class, object, column) = address;
        self.addresses
            .get(&address)
            .or_else(|| self.addresses.get(&(class, object, 0)))
            .or_else(|| {
                let (class, object, of) = *self.aliases.get(&(class, object))?;
                let column = if of == 0 { column } else { of };
                let direct = self.addresses.get(&(class, object, column));
                direct
                    .or_else(|| self.addresses.get(&(class, object, 0)))
                    .or_else(|| {
                        // An array of a table's row type stands for the type, and that for the table.
                        let next = *self.aliases.get(&(class, object))?;
                        self.addresses.get(&next)
                    })
            })
    }

    async fn link(&mut self, connection: &mut PgConnection) -> Result<()> {
        const SQL: &str = include_str!("sql/needs.sql");
        for row in ask(connection, SQL).await? {
            let pair = (|| {
                let from: Address = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
                let to: Address = (row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
                Ok((from, to))
            })();
            let (from, to) = pair.map_err(|e| running(SQL, e))?;
            let (Some(from), Some(to)) = (self.at(from).cloned(), self.at(to).cloned()) else {
                continue;
            };
            // A sequence goes with a column, but it is there before it: its ownership is an object of its own.
            if from != to && !(from.kind == Kind::Sequence && to.kind != Kind::Schema) {
                self.need(&from, to);
            }
        }
        let keys: Vec<Key> = self.catalog.objects.keys().cloned().collect();
        for key in keys {
            for needed in scope::own_needs(&key, &self.catalog.objects[&key]) {
                self.need(&key, needed);
            }
        }
        Ok(())
    }

    fn need(&mut self, key: &Key, needed: Key) {
        if let Some(object) = self.catalog.objects.get_mut(key) {
            object.needs.insert(needed);
        }
    }

    async fn comments(&mut self, connection: &mut PgConnection) -> Result<()> {
        const SQL: &str = include_str!("sql/comments.sql");
        for row in ask(connection, SQL).await? {
            let read = (|| {
                let address: Address = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
                Ok((address, row.try_get(3)?, row.try_get(4)?))
            })();
            let (address, text, column): (Address, String, Option<String>) =
                read.map_err(|e| running(SQL, e))?;
            let (class, object, _) = address;
            let exact = self.addresses.get(&address);
            let Some(on) = exact.or_else(|| self.addresses.get(&(class, object, 0))) else {
                continue;
            };
            let of_column = column.filter(|_| exact.is_none());
            let name = scope::comment_on(on, &self.catalog.objects[on], of_column.as_deref());
            let comment = scope::comment(on, &name, &text);
            self.catalog
                .objects
                .insert(Key::new(Kind::Comment, name), comment);
        }
        Ok(())
    }

    async fn grants(&mut self, connection: &mut PgConnection) -> Result<()> {
        const SQL: &str = include_str!("sql/grants.sql");
        for row in ask(connection, &format!("{SHARED}{SQL}")).await? {
            let read = (|| {
                let address: Address = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
                Ok((address, row.try_get(3)?, row.try_get(4)?))
            })();
            let (address, Json(granted), Json(revoked)) = read.map_err(|e| running(SQL, e))?;
            let Some(on) = self.addresses.get(&address).cloned() else {
                continue;
            };
            let (object, column) = scope::grant_on(&on, &self.catalog.objects[&on]);
            let rights = Grant {
                object,
                column,
                granted,
                revoked,
            };
            if !rights.granted.is_empty() || !rights.revoked.is_empty() {
                let key = Key::new(Kind::Grant, grant::name(&rights));
                self.catalog.objects.insert(key, grant::object(on, rights));
            }
        }
        Ok(())
    }
}
