//! Tests of what only a real server can show.
#![expect(
    clippy::disallowed_methods,
    reason = "`#[tokio::test]` waits for the test"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::{Redis, RedisTarget, Reply, ScanOptions};
use crate::base::{Kind, Secret};
use crate::ops::testing::{self, Server};

async fn connected(server: &Server, password: &str) -> Redis {
    let redis = Redis::new(RedisTarget {
        host: "127.0.0.1".to_owned(),
        port: server.port,
        password: Secret::new(password),
        db: 0,
    });
    let ready = redis
        .wait_until_ready(Duration::from_mins(1), &|_| {})
        .await;
    ready.unwrap();
    redis
}

fn text(text: &str) -> Reply {
    Reply::Text(text.to_owned())
}

#[tokio::test]
async fn replies_have_the_type_that_the_server_gave_them() {
    let redis = connected(testing::redis(), testing::PASSWORD).await;
    let raw = [0xff, 0x00, 0xfe];
    redis
        .command(&[b"SET".as_slice(), b"t:raw", &raw])
        .await
        .unwrap();
    redis
        .command(&["HSET", "t:hash", "a", "1", "b", "x"])
        .await
        .unwrap();
    redis.command(&["SADD", "t:set", "m"]).await.unwrap();
    redis
        .command(&["ZADD", "t:zset", "1.5", "m"])
        .await
        .unwrap();
    let hash = BTreeMap::from([("a".to_owned(), text("1")), ("b".to_owned(), text("x"))]);
    let cases = [
        (vec!["PING"], text("PONG")),
        (vec!["GET", "t:none"], Reply::Nil),
        (vec!["SET", "t:s", "ü"], text("OK")),
        (vec!["GET", "t:s"], text("ü")),
        (vec!["GET", "t:raw"], Reply::Bytes(raw.to_vec())),
        (vec!["INCR", "t:n"], Reply::Int(1)),
        (vec!["HGETALL", "t:hash"], Reply::Map(hash)),
        (vec!["SMEMBERS", "t:set"], Reply::List(vec![text("m")])),
        (vec!["ZSCORE", "t:zset", "m"], Reply::Float(1.5)),
        (
            vec!["MGET", "t:s", "t:none"],
            Reply::List(vec![text("ü"), Reply::Nil]),
        ),
        (
            vec!["EVAL", "return {1, {'a', false}}", "0"],
            Reply::List(vec![
                Reply::Int(1),
                Reply::List(vec![text("a"), Reply::Nil]),
            ]),
        ),
    ];
    for (words, expected) in cases {
        assert_eq!(redis.command(&words).await.unwrap(), expected, "{words:?}");
    }

    let error = redis.command(&["INCR", "t:s"]).await.unwrap_err();
    assert_eq!(
        (error.kind(), &error.fields()["code"]),
        (Kind::Redis, &"ERR".into())
    );
    let error = redis.command(&["LPUSH", "t:s", "1"]).await.unwrap_err();
    assert!(
        error.message().starts_with("WRONGTYPE "),
        "{}",
        error.message()
    );
    assert!(redis.info(Some("server")).await.unwrap()["redis_version"] != Reply::Nil);
    assert!(matches!(
        redis.info(None).await.unwrap()["connected_clients"],
        Reply::Int(_)
    ));
}

#[tokio::test]
async fn a_scan_gives_each_key_once() {
    let server = testing::start_redis("");
    let redis = connected(&server, "").await;
    for number in 0..2_000 {
        redis
            .command(&["SET", &format!("scan:{number:04}"), "x"])
            .await
            .unwrap();
    }
    redis.command(&["SET", "other", "x"]).await.unwrap();
    let all = ScanOptions {
        count: 100,
        limit: None,
    };
    let few = ScanOptions {
        count: 10,
        limit: Some(7),
    };

    let keys = redis.scan("scan:*", &all).await.unwrap();
    assert_eq!(keys.len(), 2_000);
    assert_eq!(
        (&keys[0], &keys[1_999]),
        (&text("scan:0000"), &text("scan:1999"))
    );
    assert_eq!(redis.scan("scan:*", &few).await.unwrap().len(), 7);
    assert_eq!(redis.scan("none:*", &few).await.unwrap(), []);
}

#[tokio::test]
async fn each_reason_not_to_connect_has_its_own_words() {
    let server = testing::redis();
    drop(connected(server, testing::PASSWORD).await);
    let cases = [
        (
            server.port,
            "not the password",
            Kind::Redis,
            "wrong password",
        ),
        (
            server.port,
            "",
            Kind::Redis,
            "it needs a password and none is set",
        ),
        (1, "", Kind::Unavailable, "nothing listens there"),
    ];
    for (port, password, kind, words) in cases {
        let password = Secret::new(password);
        let redis = Redis::new(RedisTarget {
            host: "127.0.0.1".into(),
            port,
            password,
            db: 0,
        });

        let error = redis.command(&["PING"]).await.unwrap_err();

        assert!(
            error.full_message().contains(words),
            "{}",
            error.full_message()
        );
        assert_eq!(error.kind(), kind, "{}", error.full_message());
        assert!(
            !format!("{error:?}").contains("not the password"),
            "{error:?}"
        );
        assert!(error.hint_text().is_some());
        let limit = Duration::from_millis(100);
        let waited = redis.wait_until_ready(limit, &|_| {}).await.unwrap_err();
        let gave_up = if port == 1 {
            Kind::Timeout
        } else {
            Kind::Redis
        };
        assert_eq!(waited.kind(), gave_up);
    }
}

#[tokio::test]
async fn a_command_that_is_given_up_holds_nothing_back() {
    let server = testing::start_redis("");
    let redis = connected(&server, "").await;
    let blocked = redis.command(&["BLPOP", "t:never", "0"]);

    let outcome = tokio::time::timeout(Duration::from_millis(50), blocked).await;

    assert!(outcome.is_err());
    assert_eq!(redis.command(&["PING"]).await.unwrap(), text("PONG"));
    let deadline = Instant::now() + Duration::from_secs(30);
    while redis.info(Some("clients")).await.unwrap()["blocked_clients"] != Reply::Int(0) {
        assert!(
            Instant::now() < deadline,
            "the command still waits on the server"
        );
    }
}

#[tokio::test]
async fn a_server_that_stops_is_unavailable() {
    let mut server = testing::start_redis("");
    let redis = std::sync::Arc::new(connected(&server, "").await);
    let waiting = std::sync::Arc::clone(&redis);
    let blocked = tokio::spawn(async move { waiting.command(&["BLPOP", "never", "0"]).await });
    while redis.info(Some("clients")).await.unwrap()["blocked_clients"] != Reply::Int(1) {
        tokio::task::yield_now().await;
    }

    tokio::task::spawn_blocking(move || server.stop())
        .await
        .unwrap();

    let error = blocked.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{}", error.full_message());
    let error = redis.command(&["PING"]).await.unwrap_err();
    assert_eq!(error.hint_text(), Some("start it with `lexi run up`"));
}
