//! Turns a dump file into what a server is to do, one job after the other, on a thread that reads ahead.

use std::path::Path;

use tokio::sync::mpsc;

use super::super::lexer::{Piece, Statement};
use super::super::reader::{BUFFER, DumpReader};
use super::super::scanner::{Facts, Scanner, table_of};
use super::omit::{Fate, Omit};
use crate::base::{Error, Result};

/// How many bytes of rows are sent at once.
const ROWS: usize = 128 * 1024;
/// A statement that is longer than a server takes.
const LONGEST_STATEMENT: usize = 1 << 30;

/// Something for the server to do.
#[derive(Debug)]
pub(super) enum Job {
    /// A statement that begins on this line.
    Sql { text: String, line: u64 },
    /// A `COPY` that begins on this line; rows follow.
    Copy {
        text: String,
        line: u64,
        table: String,
    },
    /// Rows.
    Data(Vec<u8>),
    /// The rows are complete.
    CopyEnd,
    /// How much of the file has been read.
    At(u64),
}

/// What was read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) facts: Facts,
    pub(super) sha256: String,
}

/// Reads the file to its end. Ends early and quietly when nobody takes the jobs any more.
pub(super) fn feed(path: &Path, omit: &Omit, jobs: &mpsc::Sender<Job>) -> Result<Read> {
    let mut reader = DumpReader::open(path)?;
    let mut scanner = Scanner::new();
    let mut feeder = Feeder {
        omit,
        jobs,
        sql: Vec::new(),
        data: Vec::with_capacity(ROWS),
        failed: None,
    };
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        scanner.feed_with(&buffer[..count], &mut |piece| feeder.take(piece));
        feeder.send(Job::At(reader.position()));
        if let Some(error) = feeder.failed.take() {
            return Err(error);
        }
    }
    Ok(Read {
        facts: scanner.finish(),
        sha256: reader.finish()?,
    })
}

struct Feeder<'a> {
    omit: &'a Omit,
    jobs: &'a mpsc::Sender<Job>,
    sql: Vec<u8>,
    data: Vec<u8>,
    failed: Option<Error>,
}

impl Feeder<'_> {
    fn take(&mut self, piece: &Piece<'_>) {
        match piece {
            Piece::Sql(text) if self.sql.len() + text.len() <= LONGEST_STATEMENT => {
                self.sql.extend_from_slice(text);
            }
            Piece::Sql(_) => self.fail(Error::refused(
                "a statement of the dump is longer than 1 GB",
            )),
            Piece::Statement(statement) => self.statement(statement),
            Piece::Copy(statement) => {
                let table = table_of(statement.head());
                if let Some(text) = self.statement_text(statement.line) {
                    let line = statement.line;
                    self.send(Job::Copy { text, line, table });
                }
            }
            Piece::Data(rows) => self.rows(rows),
            Piece::DataEnd(_) => {
                self.send_rows();
                self.send(Job::CopyEnd);
            }
            Piece::Comment(..) | Piece::Command(_) => {}
        }
    }

    fn rows(&mut self, rows: &[u8]) {
        self.data.extend_from_slice(rows);
        if self.data.len() >= ROWS {
            self.send_rows();
        }
    }

    fn send_rows(&mut self) {
        if !self.data.is_empty() {
            let rows = std::mem::replace(&mut self.data, Vec::with_capacity(ROWS));
            self.send(Job::Data(rows));
        }
    }

    fn statement_text(&mut self, line: u64) -> Option<String> {
        match String::from_utf8(std::mem::take(&mut self.sql)) {
            Ok(text) => Some(text),
            Err(e) => {
                let message = format!("the statement of line {line} is not UTF-8");
                self.fail(Error::refused(message).because(e));
                None
            }
        }
    }

    fn send(&mut self, job: Job) {
        if self.failed.is_none() && self.jobs.blocking_send(job).is_err() {
            self.fail(Error::internal("nobody takes what is read any more"));
        }
    }

    fn fail(&mut self, error: Error) {
        self.failed.get_or_insert(error);
    }

    fn statement(&mut self, statement: &Statement) {
        let line = statement.line;
        let Some(text) = self.statement_text(line) else {
            return;
        };
        match self.omit.decide(statement) {
            Fate::Keep => self.send(Job::Sql { text, line }),
            Fate::LeaveOut => {}
            Fate::Replace(with) => {
                let text = with.to_owned();
                self.send(Job::Sql { text, line });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statements(dump: &str, omit: &Omit) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.sql");
        std::fs::write(&path, dump).unwrap();
        let (sender, mut receiver) = mpsc::channel(1_000);
        feed(&path, omit, &sender).unwrap();
        drop(sender);
        let mut seen = Vec::new();
        while let Some(job) = receiver.blocking_recv() {
            match job {
                Job::Sql { text, line } => seen.push(format!("{line}: {text}")),
                Job::Copy { table, .. } => seen.push(format!("copy {table}")),
                Job::Data(rows) => seen.push(String::from_utf8(rows).unwrap()),
                Job::CopyEnd | Job::At(_) => {}
            }
        }
        seen
    }

    #[test]
    fn what_would_break_the_transaction_is_left_out() {
        let dump = "\\restrict x\nSET statement_timeout = 0;\nSET transaction_timeout = 0;\nBEGIN;\n\
            SELECT pg_catalog.lo_create('1');\nCOMMIT;\nCOPY public.a (b) FROM stdin;\n1\n2\n\\.\n\
            COMMENT ON EXTENSION x IS 'y';\n\\unrestrict x\n";

        assert_eq!(
            statements(dump, &Omit::default()),
            [
                "2: SET statement_timeout = 0;",
                "5: SELECT pg_catalog.lo_create('1');",
                "copy public.a",
                "1\n2\n"
            ]
        );
    }

    #[test]
    fn what_needs_roles_or_rights_that_are_not_there_is_left_out() {
        let dump = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements WITH SCHEMA public;\n\
            CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;\n\
            ALTER TABLE public.a OWNER TO gone;\nALTER TABLE public.a OWNER TO here;\n\
            GRANT SELECT ON TABLE public.a TO gone;\nREVOKE ALL ON TABLE public.a FROM gone;\n\
            ALTER DEFAULT PRIVILEGES FOR ROLE gone GRANT SELECT ON TABLES TO here;\n\
            ALTER TABLE ONLY public.a ADD CONSTRAINT c CHECK ((b > 0));\n";
        let omit = Omit {
            owners: ["gone".to_owned()].into(),
            grantees: ["gone".to_owned()].into(),
            extensions: ["pg_stat_statements".to_owned()].into(),
            ..Omit::default()
        };

        let left: Vec<String> = statements(dump, &omit);

        assert_eq!(left.len(), 3, "{left:?}");
        assert!(
            left[0].contains("citext") && left[1].contains("here") && left[2].contains("CHECK")
        );
    }
}
