//! Settings: every value with the place it came from.
//!
//! Flag > environment > `.env.<profile>` > `.env` > `lexi.toml` > default. What makes a profile's identity (the servers
//! and the database) is never read from the shared `.env`: two profiles must not meet on one database by accident.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use super::project::{CONFIG_FILE, Values};
use super::tell::TellConfig;
use super::text::did_you_mean;
use super::{Error, Profile, Project, Result, Secret, dotenv};

/// What a profile must not share with another; read only from a flag, the environment, `.env.<profile>` or `[profile.X]`.
pub const IDENTITY: [&str; 8] = [
    "DB_HOST",
    "DB_PORT",
    "DB_DATABASE",
    "DB_USERNAME",
    "DB_PASSWORD",
    "REDIS_HOST",
    "REDIS_PORT",
    "REDIS_PASSWORD",
];

/// Names of an older system that mean the same.
const OLDER_NAMES: [(&str, &str); 5] = [
    ("DATABASE_HOST", "DB_HOST"),
    ("DATABASE_PORT", "DB_PORT"),
    ("DATABASE_NAME", "DB_DATABASE"),
    ("DATABASE_USER", "DB_USERNAME"),
    ("DATABASE_PASSWORD", "DB_PASSWORD"),
];

const DEFAULTS: [(&str, &str); 7] = [
    ("DB_HOST", "127.0.0.1"),
    ("DB_PORT", "5432"),
    ("REDIS_HOST", "127.0.0.1"),
    ("REDIS_PORT", "6379"),
    ("REDIS_PASSWORD", ""),
    ("BACKUP_DIR", "backups"),
    ("BACKUP_RETENTION_DAYS", "30"),
];

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `--set NAME=VALUE`.
    Flag,
    /// A variable of the process.
    Environment,
    /// A line of a `.env` file.
    File(String, usize),
    /// A table of `lexi.toml`.
    Config(String),
    /// Built in.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("--set"),
            Self::Environment => f.write_str("environment"),
            Self::File(path, line) => write!(f, "{path}:{line}"),
            Self::Config(table) => write!(f, "{CONFIG_FILE} [{table}]"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// One value and its origin.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The value, whatever it is; [`Setting::shown`] for people.
    value: String,
    /// Where it came from.
    pub origin: Origin,
    /// Whether it must not be shown.
    pub is_secret: bool,
}

impl Setting {
    /// The value for a person: a secret is not shown, an empty one is told apart from a set one.
    pub fn shown(&self) -> &str {
        if self.is_secret && !self.value.is_empty() {
            "[secret]"
        } else {
            &self.value
        }
    }
}

/// The variables of the process, read once.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process; those that are not UTF-8 cannot be settings and are left out.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    pub fn of_process() -> Self {
        let text = |value: std::ffi::OsString| value.into_string().ok();
        Self(
            std::env::vars_os()
                .filter_map(|(k, v)| Some((text(k)?, text(v)?)))
                .collect(),
        )
    }

    /// An environment made of these, for tests.
    pub fn of(pairs: &[(&str, &str)]) -> Self {
        Self(
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
        )
    }

    /// The same with one more variable.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut variables = self.0.clone();
        variables.insert(name.to_owned(), value.to_owned());
        Self(variables)
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All variables.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }
}

/// The values of one run; they do not change after they are loaded.
#[derive(Debug)]
pub struct Settings {
    profile: Profile,
    values: BTreeMap<String, Setting>,
    environment: Environment,
    ignored: Vec<String>,
    /// What the project says is secret, whatever its name.
    declared: BTreeSet<String>,
}

/// What the command line says about settings.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--profile`.
    pub profile: Option<Profile>,
    /// `--set NAME=VALUE`.
    pub values: Vec<(String, String)>,
}

impl Settings {
    /// Reads all sources of the chosen profile and refuses a profile that is the same database as another.
    pub fn load(
        project: &Project,
        overrides: &Overrides,
        environment: Environment,
    ) -> Result<Self> {
        let profile = choose_profile(project, overrides, &environment)?;
        let mut settings = Self::of_files(project, profile)?;
        settings.environment = environment;
        settings.apply_environment();
        settings.read_secret_files(project)?;
        for (name, value) in &overrides.values {
            settings.set(canonical(name), value, Origin::Flag);
        }
        settings.refuse_shared_database(project)?;
        Ok(settings)
    }

    /// These values and the defaults alone; no file is read.
    pub fn bare(values: &[(String, String)], environment: Environment) -> Self {
        let mut settings = Self {
            profile: Profile::Dev,
            values: BTreeMap::new(),
            environment,
            ignored: Vec::new(),
            declared: BTreeSet::new(),
        };
        for (name, value) in DEFAULTS {
            settings.set(name, value, Origin::Default);
        }
        for (name, value) in values {
            settings.set(canonical(name), value, Origin::Flag);
        }
        settings
    }

