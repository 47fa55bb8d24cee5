//! Values that go to and come from the database, in the few forms that scripts know.

use sqlx::TypeInfo;
use sqlx::postgres::{PgTypeInfo, PgTypeKind};

/// A value of a row or a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL's NULL.
    Null,
    /// A boolean.
    Bool(bool),
    /// Any whole number that fits into 64 bits.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// Text, and everything that is written as text: uuid, numeric, dates and times, enums, addresses.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A JSON document.
    Json(serde_json::Value),
    /// An array; one of several dimensions is a list of lists.
    List(Vec<Self>),
}

impl Value {
    /// What it is, for a message.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "()",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "string",
            Self::Bytes(_) => "blob",
            Self::Json(_) => "map",
            Self::List(_) => "array",
        }
    }

    /// Roughly how many bytes it takes.
    pub fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::List(items) => items.iter().map(Self::size).sum(),
            _ => size_of::<Self>(),
        }
    }
}

/// What a type of the database means here; a domain counts as what it is made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Class {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Numeric,
    Money,
    Text,
    /// `"char"`, one byte.
    Char,
    Bytes,
    Json,
    Jsonb,
    Uuid,
    Date,
    Time,
    TimeTz,
    Timestamp,
    TimestampTz,
    Interval,
    /// `inet` and `cidr`.
    Network,
    /// `macaddr` and `macaddr8`.
    Mac,
    Void,
    Array(Box<PgTypeInfo>),
    /// Understood as text that the server reads; not understood when it comes back.
    Other,
}

impl Class {
    pub(super) fn of(info: &PgTypeInfo) -> Self {
        match info.kind() {
            PgTypeKind::Domain(base) => Self::of(base),
            PgTypeKind::Array(element) => Self::Array(Box::new(element.clone())),
            PgTypeKind::Enum(_) => Self::Text,
            _ => info
                .oid()
                .map_or(Self::Other, |oid| Self::of_oid(oid.0, info.name())),
        }
    }

    /// The numbers are those of `src/include/catalog/pg_type.dat`; they never change.
    fn of_oid(oid: u32, name: &str) -> Self {
        match oid {
            16 => Self::Bool,
            17 => Self::Bytes,
            18 => Self::Char,
            20 => Self::Int8,
            21 => Self::Int2,
            23 => Self::Int4,
            26 => Self::Oid,
            19 | 25 | 142 | 705 | 1_042 | 1_043 => Self::Text,
            114 => Self::Json,
            3_802 => Self::Jsonb,
            650 | 869 => Self::Network,
            700 => Self::Float4,
            701 => Self::Float8,
            774 | 829 => Self::Mac,
            790 => Self::Money,
            1_082 => Self::Date,
            1_083 => Self::Time,
            1_114 => Self::Timestamp,
            1_184 => Self::TimestampTz,
            1_186 => Self::Interval,
            1_266 => Self::TimeTz,
            1_700 => Self::Numeric,
            2_278 => Self::Void,
            2_950 => Self::Uuid,
            _ if name == "citext" || name.ends_with(".citext") => Self::Text,
            _ => Self::Other,
        }
    }
}

/// The name of a type as a person writes it.
pub(super) fn type_name(info: &PgTypeInfo) -> String {
    let name = info.name();
    let is_built_in = info.oid().is_some_and(|oid| oid.0 < 10_000);
    if is_built_in {
        name.to_ascii_lowercase()
    } else {
        name.to_owned()
    }
}
