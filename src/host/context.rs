//! The host: what surrounds a script. One per run, reached by every host function through the engine's tag.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rhai::{Dynamic, Map, NativeCallContext};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use crate::base::text::count;
use crate::base::{Cancel, Output, Profile, Project, Result, Settings};
use crate::ops::certificate;
use crate::ops::database::{Database, Session, Target};
use crate::ops::files::Temps;
use crate::ops::history::Recorder;
use crate::ops::http::Http;
use crate::ops::lock::OnBusy;
use crate::ops::native;
use crate::ops::process::{GRACE, Registry, end_killed, of_killed};
use crate::ops::redis::{Redis, RedisTarget};
use crate::runtime::Runtime;

use super::bridge::RhaiResultOf;

/// What the command line says about how a run behaves.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line, independent of the others"
)]
pub struct Flags {
    /// `--yes`: ordinary questions are answered with yes.
    pub yes: bool,
    /// `--confirm NAME`: the name that a destructive task asks for.
    pub confirm: Option<String>,
    /// `--dry-run`: say what would be done, do nothing.
    pub dry_run: bool,
    /// `--dry-run=execute`: where it can all be taken back, do it and take it back. `dry_run` is set too.
    pub rehearse: bool,
    /// `--force`: run tasks that are up to date too.
    pub force: bool,
    /// `--if-locked`: what to do while another run holds a lock; without it, what is usual for that lock.
    pub if_locked: Option<OnBusy>,
    /// `--driver`: `auto`, `native` or `docker`.
    pub driver: Option<String>,
}

/// Runs another task by name with arguments by name and gives what it returned; set by the script layer.
pub type RunTask =
    Box<dyn Fn(&NativeCallContext, &str, Map) -> RhaiResultOf<Dynamic> + Send + Sync>;

/// State of one run; cheap to clone.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

struct Inner {
    project: Arc<Project>,
    settings: Arc<Settings>,
    output: Output,
    runtime: Arc<Runtime>,
    cancel: Cancel,
    flags: Flags,
    run_task: OnceLock<RunTask>,
    processes: Arc<Registry>,
    session: Mutex<Option<Arc<Database>>>,
    redis: Mutex<Option<Arc<Redis>>>,
    temps: Temps,
    http: Http,
    has_written_data: AtomicBool,
    confirmed: Mutex<Vec<String>>,
    recorder: OnceLock<Arc<Recorder>>,
}

impl Host {
    /// The host of a run.
    pub fn new(
        project: Arc<Project>,
        settings: Arc<Settings>,
        output: Output,
        runtime: Arc<Runtime>,
        flags: Flags,
    ) -> Self {
        let cancel = Cancel::root();
        runtime.obey(&cancel);
        let run_task = OnceLock::new();
        let processes = Arc::new(Registry::new(settings.environment()));
        processes.trace_in(project.state().join("running"));
        let temps = Temps::new(settings.environment());
        Self {
            inner: Arc::new(Inner {
                project,
                settings,
                output,
                runtime,
                cancel,
                flags,
                run_task,
                processes,
                session: Mutex::default(),
                redis: Mutex::default(),
                temps,
                http: Http::default(),
                has_written_data: AtomicBool::new(false),
                confirmed: Mutex::default(),
                recorder: OnceLock::new(),
            }),
        }
    }

    /// The host that the calling script runs in.
    ///
    /// # Panics
    /// When an engine was built without one, which `script/engine.rs` never does.
    pub fn of(ctx: &NativeCallContext) -> Self {
        ctx.tag()
            .and_then(|tag| tag.clone().try_cast::<Self>())
            .expect("script/engine.rs sets the host as every engine's tag")
    }

