//! Ways to fail to connect, and what a broken connection leaves.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{session, value};
use crate::base::{Kind, Secret};
use crate::ops::database::connect::{Database, server_facts, wait_until_ready};
use crate::ops::database::session::Session;
use crate::ops::database::value::Value;
use crate::ops::database::{admin, connect};
use crate::ops::testing;

#[tokio::test]
async fn each_reason_not_to_connect_has_its_own_words() {
    let good = testing::database().await;
    let (mut password, mut user, mut empty, mut host, mut port) = (
        good.clone(),
        good.clone(),
        good.clone(),
        good.clone(),
        good.clone(),
    );
    password.password = Secret::new("not the password");
    user.user = "nobody".to_owned();
    empty.password = Secret::default();
    host.host = "no-such-host.invalid".to_owned();
    port.port = 1;
    let database = good.with_database("nope");
    let cases = [
        (password, Kind::Database, "wrong password for user `lexi`"),
        (user, Kind::Database, "wrong password for user `nobody`"),
        (
            empty,
            Kind::Database,
            "user `lexi` needs a password and none is set",
        ),
        (database, Kind::Database, "there is no database `nope`"),
        (
            host,
            Kind::Unavailable,
            "host `no-such-host.invalid` is not known",
        ),
        (port, Kind::Unavailable, "nothing listens there"),
    ];
    for (target, kind, words) in cases {
        let error = connect(&target).await.unwrap_err();

        let message = error.full_message();
        assert!(message.contains(words), "{message}");
        assert!(
            message.starts_with(&format!("cannot connect to database {target}")),
            "{message}"
        );
        assert_eq!(error.kind(), kind, "{message}");
        assert!(error.hint_text().is_some(), "{message}");
        let all = format!("{error:?}");
        assert!(
            !all.contains("not the password") && !all.contains(testing::PASSWORD),
            "{all}"
        );
    }
}

#[tokio::test]
async fn waiting_ends_with_the_last_cause() {
    let mut target = testing::database().await;
    let tries = AtomicUsize::new(0);
    let count = |_: &_| {
        tries.fetch_add(1, Ordering::Relaxed);
    };
    wait_until_ready(&target, Duration::from_secs(5), &count)
        .await
        .unwrap();
    assert_eq!(tries.load(Ordering::Relaxed), 0);

    target.port = 1;
    let error = wait_until_ready(&target, Duration::from_millis(200), &count)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout);
    assert!(
        error.full_message().contains("nothing listens there"),
        "{}",
        error.full_message()
    );
    assert!(tries.load(Ordering::Relaxed) > 1);

    target.port = testing::postgres().port;
    target.password = Secret::new("wrong");
    let error = wait_until_ready(&target, Duration::from_mins(10), &count)
        .await
        .unwrap_err();
    assert!(
        error.message().contains("wrong password"),
        "{}",
        error.message()
    );
}

#[tokio::test]
async fn the_server_says_what_it_is() {
    let session = session().await;
    session
        .execute("create extension citext", &[])
        .await
        .unwrap();
    let mut connection = connect(session.database().target()).await.unwrap();

    let facts = server_facts(&mut connection).await.unwrap();

    assert!(
        facts.version_num >= 150_000 && facts.version.starts_with("15."),
        "{facts:?}"
    );
    assert_eq!(
        (facts.encoding.as_str(), facts.locale.as_str()),
        ("UTF8", "C.UTF-8")
    );
    assert!(facts.is_superuser);
    assert!(
        facts.extensions.iter().any(|(name, _)| name == "citext"),
        "{facts:?}"
    );
}

/// The statements that the sessions of a database run.
async fn running(session: &Session) -> Vec<String> {
    let target = session.database().target();
    let mut connection = admin::maintenance(target).await.unwrap();
    let sessions = admin::sessions(&mut connection, Some(&target.database))
        .await
        .unwrap();
    let active = sessions
        .into_iter()
        .filter(|s| s.state.as_deref() != Some("idle"));
    active.map(|s| s.query).collect()
}

