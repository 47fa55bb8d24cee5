//! A bad and a good example for each rule.

use super::rule::RULES;
use super::*;

/// What ran before the file that is looked at.
const BEFORE: &str = r#"
create function public.plain(text) returns text language sql immutable set search_path = '' as 'select $1';
create function dice() returns int language sql as 'select 6';
create table cases (id uuid primary key, title varchar(50), fee numeric(10,2), at timestamp(0), n int, tags text[]);
create table public.clients (id uuid primary key, "Name" text, filled int constraint filled check (filled is not null));
alter table clients add constraint has_filled check (filled is not null) not valid;
alter table clients validate constraint has_filled;
create type mood as enum ('good');
create materialized view report as select 1;
create index cases_title_idx on cases (title);
"#;

fn script(text: &str) -> Script {
    Script::whole("m.up.sql", text).unwrap()
}

fn lint(text: &str) -> Result<Vec<Finding>> {
    let mut linter = Linter::default();
    linter.learn(SqlText::whole("before.sql", BEFORE))?;
    linter.check(&script(text))
}

fn rules(text: &str) -> Vec<&'static str> {
    lint(text)
        .unwrap()
        .iter()
        .map(|finding| finding.rule)
        .collect()
}

/// A rule, what breaks it and nothing else, and what does not break any.
const CASES: [(&str, &[&str], &[&str]); 28] = [
    (
        "index-not-concurrent",
        &[
            "create index on cases (title)",
            "CREATE UNIQUE INDEX IF NOT EXISTS i ON ONLY public.CASES USING btree (title)",
            "create index \"of; cases\" on \"cases\" (title)",
            "create /* concurrently */ index i -- concurrently\n on cases (title)",
            "create index i on unheard_of (a)",
            "create table \"Cases\" (a int); create index i on cases (title)",
        ],
        &[
            "create table t (a int); create index i on t (a); create index on public.t (a)",
            "create table \"T;1\" (a int); create index on \"T;1\" (a)",
            "create temp table if not exists t (a int); create index on t (a)",
            "select 'create index on cases (title)', $$create index on cases (title)$$",
            "-- create index on cases (title);\ncomment on table cases is 'create index on cases (title)'",
        ],
    ),
    (
        "drop-index-not-concurrent",
        &["drop index cases_title_idx", "drop index if exists a.b"],
        &["create table t (a int); create index i on t (a); drop index i"],
    ),
    (
        "reindex-not-concurrent",
        &[
            "reindex table cases",
            "REINDEX (VERBOSE) INDEX cases_title_idx",
        ],
        &["-- lexi:no-transaction\nreindex table concurrently cases"],
    ),
    (
        "concurrently-in-transaction",
        &[
            "create index concurrently i on cases (title)",
            "drop index concurrently cases_title_idx",
            "reindex index concurrently cases_title_idx",
            "alter table cases detach partition p concurrently",
        ],
        &[
            "-- lexi:no-transaction\ncreate index concurrently i on cases (title)",
            "-- lexi:no-transaction\nset statement_timeout = 0; drop index concurrently if exists i; create index concurrently i on cases (title)",
        ],
    ),
    (
        "concurrently-mixed",
        &[
            "-- lexi:no-transaction\ncreate index concurrently i on cases (title); alter table cases add a int",
        ],
        &["-- lexi:no-transaction\nalter type mood add value 'bad'; select 'bad'::mood"],
    ),
    (
        "outside-transaction-only",
        &[
            "alter system set work_mem = '8MB'",
            "vacuum cases",
            "create database d",
        ],
        &["-- lexi:no-transaction\nvacuum cases", "analyze cases"],
    ),
    (
        "transaction-word",
        &[
            "begin",
            "Commit",
            "rollback",
            "start transaction read only",
            "savepoint s",
            "END",
        ],
        &[
            "do $$ begin perform 1; end $$",
            "create function f() returns int language sql begin atomic select 1; end",
        ],
    ),
    (
        "set-not-null",
        &[
            "alter table cases alter title set not null",
            "ALTER TABLE ONLY cases ALTER COLUMN \"title\" SET NOT NULL",
        ],
        &[
            "alter table clients alter column filled set not null",
            "create table t (a int); alter table t alter a set not null",
        ],
    ),
    (
        "add-column-not-null",
        &[
            "alter table cases add column a int not null",
            "alter table cases add a text NOT NULL, add b int",
        ],
        &[
            "alter table cases add a int not null default 0, add column if not exists b text",
            "alter table cases add a int default 1 not null",
            "alter table cases add a text[] default array['x', 'y'] not null",
        ],
    ),
    (
        "volatile-default",
        &[
            "alter table cases add a uuid default gen_random_uuid()",
            "alter table cases add a uuid not null default public.uuid_generate_v4()",
            "alter table cases add a bigserial",
            "alter table cases add a int generated always as identity",
            "alter table cases add a int default public.dice()",
        ],
        &[
            "alter table cases add a timestamptz default now()",
            "alter table cases add a text default public.plain('x')",
            "alter table cases add a uuid, alter a set default gen_random_uuid()",
        ],
    ),
    (
        "stored-generated-column",
        &["alter table cases add a int generated always as (n + 1) stored"],
        &["create table t (n int, a int generated always as (n + 1) stored)"],
    ),
    (
        "constraint-not-valid",
        &[
            "alter table cases add constraint c foreign key (n) references t",
            "alter table cases add check (n > 0)",
            "alter table cases add a int check (a > 0)",
            "alter table cases add a int default 1 references t",
        ],
        &[
            "alter table cases add constraint c foreign key (n) references t not valid",
            "alter table cases add constraint c check (n > 0) not valid",
            "alter table cases add a uuid references clients on delete cascade",
            "alter table cases validate constraint older",
        ],
    ),
    (
        "validate-with-add",
        &[
            "alter table cases add constraint c check (n > 0) not valid; alter table cases validate constraint c",
        ],
        &[
            "-- lexi:no-transaction\nalter table cases add constraint c check (n > 0) not valid; alter table cases validate constraint c",
        ],
    ),
    (
        "unique-without-index",
        &[
            "alter table cases add constraint u unique (title)",
            "alter table cases add primary key (id)",
            "alter table cases add a int unique",
            "alter table cases add exclude using gist (n with =)",
        ],
        &["alter table cases add constraint u unique using index cases_title_idx"],
    ),
    (
        "type-change",
        &[
            "alter table cases alter title type varchar(20)",
            "alter table cases alter title type text collate \"C\"",
            "alter table cases alter n type bigint",
            "alter table cases alter column n set data type text using n::text",
            "alter table cases alter fee type numeric(12,4)",
            "alter table cases alter tags type text",
            "alter table cases alter unheard_of type text",
        ],
        &[
            "alter table cases alter title type varchar(51)",
            "alter table cases alter title type character varying, alter title type text",
            "alter table cases alter fee type numeric(12,2)",
            "alter table cases alter fee type decimal",
            "alter table cases alter at type timestamp(3) without time zone",
            "alter table cases alter n type int4, alter tags type text[]",
        ],
    ),
    (
        "table-rewrite",
        &[
            "alter table cases set tablespace t",
            "alter table cases set unlogged",
            "cluster cases using i",
            "-- lexi:no-transaction\nvacuum full cases",
            "-- lexi:no-transaction\nvacuum (analyze, full) cases",
        ],
        &["alter table cases set (fillfactor = 70)"],
    ),
    (
        "refresh-not-concurrent",
        &["refresh materialized view report"],
        &[
            "refresh materialized view concurrently report",
            "create materialized view v as select 1; refresh materialized view v",
        ],
    ),
    (
        "drop-column",
        &[
            "alter table cases drop title",
            "ALTER TABLE IF EXISTS cases DROP COLUMN IF EXISTS \"Title\" RESTRICT",
            "do $$ begin if exists (select 1) then alter table cases drop column title; end if; end $$",
        ],
        &[
            "alter table cases drop constraint c, alter title drop default, alter title drop not null",
        ],
    ),
    (
        "drop-table",
        &[
            "drop table if exists cases",
            "DROP TABLE a.b",
            "drop foreign table f; drop table f",
        ],
        &[
            "create table t (); drop table t",
            "drop view v",
            "drop function f(int)",
        ],
    ),
    ("drop-schema", &["drop schema s"], &["create schema s"]),
    (
        "drop-database",
        &["-- lexi:no-transaction\ndrop database d"],
        &["alter database d set a = 1"],
    ),
    (
        "drop-cascade",
        &[
            "drop type mood cascade",
            "drop extension if exists citext cascade",
            "drop owned by somebody",
        ],
        &[
            "drop type mood",
            "create type t as enum (); drop type t cascade",
        ],
    ),
    (
        "rename",
        &[
            "alter table cases rename title to name",
            "alter table cases rename column title to name",
            "alter table cases rename to matters",
            "alter table cases set schema archive",
            "alter type mood rename value 'good' to 'fine'",
            "alter view v rename to w",
        ],
        &[
            "alter table cases rename constraint a to b",
            "alter index i rename to j",
            "create table t (a int); alter table t rename a to b; alter table t rename to u; create index on u (b)",
        ],
    ),
    (
        "truncate",
        &["truncate cases", "TRUNCATE TABLE ONLY public.cases CASCADE"],
        &["create table t (); truncate t"],
    ),
    (
        "write-without-where",
        &[
            "delete from cases",
            "update public.cases set n = 1",
            "with old as (delete from cases returning id) select 1 from old",
            "with a as (select 1 where true) update cases set n = 1",
            "update cases set n = (select 1 where true)",
        ],
        &[
            "delete from cases where n = 1",
            "update cases set n = 1 from clients c where c.id = cases.id",
            "insert into cases (n) values (1) on conflict do update set n = 1",
            "create table t (a int); update t set a = 1",
            "create trigger t before update on cases for each row execute function f()",
            "select 1 from cases for update",
        ],
    ),
    (
        "enum-value-used",
        &["alter type mood add value 'bad'; select 'bad'::mood"],
        &[
            "alter type mood add value if not exists 'bad'; select 'good'::mood",
            "create type t as enum ('a'); alter type t add value 'b'; select 'b'::t",
        ],
    ),
    (
        "search-path-trap",
        &[
            "create table t (a text); create index on t (unaccent(a))",
            "create table t (a text, b text generated always as (plain(a)) stored)",
            "create table t (a text check (similarity(a, 'x') > 0))",
            "create table t (a text, constraint c check (plain(a) <> ''))",
            "create function f(text) returns text language sql immutable as $f$ select unaccent('unaccent', $1) $f$",
        ],
        &[
            "create table t (a text); create index on t (lower(a), public.plain(a), \"public\".unaccent(a))",
            "create function f(text) returns text language sql immutable set search_path = public as 'select unaccent($1)'",
            "create function f(text) returns text language sql stable as 'select unaccent($1)'",
            "create function f(a text) returns text language sql immutable return unaccent(a)",
        ],
    ),
    (
        "disable-trigger",
        &["alter table cases disable trigger all"],
        &["alter table cases enable trigger all"],
    ),
];

