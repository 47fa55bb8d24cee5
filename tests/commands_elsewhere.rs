//! The commands of LexiFlow where the driver or the profile makes a difference; `commands.rs` has all of them on the native
//! driver with profile dev.

mod services {
    use crate::commands::services::{Case, case, run_all, users, with};
    use crate::harness::Project;
    use crate::lexiflow_containers::services::Stack;

    /// On the Docker driver with profile dev, each from what those before it have left.
    const DOCKER: &[Case] = &[
        case("run check", 0, &["docker"]),
        case("run version", 0, &["docker"]),
        case("run clean", 0, &["there is nothing to remove"]),
        case("run shell-app", 1, &["app"]),
        case("run up", 0, &["postgres", "redis", "app", "healthy"]),
        case("run dev", 0, &["app", "healthy"]),
        case("run ps", 0, &["app", "redis", "running"]),
        case("run status", 0, &["app", "healthy"]),
        with("run db-init-seed", 0, &["applied 17 migrations"], |p| {
            users(p, "50");
        }),
        case("run migrate-status", 0, &["create_people", "applied"]),
        case("run revert --confirm lexiflow_dev", 0, &["took back"]),
        case("run migrate", 0, &["applied 1 migrations"]),
        case("run seed", 0, &["0 rows are new"]),
        case("run backup", 0, &["_backup_", "verified"]),
        with(
            "run restore latest --yes --confirm lexiflow_dev",
            0,
            &[],
            |p| users(p, "50"),
        ),
        case("run shell-db -- -Atc select(7)", 0, &["7"]),
        case("run shell-redis -- ping", 0, &["PONG"]),
        case("run exec app node -- --version", 0, &["v20"]),
        case("run logs --once", 0, &["postgres | ", "app | "]),
        case("run logs-app --once", 0, &["app | "]),
        case("run logs-db --once", 0, &["postgres | "]),
        case("run logs-redis --once", 0, &["redis | "]),
        case("run info", 0, &["http://127.0.0.1:", "app"]),
        with("run restart --only redis", 0, &[], |p| users(p, "50")),
        with("run rebuild", 0, &["healthy"], |p| users(p, "50")),
        with("run db-reset-force", 0, &["rows are new"], |p| {
            users(p, "50");
        }),
        case("run down", 0, &["stopped"]),
        case("run stop", 0, &["nothing was running"]),
        case("run quick-reset --yes", 1, &["lexi run up"]),
        with("run quick-start --yes", 0, &["postgresql://"], |p| {
            users(p, "50");
        }),
        with("run clean", 2, &["rows"], |p| users(p, "50")),
        case("run clean-all --yes", 0, &["backup", "removed"]),
        case("run ps", 0, &[]),
        case("run clean --yes", 0, &["there is nothing to remove"]),
    ];

