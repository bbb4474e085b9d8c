//! What a sample program is made of.

use crate::input::Parser;
use crate::table::Column;
use fluxus::windows::Timestamp;
use fluxus::{Boxed, Config, DataStream, Error};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A stream of events or results with their times: what a sample's pipeline
/// takes and gives. (The operators of it are forgotten, so that signatures stay
/// short; a program of one's own has no need to.)
pub type Timed<T> = DataStream<Boxed<T, true>>;

/// A sample program: one value of this is its options.
///
/// A sample says how a line becomes an event, what becomes of events, and what a
/// row of the result looks like; the rest (files, options, tables, latencies) is
/// the same for all and stands in this library.
pub trait Sample: clap::Args + Clone + Send + Sync + 'static {
    /// Its name, as on the command line.
    const NAME: &'static str;
    /// The question it answers, and how: what `--help` begins with.
    const ABOUT: &'static str;
    /// What its events are called where they are counted.
    const EVENTS: &'static str = "events";
    /// The longest line that is read, in bytes: longer ones are left out and counted.
    const LONGEST_LINE: usize = 1 << 20;
    /// What comes in.
    type Event: Clone + Send + Sync + 'static;
    /// What comes out.
    type Row: Row;

    /// The files that are read when none is named.
    fn default_inputs(&self) -> Vec<PathBuf>;

    /// A parser of one file's lines.
    fn parser(&self) -> Box<dyn Parser<Self::Event>>;

    /// A parser of the lines of this file, where its name says something.
    fn parser_of(&self, file: &Path) -> Box<dyn Parser<Self::Event>> {
        let _ = file;
        self.parser()
    }

    /// When an event happened.
    fn time_of(event: &Self::Event) -> Timestamp;

    /// How far events of one file may be out of order, unless `--lateness-ms`
    /// says otherwise.
    fn disorder(&self) -> Duration {
        Duration::ZERO
    }

    /// What the engine should know of the data beforehand.
    fn config(&self, config: Config) -> Config {
        config
    }

    /// What becomes of the events.
    ///
    /// # Errors
    /// When an option makes no sense, with what to change.
    fn results(&self, events: Timed<Self::Event>) -> Result<Timed<Self::Row>, Error>;

    /// Makes up `count` events, the same for the same seed, in the order in which
    /// they would come, and says what is true of them.
    fn generate(&self, count: u64, seed: u64) -> Generated<Self::Event>;

    /// The lines of the table for rows that became complete at one time, in their
    /// rank. (JSON lines are all rows.)
    fn table(&self, rows: &[Self::Row]) -> Vec<Vec<String>> {
        rows.iter().map(Row::cells).collect()
    }

    /// What is counted beside events and rows, with its name; the run took so long.
    fn figures(
        &self,
        totals: &<Self::Row as Row>::Totals,
        elapsed: Duration,
    ) -> Vec<(&'static str, u64)> {
        let _ = (totals, elapsed);
        Vec::new()
    }

    /// What stands below the table, computed from all rows in their order.
    fn closing(&self, totals: &<Self::Row as Row>::Totals) -> String;
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
    /// The columns of the table.
    const COLUMNS: &'static [Column];
    /// What is added up over all rows.
    type Totals: Default + Send + 'static;

    /// The cells, one a column.
    fn cells(&self) -> Vec<String>;

    /// Rows that become complete at one time are shown in the order of this.
    fn rank(&self) -> String;

    /// Whether the row is written; one that is not is only added up.
    fn is_shown(&self) -> bool {
        true
    }

    /// Adds the row up.
    fn add_to(&self, totals: &mut Self::Totals);
}
