//! An entry for tests.

use super::entry::Entry;
use crate::base::schedule::Schedule;
use crate::base::settings::{Environment, Overrides};
use crate::base::{Profile, Project, Settings};

/// An entry of the profile `test`, in UTC unless the schedule says otherwise.
pub(super) fn entry(schedule: Schedule) -> Entry {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("lexi.toml"), "").unwrap();
    let project = Project::open(dir.path()).unwrap();
    let overrides = Overrides {
        profile: Some(Profile::Test),
        values: Vec::new(),
    };
    let settings = Settings::load(&project, &overrides, Environment::default()).unwrap();
    let schedule = Schedule {
        profiles: vec!["test".to_owned()],
        tz: schedule.tz.clone().or(Some("UTC".to_owned())),
        ..schedule
    };
    Entry::resolve("e", "t", &schedule, &settings)
        .unwrap()
        .unwrap()
}
