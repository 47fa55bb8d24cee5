//! Files outside a transaction: how far they came is known, and they go on there.

use super::super::history;
use super::*;
use crate::base::Kind;

const TABLE: (&str, &str) = (
    "1_a.sql",
    "create table a (id int); insert into a values (1), (1), (2);",
);

#[tokio::test]
async fn a_failure_is_recorded_and_the_next_run_goes_on_there() {
    let text = "-- lexi:no-transaction\ninsert into a values (3);\nvacuum a;\nselect nope;\ninsert into a values (4);";
    let ground = Ground::new(&[TABLE, ("2_b.sql", text)]).await;

    let error = ground.up().await.unwrap_err();

    assert_eq!(
        error.message(),
        "migration 2 stopped after 2 of 4 statements: migrations/2_b.sql:4: column \"nope\" does not exist (42703)"
    );
    assert_eq!(
        ground.states().await,
        [(1, State::Applied), (2, State::HalfRun)]
    );
    let all = status(&ground.target, &ground.files()).await.unwrap();
    assert_eq!(all[1].note.as_deref(), Some("2 of 4 statements ran"));
    ground.write("2_b.sql", &text.replace("(3)", "(33)"));
    let error = ground.up().await.unwrap_err();
    assert!(
        error
            .message()
            .contains("the 2 statements that have run already were edited"),
        "{error}"
    );
    ground.write("2_b.sql", &text.replace("nope", "1"));
    ground.up().await.unwrap();
    assert_eq!(
        ground
            .ask("select string_agg(id::text, ',' order by id) from a")
            .await,
        "1,1,2,3,4"
    );
    assert_eq!(
        ground.states().await,
        [(1, State::Applied), (2, State::Applied)]
    );
}

#[tokio::test]
async fn an_index_that_a_failure_has_left_is_told_and_built_anew() {
    let text = "-- lexi:no-transaction\ncreate unique index concurrently if not exists a_id on public.a (id);";
    let ground = Ground::new(&[TABLE, ("2_b.sql", text)]).await;

    let error = ground.up().await.unwrap_err();

    assert!(
        error
            .message()
            .ends_with("(23505); invalid index public.a_id is left behind"),
        "{error}"
    );
    assert_eq!(error.fields()["invalid_indexes"][0], "public.a_id");
    assert!(
        error
            .hint_text()
            .unwrap()
            .contains("drop index concurrently public.a_id")
    );
    let invalid = super::super::invalid_indexes(&ground.target).await.unwrap();
    assert_eq!(
        (invalid[0].name.as_str(), invalid[0].table.as_str()),
        ("public.a_id", "a")
    );
    ground
        .run("delete from a where ctid = (select min(ctid) from a)")
        .await;
    ground.up().await.unwrap();
    assert_eq!(
        ground
            .ask("select indisvalid from pg_index where indexrelid = 'a_id'::regclass")
            .await,
        "true"
    );
}

#[tokio::test]
async fn an_index_that_is_none_of_ours_is_left_alone() {
    let ground = Ground::new(&[TABLE]).await;
    ground.up().await.unwrap();
    let mut connection = ground.connection().await;
    let by_hand = connection
        .execute("create unique index concurrently a_id on a (id)")
        .await;
    assert!(by_hand.is_err());
    ground.write(
        "2_b.sql",
        "-- lexi:no-transaction\ncreate index concurrently a_id on a (id);",
    );

    for _ in 0..2 {
        let error = ground.up().await.unwrap_err();
        assert!(
            error
                .message()
                .ends_with("relation \"a_id\" already exists (42P07)"),
            "{error}"
        );
    }
    assert_eq!(
        super::super::invalid_indexes(&ground.target)
            .await
            .unwrap()
            .len(),
        1
    );
}

/// What a run leaves that was killed while a statement outside a transaction ran.
async fn cut_off(ground: &Ground, statement: &str, effect: Option<&str>) {
    let files = ground.files();
    let migration = files.migrations.last().unwrap();
    let mut connection = ground.connection().await;
    history::ensure(&mut connection).await.unwrap();
    let begun = history::progress_sql(
        migration,
        history::Phase::Running,
        &crate::ops::migrate::script::checksum(""),
        0,
    );
    history::run(&mut connection, &begun).await.unwrap();
    history::run(&mut connection, &history::unsure_sql(migration.version))
        .await
        .unwrap();
    let effect = effect.unwrap_or(statement);
    let _may_fail = connection
        .execute(sqlx::raw_sql(AssertSqlSafe(effect)))
        .await;
}

