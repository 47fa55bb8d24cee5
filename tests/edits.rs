//! Random changes of a schema, for the property test of `migrate::generate`.
//!
//! Each edit is one or a few statements. Many fail, as their table or column is not there any more: that is as intended,
//! since what succeeds together is then varied.

use crate::soak::Random;

/// The schema that every round begins with.
pub(crate) const BASE: &str = r"
CREATE SCHEMA side;
CREATE EXTENSION btree_gist WITH SCHEMA public;
CREATE TYPE public.mood AS ENUM ('good', 'bad', 'odd one');
CREATE TYPE public.pair AS (left_side integer, right_side text);
CREATE DOMAIN public.positive AS integer CHECK (VALUE > 0);
CREATE SEQUENCE public.numbers;
CREATE FUNCTION public.twice(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'select n * 2';
CREATE FUNCTION public.stamp() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE TABLE public.acct (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text NOT NULL, b integer DEFAULT 3, c public.mood NOT NULL DEFAULT 'good', d timestamptz DEFAULT now(), CONSTRAINT acct_b_check CHECK (b > 0), UNIQUE (a));
CREATE TABLE public.item (id bigint PRIMARY KEY DEFAULT nextval('public.numbers'), a integer REFERENCES public.acct (id) ON DELETE CASCADE, b numeric(10,2), c public.mood[], d jsonb DEFAULT '{}', e integer GENERATED ALWAYS AS (public.twice(a)) STORED);
CREATE TABLE side.line (id serial PRIMARY KEY, a varchar(20), b public.positive, c public.mood CHECK (c <> 'bad'), d date);
CREATE INDEX acct_b_idx ON public.acct (b) WHERE c = 'good';
CREATE INDEX item_d_idx ON public.item USING gin (d);
CREATE INDEX line_a_idx ON side.line (lower(a));
CREATE VIEW public.v1 AS SELECT id, a, b FROM public.acct WHERE c = 'good';
CREATE VIEW public.v2 AS SELECT v.id, i.b FROM public.v1 v JOIN public.item i ON i.a = v.id;
CREATE MATERIALIZED VIEW public.m1 AS SELECT c, count(*) AS n FROM side.line GROUP BY c;
CREATE UNIQUE INDEX m1_c_idx ON public.m1 (c);
CREATE TRIGGER acct_stamp BEFORE UPDATE ON public.acct FOR EACH ROW EXECUTE FUNCTION public.stamp();
ALTER TABLE side.line ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON side.line FOR SELECT USING (a = current_user);
COMMENT ON TABLE public.acct IS 'accounts';
COMMENT ON COLUMN public.acct.a IS 'the name; it''s unique';
";

const TABLES: [&str; 6] = [
    "public.acct",
    "public.item",
    "side.line",
    "public.n1",
    "side.n2",
    "public.\"Odd name\"",
];
const COLUMNS: [&str; 9] = ["a", "b", "c", "d", "e", "x1", "x2", "\"X 3\"", "id"];
const TYPES: [&str; 16] = [
    "text",
    "varchar(20)",
    "varchar(40)",
    "integer",
    "bigint",
    "numeric(10,2)",
    "boolean",
    "date",
    "timestamptz",
    "jsonb",
    "uuid",
    "text[]",
    "public.mood",
    "public.mood[]",
    "public.positive",
    "public.pair",
];
const FUNCTIONS: [&str; 3] = [
    "public.twice(integer)",
    "public.f1(integer)",
    "public.stamp()",
];
const NAMES: [&str; 10] = [
    "acct_b_check",
    "acct_a_key",
    "acct_pkey",
    "item_pkey",
    "item_a_fkey",
    "line_c_check",
    "k1",
    "k2",
    "k3",
    "line_pkey",
];
const INDEXES: [&str; 8] = [
    "public.acct_b_idx",
    "public.item_d_idx",
    "side.line_a_idx",
    "public.m1_c_idx",
    "public.i1",
    "public.i2",
    "side.i1",
    "side.i2",
];
const VIEWS: [&str; 5] = [
    "public.v1",
    "public.v2",
    "public.v3",
    "side.v4",
    "public.m1",
];

/// Picks from lists.
struct Pick<'r>(&'r mut Random);

impl Pick<'_> {
    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.0.below(limit as u64)).unwrap()
    }

    fn of<'l>(&mut self, list: &[&'l str]) -> &'l str {
        list[self.below(list.len())]
    }
}

