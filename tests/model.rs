//! LexiFlow's data model as the catalogs of a migrated database tell it, and its seeds as the tables hold them.

mod services {
    use crate::harness::{Project, postgres_port, psql};

    /// A migrated database, without or with the seeds of dev.
    struct Model {
        _project: Project,
        database: String,
    }

    impl Model {
        fn made_by(task: &str) -> Self {
            let project = Project::lexiflow().postgres();
            let _made = project.lexi(&format!("run {task}")).succeeds();
            let database = project.variable("DB_DATABASE");
            Self {
                _project: project,
                database,
            }
        }

        fn ask(&self, sql: &str) -> String {
            psql(postgres_port(), &self.database, sql)
        }

        /// No row may answer; those that do are shown.
        #[track_caller]
        fn none(&self, sql: &str) {
            assert_eq!(self.ask(sql), "", "{sql}");
        }
    }

    const TABLES: &str = "users user_profiles sessions clients organizations legal_entities cases parties case_team_members \
        case_phases projects time_entries rate_tables invoices firm_expenses trust_transactions legal_documents \
        document_versions clauses pleading_documents motions docket_entries discovery_requests depositions esi_sources \
        legal_holds privilege_log_entries evidence_items chain_of_custody_events trial_exhibits witnesses audit_logs \
        conflict_checks ethical_walls conversations messages notifications templates tags tasks comments compliance_audits";

    /// Tables whose rows are evidence: nothing removed elsewhere may remove one.
    const KEPT: &str = "'trust_transactions', 'chain_of_custody_events', 'legal_holds', 'audit_logs', 'record_changes'";

    const NUMBERS: [(&str, u32); 20] = [
        ("users", 50),
        ("clients", 15),
        ("organizations", 5),
        ("cases", 20),
        ("parties", 8),
        ("time_entries", 93),
        ("invoices", 10),
        ("firm_expenses", 20),
        ("legal_documents", 48),
        ("templates", 25),
        ("tags", 32),
        ("docket_entries", 15),
        ("discovery_requests", 8),
        ("depositions", 6),
        ("motions", 5),
        ("tasks", 25),
        ("comments", 25),
        ("compliance_audits", 20),
        ("audit_logs", 8),
        ("notifications", 10),
    ];

    #[test]
    fn the_model_is_whole() {
        let model = Model::made_by("db-init");
        for table in TABLES.split_whitespace() {
            assert_eq!(
                model.ask(&format!("select to_regclass('public.{table}')")),
                table
            );
        }

        // A foreign key without an index makes each deletion read the whole table.
        model.none(
            "select conrelid::regclass, conname from pg_constraint c where contype = 'f' and connamespace::regnamespace::text in ('public', 'audit') \
             and not exists (select from pg_index i where i.indrelid = c.conrelid and i.indpred is null \
             and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] <@ c.conkey)",
        );
        model.none(
            "select attrelid::regclass from pg_attribute a join pg_class r on r.oid = attrelid and relkind = 'r' and relnamespace = 'public'::regnamespace \
             where attname = 'updated_at' and not exists (select from pg_trigger where tgrelid = attrelid and tgfoid = 'public.set_updated_at()'::regprocedure)",
        );
        model.none(
            "select t.oid::regtype from pg_type t where typtype = 'e' and typnamespace = 'public'::regnamespace \
             and not exists (select from pg_attribute where atttypid in (t.oid, t.typarray) and attrelid in (select oid from pg_class where relkind = 'r'))",
        );
        model.none("select indexrelid::regclass from pg_index where not indisvalid");
        model.none("select conname from pg_constraint where not convalidated");
        // Money is decimal(15,2), as is each amount, rate, fee and budget.
        model.none(
            "select table_name, column_name from information_schema.columns where table_schema = 'public' \
             and column_name ~ '(amount|budget|balance|_value|hourly_rate|subtotal|total)$' and data_type = 'numeric' \
             and (numeric_precision, numeric_scale) <> (15, 2) and table_name not in (select viewname from pg_views)",
        );
        for (table, column) in [
            ("users", "email"),
            ("clients", "client_number"),
            ("cases", "case_number"),
            ("invoices", "invoice_number"),
        ] {
            let sql = format!(
                "select count(*) > 0 from pg_index i join pg_attribute a on a.attrelid = indrelid and attnum = indkey[0] \
                 where indrelid = 'public.{table}'::regclass and indisunique and indnatts = 1 and attname = '{column}'"
            );
            assert_eq!(model.ask(&sql), "t", "{table}.{column} is unique");
        }
        // Each key is a uuid that the database makes.
        model.none(&format!(
            "select table_name from information_schema.columns where table_schema = 'public' and column_name = 'id' \
             and (data_type <> 'uuid' or column_default not like '%uuid_generate_v4()') and table_name = any(string_to_array('{}', ' '))",
            TABLES.split_whitespace().collect::<Vec<_>>().join(" ")
        ));
    }

