//! What flows from where through what, as data.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::pump::Output;
use super::run::{run, run_into_program};
use super::stage::Stage;
use crate::base::{Error, Result};
use crate::ops::files::Partial;
use crate::ops::process::{Program, Registry};

/// Where bytes come from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Program(Box<Program>),
    File(PathBuf),
    Bytes(Vec<u8>),
}

/// A source and the stages its bytes go through; nothing has started yet.
#[derive(Debug, Clone)]
pub struct Pipeline {
    pub(super) source: Source,
    pub(super) stages: Vec<Stage>,
}

/// What is known about the bytes that went through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Bytes that reached the sink.
    pub bytes: u64,
    /// Bytes that passed the `count` stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_bytes: Option<u64>,
    /// The SHA-256 of what passed the `sha256` stage, in lower-case hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl Pipeline {
    /// Bytes that a program writes to its stdout; its failure is the pipeline's.
    pub fn from_program(program: Program) -> Self {
        Self::new(Source::Program(Box::new(program)))
    }

    /// The bytes of a file.
    pub fn from_file(path: impl Into<PathBuf>) -> Self {
        Self::new(Source::File(path.into()))
    }

    /// These bytes.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Source::Bytes(bytes.into()))
    }

    const fn new(source: Source) -> Self {
        Self {
            source,
            stages: Vec::new(),
        }
    }

    /// Compresses with gzip: 0 stores, 1 is fastest, 9 smallest.
    pub fn gzip(self, level: u32) -> Result<Self> {
        if level > 9 {
            let message = format!("there is no compression level {level}");
            return Err(Error::invalid(message).hint("levels go from 0 to 9"));
        }
        Ok(self.with(Stage::Gzip(level)))
    }

    /// Decompresses gzip, all of its members; damage, a missing end and anything after the end are errors.
    #[must_use]
    pub fn gunzip(self) -> Self {
        self.with(Stage::Gunzip)
    }

    /// Takes the SHA-256 of the bytes at this place.
    pub fn sha256(self) -> Result<Self> {
        self.once(Stage::Sha256, "sha256")
    }

    /// Counts the bytes at this place.
    pub fn count(self) -> Result<Self> {
        self.once(Stage::Count, "count")
    }

    fn with(mut self, stage: Stage) -> Self {
        self.stages.push(stage);
        self
    }

    fn once(self, stage: Stage, name: &str) -> Result<Self> {
        if self.stages.contains(&stage) {
            return Err(Error::invalid(format!("a pipeline has one `{name}` stage")));
        }
        Ok(self.with(stage))
    }

    /// Writes to a file that appears under its name only when everything went well.
    pub async fn write(
        self,
        registry: &Arc<Registry>,
        path: &Path,
        mode: Option<u32>,
    ) -> Result<Facts> {
        let partial = Partial::create(path, mode)?;
        let file = partial.file().try_clone().map_err(|e| partial.error(e))?;
        let done = run(self, registry, Output::File(file)).await?;
        partial.commit()?;
        Ok(done.facts)
    }

    /// Gives the bytes, at most `limit_bytes` of them.
    pub async fn bytes(self, registry: &Arc<Registry>, limit_bytes: usize) -> Result<Vec<u8>> {
        let output = Output::Memory(Vec::new(), limit_bytes);
        Ok(run(self, registry, output).await?.memory)
    }

    /// Gives the bytes as text, at most `limit_bytes` of them; what is not UTF-8 is an error.
    pub async fn text(self, registry: &Arc<Registry>, limit_bytes: usize) -> Result<String> {
        let bytes = self.bytes(registry, limit_bytes).await?;
        String::from_utf8(bytes).map_err(|e| Error::invalid("the bytes are not text").because(e))
    }

    /// Reads everything and keeps only the facts: verifies a compressed file, counts or hashes.
    pub async fn discard(self, registry: &Arc<Registry>) -> Result<Facts> {
        Ok(run(self, registry, Output::Nothing).await?.facts)
    }

    /// Gives the bytes to a program's stdin and waits for its end. Gives also what it wrote to stdout, at most
    /// `limit_bytes`. When something before it fails, the program is ended before it can see the end of its input.
    pub async fn into_program(
        self,
        registry: &Arc<Registry>,
        program: Program,
        limit_bytes: usize,
    ) -> Result<(Facts, Vec<u8>)> {
        run_into_program(self, registry, program, limit_bytes).await
    }
}
