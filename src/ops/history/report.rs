//! A run as one page for a browser: no other file, no script, nothing fetched.

use std::fmt::Write;
use std::time::Duration;

use super::record::Run;
use super::step::{Output, Step};
use crate::base::units;

/// At most so many bars, the longest.
const MOST_BARS: usize = 300;

/// At most so much output, the end of it.
const MOST_TEXT: usize = 100 * 1024;

const STYLE: &str = include_str!("report.css");

/// One bar of the waterfall.
struct Bar<'a> {
    us: u64,
    took_us: u64,
    kind: &'a str,
    name: &'a str,
    place: &'a str,
    depth: usize,
}

/// The page of a run.
pub fn page(run: &Run, steps: &[Step]) -> String {
    let started = &run.started;
    let state = run.state.as_str();
    let title = format!("{} {state}", escaped(&started.task));
    let words = escaped(&started.args.join(" "));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n<main>\n\
         <h1><span class=\"{state}\">{state}</span> {} <small>{words}</small></h1>\n",
        escaped(&started.task)
    );
    add_facts(&mut page, run);
    if let Some(error) = &run.error {
        add(
            &mut page,
            &format!("<pre class=\"error\">{}</pre>\n", escaped(error)),
        );
    }
    add_waterfall(&mut page, run, steps);
    add_output(&mut page, steps);
    page.push_str("</main>\n</html>\n");
    page
}

fn add(page: &mut String, text: &str) {
    page.push_str(text);
}

fn add_facts(page: &mut String, run: &Run) {
    let started = &run.started;
    let took = run.ms.map(|ms| shown(ms * 1000));
    let facts = [
        ("run", Some(started.id.clone())),
        ("profile", Some(started.profile.clone())),
        (
            "started",
            Some(format!("{} UTC", started.at.strftime("%Y-%m-%d %H:%M:%S"))),
        ),
        (
            "by",
            Some(format!(
                "{} on {} ({})",
                started.user,
                started.host,
                started.how.as_str()
            )),
        ),
        ("took", took),
        ("exit code", run.exit.map(|code| code.to_string())),
    ];
    add(page, "<dl>\n");
    for (name, value) in facts {
        if let Some(value) = value {
            add(
                page,
                &format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", escaped(&value)),
            );
        }
    }
    add(page, "</dl>\n");
}

fn add_waterfall(page: &mut String, run: &Run, steps: &[Step]) {
    let bars = bars(steps);
    if bars.is_empty() {
        return;
    }
    let last = bars.iter().map(|bar| bar.us + bar.took_us).max();
    let whole = run.ms.map(|ms| ms * 1000).max(last).unwrap_or(1).max(1);
    add(page, "<h2>Steps</h2>\n<table>\n");
    for bar in &bars {
        let (left, width) = (percent(bar.us, whole), percent(bar.took_us, whole));
        let name = escaped(bar.name);
        let place = escaped(bar.place);
        // Writing to a string cannot fail.
        let _infallible = writeln!(
            page,
            "<tr class=\"{}\"><th style=\"padding-left:{}em\" title=\"{place}\">{name}<small>{place}</small></th>\
             <td><i style=\"margin-left:{left:.3}%;width:{width:.3}%\"></i></td><td>{}</td></tr>",
            escaped(bar.kind),
            bar.depth.min(8),
            shown(bar.took_us)
        );
    }
    add(page, "</table>\n");
    let count = steps
        .iter()
        .filter(|step| matches!(step, Step::Did { .. }))
        .count();
    if count > bars.len() {
        add(
            page,
            &format!("<p>The {} longest of {count} steps.</p>\n", bars.len()),
        );
    }
}

/// The longest steps in the order in which they began, each as deep as those it lies inside of.
fn bars(steps: &[Step]) -> Vec<Bar<'_>> {
    let mut bars: Vec<Bar<'_>> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Did {
                us,
                took_us,
                kind,
                name,
                place,
            } => Some(Bar {
                us: *us,
                took_us: *took_us,
                kind,
                name,
                place: place.as_deref().unwrap_or_default(),
                depth: 0,
            }),
            _ => None,
        })
        .collect();
    bars.sort_by_key(|bar| std::cmp::Reverse(bar.took_us));
    bars.truncate(MOST_BARS);
    bars.sort_by_key(|bar| (bar.us, std::cmp::Reverse(bar.took_us)));
    let mut open: Vec<u64> = Vec::new();
    for bar in &mut bars {
        let end = bar.us + bar.took_us;
        // What ends after the one before it began beside it, in parallel.
        open.retain(|outer| *outer >= end);
        bar.depth = open.len();
        open.push(end);
    }
    bars
}

