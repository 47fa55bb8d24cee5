//! A project in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{HUNG, Outcome};

/// A temporary project and the environment that commands run in.
#[must_use]
pub(crate) struct Project {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
    here: Option<PathBuf>,
}

impl Project {
    /// An empty project: a `lexi.toml` and nothing else.
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("lexi-test-")
            .tempdir()
            .unwrap();
        let project = Self {
            folder,
            environment: Vec::new(),
            here: None,
        };
        project.file("lexi.toml", "name = \"sample\"\n")
    }

    /// A copy of the project in this repository, LexiFlow, with servers on ports of its own.
    pub(crate) fn lexiflow() -> Self {
        let project = Self::new();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(project.root(), open).unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        for part in [
            "lexi.toml",
            ".env.example",
            "tasks",
            "stdlib",
            "migrations",
            "seeds",
            "sql",
        ] {
            let status = Command::new("cp")
                .arg("-r")
                .arg(source.join(part))
                .arg(project.root())
                .status()
                .unwrap();
            assert!(status.success(), "{part}");
        }
        for profile in ["dev", "test"] {
            let (postgres, redis) = (super::free_port(), super::free_port());
            let text = format!("DB_PORT={postgres}\nREDIS_PORT={redis}\n");
            project.write(&format!(".env.{profile}"), &text);
        }
        project
    }

    /// Writes a file.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        self.write(name, text);
        self
    }

    /// Writes or replaces a file later on.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        // As `setup` writes them; production refuses settings that others can read.
        if name.starts_with(".env.") {
            let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(path, private).unwrap();
        }
    }

    /// Writes a task file.
    pub(crate) fn task(self, name: &str, text: &str) -> Self {
        self.file(&format!("tasks/{name}"), text)
    }

    /// A task `t` with this body.
    pub(crate) fn body(self, body: &str) -> Self {
        let text =
            format!("//! Sample\n\ntask(\"t\", #{{ about: \"Try\" }}, || {{\n{body}\n}});\n");
        self.task("t.rhai", &text)
    }

    /// Another task, `name`, with this body.
    pub(crate) fn body_of(&self, name: &str, body: &str) -> &Self {
        let text =
            format!("//! Sample\n\ntask(\"{name}\", #{{ about: \"Try\" }}, || {{\n{body}\n}});\n");
        self.write(&format!("tasks/{name}.rhai"), &text);
        self
    }

    /// Sets a variable of the environment, which is otherwise nearly empty.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A variable that was set.
    #[track_caller]
    pub(crate) fn variable(&self, name: &str) -> String {
        let set = self
            .environment
            .iter()
            .rev()
            .find(|(other, _)| other == name);
        set.unwrap_or_else(|| panic!("{name} is not set")).1.clone()
    }

    /// Runs commands from this folder of the project.
    pub(crate) fn here(mut self, folder: &str) -> Self {
        let folder = self.path(folder);
        std::fs::create_dir_all(&folder).unwrap();
        self.here = Some(folder);
        self
    }

    /// A path in the project.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// The text of a file of the project.
    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Runs `lexi` with these words, split at spaces.
    #[track_caller]
    pub(crate) fn lexi(&self, words: &str) -> Outcome {
        self.run(&words.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs `lexi` with these arguments.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Outcome {
        let child = self.start(args);
        Outcome::wait(child, HUNG, self.folder.path(), args)
    }

    /// Starts `lexi` and does not wait for it.
    #[track_caller]
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        self.command(args).spawn().unwrap()
    }

    /// The command, ready to start.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(super::program());
        command
            .args(args)
            .current_dir(self.here.as_deref().unwrap_or_else(|| self.folder.path()))
            .env_clear()
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .env("HOME", self.folder.path())
            .env("NO_COLOR", "1")
            .env(super::canary::NAME, super::canary::VALUE)
            // What a machine's engine holds must not decide what a test does.
            .env("LEXI_DRIVER", "native")
            .envs(self.environment.iter().map(|(k, v)| (k, v)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The port and the name of the database that [`Project::postgres`] made.
    #[track_caller]
    pub(crate) fn database(&self) -> (u16, String) {
        let value = |name: &str| {
            let found = self.environment.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone()).unwrap()
        };
        (value("DB_PORT").parse().unwrap(), value("DB_DATABASE"))
    }

    /// The project's folder.
    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Project {
    /// Nothing that `lexi` keeps holds the secret of the environment.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        for folder in [".lexi", "backups", "logs"] {
            let found = super::canary::files_holding(&self.path(folder), super::canary::VALUE);
            assert!(
                found.is_empty(),
                "a secret of the environment is in {found:?}"
            );
        }
    }
}
