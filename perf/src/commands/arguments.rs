//! The arguments, and what of them makes no sense.

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use fluxus_perf::Workload;

use super::latency::LatencyArguments;
use super::matrix::MatrixArguments;
use super::rivals::RivalsArguments;
use super::setting::Setting;
use super::targets::TargetsArguments;

/// Exact workloads, digests checked: Fluxus against the loop one would have written by hand.
#[derive(Parser, Debug)]
#[command(name = "fluxus-perf", version, about, disable_help_subcommand = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

impl Arguments {
    /// Reads the command line; tells what is wrong with it and ends with status 2.
    pub(super) fn read() -> Self {
        let arguments = Self::parse();
        match arguments.contradiction() {
            None => arguments,
            Some(message) => Self::command()
                .error(ErrorKind::ArgumentConflict, message)
                .exit(),
        }
    }

    /// What no single argument gets wrong, but several together.
    fn contradiction(&self) -> Option<String> {
        match &self.command {
            Command::Run(run) => run.what.setting.contradiction(run.what.workload),
            Command::Compare(compare) => compare.contradiction(),
            Command::Latency(latency) => latency.contradiction(),
            Command::Matrix(matrix) => matrix.load.contradiction(),
            Command::Rivals(rivals) => rivals.contradiction(),
            _ => None,
        }
    }
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Run one workload on one engine: speed and digest
    Run(RunArguments),
    /// Run two sides in turn in one process, Fluxus and the loop by hand: the ratio of their speeds
    Compare(Box<CompareArguments>),
    /// Measure what Fluxus is to reach: each target, what is wanted, the ratio found
    Targets(TargetsArguments),
    /// What of this host disturbs latency, with its mend
    Doctor(super::doctor::DoctorArguments),
    /// Count the instructions of an event under callgrind, and hold them against accepted ones
    Instructions(super::instructions::InstructionsArguments),
    /// What each operator costs beyond the loop by hand, in instructions
    Operators(super::operators::OperatorsArguments),
    /// One run of one of them and nothing else
    #[command(hide = true)]
    OperatorOnce(super::operators::OperatorOnceArguments),
    /// Count the system calls of a long run under strace: events cause none
    SystemCalls(super::system_calls::SystemCallsArguments),
    /// Measure workloads one after the other and keep the results in a file
    Record(super::record::RecordArguments),
    /// Hold two such files against each other: exit status 1 where something got worse
    Diff(super::diff::DiffArguments),
    /// One run and nothing else, for tools that count
    #[command(hide = true)]
    Once(super::once::OnceArguments),
    /// Send records at a given rate, whatever comes: how long each takes, and each window
    Latency(LatencyArguments),
    /// The latencies of idle strategies, batch sizes and one or two cores, in one table
    Matrix(MatrixArguments),
    /// Run one workload at 1, 2, 4 and more workers in turn: what each core more brings
    Scale(super::scale::ScaleArguments),
    /// Run other engines, or rings, in turn with Fluxus: the ratios of their speeds
    Rivals(RivalsArguments),
}

#[derive(Args, Debug)]
pub(super) struct RunArguments {
    #[command(flatten)]
    pub(super) what: What,

    /// Runs that are measured; the median is told
    #[arg(long, value_name = "R", default_value_t = 1, value_parser = number::<1, 10_000>)]
    pub(super) repeat: u64,
}

#[derive(Args, Debug)]
pub(super) struct CompareArguments {
    #[command(flatten)]
    pub(super) what: What,

    /// The other side: what differs from this one, such as "--engine plain" or "--workers 1"
    #[arg(
        long,
        value_name = "OPTIONS",
        default_value = "--engine hand",
        allow_hyphen_values = true
    )]
    pub(super) against: Setting,

    /// Pairs of runs, one of each side; the median of their ratios is told
    #[arg(long, value_name = "P", default_value_t = 7, value_parser = number::<1, 10_000>)]
    pub(super) pairs: u64,
}

impl CompareArguments {
    /// The setting of the other side.
    pub(super) fn other(&self) -> Setting {
        self.against.over(&self.what.setting)
    }

    fn contradiction(&self) -> Option<String> {
        let own = self.what.setting.contradiction(self.what.workload);
        own.or_else(|| {
            let other = self.other().contradiction(self.what.workload)?;
            Some(format!("--against: {other}"))
        })
    }
}

/// What is run and how: the same for every command.
#[derive(Args, Debug)]
pub(super) struct What {
    /// The workload
    #[arg(value_enum, ignore_case = true)]
    pub(super) workload: Workload,

    #[command(flatten)]
    pub(super) setting: Setting,

    /// Runs of each engine that come first and do not count
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = number::<0, 10_000>)]
    pub(super) warm_up: u64,

    /// One line of JSON instead of a table
    #[arg(long)]
    pub(super) json: bool,
}

/// The engine's own limits.
pub(super) const LARGEST_BATCH: u64 = 1 << 16;
pub(super) const MOST_KEYS: u64 = 1 << 24;
/// Every worker has a ring to every other: that many take a minute to set up.
pub(super) const MOST_WORKERS: u64 = 256;

