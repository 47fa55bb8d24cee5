//! Backups and restores on a real server: what comes back, and what is left when something goes wrong.

mod damage;
mod faults;
mod foreign;
mod making;
mod nasty;
mod restoring;
mod traps;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Executor, Row};

use super::restore::{KEEP_OLD, Owners, Plan, RestoreOptions, Restored, plan, restore};
use super::{Artifact, Create, Options, create};
use crate::base::settings::Environment;
use crate::base::{Cancel, Result};
use crate::ops::database::{Target, admin, connect};
use crate::ops::process::Registry;
use crate::ops::testing;
use crate::runtime::Runtime;

/// A database with some content, and a folder for its backups.
struct Bench {
    target: Target,
    folder: tempfile::TempDir,
    registry: Arc<Registry>,
}

/// What dumps stumble over: text that looks like the dump's own, large objects, odd names, all kinds of quotes.
const CONTENT: &str = r#"
create table "Odd ""Name; COPY x FROM stdin;" (id int generated always as identity primary key, t text, b bytea);
insert into "Odd ""Name; COPY x FROM stdin;" (t, b)
    select E'a\n\\.\nCOPY y (z) FROM stdin;\n-- PostgreSQL database dump complete\n\\N\t' || g, '\x00ff5c2e0a'
    from generate_series(1, 300) g;
create table kinds (g int primary key, a int[], r int4range, j jsonb, n numeric, x text generated always as (g || 'x') stored);
insert into kinds values (1, '{1,2}', '[1,5)', '{"a": "\\n;$$"}', 12345678901234567890.5);
create function f() returns text language plpgsql as $f$ begin return $q$;
COPY a FROM stdin;
\.
$q$; end $f$;
create function g(a int) returns int language sql begin atomic select case when a > 1 then 2 else 3 end; select 4; end;
create table rls (id int, o text);
create rule r as on delete to rls do also (insert into rls values (9, 'x;'); update rls set o = 'y;z');
create sequence s start 5 increment 7;
select nextval('s');
create table nothing (a int);
select lo_from_bytea(4711, decode(repeat('deadbeef', 2000), 'hex'));
comment on table rls is E'COPY s1 FROM stdin;\n1\n\\.\n';
"#;

fn run<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    Runtime::default().wait(&Cancel::detached(), future)
}

impl Bench {
    async fn empty() -> Self {
        Self {
            target: testing::database().await,
            folder: tempfile::tempdir().unwrap(),
            registry: Arc::new(Registry::new(&Environment::of(&[(
                "PATH",
                "/usr/bin:/bin",
            )]))),
        }
    }

    async fn with(sql: &str) -> Self {
        let bench = Self::empty().await;
        bench.run(sql).await;
        bench
    }

    async fn run(&self, sql: &str) {
        let mut connection = connect(&self.target).await.unwrap();
        let done = connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await;
        let _answers = done.unwrap();
    }

    async fn ask(&self, sql: &str) -> String {
        ask(&self.target, sql).await
    }

