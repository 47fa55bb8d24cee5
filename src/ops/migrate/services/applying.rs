//! Files as transactions: what is applied, what an error says, what is left of a failure.

use super::super::rehearse::rehearse;
use super::*;
use crate::base::Kind;

#[tokio::test]
async fn each_file_is_applied_once_with_its_row() {
    let ground = Ground::new(&[
        (
            "1_a.up.sql",
            "create table a (id int);\ncreate index on a (id);",
        ),
        ("1_a.down.sql", "drop table a;"),
        (
            "2_b.sql",
            "insert into a select generate_series(1, 10); select * from a;",
        ),
    ])
    .await;

    let dry = UpOptions {
        dry_run: true,
        ..UpOptions::default()
    };
    assert_eq!(ground.up_with(&dry).await.unwrap().len(), 2);
    assert!(
        !ground.has("lexi.migrations").await,
        "a dry run makes nothing"
    );
    let done = ground.up().await.unwrap();

    assert_eq!(
        done.iter().map(|r| r.version).collect::<Vec<_>>(),
        [Some(1), Some(2)]
    );
    assert_eq!(ground.up().await.unwrap(), []);
    assert_eq!(ground.ask("select count(*) from a").await, "10");
    let rows = "select string_agg(version || state || statements || (ms >= 0), ',' order by version) from lexi.migrations";
    assert_eq!(ground.ask(rows).await, "1applied2true,2applied2true");
}

#[tokio::test]
async fn a_failed_statement_is_named_and_its_file_leaves_no_trace() {
    let body = "create table a (id int primary key);\n\n-- ünï\nselect 'ü; ü';\n";
    let cases = [
        (
            "selec 1;",
            "migrations/1_a.sql:5: syntax error at or near \"selec\" (42601)",
            "selec 1",
        ),
        (
            "select 1,\n nope from a;",
            "migrations/1_a.sql:6: column \"nope\" does not exist (42703)",
            "select 1,\n nope from a",
        ),
        (
            "insert into a values (1), (1);",
            "migrations/1_a.sql:5: duplicate key value violates unique constraint \"a_pkey\" (23505)",
            "insert into a values (1), (1)",
        ),
        (
            "do $$ begin\n perform 1/0; end $$; select 2",
            "migrations/1_a.sql:5: division by zero (22012)",
            "do $$ begin\n perform 1/0; end $$",
        ),
        (
            "create table b (id int references a deferrable initially deferred); insert into b values (5);",
            "migrations/1_a.sql: at its end: insert or update on table \"b\" violates foreign key constraint \"b_id_fkey\" (23503)",
            "",
        ),
    ];
    let mut ground = Ground::new(&[]).await;
    for (last, message, statement) in cases {
        ground = ground
            .renewed(&[("1_a.sql", &format!("{body}{last}"))])
            .await;

        let error = ground.up().await.unwrap_err();

        let expected = format!("migration 1 was not applied: {message}");
        assert_eq!(error.message(), expected, "{last}");
        if !statement.is_empty() {
            assert_eq!(error.fields()["statement"], statement);
            assert_eq!(error.fields()["file"], "migrations/1_a.sql");
        }
        assert!(!ground.has("a").await && !ground.has("b").await);
        assert_eq!(ground.states().await, [(1, State::Pending)]);
        ground.write("1_a.sql", body);
        assert_eq!(ground.up().await.unwrap().len(), 1, "the lock is free");
    }
}

#[tokio::test]
async fn the_transaction_is_the_files_but_savepoints_are_its_own() {
    let mut ground = Ground::new(&[]).await;
    for word in [
        "begin",
        "commit",
        "START TRANSACTION",
        "rollback",
        "end",
        "abort",
    ] {
        let text = format!("create table a ();\n{word};");
        ground = ground.renewed(&[("1_a.sql", &text)]).await;

        let error = ground.up().await.unwrap_err();

        let expected = format!(
            "`{}` in a file that runs as one transaction",
            word.to_uppercase()
        );
        assert!(error.message().contains(&expected), "{error}");
        assert!(!ground.has("a").await);
    }
    let text = "savepoint s; create table a (); rollback work to savepoint s; release s; create table b ();";
    let ground = ground.renewed(&[("1_a.sql", text)]).await;

    ground.up().await.unwrap();

    assert!(!ground.has("a").await && ground.has("b").await);
}

