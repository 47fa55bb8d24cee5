//! The integration tests: the real program, in temporary projects, against real servers.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::too_many_lines,
    reason = "a test fails by panicking, starts programs, and may be one long table"
)]

mod harness;

mod app;
mod arguments;
mod backup_containers;
mod backups;
mod canary;
mod check;
mod chooser;
mod clock_steps;
mod commands;
mod commands_elsewhere;
mod completions;
mod conformance;
mod containers;
mod corpus;
mod db;
mod declarations;
mod deploy_containers;
mod doctor;
mod documents;
mod driver;
mod edit;
mod edits;
mod engines;
mod errors;
mod examples;
mod faults;
mod flow;
mod full_disk;
mod generate;
mod guards;
mod history;
mod index;
mod init;
mod initialise;
mod layers;
mod lexiflow;
mod lexiflow_containers;
mod lexiflow_prod;
mod lint;
mod list;
mod locks;
mod manual;
mod migrate;
mod model;
mod new;
mod outages;
mod permissions;
mod programs;
mod properties;
mod questions;
mod random_schemas;
mod redis;
mod redis_restores;
mod registry;
mod reset;
mod restores;
mod run;
mod schedules;
mod schedules_daemon;
mod schedules_saved;
mod schedules_taken_over;
mod seeds;
mod settings;
mod signals;
mod soak;
mod soak_cron;
mod soak_cron_network;
mod soak_migrate;
mod stack;
mod startup;
mod telling;
mod terminals;
mod tls;
mod tutorial;
mod untrusted;
mod up_to_date;
mod user_wide;
mod watch;
mod watch_keys;
mod watch_saves;
