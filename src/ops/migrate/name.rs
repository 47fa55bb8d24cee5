//! The names of migration files, those of sqlx and dbmate among them.

/// What a file's name says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FileName<'n> {
    /// `NUMBER_name.up.sql`, `NUMBER_name.down.sql` or `NUMBER_name.sql`.
    Numbered {
        /// Its number.
        version: i64,
        /// Its name.
        name: &'n str,
        /// What it holds.
        half: Half,
    },
    /// `R__name.sql`.
    Repeatable(&'n str),
    /// It begins like a migration and cannot be one.
    Unusable,
    /// Something else, such as `schema.sql`.
    Other,
}

/// Which part of a migration a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    /// What applies it.
    Up,
    /// What takes it back.
    Down,
    /// All of it.
    Both,
}

impl<'n> FileName<'n> {
    /// Takes a name apart.
    pub(super) fn of(file: &'n str) -> Self {
        let Some(stem) = file.strip_suffix(".sql") else {
            return Self::Other;
        };
        if let Some(name) = stem.strip_prefix("R__") {
            return if name.is_empty() {
                Self::Unusable
            } else {
                Self::Repeatable(name)
            };
        }
        let digits = stem.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Self::Other;
        }
        let (number, rest) = stem.split_at(digits);
        let (rest, half) = match (rest.strip_suffix(".up"), rest.strip_suffix(".down")) {
            (Some(rest), _) => (rest, Half::Up),
            (_, Some(rest)) => (rest, Half::Down),
            _ => (rest, Half::Both),
        };
        match number.parse() {
            Ok(version) if version > 0 => Self::Numbered {
                version,
                name: rest.trim_start_matches(['_', '-']),
                half,
            },
            _ => Self::Unusable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let numbered = |version, name, half| FileName::Numbered {
            version,
            name,
            half,
        };
        let cases = [
            (
                "20260101000000_users.up.sql",
                numbered(20_260_101_000_000, "users", Half::Up),
            ),
            ("1_a_b.down.sql", numbered(1, "a_b", Half::Down)),
            ("002_x.sql", numbered(2, "x", Half::Both)),
            ("3-x y.sql", numbered(3, "x y", Half::Both)),
            ("4.sql", numbered(4, "", Half::Both)),
            ("R__views.sql", FileName::Repeatable("views")),
            ("R__.sql", FileName::Unusable),
            ("0_x.sql", FileName::Unusable),
            ("99999999999999999999_x.sql", FileName::Unusable),
            ("schema.sql", FileName::Other),
            ("1_x.txt", FileName::Other),
        ];
        for (name, expected) in cases {
            assert_eq!(FileName::of(name), expected, "{name}");
        }
    }
}
