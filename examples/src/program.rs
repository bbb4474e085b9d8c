use crate::input::{events, Read, Tally};
use crate::latency;
use crate::options::SharedOptions;
use crate::sample::{Event, Row, Sample, Timed, Totals};
use crate::table::{Results, Written};
use crate::{complain, grouped, latency_line, legible, run, show, Failure, Format};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser};
use fluxus::windows::BoundedDisorder;
use fluxus::{Error, Job, JobEnding, Measure, Report};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc;
use std::sync::Arc;

#[derive(Parser)]
#[command(version)]
struct CommandLine<S: Args> {
    #[command(flatten, next_help_heading = "Sample")]
    sample: S,

    #[command(flatten, next_help_heading = "Input and output")]
    shared: SharedOptions,
}

/// The whole of a sample program.
pub fn main<S: Sample>() -> ExitCode {
    let command = || CommandLine::<S>::command().name(S::NAME).about(S::ABOUT);
    let matches = command().get_matches();
    let CommandLine { sample, shared } = match CommandLine::<S>::from_arg_matches(&matches) {
        Ok(options) => options,
        Err(error) => error.exit(),
    };
    if let Some(wrong) = shared.contradiction() {
        command().error(ErrorKind::ArgumentConflict, wrong).exit();
    }
    let done = match shared.latency.latency || shared.latency.compare {
        true => latency::measure(&sample, &shared),
        false => print_results(&sample, &shared),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain("error", failure);
            ExitCode::FAILURE
        }
    }
}

const ENDED_BY_HAND: &str = "ended by Ctrl-C: this is what was read until then";

/// Where events come from, opened.
pub(crate) struct Begun<E> {
    pub(crate) events: Timed<E>,
    /// What was read of files.
    pub(crate) tally: Tally,
    pub(crate) files: Vec<PathBuf>,
    /// What is true of events that were made up.
    pub(crate) truth: Option<String>,
}

/// Begins the stream of events that the options ask for.
pub(crate) fn begin<S: Sample>(
    job: &Job,
    sample: &S,
    shared: &SharedOptions,
) -> Result<Begun<S::Event>, Failure> {
    let disorder = shared.disorder(S::Event::DISORDER);
    let tally = Tally::default();
    if let Some(count) = shared.generate {
        let made_up = sample.generate(count, shared.seed);
        let records: Arc<[S::Event]> = made_up.events.into();
        let watermarks = BoundedDisorder::new(disorder).map_err(Error::from)?;
        let events = job.from_shared(&records, 1).named("events");
        return Ok(Begun {
            events: events.timestamps(S::Event::time, watermarks).boxed_timed(),
            tally,
            files: Vec::new(),
            truth: Some(made_up.truth),
        });
    }
    let files = match shared.input.is_empty() {
        true => sample.default_inputs(),
        false => shared.input.clone(),
    };
    for file in &files {
        readable(file, shared.input.is_empty())?;
    }
    let events = events(job, sample, &files, disorder, shared.show_malformed, &tally)?;
    Ok(Begun {
        events,
        tally,
        files,
        truth: None,
    })
}

/// Says at once what is wrong with a file, not when a worker comes to it.
fn readable(file: &Path, comes_along: bool) -> Result<(), Failure> {
    let problem = match file.metadata() {
        Ok(metadata) if metadata.is_dir() => "it is a directory".to_owned(),
        // A pipe may be opened once only: its writer would lose its reader.
        Ok(metadata) if !metadata.is_file() => return Ok(()),
        Ok(_) => match File::open(file) {
            Ok(_) => return Ok(()),
            Err(error) => error.to_string(),
        },
        Err(error) => error.to_string(),
    };
    let mend = match comes_along {
        true => ": the data that comes along is not there; name a file of your own with --input",
        false => "",
    };
    Err(Failure::from(format!(
        "{}: {problem}{mend}",
        file.display()
    )))
}

