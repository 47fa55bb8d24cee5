//! Rows as aligned text.

use std::collections::BTreeSet;

use rhai::{Array, Dynamic, Map};

use crate::base::{Error, Result};

/// What stands between two columns.
const GAP: &str = "  ";

/// A column is not made narrower than this.
const NARROWEST: usize = 8;

/// The first column says what a row is about: it keeps more.
const NARROWEST_FIRST: usize = 20;

/// Cells as text, column by column.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<Column>,
    rows: usize,
}

#[derive(Debug)]
struct Column {
    name: String,
    cells: Vec<String>,
    is_number: bool,
}

impl Table {
    /// Reads rows; without names the columns are all keys in alphabetical order.
    pub(super) fn new(rows: &Array, columns: Option<Vec<String>>) -> Result<Self> {
        let maps: Vec<Map> = rows
            .iter()
            .enumerate()
            .map(|(at, row)| {
                let kind = row.type_name();
                let no_map = || Error::invalid(format!("row {at} is {kind}, not a map"));
                row.clone().try_cast::<Map>().ok_or_else(no_map)
            })
            .collect::<Result<_>>()?;
        let keys: BTreeSet<&str> = maps
            .iter()
            .flat_map(|map| map.keys().map(rhai::Identifier::as_str))
            .collect();
        let names = match columns {
            None => keys.iter().map(ToString::to_string).collect(),
            Some(names) => names,
        };
        if let Some(name) = names
            .iter()
            .find(|name| !maps.is_empty() && !keys.contains(name.as_str()))
        {
            let keys = keys.into_iter().collect::<Vec<_>>().join(", ");
            return Err(Error::invalid(format!("no row has a column `{name}`"))
                .hint(format!("there are {keys}")));
        }
        Ok(Self {
            columns: names
                .into_iter()
                .map(|name| Column::new(name, &maps))
                .collect(),
            rows: maps.len(),
        })
    }

    /// The table as lines, the names of the columns first; columns become narrower until it fits the width, and where
    /// that is not enough the last ones are left out.
    pub(super) fn draw(&self, width: Option<usize>) -> String {
        let natural: Vec<usize> = self.columns.iter().map(Column::width).collect();
        let mut widths = natural.clone();
        if let Some(width) = width {
            let mut count = natural.len();
            while !narrow(&mut widths, width) && count > 1 {
                count -= 1;
                widths = natural[..count].to_vec();
            }
        }
        let header = self.columns.iter().map(|column| column.name.to_uppercase());
        let mut lines = vec![self.line(&widths, header)];
        for at in 0..self.rows {
            let cells = self.columns.iter().map(|column| column.cells[at].clone());
            lines.push(self.line(&widths, cells));
        }
        lines.join("\n")
    }

    fn line(&self, widths: &[usize], cells: impl Iterator<Item = String>) -> String {
        let cells: Vec<String> = cells
            .zip(widths)
            .zip(&self.columns)
            .map(|((cell, width), column)| {
                let cell = shorten(&cell, *width);
                if column.is_number {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                }
            })
            .collect();
        cells.join(GAP).trim_end().to_owned()
    }
}

impl Column {
    fn new(name: String, maps: &[Map]) -> Self {
        let values: Vec<Option<&Dynamic>> = maps.iter().map(|map| map.get(name.as_str())).collect();
        let is_number = values
            .iter()
            .flatten()
            .all(|value| value.is_int() || value.is_float() || value.is_unit());
        let has_any = values.iter().flatten().any(|value| !value.is_unit());
        Self {
            is_number: is_number && has_any,
            cells: values.into_iter().map(cell).collect(),
            name,
        }
    }

    fn width(&self) -> usize {
        let cells = self.cells.iter().map(|cell| cell.chars().count());
        cells
            .chain([self.name.chars().count()])
            .max()
            .unwrap_or_default()
    }
}

/// A value in one line; control characters, which could do things to a terminal, are left out.
fn cell(value: Option<&Dynamic>) -> String {
    match value {
        None => String::new(),
        Some(value) if value.is_unit() => String::new(),
        Some(value) => {
            let text = value.to_string();
            text.chars()
                .map(|c| if c.is_whitespace() { ' ' } else { c })
                .filter(|c| !c.is_control())
                .collect()
        }
    }
}

/// Takes from the widest columns until all fit; says whether they do.
fn narrow(widths: &mut [usize], width: usize) -> bool {
    loop {
        let total = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
        if total <= width {
            return true;
        }
        let least = |at: usize| if at == 0 { NARROWEST_FIRST } else { NARROWEST };
        let can_give = widths.iter_mut().enumerate();
        let can_give = can_give.filter(|(at, width)| **width > least(*at));
        let Some((_, widest)) = can_give.max_by_key(|(_, width)| **width) else {
            return false;
        };
        *widest -= 1;
    }
}

fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars()
        .take(width.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// How wide the terminal on stdout is, if it is one.
pub(super) fn terminal_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok()?;
    (size.ws_col > 0).then(|| usize::from(size.ws_col))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Array {
        let row = |name: &str, port: Dynamic| {
            Dynamic::from(Map::from([
                ("name".into(), name.into()),
                ("port".into(), port),
            ]))
        };
        vec![
            row("postgres", 5432.into()),
            row("x\ty\x1b[31m", 80.into()),
            row("é", Dynamic::UNIT),
        ]
    }

    #[test]
    fn columns_are_aligned_and_numbers_to_the_right() {
        let table = Table::new(&rows(), None).unwrap();

        assert_eq!(
            table.draw(None),
            "NAME      PORT\npostgres  5432\nx y[31m     80\né"
        );
    }

    #[test]
    fn the_widest_column_gives_way() {
        let long = Map::from([
            ("a".into(), "x".repeat(50).into()),
            ("b".into(), "short".into()),
        ]);
        let table = Table::new(&vec![long.into()], None).unwrap();

        let text = table.draw(Some(30));

        assert!(
            text.lines().all(|line| line.chars().count() <= 30),
            "{text}"
        );
        assert!(text.contains("x…  short"));
    }

    #[test]
    fn the_last_columns_are_left_out_where_there_is_no_room() {
        let row = Map::from([
            ("a".into(), "redis-commander".into()),
            ("b".into(), "running".into()),
            ("c".into(), "a long remark on it".into()),
        ]);
        let table = Table::new(&vec![row.into()], None).unwrap();

        assert_eq!(
            table.draw(Some(30)),
            "A                B\nredis-commander  running"
        );
        assert_eq!(table.draw(Some(10)), "A\nredis-commander");
        assert!(table.draw(Some(34)).ends_with("running  a long …"));
    }

    #[test]
    fn what_is_not_there_is_named() {
        let error = Table::new(&rows(), Some(vec!["prot".into()])).unwrap_err();
        assert_eq!(error.message(), "no row has a column `prot`");
        assert!(Table::new(&vec![1.into()], None).is_err());
        assert_eq!(
            Table::new(&Array::new(), Some(vec!["a".into()]))
                .unwrap()
                .draw(None),
            "A"
        );
    }
}
