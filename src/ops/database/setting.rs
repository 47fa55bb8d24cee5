//! How the value of a setting of the server is written in SQL.

use super::quote_literal;

/// Settings whose value is a list of names: each name is quoted by itself, as `pg_dumpall` does.
const LISTS: [&str; 6] = [
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
];

/// A value as it stands after `SET name TO`.
pub(in crate::ops) fn written(name: &str, value: &str) -> String {
    if LISTS.contains(&name) {
        written_names(&names(value))
    } else {
        quote_literal(value)
    }
}

/// A list of names as it stands after `SET name TO`.
pub(super) fn written_names(names: &[String]) -> String {
    if names.is_empty() {
        return quote_literal("");
    }
    let quoted: Vec<String> = names.iter().map(|name| quote_literal(name)).collect();
    quoted.join(", ")
}

/// Splits `public, "Odd, Name"` into its names.
pub(super) fn names(list: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = list.trim_start();
    while !rest.is_empty() {
        let (name, after) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted_name(quoted)
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            (rest[..end].trim_end().to_owned(), &rest[end..])
        };
        names.push(name);
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    names
}

fn quoted_name(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if chars.peek().is_some_and(|(_, next)| *next == '"') => {
                chars.next();
                name.push('"');
            }
            '"' => return (name, &text[at + 1..]),
            _ => name.push(c),
        }
    }
    (name, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_quoted_name_by_name_and_other_values_whole() {
        let path = "public, \"Odd, \"\"Name\", audit";
        for (name, value, expected) in [
            ("search_path", path, "'public', 'Odd, \"Name', 'audit'"),
            ("search_path", "", "''"),
            ("shared_preload_libraries", "a,b", "'a', 'b'"),
            ("log_line_prefix", "%t, %p", "'%t, %p'"),
        ] {
            assert_eq!(written(name, value), expected);
        }
    }
}
