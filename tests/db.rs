//! The database as scripts see it, on a real server.

mod services {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::os::unix::fs::PermissionsExt;
    use std::time::{Duration, Instant};

    use crate::harness::{HUNG, Outcome, Project, Signal, psql_as, send};

    /// A project with a database and where that is.
    fn project() -> (Project, u16, String) {
        let project = Project::new()
            .postgres()
            .body("print(`${db::target().port} ${db::target().database}`)");
        let out = project.lexi("run t").succeeds().out;
        let (port, name) = out.trim().split_once(' ').unwrap();
        (project, port.parse().unwrap(), name.to_owned())
    }

    /// Asks the harness's server as its owner.
    fn psql(port: u16, database: &str, sql: &str) -> String {
        psql_as(port, "tester", "tester-password", database, sql)
    }

    fn body(body: &str) -> Outcome {
        Project::new().postgres().body(body).lexi("run t")
    }

    /// How many sessions of the database run a statement or are in a transaction.
    fn busy(port: u16, name: &str) -> String {
        let sql = format!(
            "select count(*) from pg_stat_activity where datname = '{name}' and state <> 'idle'"
        );
        psql(port, "postgres", &sql)
    }

    fn until(what: &str, holds: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !holds() {
            assert!(Instant::now() < deadline, "not {what}");
            std::thread::yield_now();
        }
    }

