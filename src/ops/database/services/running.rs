//! Statements, batches and transactions.

use super::{session, text, value};
use crate::base::Kind;
use crate::ops::database::connect;
use crate::ops::database::session::Session;
use crate::ops::database::value::Value;

async fn count(session: &Session) -> Value {
    value(session, "select count(*) from t", &[]).await
}

#[tokio::test]
async fn an_error_carries_what_the_server_said() {
    let session = session().await;
    session
        .batch("create table t (a int primary key, b text not null)")
        .await
        .unwrap();

    let error = session
        .rows("select a,\n  nope from t", &[])
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (Kind::Database, "column \"nope\" does not exist")
    );
    assert_eq!(error.fields()["sqlstate"], "42703");
    assert_eq!(
        (&error.fields()["position"], &error.fields()["line"]),
        (&13.into(), &2.into())
    );

    session
        .execute("insert into t values ($1, 'x')", &[Value::Int(1)])
        .await
        .unwrap();
    let error = session
        .execute("insert into t values (1, 'y')", &[])
        .await
        .unwrap_err();
    assert_eq!(error.fields()["constraint"], "t_pkey");
    assert_eq!(error.fields()["detail"], "Key (a)=(1) already exists.");

    let error = session
        .execute("select 1; select 2", &[])
        .await
        .unwrap_err();
    assert_eq!(error.hint_text(), Some("run several with `db::batch(sql)`"));
    let error = session.rows("select 1; select 2", &[]).await.unwrap_err();
    assert_eq!(
        error.hint_text(),
        Some("run several statements with `db::batch(sql)`")
    );
    for sql in [
        "copy t from stdin",
        "begin",
        "/* c */ commit",
        "rollback to x",
    ] {
        assert_eq!(
            session.execute(sql, &[]).await.unwrap_err().kind(),
            Kind::Invalid,
            "{sql}"
        );
    }
}

#[tokio::test]
async fn affected_rows_are_counted() {
    let session = session().await;
    session.batch("create table t (a int)").await.unwrap();

    let sql = "insert into t select generate_series(1, $1)";
    assert_eq!(session.execute(sql, &[Value::Int(10)]).await.unwrap(), 10);
    assert_eq!(
        session
            .execute("update t set a = 0 where a > 7", &[])
            .await
            .unwrap(),
        3
    );
    assert_eq!(
        session.execute("create index on t (a)", &[]).await.unwrap(),
        0
    );
    let rows = session
        .rows("delete from t where a = 0 returning a", &[])
        .await
        .unwrap();
    assert_eq!(rows.rows.len(), 3);
}

#[tokio::test]
async fn a_table_that_changes_does_not_break_a_statement_that_was_run_before() {
    let session = session().await;
    session
        .batch("create table t (a int); insert into t values (1)")
        .await
        .unwrap();
    let sql = "select * from t where a = $1";
    assert_eq!(
        session.rows(sql, &[Value::Int(1)]).await.unwrap().columns,
        ["a"]
    );

    // By another session, and then by this one.
    let mut other = connect(session.database().target()).await.unwrap();
    crate::ops::database::query::execute(&mut other, "alter table t add b text", &[])
        .await
        .unwrap();
    assert_eq!(
        session.rows(sql, &[Value::Int(1)]).await.unwrap().columns,
        ["a", "b"]
    );
    session.execute("alter table t drop b", &[]).await.unwrap();
    assert_eq!(
        session.rows(sql, &[Value::Int(1)]).await.unwrap().columns,
        ["a"]
    );
}

#[tokio::test]
async fn a_batch_names_the_statement_that_fails() {
    let session = session().await;
    let sql = "create table t (a int);\n-- two\ninsert into t values (1);\n\ninsert into t\n  values ('x');\nselect 1";

    let error = session.batch(sql).await.unwrap_err();

    assert!(
        error
            .message()
            .starts_with("statement 3 (line 6): invalid input"),
        "{}",
        error.message()
    );
    assert_eq!(
        (&error.fields()["statement"], &error.fields()["line"]),
        (&3.into(), &6.into())
    );
    assert_eq!(count(&session).await, Value::Int(1));
}

#[tokio::test]
async fn a_batch_runs_what_only_works_by_itself() {
    let session = session().await;
    let sql = "create table t (a int); create index concurrently i on t (a); vacuum t;
        begin; insert into t values (1); commit; begin; insert into t values (2); rollback;
        create function f() returns int language sql begin atomic select 1; select 2; end;
        do $$ begin perform 1; end $$; select f();";

    let summary = session.batch(sql).await.unwrap();

    assert_eq!(summary.statements, 12);
    assert_eq!(count(&session).await, Value::Int(1));
}

