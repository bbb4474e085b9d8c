//! Streams whose chains are forgotten, in the shapes that need them.

use fluxus::prelude::*;
use fluxus::source::Source;
use fluxus::testing::{cut_off, drives, each, heard, holds, sample, Said};
use fluxus::{Chain, Timed};

/// The stream three times, its records told apart by hundreds, and united again:
/// two in a box, and one beside it.
fn thrice<C: Timed<Item = i64>>(stream: DataStream<C>) -> DataStream<impl Chain<Item = i64>> {
    let [one, two, three] = stream.fan_out();
    let one = one.map(|n| n + 100).boxed_timed();
    let two = two.map(|n| n + 200).boxed_timed();
    one.union(two).boxed_timed().union(three.map(|n| n + 300))
}

#[test]
fn boxed_streams_unite_as_what_is_in_them_does() {
    for drive in drives() {
        let found = heard(drive, &sample(), thrice);
        for hundreds in 1..=3 {
            let of_it = |line: &Said<i64>| match line {
                Said::Record(_, n) if n / 100 == hundreds => Some(n % 100),
                _ => None,
            };
            let of_it: Vec<_> = found.iter().filter_map(of_it).collect();
            assert_eq!(of_it, (0..12).collect::<Vec<_>>(), "{drive:?}");
        }
        let watermark = |line: &Said<i64>| matches!(line, Said::Watermark(_)).then(|| line.clone());
        let last = found.iter().rev().find_map(watermark);
        assert_eq!(last, Some(Said::Watermark(85)), "{drive:?}");
        assert_eq!(found.last(), Some(&Said::End), "{drive:?}");
    }
}

#[test]
fn a_union_in_a_box_is_one_stage_with_the_others() {
    let explained = |boxed: bool| {
        let job = Job::new("doc", Config::new().workers(1)).unwrap();
        let [a, b, c] = [1, 2, 3].map(|n| job.from_iter([n]));
        match boxed {
            true => a.boxed().union(b).boxed().union(c).for_each(|_| {}),
            false => a.union(b).union(c).for_each(|_| {}),
        }
        let text = job.explain();
        text.lines()
            .filter(|line| line.contains("  stage "))
            .count()
    };
    assert_eq!(explained(true), explained(false));
}

#[test]
fn chains_of_any_length_are_built_while_the_program_runs() {
    let expected = each(&sample(), |n| vec![n + 20]);
    holds(
        "twenty",
        &cut_off(&expected, usize::MAX),
        &sample(),
        |stream| {
            let steps = 0..20;
            steps.fold(stream.boxed(), |stream, _| stream.map(|n| n + 1).boxed())
        },
    );
}

/// A function that answers with one stream or another.
fn odd_or_all<S: Source<Item = i64>>(
    job: &Job,
    source: S,
    odd: bool,
) -> DataStream<impl Chain<Item = i64>> {
    let stream = job.source(source);
    match odd {
        true => stream.filter(|n| n % 2 == 1).boxed(),
        false => stream.boxed(),
    }
}

#[test]
fn one_type_stands_for_either() {
    for (odd, expected) in [(true, vec![1, 3]), (false, vec![1, 2, 3])] {
        let job = Job::new("either", Config::new().workers(1)).unwrap();
        let script = fluxus::testing::Script::of_records((1..=3).map(|n| (n, n)));
        let found = odd_or_all(&job, script, odd).collect();
        job.run_local().unwrap();
        assert_eq!(found.take(), expected);
    }
}
