//! Functions that a restore does not find: a dump is loaded with an empty search path.
//!
//! The server's own functions are always found. Those of the project and of its extensions are known by name.

use super::super::column::{Column, Constraint};
use super::super::pieces::{Cursor, Piece, pieces};
use super::super::rule::SEARCH_PATH;
use super::super::shape::{Action, Shape};
use super::{Hit, Place};
use crate::ops::migrate::lint::known::Known;

/// Functions of the extensions in `sql/init` that an index, a constraint or a generated column may want.
const OF_EXTENSIONS: [&str; 25] = [
    "unaccent",
    "similarity",
    "word_similarity",
    "strict_word_similarity",
    "show_trgm",
    "uuid_generate_v1",
    "uuid_generate_v3",
    "uuid_generate_v4",
    "uuid_generate_v5",
    "uuid_nil",
    "digest",
    "hmac",
    "crypt",
    "gen_salt",
    "encrypt",
    "decrypt",
    "armor",
    "dearmor",
    "soundex",
    "difference",
    "levenshtein",
    "metaphone",
    "dmetaphone",
    "dmetaphone_alt",
    "citext",
];

pub(super) fn check(shape: &Shape<'_>, place: Place<'_>) -> Vec<Hit> {
    let expressions: Vec<&[Piece<'_>]> = match shape {
        Shape::CreateIndex(index) => vec![index.rest.rest()],
        Shape::CreateTable(table) => {
            let columns = table.columns.iter().flat_map(Column::expressions);
            let checks = table.constraints.iter().filter_map(Constraint::expression);
            columns.chain(checks).collect()
        }
        Shape::AlterTable { actions, .. } => actions.iter().flat_map(of_action).collect(),
        Shape::CreateFunction(_, rest) => return check_function(*rest, place.known),
        _ => Vec::new(),
    };
    let trapped = expressions
        .into_iter()
        .flat_map(|text| trapped(text, place.known));
    trapped.map(|name| Hit::new(&SEARCH_PATH, name)).collect()
}

fn of_action<'p>(action: &Action<'p>) -> Vec<&'p [Piece<'p>]> {
    match action {
        Action::AddColumn(column) => column.expressions(),
        Action::AddConstraint(constraint) => constraint.expression().into_iter().collect(),
        _ => Vec::new(),
    }
}

/// An immutable function is one that an index may call; with a search path of its own it finds what it calls.
fn check_function(rest: Cursor<'_>, known: &Known) -> Vec<Hit> {
    if !rest.has("immutable") || rest.has("set search_path") {
        return Vec::new();
    }
    // A body in standard SQL is not text: its names are looked up once, when the function is made.
    let text = rest.after("as").and_then(|mut body| match body.next() {
        Some(Piece::Text(text, _)) => Some(*text),
        _ => None,
    });
    let inner = pieces(text.unwrap_or_default());
    let names = trapped(&inner, known);
    names
        .into_iter()
        .map(|name| Hit::new(&SEARCH_PATH, name))
        .collect()
}

fn trapped(expression: &[Piece<'_>], known: &Known) -> Vec<String> {
    let is_trap = |call: &Call<'_>| {
        !call.has_schema && (OF_EXTENSIONS.contains(&call.name) || known.is_foreign(call.name))
    };
    let calls = calls(expression).into_iter().filter(is_trap);
    calls.map(|call| call.name.to_owned()).collect()
}

/// A function that is called.
pub(super) struct Call<'p> {
    pub(super) name: &'p str,
    has_schema: bool,
}

/// The functions that an expression calls: names before parentheses.
pub(super) fn calls<'p>(expression: &'p [Piece<'p>]) -> Vec<Call<'p>> {
    let call = |at: usize| {
        let (Piece::Word(name) | Piece::Name(name)) = &expression[at] else {
            return None;
        };
        let is_call = expression.get(at + 1) == Some(&Piece::Open);
        let has_schema = at > 0 && expression[at - 1] == Piece::Sign('.');
        is_call.then_some(Call { name, has_schema })
    };
    (0..expression.len()).filter_map(call).collect()
}