#[tokio::test]
async fn what_a_file_does_to_its_session_ends_with_it() {
    let ground = Ground::new(&[
        (
            "1_a.sql",
            "create schema other; select set_config('search_path', 'other', false); set work_mem = '9MB'; \
             create temp table a (); listen x; create role lexi_test_nobody; set role lexi_test_nobody;",
        ),
        (
            "2_b.sql",
            "create table b as select current_setting('search_path') as p, current_setting('work_mem') as m, \
             current_user as u, to_regclass('pg_temp.a') is null as t, \
             current_setting('client_connection_check_interval') as c;",
        ),
    ])
    .await;

    ground.up().await.unwrap();

    let seen = ground.ask("select b from public.b").await;
    assert_eq!(seen, "(public,4MB,lexi,t,250ms)");
    ground.run("drop role lexi_test_nobody").await;
}

#[tokio::test]
async fn a_lock_that_is_held_is_tried_for_again_until_it_is_free() {
    let ground = Ground::new(&[("1_a.sql", "create table a (id int);")]).await;
    ground.up().await.unwrap();
    ground.write(
        "2_b.sql",
        "-- lexi:lock-timeout 20ms\nalter table a add b int;",
    );
    let mut holder = ground.connection().await;
    holder.execute("begin").await.unwrap();
    holder.execute("lock table a").await.unwrap();
    let holder = std::sync::Mutex::new(Some(holder));
    let waited = std::sync::atomic::AtomicUsize::new(0);
    let told = |event: Event<'_>| {
        if matches!(event, Event::Waiting { .. }) {
            waited.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            drop(holder.lock().unwrap().take());
        }
    };

    let done = up(
        &ground.target,
        &ground.files(),
        &UpOptions::default(),
        &told,
    )
    .await;

    assert_eq!(done.unwrap().len(), 1);
    assert_eq!(waited.into_inner(), 1);
}

#[tokio::test]
async fn a_statement_timeout_of_a_file_holds_for_it_alone() {
    let ground = Ground::new(&[(
        "1_a.sql",
        "-- lexi:statement-timeout 20ms\nselect pg_sleep(60);",
    )])
    .await;

    let error = ground.up().await.unwrap_err();

    assert_eq!(error.kind(), Kind::Timeout);
    assert!(
        error
            .message()
            .contains("1_a.sql:2: canceling statement due to statement timeout (57014)"),
        "{error}"
    );
    ground.write("1_a.sql", "select pg_sleep(0.05);");
    ground.up().await.unwrap();
}

#[tokio::test]
async fn a_repeatable_file_runs_after_the_others_and_whenever_it_changes() {
    let view = "create or replace view v as select 1 as one;\n";
    let ground = Ground::new(&[("R__v.sql", view), ("1_a.sql", "create table a ();")]).await;
    let names = |done: Vec<Report>| done.iter().map(Report::full_name).collect::<Vec<_>>();

    assert_eq!(names(ground.up().await.unwrap()), ["1_a", "R__v"]);
    ground.write("R__v.sql", &view.replace('\n', "\r\n"));
    assert_eq!(
        names(ground.up().await.unwrap()),
        [""; 0],
        "line ends are no change"
    );
    ground.write("R__v.sql", &view.replace("as one", "as one, 2 as two"));
    assert_eq!(
        ground.states().await,
        [(1, State::Applied), (0, State::Pending)]
    );
    ground.write("2_b.sql", "create table b ();");
    ground.write("3_c.sql", "create table c ();");
    let to = UpOptions {
        to: Some(2),
        ..UpOptions::default()
    };
    assert_eq!(
        names(ground.up_with(&to).await.unwrap()),
        ["2_b"],
        "not before the last one"
    );
    assert_eq!(names(ground.up().await.unwrap()), ["3_c", "R__v"]);
    assert_eq!(ground.ask("select two from v").await, "2");

    ground.write("R__v.sql", "select nope;");
    let error = ground.up().await.unwrap_err();
    assert!(
        error
            .message()
            .starts_with("migrations/R__v.sql was not applied: migrations/R__v.sql:1: "),
        "{error}"
    );
}

