use crate::sample::{Row, Sample, Totals};
use crate::terminal::show;
use crate::Format;
use fluxus::sink::{Ending, Sink, SinkError};
use fluxus::windows::Timestamp;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::mpsc;
use unicode_width::UnicodeWidthStr;

/// A column of a table.
#[derive(Clone, Copy)]
pub struct Column<R: 'static> {
    /// Its heading.
    pub name: &'static str,
    /// The unit of its figures; empty where they have none.
    pub unit: &'static str,
    /// How wide it is, in characters.
    pub width: usize,
    /// Where a cell stands in it.
    pub align: Align,
    /// What stands in it for a row.
    pub cell: fn(&Line<'_, R>) -> String,
}

/// Where a cell stands in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// At the left: words.
    Left,
    /// At the right: figures.
    Right,
}

/// A row among those that became complete at the same time.
pub struct Line<'rows, R> {
    row: &'rows R,
    place: usize,
    peers: &'rows [R],
}

impl<R> Line<'_, R> {
    /// What stands only beside the first of them.
    pub fn once(&self, cell: String) -> String {
        match self.place {
            0 => cell,
            _ => String::new(),
        }
    }

    /// All of them, also those that the table does not show.
    pub fn peers(&self) -> &[R] {
        self.peers
    }
}

impl<R> Deref for Line<'_, R> {
    type Target = R;

    fn deref(&self) -> &R {
        self.row
    }
}

impl<R> Column<R> {
    /// A column of words.
    pub const fn text(name: &'static str, width: usize, cell: fn(&Line<'_, R>) -> String) -> Self {
        Self {
            name,
            unit: "",
            width,
            align: Align::Left,
            cell,
        }
    }

    /// A column of figures.
    pub const fn figure(
        name: &'static str,
        unit: &'static str,
        width: usize,
        cell: fn(&Line<'_, R>) -> String,
    ) -> Self {
        Self {
            name,
            unit,
            width,
            align: Align::Right,
            cell,
        }
    }
}

/// A line of a table: cells in their columns, two blanks between them.
fn table_line<'cell, R>(
    columns: &[Column<R>],
    cells: impl IntoIterator<Item = &'cell str>,
) -> String {
    let mut line = String::new();
    for (column, cell) in columns.iter().zip(cells) {
        if !line.is_empty() {
            line.push_str("  ");
        }
        // Figures are whole, whatever becomes of the columns.
        let cell = match column.align {
            Align::Left => fitted(cell, column.width),
            Align::Right => cell.to_owned(),
        };
        let blanks = " ".repeat(column.width.saturating_sub(cell.width()));
        match column.align {
            Align::Left => line.extend([cell, blanks]),
            Align::Right => line.extend([blanks, cell]),
        }
    }
    line.truncate(line.trim_end().len());
    line.push('\n');
    line
}

/// As much of a cell as fits in so many places of a terminal, on which some
/// characters take two.
fn fitted(cell: &str, width: usize) -> String {
    if cell.width() <= width {
        return cell.to_owned();
    }
    let mut fitted = String::new();
    for character in cell.chars() {
        fitted.push(character);
        if fitted.width() >= width {
            fitted.pop();
            break;
        }
    }
    fitted + "…"
}

/// The heading of a table: names, and below them the units.
fn table_head<R>(columns: &[Column<R>]) -> String {
    let mut head = table_line(columns, columns.iter().map(|column| column.name));
    if columns.iter().any(|column| !column.unit.is_empty()) {
        head.push_str(&table_line(
            columns,
            columns.iter().map(|column| column.unit),
        ));
    }
    head
}

/// The sink that writes rows as a table or as JSON lines, those that become
/// complete at one time in their rank: the same output on any number of workers.
pub(crate) struct Results<S: Sample> {
    format: Format,
    lines_of_table: usize,
    /// Rows that are not complete: with several workers, those of one moment may
    /// come between those of another.
    open: BTreeMap<Timestamp, Vec<S::Row>>,
    has_begun: bool,
    rows: u64,
    totals: TotalsOf<S>,
    /// Takes what was added up when all is written.
    done: mpsc::Sender<Written<S>>,
}

