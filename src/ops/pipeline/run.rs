//! Runs a pipeline: the ends and the thread between them, and whose error counts.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::mpsc::channel;

use super::feed::{Stop, drain, feed};
use super::plan::{Facts, Pipeline, Source};
use super::pump::{Done, GiveUpOnDrop, GivenUp, Output, QUEUE, TooMuch, pump};
use super::stage::Damaged;
use crate::base::{Error, Kind, Result, units};
use crate::ops::measure;
use crate::ops::process::{Program, Registry};

pub(super) async fn run(
    pipeline: Pipeline,
    registry: &Arc<Registry>,
    output: Output,
) -> Result<Done> {
    let (fed, pumped) = flow(pipeline, registry, output).await;
    match (fed, pumped) {
        (Err(Stop::Failed(error)), _) | (_, Err(Stop::Failed(error))) => Err(error),
        (Ok(()), Ok(done)) => {
            measure::bytes(done.facts.bytes);
            Ok(done)
        }
        (_, Err(Stop::GivenUp)) | (Err(Stop::GivenUp), _) => Err(nobody_said_why()),
    }
}

pub(super) async fn run_into_program(
    pipeline: Pipeline,
    registry: &Arc<Registry>,
    program: Program,
    limit_bytes: usize,
) -> Result<(Facts, Vec<u8>)> {
    let (sender, receiver) = channel(QUEUE);
    let ((fed, pumped), drained) = tokio::join!(
        flow(pipeline, registry, Output::Queue(sender)),
        drain(program, registry, receiver, limit_bytes),
    );
    match (fed, pumped, drained) {
        (Err(Stop::Failed(error)), ..)
        | (_, Err(Stop::Failed(error)), _)
        | (.., Err(Stop::Failed(error))) => Err(error),
        (Ok(()), Ok(done), Ok(stdout)) => Ok((done.facts, stdout)),
        _ => Err(nobody_said_why()),
    }
}

async fn flow(
    pipeline: Pipeline,
    registry: &Arc<Registry>,
    output: Output,
) -> (Result<(), Stop>, Result<Done, Stop>) {
    let Pipeline { source, stages } = pipeline;
    let name = name_of(&source);
    let (sender, receiver) = channel(QUEUE);
    let is_given_up = Arc::new(AtomicBool::new(false));
    let _stops_the_thread = GiveUpOnDrop(Arc::clone(&is_given_up));
    let thread = tokio::task::spawn_blocking(move || pump(receiver, &stages, output, &is_given_up));
    let (fed, pumped) = tokio::join!(feed(source, registry, sender), thread);
    let pumped = match pumped {
        Ok(result) => result.map_err(|e| explain(e, &name)),
        Err(e) => Err(Error::internal("the thread of a pipeline broke")
            .because(e)
            .into()),
    };
    (fed, pumped)
}

/// What the bytes are called in a message.
fn name_of(source: &Source) -> String {
    match source {
        Source::Program(program) => format!("the output of `{}`", program.name()),
        Source::File(path) => format!("`{}`", path.display()),
        Source::Bytes(_) => "the bytes".to_owned(),
    }
}

fn explain(e: io::Error, name: &str) -> Stop {
    let cause = e.get_ref();
    if let Some(GivenUp) = cause.and_then(|cause| cause.downcast_ref()) {
        return Stop::GivenUp;
    }
    if let Some(damage) = cause.and_then(|cause| cause.downcast_ref::<Damaged>()) {
        return Error::corrupt(format!("{name} is not whole gzip: {damage}")).into();
    }
    if let Some(TooMuch(limit)) = cause.and_then(|cause| cause.downcast_ref::<TooMuch>()) {
        let limit = units::bytes(u64::try_from(*limit).unwrap_or(u64::MAX));
        let message = format!("{name} is larger than {limit}");
        return Error::invalid(message)
            .hint("write it to a file with `write`")
            .into();
    }
    let message = format!("cannot write what comes from {name}");
    Error::new(Kind::Io, message).because(e).into()
}

fn nobody_said_why() -> Error {
    Error::internal("a pipeline was given up and nobody said why")
}
