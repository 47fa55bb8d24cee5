//! `lexi cron` itself: leads or stands by, reads the project again when it is saved, and ends when it is told to.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::super::args::{self, Coordinate};
use super::super::context::Context;
use super::keep::{Keeper, Look};
use super::place::{self, Place};
use super::saved::Saves;
use super::signals::Signals;
use crate::base::text::count;
use crate::base::{Error, Kind, Output, Project, Result, Settings};
use crate::ops::database::Target;
use crate::ops::lock::{Lock, OnBusy};
use crate::ops::process::Program;
use crate::ops::schedule::{Book, Daemon, Held, Journal, Launch, Level, Order, Shared, lease};
use crate::ops::{certificate, native};
use crate::runtime;

/// Saves that come within this are one.
const MOMENT: Duration = Duration::from_millis(100);

/// How often what was good is put again where runs find it, when there was no room for it.
const AGAIN: Duration = Duration::from_secs(10);

/// How often one that stands by looks whether it is to lead.
const STAND_BY: Duration = Duration::from_secs(1);

/// Runs what is due: until told to end, or once.
pub(super) fn run(args: &args::Cron, ctx: &Context) -> Result<ExitCode> {
    let project = ctx.project()?;
    let settings = ctx.settings(&project)?;
    let journal = Journal::of(&project.state(), settings.profile().as_str());
    let profile = settings.profile();
    let shared = match args.coordinator {
        Coordinate::File => None,
        Coordinate::Pg => Some(Shared::new(
            database(&project, &settings)?,
            project.name(),
            profile.to_string(),
        )),
    };
    let program = std::env::current_exe()
        .map_err(|e| Error::io("cannot find the program that runs tasks", e))?;
    let options = same_options(ctx, &project, profile.as_str());
    let (root, held) = (
        project.root().to_owned(),
        Held(journal.folder().join("held")),
    );
    let lexi = Program::new(program.to_string_lossy()).args(options.clone());
    let launch = Launch {
        program,
        before: options.into_iter().chain(["run".into()]).collect(),
        folder: root.clone(),
        held: held.clone(),
    };
    let mut desk = Desk {
        ctx,
        shared,
        keeper: Keeper::new(lexi, root, held),
        launch,
        place: Place::of(project.root()),
        project,
        journal,
        profile: profile.to_string(),
    };
    runtime::alone(async move {
        if args.once {
            Box::pin(desk.once()).await
        } else {
            Box::pin(desk.serve(args.unless_running)).await
        }
    })
}

/// Keeps the lead among the daemons of this host; where another has it, nothing more is started. Never ends by itself,
/// except when the project is gone.
async fn keep_lock(
    stay: impl Future<Output = Result<Error>>,
    orders: &UnboundedSender<Order>,
    other_leads: &CancellationToken,
    out: &Output,
) -> Result<ExitCode> {
    let why = stay.await?.full_message();
    let message = format!("the lead is lost: {why}; nothing more is started");
    tell(out, Level::Warn, &message);
    other_leads.cancel();
    let _ended = orders.send(Order::Drain);
    std::future::pending().await
}

/// Tells of what stops no schedule.
fn warning(out: Output) -> impl Fn(&Error) {
    move |error| {
        let message = format!("{}; schedules run on", error.full_message());
        tell(&out, Level::Warn, &message);
    }
}

/// The profile's database, on the port where it really is.
fn database(project: &Project, settings: &Settings) -> Result<Target> {
    let authority = certificate::authority(project, settings)?;
    let target = Target::from_settings(settings, authority)?;
    let profile = settings.profile();
    let moved = native::moved_port(&project.state(), profile, "postgres", target.port);
    let is_here = matches!(target.host.as_str(), "127.0.0.1" | "localhost");
    let port = moved.filter(|_| is_here).unwrap_or(target.port);
    Ok(Target { port, ..target })
}

