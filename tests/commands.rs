//! The fifty commands of LexiFlow, each run on real servers: its exit code, what it says, and what it does.

use crate::harness::Project;

/// Every command by its name, and the words it is also known by.
const COMMANDS: &str = "help install setup up dev prod down restart rebuild db-init db-init-seed migrate migrate-revert \
    migrate-generate migrate-create migrate-status seed db-reset db-reset-force backup restore shell-db shell-redis \
    shell-app logs logs-app logs-db logs-redis status ps start start-debug build test test-watch test-cov test-e2e lint \
    lint-fix format clean clean-all clean-logs clean-backups quick-start quick-reset deploy-prod check info version";
const ALIASES: &str = "stop psql redis-cli bash migration health revert rollback";

#[test]
fn all_fifty_are_listed_with_a_line_each_and_the_aliases_find_theirs() {
    let project = Project::lexiflow();
    let listed = project.lexi("list").succeeds().out;
    for name in COMMANDS.split_whitespace() {
        let line = listed
            .lines()
            .find(|line| line.split_whitespace().next() == Some(name));
        let words = line.map(|line| line.split_whitespace().count());
        assert!(
            words > Some(2),
            "{name} is not in the list, or says nothing of itself\n{listed}"
        );
    }
    for alias in ALIASES.split_whitespace() {
        let _shown = project.lexi(&format!("show {alias}")).succeeds();
    }
}

const PACKAGE: &str = r#"{
  "name": "sample",
  "version": "1.0.0",
  "scripts": {
    "start:dev": "echo started as $NODE_ENV on $DB_PORT",
    "start:debug": "echo debugging",
    "build": "mkdir -p dist && echo built > dist/main.js",
    "test": "echo tested",
    "test:watch": "echo watching",
    "test:cov": "mkdir -p coverage && echo covered",
    "test:e2e": "exit 7",
    "lint": "echo linted",
    "lint:fix": "echo mended",
    "format": "echo formatted"
  }
}
"#;

#[test]
fn an_app_without_its_package_or_a_script_says_so() {
    let project = Project::lexiflow().file("lexi.toml", "name = \"x\"\n[app]\ndir = \"app\"\n");
    for task in ["install", "start", "build", "test", "lint", "format"] {
        project
            .lexi(&format!("run {task}"))
            .exits(1)
            .tells("there is no app/package.json")
            .tells("[app] dir");
    }
    project.write(
        "app/package.json",
        r#"{"scripts": {"build": "true"}, "dependencies": {"x": "1"}}"#,
    );
    project
        .lexi("run lint")
        .exits(1)
        .tells("app/package.json has no script lint")
        .tells("it has build");
    project
        .lexi("run build")
        .exits(1)
        .tells("not installed")
        .tells("lexi run install");
}

pub(crate) mod services {
    use super::*;

