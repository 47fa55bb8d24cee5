//! What belongs to a database but is in no dump of it: owner, encoding, limits, rights, `ALTER DATABASE .. SET`.

use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use crate::base::Result;
use crate::ops::database::error::running;
use crate::ops::database::quote_ident;
use crate::ops::database::setting::written;
use crate::ops::database::sqlfile::run;

/// What a dump loses of its database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DatabaseSettings {
    /// The role that owns it.
    pub owner: String,
    /// Its encoding, such as `UTF8`.
    pub encoding: String,
    /// Its collation.
    pub collate: String,
    /// Its character classes.
    pub ctype: String,
    /// `c` (the C library) or `i` (ICU).
    pub locale_provider: String,
    /// The locale of ICU.
    pub icu_locale: Option<String>,
    /// How many sessions it allows; -1 for any number.
    pub connection_limit: i32,
    /// Rights on the database itself; none when they are the default ones.
    pub grants: Option<Vec<Grant>>,
    /// Settings of its sessions.
    pub config: Vec<Config>,
    /// Its comment.
    pub comment: Option<String>,
}

/// A right on a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Who has it; none for everybody.
    pub role: Option<String>,
    /// `CONNECT`, `CREATE` or `TEMPORARY`.
    pub right: String,
    /// Whether it may be passed on.
    pub grantable: bool,
}

/// A setting of the sessions of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Whose sessions; none for everybody's.
    pub role: Option<String>,
    /// The setting's name.
    pub name: String,
    /// Its value, as the server keeps it.
    pub value: String,
}

/// Names of the columns that came and went between versions are looked up in the row as JSON.
const FACTS: &str = "select pg_get_userbyid(d.datdba)::text, pg_encoding_to_char(d.encoding)::text, \
    d.datcollate::text, d.datctype::text, coalesce(to_jsonb(d)->>'datlocprovider', 'c'), \
    coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale'), d.datconnlimit, d.datacl is not null, shobj_description(d.oid, 'pg_database') \
    from pg_database d where d.datname = $1";
const GRANTS: &str = "select r.rolname::text, a.privilege_type, a.is_grantable \
    from pg_database d cross join lateral aclexplode(d.datacl) a left join pg_roles r on r.oid = a.grantee \
    where d.datname = $1 and (a.grantee = 0 or r.oid is not null) order by 1, 2";
const CONFIG: &str = "select r.rolname::text, split_part(c, '=', 1), substr(c, strpos(c, '=') + 1) \
    from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase cross join unnest(s.setconfig) c \
    left join pg_roles r on r.oid = s.setrole \
    where d.datname = $1 and (s.setrole = 0 or r.oid is not null) order by 1 nulls first, 2";

impl DatabaseSettings {
    /// Reads them from the server that `connection` is to; `None` when there is no such database.
    pub async fn read(connection: &mut PgConnection, database: &str) -> Result<Option<Self>> {
        let facts = sqlx::query(FACTS)
            .bind(database)
            .fetch_optional(&mut *connection)
            .await;
        let Some(row) = facts.map_err(|e| running(FACTS, e))? else {
            return Ok(None);
        };
        let decoded = Self::decode(&row).map_err(|e| running(FACTS, e))?;
        let (mut settings, has_grants) = decoded;
        if has_grants {
            settings.grants = Some(grants(connection, database).await?);
        }
        settings.config = config(connection, database).await?;
        Ok(Some(settings))
    }

    fn decode(row: &PgRow) -> sqlx::Result<(Self, bool)> {
        let settings = Self {
            owner: row.try_get(0)?,
            encoding: row.try_get(1)?,
            collate: row.try_get(2)?,
            ctype: row.try_get(3)?,
            locale_provider: row.try_get(4)?,
            icu_locale: row.try_get(5)?,
            connection_limit: row.try_get(6)?,
            grants: None,
            config: Vec::new(),
            comment: row.try_get(8)?,
        };
        Ok((settings, row.try_get(7)?))
    }

    /// The statements that give these settings to a database, but for its limit and its comment, which it gets when it comes
    /// into use; `exists` says which roles there are.
    pub fn statements(&self, database: &str, exists: &dyn Fn(&str) -> bool) -> Vec<String> {
        let name = quote_ident(database);
        let known = |role: &Option<String>| role.as_deref().is_none_or(exists);
        let mut all = Vec::new();
        if let Some(grants) = &self.grants {
            all.push(format!("REVOKE ALL ON DATABASE {name} FROM PUBLIC"));
            all.extend(
                grants
                    .iter()
                    .filter(|grant| known(&grant.role))
                    .map(|grant| grant.statement(&name)),
            );
        }
        let config = self.config.iter().filter(|config| known(&config.role));
        all.extend(config.map(|config| config.statement(&name)));
        all
    }
}

