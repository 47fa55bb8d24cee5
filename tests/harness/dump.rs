//! What a database looks like to `pg_dump`, asked by the tests themselves.

use std::path::Path;
use std::process::Command;

/// The schema of a database of the tests' own server, without the line that is random.
#[track_caller]
pub(crate) fn schema(port: u16, database: &str) -> String {
    let out = Command::new("/usr/lib/postgresql/15/bin/pg_dump")
        .args([
            "-s",
            "-O",
            "-x",
            "-N",
            "lexi",
            "-h",
            "127.0.0.1",
            "-U",
            "tester",
        ])
        .args(["-p", &port.to_string(), database])
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let is_key = |line: &&str| line.starts_with("\\restrict") || line.starts_with("\\unrestrict");
    let lines: Vec<&str> = text.lines().filter(|line| !is_key(line)).collect();
    lines.join("\n")
}

/// The same with the columns of each table in the order of their names.
pub(crate) fn in_any_column_order(dump: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut table: Option<Vec<String>> = None;
    for line in dump.lines() {
        match &mut table {
            Some(columns) if line.starts_with(')') => {
                columns.sort();
                lines.append(columns);
                lines.push(line.to_owned());
                table = None;
            }
            Some(columns) => columns.push(line.trim_end_matches(',').to_owned()),
            None => {
                lines.push(line.to_owned());
                let is_table =
                    line.starts_with("CREATE TABLE ") || line.starts_with("CREATE UNLOGGED TABLE ");
                if is_table && line.ends_with('(') {
                    table = Some(Vec::new());
                }
            }
        }
    }
    lines.join("\n")
}

/// Runs a file of SQL as a person would; the error if it does not run.
pub(crate) fn run_file(port: u16, database: &str, file: &Path) -> Result<(), String> {
    let out = Command::new("/usr/lib/postgresql/15/bin/psql")
        .args([
            "-X",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
            "-U",
            "tester",
        ])
        .args(["-p", &port.to_string(), "-d", database, "-f"])
        .arg(file)
        .output()
        .unwrap();
    if out.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&out.stderr).into_owned())
    }
}

/// Runs statements that may fail, each by itself.
pub(crate) fn try_all(port: u16, database: &str, statements: &[String]) {
    let mut psql = Command::new("/usr/lib/postgresql/15/bin/psql");
    psql.args(["-X", "-q", "-h", "127.0.0.1", "-U", "tester"])
        .args(["-p", &port.to_string(), "-d", database]);
    for statement in statements {
        psql.args(["-c", statement]);
    }
    let _some_fail = psql.output().unwrap();
}