    #[test]
    fn evidence_is_never_removed_by_a_cascade_and_a_case_takes_along_what_is_its_own() {
        let model = Model::made_by("db-init");
        model.none(&format!(
            "select conrelid::regclass, conname from pg_constraint where contype = 'f' and confdeltype in ('c', 'd') \
             and conrelid in (select oid from pg_class where relname in ({KEPT}))"
        ));
        let rule = |table: &str| {
            model.ask(&format!(
                "select distinct confdeltype from pg_constraint where contype = 'f' and conrelid = 'public.{table}'::regclass and confrelid = 'public.cases'::regclass"
            ))
        };
        for table in [
            "parties",
            "case_team_members",
            "case_phases",
            "projects",
            "motions",
            "docket_entries",
            "discovery_requests",
            "depositions",
        ] {
            assert_eq!(rule(table), "c", "{table}");
        }
        for table in [
            "legal_documents",
            "firm_expenses",
            "invoices",
            "conversations",
        ] {
            assert_eq!(rule(table), "n", "{table}");
        }
        for table in ["trust_transactions", "legal_holds"] {
            assert!(matches!(rule(table).as_str(), "a" | "r"), "{table}");
        }
        // Every sensitive table leaves a trace, and nothing that is removed removes it.
        model.none(&format!(
            "select t from unnest(array['users', 'clients', 'cases', 'invoices', 'time_entries', 'legal_documents', 'evidence_items', {KEPT}]) t \
             where t <> 'record_changes' and not exists (select from pg_trigger where tgrelid = ('public.' || t)::regclass and tgname = 'record_change')"
        ));
    }

    #[test]
    fn documents_are_found_by_their_words_without_accents_and_through_an_index() {
        let model = Model::made_by("db-init");
        let index = model.ask(
            "select count(*) from pg_index i join pg_attribute a on a.attrelid = indrelid and attnum = any(indkey) join pg_class c on c.oid = indexrelid \
             join pg_am m on m.oid = relam where indrelid = 'public.legal_documents'::regclass and amname = 'gin' and atttypid = 'tsvector'::regtype",
        );
        assert_eq!(index, "1");
        let found = model.ask(
            "insert into legal_documents (title, content, kind, file_name, file_path, mime_type, file_size, checksum) values ('Résumé of the señor', 'The deponents testified.', 'brief', 'a', 'a', 'text/plain', 1, repeat('0', 64)); \
             select title from search_documents('resume deponent')",
        );
        assert_eq!(found, "Résumé of the señor");
    }

    #[test]
    fn the_seeds_of_dev_are_as_many_as_ever_and_agree_with_themselves() {
        let model = Model::made_by("db-init-seed");
        for (table, least) in NUMBERS {
            let rows: u32 = model
                .ask(&format!("select count(*) from {table}"))
                .parse()
                .unwrap();
            assert!(
                rows >= least,
                "{rows} rows of {table}, at least {least} are wanted"
            );
        }
        model.none("select id from time_entries where amount <> round(hours * hourly_rate, 2)");
        model.none("select id from time_entries t where worked_on > current_date or worked_on < (select opened_on from cases where id = case_id)");
        model.none("select id from cases where opened_on > coalesce(closed_on, current_date) or filed_on < opened_on");
        model.none("select id from invoices where due_on < issued_on");
        model.none("select id from users where created_at > now()");
        // An enum, a check or a foreign key that a seed would break refuses it; these are rules between rows.
        let checks = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/checks");
        for check in std::fs::read_dir(checks).unwrap() {
            model.none(&std::fs::read_to_string(check.unwrap().path()).unwrap());
        }
        model.none(
            "select email from users where email !~ '@([a-z.-]+\\.)?example\\.(com|org|net)$'",
        );
    }
}
