//! States, what refuses a run, and what a person's word changes.

use super::super::repair::{Verdict, repair};
use super::*;
use crate::base::Kind;

const FILES: [(&str, &str); 3] = [
    ("1_a.sql", "create table a ();"),
    ("2_b.sql", "create table b ();"),
    ("3_c.sql", "create table c ();"),
];

async fn applied() -> Ground {
    let ground = Ground::new(&FILES).await;
    ground.up().await.unwrap();
    ground
}

#[tokio::test]
async fn every_state_is_told_and_stops_what_it_must() {
    let ground = applied().await;
    ground.write("1_a.sql", "create table aa ();");
    ground.remove("2_b.sql");
    ground.write("4_d.sql", "create table d ();");

    assert_eq!(
        ground.states().await,
        [
            (1, State::Edited),
            (2, State::Missing),
            (3, State::Applied),
            (4, State::Pending)
        ]
    );
    let error = ground.up().await.unwrap_err();
    assert_eq!(
        error.message(),
        "migration 1 `a` was edited after it was applied"
    );
    ground.write("1_a.sql", "create table a ();");
    let error = ground.up().await.unwrap_err();
    assert_eq!(
        error.message(),
        "migration 2 `b` is applied and its file is missing"
    );
    ground.write("2_b.sql", "create table b ();");
    ground.up().await.unwrap();

    ground
        .run("delete from lexi.migrations where version = 2; drop table b")
        .await;
    assert_eq!(ground.states().await[1], (2, State::OutOfOrder));
    let error = ground.up().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert_eq!(
        error.message(),
        "migration 2 `b` is older than the newest one that is applied"
    );
    let options = UpOptions {
        allow_out_of_order: true,
        ..UpOptions::default()
    };
    assert_eq!(ground.up_with(&options).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_person_settles_an_edit_and_a_file_that_is_gone() {
    let ground = applied().await;
    ground.write("1_a.sql", "-- What for.\ncreate table a ();");
    ground.remove("3_c.sql");

    repair(&ground.target, &ground.files(), 1, Verdict::Applied)
        .await
        .unwrap();
    repair(&ground.target, &ground.files(), 3, Verdict::Pending)
        .await
        .unwrap();

    assert_eq!(
        ground.states().await,
        [(1, State::Applied), (2, State::Applied)]
    );
    let error = repair(&ground.target, &ground.files(), 3, Verdict::Applied)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    let error = repair(&ground.target, &ground.files(), 1, Verdict::Next)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert!(Verdict::from_word("nonsense").is_err());
}

#[tokio::test]
async fn a_person_settles_a_half_run_file() {
    let text = "-- lexi:no-transaction\ncreate table d ();\nselect nope;";
    for (verdict, state) in [
        (Verdict::Applied, State::Applied),
        (Verdict::Pending, State::Pending),
    ] {
        let ground = applied().await;
        ground.write("4_d.sql", text);
        assert!(ground.up().await.is_err());

        repair(&ground.target, &ground.files(), 4, verdict)
            .await
            .unwrap();

        assert_eq!(ground.states().await[3].1, state);
    }
}

#[tokio::test]
async fn ten_runs_at_once_apply_each_file_once() {
    let index = "-- lexi:no-transaction\ncreate index concurrently a_id on a (id);\ncreate index concurrently a_jd on a (id);";
    let ground = Ground::new(&[
        (
            "1_a.sql",
            "create table a (id int); insert into a select generate_series(1, 1000);",
        ),
        ("2_b.sql", index),
        (
            "3_c.sql",
            "create table c (id int); insert into c select count(*) from a;",
        ),
    ])
    .await;
    let files = ground.files();
    let options = UpOptions::default();

    let runs = (0..10).map(|_| up(&ground.target, &files, &options, &quiet));
    let done = futures_util::future::join_all(runs).await;

    let applied: usize = done.into_iter().map(|run| run.unwrap().len()).sum();
    assert_eq!(applied, 3);
    assert_eq!(ground.ask("select count(*) from c").await, "1");
    assert_eq!(
        super::super::invalid_indexes(&ground.target).await.unwrap(),
        []
    );
    assert_eq!(
        ground
            .ask("select count(*) from pg_index where indrelid = 'a'::regclass")
            .await,
        "2"
    );
}

#[tokio::test]
async fn a_run_that_cannot_have_the_lock_names_its_holder() {
    let ground = applied().await;
    let _held = super::super::lock::acquire(&ground.target, std::time::Duration::ZERO)
        .await
        .unwrap();
    let options = UpOptions {
        lock_wait: std::time::Duration::ZERO,
        ..UpOptions::default()
    };

    let error = ground.up_with(&options).await.unwrap_err();

    assert_eq!(error.kind(), Kind::Locked);
    assert!(
        error.message().contains("is being migrated by session "),
        "{error}"
    );
}

#[tokio::test]
async fn nobody_begins_while_a_killed_run_is_still_at_work_on_the_server() {
    let ground = applied().await;
    let mut orphan = ground.connection().await;
    orphan
        .execute("select pg_advisory_lock(7811887330422)")
        .await
        .unwrap();
    let options = UpOptions {
        lock_wait: std::time::Duration::ZERO,
        ..UpOptions::default()
    };

    let error = ground.up_with(&options).await.unwrap_err();

    assert_eq!(error.kind(), Kind::Locked);
    assert!(
        error
            .message()
            .contains("what an earlier run has begun is still at work in session "),
        "{error}"
    );
}