async fn grants(connection: &mut PgConnection, database: &str) -> Result<Vec<Grant>> {
    let rows = sqlx::query(GRANTS)
        .bind(database)
        .fetch_all(connection)
        .await;
    let grants = rows.and_then(|rows| {
        rows.iter()
            .map(|row| {
                Ok(Grant {
                    role: row.try_get(0)?,
                    right: row.try_get(1)?,
                    grantable: row.try_get(2)?,
                })
            })
            .collect()
    });
    grants.map_err(|e| running(GRANTS, e))
}

async fn config(connection: &mut PgConnection, database: &str) -> Result<Vec<Config>> {
    let rows = sqlx::query(CONFIG)
        .bind(database)
        .fetch_all(connection)
        .await;
    let config = rows.and_then(|rows| {
        rows.iter()
            .map(|row| {
                Ok(Config {
                    role: row.try_get(0)?,
                    name: row.try_get(1)?,
                    value: row.try_get(2)?,
                })
            })
            .collect()
    });
    config.map_err(|e| running(CONFIG, e))
}

impl Grant {
    fn statement(&self, database: &str) -> String {
        let role = self
            .role
            .as_deref()
            .map_or_else(|| "PUBLIC".to_owned(), quote_ident);
        let right = ["CONNECT", "CREATE", "TEMPORARY"]
            .into_iter()
            .find(|right| *right == self.right)
            .unwrap_or("CONNECT");
        let option = if self.grantable {
            " WITH GRANT OPTION"
        } else {
            ""
        };
        format!("GRANT {right} ON DATABASE {database} TO {role}{option}")
    }
}

impl Config {
    fn statement(&self, database: &str) -> String {
        let target = match &self.role {
            None => format!("DATABASE {database}"),
            Some(role) => format!("ROLE {} IN DATABASE {database}", quote_ident(role)),
        };
        let (name, value) = (quote_ident(&self.name), written(&self.name, &self.value));
        format!("ALTER {target} SET {name} TO {value}")
    }
}

/// Runs statements one by one.
pub(super) async fn run_all(connection: &mut PgConnection, statements: &[String]) -> Result<()> {
    for sql in statements {
        run(connection, sql).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_give_a_database_its_settings_back() {
        let config = |role: Option<&str>, name: &str, value: &str| Config {
            role: role.map(str::to_owned),
            name: name.to_owned(),
            value: value.to_owned(),
        };
        let grant = |role: Option<&str>, right: &str, grantable| Grant {
            role: role.map(str::to_owned),
            right: right.to_owned(),
            grantable,
        };
        let settings = DatabaseSettings {
            grants: Some(vec![
                grant(None, "CONNECT", false),
                grant(Some("gone"), "CREATE", false),
                grant(Some("Odd"), "CREATE", true),
            ]),
            config: vec![
                config(None, "search_path", "public, \"Odd, \"\"Name\", audit"),
                config(None, "statement_timeout", "5min"),
                config(Some("Odd"), "work_mem", "1MB'; drop"),
                config(Some("gone"), "work_mem", "1MB"),
                config(None, "search_path", ""),
            ],
            ..DatabaseSettings::default()
        };

        let statements = settings.statements("x", &|role| role == "Odd");

        assert_eq!(
            statements,
            [
                "REVOKE ALL ON DATABASE \"x\" FROM PUBLIC",
                "GRANT CONNECT ON DATABASE \"x\" TO PUBLIC",
                "GRANT CREATE ON DATABASE \"x\" TO \"Odd\" WITH GRANT OPTION",
                "ALTER DATABASE \"x\" SET \"search_path\" TO 'public', 'Odd, \"Name', 'audit'",
                "ALTER DATABASE \"x\" SET \"statement_timeout\" TO '5min'",
                "ALTER ROLE \"Odd\" IN DATABASE \"x\" SET \"work_mem\" TO '1MB''; drop'",
                "ALTER DATABASE \"x\" SET \"search_path\" TO ''",
            ]
        );
    }
}
