//! TLS between `lexi` and the PostgreSQL that the native driver runs.

/// Tests that need servers.
mod services {
    use std::os::unix::fs::MetadataExt;

    use crate::harness::{Outcome, Project};

    const ASK: &str = r#"
task("mine", #{}, || { print(db::value("select ssl from pg_stat_ssl where pid = pg_backend_pid()")); });
task("key", #{}, || { print(db::value("show ssl_key_file")); });
"#;

    struct Flow(Project);

    impl Flow {
        /// LexiFlow with TLS in its dev profile.
        fn started() -> Self {
            let project = Project::lexiflow().task("tls.rhai", ASK);
            let ports = project.read(".env.dev");
            project.write(".env.dev", &format!("{ports}DB_SSL=true\n"));
            let flow = Self(project);
            let _set_up = flow.lexi("run setup --yes").succeeds();
            let _started = flow.lexi("run up").succeeds();
            flow
        }

        #[track_caller]
        fn lexi(&self, words: &str) -> Outcome {
            self.0.lexi(words)
        }
    }

    impl Drop for Flow {
        fn drop(&mut self) {
            let _down = self.0.lexi("run down");
        }
    }

    /// Writes a certificate that signs itself, as `NAME.crt` and `NAME.key`.
    fn certificate(project: &Project, name: &str, host: &str, last_year: i32) {
        let mut parameters = rcgen::CertificateParams::new([host.to_owned()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(last_year, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let made = parameters.self_signed(&key).unwrap();
        project.write(&format!("{name}.crt"), &made.pem());
        project.write(&format!("{name}.key"), &key.serialize_pem());
    }

    /// The settings that make a certificate the server's and its own authority.
    fn with(name: &str) -> String {
        format!(
            "--set DB_SSL_SERVER_CERT_FILE={name}.crt --set DB_SSL_SERVER_KEY_FILE={name}.key \
             --set DB_SSL_CA={name}.crt"
        )
    }

    #[test]
    fn the_native_server_takes_tls_and_alone_can_read_its_key() {
        let flow = Flow::started();

        flow.lexi("run mine").succeeds().says("true");
        let key = flow.lexi("run key").succeeds().out;
        let key = key
            .trim()
            .replace("[DIR]", &flow.0.path("").display().to_string());
        let facts = std::fs::metadata(&key).unwrap_or_else(|e| panic!("{key}: {e}"));
        let data = std::path::Path::new(&key)
            .ancestors()
            .nth(2)
            .unwrap()
            .join("data");
        assert_eq!(facts.mode() & 0o777, 0o600);
        assert_eq!(facts.uid(), std::fs::metadata(data).unwrap().uid());
        let own = std::fs::metadata(flow.0.path(".lexi/tls/server.key")).unwrap();
        assert_eq!(own.mode() & 0o777, 0o600);

        let _again = flow.lexi("run setup --yes").succeeds().hides("certificate");
        flow.lexi("run up").succeeds().hides("other settings");
    }

    #[test]
    fn a_certificate_for_another_host_or_time_is_refused_and_told() {
        let flow = Flow::started();
        certificate(&flow.0, "elsewhere", "db.example.com", 2120);
        certificate(&flow.0, "old", "127.0.0.1", 2021);

        let up = flow.lexi(&format!("{} run up", with("elsewhere")));
        up.succeeds().tells("started with other settings");
        let _restarted = flow
            .lexi(&format!("{} run restart", with("elsewhere")))
            .succeeds();
        flow.lexi(&format!("{} run mine", with("elsewhere")))
            .exits(1)
            .tells("the server's certificate is not for `127.0.0.1`");
        // What is refused once is not asked for again and again.
        flow.lexi(&format!("{} run db-ready", with("elsewhere")))
            .exits(1)
            .tells("is not for `127.0.0.1`")
            .hides("not ready within");
        let _restarted = flow
            .lexi(&format!("{} run restart", with("old")))
            .succeeds();
        flow.lexi(&format!("{} run mine", with("old")))
            .exits(1)
            .tells("the server's certificate has expired");
    }

    #[test]
    fn a_server_without_tls_is_told_from_one_that_does_not_answer() {
        let project = Project::new()
            .postgres()
            .env("DB_SSL", "true")
            .body("db::value(\"select 1\");");

        project
            .lexi("run t")
            .exits(1)
            .tells("the server has no TLS, and DB_SSL is true")
            .tells("lexi run setup");
    }

    #[test]
    fn a_certificate_needs_its_key() {
        let flow = Project::lexiflow().env("DB_SSL", "true");

        flow.lexi("run up")
            .exits(1)
            .tells("there is no certificate in .lexi/tls/server.crt")
            .tells("lexi run setup");
        flow.lexi("--set DB_SSL_SERVER_CERT_FILE=a.crt run up")
            .exits(2)
            .tells("`DB_SSL_SERVER_CERT_FILE` is set and `DB_SSL_SERVER_KEY_FILE` is not");
        flow.lexi("--set DB_SSL_SERVER_CERT_FILE=a.crt --set DB_SSL_SERVER_KEY_FILE=a.key run setup --yes")
            .exits(1)
            .tells("there is no file `a.crt`, which `DB_SSL_SERVER_CERT_FILE` names");
    }
}
