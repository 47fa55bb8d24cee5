//! From the binary form of a column to a [`Value`]. The forms are those of the `*_send` functions of PostgreSQL.

use std::net::{Ipv4Addr, Ipv6Addr};

use sqlx::postgres::PgTypeInfo;

use super::calendar;
use super::value::{Class, Value};

/// The value was not of the length or form that its type has.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Undecodable {
    /// A type that has no form here.
    Type,
    /// Bytes that make no sense.
    Bytes,
}

/// A way to read numbers from the front of some bytes.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Undecodable> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or(Undecodable::Bytes)?;
        self.0 = tail;
        Ok(*head)
    }

    fn bytes(&mut self, count: usize) -> Result<&'a [u8], Undecodable> {
        let (head, tail) = self.0.split_at_checked(count).ok_or(Undecodable::Bytes)?;
        self.0 = tail;
        Ok(head)
    }

    fn i16(&mut self) -> Result<i16, Undecodable> {
        self.take().map(i16::from_be_bytes)
    }

    fn u16(&mut self) -> Result<u16, Undecodable> {
        self.take().map(u16::from_be_bytes)
    }

    fn i32(&mut self) -> Result<i32, Undecodable> {
        self.take().map(i32::from_be_bytes)
    }

    fn i64(&mut self) -> Result<i64, Undecodable> {
        self.take().map(i64::from_be_bytes)
    }

    fn end<T>(self, value: T) -> Result<T, Undecodable> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(Undecodable::Bytes)
        }
    }
}

/// How many digits of a `money` stand behind the point; the server's `lc_monetary` decides.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct MoneyDigits(pub(super) u32);

/// The value of one column of one row.
pub(super) fn decode(
    bytes: &[u8],
    info: &PgTypeInfo,
    money: MoneyDigits,
) -> Result<Value, Undecodable> {
    let class = Class::of(info);
    match class {
        Class::Array(element) => array(bytes, &element, money),
        Class::Other => Err(Undecodable::Type),
        Class::Void => Ok(Value::Null),
        Class::Bytes => Ok(Value::Bytes(bytes.to_vec())),
        Class::Json => json(bytes),
        // The first byte is the version of the form; there is only 1.
        Class::Jsonb => match bytes.split_first() {
            Some((1, rest)) => json(rest),
            _ => Err(Undecodable::Bytes),
        },
        Class::Text => text(bytes).map(Value::Text),
        Class::Bool | Class::Int2 | Class::Int4 | Class::Int8 | Class::Oid => whole(bytes, &class),
        Class::Float4 | Class::Float8 => float(bytes, &class),
        _ => written(bytes, &class, money).map(Value::Text),
    }
}

fn whole(bytes: &[u8], class: &Class) -> Result<Value, Undecodable> {
    let mut reader = Reader(bytes);
    let value = match class {
        Class::Bool => Value::Bool(reader.take::<1>()? != [0]),
        Class::Int2 => Value::Int(reader.i16()?.into()),
        Class::Int4 => Value::Int(reader.i32()?.into()),
        Class::Oid => Value::Int(u32::from_be_bytes(reader.take()?).into()),
        _ => Value::Int(reader.i64()?),
    };
    reader.end(value)
}

fn float(bytes: &[u8], class: &Class) -> Result<Value, Undecodable> {
    let mut reader = Reader(bytes);
    let value = if *class == Class::Float8 {
        f64::from_be_bytes(reader.take()?)
    } else {
        // By way of its text, so that 0.1 stays 0.1 and does not become 0.10000000149011612.
        let short = f32::from_be_bytes(reader.take()?);
        short
            .to_string()
            .parse()
            .unwrap_or_else(|_| f64::from(short))
    };
    reader.end(Value::Float(value))
}

/// What is given as text although its binary form is not.
fn written(bytes: &[u8], class: &Class, money: MoneyDigits) -> Result<String, Undecodable> {
    let mut reader = Reader(bytes);
    let text = match class {
        Class::Char => char_text(reader.take::<1>()?[0]),
        Class::Money => decimal(reader.i64()?, money.0),
        Class::Uuid => sqlx::types::Uuid::from_bytes(reader.take()?).to_string(),
        Class::Date => calendar::date(reader.i32()?),
        Class::Time => calendar::time(reader.i64()?),
        Class::TimeTz => calendar::time_with_zone(reader.i64()?, reader.i32()?),
        Class::Timestamp => calendar::timestamp(reader.i64()?, ""),
        Class::TimestampTz => calendar::timestamp(reader.i64()?, "Z"),
        Class::Interval => {
            let (microseconds, days) = (reader.i64()?, reader.i32()?);
            calendar::interval(microseconds, days, reader.i32()?)
        }
        Class::Numeric => numeric(&mut reader)?,
        Class::Network => network(&mut reader)?,
        _ => {
            let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            return Ok(pairs.join(":"));
        }
    };
    reader.end(text)
}

