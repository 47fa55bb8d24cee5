//! Cutting dumps, in pieces of every size.

use super::*;

/// What a dump consists of, read in pieces of `step` bytes.
fn read(text: &str, step: usize) -> (Vec<String>, Ending) {
    let mut lexer = Lexer::new();
    let mut seen = Vec::new();
    let (mut sql, mut data) = (String::new(), String::new());
    for part in text.as_bytes().chunks(step) {
        lexer.feed(part, &mut |piece| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            match piece {
                Piece::Comment(note, _) => seen.push(format!("note {}", text(note))),
                Piece::Command(note) => seen.push(format!("command {}", text(note))),
                Piece::Sql(part) => sql.push_str(&text(part)),
                Piece::Statement(s) => {
                    seen.push(format!("{}: {}", s.line, std::mem::take(&mut sql)));
                }
                Piece::Copy(s) => {
                    seen.push(format!("{}: copy {}", s.line, std::mem::take(&mut sql)));
                }
                Piece::Data(part) => data.push_str(&text(part)),
                Piece::DataEnd(rows) => {
                    seen.push(format!("{rows} rows {:?}", std::mem::take(&mut data)));
                }
            }
        });
    }
    (seen, lexer.ending())
}

fn pieces(text: &str) -> Vec<String> {
    let whole = read(text, text.len());
    for step in 1..9 {
        assert_eq!(read(text, step), whole, "in pieces of {step}");
    }
    assert_eq!(whole.1, Ending::Clean, "{text}");
    whole.0
}

#[test]
fn a_statement_ends_only_where_sql_says_so() {
    let whole = [
        "SELECT ';';",
        "SELECT 'it''s; fine';",
        r"SELECT E'a\';b', 1;",
        r"SELECT e'a\\';",
        "SELECT E'a'\n 'b\\';c';",
        r"SELECT 'a\', 1;",
        r"SELECT name'a\';",
        "SELECT \"a;\"\"b\";",
        "SELECT $$a;b$$;",
        "SELECT $x$ $y$; $$; $x$;",
        "SELECT $$ $x$;$$;",
        "SELECT a$b, c$d;",
        "SELECT $1 + 1, '$';",
        "SELECT 1 /* a; /* b; */ c; */ + 2;",
        "SELECT 1 -- a; b 'c\n + 2;",
        "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END;",
        "CREATE FUNCTION begin() RETURNS int LANGUAGE sql RETURN 1;",
        "-5;",
        "/ 2;",
    ];
    for sql in whole {
        assert_eq!(pieces(sql), [format!("1: {sql}")], "{sql}");
    }
}

#[test]
fn rows_are_counted_and_passed_on_as_they_are() {
    let text = "COPY public.a (b) FROM stdin;\n1\n\\N\n\\\\.\n\\.x\n\\.\nSELECT 1;\n";

    assert_eq!(
        pieces(text),
        [
            "1: copy COPY public.a (b) FROM stdin;",
            "4 rows \"1\\n\\\\N\\n\\\\\\\\.\\n\\\\.x\\n\"",
            "7: SELECT 1;"
        ]
    );
    assert_eq!(
        pieces("COPY a FROM stdin;\n\\.\n")[1],
        "0 rows \"\"".to_owned()
    );
    assert_eq!(
        pieces("COPY a FROM stdin;\r\n1\r\n\\.\r\n")[1],
        "1 rows \"1\\r\\n\""
    );
}

#[test]
fn text_that_looks_like_copy_is_not_copy() {
    let cases = [
        "SELECT '\nCOPY t (a) FROM stdin;\n1\n';",
        "DO $_$\nCOPY t (a) FROM stdin;\n\\.\n$_$;",
        "SELECT 1 /*\nCOPY t (a) FROM stdin;\n*/;",
        "COMMENT ON TABLE t IS 'COPY t FROM stdin;';",
    ];
    for sql in cases {
        assert_eq!(pieces(sql), [format!("1: {sql}")], "{sql}");
    }
    let inside = "COPY a FROM stdin;\nCOPY b FROM stdin;\n-- note\n\\.\n";
    assert_eq!(
        pieces(inside)[1],
        "2 rows \"COPY b FROM stdin;\\n-- note\\n\""
    );
}

#[test]
fn comments_and_commands_stand_between_statements() {
    let text = "--\n-- Name: x\n--\n\\restrict abc\n/* a; */\nSET a = 1;\n-- end\n";

    assert_eq!(
        pieces(text),
        [
            "note ",
            "note  Name: x",
            "note ",
            "command \\restrict abc",
            "6: SET a = 1;",
            "note  end"
        ]
    );
}

#[test]
fn an_early_end_is_told_with_its_place() {
    let cases = [
        ("SELECT 1;\nSELECT 'a", Ending::InStatement(2)),
        ("SELECT 1", Ending::InStatement(1)),
        ("SELECT 1;\n\nCOPY a FROM stdin;\n1\n", Ending::InData(3)),
        ("COPY a FROM stdin;\n1\n\\.", Ending::InData(1)),
        ("COPY a FROM stdin;", Ending::InData(1)),
    ];
    for (text, ending) in cases {
        assert_eq!(read(text, 3).1, ending, "{text}");
    }
}

#[test]
fn a_copy_of_many_columns_is_still_a_copy() {
    let columns: Vec<String> = (0..1600).map(|n| format!("column_{n}")).collect();
    let text = format!("COPY wide ({}) FROM stdin;\n1\n\\.\n", columns.join(", "));

    assert_eq!(pieces(&text).last().unwrap(), "1 rows \"1\\n\"");
}