    /// What the files alone say for a profile.
    fn of_files(project: &Project, profile: Profile) -> Result<Self> {
        let mut settings = Self {
            profile,
            values: BTreeMap::new(),
            environment: Environment::default(),
            ignored: Vec::new(),
            declared: declared_secrets(project),
        };
        for (name, value) in DEFAULTS {
            settings.set(name, value, Origin::Default);
        }
        let config = project.config();
        settings.set_table(&config.settings, "settings", true);
        settings.add_file(project, ".env", true)?;
        if let Some(values) = config.profile.values(profile) {
            settings.set_profile_table(values, &format!("profile.{profile}"));
        }
        let own = format!(".env.{profile}");
        settings.add_file(project, &own, false)?;
        Ok(settings)
    }

    fn set(&mut self, name: &str, value: &str, origin: Origin) {
        let is_secret = self.has_secret_name(name) || login_in(value).is_some();
        let setting = Setting {
            value: value.to_owned(),
            origin,
            is_secret,
        };
        self.values.insert(name.to_owned(), setting);
    }

    fn set_table(&mut self, values: &Values, table: &str, shared: bool) {
        for (name, value) in values {
            let name = canonical(name);
            if shared && IDENTITY.contains(&name) {
                self.ignored
                    .push(format!("{name} in {CONFIG_FILE} [{table}]"));
            } else {
                self.set(name, &value.to_string(), Origin::Config(table.to_owned()));
            }
        }
    }

    /// `[profile.X]` gives a profile its identity; for everything else `.env` is stronger.
    fn set_profile_table(&mut self, values: &Values, table: &str) {
        for (name, value) in values {
            let name = canonical(name);
            let from_env_file = matches!(
                self.values.get(name),
                Some(Setting {
                    origin: Origin::File(..),
                    ..
                })
            );
            if !from_env_file {
                self.set(name, &value.to_string(), Origin::Config(table.to_owned()));
            }
        }
    }

    fn add_file(&mut self, project: &Project, name: &str, shared: bool) -> Result<()> {
        let path = project.path(name);
        let text = if let Some(held) = project.held(&path) {
            held
        } else if let Some(bytes) = read_file(&path, name)? {
            text(bytes, name)?
        } else {
            return Ok(());
        };
        for entry in dotenv::parse(&text, name)? {
            let key = canonical(&entry.name);
            if shared && IDENTITY.contains(&key) {
                self.ignored.push(format!("{key} in {name}:{}", entry.line));
            } else {
                self.set(key, &entry.value, Origin::File(name.to_owned(), entry.line));
            }
        }
        Ok(())
    }

    fn apply_environment(&mut self) {
        let known: Vec<(String, String)> = self
            .environment
            .iter()
            .map(|(name, value)| (canonical(name).to_owned(), value.to_owned()))
            .filter(|(name, _)| self.values.contains_key(name) || IDENTITY.contains(&name.as_str()))
            .collect();
        for (name, value) in known {
            self.set(&name, &value, Origin::Environment);
        }
    }

    /// `DB_PASSWORD_FILE=/run/secrets/db` stands for the first line of that file, as with Docker's secrets; a value that is
    /// set itself is stronger. Of the environment only those count whose setting is known: others are not meant for us.
    fn read_secret_files(&mut self, project: &Project) -> Result<()> {
        let secret = |name: &str| {
            let base = name
                .strip_suffix("_FILE")
                .filter(|base| self.has_secret_name(base));
            base.map(|base| canonical(base).to_owned())
        };
        let outer = self.environment.iter().filter(|(name, _)| {
            secret(name).is_some_and(|base| {
                self.values.contains_key(&base) || IDENTITY.contains(&base.as_str())
            })
        });
        let own = self
            .values
            .iter()
            .map(|(name, setting)| (name.as_str(), setting.value.as_str()));
        let all = own.chain(outer);
        let named: Vec<(String, String)> = all
            .filter_map(|(name, path)| Some((secret(name)?, path.to_owned())))
            .filter(|(base, path)| !path.is_empty() && self.get(base).is_none_or(str::is_empty))
            .collect();
        for (name, path) in named {
            let bytes = read_file(&project.path(&path), &path)?.ok_or_else(|| {
                Error::usage(format!(
                    "there is no file `{path}`, which `{name}_FILE` names"
                ))
            })?;
            let text = text(bytes, &path)?;
            let value = text.lines().next().unwrap_or_default();
            self.set(&name, value, Origin::File(path, 1));
        }
        Ok(())
    }