#[tokio::test]
async fn a_rehearsal_runs_everything_and_leaves_nothing() {
    let ground = Ground::new(&[
        ("1_a.sql", "create table a (id int primary key);"),
        (
            "2_b.sql",
            "-- lexi:no-transaction\ninsert into a values (1);\ncreate index concurrently i on a (id);\nvacuum a;",
        ),
        ("3_c.sql", "create table c (id int references a deferrable initially deferred); insert into c values (1);"),
        ("R__v.sql", "create view v as select * from c;"),
    ])
    .await;
    let options = UpOptions::default();

    let done = rehearse(&ground.target, &ground.files(), &options, &quiet)
        .await
        .unwrap();

    assert_eq!(done.len(), 4);
    let left_out = [
        "migrations/2_b.sql:3: create index concurrently i on a (id)",
        "migrations/2_b.sql:4: vacuum a",
    ];
    assert_eq!(done[1].left_out, left_out);
    assert!(!ground.has("a").await && !ground.has("lexi.migrations").await);

    ground.write("3_c.sql", "create table c (id int references a deferrable initially deferred); insert into c values (2);");
    let error = rehearse(&ground.target, &ground.files(), &options, &quiet)
        .await
        .unwrap_err();
    assert!(
        error
            .message()
            .contains("3_c.sql: at its end: insert or update"),
        "{error}"
    );
    ground.write("1_a.sql", "create table a (id int primary key);\nvacuum a;");
    let error = rehearse(&ground.target, &ground.files(), &options, &quiet)
        .await
        .unwrap_err();
    assert!(
        error
            .message()
            .contains("1_a.sql:2: this cannot run inside a transaction"),
        "{error}"
    );
    assert!(!ground.has("a").await);
}

#[tokio::test]
async fn files_are_taken_back_down_to_a_number() {
    let pair = |name: &'static str| {
        [
            (
                format!("{name}.up.sql"),
                format!("create table t{name} ();"),
            ),
            (format!("{name}.down.sql"), format!("drop table t{name};")),
        ]
    };
    let ground = Ground::new(&[]).await;
    for (name, text) in ["1_a", "2_b", "3_c"].into_iter().flat_map(pair) {
        ground.write(&name, &text);
    }
    ground.up().await.unwrap();

    let error = ground.revert(Back::To(7)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    ground.write("3_c.down.sql", "drop table t3_c;\ndrop table nope;");
    let error = ground.revert(Back::To(1)).await.unwrap_err();
    assert!(
        error
            .message()
            .starts_with("migration 3 was not taken back: migrations/3_c.down.sql:2: "),
        "{error}"
    );
    assert!(ground.has("t3_c").await);
    ground.write("3_c.down.sql", "drop table t3_c;");
    assert_eq!(ground.revert(Back::To(1)).await.unwrap().len(), 2);

    assert_eq!(
        ground.states().await,
        [
            (1, State::Applied),
            (2, State::Pending),
            (3, State::Pending)
        ]
    );
    assert!(ground.has("t1_a").await && !ground.has("t2_b").await);
    ground.up().await.unwrap();
    ground.write("2_b.up.sql", "-- lexi:irreversible\ncreate table t2_b ();");
    let error = ground.revert(Back::To(0)).await.unwrap_err();
    assert!(
        error
            .message()
            .contains("migration 2 `b` has no way back; nothing was changed"),
        "{error}"
    );
    assert!(ground.has("t3_c").await);
}
