//! What containers write, line by line; of several at once, also of those that start later.

use std::collections::HashMap;
use std::pin::Pin;

use bollard::container::LogOutput;
use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::stream::SelectAll;
use futures_util::{Stream, StreamExt};

use super::connect::Engine;
use super::container::{self, Container, Filter};
use super::error::failed;
use super::events::{self, Event, Wanted};
use super::exec::Channel;
use crate::base::Result;
use crate::ops::lines::Lines;

/// Which lines are wanted.
#[derive(Debug, Clone, Default)]
pub struct LogOptions {
    /// Also those that come.
    pub follow: bool,
    /// At most this many of those that are there; all without it.
    pub tail: Option<u64>,
    /// Only from then on, in seconds since 1970.
    pub since: Option<i64>,
    /// Each with the time it was written before it.
    pub timestamps: bool,
}

/// A line and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The service, or the container's name.
    pub source: String,
    /// Which stream.
    pub channel: Channel,
    /// The line without its end.
    pub text: String,
}

type LineStream = Pin<Box<dyn Stream<Item = Result<Line>> + Send>>;

/// What the engine is asked for.
fn query(options: &LogOptions) -> bollard::query_parameters::LogsOptions {
    let mut query = LogsOptionsBuilder::default()
        .stdout(true)
        .stderr(true)
        .follow(options.follow)
        .timestamps(options.timestamps);
    query = match options.tail {
        Some(lines) => query.tail(&lines.to_string()),
        None => query.tail("all"),
    };
    if let Some(since) = options.since.and_then(|since| i32::try_from(since).ok()) {
        query = query.since(since);
    }
    query.build()
}

/// The lines of one container.
fn lines(engine: &Engine, id: &str, source: &str, options: &LogOptions) -> LineStream {
    let pieces = Box::pin(engine.client().logs(id, Some(query(options))));
    let state = (
        pieces,
        [Lines::new(engine.redactor()), Lines::new(engine.redactor())],
        false,
    );
    let source = source.to_owned();
    let batches = futures_util::stream::unfold(state, move |(mut pieces, mut open, ended)| {
        let source = source.clone();
        async move {
            if ended {
                return None;
            }
            let line = |channel, text| {
                Ok(Line {
                    source: source.clone(),
                    channel,
                    text,
                })
            };
            let batch: Vec<Result<Line>> = match pieces.next().await {
                Some(Ok(piece)) => {
                    let channel = match &piece {
                        LogOutput::StdErr { .. } => Channel::Stderr,
                        _ => Channel::Stdout,
                    };
                    let [out, err] = &mut open;
                    let lines = if channel == Channel::Stderr { err } else { out };
                    let mut whole = Vec::new();
                    lines.push(&piece.into_bytes(), &mut |text| {
                        whole.push(line(channel, text.to_owned()));
                    });
                    whole
                }
                Some(Err(e)) => vec![Err(failed(format!("cannot read the log of `{source}`"), e))],
                None => {
                    let mut rest = Vec::new();
                    for (lines, channel) in open.iter_mut().zip([Channel::Stdout, Channel::Stderr])
                    {
                        lines.finish(&mut |text| rest.push(line(channel, text.to_owned())));
                    }
                    return Some((rest, (pieces, open, true)));
                }
            };
            let failed = batch.first().is_some_and(Result::is_err);
            Some((batch, (pieces, open, failed)))
        }
    });
    Box::pin(batches.flat_map(futures_util::stream::iter))
}

/// Hands on the lines of one container until its end, or until `take` says no.
pub async fn of(
    engine: &Engine,
    name: &str,
    options: &LogOptions,
    take: &mut (dyn FnMut(&Line) -> bool + Send),
) -> Result<()> {
    // Without this a misspelt name would be an empty log on some engines.
    let found = container::inspect(engine, name).await?;
    let id = found.id.unwrap_or_default();
    let mut lines = lines(engine, &id, name, options);
    while let Some(line) = lines.next().await {
        if !take(&line?) {
            break;
        }
    }
    Ok(())
}

/// Hands on the lines of a project's services, each container's in their order. When following, it goes on until `take`
/// says no, with what starts later, too.
pub async fn of_project(
    engine: &Engine,
    project: &str,
    services: &[String],
    options: &LogOptions,
    take: &mut (dyn FnMut(&Line) -> bool + Send),
) -> Result<()> {
    let is_wanted = |service: Option<&String>| {
        service.is_some_and(|service| services.is_empty() || services.contains(service))
    };
    let wanted = Wanted {
        project: Some(project.to_owned()),
        kinds: vec!["container".to_owned()],
        actions: vec!["start".to_owned(), "die".to_owned()],
        ..Wanted::default()
    };
    let mut started = events::listen(engine, &wanted);
    let found = container::list(engine, &Filter::project(project)).await?;
    let mut streams: SelectAll<LineStream> = SelectAll::new();
    let mut followed: HashMap<String, i64> = HashMap::new();
    for container in found
        .iter()
        .filter(|container| is_wanted(container.service.as_ref()))
    {
        streams.push(lines(engine, &container.id, &source_of(container), options));
        followed.insert(container.id.clone(), 0);
    }
    loop {
        tokio::select! {
            line = streams.next(), if !streams.is_empty() => {
                let line = line.transpose()?;
                let is_over = match &line {
                    Some(line) => !take(line),
                    None => !options.follow,
                };
                if is_over {
                    return Ok(());
                }
            }
            event = started.next(), if options.follow => {
                let Some(event) = event else { return Ok(()) };
                let event = event?;
                if is_wanted(event.service.as_ref()) {
                    streams.extend(later(engine, &event, &mut followed, options));
                }
            },
            else => return Ok(()),
        }
    }
}

fn source_of(container: &Container) -> String {
    container
        .service
        .clone()
        .unwrap_or_else(|| container.name.clone())
}

/// The stream of a container that started. One that ended before is picked up from where it ended.
fn later(
    engine: &Engine,
    event: &Event,
    followed: &mut HashMap<String, i64>,
    options: &LogOptions,
) -> Option<LineStream> {
    if event.action == "die" {
        // The engine ends a followed log with its container; the next start needs a new one.
        followed.insert(event.id.clone(), event.time_ms / 1000);
        return None;
    }
    let since = match followed.get(&event.id) {
        Some(0) => return None,
        Some(_) => Some(event.time_ms / 1000),
        None => options.since,
    };
    followed.insert(event.id.clone(), 0);
    let options = LogOptions {
        tail: None,
        since,
        ..options.clone()
    };
    let source = event
        .service
        .clone()
        .or_else(|| event.name.clone())
        .unwrap_or_default();
    Some(lines(engine, &event.id, &source, &options))
}
