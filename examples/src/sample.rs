//! What a sample program is made of.

use crate::input::Parser;
use crate::table::{Column, Line};
use fluxus::windows::Timestamp;
use fluxus::{Boxed, Config, DataStream, Error};
use serde::Serialize;
use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A stream of events or results with their times: what a sample's pipeline
/// takes and gives. (The operators of it are forgotten, so that signatures stay
/// short; a program of one's own has no need to.)
pub type Timed<T> = DataStream<Boxed<T, true>>;

/// A sample program: one value of this is its options.
///
/// A sample says where its events come from, what becomes of them, and what a row
/// of the result looks like; the rest (files, options, tables, latencies) is the
/// same for all and stands in this library.
pub trait Sample: clap::Args + Clone + Send + Sync + 'static {
    /// Its name, as on the command line.
    const NAME: &'static str;
    /// The question it answers, and how: what `--help` begins with.
    const ABOUT: &'static str;
    /// What comes in.
    type Event: Event;
    /// What comes out.
    type Row: Row;

    /// The files that are read when none is named.
    fn default_inputs(&self) -> Vec<PathBuf>;

    /// A parser of the lines of this file.
    fn parser(&self, file: &Path) -> Box<dyn Parser<Self::Event>>;

    /// Makes up `count` events, the same for the same seed.
    fn generate(&self, count: u64, seed: u64) -> Generated<Self::Event>;

    /// What the engine should know of the data beforehand.
    fn config(&self, config: Config) -> Config {
        config
    }

    /// What becomes of the events.
    ///
    /// # Errors
    /// When an option makes no sense, with what to change.
    fn results(&self, events: Timed<Self::Event>) -> Result<Timed<Self::Row>, Error>;

    /// How many of the rows that became complete at one time the table shows, the
    /// first ones. (JSON lines are all rows.)
    fn lines_of_table(&self) -> usize {
        usize::MAX
    }
}

/// What comes in.
pub trait Event: Clone + Send + Sync + 'static {
    /// What they are called where they are counted.
    const PLURAL: &'static str;
    /// How far those of one file may be out of order, unless `--lateness-ms` says
    /// otherwise.
    const DISORDER: Duration = Duration::ZERO;
    /// The longest line that is read, in bytes: longer ones are left out and counted.
    const LONGEST_LINE: usize = 1 << 20;

    /// When it happened.
    fn time(&self) -> Timestamp;
}

/// Made-up events.
pub struct Generated<E> {
    /// In the order in which they come.
    pub events: Vec<E>,
    /// What the sample should find, in words; empty where there is no one answer.
    pub truth: String,
}

/// A row of a sample's result.
pub trait Row: Serialize + Clone + Send + 'static {
    /// The columns of the table, and what stands in them.
    const COLUMNS: &'static [Column<Self>];
    /// What is added up over all rows.
    type Totals: Totals<Self>;

    /// The order of rows that become complete at one time.
    fn compare(&self, other: &Self) -> Ordering;

    /// Whether the row is written; one that is not is only added up.
    fn is_shown(&self) -> bool {
        true
    }

    /// The line of the table for this row, cell by cell.
    fn cells(line: &Line<'_, Self>) -> Vec<String> {
        let cells = Self::COLUMNS.iter().map(|column| (column.cell)(line));
        cells.collect()
    }
}

/// What is added up over all rows, and stands below the table.
pub trait Totals<R>: Default + Send + 'static {
    /// Adds a row up. Those that become complete at one time come in any order,
    /// behind all of an earlier time.
    fn add(&mut self, row: &R);

    /// What they come to, in words.
    fn text(&self) -> String;

    /// What is counted beside events and rows, with its name; the run took so long.
    fn figures(&self, elapsed: Duration) -> Vec<(&'static str, u64)> {
        let _ = elapsed;
        Vec::new()
    }
}