    /// The project.
    pub fn project(&self) -> &Project {
        &self.inner.project
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// The profile.
    pub fn profile(&self) -> Profile {
        self.inner.settings.profile()
    }

    /// Remembers that a person has typed the name of what is to be destroyed: nobody is asked for it twice.
    pub fn note_confirmed(&self, name: &str) {
        let confirmed = &self.inner.confirmed;
        let mut confirmed = confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        confirmed.push(name.to_owned());
    }

    /// Whether this name was given with `--confirm` or typed.
    pub fn is_confirmed(&self, name: &str) -> bool {
        let confirmed = &self.inner.confirmed;
        let confirmed = confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        self.flags().confirm.as_deref() == Some(name) || confirmed.iter().any(|one| one == name)
    }

    /// The two streams.
    pub fn output(&self) -> &Output {
        &self.inner.output
    }

    /// The async runtime.
    pub fn runtime(&self) -> &Runtime {
        &self.inner.runtime
    }

    /// The request to stop the whole run.
    pub fn cancel(&self) -> &Cancel {
        &self.inner.cancel
    }

    /// The programs of this run; its end stops what is left of them.
    pub fn processes(&self) -> &Arc<Registry> {
        &self.inner.processes
    }

    /// The connections for HTTP.
    pub fn http(&self) -> &Http {
        &self.inner.http
    }

    /// The temporary files of this run, which go when it ends.
    pub fn temps(&self) -> &Temps {
        &self.inner.temps
    }

    /// What the command line said.
    pub fn flags(&self) -> &Flags {
        &self.inner.flags
    }

    /// The profile's database, on the port where it really is.
    pub fn database(&self) -> Result<Target> {
        let authority = certificate::authority(self.project(), self.settings())?;
        let target = Target::from_settings(self.settings(), authority)?;
        let port = self.native_port("postgres", &target.host, target.port);
        Ok(Target { port, ..target })
    }

    /// The port where a service of the profile really is that the settings expect on this host and port.
    pub fn native_port(&self, service: &str, host: &str, port: u16) -> u16 {
        if !matches!(host, "127.0.0.1" | "localhost") {
            return port;
        }
        let state = self.project().state();
        native::moved_port(&state, self.profile(), service, port).unwrap_or(port)
    }

    /// The profile's database with the connections of this run; made anew when the database is elsewhere than before.
    pub fn session(&self) -> Result<Session> {
        let target = self.database()?;
        let mut kept = self
            .inner
            .session
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let database = match kept.as_ref() {
            Some(database) if *database.target() == target => Arc::clone(database),
            _ => Arc::clone(kept.insert(Arc::new(Database::new(target)))),
        };
        Ok(Session::Database(database))
    }

    /// The profile's Redis with the connections of this run; made anew when it is elsewhere than before.
    pub fn redis(&self) -> Result<Arc<Redis>> {
        let target = RedisTarget::from_settings(self.settings())?;
        let port = self.native_port("redis", &target.host, target.port);
        let target = RedisTarget { port, ..target };
        let mut kept = self
            .inner
            .redis
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Ok(match kept.as_ref() {
            Some(redis) if *redis.target() == target => Arc::clone(redis),
            _ => Arc::clone(kept.insert(Arc::new(Redis::new(target)))),
        })
    }

    /// Makes SIGINT, SIGQUIT, SIGTERM and SIGHUP requests to stop. The handler only notes the number; whoever runs looks at it.
    pub fn watch_signals(&self) -> std::io::Result<()> {
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            let number = usize::try_from(signal).unwrap_or_default();
            signal_hook::flag::register_usize(signal, self.cancel().signal_cell(), number)?;
        }
        Ok(())
    }

    /// Ends what runs of this project have left that were killed before they could do it.
    pub fn clear_killed(&self) {
        let killed = of_killed(&self.project().state().join("running"));
        if killed.is_empty() {
            return;
        }
        let ending = async { Ok(end_killed(killed, GRACE).await) };
        if let Ok(1..) = self.runtime().wait(self.cancel(), ending) {
            self.output()
                .detail("ended what a run that was killed had left running");
        }
    }

    /// Ends what the run has started and what escaped from it; nothing outlives a run unless it was detached on purpose.
    pub fn finish(&self) {
        self.end_programs();
        self.temps().clear();
    }

    fn end_programs(&self) {
        if !self.processes().has_started() {
            return;
        }
        let ended = self.runtime().wait(&Cancel::detached(), async {
            let left = self.processes().stop_all(GRACE).await;
            let left = left + self.processes().sweep(GRACE).await;
            self.processes().forget_trace();
            Ok(left)
        });
        match ended {
            Ok(0) => {}
            Ok(left) => self.output().detail(&format!(
                "ended {} that the run left behind",
                count("program", left)
            )),
            Err(error) => self.output().warn(&error.full_message()),
        }
    }

    /// Whether a script wrote its own document to stdout.
    pub fn has_written_data(&self) -> bool {
        self.inner.has_written_data.load(Ordering::Relaxed)
    }

    /// Notes that a script wrote its own document to stdout.
    pub fn note_written_data(&self) {
        self.inner.has_written_data.store(true, Ordering::Relaxed);
    }

    /// Keeps what this run does in the history.
    pub fn record(&self, recorder: Arc<Recorder>) {
        let _first_stays = self.inner.recorder.set(recorder);
    }

    /// Where what this run does is kept.
    pub fn recorder(&self) -> Option<&Recorder> {
        self.inner.recorder.get().map(Arc::as_ref)
    }

    /// Says how tasks are run; the script layer calls it once.
    pub fn set_run_task(&self, run: RunTask) {
        // A second call would only repeat the first.
        let _already_set = self.inner.run_task.set(run);
    }

    /// How tasks are run.
    pub fn run_task(&self) -> Option<&RunTask> {
        self.inner.run_task.get()
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("project", &self.inner.project.root())
            .finish_non_exhaustive()
    }
}
