//! What the commands share: the global options, the output, the project and its settings, made when first needed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{Color, DryRun, Global};
use super::cron::held_texts;
use crate::base::output::{ColorChoice, OutputOptions, Verbosity};
use crate::base::project::{CONFIG_FILE, Texts};
use crate::base::redact::Redactor;
use crate::base::settings::{Environment, Overrides};
use crate::base::{Error, Output, Profile, Project, Result, Settings};
use crate::host::Flags;
use crate::ops::history::How;

/// The global options with what they mean.
pub(super) struct Context {
    global: Global,
    environment: Environment,
    redactor: Arc<Redactor>,
    output: Output,
}

impl Context {
    /// Decides how things are printed.
    pub(super) fn new(global: Global) -> Self {
        let environment = Environment::of_process();
        Self::masking(global, environment, Arc::default())
    }

    /// All contexts of a command mask the same secrets, whichever of them prints.
    fn masking(global: Global, environment: Environment, redactor: Arc<Redactor>) -> Self {
        let options = output_options(&global, &environment);
        let output = Output::new(options, Arc::clone(&redactor));
        Self {
            global,
            environment,
            redactor,
            output,
        }
    }

    /// The same with global options that were given after a task's name.
    pub(super) fn with(&self, later: Global) -> Self {
        Self::masking(
            merge(self.global.clone(), later),
            self.environment.clone(),
            Arc::clone(&self.redactor),
        )
    }

    /// The same for a run that is run again: in its profile, and said to be one.
    pub(super) fn again_in(&self, profile: &str, dry_run: bool) -> Self {
        let mut global = self.global.clone();
        global.profile = Some(profile.to_owned());
        global.dry_run = global.dry_run.or(dry_run.then_some(DryRun::Print));
        Self::masking(global, self.environment.clone(), Arc::clone(&self.redactor))
            .started_by(How::Rerun)
    }

    /// The same for a run that something else than a person has started.
    pub(super) fn started_by(&self, how: How) -> Self {
        let environment = self.environment.with("LEXI_STARTED_BY", how.as_str());
        Self::masking(self.global.clone(), environment, Arc::clone(&self.redactor))
    }

    /// The same with the project that words after a task's name may name: the task is looked for in that one.
    pub(super) fn with_project_of(&self, words: &[String]) -> Self {
        let own = words.iter().take_while(|word| *word != "--");
        let values = own.clone().skip(1);
        let pairs = own.zip(values.map(Some).chain([None]));
        let named = pairs.filter_map(|(word, next)| match word.strip_prefix("--project") {
            Some("") => next.map(String::as_str),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        });
        let project = named.last().map(PathBuf::from);
        let later = Global {
            project,
            ..Global::default()
        };
        Self {
            global: merge(self.global.clone(), later),
            environment: self.environment.clone(),
            redactor: Arc::clone(&self.redactor),
            output: self.output.clone(),
        }
    }

    /// The global options that a run of the same settings is given.
    pub(super) fn passed_on(&self) -> Vec<OsString> {
        let driver = self
            .global
            .driver
            .iter()
            .flat_map(|driver| ["--driver", driver]);
        let set = self.global.set.iter().flat_map(|pair| ["--set", pair]);
        driver.chain(set).map(OsString::from).collect()
    }

    /// A command and the options of this one that say how things are printed, for a process of our own.
    pub(super) fn words_for_inside(&self, command: &str) -> Vec<String> {
        let flags = [
            ("--json", usize::from(self.global.json)),
            ("-q", usize::from(self.global.quiet)),
            ("-v", usize::from(self.global.verbose)),
        ];
        let flags = flags
            .into_iter()
            .flat_map(|(flag, times)| std::iter::repeat_n(flag.to_owned(), times));
        std::iter::once(command.to_owned()).chain(flags).collect()
    }