fn text(bytes: &[u8]) -> Result<String, Undecodable> {
    String::from_utf8(bytes.to_vec()).map_err(|_not_text| Undecodable::Bytes)
}

fn json(bytes: &[u8]) -> Result<Value, Undecodable> {
    let parsed = serde_json::from_slice(bytes);
    parsed
        .map(Value::Json)
        .map_err(|_not_json| Undecodable::Bytes)
}

fn char_text(byte: u8) -> String {
    match byte {
        0 => String::new(),
        _ if byte.is_ascii() => char::from(byte).to_string(),
        _ => format!("\\{byte:03o}"),
    }
}

fn decimal(amount: i64, digits: u32) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    let unit = 10_u64.pow(digits.min(18));
    let (whole, rest) = (amount.unsigned_abs() / unit, amount.unsigned_abs() % unit);
    match digits {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{rest:0width$}", width = digits as usize),
    }
}

/// Digits to the base of 10,000, with the weight of the first and the number of decimals to show.
fn numeric(reader: &mut Reader<'_>) -> Result<String, Undecodable> {
    let (count, weight, sign) = (reader.u16()?, reader.i16()?, reader.u16()?);
    let scale = usize::from(reader.u16()?);
    let sign = match sign {
        0 => "",
        0x4000 => "-",
        0xC000 => return Ok("NaN".to_owned()),
        0xD000 => return Ok("Infinity".to_owned()),
        0xF000 => return Ok("-Infinity".to_owned()),
        _ => return Err(Undecodable::Bytes),
    };
    let digits: Vec<u16> = (0..count).map(|_| reader.u16()).collect::<Result<_, _>>()?;
    let digit = |place: i32| {
        let index = usize::try_from(i32::from(weight) - place).ok();
        index
            .and_then(|index| digits.get(index))
            .copied()
            .unwrap_or(0)
    };
    let group = |place: i32| format!("{:04}", digit(place));
    let whole = (0..=i32::from(weight))
        .rev()
        .map(group)
        .collect::<Vec<_>>()
        .concat();
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        trimmed => trimmed,
    };
    let groups = i32::try_from(scale.div_ceil(4)).unwrap_or(i32::MAX);
    let mut decimals = (1..=groups)
        .map(|place| group(-place))
        .collect::<Vec<_>>()
        .concat();
    decimals.truncate(scale);
    let point = if scale > 0 { "." } else { "" };
    Ok(format!("{sign}{whole}{point}{decimals}"))
}

fn network(reader: &mut Reader<'_>) -> Result<String, Undecodable> {
    let [family, bits, is_cidr, length] = reader.take()?;
    let (address, full) = match (family, length) {
        (2, 4) => (Ipv4Addr::from(reader.take::<4>()?).to_string(), 32),
        (3, 16) => (Ipv6Addr::from(reader.take::<16>()?).to_string(), 128),
        _ => return Err(Undecodable::Bytes),
    };
    if is_cidr == 0 && bits == full {
        Ok(address)
    } else {
        Ok(format!("{address}/{bits}"))
    }
}

fn array(bytes: &[u8], element: &PgTypeInfo, money: MoneyDigits) -> Result<Value, Undecodable> {
    let mut reader = Reader(bytes);
    let dimensions = reader.i32()?;
    let (_has_nulls, _element_oid) = (reader.i32()?, reader.i32()?);
    let mut lengths = Vec::new();
    for _ in 0..dimensions {
        let (length, _lower_bound) = (reader.i32()?, reader.i32()?);
        lengths.push(usize::try_from(length).map_err(|_negative| Undecodable::Bytes)?);
    }
    let value = match lengths.as_slice() {
        [] => Value::List(Vec::new()),
        lengths => list(&mut reader, lengths, element, money)?,
    };
    reader.end(value)
}

fn list(
    reader: &mut Reader<'_>,
    lengths: &[usize],
    element: &PgTypeInfo,
    money: MoneyDigits,
) -> Result<Value, Undecodable> {
    let Some((length, inner)) = lengths.split_first() else {
        return match usize::try_from(reader.i32()?) {
            Ok(size) => decode(reader.bytes(size)?, element, money),
            // A length of -1 stands for NULL.
            Err(_negative) => Ok(Value::Null),
        };
    };
    let items = (0..*length).map(|_| list(reader, inner, element, money));
    items.collect::<Result<_, _>>().map(Value::List)
}
