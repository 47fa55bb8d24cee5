//! What a dump needs of the server besides rights on its own database, and what in it reaches beyond.

use std::collections::BTreeSet;

use super::lexer::find;
use super::scanner::{name_at, owner_of, role_after, starts_with};

/// What a dump needs of the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// Roles that own something.
    pub(super) owners: BTreeSet<String>,
    /// Roles that a policy of row security is for; without them it cannot be made.
    pub(super) policies: BTreeSet<String>,
    /// Tablespaces that something lies in.
    pub(super) tablespaces: BTreeSet<String>,
    /// Subscriptions to other servers.
    pub(super) subscriptions: BTreeSet<String>,
}

impl Needs {
    /// Notes what a statement needs.
    pub(super) fn see(&mut self, head: &[u8], tail: &[u8]) {
        let is = |prefix: &str| starts_with(head, prefix);
        if is("ALTER DEFAULT PRIVILEGES ") {
            self.owners.extend(role_after(head, b" FOR ROLE "));
        } else if is("ALTER ") {
            self.owners.extend(owner_of(tail));
        } else if let Some(role) = session_role(head) {
            self.owners.insert(role);
        } else if is("CREATE POLICY ") {
            self.policies.extend(policy_roles(head));
        } else if let Some(tablespace) = tablespace(head) {
            self.tablespaces.insert(tablespace);
        } else if let Some(rest) = after(head, "CREATE SUBSCRIPTION ") {
            self.subscriptions
                .extend(name_at(rest).map(|(name, _)| name));
        }
    }
}

/// Why a statement must not be replayed, if so: it would end our transaction, or change what is not in its database.
pub(super) fn obstacle(head: &[u8]) -> Option<String> {
    const ENDING: [&str; 9] = [
        "ROLLBACK",
        "ABORT",
        "END",
        "START TRANSACTION",
        "PREPARE TRANSACTION",
        "SAVEPOINT",
        "RELEASE",
        "BEGIN",
        "COMMIT",
    ];
    const BEYOND: [&str; 9] = [
        "ALTER DATABASE ",
        "ALTER SYSTEM ",
        "ALTER ROLE ",
        "ALTER USER ",
        "ALTER TABLESPACE ",
        "CREATE ROLE ",
        "CREATE USER ",
        "CREATE GROUP ",
        "CREATE TABLESPACE ",
    ];
    let shown = || shown(head);
    // `pg_dump` puts exactly these around large objects; they are left out.
    let is_around_large_objects = starts_with(head, "BEGIN;") || starts_with(head, "COMMIT;");
    let is = |word: &&str| starts_with(head, word);
    if !is_around_large_objects && ENDING.iter().any(|word| is(word) && is_whole(head, word)) {
        return Some(format!(
            "`{}` would end the transaction of the restore",
            shown()
        ));
    }
    let is_user_mapping =
        starts_with(head, "CREATE USER MAPPING ") || starts_with(head, "ALTER USER MAPPING ");
    let is_membership = (is(&"GRANT ") || is(&"REVOKE ")) && find(head, b" ON ").is_none();
    if is_membership || (BEYOND.iter().any(is) && !is_user_mapping) {
        return Some(format!(
            "`{}` reaches beyond its database; make it again with `pg_dump`, without --create",
            shown()
        ));
    }
    let is_copy = is(&"COPY ") && find(&head.to_ascii_lowercase(), b" from stdin").is_none();
    is_copy.then(|| {
        format!(
            "`{}` reads or writes a file or program of the server",
            shown()
        )
    })
}

/// Whether a word of a statement is not only the beginning of a longer one.
fn is_whole(head: &[u8], word: &str) -> bool {
    head.get(word.len())
        .is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
}

fn shown(head: &[u8]) -> String {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let text = String::from_utf8_lossy(&line[..line.len().min(60)]).into_owned();
    text.trim_end_matches(';').to_owned()
}

/// The role of a `SET SESSION AUTHORIZATION`, but for `DEFAULT`.
pub(super) fn session_role(head: &[u8]) -> Option<String> {
    let rest = after(head, "SET SESSION AUTHORIZATION ")?;
    if let Some(quoted) = rest.strip_prefix(b"'") {
        let end = quoted.iter().position(|byte| *byte == b'\'')?;
        return Some(String::from_utf8_lossy(&quoted[..end]).into_owned());
    }
    let (name, _) = name_at(rest)?;
    (rest.first() == Some(&b'"') || !name.eq_ignore_ascii_case("default")).then_some(name)
}