    fn request(&self) -> Create<'_> {
        Create {
            target: &self.target,
            folder: self.folder.path(),
            scratch: self.folder.path(),
            project: "sample",
            profile: "test",
            registry: &self.registry,
            container: None,
            redis: None,
            options: Options {
                wait: Duration::from_secs(30),
                ..Options::default()
            },
        }
    }

    async fn create(&self) -> Result<Artifact> {
        create(&self.request(), &|_| {}).await
    }

    /// Writes a dump that no backup of ours made.
    fn foreign(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    async fn plan(&self, path: &Path) -> Result<Plan> {
        plan(path, &self.target, Owners::AsDumped, &|_| {}).await
    }

    async fn restore(&self, path: &Path) -> Result<Restored> {
        let plan = self.plan(path).await?;
        self.run_plan(&plan, quickly()).await
    }

    async fn run_plan(&self, plan: &Plan, options: RestoreOptions<'_>) -> Result<Restored> {
        let (request, cancel) = (self.request(), Cancel::detached());
        restore(plan, &request, options, &cancel, &|_| {}).await
    }

    /// Runs one of PostgreSQL's own programs on the database and gives what it printed.
    fn tool(&self, name: &str, args: &[&str]) -> Vec<u8> {
        let out = crate::ops::process::command(format!("/usr/lib/postgresql/15/bin/{name}"))
            .args(args)
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.target.port.to_string())
            .env("PGUSER", &self.target.user)
            .env("PGPASSWORD", testing::PASSWORD)
            .env("PGDATABASE", &self.target.database)
            .output()
            .unwrap();
        assert!(
            out.status.success(),
            "{name} {args:?}: {}",
            String::from_utf8_lossy(&out.stderr)
        );
        out.stdout
    }

    /// A dump that `pg_dump` made, in the folder of backups.
    fn dumped(&self, name: &str, args: &[&str]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, self.tool("pg_dump", args)).unwrap();
        path
    }

    /// Everything but the rows, as `pg_dump` writes it.
    fn schema(&self) -> String {
        let dump = self.tool("pg_dump", &["--schema-only", "--restrict-key=k"]);
        String::from_utf8(dump).unwrap()
    }

    /// The names of the databases beside this one.
    async fn beside(&self, word: &str) -> Vec<String> {
        let mut connection = admin::maintenance(&self.target).await.unwrap();
        let all = admin::databases(&mut connection).await.unwrap();
        let prefix = format!("{}_{word}_", self.target.database);
        let names = all.into_iter().map(|database| database.name);
        names.filter(|name| name.starts_with(&prefix)).collect()
    }

    /// The files in the folder of backups, without the lock.
    fn files(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.folder.path()).unwrap().flatten();
        let mut names: Vec<String> = files
            .map(|file| file.file_name().to_string_lossy().into_owned())
            .filter(|name| name != ".lock")
            .collect();
        names.sort();
        names
    }

    /// Every table with its rows as one hash, and everything else as the schema says it.
    async fn content(&self) -> Vec<String> {
        content(&self.target).await
    }
}

/// Without a safety backup, which is a test of its own.
fn quickly() -> RestoreOptions<'static> {
    RestoreOptions {
        safety_backup: false,
        keep_old: Some(KEEP_OLD),
        checks: None,
        wait: Duration::from_secs(30),
    }
}

async fn ask(target: &Target, sql: &str) -> String {
    let mut connection = connect(target).await.unwrap();
    let row = connection
        .fetch_one(sqlx::raw_sql(AssertSqlSafe(sql)))
        .await
        .unwrap();
    row.try_get::<Option<String>, _>(0)
        .unwrap()
        .unwrap_or_default()
}

async fn content(target: &Target) -> Vec<String> {
    let tables = "select string_agg(c.oid::regclass::text, '|' order by c.oid::regclass::text) from pg_class c \
        join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname !~ '^(pg_|information)'";
    let mut found = Vec::new();
    for table in ask(target, tables)
        .await
        .split('|')
        .filter(|table| !table.is_empty())
    {
        let hash = format!(
            "select '{} ' || count(*) || ' ' || md5(coalesce(string_agg(md5(t::text), '|' order by md5(t::text)), '')) from {table} t",
            table.replace('\'', "''")
        );
        found.push(ask(target, &hash).await);
    }
    for other in [
        "select string_agg(loid || md5(data), ' ' order by loid, pageno) from pg_largeobject",
        "select string_agg(sequencename || coalesce(last_value, 0), ' ' order by 1) from pg_sequences",
        "select string_agg(pg_get_functiondef(oid), ' ' order by proname) from pg_proc where pronamespace = 'public'::regnamespace and prokind in ('f', 'p')",
        "select string_agg(definition, ' ' order by tablename) from pg_rules where schemaname = 'public'",
        "select obj_description('rls'::regclass)",
    ] {
        if !(other.contains("'rls'")
            && ask(target, "select to_regclass('rls')::text")
                .await
                .is_empty())
        {
            found.push(ask(target, other).await);
        }
    }
    found
}