    fn refuse_shared_database(&self, project: &Project) -> Result<()> {
        let mine = self.database_identity();
        if mine.is_none() {
            return Ok(());
        }
        for other in Profile::ALL
            .into_iter()
            .filter(|other| *other != self.profile)
        {
            if Self::of_files(project, other)?.database_identity() == mine {
                let [host, port, database] = mine.unwrap_or_default();
                let message = format!(
                    "profiles `{}` and `{other}` are the same database: `{database}` on {host}:{port}",
                    self.profile
                );
                return Err(Error::usage(message).hint(format!(
                    "give one of them its own DB_DATABASE or DB_PORT in .env.{} or .env.{other}",
                    self.profile
                )));
            }
        }
        Ok(())
    }

    fn database_identity(&self) -> Option<[String; 3]> {
        let get = |name| self.get(name).map(str::to_owned);
        let host = get("DB_HOST").map(|host| {
            if host == "localhost" {
                "127.0.0.1".into()
            } else {
                host
            }
        });
        Some([
            host?,
            get("DB_PORT")?,
            get("DB_DATABASE").filter(|name| !name.is_empty())?,
        ])
    }

    /// The profile of this run.
    pub const fn profile(&self) -> Profile {
        self.profile
    }

    /// The value of a setting, or of any variable of the environment.
    pub fn get(&self, name: &str) -> Option<&str> {
        let name = canonical(name);
        let setting = self.values.get(name).map(|setting| setting.value.as_str());
        setting.or_else(|| self.environment.get(name))
    }

    /// The value of a setting that must be there and not empty.
    pub fn require(&self, name: &str) -> Result<&str> {
        self.get(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| {
                let near = did_you_mean(name, self.values.keys().map(String::as_str));
                let hint = near.map_or_else(
                    || {
                        format!(
                            "set it in .env.{}, or as a variable of the environment",
                            self.profile
                        )
                    },
                    |near| format!("there is `{near}`; or set it in .env.{}", self.profile),
                );
                let message = format!(
                    "setting `{name}` has no value for profile `{}`",
                    self.profile
                );
                Error::usage(message).hint(hint)
            })
    }

    /// A setting that is a whole number.
    pub fn int(&self, name: &str) -> Result<i64> {
        let text = self.require(name)?;
        text.trim()
            .parse()
            .map_err(|_not_a_number: std::num::ParseIntError| {
                Error::usage(format!(
                    "setting `{name}` is `{text}`, not a whole number ({})",
                    self.place(name)
                ))
            })
    }

    /// A setting that is true or false.
    pub fn bool(&self, name: &str) -> Result<bool> {
        match self
            .get(name)
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
            .as_str()
        {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" | "" => Ok(false),
            other => Err(Error::usage(format!(
                "setting `{name}` is `{other}`, neither true nor false ({})",
                self.place(name)
            ))),
        }
    }

    /// The value of a setting as a secret; empty when it is not set.
    pub fn secret(&self, name: &str) -> Secret {
        Secret::new(self.get(name).unwrap_or_default())
    }

    /// Where a setting came from, if it is set.
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        self.values
            .get(canonical(name))
            .map(|setting| &setting.origin)
    }

    /// Where a setting came from, for a message.
    pub fn place(&self, name: &str) -> String {
        self.values
            .get(canonical(name))
            .map_or_else(|| "environment".into(), |s| s.origin.to_string())
    }

    /// Every setting by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.values
            .iter()
            .map(|(name, setting)| (name.as_str(), setting))
    }

    /// Lines of shared files that were not read because they name a profile's identity.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// The variables of the process.
    pub const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Whether a value of this name must not be shown: its name or the project says so, or it is a URL with a password.
    pub fn is_secret(&self, name: &str) -> bool {
        let holds_password = || self.get(name).and_then(login_in).is_some();
        self.has_secret_name(name) || holds_password()
    }

    fn has_secret_name(&self, name: &str) -> bool {
        is_secret_name(name) || self.declared.contains(canonical(name))
    }

    /// The values that must not appear in any output, and the passwords within them.
    pub fn secret_values(&self) -> impl Iterator<Item = &str> {
        let own = self
            .values
            .values()
            .filter(|s| s.is_secret)
            .map(|s| s.value.as_str());
        let outer = self
            .environment
            .iter()
            .filter(move |(name, value)| self.has_secret_name(name) || login_in(value).is_some());
        let all = own.chain(outer.map(|(_, value)| value));
        all.flat_map(|value| std::iter::once(value).chain(password_in(value)))
    }
}