    #[test]
    fn rows_become_values_that_scripts_understand() {
        body(
            r#"let row = db::one(`SELECT 1::int2 AS small, 9223372036854775807 AS large, 1.10::numeric AS exact, 0.1::float4 AS float,
                 NULL AS nothing, '\x00ff'::bytea AS bytes, '2024-01-02 03:04:05.5+02'::timestamptz AS at, ARRAY[[1,2],[3,NULL]] AS grid,
                 '{"a": [1, {"b": null}], "c": 1.5}'::jsonb AS doc`);
               print(row.to_json());
               print(row.bytes.type_of() + row.bytes.len());"#,
        )
        .succeeds()
        .says(r#""grid":[[1,2],[3,null]]"#)
        .says(r#""at":"2024-01-02T01:04:05.5Z""#)
        .says(r#""doc":{"a":[1,{"b":null}],"c":1.5}"#)
        .says(r#""exact":"1.10""#)
        .says(r#""float":0.1,"#)
        .says(r#""large":9223372036854775807"#)
        .says("blob2");
    }

    #[test]
    fn parameters_are_bound_and_never_spliced() {
        body(
            r#"db::exec("CREATE TYPE mood AS ENUM ('good', 'bad')");
               db::exec("CREATE TABLE t (id uuid, n numeric, doc jsonb, tags text[], m mood, at timestamptz, raw bytea, i int)");
               let nasty = "'; DROP TABLE t; --";
               db::exec("INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", ["0b5e7d3a-1c2d-4e5f-8a9b-000000000001",
                 12, #{ text: nasty }, [nasty, ()], "bad", "2024-01-31T00:00:00Z", blob(3, 1), "42"]);
               let row = db::one("SELECT * FROM t WHERE id = $1 AND tags[1] = $2", ["0b5e7d3a-1c2d-4e5f-8a9b-000000000001", nasty]);
               ensure(row.doc.text == nasty && row.tags == [nasty, ()] && row.n == "12" && row.i == 42, `${row}`);
               ensure(row.raw == blob(3, 1), "bytes");
               try { db::query("SELECT $1::int + $2::int", [1, "x"]); } catch (e) { print(`${e.kind} ${e.parameter} ${e.message}`); }
               try { db::query("SELECT $1::int", [1, 2]); } catch (e) { print(`${e.kind} ${e.message}`); }
               try { db::query("SELECT $1::mood", ["ugly"]); } catch (e) { print(`${e.kind} ${e.sqlstate}`); }"#,
        )
        .succeeds()
        .says("database 2 parameter 2 (int4): invalid input syntax for type integer: \"x\"\n")
        .says("invalid the statement takes 1 parameter, 2 given\n")
        .says("database 22P02\n");
    }

    #[test]
    fn an_error_points_at_the_script_and_says_what_the_server_said() {
        body("db::exec(\"CREATE TABLE t (id int PRIMARY KEY)\");\ndb::exec(\"INSERT INTO t VALUES (1), (1)\");")
            .exits(1)
            .tells("duplicate key value violates unique constraint \"t_pkey\"")
            .tells("Key (id)=(1) already exists.")
            .tells("tasks/t.rhai:5");
    }

    #[test]
    fn a_wrong_password_is_never_shown() {
        let project = Project::new().postgres().body("db::connect(#{ host: \"127.0.0.1\", user: \"nobody\", password: \"hunter2-secret\" });");
        // The server of the harness trusts everybody, so that only the user can be wrong.
        project
            .lexi("run t")
            .exits(1)
            .tells("cannot connect to database")
            .hides("hunter2-secret");
    }

    /// A server that asks for the password in clear, once, and gives what it hears.
    fn asking() -> (u16, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = std::thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let mut heard = vec![0; 4096];
            let _startup = client.read(&mut heard).unwrap();
            client.write_all(b"R\0\0\0\x08\0\0\0\x03").unwrap();
            let length = client.read(&mut heard).unwrap();
            String::from_utf8_lossy(&heard[..length]).into_owned()
        });
        (port, heard)
    }

    #[test]
    fn the_profiles_password_is_for_its_own_server() {
        let (port, heard) = asking();
        let body = format!("db::connect(#{{ host: \"127.0.0.1\", port: {port}, tls: \"off\" }});");

        let project = Project::new()
            .env("DB_DATABASE", "x")
            .env("DB_USERNAME", "x")
            .env("DB_PASSWORD", "hunter2-secret")
            .body(&body);

        project.lexi("run t").exits(1);
        let heard = heard.join().unwrap();
        assert!(!heard.contains("hunter2-secret"), "{heard}");
    }

    #[test]
    fn the_profiles_password_is_sent_no_more_openly_than_the_profile_says() {
        Project::new()
            .env("DB_DATABASE", "x")
            .env("DB_USERNAME", "x")
            .env("DB_PASSWORD", "hunter2-secret")
            .env("DB_SSL", "true")
            .body("db::connect(#{ tls: \"off\" });")
            .lexi("run t")
            .exits(1)
            .tells("would send the profile's password less safely");
    }

    #[test]
    fn rows_in_a_new_file_are_for_the_user_alone() {
        let project = Project::new().postgres().file("old.csv", "").body(
            "db::copy_out(\"select 1\", \"new.csv\"); db::copy_out(\"select 1\", \"old.csv\");",
        );
        let mode = |name| {
            std::fs::metadata(project.path(name))
                .unwrap()
                .permissions()
                .mode()
                & 0o777
        };
        let before = mode("old.csv");

        project.lexi("run t").succeeds();

        assert_eq!((mode("new.csv"), mode("old.csv")), (0o600, before));
    }

    #[test]
    fn a_server_that_is_not_there_is_told_with_what_starts_it() {
        let project = Project::new()
            .env("DB_PORT", "1")
            .env("DB_DATABASE", "x")
            .env("DB_USERNAME", "x");
        project
            .body("try { db::query(\"SELECT 1\"); } catch (e) { print(e.kind); }\ndb::wait(#{ timeout: \"100ms\" });")
            .lexi("run t")
            .exits(124)
            .says("unavailable\n")
            .tells("was not ready within 100ms")
            .tells("nothing listens there")
            .tells("lexi run up");
    }

    #[test]
    fn a_transaction_is_rolled_back_by_a_throw_and_its_parts_by_themselves() {
        body(
            r#"db::exec("CREATE TABLE t (n int)");
               try { db::transaction(|tx| { tx.exec("INSERT INTO t VALUES (1)"); throw "no"; }); } catch (e) { print(`caught ${e}`); }
               let kept = db::transaction(|tx| {
                   tx.exec("INSERT INTO t VALUES (2)");
                   try { tx.transaction(|part| { part.exec("INSERT INTO t VALUES (3)"); part.exec("nonsense"); }); } catch (e) { print(e.sqlstate); }
                   tx.transaction(|part| part.exec("INSERT INTO t VALUES (4)"));
                   "value"
               });
               print(`${kept} ${db::query("SELECT n FROM t ORDER BY n")}`);
               let leaked = (); db::transaction(|tx| { leaked = tx; });
               try { leaked.exec("SELECT 1"); } catch (e) { print(e.message); }
               db::transaction(|tx| { try { tx.exec("nonsense"); } catch (e) {} tx });"#,
        )
        .exits(1)
        .says("caught no\n42601\nvalue [#{\"n\": 2}, #{\"n\": 4}]\n")
        .says("this transaction is over")
        .tells("nothing was committed");
    }

    #[test]
    fn a_signal_ends_what_runs_on_the_server() {
        for (how, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::KILL, 137)] {
            for statement in [
                "db::exec(`SELECT pg_sleep(600)`)",
                "db::transaction(|tx| { tx.exec(`CREATE TABLE t (n int)`); tx.query(`SELECT pg_sleep(600)`) })",
            ] {
                let (project, port, name) = project();
                let project = project.body(&format!("defer(|| print(\"cleaned\"));\n{statement};"));
                let child = project.start(&["run", "t"]);
                until("started", || busy(port, &name) == "1");

                assert!(send(how, i32::try_from(child.id()).unwrap()), "{how:?}");

                let outcome = Outcome::wait(child, HUNG, project.root(), &["run", "t"]);
                assert_eq!(outcome.code, Some(code), "{}", outcome.err);
                if how != Signal::KILL {
                    assert_eq!(outcome.out, "cleaned\n");
                }
                until("ended", || busy(port, &name) == "0");
                assert_eq!(psql(port, &name, "select to_regclass('t') is null"), "t");
            }
        }
    }

    #[test]
    fn a_time_limit_ends_the_statement_and_the_script_goes_on() {
        let (project, port, name) = project();
        project
            .body(
                r#"try { timeout("300ms", || db::exec("SELECT pg_sleep(600)")); } catch (e) { print(e.kind); }
                   db::transaction(|tx| {
                       try { timeout("300ms", || tx.exec("SELECT pg_sleep(600)")); } catch (e) { print(e.kind); }
                       try { tx.exec("SELECT 1"); } catch (e) { print(e.kind); }
                   });"#,
            )
            .lexi("run t")
            .exits(1)
            .says("timeout\ntimeout\nunavailable\n")
            .tells("rolled back");
        until("ended", || busy(port, &name) == "0");
    }

    #[test]
    fn several_at_once_do_not_disturb_each_other() {
        body(
            r#"db::exec("CREATE TABLE t (n int)");
               let all = [];
               for n in 0..40 { all.push(n); }
               parallel_map(all, 12, |n| db::exec("INSERT INTO t VALUES ($1)", [n]));
               print(db::value("SELECT count(DISTINCT n) FROM t"));"#,
        )
        .succeeds()
        .stdout("40\n");
    }

    #[test]
    fn a_batch_names_file_statement_and_line() {
        let project = Project::new().postgres().file(
            "a.sql",
            "CREATE TABLE t (n int);\n\nINSERT INTO t\nVALUES ('x');\n",
        );
        project
            .body("try { db::batch_file(\"a.sql\"); } catch (e) { print(`${e.path} ${e.statement} ${e.line}`); throw; }")
            .lexi("run t")
            .exits(1)
            .says("a.sql 2 4\n")
            .tells("`a.sql`: statement 2 (line 4): invalid input syntax");
    }

    #[test]
    fn production_is_dropped_only_by_its_name() {
        let (project, port, name) = project();
        let victim = format!("{name}_victim");
        let project = project
            .body(&format!("db::create(\"{victim}\", #{{}});"))
            .env("LEXI_PROFILE", "prod");
        project.lexi("run t").succeeds();
        let project = project.body(&format!("db::drop(\"{victim}\", #{{}});"));

        project
            .lexi("run t --yes")
            .exits(1)
            .tells("needs its name; nothing was done")
            .tells(&format!("--confirm {victim}"));
        project.run(&["run", "t", "--confirm", &name]).exits(1);
        let there = format!("select count(*) from pg_database where datname = '{victim}'");
        assert_eq!(psql(port, "postgres", &there), "1");
        project.run(&["run", "t", "--confirm", &victim]).succeeds();
        assert_eq!(psql(port, "postgres", &there), "0");
    }
}
