//! Files in the formats of sqlx and dbmate, and their histories; the fixtures are our own.

use sha2::Digest;

use super::super::adopt::{adopt, baseline};
use super::super::foreign::Writer;
use super::*;
use crate::base::Kind;

/// Every feature of sqlx' files: simple and reversible ones, `-- no-transaction` as first bytes, numbers of any width.
const SQLX: [(&str, &str); 6] = [
    (
        "0001_users.sql",
        "-- A comment; with a semicolon\nCREATE TABLE users (id bigint PRIMARY KEY, name text);\nCREATE TYPE mood AS ENUM ('ok');",
    ),
    (
        "0002_cases.up.sql",
        "CREATE TABLE cases (id bigint);\r\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;\r\n",
    ),
    (
        "0002_cases.down.sql",
        "DROP FUNCTION f();\r\nDROP TABLE cases;\r\n",
    ),
    (
        "20260101000000_add_index.up.sql",
        "-- no-transaction\nCREATE INDEX CONCURRENTLY users_name ON users (name);\nALTER TYPE mood ADD VALUE 'sad';",
    ),
    (
        "20260101000000_add_index.down.sql",
        "-- no-transaction\nDROP INDEX CONCURRENTLY users_name;",
    ),
    (
        "20260102000000_seed.sql",
        "INSERT INTO users VALUES (1, 'it''s; fine');",
    ),
];

/// Every feature of dbmate's files: both halves, options of each, comments before the marks, names with and without `_`.
const DBMATE: [(&str, &str); 3] = [
    (
        "20260101000000_create_users.sql",
        "-- Users.\n\n-- migrate:up\nCREATE TABLE users (id int);\nINSERT INTO users VALUES (1);\n\n-- migrate:down\nDROP TABLE users;\n",
    ),
    (
        "20260102000000-index.sql",
        "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY users_id ON users (id);\nVACUUM users;\n\n-- migrate:down transaction:false\nDROP INDEX CONCURRENTLY users_id;\n",
    ),
    (
        "20260103000000.sql",
        "--migrate:up transaction:true\nCREATE VIEW v AS SELECT 1;\n--migrate:down\nDROP VIEW v;\n",
    ),
];

#[tokio::test]
async fn files_of_sqlx_run_unchanged() {
    let ground = Ground::new(&SQLX).await;

    assert_eq!(ground.up().await.unwrap().len(), 4);

    assert_eq!(ground.ask("select name from users").await, "it's; fine");
    assert!(ground.has("users_name").await);
    let error = ground.revert(Back::Steps(1)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Refused, "a simple file has no way back");
    ground
        .run("delete from lexi.migrations where version = 20260102000000")
        .await;
    assert_eq!(ground.revert(Back::To(1)).await.unwrap().len(), 2);
    assert!(!ground.has("users_name").await && !ground.has("cases").await);
}

#[tokio::test]
async fn files_of_dbmate_run_unchanged() {
    let ground = Ground::new(&DBMATE).await;

    assert_eq!(ground.up().await.unwrap().len(), 3);

    assert!(ground.has("users_id").await && ground.has("v").await);
    assert_eq!(ground.revert(Back::To(0)).await.unwrap().len(), 3);
    assert!(!ground.has("users").await && !ground.has("v").await);
}

/// Runs the files and writes the table as sqlx 0.9 does (sqlx-postgres, `migrate.rs`): the SHA-384 of each file's bytes.
async fn migrate_like_sqlx(ground: &Ground, names: &[&str]) {
    ground
        .run(
            "create table _sqlx_migrations (version bigint primary key, description text not null, \
             installed_on timestamptz not null default now(), success boolean not null, \
             checksum bytea not null, execution_time bigint not null)",
        )
        .await;
    for name in names {
        let text = std::fs::read_to_string(ground.root().join("migrations").join(name)).unwrap();
        ground.run(&text).await;
        let checksum = crate::base::text::hex(&sha2::Sha384::digest(text.as_bytes()));
        let version = name.split_once('_').unwrap().0;
        ground
            .run(&format!(
                "insert into _sqlx_migrations values ({version}, 'x', now(), true, '\\x{checksum}', 12345678)"
            ))
            .await;
    }
}

