//! The project: a folder with `lexi.toml`, found from any folder below it, and where its parts are.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::migrate::MigrateConfig;
use super::schedule::Schedule;
use super::tell::{MetricsConfig, TellConfig};
use super::text::{did_you_mean, line_and_column};
use super::{Error, Profile, Result};

/// What `lexi.toml` may hold; an unknown key is an error with its place.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The project's name; the folder's name without it.
    pub name: Option<String>,
    /// `profile = "dev"`, or `[profile] default = "dev"` with a table of values for each profile.
    #[serde(default)]
    pub profile: Profiles,
    /// `auto`, `native` or `docker`.
    pub driver: Option<String>,
    /// The address that ports are published on which name none; 127.0.0.1 without it.
    pub bind: Option<std::net::IpAddr>,
    /// What is kept of runs.
    #[serde(default)]
    pub history: HistoryConfig,
    /// Who migrates.
    #[serde(default)]
    pub migrate: MigrateConfig,
    /// Who hears how runs end.
    #[serde(default)]
    pub tell: Vec<TellConfig>,
    /// What counts runs.
    #[serde(default)]
    pub metrics: MetricsConfig,
    /// The application that the services are for.
    #[serde(default)]
    pub app: App,
    /// What runs by itself, by the entry's name.
    #[serde(default)]
    pub schedule: BTreeMap<String, Schedule>,
    /// What is secret though its name does not say so.
    #[serde(default)]
    pub secrets: SecretsConfig,
    /// Values for every profile.
    #[serde(default)]
    pub settings: BTreeMap<String, Scalar>,
}

/// `[secrets]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecretsConfig {
    /// Names of settings.
    pub names: Vec<String>,
}

/// What is kept of runs.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HistoryConfig {
    /// How many days; 0 keeps all.
    pub days: u32,
}

impl Default for HistoryConfig {
    fn default() -> Self {
        Self { days: 90 }
    }
}

/// `[app]`: the application that the services are for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// Its folder, relative to the project; the project's own without it.
    pub dir: Option<String>,
}

/// Setting names and their values.
pub type Values = BTreeMap<String, Scalar>;

/// The profiles of a project.
#[derive(Debug, Default)]
pub struct Profiles {
    /// The profile when neither `--profile` nor `LEXI_PROFILE` names one.
    pub default: Option<String>,
    values: BTreeMap<String, Values>,
}

impl Profiles {
    /// The values of one profile: `[profile.dev]`.
    pub fn values(&self, profile: Profile) -> Option<&Values> {
        self.values.get(profile.as_str())
    }
}

impl<'de> Deserialize<'de> for Profiles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ProfilesVisitor)
    }
}

struct ProfilesVisitor;

impl<'de> Visitor<'de> for ProfilesVisitor {
    type Value = Profiles;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a profile's name or a table of profiles")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Profiles, E> {
        Ok(Profiles {
            default: Some(name.to_owned()),
            values: BTreeMap::new(),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Profiles, A::Error> {
        let mut profiles = Profiles::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == "default" {
                profiles.default = Some(map.next_value()?);
            } else if Profile::ALL.iter().any(|profile| profile.as_str() == key) {
                profiles.values.insert(key, map.next_value()?);
            } else {
                return Err(serde::de::Error::unknown_field(
                    &key,
                    &["default", "dev", "prod", "test"],
                ));
            }
        }
        Ok(profiles)
    }
}

/// A value as TOML has it; settings are strings, so numbers and booleans may be written without quotes.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a string, a number, true or false")]
pub enum Scalar {
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text.
    Text(String),
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(value),
        }
    }
}

/// Texts that count instead of those on disk, by the names of their files below the project's folder.
pub type Texts = BTreeMap<PathBuf, String>;

/// A project folder and its configuration.
#[derive(Debug)]
pub struct Project {
    root: PathBuf,
    config: Config,
    held: RwLock<BTreeMap<PathBuf, String>>,
    user: Option<PathBuf>,
}

