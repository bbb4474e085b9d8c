//! Whether the figures of a run may be believed.

use super::pipeline::Plan;
use super::recorder::Recorder;
use super::schedule::Schedule;
use super::span::Span;

/// More than so many of a thousand records sent late, and the rate was not the
/// one that was asked for.
const LATE_PER_MILLE: u64 = 10;

/// Why a run counts for nothing; empty if it is valid.
pub(crate) fn reasons(
    plan: &Plan,
    span: Span,
    records: &Recorder,
    windows: Option<&Recorder>,
) -> Vec<String> {
    let mut reasons = Vec::new();
    let due = |from_ns, to_ns| Schedule::count_between(plan.rate, span, from_ns, to_ns);
    let (counted, sent) = (due(span.measured_from_ns, span.end_ns), due(0, u64::MAX));
    if counted == 0 {
        reasons
            .push("no record was due in the measured time: raise --rate or --seconds".to_owned());
    }
    if records.seen != sent {
        reasons.push(format!("{} of {sent} records were seen", records.seen));
    }
    let kept = records.samples() + records.out_of_range;
    if records.seen == sent && kept != counted {
        reasons.push(format!("{kept} of {counted} records were measured"));
    }
    if records.sent_late * 1_000 > counted * LATE_PER_MILLE {
        reasons.push(format!(
            "the source fell behind: {} of {counted} records were sent more than 1 ms late; \
             lower --rate, or give it a core of its own",
            records.sent_late
        ));
    }
    let mut out_of_range = records.out_of_range;
    if let Some(windows) = windows {
        out_of_range += windows.out_of_range;
        if windows.seen != sent {
            reasons.push(format!(
                "the windows counted {} of {sent} records",
                windows.seen
            ));
        }
        let complete = windows_with_records(plan.rate, span);
        let measured = windows.samples() + windows.out_of_range;
        if measured != complete {
            reasons.push(format!("{measured} of {complete} windows were measured"));
        }
    }
    if out_of_range > 0 {
        reasons.push(format!("{out_of_range} samples were out of range"));
    }
    reasons
}

/// Windows that count and have a record.
fn windows_with_records(rate: u64, span: Span) -> u64 {
    let mut windows = 0;
    let mut end_ns = span.window_end(span.measured_from_ns);
    while end_ns <= span.end_ns {
        let has_record =
            || Schedule::count_between(rate, span, end_ns - span.window_ns, end_ns) > 0;
        windows += u64::from(span.counts_window(end_ns) && has_record());
        end_ns += span.window_ns;
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn plan() -> Plan {
        Plan {
            rate: 1_000,
            measured: Duration::from_millis(100),
            warm_up: Duration::from_millis(50),
            ..Plan::default()
        }
    }

    /// What the meters see of every record but the last `lost`, each sent `lag_ns` late.
    fn seen(span: Span, lost: usize, lag_ns: u64) -> (Recorder, Recorder) {
        let (mut records, mut windows) = (Recorder::new(span), Recorder::new(span));
        let mut schedule = Schedule::new(1_000, span);
        let all: Vec<_> = std::iter::from_fn(|| schedule.take_due(u64::MAX)).collect();
        for due in &all[..all.len() - lost] {
            records.seen += 1;
            if span.counts(due.due_ns) {
                let sent_ns = due.due_ns + lag_ns;
                records.record(due.due_ns, sent_ns, sent_ns + 100);
            }
        }
        windows.seen = records.seen;
        let mut end_ns = span.start_ns;
        while end_ns <= span.end_ns {
            if span.counts_window(end_ns) {
                windows.record(end_ns, end_ns, end_ns + 500);
            }
            end_ns += span.window_ns;
        }
        (records, windows)
    }

    #[test]
    fn a_run_is_valid_only_if_all_was_sent_in_time_and_all_was_seen() {
        let plan = plan();
        let span = plan.span();
        let told = |(records, windows): (Recorder, Recorder)| {
            reasons(&plan, span, &records, Some(&windows)).join("; ")
        };
        assert_eq!(told(seen(span, 0, 10)), "");
        let lost = told(seen(span, 1, 10));
        assert!(lost.contains("149 of 150 records were seen"), "{lost}");
        assert!(lost.contains("counted 149 of 150"), "{lost}");
        let behind = told(seen(span, 0, 1_000_001));
        assert!(behind.contains("fell behind: 100 of 100"), "{behind}");

        let (mut records, windows) = seen(span, 0, 10);
        records.sent_late = 1;
        assert_eq!(
            told((records.clone(), windows.clone())),
            "",
            "one in a hundred"
        );
        records.sent_late = 2;
        assert!(told((records, windows)).contains("fell behind"));

        let (records, mut windows) = seen(span, 0, 10);
        windows.out_of_range = 1;
        let odd = told((records, windows));
        assert!(odd.contains("11 of 10 windows"), "{odd}");
        assert!(odd.contains("1 samples were out of range"), "{odd}");
    }

    #[test]
    fn windows_without_a_record_are_not_waited_for() {
        let span = plan().span();
        assert_eq!(windows_with_records(1_000, span), 10);
        // One record every 50 ms: at 50 and at 100 ms of the 150.
        assert_eq!(windows_with_records(20, span), 2);
    }
}
