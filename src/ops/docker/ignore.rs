//! `.dockerignore`: which files of a build's folder are not sent.
//!
//! The rules are Docker's, not git's: patterns are anchored at the root, the last one that matches decides, and a pattern
//! that matches a folder matches what is in it.

/// The rules of a `.dockerignore` file.
#[derive(Debug, Default)]
pub struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    pattern: Vec<char>,
    is_exception: bool,
}

impl Rules {
    /// Reads the text of the file.
    pub fn parse(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(lines.filter_map(rule).collect())
    }

    /// Whether a path, relative to the root and with `/` between its parts, is left out.
    pub fn ignores(&self, path: &str) -> bool {
        let mut is_ignored = false;
        for rule in &self.0 {
            // A rule that would not change the answer need not be looked at.
            if rule.is_exception == is_ignored && rule.matches(path) {
                is_ignored = !rule.is_exception;
            }
        }
        is_ignored
    }

    /// Whether something in an ignored folder may be wanted all the same.
    pub fn have_exceptions(&self) -> bool {
        self.0.iter().any(|rule| rule.is_exception)
    }
}

fn rule(line: &str) -> Option<Rule> {
    let (is_exception, pattern) = match line.strip_prefix('!') {
        Some(rest) => (true, rest.trim()),
        None => (false, line),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let pattern = parts.join("/").chars().collect::<Vec<_>>();
    (!pattern.is_empty()).then_some(Rule {
        pattern,
        is_exception,
    })
}

impl Rule {
    /// Whether the pattern matches the path or a folder that it is in.
    fn matches(&self, path: &str) -> bool {
        let chars: Vec<char> = path.chars().collect();
        let mut ends = chars.iter().enumerate().filter(|(_, c)| **c == '/');
        is_match(&self.pattern, &chars)
            || ends.any(|(end, _)| is_match(&self.pattern, &chars[..end]))
    }
}

fn is_match(pattern: &[char], path: &[char]) -> bool {
    match pattern {
        [] => path.is_empty(),
        ['*', '*', '/', rest @ ..] => {
            is_match(rest, path)
                || (0..path.len()).any(|at| path[at] == '/' && is_match(rest, &path[at + 1..]))
        }
        ['*', '*', rest @ ..] => (0..=path.len()).any(|at| is_match(rest, &path[at..])),
        ['*', rest @ ..] => {
            let end = path.iter().position(|c| *c == '/').unwrap_or(path.len());
            (0..=end).any(|at| is_match(rest, &path[at..]))
        }
        ['?', rest @ ..] => matches!(path, [c, path @ ..] if *c != '/' && is_match(rest, path)),
        ['[', rest @ ..] => match (class(rest), path) {
            (Some((class, rest)), [c, path @ ..]) => {
                *c != '/' && is_in(class, *c) && is_match(rest, path)
            }
            _ => false,
        },
        ['\\', literal, rest @ ..] | [literal, rest @ ..] => {
            matches!(path, [c, path @ ..] if c == literal && is_match(rest, path))
        }
    }
}

/// The inside of `[..]`, and what follows it.
fn class(pattern: &[char]) -> Option<(&[char], &[char])> {
    let end = pattern.iter().skip(1).position(|c| *c == ']')? + 1;
    Some((&pattern[..end], &pattern[end + 1..]))
}

fn is_in(class: &[char], wanted: char) -> bool {
    let (is_negated, mut class) = match class {
        ['^', rest @ ..] => (true, rest),
        all => (false, all),
    };
    let mut found = false;
    loop {
        class = match class {
            [] => return found != is_negated,
            [from, '-', to, rest @ ..] => {
                found |= (*from..=*to).contains(&wanted);
                rest
            }
            [one, rest @ ..] => {
                found |= *one == wanted;
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_dockers() {
        let cases: [(&str, &str, bool); 24] = [
            ("node_modules", "node_modules/a/b.js", true),
            ("node_modules", "sub/node_modules/a", false),
            ("**/node_modules", "sub/node_modules/a", true),
            ("**/*.log", "a.log", true),
            ("**/*.log", "deep/er/a.log", true),
            ("*.log", "deep/a.log", false),
            ("*/temp*", "a/temporary.txt", true),
            ("*/temp*", "a/b/temporary.txt", false),
            ("temp?", "tempa", true),
            ("temp?", "temp", false),
            ("/dist/", "dist/x", true),
            ("./dist", "dist/x", true),
            ("a/../dist", "dist/x", true),
            ("a/**", "a/b/c", true),
            ("a/**", "b", false),
            ("a/**/z", "a/z", true),
            ("a/**/z", "a/b/c/z", true),
            ("[ab].txt", "a.txt", true),
            ("[^ab].txt", "a.txt", false),
            ("[a-c].txt", "b.txt", true),
            ("a{1,2}", "a1", false),
            (r"\*.txt", "x.txt", false),
            (r"\*.txt", "*.txt", true),
            ("# a comment", "# a comment", false),
        ];
        for (pattern, path, expected) in cases {
            assert_eq!(
                Rules::parse(pattern).ignores(path),
                expected,
                "{pattern} {path}"
            );
        }
    }

    #[test]
    fn the_last_rule_that_matches_decides() {
        let rules = Rules::parse("*.md\n!README*.md\nREADME-secret.md\n\nsrc\n!src/keep\n");

        let ignored = |path| rules.ignores(path);

        assert!(ignored("a.md") && !ignored("README.md") && ignored("README-secret.md"));
        assert!(ignored("src/a") && !ignored("src/keep/a"));
        assert!(rules.have_exceptions());
    }
}