fn print_results<S: Sample>(sample: &S, shared: &SharedOptions) -> Result<(), Failure> {
    let is_table = shared.format == Format::Table;
    let config = sample
        .config(shared.engine.config())
        .measure_latency(is_table);
    let job = Job::new(S::NAME, config)?;
    let begun = begin(&job, sample, shared)?;
    if begun.truth.is_some() {
        complain("note", format!("these {} events are made up", S::NAME));
    }
    let (results, written) = Results::new(sample, shared.format);
    sample.results(begun.events)?.sink(results);
    let report = run(job)?;
    let mut read = begun.tally.read();
    read.events += shared.generate.unwrap_or(0);
    tell_problems(shared, S::Event::LONGEST_LINE, &begun.files, &read, &report);
    if !is_table && report.ending == JobEnding::Drained {
        complain("note", ENDED_BY_HAND);
    }
    if !is_table {
        return Ok(());
    }
    let text = closing::<S>(&report, &written, &read, begun.truth);
    match show(&text) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        shown => Ok(shown?),
    }
}

fn closing<S: Sample>(
    report: &Report,
    written: &mpsc::Receiver<Written<S>>,
    read: &Read,
    truth: Option<String>,
) -> String {
    let (rows, totals) = match written.try_recv() {
        Ok(written) => (written.rows, written.totals),
        Err(_) => (0, <S::Row as Row>::Totals::default()),
    };
    let mut text = String::from("\n");
    if report.ending == JobEnding::Drained {
        text.push_str(ENDED_BY_HAND);
        text.push_str("\n\n");
    }
    let own = totals.text();
    if !own.is_empty() {
        text.push_str(own.trim_end());
        text.push_str("\n\n");
    }
    if let Some(truth) = truth.filter(|truth| !truth.is_empty()) {
        text.push_str(&format!("made up so that: {}\n\n", truth.trim_end()));
    }
    let a_second = read.events as f64 / report.elapsed.as_secs_f64().max(1e-9);
    let a_second_of = format!("{}/s", S::Event::PLURAL);
    let mut figures = vec![(S::Event::PLURAL, read.events)];
    figures.extend(totals.figures(report.elapsed));
    figures.extend([
        ("rows", rows),
        ("late", report.late()),
        ("malformed", malformed_lines(report, read)),
        (a_second_of.as_str(), a_second as u64),
    ]);
    for (label, figure) in figures {
        text.push_str(&format!("{label:<10} {:>14}\n", grouped(figure)));
    }
    let samples = report
        .latency
        .as_ref()
        .map_or(0, |latency| latency.samples());
    text.push_str(&format!(
        "\nlatency from the watermark that sets rows free to the sink, a sample a row ({})\n{}\n",
        grouped(samples),
        latency_line(report.latency.as_ref()),
    ));
    text
}

/// Lines that were no events, and those that the source could not read as text;
/// what is both is one.
fn malformed_lines(report: &Report, read: &Read) -> u64 {
    let of_source = report.total(Measure::Malformed);
    read.malformed + of_source - read.mended.min(of_source)
}

/// What would otherwise go unnoticed.
fn tell_problems(
    shared: &SharedOptions,
    longest_line: usize,
    files: &[PathBuf],
    read: &Read,
    report: &Report,
) {
    let of_source = report.total(Measure::Malformed);
    if of_source > 0 {
        let message = format!(
            "{of_source} lines are no proper text: bad UTF-8 was read as U+FFFD, lines beyond {} \
             MiB were left out",
            longest_line >> 20
        );
        complain("warning", message);
    }
    if read.events == 0 && report.ending == JobEnding::Completed {
        let named: Vec<_> = files.iter().map(|file| file.to_string_lossy()).collect();
        let why = match &read.first {
            Some(line) => format!(
                "none of their lines could be read; the first, line {}: {}",
                line.line,
                legible(&line.reason, 200)
            ),
            None => "there is nothing in them".to_owned(),
        };
        complain(
            "warning",
            format!("no events in {}: {why}", named.join(", ")),
        );
    } else if read.malformed > 0 && !shared.show_malformed {
        let message = format!(
            "{} malformed lines were left out: --show-malformed shows them",
            read.malformed
        );
        complain("warning", message);
    }
    let late = report.late();
    if late > 0 && shared.format == Format::Jsonl {
        let message = format!("{late} events came too late and were left out: see --lateness-ms");
        complain("warning", message);
    }
}