    /// What a command must say and do.
    pub(crate) struct Case {
        words: &'static str,
        code: i32,
        says: &'static [&'static str],
        then: fn(&Project),
    }

    pub(crate) const fn case(
        words: &'static str,
        code: i32,
        says: &'static [&'static str],
    ) -> Case {
        Case {
            words,
            code,
            says,
            then: |_| {},
        }
    }

    pub(crate) const fn with(
        words: &'static str,
        code: i32,
        says: &'static [&'static str],
        then: fn(&Project),
    ) -> Case {
        Case {
            words,
            code,
            says,
            then,
        }
    }

    #[track_caller]
    fn exists(project: &Project, file: &str) {
        assert!(project.path(file).exists(), "{file}");
    }

    #[track_caller]
    fn is_gone(project: &Project, file: &str) {
        assert!(!project.path(file).exists(), "{file}");
    }

    #[track_caller]
    pub(crate) fn users(project: &Project, number: &str) {
        let asked = project.run(&[
            "run",
            "psql",
            "--",
            "-At",
            "-c",
            "select count(*) from users",
        ]);
        let _counted = asked.succeeds().says(&format!("{number}\n"));
    }

    /// In this order, each from what those before it have left, on the native driver with profile dev.
    const CASES: &[Case] = &[
        case("help", 0, &["Usage", "lexi list"]),
        case("run help", 0, &["Database", "db-init"]),
        case("run check", 0, &["postgres", "redis-server", "npm"]),
        case("run version", 0, &["lexi", "psql", "npm"]),
        with("run install", 0, &[], |p| {
            exists(p, "app/package-lock.json");
        }),
        with("run setup --yes", 0, &[".env"], |p| {
            for made in [".env", "uploads", "logs", "backups"] {
                exists(p, made);
            }
        }),
        case("run up", 0, &["postgres", "healthy"]),
        case("run dev", 0, &["postgres", "healthy"]),
        case("run ps", 0, &["postgres", "redis", "running"]),
        case("run status", 0, &["postgres", "redis", "healthy"]),
        case("run health", 0, &["healthy"]),
        case("run db-init", 0, &["applied 17 migrations"]),
        case("run migrate-status", 0, &["create_people", "applied"]),
        with(
            "run db-init-seed",
            0,
            &["no migration is pending", "users"],
            |p| users(p, "50"),
        ),
        case("run migrate", 0, &["no migration is pending"]),
        case("run migrate-lint", 0, &["nothing dangerous"]),
        with(
            "run migrate-create add_colours",
            0,
            &["_add_colours.up.sql"],
            |p| {
                let made = std::fs::read_dir(p.path("migrations")).unwrap();
                let made: Vec<_> = made
                    .map(|file| file.unwrap().path())
                    .filter(|file| file.to_string_lossy().contains("add_colours"))
                    .collect();
                assert_eq!(made.len(), 2);
                for file in made {
                    std::fs::remove_file(file).unwrap();
                }
            },
        ),
        case("run migrate-revert", 2, &["--confirm"]),
        case(
            "run revert --confirm lexiflow_dev",
            0,
            &["took back", "add_reports"],
        ),
        case("run migration", 0, &["applied 1 migrations"]),
        case("run seed", 0, &["0 rows are new"]),
        with("run backup", 0, &["lexiflow_backup_"], |p| {
            exists(p, "backups");
        }),
        case("run restore", 0, &["lexiflow_backup_"]),
        with(
            "run restore latest --yes --confirm lexiflow_dev",
            0,
            &[],
            |p| users(p, "50"),
        ),
        case("run clean-backups", 0, &[]),
        with("run db-reset --yes", 0, &["applied 17 migrations"], |p| {
            users(p, "0");
        }),
        with("run db-reset-force", 0, &["rows are new"], |p| {
            users(p, "50");
        }),
        case("run shell-db -- -Atc select(7)", 0, &["7"]),
        case("run psql -- -Atc select(8)", 0, &["8"]),
        case("run shell-redis -- ping", 0, &["PONG"]),
        case("run redis-cli -- ping", 0, &["PONG"]),
        case("run shell-app", 1, &["app"]),
        case("run bash", 1, &["app"]),
        case("run logs --once", 0, &["postgres"]),
        case("run logs-db --once", 0, &["postgres | "]),
        case("run logs-redis --once", 0, &["Ready to accept connections"]),
        case("run logs-app --once", 1, &["app"]),
        case("run info", 0, &["postgresql://", "redis://"]),
        case("run start", 0, &["started as development on "]),
        case("run start-debug", 0, &["debugging"]),
        with("run build", 0, &[], |p| exists(p, "app/dist/main.js")),
        case("run test -- --only this", 0, &["tested --only this"]),
        case("run test-watch", 0, &["watching"]),
        case("run test-cov", 0, &["covered"]),
        case("run test-e2e", 7, &[]),
        case("run lint", 0, &["linted"]),
        case("run lint-fix", 0, &["mended"]),
        case("run format", 0, &["formatted"]),
        with("run restart", 0, &[], |p| users(p, "50")),
        with("run rebuild", 0, &["there are no images to build"], |p| {
            users(p, "50");
        }),
        with("run down", 0, &["stopped"], |p| {
            p.lexi("run ps").tells("").hides("healthy");
        }),
        case("run stop", 0, &["nothing was running"]),
        case("run quick-reset", 1, &["lexi run up"]),
        with("run quick-start --yes", 0, &["postgresql://"], |p| {
            users(p, "50");
        }),
        case("run quick-reset", 2, &["--yes"]),
        with("run quick-reset --yes", 0, &["backup"], |p| users(p, "50")),
        with("run clean-logs", 0, &["removed 2 files of logs"], |p| {
            is_gone(p, "logs/a.log");
            exists(p, "logs/keep.txt");
        }),
        with("run clean", 2, &["rows"], |p| users(p, "50")),
        with("run clean-all --yes", 0, &["app/dist"], |p| {
            is_gone(p, "app/dist");
            is_gone(p, "app/coverage");
            exists(p, "app/package.json");
        }),
        case("run clean --yes", 0, &["there is nothing to remove"]),
        case("run prod", 1, &["DB_DATABASE is not set"]),
        case(
            "run deploy-prod",
            1,
            &["DB_DATABASE is not set", "nothing was changed"],
        ),
        case("run deploy-prod --dry-run", 1, &["DB_DATABASE is not set"]),
    ];

    /// Runs them one after the other.
    #[track_caller]
    pub(crate) fn run_all(project: &Project, cases: &[Case]) {
        for case in cases {
            let mut outcome = project.lexi(case.words).exits(case.code);
            for part in case.says {
                outcome = outcome.shows(part);
            }
            (case.then)(project);
        }
    }

    #[test]
    fn each_command_does_its_job_and_says_so() {
        let project = Project::lexiflow();
        let own = project.read("lexi.toml").replace("examples/app", "app");
        project.write("lexi.toml", &own);
        project.write("app/package.json", PACKAGE);
        for file in ["logs/a.log", "logs/b.log", "logs/keep.txt"] {
            project.write(file, "x\n");
        }
        run_all(&project, CASES);
        for name in COMMANDS.split_whitespace() {
            let is_run = |case: &Case| case.words.split_whitespace().any(|word| word == name);
            // It needs a second database, and has tests of its own.
            assert!(
                name == "migrate-generate" || CASES.iter().any(is_run),
                "{name} was not run"
            );
        }
    }
}