/// So many random statements.
pub(crate) fn edits(random: &mut Random, count: usize) -> Vec<String> {
    let mut pick = Pick(random);
    (0..count).map(|_| edit(&mut pick)).collect()
}

fn edit(pick: &mut Pick<'_>) -> String {
    match pick.below(100) {
        0..=29 => columns(pick),
        30..=42 => constraints(pick),
        43..=52 => indexes(pick),
        53..=63 => types(pick),
        64..=73 => views(pick),
        74..=83 => routines(pick),
        84..=87 => sequences(pick),
        88..=93 => tables(pick),
        94..=98 => words_and_rights(pick),
        _ => rare(pick),
    }
}

fn value(data_type: &str) -> &'static str {
    match data_type {
        "integer" | "bigint" | "numeric(10,2)" | "public.positive" => "7",
        "boolean" => "true",
        "date" => "'2020-01-01'",
        "timestamptz" => "now()",
        "jsonb" => "'{}'",
        "uuid" => "gen_random_uuid()",
        "text[]" => "'{p,q}'",
        "public.mood" => "'bad'",
        "public.mood[]" => "'{bad,good}'",
        "public.pair" => "'(1,x)'",
        _ => "'x'",
    }
}

fn columns(pick: &mut Pick<'_>) -> String {
    let (table, column, data_type) = (pick.of(&TABLES), pick.of(&COLUMNS), pick.of(&TYPES));
    let alter = format!("ALTER TABLE {table} ALTER COLUMN {column}");
    match pick.below(16) {
        0 | 1 => format!("ALTER TABLE {table} ADD COLUMN {column} {data_type}"),
        2 => format!(
            "ALTER TABLE {table} ADD COLUMN {column} {data_type} NOT NULL DEFAULT {}",
            value(data_type)
        ),
        3 => format!("ALTER TABLE {table} DROP COLUMN {column}"),
        4 => format!("ALTER TABLE {table} DROP COLUMN {column} CASCADE"),
        5 | 6 => format!(
            "ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT, ALTER COLUMN {column} TYPE {data_type} USING NULL::{data_type}"
        ),
        7 => format!("{alter} SET DEFAULT {}", value(data_type)),
        8 => format!("{alter} DROP DEFAULT"),
        9 => format!("{alter} {} NOT NULL", pick.of(&["SET", "DROP"])),
        10 => format!(
            "ALTER TABLE {table} ADD COLUMN {column} integer GENERATED {} AS IDENTITY",
            pick.of(&["ALWAYS", "BY DEFAULT"])
        ),
        11 => format!(
            "{alter} {}",
            pick.of(&[
                "DROP IDENTITY",
                "SET GENERATED BY DEFAULT",
                "DROP EXPRESSION",
                "SET STATISTICS 50",
                "SET STORAGE EXTERNAL",
                "SET INCREMENT BY 5"
            ])
        ),
        12 => format!(
            "ALTER TABLE {table} ADD COLUMN {column} integer GENERATED ALWAYS AS ({}) STORED",
            pick.of(&["b + 1", "public.twice(b)", "length(a)", "public.f1(b)"])
        ),
        13 => format!(
            "ALTER TABLE {table} RENAME COLUMN {column} TO {}",
            pick.of(&COLUMNS)
        ),
        14 => format!(
            "{alter} SET DEFAULT {}",
            pick.of(&[
                "nextval('public.numbers')",
                "public.twice(2)",
                "public.f1(1)",
                "'good'"
            ])
        ),
        _ => format!("ALTER TABLE {table} ADD COLUMN {column} text COLLATE \"C\""),
    }
}

fn constraints(pick: &mut Pick<'_>) -> String {
    let (table, column, name) = (pick.of(&TABLES), pick.of(&COLUMNS), pick.of(&NAMES));
    let add = format!("ALTER TABLE {table} ADD CONSTRAINT {name}");
    match pick.below(10) {
        0 => format!(
            "{add} UNIQUE ({column}) {}",
            pick.of(&["", "DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED"])
        ),
        1 => format!(
            "{add} CHECK ({column} IS NOT NULL) {}",
            pick.of(&["", "NOT VALID"])
        ),
        2 => format!(
            "{add} CHECK ({})",
            pick.of(&[
                "b > 5",
                "c = 'odd one'",
                "length(a) < 9",
                "public.twice(b) > 1"
            ])
        ),
        3 => format!(
            "{add} FOREIGN KEY ({column}) REFERENCES {} {}",
            pick.of(&TABLES),
            pick.of(&[
                "",
                "ON DELETE SET NULL",
                "NOT VALID",
                "DEFERRABLE",
                "ON UPDATE CASCADE"
            ])
        ),
        4 => format!("{add} EXCLUDE USING gist ({column} WITH =)"),
        5 => format!("{add} PRIMARY KEY ({column})"),
        6 | 7 => format!("ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE"),
        8 => format!(
            "ALTER TABLE {table} RENAME CONSTRAINT {name} TO {}",
            pick.of(&NAMES)
        ),
        _ => format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}"),
    }
}

