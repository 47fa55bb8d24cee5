//! COPY, and whole databases.

use serde_json::json;

use super::{session, text, value};
use crate::base::Kind;
use crate::ops::database::admin::{self, CreateOptions, Sessions};
use crate::ops::database::copy::{CopyOptions, Format};
use crate::ops::database::query::Rows;
use crate::ops::database::session::Session;
use crate::ops::database::value::Value;
use crate::ops::testing;

const TABLE: &str =
    "create table \"Odd Name\" (id int, name text, tags text[], data jsonb, raw bytea)";

/// Rows with everything that COPY has to escape.
fn nasty_rows() -> Rows {
    let nasty = "a\tb\nc\\d\"e,f\r\\N";
    let rows: Vec<Vec<Value>> = (0..4_000)
        .map(|id| {
            vec![
                Value::Int(id),
                if id % 3 == 0 {
                    Value::Null
                } else {
                    text(nasty)
                },
                Value::List(vec![text(nasty), Value::Null, text("")]),
                Value::Json(json!({"x": nasty, "n": [1, null]})),
                Value::Bytes(vec![0, 92, 10, 255]),
            ]
        })
        .collect();
    let columns = ["id", "name", "tags", "data", "raw"]
        .map(String::from)
        .to_vec();
    Rows { columns, rows }
}