#[tokio::test]
async fn a_statement_that_was_cut_off_runs_again_or_is_found_done() {
    let cases = [
        ("create index concurrently a_id on a (id)", None, "a_id"),
        ("create index concurrently on a (id)", None, "a_id_idx"),
        ("create unique index concurrently a_id on a (id)", None, ""),
        (
            "create index concurrently a_id on a (id)",
            Some("select 1"),
            "a_id",
        ),
        (
            "create index concurrently a_id on a (id)",
            Some("create unique index concurrently a_id on a (id)"),
            "a_id",
        ),
        (
            "create index concurrently on a (id)",
            Some("create unique index concurrently on a (id)"),
            "a_id_idx",
        ),
        ("drop index concurrently a_old", None, ""),
        ("vacuum a", None, ""),
    ];
    let mut ground = Ground::new(&[]).await;
    for (statement, effect, index) in cases {
        ground = ground.renewed(&[TABLE]).await;
        ground.up().await.unwrap();
        ground.run("create index a_old on a ((id + 1))").await;
        ground.write("2_b.sql", &format!("-- lexi:no-transaction\n{statement};"));
        cut_off(&ground, statement, effect).await;

        let done = ground.up().await;

        if statement.contains("unique") {
            let message = done.unwrap_err().message().to_owned();
            assert!(
                message.contains("(23505); invalid index public.a_id is left behind"),
                "{message}"
            );
            continue;
        }
        done.unwrap_or_else(|e| panic!("{statement}: {e}"));
        let indexes = "select string_agg(indexrelid::regclass::text || case when indisvalid then '' else '!' end, ',') \
            from pg_index where indrelid = 'a'::regclass and indexrelid::regclass::text <> 'a_old'";
        assert_eq!(ground.ask(indexes).await, index, "{statement} {effect:?}");
        assert_eq!(ground.states().await[1].1, State::Applied);
    }
}

#[tokio::test]
async fn what_cannot_be_known_is_asked_for() {
    let call = "create procedure p() language plpgsql as $$ begin insert into a values (7); commit; end $$;";
    let ground = Ground::new(&[TABLE]).await;
    ground.up().await.unwrap();
    ground.run(call).await;
    ground.write(
        "2_b.sql",
        "-- lexi:no-transaction\ncall p();\ninsert into a values (8);",
    );
    cut_off(&ground, "call p()", None).await;

    let error = ground.up().await.unwrap_err();

    assert_eq!(error.kind(), Kind::Refused);
    assert!(
        error
            .message()
            .contains("statement 1 of migration 2 was cut off, and nothing tells whether"),
        "{error}"
    );
    let all = status(&ground.target, &ground.files()).await.unwrap();
    assert!(
        all[1]
            .note
            .as_ref()
            .unwrap()
            .ends_with("whether statement 1 did is not known")
    );
    super::super::repair(
        &ground.target,
        &ground.files(),
        2,
        super::super::Verdict::Next,
    )
    .await
    .unwrap();
    ground.up().await.unwrap();
    assert_eq!(
        ground
            .ask("select string_agg(id::text, ',' order by id) from a where id > 6")
            .await,
        "7,8"
    );
}

#[tokio::test]
async fn a_procedure_that_commits_by_itself_runs_once() {
    let text = "-- lexi:no-transaction\n\
        create procedure p() language plpgsql as $$ begin insert into a values (7); commit; insert into a values (8); end $$;\n\
        call p();";
    let ground = Ground::new(&[TABLE, ("2_b.sql", text)]).await;

    ground.up().await.unwrap();

    assert_eq!(ground.ask("select count(*) from a where id > 6").await, "2");
}

#[tokio::test]
async fn transactions_of_the_file_itself_are_kept_whole() {
    let text = "-- lexi:no-transaction\nset search_path = public;\nbegin;\ninsert into a values (5);\n\
        select nope;\ncommit;\ninsert into a values (6);";
    let ground = Ground::new(&[TABLE, ("2_b.sql", text)]).await;

    let error = ground.up().await.unwrap_err();
    assert!(
        error.message().contains("2_b.sql:5: column \"nope\""),
        "{error}"
    );
    assert_eq!(ground.ask("select count(*) from a where id > 2").await, "0");
    ground.write(
        "2_b.sql",
        &text.replace("select nope", "insert into a values (7)"),
    );
    ground.up().await.unwrap();
    assert_eq!(ground.ask("select count(*) from a where id > 2").await, "3");

    ground.write(
        "3_c.sql",
        "-- lexi:no-transaction\nbegin;\ninsert into a values (9);",
    );
    let error = ground.up().await.unwrap_err();
    assert!(
        error
            .message()
            .contains("a transaction of this file is never committed"),
        "{error}"
    );
    assert_eq!(ground.ask("select count(*) from a where id = 9").await, "0");
}

#[tokio::test]
async fn a_way_back_outside_a_transaction_goes_on_where_it_stopped() {
    let down = "-- lexi:no-transaction\ndrop index concurrently a_id;\nselect nope;\ndrop table b;";
    let ground = Ground::new(&[
        TABLE,
        (
            "2_b.up.sql",
            "create index a_id on a (id); create table b ();",
        ),
        ("2_b.down.sql", down),
    ])
    .await;
    ground.up().await.unwrap();

    let error = ground.revert(Back::Steps(1)).await.unwrap_err();

    assert!(
        error
            .message()
            .starts_with("migration 2 was being taken back and stopped after 1 of 3"),
        "{error}"
    );
    assert_eq!(ground.states().await[1].1, State::HalfRun);
    let error = ground.up().await.unwrap_err();
    assert_eq!(error.message(), "migration 2 `b` is half taken back");
    ground.write("2_b.down.sql", &down.replace("select nope", "select 1"));
    ground.revert(Back::Steps(1)).await.unwrap();
    assert!(!ground.has("b").await && !ground.has("a_id").await);
    assert_eq!(ground.states().await[1].1, State::Pending);
    ground.up().await.unwrap();
}