fn indexes(pick: &mut Pick<'_>) -> String {
    let (table, column) = (pick.of(&TABLES), pick.of(&COLUMNS));
    let name = pick.of(&["i1", "i2"]);
    match pick.below(8) {
        0 => format!("CREATE INDEX {name} ON {table} ({column})"),
        1 => format!("CREATE UNIQUE INDEX {name} ON {table} ({column} DESC NULLS LAST)"),
        2 => format!("CREATE INDEX {name} ON {table} ({column}) WHERE {column} IS NOT NULL"),
        3 => format!(
            "CREATE INDEX {name} ON {table} ({})",
            pick.of(&["lower(a)", "(b + 1)", "public.twice(b)"])
        ),
        4 => format!(
            "CREATE INDEX {name} ON {table} (id) INCLUDE ({column}) WHERE {}",
            pick.of(&["c = 'bad'", "b > 2"])
        ),
        5 => format!("DROP INDEX {}", pick.of(&INDEXES)),
        6 => format!("ALTER INDEX {} RENAME TO {name}", pick.of(&INDEXES)),
        _ => format!("CREATE INDEX {name} ON {table} USING hash ({column})"),
    }
}

fn types(pick: &mut Pick<'_>) -> String {
    match pick.below(16) {
        0 => "ALTER TYPE public.mood ADD VALUE 'glad'".to_owned(),
        1 => "ALTER TYPE public.mood ADD VALUE 'first' BEFORE 'good'".to_owned(),
        2 => "ALTER TYPE public.mood ADD VALUE 'mid' AFTER 'good'".to_owned(),
        3 => "ALTER TYPE public.mood RENAME VALUE 'odd one' TO 'even'".to_owned(),
        4 => "DROP TYPE public.mood CASCADE".to_owned(),
        5 => "CREATE TYPE side.tone AS ENUM ('low', 'high')".to_owned(),
        6 => format!("ALTER TABLE {} ADD COLUMN tone side.tone DEFAULT 'low'", pick.of(&TABLES)),
        7 => "ALTER DOMAIN public.positive ADD CONSTRAINT small CHECK (VALUE < 1000)".to_owned(),
        8 => "ALTER DOMAIN public.positive DROP CONSTRAINT positive_check".to_owned(),
        9 => format!("ALTER DOMAIN public.positive {}", pick.of(&["SET DEFAULT 4", "SET NOT NULL"])),
        10 => "ALTER TYPE public.pair ADD ATTRIBUTE middle date".to_owned(),
        11 => "ALTER TYPE public.pair DROP ATTRIBUTE left_side".to_owned(),
        12 => "CREATE DOMAIN side.code AS varchar(8) DEFAULT 'x' NOT NULL CONSTRAINT code_ok CHECK (VALUE ~ '^[a-z]+$')".to_owned(),
        13 => format!("ALTER TABLE {} ADD COLUMN code side.code", pick.of(&TABLES)),
        14 => "CREATE TYPE side.both AS (m public.mood, t text)".to_owned(),
        _ => format!("DROP TYPE {} CASCADE", pick.of(&["side.tone", "public.pair", "public.positive"])),
    }
}

fn views(pick: &mut Pick<'_>) -> String {
    let (table, view) = (pick.of(&TABLES), pick.of(&VIEWS));
    match pick.below(10) {
        0 => format!("CREATE VIEW {view} AS SELECT * FROM {table}"),
        1 => format!(
            "CREATE OR REPLACE VIEW public.v1 AS SELECT id, a, b{} FROM public.acct",
            pick.of(&["", ", c", ", d"])
        ),
        2 => format!(
            "CREATE OR REPLACE VIEW public.v2 AS SELECT id, b::numeric(10,2) AS b FROM {table}"
        ),
        3 => format!("DROP VIEW {view}"),
        4 => format!("DROP VIEW {view} CASCADE"),
        5 => format!(
            "CREATE VIEW side.v4 WITH (security_barrier=true) AS SELECT v.id, public.twice(v.id::integer) AS t FROM {} v",
            pick.of(&["public.v1", "public.v2", "public.acct"])
        ),
        6 => format!("CREATE MATERIALIZED VIEW public.m2 AS SELECT id FROM {table}"),
        7 => "DROP MATERIALIZED VIEW public.m1".to_owned(),
        8 => "CREATE INDEX i2 ON public.m1 (n)".to_owned(),
        _ => format!("ALTER VIEW {view} RENAME TO v3"),
    }
}