/// The file that marks a project.
pub const CONFIG_FILE: &str = "lexi.toml";

impl Project {
    /// The project that holds `start`: the nearest folder upward with a `lexi.toml`.
    pub fn find(start: &Path) -> Result<Self> {
        match Self::root_above(start) {
            Some(root) => Self::open(root),
            None => Err(Error::usage(format!(
                "no `{CONFIG_FILE}` in `{}` or above",
                start.display()
            ))
            .hint(
                "go to a project's folder or name it with `--project DIR`; `lexi init` makes one",
            )),
        }
    }

    /// The nearest folder upward that is a project's.
    pub fn root_above(start: &Path) -> Option<&Path> {
        let mut above = start.ancestors();
        above.find(|folder| folder.join(CONFIG_FILE).is_file())
    }

    /// The folder of a user's own tasks as the project where there is no other; it needs no configuration.
    pub fn of_user(folder: &Path) -> Result<Self> {
        if folder.join(CONFIG_FILE).is_file() {
            return Ok(Self::open(folder)?.with_user(Some(folder)));
        }
        let root = folder
            .canonicalize()
            .map_err(|e| Error::usage(format!("cannot open `{}`", folder.display())).because(e))?;
        let project = Self {
            root,
            config: Config::default(),
            held: RwLock::default(),
            user: None,
        };
        Ok(project.with_user(Some(folder)))
    }

    /// The same with the folder of what its user takes along, if that is there.
    #[must_use]
    pub fn with_user(mut self, folder: Option<&Path>) -> Self {
        self.user = folder.and_then(|folder| folder.canonicalize().ok());
        self
    }

    /// The project in exactly this folder.
    pub fn open(root: &Path) -> Result<Self> {
        Self::open_holding(root, Texts::new())
    }

    /// The same with these texts instead of its files, `lexi.toml` too.
    pub fn open_holding(root: &Path, texts: Texts) -> Result<Self> {
        let root = root.canonicalize().map_err(|e| {
            Error::usage(format!("cannot open project `{}`", root.display())).because(e)
        })?;
        if root.to_str().is_none() {
            let message = format!("the path `{}` is not UTF-8", root.display());
            return Err(Error::usage(message).hint("move the project to a folder whose name is"));
        }
        let file = root.join(CONFIG_FILE);
        let text = match texts.get(Path::new(CONFIG_FILE)) {
            Some(text) => text.clone(),
            None => std::fs::read_to_string(&file).map_err(|e| {
                Error::usage(format!("cannot read `{}`", file.display()))
                    .because(e)
                    .hint("name the folder that holds `lexi.toml`")
            })?,
        };
        let config = toml::from_str(&text).map_err(|error| unusable(&text, &error))?;
        let held = texts.into_iter();
        let held = held.map(|(name, text)| (root.join(name), text)).collect();
        Ok(Self {
            root,
            config,
            held: RwLock::new(held),
            user: None,
        })
    }

    /// A folder that is no project: it has no configuration, and no files of it are read.
    pub fn bare(root: PathBuf) -> Self {
        Self {
            root,
            config: Config::default(),
            held: RwLock::default(),
            user: None,
        }
    }

    /// The project's folder, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What `lexi.toml` says.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The project's name: from `lexi.toml`, else the folder's.
    pub fn name(&self) -> String {
        let folder = || {
            self.root
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
        };
        self.config
            .name
            .clone()
            .or_else(folder)
            .unwrap_or_else(|| "project".to_owned())
    }

    /// The folder of the task files.
    pub fn tasks(&self) -> PathBuf {
        self.root.join("tasks")
    }

    /// The folder of what the user takes along into every project.
    pub fn user_folder(&self) -> Option<&Path> {
        self.user.as_deref()
    }

