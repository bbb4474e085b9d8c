use crate::{EngineOptions, Format};
use clap::{value_parser, Args};
use std::path::PathBuf;
use std::time::Duration;

/// The most events that are made up or sent a second.
const MOST: u64 = 1_000_000_000;
/// A day.
const LONGEST_MS: u64 = 86_400_000;

/// The options that every sample has.
#[derive(Args, Clone, Debug)]
pub(crate) struct SharedOptions {
    /// A file to read, once for each [default: the data that comes along]
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Vec<PathBuf>,

    /// Make up so many events in place of reading any
    #[arg(long, value_name = "N", conflicts_with = "input",
          value_parser = value_parser!(u64).range(1..=MOST))]
    pub(crate) generate: Option<u64>,

    /// What made-up events are drawn with: the same ones for the same seed
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,

    /// How far events of a file may be out of order, in milliseconds of event time; what comes
    /// later is late and counted [default: what suits the data]
    #[arg(long, value_name = "MS", value_parser = value_parser!(u64).range(..=LONGEST_MS))]
    pub(crate) lateness_ms: Option<u64>,

    /// Show on standard error the lines that could not be read, each with its number
    #[arg(long)]
    pub(crate) show_malformed: bool,

    /// What goes to standard output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,

    #[command(flatten)]
    pub(crate) latency: LatencyOptions,

    #[command(flatten)]
    pub(crate) engine: EngineOptions,
}

/// How latencies are measured.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Latency")]
pub(crate) struct LatencyOptions {
    /// Replay the events at a rate that waits for nobody, and tell how long after an event the
    /// results are out that it sets free
    #[arg(long)]
    pub(crate) latency: bool,

    /// The same for a set of configurations, in one table
    #[arg(long)]
    pub(crate) compare: bool,

    /// Events a second
    #[arg(long, value_name = "R", default_value_t = 10_000, conflicts_with = "speed",
          value_parser = value_parser!(u64).range(1..=MOST))]
    pub(crate) rate: u64,

    /// So many times the pace at which they were recorded
    #[arg(long, value_name = "X", value_parser = positive)]
    pub(crate) speed: Option<f64>,

    /// How long each configuration is measured; data that ends before is replayed again, later in
    /// event time
    #[arg(long, value_name = "SECONDS", default_value_t = 3,
          value_parser = value_parser!(u64).range(1..=3600))]
    pub(crate) seconds: u64,

    /// Write what was measured as a page, too
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
}

impl SharedOptions {
    /// How far events may be out of order.
    pub(crate) fn disorder(&self, default: Duration) -> Duration {
        self.lateness_ms.map_or(default, Duration::from_millis)
    }

    /// What no single option gets wrong, but several together.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let measures = self.latency.latency || self.latency.compare;
        if self.latency.report.is_some() && !measures {
            return Some("--report goes with --latency or --compare");
        }
        if self.latency.speed.is_some() && !measures {
            return Some("--speed goes with --latency or --compare");
        }
        if self.latency.compare && self.engine.is_given() {
            return Some(
                "--compare tries workers, pinning, idle strategies and batches of its own: leave \
                 --workers, --cores, --no-pin and --batch out",
            );
        }
        if self.format == Format::Jsonl && measures {
            return Some("--latency and --compare print a table, not JSON lines");
        }
        None
    }
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number <= 1e12 => Ok(number),
        _ => Err("it must be a number above 0, such as 100".to_owned()),
    }
}
