//! Statements of a dump that are not replayed, or otherwise than they are written.

use std::collections::BTreeSet;

use super::super::lexer::Statement;
use super::super::needs::{session_role, tablespace};
use super::super::scanner::{extension_of, grantee_of, owner_of, role_after, starts_with};
use crate::base::text::list;

/// What is left out of a dump, besides what would end the transaction.
#[derive(Debug, Clone, Default)]
pub(super) struct Omit {
    /// Whether nothing is said about owners and rights at all: everything is ours.
    pub(super) all_owners: bool,
    /// Roles that do not exist here, or that we may not make an owner: what they own will be ours.
    pub(super) owners: BTreeSet<String>,
    /// Roles that do not exist here: their rights go nowhere.
    pub(super) grantees: BTreeSet<String>,
    /// Extensions that only a superuser may create, and that nothing may depend on then.
    pub(super) extensions: BTreeSet<String>,
    /// Tablespaces that do not exist here.
    pub(super) tablespaces: BTreeSet<String>,
    /// Subscriptions: the side database must neither take changes twice nor be held by one.
    pub(super) subscriptions: BTreeSet<String>,
}

/// What becomes of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Keep,
    LeaveOut,
    Replace(&'static str),
}

impl Omit {
    /// What becomes of a statement: some would end the transaction, some an older server does not know, and some we have no
    /// right to run and nothing depends on.
    pub(super) fn decide(&self, statement: &Statement) -> Fate {
        let (head, tail) = (statement.head(), statement.tail());
        let is = |prefix: &str| starts_with(head, prefix);
        if let Some(role) = session_role(head) {
            // The last one said whose all that follows is.
            return Self::replace_if(self.is_owner_left_out(&role), "RESET SESSION AUTHORIZATION");
        }
        if let Some(space) = tablespace(head) {
            return Self::replace_if(
                self.tablespaces.contains(&space),
                "SET default_tablespace = ''",
            );
        }
        let is_left_out = match () {
            () if is("BEGIN;") || is("COMMIT;") => true,
            () if is("SET transaction_timeout") => true,
            () if is("COMMENT ON EXTENSION ") || is("COMMENT ON DATABASE ") => true,
            // A new database has it already.
            () if is("CREATE SCHEMA public;") => true,
            () if is("CREATE EXTENSION ") => {
                extension_of(head).is_some_and(|name| self.extensions.contains(&name))
            }
            () if is("ALTER DEFAULT PRIVILEGES ") => {
                let role = role_after(head, b" FOR ROLE ");
                role.is_some_and(|role| self.is_owner_left_out(&role))
                    || self.is_right_left_out(tail)
            }
            () if is("CREATE SUBSCRIPTION ") || is("ALTER SUBSCRIPTION ") => true,
            () if is("COMMENT ON SUBSCRIPTION ") => true,
            () if is("ALTER ") => owner_of(tail).is_some_and(|role| self.is_owner_left_out(&role)),
            () if is("GRANT ") || is("REVOKE ") => self.is_right_left_out(tail),
            () => false,
        };
        if is_left_out {
            Fate::LeaveOut
        } else {
            Fate::Keep
        }
    }

    const fn replace_if(is_left_out: bool, with: &'static str) -> Fate {
        if is_left_out {
            Fate::Replace(with)
        } else {
            Fate::Keep
        }
    }

    fn is_owner_left_out(&self, role: &str) -> bool {
        self.all_owners || self.owners.contains(role)
    }

    fn is_right_left_out(&self, tail: &[u8]) -> bool {
        self.all_owners || grantee_of(tail).is_some_and(|role| self.grantees.contains(&role))
    }

    /// What will be left out, each in one line.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if !(self.all_owners || self.owners.is_empty()) {
            warnings.push(format!(
                "there is no role {} here, or we may not act for it: what it owns will be ours",
                named(&self.owners)
            ));
        }
        if !(self.all_owners || self.grantees.is_empty()) {
            warnings.push(format!(
                "there is no role {} here: its rights are left out",
                named(&self.grantees)
            ));
        }
        let others = [
            (
                &self.extensions,
                "left out, only a superuser may create it: extension",
            ),
            (
                &self.tablespaces,
                "not here, the default one is used: tablespace",
            ),
            (
                &self.subscriptions,
                "left out, make it again by hand: subscription",
            ),
        ];
        for (names, why) in others {
            if !names.is_empty() {
                warnings.push(format!("{why} {}", named(names)));
            }
        }
        warnings
    }
}

/// Names for a message.
pub(super) fn named(names: &BTreeSet<String>) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    list(&quoted)
}
