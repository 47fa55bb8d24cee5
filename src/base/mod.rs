//! The words everybody shares: errors, output, settings, the project. No async, no scripts, no command line.

pub mod cancel;
pub mod dotenv;
pub mod error;
pub mod migrate;
pub mod output;
pub mod profile;
pub mod project;
pub mod redact;
pub mod schedule;
pub mod secret;
pub mod settings;
pub mod tell;
pub mod text;
pub mod units;
pub mod user;

pub use cancel::{Cancel, Reason};
pub use error::{Error, Kind, Result};
pub use output::Output;
pub use profile::Profile;
pub use project::Project;
pub use secret::Secret;
pub use settings::Settings;
