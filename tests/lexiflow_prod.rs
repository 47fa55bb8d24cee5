//! Production's stack in containers: what goes by network is encrypted, and by whom is verified.

/// Tests that need an engine and the images of tests/images.
mod services {
    use crate::harness::Outcome;
    use crate::lexiflow_containers::services::{PRODUCTION, Stack};

    const ASK: &str = r#"
task("mine", #{}, || { print(db::value("select ssl from pg_stat_ssl where pid = pg_backend_pid()")); });
task("others", #{}, || {
    http::get(`http://127.0.0.1:${env::get("PORT")}/health`);
    let sql = "select ssl from pg_stat_ssl join pg_stat_activity using (pid) \
               where backend_type = 'client backend' and application_name <> 'lexi'";
    let rows = db::query(sql);
    ensure(!rows.is_empty(), "the application keeps a connection");
    print(rows.all(|row| row.ssl));
});
"#;

    struct Prod(Stack);

    impl Prod {
        fn new() -> Self {
            let stack = Stack::new("prod");
            let ports = stack.project.read(".env.prod");
            stack
                .project
                .write(".env.prod", &format!("{ports}{PRODUCTION}"));
            stack.project.write("tasks/tls.rhai", ASK);
            Self(stack)
        }

        #[track_caller]
        fn lexi(&self, words: &str) -> Outcome {
            self.0.project.lexi(&format!("--profile prod {words}"))
        }
    }

    impl Drop for Prod {
        fn drop(&mut self) {
            let _ended = self.lexi("--confirm lexiflow_prod run end");
        }
    }

    #[test]
    fn production_is_encrypted_and_verified() {
        let prod = Prod::new();
        prod.lexi("run up")
            .exits(1)
            .tells("there is no certificate with a key (.lexi/tls/server.crt): lexi run setup");
        prod.lexi("run setup")
            .succeeds()
            .tells("made a certificate for PostgreSQL");
        let rows = prod.lexi("run up --json").succeeds().json();
        assert_eq!(rows.as_array().map(Vec::len), Some(3), "{rows}");
        prod.lexi("run db-init").succeeds();

        prod.lexi("run mine").succeeds().says("true");
        prod.lexi("run others").succeeds().says("true");
        prod.lexi("run backup").succeeds();
        let sql = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
        let words = ["--profile", "prod", "run", "shell-db", "--", "-Atc", sql];
        prod.0.project.run(&words).succeeds().says("t\n");

        refusals(&prod);
        a_new_certificate_is_a_named_change(&prod);
    }

    fn refusals(prod: &Prod) {
        let foreign = crate::harness::Project::new().body("tls::make([]);");
        foreign.lexi("run t").succeeds();
        prod.0
            .project
            .write("foreign.crt", &foreign.read(".lexi/tls/server.crt"));

        prod.lexi("--set DB_SSL_CA=foreign.crt run mine")
            .exits(1)
            .tells("nobody in `[DIR]/foreign.crt` has signed the server's certificate")
            .tells("DB_SSL_CA");
        prod.lexi("--set DB_SSL_CA=foreign.crt --set DB_SSL_REJECT_UNAUTHORIZED=false run mine")
            .succeeds()
            .says("true");
        prod.lexi("--set DB_SSL_CA=nowhere.crt run mine")
            .exits(2)
            .tells("there is no file `nowhere.crt`, which `DB_SSL_CA` names (--set)");
        prod.lexi("--set DB_SSL=false run mine")
            .exits(1)
            .tells("the server takes encrypted connections only")
            .tells("set DB_SSL=true");
    }

    fn a_new_certificate_is_a_named_change(prod: &Prod) {
        prod.lexi("--dry-run run up")
            .succeeds()
            .tells("keep service postgres");
        std::fs::remove_dir_all(prod.0.project.path(".lexi/tls")).unwrap();
        prod.lexi("run setup").succeeds();

        prod.lexi("run mine")
            .exits(1)
            .tells("has signed the server's certificate");
        prod.lexi("--dry-run run up")
            .succeeds()
            .tells(
                "recreate service postgres: secret server.crt changed, secret server.key changed",
            )
            .tells("recreate service app: secret db-ca.crt changed");
        prod.lexi("run up").succeeds();

        prod.lexi("run mine").succeeds().says("true");
    }
}
