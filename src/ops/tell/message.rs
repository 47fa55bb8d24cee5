//! What is told of a run: a sentence, and the same as data. No output of the run: it may hold what nobody else is to see.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::base::tell::Occasion;
use crate::base::text::hex;
use crate::base::units;

/// What is told.
#[derive(Debug, Clone, Serialize)]
pub struct Message {
    /// What happened.
    pub event: Occasion,
    /// The project.
    pub project: String,
    /// The task.
    pub task: String,
    /// The profile.
    pub profile: String,
    /// The machine.
    pub host: String,
    /// Who ran it.
    pub user: String,
    /// How it was started.
    pub started_by: String,
    /// The run's name in the history; none when it did not get that far.
    pub run: Option<String>,
    /// When it began, in UTC.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub ms: Option<u64>,
    /// Its exit code.
    pub exit: Option<u8>,
    /// What failed, in one line with secrets masked.
    pub error: Option<String>,
}

impl Message {
    /// The sentence for people; chats show the field `text` of a webhook.
    pub fn sentence(&self) -> String {
        let what = match self.event {
            Occasion::Started => "has started".to_owned(),
            Occasion::Succeeded => "is done".to_owned(),
            Occasion::Recovered => "is done again after it had failed".to_owned(),
            Occasion::Failed => match self.exit {
                Some(exit) => format!("failed with exit code {exit}"),
                None => "was killed".to_owned(),
            },
        };
        let Self {
            project,
            profile,
            host,
            task,
            ..
        } = self;
        let took = |ms| format!(" after {}", units::duration(Duration::from_millis(ms)));
        let run = self.run.as_ref().filter(|_| self.event == Occasion::Failed);
        [
            Some(format!("{project} ({profile}) on {host}: {task} {what}")),
            self.ms.map(took),
            self.error.as_ref().map(|error| format!(": {error}")),
            run.map(|run| format!(" (lexi history show {run})")),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The document that a webhook and a program get.
    pub fn document(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Document<'a> {
            text: String,
            #[serde(flatten)]
            message: &'a Message,
        }
        let document = Document {
            text: self.sentence(),
            message: self,
        };
        // Texts and numbers only: nothing of it can fail.
        serde_json::to_vec(&document).unwrap_or_default()
    }

    /// A number in the form of a UUID that start and end of one run share.
    pub fn pair(&self) -> String {
        let run = self.run.as_deref().unwrap_or_default();
        let text = format!(
            "{}\n{}\n{}\n{run}\n{}",
            self.project, self.host, self.task, self.at
        );
        let digits = hex(&Sha256::digest(text));
        let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
        // Version 8: made in a way of our own.
        format!(
            "{}-{}-8{}-8{}-{}",
            part(0, 8),
            part(8, 12),
            part(13, 16),
            part(17, 20),
            part(20, 32)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(event: Occasion) -> Message {
        Message {
            event,
            project: "lexiflow".into(),
            task: "backup".into(),
            profile: "prod".into(),
            host: "db1".into(),
            user: "root".into(),
            started_by: "cron".into(),
            run: Some("20260115-020000-0000".into()),
            at: Timestamp::UNIX_EPOCH,
            ms: Some(61_000),
            exit: Some(1),
            error: Some("disk full".into()),
        }
    }

    #[test]
    fn the_sentence_says_what_where_and_what_to_look_at() {
        assert_eq!(
            message(Occasion::Failed).sentence(),
            "lexiflow (prod) on db1: backup failed with exit code 1 after 1m 1s: disk full \
             (lexi history show 20260115-020000-0000)"
        );
        let lost = Message {
            exit: None,
            ms: None,
            error: None,
            ..message(Occasion::Failed)
        };
        assert!(lost.sentence().contains("backup was killed"));
    }

    #[test]
    fn start_and_end_share_a_uuid() {
        let pair = message(Occasion::Started).pair();
        assert_eq!(pair, message(Occasion::Failed).pair());
        let lengths: Vec<usize> = pair.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        let other = Message {
            run: Some("20260115-020000-0001".into()),
            ..message(Occasion::Started)
        };
        assert_ne!(pair, other.pair());
    }

    #[test]
    fn the_document_has_the_sentence_and_the_facts() {
        let document = message(Occasion::Recovered).document();
        let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
        assert_eq!(document["event"], "recovered");
        assert_eq!(document["task"], "backup");
        assert!(document["text"].as_str().unwrap().contains("done again"));
    }
}