fn routines(pick: &mut Pick<'_>) -> String {
    let table = pick.of(&TABLES);
    match pick.below(14) {
        0 => "CREATE OR REPLACE FUNCTION public.twice(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'select n + n'".to_owned(),
        1 => "CREATE OR REPLACE FUNCTION public.f1(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'begin return n; end'".to_owned(),
        2 => "CREATE FUNCTION side.f2(m public.mood, n integer DEFAULT 2) RETURNS text LANGUAGE sql AS $$select m::text$$".to_owned(),
        3 => format!("CREATE FUNCTION side.rows() RETURNS SETOF {table} LANGUAGE sql STABLE AS 'select * from {table}'"),
        4 => format!("CREATE FUNCTION side.atomic() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM {table}; END"),
        5 => "CREATE PROCEDURE side.act(INOUT n integer) LANGUAGE plpgsql AS 'begin n := 1; end'".to_owned(),
        6 => format!("DROP FUNCTION {}", pick.of(&FUNCTIONS)),
        7 => format!("DROP FUNCTION {} CASCADE", pick.of(&FUNCTIONS)),
        8 => format!("CREATE TRIGGER g1 {} ON {table} FOR EACH ROW EXECUTE FUNCTION public.stamp()", pick.of(&["BEFORE INSERT", "AFTER UPDATE OF b", "BEFORE DELETE"])),
        9 => format!("CREATE TRIGGER g2 BEFORE UPDATE ON {table} FOR EACH ROW WHEN (OLD.a IS DISTINCT FROM NEW.a) EXECUTE FUNCTION public.stamp()"),
        10 => format!("DROP TRIGGER {} ON {table}", pick.of(&["acct_stamp", "g1", "g2"])),
        11 => format!("ALTER TABLE {table} {} TRIGGER {}", pick.of(&["DISABLE", "ENABLE ALWAYS"]), pick.of(&["acct_stamp", "g1", "g2"])),
        12 => "DROP FUNCTION public.twice(integer) CASCADE; CREATE FUNCTION public.twice(n integer, m integer DEFAULT 2) RETURNS integer LANGUAGE sql IMMUTABLE AS 'select n * m'".to_owned(),
        _ => "CREATE CONSTRAINT TRIGGER g3 AFTER INSERT ON public.acct DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.stamp()".to_owned(),
    }
}

fn sequences(pick: &mut Pick<'_>) -> String {
    let (table, column) = (pick.of(&TABLES), pick.of(&COLUMNS));
    match pick.below(8) {
        0 => "CREATE SEQUENCE side.more AS smallint START 5 INCREMENT 2".to_owned(),
        1 => "ALTER SEQUENCE public.numbers INCREMENT BY 3 MAXVALUE 1000000 CYCLE".to_owned(),
        2 => format!("ALTER SEQUENCE public.numbers OWNED BY {table}.{column}"),
        3 => "ALTER SEQUENCE side.line_id_seq OWNED BY NONE".to_owned(),
        4 => "DROP SEQUENCE public.numbers CASCADE".to_owned(),
        5 => format!("ALTER TABLE {table} ADD COLUMN {column} serial"),
        6 => "ALTER SEQUENCE public.numbers RENAME TO counts".to_owned(),
        _ => format!("ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT nextval('side.more')"),
    }
}

