//! The example of a source and a sink of one's own, run.

#[path = "../examples/own_source.rs"]
mod own_source;

use fluxus::Measure;
use own_source::{run, Answer};
use std::time::Duration;
use Answer::{Busy, Reading};

const PERIOD: Duration = Duration::from_micros(1);
/// All readings fall into one, or into two at midnight.
const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn every_reading_comes_to_the_board_whatever_the_bus_is_busy_with() {
    let answers = [
        Reading("20.5"),
        Busy,
        Busy,
        Reading("21.5"),
        Reading("?"),
        Busy,
        Reading("19.5"),
    ];
    let (report, shown) = run(answers, PERIOD, DAY).unwrap();
    assert!(shown.contains(&"21.5 degrees".to_owned()), "{shown:?}");
    assert_eq!(shown.last().unwrap(), "the end");
    assert_eq!(report.of("thermometer", Measure::RecordsIn), 3);
    assert_eq!(report.of("thermometer", Measure::Malformed), 1);
    assert_eq!(report.of("thermometer", Measure::Retries), 3);
}

#[test]
fn a_bus_that_stays_busy_fails_the_job() {
    let error = run([Reading("20.5"), Busy, Busy, Busy, Busy], PERIOD, DAY).unwrap_err();
    assert_eq!(error.culprit(), Some("thermometer"));
    let text = error.to_string();
    assert!(text.contains("it was tried 4 times within"), "{text}");
    assert!(text.ends_with("the last time: the bus is busy"), "{text}");
}
