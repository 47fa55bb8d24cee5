//! What a role may do on the server's machine, outside of its databases.

use sqlx::postgres::PgConnection;
use sqlx::{Executor, Row};

use super::error;
use crate::base::Result;

/// The right by which this session can run programs or reach files on the server's machine, or can give itself the right to.
///
/// The role that logged in counts: whatever it has become since, it can go back.
pub async fn right_on_machine(connection: &mut PgConnection) -> Result<Option<String>> {
    const SQL: &str = "select coalesce( \
        (select 'is a superuser' from pg_roles where rolname = session_user and rolsuper), \
        (select 'is a member of `' || rolname || '`' from pg_roles \
            where (rolsuper or rolname in ('pg_execute_server_program', 'pg_read_server_files', \
                'pg_write_server_files')) \
            and pg_has_role(session_user, oid, 'member') order by rolname limit 1), \
        (select 'may make itself a member of `pg_execute_server_program` (CREATEROLE)' from pg_roles \
            where rolcreaterole and current_setting('server_version_num')::int < 160000 \
            and pg_has_role(session_user, oid, 'member') limit 1))::text";
    let row = connection.fetch_one(SQL).await;
    row.and_then(|row| row.try_get(0))
        .map_err(|e| error::running(SQL, e))
}
