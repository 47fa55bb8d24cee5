//! What new projects and tasks are made from. It is embedded, so that the program alone can make them.

use include_dir::{Dir, include_dir};

static PROJECT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/cli/templates/project");
static TASKS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/cli/templates/tasks");

/// LexiFlow, as this repository has it, folder by folder.
static LEXIFLOW: [(&str, &Dir<'_>); 4] = [
    ("tasks", &include_dir!("$CARGO_MANIFEST_DIR/tasks")),
    (
        "migrations",
        &include_dir!("$CARGO_MANIFEST_DIR/migrations"),
    ),
    ("seeds", &include_dir!("$CARGO_MANIFEST_DIR/seeds")),
    ("sql", &include_dir!("$CARGO_MANIFEST_DIR/sql")),
];
const LEXIFLOW_CONFIG: &str = include_str!("../../lexi.toml");
const LEXIFLOW_ENV: &str = include_str!("../../.env.example");

/// A kind of task that `lexi new` can write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// Its name.
    pub(super) name: &'static str,
    /// What such a task does.
    pub(super) about: &'static str,
    /// What a first run of it is given, behind its name.
    pub(super) try_with: &'static str,
}

/// All kinds, the simplest first.
pub(super) const KINDS: [Kind; 8] = [
    Kind {
        name: "plain",
        about: "arguments and output",
        try_with: " Ann",
    },
    Kind {
        name: "database",
        about: "queries the profile's PostgreSQL",
        try_with: "",
    },
    Kind {
        name: "stack",
        about: "starts and stops services, in containers or without",
        try_with: "",
    },
    Kind {
        name: "backup",
        about: "a verified backup and its retention",
        try_with: "",
    },
    Kind {
        name: "http",
        about: "posts JSON to an endpoint, with retries",
        try_with: " URL",
    },
    Kind {
        name: "files",
        about: "walks a folder",
        try_with: " .",
    },
    Kind {
        name: "process",
        about: "runs a program and uses what it prints",
        try_with: "",
    },
    Kind {
        name: "scheduled",
        about: "runs by itself under `lexi cron`: one at a time, with a time limit and a log",
        try_with: "",
    },
];

/// The text of a task of this kind; none for a kind that there is not.
pub(super) fn task(kind: &str, name: &str) -> Option<String> {
    let file = TASKS.get_file(format!("{kind}.rhai"))?;
    Some(file.contents_utf8()?.replace("task-name", name))
}

/// The files of a new project by their paths in it.
pub(super) type Files = Vec<(String, String)>;

/// The files of a project with one example task.
pub(super) fn project(name: &str) -> Files {
    let text = |file: &str| {
        let found = PROJECT.get_file(file);
        let text = found.and_then(include_dir::File::contents_utf8);
        text.unwrap_or_default().to_owned()
    };
    let config = text("lexi.toml");
    let config = config.replace("\"PROJECT\"", &toml::Value::from(name).to_string());
    let config = config.replace("DATABASE_dev", &format!("{}_dev", identifier(name)));
    let config = config.replace("DATABASE_test", &format!("{}_test", identifier(name)));
    let config = config.replace("\"DATABASE\"", &format!("\"{}\"", identifier(name)));
    let own = [
        ("lexi.toml", config),
        ("tasks/hello.rhai", text("tasks/hello.rhai")),
        (".env.example", text("env.example")),
    ];
    own.map(|(path, text)| (path.to_owned(), text)).into()
}

/// The files of LexiFlow.
pub(super) fn lexiflow() -> Files {
    let config = LEXIFLOW_CONFIG.replace("dir = \"examples/app\"", "dir = \"app\"");
    let mut files = vec![
        ("lexi.toml".to_owned(), config),
        (".env.example".to_owned(), LEXIFLOW_ENV.to_owned()),
    ];
    for (folder, dir) in LEXIFLOW {
        add(dir, folder, &mut files);
    }
    files
}

fn add(dir: &Dir<'_>, folder: &str, files: &mut Files) {
    let own = dir.files().filter_map(|file| {
        let path = file.path().to_str()?;
        Some((format!("{folder}/{path}"), file.contents_utf8()?.to_owned()))
    });
    files.extend(own);
    for inner in dir.dirs() {
        add(inner, folder, files);
    }
}

/// The files that tell Visual Studio Code about scripts.
pub(super) fn editor() -> Files {
    let folder = PROJECT.get_dir("vscode").into_iter();
    let files = folder.flat_map(Dir::files).filter_map(|file| {
        let name = file.path().file_name()?.to_str()?;
        Some((format!(".vscode/{name}"), file.contents_utf8()?.to_owned()))
    });
    files.collect()
}

/// What git is to leave alone, a pattern a line.
pub(super) fn ignored(with_lexiflow: bool) -> Vec<&'static str> {
    let common = PROJECT.get_file("gitignore");
    let common = common.and_then(include_dir::File::contents_utf8);
    let more = if with_lexiflow {
        "/uploads\n/logs\n"
    } else {
        ""
    };
    common
        .unwrap_or_default()
        .lines()
        .chain(more.lines())
        .collect()
}

/// A project's name as that of a database: small letters, digits and `_`, not starting with a digit.
fn identifier(name: &str) -> String {
    let plain = |c: char| match c {
        c if c.is_ascii_alphanumeric() => c.to_ascii_lowercase(),
        _ => '_',
    };
    let name: String = name.chars().map(plain).take(40).collect();
    let name = name.trim_matches('_');
    match name.chars().next() {
        None => "project".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("p{name}"),
        Some(_) => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_s_name_becomes_that_of_a_database() {
        let cases = [
            ("lexiflow", "lexiflow"),
            ("My Firm-2", "my_firm_2"),
            ("2024", "p2024"),
            ("Größe", "gr__e"),
            ("...", "project"),
        ];
        for (name, expected) in cases {
            assert_eq!(identifier(name), expected, "{name}");
        }
    }

    #[test]
    fn each_kind_has_a_template_and_each_template_a_kind() {
        let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        for kind in &kinds {
            assert!(task(kind, "x").is_some(), "{kind}");
        }
        assert_eq!(TASKS.files().count(), kinds.len());
    }
}