#[tokio::test]
async fn rows_and_files_go_in_and_out_unchanged() {
    let session = session().await;
    session
        .batch(&format!("{TABLE}; create table copy (like \"Odd Name\")"))
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let rows = nasty_rows();

    assert_eq!(
        session.copy_rows("public.Odd Name", &rows).await.unwrap(),
        4_000
    );
    for (format, header) in [
        (Format::Csv, true),
        (Format::Csv, false),
        (Format::Text, true),
        (Format::Text, false),
    ] {
        let options = CopyOptions {
            format,
            header,
            columns: Vec::new(),
        };
        let path = folder.path().join("out");
        let copied = session.copy_out("Odd Name", &path, &options).await.unwrap();
        assert_eq!(copied.rows, 4_000, "{options:?}");
        assert_eq!(copied.bytes, std::fs::metadata(&path).unwrap().len());
        assert_eq!(
            session.copy_in("copy", &path, &options).await.unwrap(),
            4_000
        );

        let sql = "select count(*) from (select * from \"Odd Name\" except select * from copy) x";
        assert_eq!(
            value(&session, sql, &[]).await,
            Value::Int(0),
            "{options:?}"
        );
        assert_eq!(
            session.execute("delete from copy", &[]).await.unwrap(),
            4_000
        );
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let read_back = session
        .rows("select * from \"Odd Name\" order by id", &[])
        .await
        .unwrap();
    assert_eq!(read_back, rows);
}

#[tokio::test]
async fn a_bad_file_changes_nothing() {
    let session = session().await;
    session
        .batch("create table t (a int, b text)")
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let csv = CopyOptions {
        header: true,
        ..CopyOptions::default()
    };
    let cases = [
        (
            "a,b\n1,x\nnope,y\n",
            "invalid input syntax for type integer: \"nope\"",
        ),
        (
            "b,a\nx,1\n",
            "column name mismatch in header line field 1: got \"b\", expected \"a\"",
        ),
        ("a,b\n1\n", "missing data for column \"b\""),
    ];
    for (content, message) in cases {
        std::fs::write(&path, content).unwrap();

        let error = session.copy_in("t", &path, &csv).await.unwrap_err();

        assert!(error.message().ends_with(message), "{}", error.message());
        assert_eq!(error.kind(), Kind::Database);
    }
    let reordered = CopyOptions {
        columns: vec!["b".into(), "a".into()],
        ..csv.clone()
    };
    std::fs::write(&path, "b,a\nx,1\n").unwrap();
    assert_eq!(session.copy_in("t", &path, &reordered).await.unwrap(), 1);
    let error = session
        .copy_in("t", &folder.path().join("nope"), &csv)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    let error = session.copy_in("nope", &path, &csv).await.unwrap_err();
    assert_eq!(error.fields()["sqlstate"], "42P01");
    assert_eq!(
        value(&session, "select count(*) from t", &[]).await,
        Value::Int(1)
    );

    let rows = Rows {
        columns: vec!["a".into()],
        rows: vec![vec![Value::Int(1)], vec![Value::Bool(true)]],
    };
    let error = session.copy_rows("t", &rows).await.unwrap_err();
    assert_eq!(
        error.message(),
        "row 2, column `a`: int4 takes an int, not bool"
    );
    assert_eq!(
        value(&session, "select count(*) from t", &[]).await,
        Value::Int(1)
    );
}

#[tokio::test]
async fn what_is_not_complete_leaves_no_file() {
    let session = session().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    let options = CopyOptions::default();

    let late = "select 1 / (5000 - a) from generate_series(1, 100000) a";
    let error = session.copy_out(late, &path, &options).await.unwrap_err();
    assert_eq!(error.message(), "division by zero");
    for (source, code) in [
        ("select 1) to program 'x' --", "42601"),
        ("nope", "42P01"),
        ("select nope", "42703"),
    ] {
        let error = session.copy_out(source, &path, &options).await.unwrap_err();
        assert_eq!(error.fields()["sqlstate"], code, "{source}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    let copied = session
        .copy_out("values (1, 'a\nb'), (2, null)", &path, &options)
        .await
        .unwrap();
    assert_eq!((copied.rows, copied.bytes), (2, 11));
    value(&session, "select 1 as one", &[]).await;
}

#[tokio::test]
async fn databases_are_made_renamed_and_dropped() {
    let target = testing::database().await;
    let (name, moved) = (
        format!("{} \"odd\"", target.database),
        format!("{} moved", target.database),
    );
    let mut c = admin::maintenance(&target).await.unwrap();
    let options = CreateOptions {
        template: Some("template0".into()),
        encoding: Some("UTF8".into()),
        locale: Some("C".into()),
        ..CreateOptions::default()
    };
    admin::create(&mut c, &name, &options).await.unwrap();

    assert!(admin::exists(&mut c, &name).await.unwrap());
    assert!(admin::size(&mut c, &name).await.unwrap() > 1_000_000);
    let databases = admin::databases(&mut c).await.unwrap();
    let own = databases.iter().find(|d| d.name == name).unwrap();
    assert_eq!(
        (own.owner.as_str(), own.encoding.as_str(), own.sessions),
        ("lexi", "UTF8", 0)
    );
    let error = admin::create(&mut c, &name, &CreateOptions::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);

    let guest = super::connect::connect(&target.with_database(&name))
        .await
        .unwrap();
    for outcome in [
        admin::rename(&mut c, &name, &moved).await,
        admin::drop_database(&mut c, &name, Sessions::Respect).await,
    ] {
        assert_eq!(outcome.unwrap_err().kind(), Kind::Conflict);
    }
    assert_eq!(admin::terminate_all(&mut c, &name).await.unwrap(), 1);
    drop(guest);
    admin::rename(&mut c, &name, &moved).await.unwrap();
    let _guest = super::connect::connect(&target.with_database(&moved))
        .await
        .unwrap();
    admin::drop_database(&mut c, &moved, Sessions::End)
        .await
        .unwrap();
    assert!(!admin::exists(&mut c, &moved).await.unwrap());
    let error = admin::drop_database(&mut c, &moved, Sessions::End)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    let long = "x".repeat(64);
    assert_eq!(
        admin::create(&mut c, &long, &options)
            .await
            .unwrap_err()
            .kind(),
        Kind::Invalid
    );
}

#[tokio::test]
async fn quoting_survives_everything() {
    let session = session().await;
    for nasty in [
        "a'b",
        "a\\b",
        "'; drop table t --",
        "a\"b",
        "ü\n",
        "$1",
        "E'x'",
    ] {
        let literal = format!("select {}", admin::quote_literal(nasty));
        assert_eq!(value(&session, &literal, &[]).await, text(nasty));
        let named = session
            .rows(&format!("select 1 as {}", admin::quote_ident(nasty)), &[])
            .await;
        assert_eq!(named.unwrap().columns, [nasty]);
    }
}

#[tokio::test]
async fn a_session_is_ended_by_its_number() {
    let session: Session = session().await;
    let Value::Int(pid) = value(&session, "select pg_backend_pid()", &[]).await else {
        unreachable!()
    };
    let mut c = admin::maintenance(session.database().target())
        .await
        .unwrap();
    let pid = i32::try_from(pid).unwrap();

    let all = admin::sessions(&mut c, Some(&session.database().target().database))
        .await
        .unwrap();
    assert!(
        all.iter()
            .any(|s| s.pid == pid && s.application == "lexi" && s.state.as_deref() == Some("idle"))
    );
    assert!(admin::terminate(&mut c, pid).await.unwrap());
    assert!(!admin::terminate(&mut c, 0).await.unwrap());
}