fn tables(pick: &mut Pick<'_>) -> String {
    let (table, other) = (pick.of(&TABLES), pick.of(&TABLES));
    match pick.below(16) {
        0 => "CREATE TABLE public.n1 (id integer PRIMARY KEY, a text, b integer CHECK (b > public.twice(1)), c public.mood DEFAULT 'bad')".to_owned(),
        1 => format!("CREATE TABLE side.n2 (id bigserial PRIMARY KEY, a text COLLATE \"C\" NOT NULL, b integer REFERENCES {other})"),
        2 => "CREATE TABLE public.\"Odd name\" (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), a varchar(20), \"X 3\" text[] DEFAULT '{}', UNIQUE (a, \"X 3\"))".to_owned(),
        3 => format!("DROP TABLE {table}"),
        4 => format!("DROP TABLE {table} CASCADE"),
        5 => format!("ALTER TABLE {table} RENAME TO n1"),
        6 => format!("ALTER TABLE {table} SET SCHEMA side"),
        7 => format!("ALTER TABLE {table} SET (fillfactor = 70)"),
        8 => format!("ALTER TABLE {table} SET UNLOGGED"),
        9 => format!("ALTER TABLE {table} {} ROW LEVEL SECURITY", pick.of(&["ENABLE", "DISABLE", "FORCE"])),
        10 => format!("CREATE POLICY p1 ON {table} AS RESTRICTIVE FOR UPDATE TO PUBLIC USING (id IS NOT NULL) WITH CHECK (a IS NOT NULL)"),
        11 => "DROP POLICY mine ON side.line".to_owned(),
        12 => "ALTER POLICY mine ON side.line USING (d IS NOT NULL)".to_owned(),
        13 => format!("ALTER TABLE {table} REPLICA IDENTITY FULL"),
        14 => "CREATE SCHEMA extra; CREATE TABLE extra.t (a public.mood)".to_owned(),
        _ => "DROP SCHEMA side CASCADE".to_owned(),
    }
}

fn words_and_rights(pick: &mut Pick<'_>) -> String {
    let (table, column) = (pick.of(&TABLES), pick.of(&COLUMNS));
    match pick.below(10) {
        0 => format!("COMMENT ON TABLE {table} IS 'it''s \\ new'"),
        1 => format!("COMMENT ON COLUMN {table}.{column} IS 'a column'"),
        2 => "COMMENT ON COLUMN public.acct.a IS NULL".to_owned(),
        3 => format!(
            "COMMENT ON CONSTRAINT {} ON {table} IS 'rule'",
            pick.of(&NAMES)
        ),
        4 => format!(
            "COMMENT ON {} IS 'about'",
            pick.of(&[
                "TYPE public.mood",
                "DOMAIN public.positive",
                "SCHEMA side",
                "FUNCTION public.twice(integer)",
                "VIEW public.v1",
                "COLUMN public.v1.a",
                "INDEX public.acct_b_idx",
                "TRIGGER acct_stamp ON public.acct",
                "POLICY mine ON side.line",
                "SEQUENCE public.numbers",
                "MATERIALIZED VIEW public.m1"
            ])
        ),
        5 => format!("GRANT SELECT, INSERT ON {table} TO reader"),
        6 => format!("GRANT UPDATE ({column}) ON {table} TO reader WITH GRANT OPTION"),
        7 => "REVOKE EXECUTE ON FUNCTION public.twice(integer) FROM PUBLIC".to_owned(),
        8 => "GRANT USAGE ON SCHEMA side TO reader".to_owned(),
        _ => format!("GRANT SELECT ON {} TO PUBLIC", pick.of(&VIEWS)),
    }
}

/// What `generate` has no statements for, or hardly ever meets.
fn rare(pick: &mut Pick<'_>) -> String {
    let table = pick.of(&TABLES);
    match pick.below(10) {
        0 => "CREATE AGGREGATE public.total(integer) (SFUNC = int4pl, STYPE = integer)".to_owned(),
        1 => "CREATE TYPE public.span AS RANGE (SUBTYPE = integer)".to_owned(),
        2 => "CREATE TABLE public.parts (id integer, d date) PARTITION BY RANGE (d); CREATE TABLE public.part1 PARTITION OF public.parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')".to_owned(),
        3 => format!("CREATE TABLE public.child (extra text) INHERITS ({table})"),
        4 => "CREATE TEXT SEARCH CONFIGURATION public.plain (COPY = pg_catalog.simple)".to_owned(),
        5 => "CREATE COLLATION public.german (LOCALE = 'C')".to_owned(),
        6 => format!("CREATE RULE quiet AS ON DELETE TO {table} DO INSTEAD NOTHING"),
        7 => format!("CREATE STATISTICS public.st1 (dependencies) ON a, b FROM {table}"),
        8 => format!("CREATE EXTENSION {} WITH SCHEMA public", pick.of(&["citext", "pg_trgm", "hstore"])),
        _ => "DROP EXTENSION btree_gist CASCADE".to_owned(),
    }
}
