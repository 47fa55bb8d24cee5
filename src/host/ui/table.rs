//! Rows as aligned text.

use std::io::IsTerminal;

use rhai::{Array, Dynamic, Map};

use super::write_data;
use crate::base::output::BOLD;
use crate::host::Host;

/// The keys of the first row that is a map.
pub(super) fn columns(rows: &Array) -> Vec<String> {
    let first = rows.iter().find_map(Dynamic::read_lock::<Map>);
    first
        .map(|row| row.keys().map(ToString::to_string).collect())
        .unwrap_or_default()
}

/// Prints the rows.
pub(super) fn print(host: &Host, rows: &Array, columns: &[String]) {
    let cells: Vec<Vec<Cell>> = rows.iter().map(|row| cells(row, columns)).collect();
    let mut widths: Vec<usize> = columns
        .iter()
        .map(|column| column.chars().count())
        .collect();
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.text.chars().count());
        }
    }
    narrow(&mut widths, terminal_width());
    let header = columns.iter().map(|name| Cell {
        text: name.clone(),
        right: false,
    });
    let mut lines = vec![
        host.output()
            .paint(BOLD, &line(header.collect::<Vec<_>>().as_slice(), &widths)),
    ];
    lines.extend(cells.iter().map(|row| line(row, &widths)));
    write_data(host, &lines.join("\n"), &rows.clone().into());
}

struct Cell {
    text: String,
    right: bool,
}

fn cells(row: &Dynamic, columns: &[String]) -> Vec<Cell> {
    let Some(map) = row.read_lock::<Map>() else {
        return vec![Cell {
            text: row.to_string(),
            right: false,
        }];
    };
    let cell = |column: &String| match map.get(column.as_str()) {
        None => Cell {
            text: String::new(),
            right: false,
        },
        Some(value) if value.is_unit() => Cell {
            text: "-".to_owned(),
            right: false,
        },
        Some(value) => Cell {
            text: value.to_string().replace('\n', " "),
            right: value.is_int() || value.is_float(),
        },
    };
    columns.iter().map(cell).collect()
}

/// Takes width from the widest column until the table fits.
fn narrow(widths: &mut [usize], limit: Option<usize>) {
    const SMALLEST: usize = 8;
    let Some(limit) = limit else { return };
    let gaps = 2 * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > limit {
        match widths.iter_mut().max() {
            Some(widest) if *widest > SMALLEST => *widest -= 1,
            _ => return,
        }
    }
}

fn line(cells: &[Cell], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, width)| {
        let text = cut(&cell.text, *width);
        if cell.right {
            format!("{text:>width$}")
        } else {
            format!("{text:width$}")
        }
    });
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars()
        .take(width.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// The width of the terminal that stdout is; what is not a terminal is as wide as it needs to be.
fn terminal_width() -> Option<usize> {
    let out = std::io::stdout();
    let size = out
        .is_terminal()
        .then(|| rustix::termios::tcgetwinsize(&out).ok())
        .flatten()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_column_gives_way_first() {
        let mut widths = [10, 40, 20];

        narrow(&mut widths, Some(60));

        assert_eq!(widths.iter().sum::<usize>() + 4, 60);
        assert_eq!(widths[0], 10);
    }

    #[test]
    fn wide_cells_are_cut_with_a_mark() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abc", 4), "abc");
    }
}