#[tokio::test]
async fn the_history_of_sqlx_is_taken_over_after_it_was_checked() {
    // sqlx sends a file as it is, and `CREATE INDEX CONCURRENTLY` cannot be one of two statements there.
    let one = "-- no-transaction\nCREATE INDEX CONCURRENTLY users_name ON users (name);";
    let ground = Ground::new(&SQLX).await;
    ground.write("20260101000000_add_index.up.sql", one);
    let names = [
        "0001_users.sql",
        "0002_cases.up.sql",
        "20260101000000_add_index.up.sql",
        "20260102000000_seed.sql",
    ];
    migrate_like_sqlx(&ground, &names).await;
    let before = ground
        .ask("select string_agg(m::text, ',') from _sqlx_migrations m")
        .await;

    let error = ground.up().await.unwrap_err();
    assert_eq!(
        error.message(),
        "another program has migrated this database: `_sqlx_migrations` lists 4 migrations"
    );
    ground.write("0001_users.sql", "CREATE TABLE users ();");
    let error = adopt(&ground.target, &ground.files(), ground.root())
        .await
        .unwrap_err();
    assert!(
        error
            .message()
            .starts_with("`migrations/0001_users.sql` was edited after it was applied"),
        "{error}"
    );
    // Line ends that were changed on the way are no edit.
    ground.write("0001_users.sql", &SQLX[0].1.replace('\n', "\r\n"));
    ground.write("0002_cases.up.sql", &SQLX[1].1.replace("\r\n", "\n"));
    let done = adopt(&ground.target, &ground.files(), ground.root())
        .await
        .unwrap();

    assert_eq!((done.from, done.versions.len()), (Writer::Sqlx, 4));
    assert_eq!(ground.up().await.unwrap(), []);
    assert!(
        ground
            .states()
            .await
            .iter()
            .all(|(_, state)| *state == State::Applied)
    );
    let again = adopt(&ground.target, &ground.files(), ground.root())
        .await
        .unwrap();
    assert_eq!((again.versions.len(), again.known.len()), (0, 4));
    assert_eq!(
        ground
            .ask("select string_agg(m::text, ',') from _sqlx_migrations m")
            .await,
        before
    );
    assert_eq!(
        ground.ask("select bool_and(abs(extract(epoch from installed_on - started_at)) < 1) from _sqlx_migrations join lexi.migrations using (version)").await,
        "true"
    );
}

#[tokio::test]
async fn the_history_of_dbmate_is_taken_over_after_it_was_checked() {
    let ground = Ground::new(&DBMATE).await;
    ground
        .run(
            "create table users (id int); create table schema_migrations (version varchar(128) primary key); \
             insert into schema_migrations values ('20260101000000'), ('20250101000000')",
        )
        .await;

    let error = adopt(&ground.target, &ground.files(), ground.root())
        .await
        .unwrap_err();
    assert_eq!(
        error.message(),
        "`schema_migrations` lists 1 migration without a file: 20250101000000"
    );
    assert!(
        !ground.has("lexi.migrations").await,
        "nothing was taken over"
    );
    ground
        .run("delete from schema_migrations where version like '2025%'")
        .await;
    let done = adopt(&ground.target, &ground.files(), ground.root())
        .await
        .unwrap();

    assert_eq!(done.versions, [20_260_101_000_000]);
    assert_eq!(ground.up().await.unwrap().len(), 2);
    assert_eq!(
        ground.ask("select count(*) from schema_migrations").await,
        "1"
    );
}

#[tokio::test]
async fn a_history_that_is_not_there_cannot_be_taken_over() {
    let ground = Ground::new(&DBMATE).await;
    ground
        .run("create table schema_migrations (version text primary key)")
        .await;

    let error = adopt(&ground.target, &ground.files(), ground.root())
        .await
        .unwrap_err();

    assert_eq!(error.kind(), Kind::NotFound);
    assert_eq!(
        ground.up().await.unwrap().len(),
        3,
        "an empty table is nobody's history"
    );
}

#[tokio::test]
async fn a_database_made_by_hand_is_declared() {
    let ground = Ground::new(&DBMATE).await;
    ground
        .run("create table users (id int); create index users_id on users (id)")
        .await;

    let error = baseline(&ground.target, &ground.files(), 5)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    let declared = baseline(&ground.target, &ground.files(), 20_260_102_000_000)
        .await
        .unwrap();

    assert_eq!(declared, [20_260_101_000_000, 20_260_102_000_000]);
    assert_eq!(
        baseline(&ground.target, &ground.files(), 20_260_102_000_000)
            .await
            .unwrap(),
        [0; 0]
    );
    assert_eq!(ground.up().await.unwrap().len(), 1);
}