/// The tablespace of a `SET default_tablespace`, but for the default one.
pub(super) fn tablespace(head: &[u8]) -> Option<String> {
    let rest = after(head, "SET default_tablespace = ")?;
    name_at(rest).map(|(name, _)| name)
}

/// The roles of `CREATE POLICY p ON s.t [AS RESTRICTIVE] [FOR x] [TO a, b] ..`.
fn policy_roles(head: &[u8]) -> Vec<String> {
    let mut rest = after(head, "CREATE POLICY ").unwrap_or_default();
    rest = skip_name(rest);
    rest = after(rest, " ON ").unwrap_or_default();
    rest = skip_name(rest);
    if let Some(table) = rest.strip_prefix(b".") {
        rest = skip_name(table);
    }
    for word in [" AS RESTRICTIVE", " AS PERMISSIVE"] {
        rest = after(rest, word).unwrap_or(rest);
    }
    if let Some(command) = after(rest, " FOR ") {
        rest = skip_name(command);
    }
    let Some(mut list) = after(rest, " TO ") else {
        return Vec::new();
    };
    let mut roles = Vec::new();
    while let Some((role, used)) = name_at(list) {
        if list.first() == Some(&b'"') || !role.eq_ignore_ascii_case("public") {
            roles.push(role);
        }
        let Some(next) = after(&list[used..], ", ") else {
            break;
        };
        list = next;
    }
    roles
}

fn skip_name(text: &[u8]) -> &[u8] {
    name_at(text).map_or(&[], |(_, used)| &text[used..])
}

fn after<'a>(text: &'a [u8], prefix: &str) -> Option<&'a [u8]> {
    starts_with(text, prefix).then(|| &text[prefix.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(statement: &str) -> Needs {
        let mut needs = Needs::default();
        needs.see(statement.as_bytes(), statement.as_bytes());
        needs
    }

    #[test]
    fn roles_are_found_where_pg_dump_writes_them() {
        let policies = |sql: &str| {
            let found = needs(sql).policies;
            found.into_iter().collect::<Vec<_>>().join(" ")
        };
        for (sql, expected) in [
            ("CREATE POLICY p ON public.t USING ((a TO b));", ""),
            (
                "CREATE POLICY \"a TO b\" ON public.\"T\" AS RESTRICTIVE FOR SELECT TO \"Odd, One\", two USING (true);",
                "Odd, One two",
            ),
            (
                "CREATE POLICY p ON t FOR ALL TO PUBLIC WITH CHECK (true);",
                "",
            ),
        ] {
            assert_eq!(policies(sql), expected, "{sql}");
        }
        for (sql, owner) in [
            ("ALTER TABLE public.t OWNER TO boss;", Some("boss")),
            ("SET SESSION AUTHORIZATION 'boss';", Some("boss")),
            ("SET SESSION AUTHORIZATION \"Boss\";", Some("Boss")),
            ("SET SESSION AUTHORIZATION DEFAULT;", None),
        ] {
            let found = needs(sql).owners;
            assert_eq!(found.first().map(String::as_str), owner, "{sql}");
        }
    }

    #[test]
    fn tablespaces_and_subscriptions_are_found() {
        let found = needs("SET default_tablespace = \"Fast\";").tablespaces;
        assert_eq!(found.first().unwrap(), "Fast");
        assert!(needs("SET default_tablespace = '';").tablespaces.is_empty());
        let found = needs("CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p;").subscriptions;
        assert_eq!(found.first().unwrap(), "s");
    }

    #[test]
    fn what_ends_the_transaction_or_reaches_beyond_the_database_is_an_obstacle() {
        for sql in [
            "ROLLBACK;",
            "commit work;",
            "BEGIN ISOLATION LEVEL SERIALIZABLE;",
            "END;",
            "START TRANSACTION;",
            "ALTER DATABASE x SET a TO b;",
            "CREATE ROLE x;",
            "GRANT a TO b;",
            "COPY t TO '/etc/x';",
            "COPY t FROM PROGRAM 'sh';",
        ] {
            assert!(obstacle(sql.as_bytes()).is_some(), "{sql}");
        }
        for sql in [
            "BEGIN;",
            "COMMIT;",
            "COMMENT ON TABLE a IS 'b';",
            "CREATE USER MAPPING FOR a SERVER b;",
            "GRANT ALL ON TABLE a TO b;",
            "INSERT INTO a VALUES (1);",
            "COPY a (b) FROM stdin;",
        ] {
            assert_eq!(obstacle(sql.as_bytes()), None, "{sql}");
        }
    }
}