fn choose_profile(project: &Project, overrides: &Overrides, env: &Environment) -> Result<Profile> {
    if let Some(profile) = overrides.profile {
        return Ok(profile);
    }
    if let Some(name) = env.get("LEXI_PROFILE").filter(|name| !name.is_empty()) {
        return name.parse().map_err(|e: Error| e.context("LEXI_PROFILE"));
    }
    match &project.config().profile.default {
        Some(name) => name.parse().map_err(|e: Error| e.context(CONFIG_FILE)),
        None => Ok(Profile::Dev),
    }
}

/// The name in use today of a setting.
pub fn canonical(name: &str) -> &str {
    OLDER_NAMES
        .iter()
        .find(|(older, _)| *older == name)
        .map_or(name, |(_, name)| name)
}

/// What a file holds, if it is there. Anything but a file is refused: a pipe would never end.
fn read_file(path: &Path, name: &str) -> Result<Option<Vec<u8>>> {
    let facts = match std::fs::metadata(path) {
        Ok(facts) => facts,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::usage(format!("cannot read `{name}`")).because(e)),
    };
    if !facts.is_file() {
        return Err(
            Error::usage(format!("cannot read `{name}`: it is not a file"))
                .hint("replace it by a file with lines such as `NAME=value`"),
        );
    }
    let bytes = std::fs::read(path);
    bytes
        .map(Some)
        .map_err(|e| Error::usage(format!("cannot read `{name}`")).because(e))
}

/// The settings that the project says are secret, and those that `[[tell]]` takes addresses from.
fn declared_secrets(project: &Project) -> BTreeSet<String> {
    let config = project.config();
    let own = config.secrets.names.iter().map(String::as_str);
    let addresses = config.tell.iter().flat_map(TellConfig::settings);
    let names = own.chain(addresses);
    names.map(|name| canonical(name).to_owned()).collect()
}

/// User and password of a URL (`postgres://user:password@host`), if it has a password.
fn login_in(value: &str) -> Option<(&str, &str)> {
    let (_, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, password) = authority.rsplit_once('@')?.0.split_once(':')?;
    (!password.is_empty()).then_some((user, password))
}

/// The password of a URL. One that is the user's name is no secret of its own, only the URL is: a name is an ordinary word.
fn password_in(value: &str) -> Option<&str> {
    let (user, password) = login_in(value)?;
    (user != password).then_some(password)
}

/// Whether a value of this name must not be shown.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let parts = [
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "SECRET",
        "TOKEN",
        "CREDENTIAL",
        "BASIC_AUTH",
        "PRIVATE_KEY",
        "PRIVATEKEY",
        "API_KEY",
        "APIKEY",
        "ACCESS_KEY",
        "ACCESSKEY",
        "DSN",
    ];
    let ends = ["_KEY", "_PASS", "_PWD"];
    let is_count_or_time = [
        "_EXPIRATION",
        "_EXPIRES",
        "_TTL",
        "_REQUIRED",
        "_LENGTH",
        "_FILE",
        "_TOKENS",
        // Names a file.
        "APPLICATION_CREDENTIALS",
        // Whether browsers send them.
        "CORS_CREDENTIALS",
        "ALLOW_CREDENTIALS",
    ]
    .iter()
    .any(|end| name.ends_with(end));
    let has_part = parts.iter().any(|part| name.contains(part));
    !is_count_or_time && (has_part || ends.iter().any(|end| name.ends_with(end)))
}