/// Reads a number from `LEAST` to `MOST`, such as 20000000, 20_000_000 or 20M.
pub(super) fn number<const LEAST: u64, const MOST: u64>(text: &str) -> Result<u64, String> {
    let (digits, factor) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 1_000),
        Some((at, 'M')) => (&text[..at], 1_000_000),
        Some((at, 'G')) => (&text[..at], 1_000_000_000),
        _ => (text, 1),
    };
    let digits = digits.replace('_', "");
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !plain {
        return Err("not a whole number, such as 20000000 or 20M".to_owned());
    }
    let number = digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor));
    match number {
        Some(number) if number < LEAST => Err(format!("must be at least {LEAST}")),
        Some(number) if number <= MOST => Ok(number),
        _ => Err(format!("must be at most {MOST}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, ErrorKind> {
        Arguments::try_parse_from(line.split(' ')).map_err(|error| error.kind())
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let contradicts = |line| {
            parse(line)
                .expect("each argument is right")
                .contradiction()
                .is_some()
        };
        assert!(contradicts("fluxus-perf run W7 --keys 4"));
        assert!(contradicts("fluxus-perf compare W1 --keys 4"));
        assert!(contradicts("fluxus-perf run W2 --engine hand --workers 2"));
        assert!(contradicts(
            "fluxus-perf run W2 --engine hand --watermark-ms 2"
        ));
        assert!(contradicts("fluxus-perf run W3 --watermark-ms 2"));
        assert!(contradicts("fluxus-perf run W3 --engine entry"));
        assert!(contradicts("fluxus-perf run W3 --slide-ms 7"));
        assert!(contradicts("fluxus-perf run W2 --gap-ms 7"));
        assert!(contradicts("fluxus-perf run W2 --ring 3"));
        assert!(contradicts("fluxus-perf latency --rate 1k --seconds 0"));
        assert!(contradicts(
            "fluxus-perf latency --rate 1k --seconds 1 --window-ms 1001"
        ));
        assert!(contradicts("fluxus-perf matrix --rate 1k --seconds 0.001"));
        assert!(!contradicts(
            "fluxus-perf latency --rate 1k --seconds 0.001 --no-windows"
        ));
        assert!(contradicts("fluxus-perf compare W3 --against --slide-ms=7"));
        assert!(!contradicts(
            "fluxus-perf compare W3 --against --slide-ms=6"
        ));
        assert!(!contradicts(
            "fluxus-perf compare W2 --workers 2 --watermark-ms 2"
        ));
        assert!(!contradicts("fluxus-perf run W2 --keys 4 --workers 2"));
        assert!(!contradicts("fluxus-perf compare W2 --workers 2"));
    }

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn numbers_are_read_in_every_form() {
        let read = number::<1, { u64::MAX }>;
        assert_eq!(read("20000000"), Ok(20_000_000));
        assert_eq!(read("20_000_000"), Ok(20_000_000));
        assert_eq!(read("20M"), Ok(20_000_000));
        assert_eq!(read("3k"), Ok(3_000));
        for wrong in [
            "",
            "0",
            "M",
            "-1",
            "+1",
            "1.5",
            "1e6",
            "20m",
            "99999999999999999999",
            "99999999999999999G",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(parse("fluxus-perf run W2 --engine hand --keys 5 --cores 0,1 --json").is_ok());
        assert!(parse("fluxus-perf compare w7 --pairs 3 --idle park --batch 64 --ring 1k").is_ok());
        for (line, kind) in [
            (
                "fluxus-perf",
                ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
            ),
            ("fluxus-perf run", ErrorKind::MissingRequiredArgument),
            ("fluxus-perf run W99", ErrorKind::InvalidValue),
            ("fluxus-perf run W2 --engine other", ErrorKind::InvalidValue),
            ("fluxus-perf run W2 --idle sleep", ErrorKind::InvalidValue),
            ("fluxus-perf run W2 --events 0", ErrorKind::ValueValidation),
            (
                "fluxus-perf run W2 --events many",
                ErrorKind::ValueValidation,
            ),
            ("fluxus-perf run W2 --keys 0", ErrorKind::ValueValidation),
            (
                "fluxus-perf run W2 --keys 4294967296",
                ErrorKind::ValueValidation,
            ),
            ("fluxus-perf run W2 --workers 0", ErrorKind::ValueValidation),
            (
                "fluxus-perf run W2 --workers 257",
                ErrorKind::ValueValidation,
            ),
            (
                "fluxus-perf run W2 --batch 65537",
                ErrorKind::ValueValidation,
            ),
            (
                "fluxus-perf latency --rate 101M",
                ErrorKind::ValueValidation,
            ),
            ("fluxus-perf run W2 --cores 0,0", ErrorKind::ValueValidation),
            ("fluxus-perf run W2 --cores a", ErrorKind::ValueValidation),
            (
                "fluxus-perf run W2 --cores 0 --no-pin",
                ErrorKind::ArgumentConflict,
            ),
            (
                "fluxus-perf compare W2 --pairs 0",
                ErrorKind::ValueValidation,
            ),
            (
                "fluxus-perf compare W2 --against --engine=other",
                ErrorKind::ValueValidation,
            ),
            (
                "fluxus-perf compare W2 --against W3",
                ErrorKind::ValueValidation,
            ),
        ] {
            assert_eq!(parse(line).err(), Some(kind), "{line}");
        }
    }
}
