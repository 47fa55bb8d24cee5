//! Tests of what only a real server can show.
#![expect(
    clippy::disallowed_methods,
    reason = "`#[tokio::test]` waits for the test"
)]

mod connecting;
mod moving;
mod running;
mod types;

use std::sync::Arc;

use super::connect::{self, Database};
use super::session::Session;
use super::value::Value;
use crate::ops::testing;

/// A session on a new, empty database.
async fn session() -> Session {
    Session::Database(Arc::new(Database::new(testing::database().await)))
}

/// The only value of the only row.
async fn value(session: &Session, sql: &str, parameters: &[Value]) -> Value {
    let rows = session.rows(sql, parameters).await.unwrap();
    assert_eq!((rows.rows.len(), rows.columns.len()), (1, 1), "{sql}");
    rows.rows[0][0].clone()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}