async fn until(session: &Session, what: &str, wanted: impl Fn(&[String]) -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    loop {
        let now = running(session).await;
        if wanted(&now) {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "not {what}: {now:?}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn giving_up_on_a_statement_ends_it_on_the_server() {
    let session = session().await;
    session
        .execute("create table t (a int)", &[])
        .await
        .unwrap();
    let transaction = session.begin().await.unwrap();
    let inside = Session::Transaction(transaction.clone());
    inside
        .execute("insert into t values (1)", &[])
        .await
        .unwrap();

    for victim in [session.clone(), inside.clone()] {
        let sleeper = victim.clone();
        let statement =
            tokio::spawn(async move { sleeper.execute("select pg_sleep(600)", &[]).await });
        until(&session, "started", |all| {
            all.iter().any(|q| q.contains("pg_sleep"))
        })
        .await;
        statement.abort();
        until(&session, "ended", |all| {
            !all.iter().any(|q| q.contains("pg_sleep"))
        })
        .await;
    }

    let error = inside.execute("select 1", &[]).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(
        error.message().contains("rolled back"),
        "{}",
        error.message()
    );
    assert_eq!(
        transaction.commit().await.unwrap_err().kind(),
        Kind::Unavailable
    );
    assert_eq!(
        value(&session, "select count(*) from t", &[]).await,
        Value::Int(0)
    );
}

#[tokio::test]
async fn a_server_that_stops_is_unavailable_and_one_that_returns_is_used_again() {
    let mut server = testing::start_postgres();
    let target = testing::target(&server);
    wait_until_ready(&target, Duration::from_mins(1), &|_| {})
        .await
        .unwrap();
    let session = Session::Database(Arc::new(Database::new(target.clone())));
    let sleeper = session.clone();
    let statement = tokio::spawn(async move { sleeper.execute("select pg_sleep(600)", &[]).await });
    until(&session, "started", |all| {
        all.iter().any(|q| q.contains("pg_sleep"))
    })
    .await;

    // Ended by somebody else: the next one gets a new connection.
    let mut connection = admin::maintenance(&target).await.unwrap();
    value(&session, "select 1 as one", &[]).await;
    assert_eq!(
        admin::terminate_all(&mut connection, "postgres")
            .await
            .unwrap(),
        2
    );
    let error = statement.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{}", error.full_message());
    assert!(error.message().contains("lost"), "{}", error.full_message());
    value(&session, "select 1 as one", &[]).await;

    // The server goes away in the middle.
    let sleeper = session.clone();
    let statement = tokio::spawn(async move { sleeper.execute("select pg_sleep(600)", &[]).await });
    until(&session, "started", |all| {
        all.iter().any(|q| q.contains("pg_sleep"))
    })
    .await;
    tokio::task::spawn_blocking(move || server.stop())
        .await
        .unwrap();
    assert_eq!(
        statement.await.unwrap().unwrap_err().kind(),
        Kind::Unavailable
    );
    let error = session.execute("select 1", &[]).await.unwrap_err();
    assert_eq!(error.hint_text(), Some("start it with `lexi run up`"));
}

#[tokio::test]
async fn many_at_once_share_a_few_connections() {
    let session = session().await;
    session
        .execute("create table t (a int)", &[])
        .await
        .unwrap();
    let all = (0..50).map(|number| {
        let session = session.clone();
        tokio::spawn(async move {
            let sql = "insert into t select $1 from pg_sleep(0.01)";
            session.execute(sql, &[Value::Int(number)]).await.unwrap()
        })
    });
    for one in all.collect::<Vec<_>>() {
        assert_eq!(one.await.unwrap(), 1);
    }

    assert_eq!(
        value(&session, "select count(distinct a) from t", &[]).await,
        Value::Int(50)
    );
    let sql = "select count(*) < 9 from pg_stat_activity where datname = current_database()";
    assert_eq!(value(&session, sql, &[]).await, Value::Bool(true));
}