    /// Whether this is no project of its own but what the user takes along.
    pub fn is_user_s(&self) -> bool {
        self.user.as_ref() == Some(&self.root)
    }

    /// The folder of the user's own task files, where it is another than the project's.
    pub fn user_tasks(&self) -> Option<PathBuf> {
        let folder = self.user.as_ref().filter(|_| !self.is_user_s())?;
        Some(folder.join("tasks"))
    }

    /// The folders of all scripts: those of the project, and the user's own.
    pub fn script_folders(&self) -> Vec<PathBuf> {
        let own = [self.tasks(), self.path("stdlib")];
        own.into_iter().chain(self.user_tasks()).collect()
    }

    /// Whether a task file, by its name in messages, is one of the user's own.
    pub fn is_user_wide(&self, file: &str) -> bool {
        self.is_user_s() || Path::new(file).is_absolute()
    }

    /// The folder of what the tool itself keeps: locks, state, index.
    pub fn state(&self) -> PathBuf {
        self.root.join(".lexi")
    }

    /// Uses this text as that of a script from now on, whatever is on disk: the last good one while its file is being
    /// edited, or what an editor has not saved yet. Without a text the file counts again.
    pub fn hold(&self, path: &Path, text: Option<String>) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        match text {
            Some(text) => held.insert(path.to_owned(), text),
            None => held.remove(path),
        };
    }

    /// The scripts whose texts are held.
    pub fn held_scripts(&self) -> Vec<PathBuf> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.keys().cloned().collect()
    }

    /// The text that is held for a script.
    pub fn held(&self, path: &Path) -> Option<String> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.get(path).cloned()
    }

    /// Whether texts are held: then what is known of scripts is not what is on disk.
    pub fn is_holding(&self) -> bool {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        !held.is_empty()
    }

    /// The bytes of a script: the text that is held, or the file's.
    pub fn script(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        match held.get(path) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => std::fs::read(path),
        }
    }

    /// The text of a script.
    pub fn script_text(&self, path: &Path) -> std::io::Result<String> {
        String::from_utf8(self.script(path)?)
            .map_err(|_no_text| std::io::Error::other("stream did not contain valid UTF-8"))
    }

    /// A path below the project's folder, or the path itself when it is absolute.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// A path as people know it: relative to the project's folder where it is below it.
    pub fn display(&self, path: &Path) -> String {
        path.strip_prefix(&self.root)
            .unwrap_or(path)
            .display()
            .to_string()
    }
}

/// What is wrong in the configuration, with its place.
fn unusable(text: &str, error: &toml::de::Error) -> Error {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let (line, column) = line_and_column(text, start);
    let message = error.message().trim().replace('\n', ", ");
    let unknown = message
        .strip_prefix("unknown field `")
        .and_then(|rest| rest.split_once('`'));
    let Some((key, rest)) = unknown else {
        return Error::usage(format!("{CONFIG_FILE}:{line}:{column}: {message}"));
    };
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    let hint = match did_you_mean(key, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", known.join(", ")),
    };
    Error::usage(format!(
        "{CONFIG_FILE}:{line}:{column}: unknown key `{key}`"
    ))
    .hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_a_name_or_a_table() {
        let name: Config = toml::from_str("profile = \"test\"").unwrap();
        assert_eq!(name.profile.default.as_deref(), Some("test"));

        let table: Config =
            toml::from_str("[profile]\ndefault = \"dev\"\n[profile.dev]\nDB_PORT = 5432").unwrap();
        let values = table.profile.values(Profile::Dev).unwrap();
        assert_eq!(values["DB_PORT"].to_string(), "5432");
    }

    #[test]
    fn a_misspelt_key_is_an_error_with_its_place() {
        let error = toml::from_str::<Config>("[settngs]\nA = 1")
            .unwrap_err()
            .to_string();

        assert!(
            error.contains("line 1") && error.contains("settngs"),
            "{error}"
        );
    }
}