/// Keeps the lead among several hosts as long as that is possible, then stops what runs; never ends by itself.
async fn keep_lead(
    shared: Option<Shared>,
    epoch: i64,
    orders: &UnboundedSender<Order>,
    lost: &CancellationToken,
    out: &Output,
) -> ExitCode {
    if let Some(shared) = shared {
        let why = lease::keep(&shared, epoch).await;
        tell(
            out,
            Level::Warn,
            &format!("the lead is lost: {why}; what runs is stopped"),
        );
        lost.cancel();
        let _ended = orders.send(Order::Fence);
    }
    std::future::pending().await
}

/// What is typed before a command to have the same options.
fn same_options(ctx: &Context, project: &Project, profile: &str) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["--project".into(), project.root().into()];
    words.extend(["--profile".into(), profile.into()]);
    words.extend(ctx.passed_on());
    words
}

struct Desk<'c> {
    ctx: &'c Context,
    /// Where daemons of several hosts agree.
    shared: Option<Shared>,
    project: Arc<Project>,
    place: Place,
    journal: Journal,
    keeper: Keeper,
    launch: Launch,
    profile: String,
}

impl Desk<'_> {
    async fn once(&mut self) -> Result<ExitCode> {
        let mut signals = Signals::new()?;
        let Some((book, _held)) = self.lead(OnBusy::Fail).await? else {
            return Err(Error::internal("nobody leads and nobody may"));
        };
        let (orders, mut received) = unbounded_channel();
        let (epoch, lost) = (book.epoch(), book.lost());
        let keep = keep_lead(self.beside(), epoch, &orders, &lost, self.ctx.output());
        let mut daemon = self.daemon(book);
        let work = async {
            let look = self.entries().await;
            let is_whole = look.news.is_empty();
            daemon.entries(look.entries, &look.off).await;
            daemon
                .once(&mut received)
                .await
                .map(|all_well| code(all_well && is_whole))
        };
        let done = tokio::select! {
            done = work => done,
            ended = signals.pass_on(&orders, None) => ended,
            never = keep => Ok(never),
        };
        self.give_up().await;
        done
    }

    async fn serve(&mut self, unless_running: bool) -> Result<ExitCode> {
        let mut signals = Signals::new()?;
        if unless_running && self.is_led().await? {
            return Ok(ExitCode::SUCCESS);
        }
        loop {
            let Some(lead) = self.stand_by(&mut signals).await? else {
                return Ok(ExitCode::SUCCESS);
            };
            if let Some(code) = Box::pin(self.work(lead, &mut signals)).await? {
                self.give_up().await;
                return Ok(code);
            }
        }
    }

    /// Leads until told to end; none when the lead was lost.
    async fn work(
        &mut self,
        (book, held): (Book, Option<Lock>),
        signals: &mut Signals,
    ) -> Result<Option<ExitCode>> {
        let (orders, mut received) = unbounded_channel();
        let (saved, mut news) = unbounded_channel();
        let told = |text: &str| self.tell(Level::Info, text);
        let mut watched = Saves::of(&self.project, &saved, told)?;
        let (listen, listens) = watch::channel(self.project.config().metrics.listen);
        let warn = warning(self.ctx.output().clone());
        let project = Arc::clone(&self.project);
        let metrics = super::metrics::serve(project, self.profile.clone(), listens, warn);
        let (epoch, lost) = (book.epoch(), book.lost());
        let mut daemon = self.daemon(book);
        let keep = keep_lead(self.beside(), epoch, &orders, &lost, self.ctx.output());
        let (place, out) = (self.place.clone(), self.ctx.output());
        let other_leads = CancellationToken::new();
        let again = |path: &Path| taken_again(path, &saved, out);
        let stay = keep_lock(place.stay(held, again), &orders, &other_leads, out);
        let reload = async {
            let mut look = self.entries().await;
            if look.is_read {
                self.greet(&look);
            }
            loop {
                let is_done = look.is_read && look.is_held;
                let (on, off) = (look.entries, look.off);
                // Nobody listens any more when the daemon has ended.
                let _ended = orders.send(Order::Entries { on, off });
                self.listen_again(&listen);
                tokio::select! {
                    saved = news.recv() => if saved.is_none() { break },
                    () = tokio::time::sleep(AGAIN), if !is_done => {}
                }
                tokio::time::sleep(MOMENT).await;
                while news.try_recv().is_ok() {}
                if let Err(error) = watched.take_up_folders() {
                    self.tell(Level::Warn, &error.full_message());
                }
                if self.place.check().is_err() {
                    // That is told, and ends the daemon.
                    std::future::pending::<()>().await;
                }
                look = self.reload().await;
            }
            Ok(ExitCode::SUCCESS)
        };
        let work = async {
            // What failed was told; that the daemon ended is what it was asked to do.
            daemon
                .run(&mut received)
                .await
                .map(|_all_well| ExitCode::SUCCESS)
        };
        let done = tokio::select! {
            done = work => done?,
            failed = reload => failed?,
            never = metrics => never,
            ended = signals.pass_on(&orders, Some(&saved)) => ended?,
            gone = stay => gone?,
            never = keep => never,
        };
        let leads = !lost.is_cancelled() && !other_leads.is_cancelled();
        Ok(leads.then_some(done))
    }

    /// Waits until no other daemon leads; none when told to end meanwhile.
    async fn stand_by(&self, signals: &mut Signals) -> Result<Option<(Book, Option<Lock>)>> {
        let mut was_told = false;
        loop {
            self.place.check()?;
            match self.lead(OnBusy::Fail).await {
                Ok(lead) => return Ok(lead),
                Err(error) if error.kind() == Kind::Locked || self.shared.is_some() => {
                    // A database that does not answer may do so later.
                    if !was_told {
                        self.tell(
                            Level::Info,
                            &format!("standing by: {}", error.full_message()),
                        );
                    }
                    was_told = true;
                }
                Err(error) => return Err(error),
            }
            tokio::select! {
                _ = signals.ending() => return Ok(None),
                () = tokio::time::sleep(STAND_BY) => {}
            }
        }
    }

    /// Takes the lead; an error of kind `locked` when another has it.
    async fn lead(&self, on_busy: OnBusy) -> Result<Option<(Book, Option<Lock>)>> {
        let journal = self.journal.clone();
        if let Some(shared) = &self.shared {
            shared.prepare().await?;
            let epoch = lease::take(shared).await?;
            shared.prune().await?;
            let shared = Box::new(shared.beside());
            return Ok(Some((
                Book::Pg {
                    journal,
                    shared,
                    epoch,
                    lost: CancellationToken::new(),
                },
                None,
            )));
        }
        let path = journal.folder().join("lead.lock");
        let held = place::take(&path, on_busy).await?;
        Ok(held.map(|held| (Book::File(journal), Some(held))))
    }

    /// Whether another daemon leads; when none does, the lead is taken right after this.
    async fn is_led(&self) -> Result<bool> {
        match self.lead(OnBusy::Fail).await {
            Ok(_free_again) => Ok(false),
            Err(error) if error.kind() == Kind::Locked => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Another connection to the database where daemons agree.
    fn beside(&self) -> Option<Shared> {
        self.shared.as_ref().map(Shared::beside)
    }

    /// Lets another one lead at once.
    async fn give_up(&self) {
        if let Some(shared) = &self.shared
            && let Err(error) = shared.give_up().await
        {
            self.tell(Level::Warn, &error.full_message());
        }
    }

    fn daemon(&self, book: Book) -> Daemon {
        let out = self.ctx.output().clone();
        let redactor = Arc::clone(out.redactor());
        let tell = move |level, text: &str| tell(&out, level, text);
        let mask = move |text: &str| redactor.mask(text).into_owned();
        Daemon::new(
            book,
            self.launch.clone(),
            self.project.state(),
            Box::new(tell),
            Box::new(mask),
        )
    }

    /// What counts when the lead was taken.
    async fn entries(&mut self) -> Look {
        self.keeper.begin();
        self.look().await
    }

    /// Reads the project, and tells what is wrong with it.
    async fn look(&mut self) -> Look {
        let look = self.keeper.look(self.ctx).await;
        self.mask();
        for mistake in &look.news {
            self.tell(Level::Warn, mistake);
        }
        look
    }

    /// Masks the secrets of the settings that count now.
    fn mask(&self) {
        if let Ok(project) = self.now() {
            // What cannot be read is told by those who look.
            let _known = self.ctx.settings_of(&project, self.profile.parse().ok());
        }
    }

    /// The project with the settings that count now.
    fn now(&self) -> Result<Arc<Project>> {
        let settings = self.keeper.settings();
        self.ctx.project_holding(self.project.root(), settings)
    }

    fn greet(&self, look: &Look) {
        if let Some(zone) = self.unknown_zone() {
            self.tell(Level::Warn, &zone);
        }
        let entries = count("schedule", look.entries.len());
        if look.entries.is_empty() {
            let elsewhere = self.elsewhere(&look.elsewhere);
            let entries = format!("{entries} in profile {}{elsewhere}", self.profile);
            self.tell(Level::Info, &entries);
            return;
        }
        let next = look
            .entries
            .iter()
            .filter_map(|entry| entry.line.next(crate::ops::clock::now()));
        let next = next.min().map_or_else(String::new, |at| {
            let at = at.to_zoned(jiff::tz::TimeZone::system());
            format!(", the next at {}", at.strftime("%Y-%m-%d %H:%M:%S"))
        });
        self.tell(Level::Info, &format!("{entries}{next}"));
    }

    /// Where something runs, when nothing runs here.
    fn elsewhere(&self, counts: &BTreeMap<String, usize>) -> String {
        let others = counts.iter();
        let others = others.filter(|(profile, _)| **profile != self.profile);
        let others: Vec<String> = others
            .map(|(profile, number)| {
                format!("profile {profile} has {number} (`lexi cron --profile {profile}`)")
            })
            .collect();
        match others.as_slice() {
            [] => "; `lexi cron --dry-run` says why".to_owned(),
            others => format!("; {}", others.join(", ")),
        }
    }

    /// What is told of a TZ that names no time zone.
    fn unknown_zone(&self) -> Option<String> {
        let name = self.ctx.variable("TZ").filter(|name| !name.is_empty())?;
        let is_known = jiff::tz::TimeZone::try_system().is_ok();
        (!is_known).then(|| {
            format!("TZ={name} is no time zone: lines without a zone of their own are read in UTC")
        })
    }

    /// Reads the project again, and tells that when all is well.
    async fn reload(&mut self) -> Look {
        let look = self.look().await;
        if look.news.is_empty() && look.is_held && look.is_read {
            let entries = count("schedule", look.entries.len());
            self.tell(Level::Info, &format!("read again: {entries}"));
        }
        look
    }

    /// Takes up another address for metrics; a file with a mistake in it changes nothing.
    fn listen_again(&self, listen: &watch::Sender<Option<SocketAddr>>) {
        if let Ok(project) = self.now() {
            listen.send_replace(project.config().metrics.listen);
        }
    }

    fn tell(&self, level: Level, text: &str) {
        tell(self.ctx.output(), level, text);
    }
}

/// Of what lay beside the lock nothing is there any more either.
fn taken_again(path: &Path, saved: &UnboundedSender<()>, out: &Output) {
    let path = path.display();
    tell(
        out,
        Level::Warn,
        &format!("`{path}` was removed; the lead is taken again"),
    );
    let _ended = saved.send(());
}

fn tell(out: &Output, level: Level, text: &str) {
    let at = jiff::Zoned::now().strftime("%H:%M:%S").to_string();
    match level {
        Level::Info => out.say(&format!("{at} {text}")),
        Level::Warn => out.warn(&format!("{at} {text}")),
    }
}

fn code(all_well: bool) -> ExitCode {
    if all_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