fn add_output(page: &mut String, steps: &[Step]) {
    let mut text = String::new();
    for step in steps {
        match step {
            Step::Wrote {
                to, text: wrote, ..
            } => {
                let class = match to {
                    Output::Out => "out",
                    Output::Err => "err",
                };
                let wrote = escaped(wrote);
                let _infallible = write!(text, "<span class=\"{class}\">{wrote}</span>");
            }
            Step::Cut { what } => {
                let _infallible = writeln!(text, "({})", escaped(what));
            }
            Step::Did { .. } => {}
        }
    }
    if text.is_empty() {
        return;
    }
    add(page, "<h2>Output</h2>\n");
    let start = text.ceil_char_boundary(text.len().saturating_sub(MOST_TEXT));
    // One piece of text may be longer: then its end stands without its colour, and never half a character's name.
    let whole = text[start..].find("<span").map(|at| start + at);
    let start = whole
        .unwrap_or_else(|| start + text[start..].find([';', '\n', ' ']).map_or(0, |at| at + 1));
    if start > 0 {
        add(
            page,
            "<p>The end of it; <code>lexi history show</code> has all that is kept.</p>\n",
        );
    }
    add(page, &format!("<pre>{}</pre>\n", &text[start..]));
}

#[expect(clippy::cast_precision_loss, reason = "a share of a picture's width")]
fn percent(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole as f64
}

fn shown(us: u64) -> String {
    units::duration(Duration::from_micros(us))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::record::{How, Started, State};
    use super::*;

    fn run() -> Run {
        let started = Started {
            id: "20260301-020000-0000".to_owned(),
            task: "backup".to_owned(),
            args: vec!["--label".to_owned(), "<b>".to_owned()],
            profile: "prod".to_owned(),
            user: "ann".to_owned(),
            host: "h".to_owned(),
            pid: 1,
            at: "2026-03-01T02:00:00Z".parse().unwrap(),
            how: How::Cron,
            dry_run: false,
        };
        Run {
            started,
            state: State::Failed,
            ms: Some(1000),
            exit: Some(1),
            error: Some("disk & <full>".to_owned()),
        }
    }

    fn did(us: u64, took_us: u64, name: &str) -> Step {
        Step::Did {
            us,
            took_us,
            kind: "call".to_owned(),
            name: name.to_owned(),
            place: None,
        }
    }

    #[test]
    fn nothing_of_a_run_becomes_markup() {
        let wrote = Step::Wrote {
            ms: 1,
            to: Output::Err,
            text: "<script>alert(1)</script>\n".to_owned(),
        };

        let page = page(&run(), &[wrote, did(0, 10, "<i>")]);

        assert!(!page.contains("<script>") && !page.contains("<b>") && !page.contains("<full>"));
        assert!(page.contains("&lt;script&gt;") && page.contains("disk &amp; &lt;full&gt;"));
    }

    #[test]
    fn steps_are_as_deep_as_what_they_lie_in() {
        let steps = [
            did(10, 20, "inner"),
            did(0, 100, "outer"),
            did(50, 20, "second"),
            did(60, 60, "beside"),
        ];

        let bars = bars(&steps);

        let depths: Vec<(&str, usize)> = bars.iter().map(|bar| (bar.name, bar.depth)).collect();
        assert_eq!(
            depths,
            [("outer", 0), ("inner", 1), ("second", 1), ("beside", 0)]
        );
    }

    #[test]
    fn long_output_is_cut_between_characters() {
        let wrote = |text: String| Step::Wrote {
            ms: 1,
            to: Output::Out,
            text,
        };
        let many: Vec<Step> = (0..300).map(|_| wrote("日本語".repeat(100))).collect();
        let one = page(&run(), &[wrote("é".repeat(MOST_TEXT) + "end")]);

        assert!(page(&run(), &many).contains("日本語"));
        assert!(one.contains("éend"));
    }

    #[test]
    fn a_page_stays_small_however_much_a_run_did() {
        let line = "x".repeat(100) + "\n";
        let mut steps = Vec::new();
        for number in 0..20_000 {
            steps.push(did(number, 5, "db::query"));
            let text = line.clone();
            steps.push(Step::Wrote {
                ms: number,
                to: Output::Out,
                text,
            });
        }

        assert!(page(&run(), &steps).len() < 200_000);
    }
}