/// What the sink added up.
pub(crate) struct Written<S: Sample> {
    pub(crate) rows: u64,
    pub(crate) totals: TotalsOf<S>,
}

type TotalsOf<S> = <<S as Sample>::Row as Row>::Totals;

impl<S: Sample> Results<S> {
    pub(crate) fn new(sample: &S, format: Format) -> (Self, mpsc::Receiver<Written<S>>) {
        let (done, written) = mpsc::channel();
        let results = Self {
            format,
            lines_of_table: sample.lines_of_table(),
            open: BTreeMap::new(),
            has_begun: false,
            rows: 0,
            totals: TotalsOf::<S>::default(),
            done,
        };
        (results, written)
    }

    /// The lines of rows that became complete at one time.
    fn text_of(&mut self, rows: &[S::Row], text: &mut String) -> Result<(), SinkError> {
        match self.format {
            Format::Table => {
                if !std::mem::replace(&mut self.has_begun, true) {
                    text.push_str(&table_head(S::Row::COLUMNS));
                }
                let lines = rows.iter().take(self.lines_of_table).enumerate();
                for (place, row) in lines {
                    let peers = rows;
                    let cells = S::Row::cells(&Line { row, place, peers });
                    text.push_str(&table_line(
                        S::Row::COLUMNS,
                        cells.iter().map(String::as_str),
                    ));
                }
            }
            Format::Jsonl => {
                for row in rows {
                    let json = serde_json::to_string(row);
                    text.push_str(&json.map_err(|error| SinkError::Failed(error.into()))?);
                    text.push('\n');
                }
            }
        }
        Ok(())
    }
}

/// Brings the first `count` rows to the front, in their order; the others stay
/// behind them in none: of a window with thousands of rows the table shows ten.
fn sort_first<R: Row>(rows: &mut [R], count: usize) {
    let first = match count < rows.len() {
        true => rows.select_nth_unstable_by(count, R::compare).0,
        false => rows,
    };
    first.sort_unstable_by(R::compare);
}

impl<S: Sample> Sink<S::Row> for Results<S> {
    fn write(&mut self, time: Timestamp, row: S::Row) -> Result<(), SinkError> {
        self.open.entry(time).or_default().push(row);
        Ok(())
    }

    fn watermark(&mut self, time: Timestamp) -> Result<(), SinkError> {
        let mut text = String::new();
        while let Some(first) = self.open.first_entry() {
            if *first.key() > time {
                break;
            }
            let mut rows = first.remove();
            match self.format {
                Format::Table => {
                    rows.iter().for_each(|row| self.totals.add(row));
                    rows.retain(Row::is_shown);
                    sort_first(&mut rows, self.lines_of_table);
                }
                Format::Jsonl => {
                    rows.retain(Row::is_shown);
                    sort_first(&mut rows, usize::MAX);
                }
            }
            self.rows += rows.len() as u64;
            self.text_of(&rows, &mut text)?;
        }
        match text.is_empty() {
            true => Ok(()),
            false => show(&text).map_err(|error| match SinkError::from(error) {
                SinkError::Failed(error) => {
                    SinkError::Failed(format!("standard output: {error}").into())
                }
                gone => gone,
            }),
        }
    }

    fn close(&mut self, _: Ending) -> Result<(), SinkError> {
        let written = Written {
            rows: self.rows,
            totals: std::mem::take(&mut self.totals),
        };
        // Nobody waits for the totals of a job that failed.
        let _ = self.done.send(written);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::fitted;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn a_cell_keeps_to_its_column() {
        for (cell, width, shown) in [
            ("Reykjavik", 9, "Reykjavik"),
            ("Reykjavik", 8, "Reykjav…"),
            ("東京都", 6, "東京都"),
            ("東京都", 5, "東京…"),
            ("東京都", 4, "東…"),
        ] {
            let fitted = fitted(cell, width);
            assert_eq!(fitted, shown);
            assert!(fitted.width() <= width);
        }
    }
}
