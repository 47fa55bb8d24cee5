//! What was found, a line for each check.

use std::process::ExitCode;

use serde::Serialize;
use serde_json::json;

use super::super::context::Context;
use crate::base::Error;
use crate::base::output::{DIM, GREEN, RED, YELLOW};
use crate::base::text::count;

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    /// Nothing fails for it, but somebody should know.
    Note,
    Failed,
}

#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    found: String,
    remedy: Option<String>,
}

/// All that was found.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<Finding>);

impl Report {
    /// It is as it should be.
    pub(super) fn ok(&mut self, check: &'static str, found: impl Into<String>) {
        self.add(check, Verdict::Ok, found.into(), None);
    }

    /// It works, but somebody should know.
    pub(super) fn note(&mut self, check: &'static str, found: impl Into<String>, remedy: &str) {
        let remedy = (!remedy.is_empty()).then(|| remedy.to_owned());
        self.add(check, Verdict::Note, found.into(), remedy);
    }

    /// It would fail.
    pub(super) fn failed(&mut self, check: &'static str, error: &Error) {
        let remedy = error.hint_text().map(str::to_owned);
        self.add(check, Verdict::Failed, error.full_message(), remedy);
    }

    fn add(
        &mut self,
        check: &'static str,
        verdict: Verdict,
        found: String,
        remedy: Option<String>,
    ) {
        self.0.push(Finding {
            check,
            verdict,
            found,
            remedy,
        });
    }

    /// Prints it, and says whether all is well.
    pub(super) fn show(&self, ctx: &Context) -> ExitCode {
        let out = ctx.output();
        let failed = self.0.iter().filter(|one| one.verdict == Verdict::Failed);
        let failed = failed.count();
        if out.is_json() {
            let all = json!({ "ok": failed == 0, "checks": self.0 });
            out.data(&serde_json::to_string_pretty(&all).unwrap_or_default());
        } else {
            self.write(ctx);
            let summary = match failed {
                0 => "nothing would fail".to_owned(),
                n => format!("{} would fail", count("check", n)),
            };
            out.say(&summary);
        }
        ExitCode::from(u8::from(failed > 0))
    }

    fn write(&self, ctx: &Context) {
        let out = ctx.output();
        let width = self.0.iter().map(|one| one.check.len()).max().unwrap_or(0);
        for one in &self.0 {
            let (style, word) = match one.verdict {
                Verdict::Ok => (GREEN, "ok"),
                Verdict::Note => (YELLOW, "note"),
                Verdict::Failed => (RED, "failed"),
            };
            let word = out.paint(style, &format!("{word:6}"));
            let remedy = one.remedy.as_ref().map_or_else(String::new, |remedy| {
                out.paint(DIM, &format!(" ({remedy})"))
            });
            let found = one.found.replace('\n', " ");
            out.data(&format!("{word}  {:width$}  {found}{remedy}", one.check));
        }
    }
}
