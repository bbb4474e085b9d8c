//! The arguments, and what of them makes no sense.

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use fluxus_perf::{Engine, Idle, Workload};

use super::cores::CoreList;
use super::rivals::RivalsArguments;

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
        let (what, engine) = match &self.command {
            Command::Run(run) => (&run.what, run.engine),
            Command::Compare(compare) => (&compare.what, Engine::Fluxus),
            Command::Rivals(rivals) => return rivals.contradiction(),
        };
        if what.keys.is_some() && what.workload.default_keys().is_none() {
            return Some(format!(
                "{} has no number of keys to choose: leave --keys out",
                what.workload
            ));
        }
        if what.workers > 1 && engine == Engine::Hand {
            return Some(
                "the engine `hand` is one loop on one core: leave --workers out".to_owned(),
            );
        }
        None
    }
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Run one workload on one engine: speed and digest
    Run(RunArguments),
    /// Run both engines in turn in one process: the ratio of their speeds
    Compare(CompareArguments),
    /// Run other engines, or rings, in turn with Fluxus: the ratios of their speeds
    Rivals(RivalsArguments),
}

#[derive(Args, Debug)]
pub(super) struct RunArguments {
    #[command(flatten)]
    pub(super) what: What,

    /// What runs it
    #[arg(long, value_enum, default_value_t = Engine::Fluxus)]
    pub(super) engine: Engine,

    /// Runs that are measured; the median is told
    #[arg(long, value_name = "R", default_value_t = 1, value_parser = number::<1, 10_000>)]
    pub(super) repeat: u64,
}

#[derive(Args, Debug)]
pub(super) struct CompareArguments {
    #[command(flatten)]
    pub(super) what: What,

    /// Pairs of runs, one of each engine; the median of their ratios is told
    #[arg(long, value_name = "P", default_value_t = 7, value_parser = number::<1, 10_000>)]
    pub(super) pairs: u64,
}

/// What is run and how: the same for every command.
#[derive(Args, Debug)]
pub(super) struct What {
    /// The workload
    #[arg(value_enum, ignore_case = true)]
    pub(super) workload: Workload,

    /// Events [default: W1 1M lines, W2 20M, W7 100M]
    #[arg(long, value_name = "N", value_parser = number::<1, { u64::MAX }>)]
    pub(super) events: Option<u64>,

    /// Distinct keys, where the workload has a choice [default: W2 10k]
    #[arg(long, value_name = "K", value_parser = number::<1, { u32::MAX as u64 }>)]
    pub(super) keys: Option<u64>,

    /// Worker threads of the engine `fluxus`
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = number::<1, 1024>)]
    pub(super) workers: u64,

    /// Cores to pin to, one a worker, such as 0,1 or 2-5 [default: the first this process may use]
    #[arg(long, value_name = "LIST")]
    pub(super) cores: Option<CoreList>,

    /// Leave the threads to the operating system
    #[arg(long, conflicts_with = "cores")]
    pub(super) no_pin: bool,

    /// What a worker of the engine `fluxus` does that has nothing to do
    #[arg(long, value_enum, default_value_t = Idle::Adaptive)]
    pub(super) idle: Idle,

    /// Records in one batch of the engine `fluxus` [default: the engine's]
    #[arg(long, value_name = "N", value_parser = number::<1, { 1 << 30 }>)]
    pub(super) batch: Option<u64>,

    /// Records in one ring of the engine `fluxus` [default: the engine's]
    #[arg(long, value_name = "N", value_parser = number::<1, { 1 << 30 }>)]
    pub(super) ring: Option<u64>,

    /// Runs of each engine that come first and do not count
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = number::<0, 10_000>)]
    pub(super) warm_up: u64,

    /// One line of JSON instead of a table
    #[arg(long)]
    pub(super) json: bool,
}

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
                "fluxus-perf compare W2 --engine hand",
                ErrorKind::UnknownArgument,
            ),
        ] {
            assert_eq!(parse(line).err(), Some(kind), "{line}");
        }
    }
}
