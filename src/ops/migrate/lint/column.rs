//! Columns and constraints as a statement defines them, and which changes of a type leave the table's rows alone.

use super::pieces::{Cursor, Piece};

/// A column as it is defined.
#[derive(Debug, Clone)]
pub(super) struct Column<'p> {
    /// Its name.
    pub(super) name: String,
    /// Its type.
    pub(super) kind: Kind,
    /// What follows the type.
    rest: Cursor<'p>,
}

/// What ends a type, and a default.
const CONSTRAINTS: [&str; 12] = [
    "collate",
    "constraint",
    "not",
    "null",
    "check",
    "default",
    "generated",
    "unique",
    "primary",
    "references",
    "deferrable",
    "initially",
];

impl<'p> Column<'p> {
    /// Reads `name type constraints`.
    pub(super) fn read(mut at: Cursor<'p>) -> Option<Self> {
        let name = at.identifier()?;
        let kind = Kind::read(at.until(&CONSTRAINTS));
        Some(Self {
            name,
            kind,
            rest: at,
        })
    }

    pub(super) fn is_not_null(&self) -> bool {
        self.rest.has("not null") || self.is_primary_key()
    }

    pub(super) fn is_primary_key(&self) -> bool {
        self.rest.has("primary key")
    }

    pub(super) fn is_unique(&self) -> bool {
        self.rest.has("unique")
    }

    pub(super) fn is_checked(&self) -> bool {
        self.rest.has("check")
    }

    pub(super) fn is_reference(&self) -> bool {
        self.rest.has("references")
    }

    /// Whether its value comes from a sequence.
    pub(super) fn is_numbered(&self) -> bool {
        self.rest.has("as identity") || self.kind.base.ends_with("serial")
    }

    /// Whether its value is computed and kept.
    pub(super) fn is_stored(&self) -> bool {
        self.rest.has("stored")
    }

    /// The expression of its default; nothing for `DEFAULT NULL`.
    pub(super) fn default(&self) -> Option<&'p [Piece<'p>]> {
        let mut after = self.rest.after("default")?;
        if after.starts("null") {
            return None;
        }
        Some(after.until(&CONSTRAINTS))
    }

    /// The expressions that restoring a dump computes or checks again.
    pub(super) fn expressions(&self) -> Vec<&'p [Piece<'p>]> {
        ["always as", "check"]
            .iter()
            .filter_map(|words| self.rest.after(words)?.group())
            .collect()
    }
}

/// A type: its name and what stands in parentheses behind it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Kind {
    base: String,
    sizes: Vec<u32>,
    is_array: bool,
}

/// Other names of types.
const SYNONYMS: [(&str, &str); 12] = [
    ("character varying", "varchar"),
    ("character", "char"),
    ("int4", "integer"),
    ("int", "integer"),
    ("int8", "bigint"),
    ("int2", "smallint"),
    ("decimal", "numeric"),
    ("bit varying", "varbit"),
    ("timestamp with time zone", "timestamptz"),
    ("timestamp without time zone", "timestamp"),
    ("bool", "boolean"),
    ("float8", "double precision"),
];

impl Kind {
    pub(super) fn read(pieces: &[Piece<'_>]) -> Self {
        let mut at = Cursor::new(pieces);
        let mut kind = Self::default();
        let mut words: Vec<String> = Vec::new();
        loop {
            if let Some(inner) = at.group() {
                kind.sizes = sizes(inner);
            } else if let Some(name) = at.name() {
                words.push(name);
            } else {
                match at.next() {
                    Some(Piece::Sign('[')) => kind.is_array = true,
                    Some(_) => {}
                    None => break,
                }
            }
        }
        let base = words.join(" ");
        let base = base.strip_prefix("pg_catalog.").unwrap_or(&base);
        let known = SYNONYMS.iter().find(|(other, _)| *other == base);
        known
            .map_or(base, |(_, usual)| usual)
            .clone_into(&mut kind.base);
        kind
    }

    /// Whether a column of this type can become another one without a look at its rows.
    /// <https://www.postgresql.org/docs/15/sql-altertable.html#SQL-ALTERTABLE-NOTES>
    pub(super) fn becomes(&self, new: &Self) -> bool {
        if self.is_array != new.is_array {
            return false;
        }
        let is_wider = new.sizes.is_empty()
            || (!self.sizes.is_empty() && self.sizes.first() <= new.sizes.first());
        match (self.base.as_str(), new.base.as_str()) {
            ("varchar" | "citext", "text") | ("text", "varchar") => new.sizes.is_empty(),
            ("cidr", "inet") => true,
            ("numeric", "numeric") => {
                is_wider && (new.sizes.is_empty() || self.scale() == new.scale())
            }
            ("varchar" | "varbit" | "timestamp" | "timestamptz" | "time" | "interval", _)
                if self.base == new.base =>
            {
                is_wider
            }
            _ => self == new,
        }
    }

    fn scale(&self) -> u32 {
        self.sizes.get(1).copied().unwrap_or(0)
    }
}

fn sizes(inner: &[Piece<'_>]) -> Vec<u32> {
    let text: String = inner
        .iter()
        .map(|piece| {
            if let Piece::Sign(sign) = piece {
                *sign
            } else {
                ' '
            }
        })
        .collect();
    text.split(',')
        .filter_map(|size| size.trim().parse().ok())
        .collect()
}

/// A constraint of a table.
#[derive(Debug, Clone)]
pub(super) struct Constraint<'p> {
    /// Its name, where it has one.
    pub(super) name: Option<String>,
    /// What it demands.
    pub(super) demand: Demand,
    /// What follows its first words.
    rest: Cursor<'p>,
}

/// What a constraint demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Demand {
    /// `CHECK`
    Check,
    /// `FOREIGN KEY`
    ForeignKey,
    /// `UNIQUE`
    Unique,
    /// `PRIMARY KEY`
    PrimaryKey,
    /// `EXCLUDE`
    Exclude,
}

impl<'p> Constraint<'p> {
    /// Reads `[CONSTRAINT name] CHECK ..`; nothing when a column comes instead.
    pub(super) fn read(mut at: Cursor<'p>) -> Option<Self> {
        let name = if at.take("constraint") {
            at.identifier()
        } else {
            None
        };
        let kinds = [
            ("check", Demand::Check),
            ("foreign key", Demand::ForeignKey),
            ("unique", Demand::Unique),
            ("primary key", Demand::PrimaryKey),
            ("exclude", Demand::Exclude),
        ];
        let (_, demand) = kinds.into_iter().find(|(words, _)| at.take(words))?;
        Some(Self {
            name,
            demand,
            rest: at,
        })
    }

    /// Whether the rows that are there are looked at later.
    pub(super) fn is_not_valid(&self) -> bool {
        self.rest.has("not valid")
    }

    /// Whether it takes over an index that is there.
    pub(super) fn uses_index(&self) -> bool {
        self.rest.has("using index") && self.demand != Demand::Exclude
    }

    /// The column that `CHECK (column IS NOT NULL)` is about.
    pub(super) fn not_null_column(&self) -> Option<String> {
        let mut rest = self.rest;
        let mut inner = Cursor::new(rest.group()?);
        let column = inner.identifier()?;
        (self.demand == Demand::Check && inner.take("is not null") && inner.rest().is_empty())
            .then_some(column)
    }

    /// What a `CHECK` computes.
    pub(super) fn expression(&self) -> Option<&'p [Piece<'p>]> {
        let mut rest = self.rest;
        (self.demand == Demand::Check).then(|| rest.group())?
    }
}