#[test]
fn each_rule_is_broken_by_its_bad_examples_alone_and_not_by_its_good_ones() {
    let ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
    let tried: Vec<_> = CASES.iter().map(|(id, ..)| *id).collect();
    assert_eq!(tried, ids);
    for (id, bad, good) in CASES {
        for sql in bad {
            let mut found = rules(sql);
            found.dedup();
            assert_eq!(found, [id], "{sql}");
            if !sql.contains(['\'', '"', '$', '-']) {
                assert_eq!(rules(&sql.to_uppercase()), rules(sql), "{sql}");
            }
        }
        for sql in good {
            assert_eq!(rules(sql), [""; 0], "{sql}");
        }
    }
}

#[test]
fn a_finding_names_the_line_the_statement_the_reason_and_the_safe_way() {
    let text = "-- head\n\nselect 1;\n/* a\n */ alter  table cases\n  drop column title;\ndo $$\nbegin\n  delete from cases;\nend $$;";

    let found = lint(text).unwrap();

    assert_eq!((found[0].line, found[1].line), (5, 9));
    let shown = found[0].to_string();
    assert!(
        shown.starts_with("m.up.sql:5: drop-column: the data of `cases.title` are lost"),
        "{shown}"
    );
    assert!(
        shown.contains("\n    alter table cases drop column title\n    safe: "),
        "{shown}"
    );
    assert_eq!(found[1].statement, "delete from cases");
}