    /// A variable of the environment.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name)
    }

    /// The two streams.
    pub(super) const fn output(&self) -> &Output {
        &self.output
    }

    /// The folder the command was typed in.
    pub(super) fn here() -> Result<PathBuf> {
        std::env::current_dir().map_err(|e| {
            Error::usage("the current folder cannot be read")
                .because(e)
                .hint("cd to another one")
        })
    }

    /// The project: named, or the nearest upward, or else that of the tasks which the user takes along.
    pub(super) fn project(&self) -> Result<Arc<Project>> {
        let user = self.user_folder();
        if self.global.project.is_none()
            && Project::root_above(&Self::here()?).is_none()
            && let Some(folder) = user.filter(|folder| folder.join("tasks").is_dir())
        {
            return Ok(Arc::new(Project::of_user(&folder)?));
        }
        self.own_project()
    }

    /// The project: named, or the nearest upward.
    pub(super) fn own_project(&self) -> Result<Arc<Project>> {
        let project = match &self.global.project {
            Some(folder) => return self.project_holding(folder, Texts::new()),
            None => Project::find(&Self::here()?)?,
        };
        let user = self.user_folder();
        Ok(Arc::new(project.with_user(user.as_deref())))
    }

    /// The named project with the texts that a daemon of it keeps in folders instead of those on disk.
    pub(super) fn project_held_in(&self, folders: &[PathBuf]) -> Result<Arc<Project>> {
        let named = self.global.project.as_deref();
        let root = named.and_then(|named| named.canonicalize().ok());
        match root.filter(|root| folders.iter().all(|folder| folder.starts_with(root))) {
            Some(root) => {
                let texts = folders.iter().flat_map(|folder| held_texts(folder));
                self.project_holding(&root, texts.collect())
            }
            // The words behind the task's name may name another project, of which nothing is kept.
            None => self.project(),
        }
    }

    /// The project in a folder with these texts instead of those on disk.
    pub(super) fn project_holding(&self, root: &Path, mut texts: Texts) -> Result<Arc<Project>> {
        let user = self.user_folder();
        let is_root = |folder: &PathBuf| folder.canonicalize().ok() == root.canonicalize().ok();
        // What a user takes along needs no configuration.
        if !root.join(CONFIG_FILE).exists() && user.as_ref().is_some_and(is_root) {
            texts.entry(CONFIG_FILE.into()).or_default();
        }
        let project = Project::open_holding(root, texts)?;
        Ok(Arc::new(project.with_user(user.as_deref())))
    }

    /// The folder of what the user takes along into every project; it need not be there.
    pub(super) fn user_folder(&self) -> Option<PathBuf> {
        crate::base::user::folder(&self.environment)
    }

    /// The environment of this process.
    pub(super) const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The profile that the command line names.
    pub(super) fn profile(&self) -> Result<Option<Profile>> {
        self.global.profile.as_deref().map(str::parse).transpose()
    }

    /// The settings of the chosen profile; their secrets are masked from here on.
    pub(super) fn settings(&self, project: &Project) -> Result<Settings> {
        self.settings_of(project, self.profile()?)
    }

    /// The settings of a profile; their secrets are masked from here on.
    pub(super) fn settings_of(
        &self,
        project: &Project,
        profile: Option<Profile>,
    ) -> Result<Settings> {
        let values = self
            .global
            .set
            .iter()
            .map(|pair| set(pair))
            .collect::<Result<_>>()?;
        let overrides = Overrides { profile, values };
        let settings = Settings::load(project, &overrides, self.environment.clone())?;
        for secret in settings.secret_values() {
            self.output.redactor().add(secret);
        }
        Ok(settings)
    }

    /// What the command line says about how a run behaves.
    pub(super) fn flags(&self) -> Flags {
        Flags {
            yes: self.global.yes,
            confirm: self.global.confirm.clone(),
            dry_run: self.global.dry_run.is_some(),
            rehearse: self.global.dry_run == Some(DryRun::Execute),
            driver: self.global.driver.clone(),
            force: self.global.force,
            if_locked: self.global.if_locked,
        }
    }
}

fn set(pair: &str) -> Result<(String, String)> {
    let wrong = |why: String| Error::usage(why).hint("write `--set NAME=VALUE`");
    let (name, value) = pair
        .split_once('=')
        .ok_or_else(|| wrong(format!("`--set {pair}` has no `=`")))?;
    if name.is_empty() {
        return Err(wrong("`--set` has no name before its `=`".to_owned()));
    }
    Ok((name.to_owned(), value.to_owned()))
}

fn output_options(global: &Global, environment: &Environment) -> OutputOptions {
    let verbosity = match (global.quiet, global.verbose) {
        (0, 0) => Verbosity::Normal,
        (0, 1) => Verbosity::Verbose,
        (0, _) => Verbosity::Trace,
        (1, _) => Verbosity::Quiet,
        _ => Verbosity::Silent,
    };
    let color = match global.color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    let plain_environment = environment
        .get("NO_COLOR")
        .is_some_and(|value| !value.is_empty())
        || environment.get("TERM") == Some("dumb");
    OutputOptions {
        verbosity,
        json: global.json,
        log_json: global.log.is_some(),
        color,
        plain_environment,
    }
}

/// What was given after the task's name is stronger, what was given before it stays.
fn merge(before: Global, later: Global) -> Global {
    Global {
        profile: later.profile.or(before.profile),
        project: later.project.or(before.project),
        driver: later.driver.or(before.driver),
        set: [before.set, later.set].concat(),
        quiet: before.quiet.max(later.quiet),
        verbose: before.verbose.max(later.verbose),
        json: before.json || later.json,
        color: if later.color == Color::Auto {
            before.color
        } else {
            later.color
        },
        log: later.log.or(before.log),
        yes: before.yes || later.yes,
        confirm: later.confirm.or(before.confirm),
        dry_run: later.dry_run.or(before.dry_run),
        force: before.force || later.force,
        if_locked: later.if_locked.or(before.if_locked),
    }
}
