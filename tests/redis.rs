//! Redis as scripts see it, on a real server.

use crate::harness::Project;

#[test]
fn a_server_that_is_not_there_is_told_with_what_starts_it() {
    let project = Project::new().env("REDIS_PORT", "1");
    project
        .body("redis::ping()")
        .lexi("run t")
        .exits(1)
        .tells("cannot connect to redis 127.0.0.1:1/0")
        .tells("nothing listens there")
        .tells("lexi run up");
}

mod services {
    use super::Project;

    #[test]
    fn replies_keep_their_type() {
        let body = r#"redis::command(["DEL", "types:l"]);
            redis::command(["RPUSH", "types:l", 1, 2.5, "x", blob(1, 255)]);
            let list = redis::command(["LRANGE", "types:l", 0, -1]);
            print(`${list[0].type_of()} ${list[3].type_of()} ${list.len()}`);
            print(`${redis::get("types:none").type_of()} ${redis::command(["LLEN", "types:l"]).type_of()}`);
            try { redis::get("types:l"); } catch (e) { print(`${e.kind} ${e.code}`); }
            try { redis::command([]); } catch (e) { print(e.kind); }
            try { redis::command(["SET", "a", ()]); } catch (e) { print(e.message); }"#;
        Project::new()
            .redis()
            .body(body)
            .lexi("run t")
            .succeeds()
            .stdout("string blob 4\n() i64\nredis WRONGTYPE\ninvalid\na command is made of strings, numbers and blobs, not of a ()\n");
    }

    #[test]
    fn production_is_emptied_only_by_its_name() {
        let project = Project::new()
            .redis()
            .env("REDIS_DB", "9")
            .env("LEXI_PROFILE", "prod")
            .env("DB_DATABASE", "x")
            .body("redis::set(\"a\", \"1\");\nredis::flush(#{});\nprint(redis::get(\"a\"));");

        project
            .lexi("run t --yes")
            .exits(1)
            .tells("emptying redis in profile prod needs its name");
        project.lexi("run t --confirm prod").succeeds().stdout("\n");
        for command in ["FLUSHDB", "flushall"] {
            let body = format!("redis::command([\"{command}\"]);");
            project.body_of("t", &body);
            project
                .lexi("run t --yes")
                .exits(1)
                .tells("emptying redis in profile prod needs its name");
        }
        project.body_of("t", "redis::command([\"FLUSHDB\"]);");
        project.lexi("run t --confirm prod").succeeds();
    }

    #[test]
    fn a_time_limit_ends_a_command_that_blocks() {
        let body = r#"try { timeout("200ms", || redis::command(["BLPOP", "blocks:never", 0])); } catch (e) { print(e.kind); }
            redis::ping();"#;
        Project::new()
            .redis()
            .body(body)
            .lexi("run t")
            .succeeds()
            .stdout("timeout\n");
    }
}