#[tokio::test]
async fn a_batch_with_an_open_end_is_not_begun() {
    let session = session().await;

    let error = session
        .batch("create table t (a int);\nbegin;\nselect 1")
        .await
        .unwrap_err();
    assert_eq!(
        error.message(),
        "statement 2 (line 2): this transaction is never committed"
    );
    assert!(session.rows("select * from t", &[]).await.is_err());

    let transaction = Session::Transaction(session.begin().await.unwrap());
    let error = transaction.batch("select 1; commit").await.unwrap_err();
    assert!(
        error
            .message()
            .contains("`COMMIT` stands inside a transaction"),
        "{}",
        error.message()
    );
}

#[tokio::test]
async fn settings_do_not_leak_into_other_work() {
    let session = session().await;
    for sql in ["set statement_timeout = 1", "set search_path = nowhere"] {
        session.execute(sql, &[]).await.unwrap();
        session.batch(sql).await.unwrap();
    }

    assert_eq!(
        value(&session, "select current_setting('statement_timeout')", &[]).await,
        text("0")
    );
    let inside = session.begin().await.unwrap();
    let tx = Session::Transaction(inside.clone());
    tx.execute("set statement_timeout = 1", &[]).await.unwrap();
    let error = tx.execute("select pg_sleep(10)", &[]).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout);
    inside.rollback().await.unwrap();
    assert_eq!(
        value(&session, "select current_setting('statement_timeout')", &[]).await,
        text("0")
    );
}

#[tokio::test]
async fn a_transaction_lasts_or_leaves_nothing() {
    let session = session().await;
    session
        .batch("create table t (a int unique deferrable initially deferred)")
        .await
        .unwrap();

    let kept = session.begin().await.unwrap();
    let tx = Session::Transaction(kept.clone());
    tx.execute("insert into t values (1)", &[]).await.unwrap();
    assert_eq!(count(&session).await, Value::Int(0));
    kept.commit().await.unwrap();
    assert_eq!(count(&session).await, Value::Int(1));
    assert!(
        tx.execute("select 1", &[])
            .await
            .unwrap_err()
            .message()
            .contains("is over")
    );

    let dropped = session.begin().await.unwrap();
    Session::Transaction(dropped.clone())
        .execute("insert into t values (2)", &[])
        .await
        .unwrap();
    dropped.rollback().await.unwrap();
    assert_eq!(count(&session).await, Value::Int(1));

    let late = session.begin().await.unwrap();
    Session::Transaction(late.clone())
        .execute("insert into t values (1)", &[])
        .await
        .unwrap();
    assert_eq!(
        late.commit().await.unwrap_err().fields()["sqlstate"],
        "23505"
    );
    assert_eq!(count(&session).await, Value::Int(1));
}

#[tokio::test]
async fn a_failed_transaction_does_not_pretend_to_commit() {
    let session = session().await;
    session.batch("create table t (a int)").await.unwrap();
    let transaction = session.begin().await.unwrap();
    let tx = Session::Transaction(transaction.clone());
    tx.execute("insert into t values (1)", &[]).await.unwrap();
    tx.execute("select nope", &[]).await.unwrap_err();

    let error = transaction.commit().await.unwrap_err();

    assert!(
        error.message().starts_with("nothing was committed"),
        "{}",
        error.message()
    );
    assert_eq!(count(&session).await, Value::Int(0));
}

#[tokio::test]
async fn a_part_of_a_transaction_is_taken_back_by_itself() {
    let session = session().await;
    session.batch("create table t (a int)").await.unwrap();
    let whole = session.begin().await.unwrap();
    let tx = Session::Transaction(whole.clone());
    let insert = "insert into t values ($1)";
    tx.execute(insert, &[Value::Int(1)]).await.unwrap();

    let part = tx.begin().await.unwrap();
    let inner = Session::Transaction(part.clone());
    inner.execute(insert, &[Value::Int(2)]).await.unwrap();
    let deepest = inner.begin().await.unwrap();
    Session::Transaction(deepest.clone())
        .execute(insert, &[Value::Int(3)])
        .await
        .unwrap();
    deepest.commit().await.unwrap();
    inner.execute("select nope", &[]).await.unwrap_err();
    part.rollback().await.unwrap();
    assert!(inner.execute("select 1", &[]).await.is_err());

    let kept = tx.begin().await.unwrap();
    Session::Transaction(kept.clone())
        .execute(insert, &[Value::Int(4)])
        .await
        .unwrap();
    kept.commit().await.unwrap();
    whole.commit().await.unwrap();
    assert_eq!(
        value(&session, "select array_agg(a order by a) from t", &[]).await,
        Value::List(vec![Value::Int(1), Value::Int(4)])
    );
}

#[tokio::test]
async fn a_result_without_an_end_is_refused() {
    let session = session().await;

    let sql = "select repeat('x', 1000000) as a from generate_series(1, 100000)";
    let error = session.rows(sql, &[]).await.unwrap_err();

    assert_eq!(error.message(), "the result is larger than 256.0 MB");
    value(&session, "select 1 as one", &[]).await;
}