    /// On the native driver with profile prod: what destroys is refused, or wants more than a yes.
    const PROD: &[Case] = &[
        case(
            "--profile prod run up",
            1,
            &["there is no certificate with a key"],
        ),
        case("run setup --yes", 0, &["made a certificate"]),
        case("run prod --dry-run", 0, &["postgres"]),
        case("--profile prod run ps", 0, &[]),
        case("run prod", 0, &["postgres", "redis", "healthy"]),
        case("--profile prod run status", 0, &["healthy"]),
        case("--profile prod run db-init", 0, &["applied 17 migrations"]),
        case("--profile prod run info", 0, &["lexiflow_prod"]),
        case("--profile prod run shell-db -- -Atc select(7)", 0, &["7"]),
        case("--profile prod run shell-redis -- ping", 0, &["PONG"]),
        case(
            "--profile prod --confirm lexiflow_prod run quick-reset --yes",
            1,
            &["not for profile prod", "nothing was done"],
        ),
        case("--profile prod run db-reset --yes", 2, &["lexiflow_prod"]),
        case("--profile prod run migrate-revert --yes", 2, &["--confirm"]),
        case(
            "--profile prod --confirm lexiflow_prod run clean --volumes --yes",
            1,
            &[
                "there is no verified backup of the last 24 hours",
                "nothing was done",
            ],
        ),
        case("--profile prod run backup", 0, &["lexiflow_backup_"]),
        case(
            "--profile prod run clean --volumes --yes",
            2,
            &["lexiflow_prod"],
        ),
        case(
            "--profile prod --confirm dev run clean --volumes --yes",
            2,
            &["lexiflow_prod"],
        ),
        case("--profile prod run migrate-status", 0, &["applied"]),
        case("--profile prod run down", 0, &["stopped"]),
        case("--profile prod run up", 0, &["healthy"]),
        case(
            // Its containers and networks; what comes next shows that the data is still there.
            "--profile prod run clean --yes",
            0,
            &["removed postgres, redis"],
        ),
        case("--profile prod run up", 0, &["healthy"]),
        case("--profile prod run migrate-status", 0, &["applied"]),
        case(
            "--profile prod --confirm lexiflow_prod run clean --volumes --yes",
            0,
            &["backup"],
        ),
        case(
            "--profile prod run clean",
            0,
            &["there is nothing to remove"],
        ),
    ];

    /// On the native driver with profile test.
    const TEST: &[Case] = &[
        case("--profile test run up", 0, &["postgres", "healthy"]),
        case("--profile test run db-init-seed", 0, &["users"]),
        case("--profile test run status", 0, &["healthy"]),
        case("--profile test run info", 0, &["lexiflow_test"]),
        case("--profile test run shell-db -- -Atc select(7)", 0, &["7"]),
        case(
            "--profile test run test -- --only this",
            0,
            &["tested as test --only this"],
        ),
        case("--profile test run backup", 0, &["lexiflow_backup_"]),
        case("--profile test run db-reset-force", 0, &["rows are new"]),
        case("--profile test run quick-reset --yes", 0, &["rows"]),
        case("--profile test run down", 0, &["stopped"]),
        case("run ps", 0, &[]),
    ];

    #[test]
    fn commands_do_the_same_in_containers() {
        let stack = Stack::new("dev");
        // The others are started in a test of their own; here they would be started anew four times.
        let list = stack.project.read("tasks/lib/stack.rhai");
        let three = list.replace("\"dev\" => dev(),", "\"dev\" => three(dev()),");
        assert_ne!(three, list);
        let three = format!(
            "{three}\nfn three(all) {{\n    for name in [\"pgadmin\", \"redis-commander\", \"mailhog\"] {{ all.remove(name); }}\n    all\n}}\n"
        );
        stack.project.write("tasks/lib/stack.rhai", &three);

        run_all(&stack.project, DOCKER);
    }

    #[test]
    fn commands_in_production_destroy_nothing_by_a_yes() {
        let project = Project::lexiflow();
        let settings = "DB_DATABASE=lexiflow_prod\nDB_USERNAME=lexiflow\nDB_PASSWORD=a-long-password-of-prod\n\
            REDIS_PASSWORD=another-long-password\nJWT_SECRET=uB7xQ2mK9sWv4LzTghij\n\
            SESSION_SECRET=ghijuB7xQ2mK9sWv4LzT\nDB_SSL=true\n";
        let (postgres, redis) = (crate::harness::free_port(), crate::harness::free_port());
        let ports = format!("DB_PORT={postgres}\nREDIS_PORT={redis}\n");
        project.write(".env.prod", &format!("{ports}{settings}"));

        run_all(&project, PROD);
    }

    #[test]
    fn commands_of_the_test_profile_keep_to_its_services() {
        let project = Project::lexiflow();
        let own = project.read("lexi.toml").replace("examples/app", "app");
        project.write("lexi.toml", &own);
        project.write(
            "app/package.json",
            r#"{ "scripts": { "test": "echo tested as $NODE_ENV" } }"#,
        );

        run_all(&project, TEST);
    }
}
