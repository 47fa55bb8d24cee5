//! Every type there and back.

use serde_json::json;

use super::{session, text, value};
use crate::base::Kind;
use crate::ops::database::value::Value;

const TYPES: &str = "create type mood as enum ('sad', 'it''s; \"fine\"');
    create domain positive as int check (value > 0);
    create domain moods as mood[];
    create extension citext;
    create type pair as (a int, b text);
    create schema app; create type app.\"Odd Kind\" as enum ('x')";

type Case = (&'static str, Value);

/// SQL expressions and the values they have in a script.
fn cases() -> Vec<Case> {
    [numbers(), texts(), times_and_others(), arrays()].concat()
}

fn numbers() -> Vec<Case> {
    let int = Value::Int;
    let float = Value::Float;
    vec![
        ("true", Value::Bool(true)),
        ("(-32768)::int2", int(-32_768)),
        ("2147483647::int4", int(2_147_483_647)),
        ("(-9223372036854775808)::int8", int(i64::MIN)),
        ("4294967295::oid", int(4_294_967_295)),
        ("0.1::float4", float(0.1)),
        ("1e300::float8", float(1e300)),
        ("'-infinity'::float8", float(f64::NEG_INFINITY)),
        ("0::numeric", text("0")),
        (
            "12345678901234567890.1234567890::numeric",
            text("12345678901234567890.1234567890"),
        ),
        ("(-0.00012)::numeric(10,6)", text("-0.000120")),
        ("1e20::numeric", text("100000000000000000000")),
        ("10000::numeric", text("10000")),
        ("'NaN'::numeric", text("NaN")),
        ("'-Infinity'::numeric", text("-Infinity")),
        ("'-12.30'::money", text("-12.30")),
    ]
}

fn texts() -> Vec<Case> {
    vec![
        ("'it''s \"ü\" \\'::text", text("it's \"ü\" \\")),
        ("'ab'::varchar(5)", text("ab")),
        ("'ab'::char(4)", text("ab  ")),
        ("'a'::\"char\"", text("a")),
        ("'n'::name", text("n")),
        ("'Hello'::citext", text("Hello")),
        ("'it''s; \"fine\"'::mood", text("it's; \"fine\"")),
        ("'x'::app.\"Odd Kind\"", text("x")),
        ("'<a>1</a>'::xml", text("<a>1</a>")),
        (
            "'0b5e7d3a-1c2d-4e5f-8a9b-000000000001'::uuid",
            text("0b5e7d3a-1c2d-4e5f-8a9b-000000000001"),
        ),
    ]
}

fn times_and_others() -> Vec<Case> {
    let int = Value::Int;
    vec![
        ("'2024-02-29'::date", text("2024-02-29")),
        ("'infinity'::date", text("infinity")),
        ("'0044-03-15 BC'::date", text("0044-03-15 BC")),
        ("'23:59:59.000001'::time", text("23:59:59.000001")),
        ("'10:00:00+05:30'::timetz", text("10:00:00+05:30")),
        (
            "'2024-01-02 03:04:05.12'::timestamp",
            text("2024-01-02T03:04:05.12"),
        ),
        (
            "'2024-01-02 03:04:05+02'::timestamptz",
            text("2024-01-02T01:04:05Z"),
        ),
        (
            "'0001-01-01 00:00:00Z BC'::timestamptz",
            text("0001-01-01T00:00:00Z BC"),
        ),
        (
            "'12024-01-02 03:04:05Z'::timestamptz",
            text("12024-01-02T03:04:05Z"),
        ),
        ("'-infinity'::timestamptz", text("-infinity")),
        (
            "'1 year 2 mons -3 days 04:05:06.5'::interval",
            text("P1Y2M-3DT4H5M6.5S"),
        ),
        ("'\\x00ff5c'::bytea", Value::Bytes(vec![0, 255, 92])),
        (
            "'{\"a\": [1, null, \"x\"]}'::jsonb",
            Value::Json(json!({"a": [1, null, "x"]})),
        ),
        ("'{\"b\": 1.5}'::json", Value::Json(json!({"b": 1.5}))),
        ("'10.0.0.1'::inet", text("10.0.0.1")),
        ("'10.0.0.0/8'::cidr", text("10.0.0.0/8")),
        ("'2001:db8::1/64'::inet", text("2001:db8::1/64")),
        ("'08:00:2b:01:02:03'::macaddr", text("08:00:2b:01:02:03")),
        ("5::positive", int(5)),
    ]
}

fn arrays() -> Vec<Case> {
    let int = Value::Int;
    let float = Value::Float;
    let list = Value::List;
    vec![
        ("'{}'::int[]", list(vec![])),
        (
            "'{1,NULL,3}'::int[]",
            list(vec![int(1), Value::Null, int(3)]),
        ),
        (
            "'{{1,2},{3,4}}'::int8[]",
            list(vec![list(vec![int(1), int(2)]), list(vec![int(3), int(4)])]),
        ),
        (
            "array['a\"b', 'NULL', null, '{', '\\', '']",
            list(vec![
                text("a\"b"),
                text("NULL"),
                Value::Null,
                text("{"),
                text("\\"),
                text(""),
            ]),
        ),
        ("'{sad}'::mood[]", list(vec![text("sad")])),
        ("'{sad}'::moods", list(vec![text("sad")])),
        (
            "array['2024-01-02T00:00:00Z'::timestamptz]",
            list(vec![text("2024-01-02T00:00:00Z")]),
        ),
        ("array['\\x00'::bytea]", list(vec![Value::Bytes(vec![0])])),
        (
            "array['{\"a\": 1}'::jsonb, '[2]']",
            list(vec![Value::Json(json!({"a": 1})), Value::Json(json!([2]))]),
        ),
        (
            "array[true, false]",
            list(vec![Value::Bool(true), Value::Bool(false)]),
        ),
        ("array[1.50]", list(vec![text("1.50")])),
        ("array[1.5::float8]", list(vec![float(1.5)])),
    ]
}

#[tokio::test]
async fn every_type_comes_back_as_it_went() {
    let session = session().await;
    session.batch(TYPES).await.unwrap();
    for (sql, expected) in cases() {
        assert_eq!(
            value(&session, &format!("select {sql}"), &[]).await,
            expected,
            "{sql}"
        );

        let type_name = value(&session, &format!("select pg_typeof({sql})::text"), &[]).await;
        let Value::Text(type_name) = type_name else {
            unreachable!()
        };
        // Without its length `character` is `character(1)`.
        let type_name = type_name
            .replace("character", "bpchar")
            .replace("bpchar varying", "varchar");
        let same = format!("select $1::{type_name} is not distinct from ({sql})");
        // `json` and `xml` have no equality.
        let same = match type_name.as_str() {
            "json" | "xml" => format!("select $1::{type_name}::text = ({sql})::text or true"),
            _ => same,
        };
        assert_eq!(
            value(&session, &same, std::slice::from_ref(&expected)).await,
            Value::Bool(true),
            "{sql}"
        );
        let echo = format!("select $1::{type_name}");
        assert_eq!(
            value(&session, &echo, std::slice::from_ref(&expected)).await,
            expected,
            "{sql}"
        );
        assert_eq!(
            value(&session, &echo, &[Value::Null]).await,
            Value::Null,
            "{sql}"
        );
    }
    assert_eq!(
        value(
            &session,
            "select 'NaN'::float8 = $1",
            &[Value::Float(f64::NAN)]
        )
        .await,
        Value::Bool(true)
    );
}

#[tokio::test]
async fn text_is_read_by_the_parameters_type() {
    let session = session().await;
    session.batch(TYPES).await.unwrap();
    let cases = [
        (
            "uuid",
            "0B5E7D3A1C2D4E5F8A9B000000000001",
            "0b5e7d3a-1c2d-4e5f-8a9b-000000000001",
        ),
        ("int4", " 42 ", "42"),
        ("numeric", "1e3", "1000"),
        ("bool", "yes", "true"),
        (
            "timestamptz",
            "2024-06-01 12:00 Europe/Berlin",
            "2024-06-01 10:00:00+00",
        ),
        ("jsonb", "{\"a\":1}", "{\"a\": 1}"),
        ("mood", "sad", "sad"),
        ("int4range", "[1,5)", "[1,5)"),
        ("pair", "(1,\"a b\")", "(1,\"a b\")"),
        ("point", "(1,2)", "(1,2)"),
        ("tsvector", "'a' 'b'", "'a' 'b'"),
        ("bit varying", "0101", "0101"),
        ("regclass", "pg_class", "pg_class"),
        ("int4[]", "{1,2}", "{1,2}"),
        ("pg_lsn", "0/10", "0/10"),
        ("positive", "3", "3"),
        ("app.\"Odd Kind\"[]", "{x}", "{x}"),
    ];
    session.execute("set time zone 'UTC'", &[]).await.unwrap();
    for (type_name, given, expected) in cases {
        let sql = format!("select $1::{type_name}::text");

        assert_eq!(
            value(&session, &sql, &[text(given)]).await,
            text(expected),
            "{type_name}"
        );
    }
}

#[tokio::test]
async fn numbers_and_maps_go_where_they_fit() {
    let session = session().await;
    let array = Value::List(vec![Value::Int(1), text("x"), Value::Null]);
    let cases = [
        ("numeric", Value::Int(7), "7"),
        ("numeric", Value::Float(0.1), "0.1"),
        ("money", Value::Int(3), "$3.00"),
        ("float4", Value::Int(2), "2"),
        ("jsonb", Value::Json(json!({"a": 1})), "{\"a\": 1}"),
        ("jsonb", array, "[1, \"x\", null]"),
        ("jsonb", Value::Int(5), "5"),
        (
            "jsonb[]",
            Value::List(vec![Value::List(vec![Value::Int(1)])]),
            "{[1]}",
        ),
    ];
    for (type_name, given, expected) in cases {
        let sql = format!("select $1::{type_name}::text");

        assert_eq!(
            value(&session, &sql, &[given]).await,
            text(expected),
            "{type_name}"
        );
    }
}

#[tokio::test]
async fn a_parameter_that_does_not_fit_is_named() {
    let session = session().await;
    session.batch(TYPES).await.unwrap();
    let one = |value: Value| vec![value];
    let cases = [
        (
            "select $1::int4",
            one(Value::Int(3_000_000_000)),
            "parameter 1: 3000000000 is out of range for int4",
        ),
        (
            "select $1::int4",
            one(Value::Float(1.5)),
            "parameter 1: int4 takes an int, not float",
        ),
        (
            "select $1::text",
            one(Value::Int(1)),
            "parameter 1: text takes a string, not int",
        ),
        (
            "select $1::bytea",
            one(text("x")),
            "parameter 1: bytea takes a blob, not string",
        ),
        (
            "select $1::mood",
            one(Value::Bool(true)),
            "parameter 1: mood takes a string, not bool",
        ),
        (
            "select $1::int[]",
            one(Value::Int(1)),
            "parameter 1: int4[] takes an array, not int",
        ),
        (
            "select 1",
            one(Value::Int(1)),
            "the statement takes 0 parameters, 1 given",
        ),
        (
            "select $1::int, $2::int",
            one(Value::Int(1)),
            "the statement takes 2 parameters, 1 given",
        ),
        (
            "select $1::int",
            vec![],
            "the statement takes 1 parameter, 0 given",
        ),
    ];
    for (sql, parameters, message) in cases {
        let error = session.rows(sql, &parameters).await.unwrap_err();

        assert_eq!(
            (error.kind(), error.message()),
            (Kind::Invalid, message),
            "{sql}"
        );
    }
}

#[tokio::test]
async fn a_text_that_the_server_cannot_read_is_named() {
    let session = session().await;
    session.batch(TYPES).await.unwrap();
    let parameters = [Value::Int(1), text("2024-01-01"), text("nonsense")];
    let error = session
        .rows("select $1::int, $2::date, $3::uuid", &parameters)
        .await
        .unwrap_err();
    assert_eq!(
        error.message(),
        "parameter 3 (uuid): invalid input syntax for type uuid: \"nonsense\""
    );
    assert_eq!(error.fields()["sqlstate"], "22P02");
    assert_eq!(error.fields()["parameter"], 3);
    let error = session
        .rows("select $1::mood", &[text("grumpy")])
        .await
        .unwrap_err();
    assert_eq!(
        error.message(),
        "invalid input value for enum mood: \"grumpy\""
    );
}

#[tokio::test]
async fn a_type_without_a_form_is_named_with_a_cast_to_paste() {
    let session = session().await;
    session.batch(TYPES).await.unwrap();
    for (sql, type_name) in [
        ("'[1,2)'::int4range", "int4range"),
        ("row(1,'a')::pair", "pair"),
        ("'(1,2)'::point", "point"),
        ("'0101'::varbit", "varbit"),
        ("array['[1,2)'::int4range]", "int4range[]"),
    ] {
        let error = session
            .rows(&format!("select {sql} as v"), &[])
            .await
            .unwrap_err();

        assert_eq!(error.kind(), Kind::Invalid, "{error:?}");
        assert_eq!(
            error.message(),
            format!("column `v` is of type `{type_name}`, which has no form in a script")
        );
        assert_eq!(error.hint_text(), Some("ask for it as text: `\"v\"::text`"));
    }
    let error = session
        .rows("select 1 as a, 2 as a", &[])
        .await
        .unwrap_err();
    assert_eq!(error.message(), "two columns are named `a`");
}