#[test]
fn a_file_allows_rules_by_name_and_an_unknown_name_is_refused() {
    let text = "-- lexi:allow drop-column, rename\nalter table cases drop title, rename n to m;\ntruncate cases;";
    assert_eq!(rules(text), ["truncate"]);
    assert_eq!(rules("truncate cases;\n  --lexi:allow truncate"), [""; 0]);
    assert_eq!(
        rules("select '\n-- lexi:allow truncate\n'; truncate cases"),
        ["truncate"]
    );

    let error = lint("select 1;\n-- lexi:allow drop-colum\n").unwrap_err();

    assert_eq!(
        error.message(),
        "m.up.sql:2: there is no rule `drop-colum` to allow"
    );
    assert_eq!(error.hint_text(), Some("did you mean `drop-column`?"));
}

#[test]
fn what_a_run_has_made_is_new_for_all_its_files_until_it_ends() {
    let mut linter = Linter::default();
    let check = |linter: &mut Linter, text: &str| linter.check(&script(text)).unwrap().len();

    assert_eq!(check(&mut linter, "create table t (a int)"), 0);
    assert_eq!(
        check(&mut linter, "create index on t (a); alter table t drop a"),
        0
    );
    linter.settle();
    assert_eq!(check(&mut linter, "create index on t (a)"), 1);
}
