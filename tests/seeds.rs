//! Seeds: their formats, their order, what is said of a row that the table refuses, and copies for load tests.

mod services {
    use crate::harness::{Outcome, Project};

    const SCHEMA: &str = r"db::batch(`CREATE TYPE mood AS ENUM ('good', 'bad');
        CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL UNIQUE, mood mood, age int CONSTRAINT grown CHECK (age > 17), tags text[], doc jsonb, pay numeric(12,4));
        CREATE TABLE notes (id serial PRIMARY KEY, person int REFERENCES people, text text);`);";

    /// A project with a database that has the tables, and these files of the set `common`.
    fn with(files: &[(&str, &str)], then: &str) -> Outcome {
        let mut project = Project::new().postgres();
        for (name, text) in files {
            project = project.file(&format!("seeds/common/{name}"), text);
        }
        project.body(&format!("{SCHEMA}\n{then}")).lexi("run t")
    }

    /// Loads a file that is refused, into an empty table and into one with a row; both must say the same.
    #[track_caller]
    fn refused(name: &str, text: &str, words: &[&str]) {
        let other = r#"db::exec("INSERT INTO people (id, name) VALUES (99, 'there')");"#;
        for first in ["", other] {
            let mut out = with(&[(name, text)], &format!("{first}\nseed::load();")).exits(1);
            out = out.tells("nothing was loaded");
            for word in words {
                out = out.tells(word);
            }
        }
    }

    #[test]
    fn every_format_fills_its_table_and_a_second_load_changes_nothing() {
        let files = [
            (
                "010_people.csv",
                "id,name,mood,tags\n1,\"A\nB\",good,\"{x,y}\"\n2,B,,\n",
            ),
            (
                "020_people.json",
                r#"[{"id": 3, "name": "C", "mood": "bad", "age": 20, "tags": ["p", "q,r"], "doc": {"a": [1, null]}, "pay": 12345678.1234}]"#,
            ),
            (
                "030_people.rhai",
                "let rows = [];\nfor n in 4..6 { rows.push(#{ id: n, name: `P${n}`, doc: #{ n: n }, mood: () }); }\nrows",
            ),
            (
                "040_more.sql",
                "UPDATE people SET age = 30 WHERE id = 1 AND age IS NULL;",
            ),
        ];
        with(
            &files,
            r#"let first = seed::load();
               let rows = db::query("SELECT * FROM people ORDER BY id");
               ensure(rows.len() == 5 && rows[0].name == "A\nB" && rows[0].tags == ["x", "y"] && rows[0].age == 30, `${rows[0]}`);
               ensure(rows[2].tags == ["p", "q,r"] && rows[2].doc.a == [1, ()] && rows[2].pay == "12345678.1234", `${rows[2]}`);
               ensure(rows[4].doc.n == 5 && rows[4].mood == (), `${rows[4]}`);
               let again = seed::load();
               print(first.map(|one| one.inserted));
               print(again.map(|one| `${one.inserted} of ${one.rows}`));
               ensure(db::query("SELECT * FROM people ORDER BY id") == rows, "changed");"#,
        )
        .succeeds()
        .says("[2, 1, 2, 1]\n")
        .says(r#"["0 of 2", "0 of 1", "0 of 2", "0 of 0"]"#);
    }

    #[test]
    fn a_table_is_filled_after_those_it_refers_to_and_its_sequence_goes_on() {
        let files = [
            ("010_notes.csv", "id,person,text\n7,1,x\n"),
            ("020_people.csv", "id,name\n1,A\n"),
        ];
        with(
            &files,
            r#"print(seed::load().map(|one| one.table));
               print(db::value("INSERT INTO notes (person) VALUES (1) RETURNING id"));"#,
        )
        .succeeds()
        .says(r#"["people", "notes"]"#)
        .says("\n8\n");
    }

    #[test]
    fn a_refused_value_is_named_by_file_line_row_and_column() {
        let line = "seeds/common/010_people.csv:4, row 2, column `mood`";
        refused(
            "010_people.csv",
            "id,name,mood\n1,\"A\nB\",good\n2,C,ugly\n",
            &[line, "invalid input value for enum mood: \"ugly\""],
        );
        let line = "seeds/common/010_people.csv:3, row 2, column `age`";
        refused(
            "010_people.csv",
            "id,name,age\n1,A,18\n2,C,17\n3,D,19\n",
            &[line, "grown"],
        );
        let line = "seeds/common/010_people.csv:2, row 1, column `name`";
        refused("010_people.csv", "id,name\n1,\n", &[line]);
        let place = "seeds/common/010_people.json, row 2, column `mood`";
        refused(
            "010_people.json",
            r#"[{"id": 1, "name": "A", "mood": "good"}, {"id": 2, "name": "B", "mood": "ugly"}]"#,
            &[place, "\"ugly\""],
        );
        let place = "seeds/common/010_notes.csv:3, row 2, column `person`";
        refused("010_notes.csv", "id,person\n1,\n2,5\n", &[place]);
    }

    #[test]
    fn what_is_no_row_is_refused_before_the_server_is_asked() {
        let json =
            |text: &'static str| with(&[("010_people.json", text)], "seed::load();").exits(1);
        json("[{\"id\": 1},\n 5]").tells("seeds/common/010_people.json, row 2: not an object");
        json("{\"id\": 1}").tells("seeds/common/010_people.json:1:");
        json(r#"[{"id": 1, "name": "A"}, {"id": 2}]"#)
            .tells("row 2: has no `name`, which row 1 has")
            .tells("give every row the same keys");
        with(&[("010_people.rhai", "#{ id: 1 }")], "seed::load();")
            .exits(1)
            .tells("`seeds/common/010_people.rhai` gives map, not an array of maps");
        with(&[("010_people.csv", "id,\n1,2\n")], "seed::load();")
            .exits(1)
            .tells("seeds/common/010_people.csv:1: the first line must name the columns");
        with(&[("010_nowhere.csv", "id\n1\n")], "seed::load();")
            .exits(1)
            .tells("seeds/common/010_nowhere.csv")
            .tells("nowhere");
    }

    #[test]
    fn one_refused_row_leaves_all_tables_as_they_were() {
        let files = [
            ("010_people.csv", "id,name\n1,A\n"),
            ("020_notes.csv", "id,person\n1,2\n"),
        ];
        with(
            &files,
            r#"try { seed::load(); } catch (e) { print(`${e.kind} ${e.row}`); }
               print(db::value("SELECT count(*) FROM people"));"#,
        )
        .succeeds()
        .says("database 1\n0\n");
    }

    #[test]
    fn the_shipped_sets_agree_with_themselves_also_in_copies() {
        let project = Project::lexiflow().postgres();
        let run = |words: &str| project.lexi(words).succeeds();
        let _made = run("run db-init");
        let _demo = run("run seed common demo");
        let _dev = run("run seed --scale 3").tells("3 times as many cases");
        let again = run("run seed --scale 3");
        let _same = again.tells("0 rows of");
        project
            .task(
                "counts.rhai",
                r#"task("t", #{}, || {
                    print(db::value("select count(*) from cases"));
                    print(db::value("select count(distinct case_number) from cases"));
                    for file in fs::glob("sql/checks/*.sql") {
                        let bad = db::query(fs::read(file));
                        ensure(bad.is_empty(), `${file}: ${bad}`);
                    }
                });"#,
            )
            .lexi("run t")
            .succeeds()
            .says("69\n69\n");
    }

    #[test]
    fn a_reset_keeps_a_backup_and_prod_wants_the_name() {
        let project = Project::lexiflow().postgres();
        let _made = project.lexi("run db-init-seed").succeeds();
        let users = |project: &Project| project.lexi("run db-rows").out;
        let project = project.task(
            "rows.rhai",
            r#"task("db-rows", #{}, || print(`${db::value("select count(*) from users")} users`));"#,
        );
        assert!(users(&project).contains("50 users"));

        project
            .lexi("run db-reset")
            .exits(2)
            .tells("is dropped and made anew");
        for words in ["run db-reset --yes", "run db-reset-force --yes"] {
            project
                .lexi(&format!("--profile prod {words}"))
                .exits(2)
                .tells("--confirm");
        }
        project
            .lexi("--profile prod run seed dev")
            .exits(1)
            .tells("takes only the set `common`");
        assert!(users(&project).contains("50 users"));

        let _reset = project
            .lexi("run db-reset --yes")
            .succeeds()
            .tells("lexi run restore lexiflow_backup_");
        assert!(users(&project).contains("0 users"));
        let _forced = project.lexi("run db-reset-force").succeeds();
        assert!(users(&project).contains("50 users"));
        assert_eq!(
            std::fs::read_dir(project.path("backups"))
                .unwrap()
                .filter(|file| {
                    let name = file.as_ref().unwrap().file_name();
                    name.to_string_lossy().ends_with(".sql.gz")
                })
                .count(),
            2
        );
    }
}