/// The text of a file, or the line that is none.
fn text(bytes: Vec<u8>, name: &str) -> Result<String> {
    String::from_utf8(bytes).map_err(|e| {
        let good = &e.as_bytes()[..e.utf8_error().valid_up_to()];
        let line = 1 + memchr::memchr_iter(b'\n', good).count();
        Error::usage(format!("{name}:{line}: this line is not UTF-8"))
            .hint("save the file as UTF-8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> (tempfile::TempDir, Project) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("lexi.toml"), "").unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let project = Project::open(dir.path()).unwrap();
        (dir, project)
    }

    fn load(project: &Project, overrides: &Overrides, env: &[(&str, &str)]) -> Result<Settings> {
        Settings::load(project, overrides, Environment::of(env))
    }

    #[test]
    fn each_source_is_stronger_than_the_next() {
        let (_dir, project) = project(&[
            ("lexi.toml", "[settings]\nA = 1\nB = 1\nC = 1\nD = 1\nE = 1"),
            (".env", "B=2\nC=2\nD=2\nE=2"),
            (".env.dev", "C=3\nD=3\nE=3"),
        ]);
        let overrides = Overrides {
            profile: None,
            values: vec![("E".into(), "5".into())],
        };

        let settings = load(&project, &overrides, &[("D", "4"), ("E", "4")]).unwrap();

        let values: Vec<_> = ["A", "B", "C", "D", "E"]
            .map(|name| settings.get(name).unwrap())
            .into();
        assert_eq!(values, ["1", "2", "3", "4", "5"]);
        assert_eq!(settings.place("C"), ".env.dev:1");
        assert_eq!(settings.place("A"), "lexi.toml [settings]");
    }

    #[test]
    fn identity_is_never_read_from_the_shared_file() {
        let (_dir, project) = project(&[
            ("lexi.toml", "[profile.dev]\nDB_DATABASE = \"dev_db\""),
            (".env", "DB_DATABASE=shared\nDATABASE_PORT=1"),
        ]);

        let settings = load(&project, &Overrides::default(), &[]).unwrap();

        assert_eq!(settings.get("DB_DATABASE"), Some("dev_db"));
        assert_eq!(settings.get("DB_PORT"), Some("5432"));
        assert_eq!(
            settings.ignored(),
            ["DB_DATABASE in .env:1", "DB_PORT in .env:2"]
        );
    }

    #[test]
    fn two_profiles_on_one_database_are_refused() {
        let toml = "[profile.dev]\nDB_DATABASE = \"a\"\n[profile.test]\nDB_DATABASE = \"b\"";
        let (_dir, project) = project(&[("lexi.toml", toml)]);

        let error = load(&project, &Overrides::default(), &[("DB_DATABASE", "b")]).unwrap_err();

        assert!(
            error
                .message()
                .contains("profiles `dev` and `test` are the same database")
        );
        assert_eq!(error.exit_code(), 2);
        assert!(load(&project, &Overrides::default(), &[("DB_DATABASE", "c")]).is_ok());
    }

    #[test]
    fn the_profile_comes_from_flag_environment_file_or_default() {
        let (_dir, project) = project(&[("lexi.toml", "profile = \"test\"")]);
        let flag = Overrides {
            profile: Some(Profile::Prod),
            values: Vec::new(),
        };

        assert_eq!(
            load(&project, &flag, &[("LEXI_PROFILE", "dev")])
                .unwrap()
                .profile(),
            Profile::Prod
        );
        let env = load(&project, &Overrides::default(), &[("LEXI_PROFILE", "dev")]).unwrap();
        assert_eq!(env.profile(), Profile::Dev);
        assert_eq!(
            load(&project, &Overrides::default(), &[])
                .unwrap()
                .profile(),
            Profile::Test
        );
    }

    #[test]
    fn a_url_with_a_password_is_secret_and_so_is_what_the_project_names() {
        let toml = "[secrets]\nnames = ['LICENCE']\n[[tell]]\nwebhook = 'ALERTS'\nping = 'ALIVE'";
        let values = "LICENCE=abc\nALERTS=https://a/b\nALIVE=https://c/d\nDATABASE_URL=postgres://u:p%40ss@h/d\n\
            CACHE_URL=redis://cache:cache@h\nSITE_URL=https://h:80/a@b:c\n";
        let (_dir, project) = project(&[("lexi.toml", toml), (".env", values)]);
        let environment = [("HTTP_PROXY", "http://me:outer-password@h:80")];

        let settings = load(&project, &Overrides::default(), &environment).unwrap();

        for name in ["LICENCE", "ALERTS", "ALIVE", "DATABASE_URL", "CACHE_URL"] {
            assert!(settings.is_secret(name), "{name}");
        }
        assert!(settings.is_secret("HTTP_PROXY") && !settings.is_secret("SITE_URL"));
        let secret: Vec<&str> = settings.secret_values().collect();
        assert!(secret.contains(&"p%40ss") && secret.contains(&"outer-password"));
        assert!(!secret.contains(&"cache"));
    }

    #[test]
    fn secret_names_are_recognised() {
        for name in [
            "DB_PASSWORD",
            "JWT_SECRET",
            "STRIPE_SECRET_KEY",
            "OPENAI_API_KEY",
            "SENTRY_DSN",
            "DB_PASS",
            "GPG_PASSPHRASE",
            "MYSQL_PWD",
            "AWS_CREDENTIALS",
            "PROXY_BASIC_AUTH",
            "MAPS_APIKEY",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "DB_HOST",
            "JWT_EXPIRATION",
            "KEYBOARD",
            "JWT_SECRET_FILE",
            "CORS_CREDENTIALS",
            "PWD",
            "OLDPWD",
            "BYPASS",
            "GOOGLE_APPLICATION_CREDENTIALS",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
