use jiff::{Timestamp, ToSpan};

use super::recorder::Facts;
use super::*;

fn begin(history: &History, task: &str) -> Recorder {
    let facts = Facts {
        task: task.to_owned(),
        args: vec!["--label".to_owned(), "x".to_owned()],
        profile: "dev".to_owned(),
        how: How::Program,
        dry_run: false,
        user: "ann".to_owned(),
    };
    Recorder::begin(history.folder(), facts).unwrap()
}

#[test]
fn a_run_is_running_then_done_or_failed() {
    let dir = tempfile::tempdir().unwrap();
    let history = History::of(dir.path());
    let run = begin(&history, "backup");
    let id = run.id().to_owned();

    assert_eq!(history.find("last").unwrap().state, State::Running);
    run.wrote(Output::Err, "backing up\n");
    run.end(0, None).unwrap();
    let failing = begin(&history, "restore");
    failing.end(1, Some("no such file".to_owned())).unwrap();

    let found = history.find(&id).unwrap();
    assert_eq!((found.state, found.exit), (State::Done, Some(0)));
    assert_eq!(found.started.task, "backup");
    let steps = history.steps(&found.started).unwrap();
    assert!(matches!(&steps[..], [Step::Wrote { text, .. }] if text == "backing up\n"));
    let bad = Filter {
        only_bad: true,
        ..Filter::default()
    };
    let bad = history.runs(&bad).unwrap();
    assert_eq!(bad.len(), 1);
    assert_eq!(bad[0].error.as_deref(), Some("no such file"));
}

#[test]
fn a_run_that_never_said_its_end_is_lost_and_not_running() {
    let dir = tempfile::tempdir().unwrap();
    let history = History::of(dir.path());
    let run = begin(&history, "backup");

    // As when the process is killed: the file is closed and nothing more is written.
    drop(run);

    assert_eq!(history.find("last").unwrap().state, State::Lost);
}

#[test]
fn runs_of_one_second_have_names_of_their_own_and_come_newest_first() {
    let dir = tempfile::tempdir().unwrap();
    let history = History::of(dir.path());
    for number in 0..30 {
        begin(&history, &format!("t{number}")).end(0, None).unwrap();
    }

    let newest = Filter {
        limit: Some(3),
        ..Filter::default()
    };
    let runs = history.runs(&newest).unwrap();

    let tasks: Vec<&str> = runs.iter().map(|run| run.started.task.as_str()).collect();
    assert_eq!(tasks, ["t29", "t28", "t27"]);
    let error = history.find("20010101-000000-0000").unwrap_err();
    assert!(error.message().contains("there is no run"), "{error}");
}

#[test]
fn a_record_cut_short_by_a_full_disk_hides_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let history = History::of(dir.path());
    begin(&history, "first").end(0, None).unwrap();
    let run = begin(&history, "second");
    let month = history.folder().join(&run.id()[..6]);
    run.end(0, None).unwrap();
    drop(run);
    let index = month.join("runs.jsonl");
    let text = std::fs::read(&index).unwrap();
    std::fs::write(&index, &text[..text.len() - 5]).unwrap();

    let runs = history.runs(&Filter::default()).unwrap();

    let states: Vec<State> = runs.iter().map(|run| run.state).collect();
    assert_eq!(states, [State::Lost, State::Done]);
}

#[test]
fn what_is_too_old_goes_and_what_runs_stays() {
    let dir = tempfile::tempdir().unwrap();
    let history = History::of(dir.path());
    begin(&history, "old").end(0, None).unwrap();
    let running = begin(&history, "running");
    let later = Timestamp::now().checked_add((24 * 40).hours()).unwrap();

    assert_eq!(history.prune(365, later).unwrap(), 0);
    assert_eq!(history.prune(30, later).unwrap(), 1);

    assert_eq!(history.find("last").unwrap().state, State::Running);
    running.end(0, None).unwrap();
    drop(running);
    assert_eq!(history.prune(30, later).unwrap(), 1);
    assert!(history.runs(&Filter::default()).unwrap().is_empty());
}

#[test]
fn output_without_end_is_cut_and_said_to_be() {
    let dir = tempfile::tempdir().unwrap();
    let history = History::of(dir.path());
    let run = begin(&history, "noisy");
    let line = "x".repeat(1024 * 1024);
    for _ in 0..40 {
        run.wrote(Output::Out, &line);
    }
    run.end(0, None).unwrap();

    let steps = history
        .steps(&history.find("last").unwrap().started)
        .unwrap();

    assert!(matches!(steps.last(), Some(Step::Cut { .. })));
    assert_eq!(steps.len(), 17);
}
