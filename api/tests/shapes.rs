//! Streams that divide, meet and change workers: what each branch hears is what
//! was said, in any order of polls and for any pace of those who listen; and what
//! cannot be is an error when the job is built.

use fluxus::prelude::*;
use fluxus::testing::{
    assert_in_any_order, assert_in_order_by, each, holds, run_with_seeds, sample, Said, Script,
};
use fluxus::{Measure, Report};
use std::time::Duration;

fn config(workers: usize) -> Config {
    // Small, so that everything is full now and then.
    Config::new().workers(workers).batch(2).ring_capacity(2)
}

fn monotonous<T>(
    stream: DataStream<impl fluxus::Chain<Item = T>>,
) -> DataStream<impl fluxus::Timed<Item = T>>
where
    T: Copy + Into<i64> + Send + 'static,
{
    stream.timestamps(
        |&n| Timestamp::from_nanos(n.into()),
        BoundedDisorder::monotonous(),
    )
}

#[test]
fn operators_that_depend_on_the_place_say_the_same_however_they_are_driven() {
    let mut taken = each(&sample(), |n| if n < 5 { vec![n] } else { vec![] });
    let end = taken
        .iter()
        .position(|line| matches!(line, Said::Record(_, 4)))
        .unwrap();
    // It ends there: what is said behind it is for nobody.
    taken.truncate(end + 1);
    while !matches!(sample_line_behind(&taken), Some(Said::Record(..)) | None) {
        taken.push(sample_line_behind(&taken).unwrap());
    }
    taken.push(Said::End);
    holds("take_while", &taken, &sample(), |stream| {
        stream.take_while(|n| *n < 5)
    });
    let behind = each(&sample(), |n| if n < 5 { vec![] } else { vec![n] });
    holds("skip_while", &behind, &sample(), |stream| {
        stream.skip_while(|n| *n < 5)
    });
    let numbered = each(&sample(), |n| vec![(n as u64, n)]);
    holds("enumerate", &numbered, &sample(), |stream| {
        stream.enumerate()
    });
    let summed = each(&sample(), |n| vec![n * (n + 1) / 2]);
    holds("map_with", &summed, &sample(), |stream| {
        stream.map_with(
            |instance| instance as i64,
            |sum, n| {
                *sum += n;
                *sum
            },
        )
    });
    let flat = each(&sample(), |n| vec![n; (n % 3) as usize]);
    holds("flatten", &flat, &sample(), |stream| {
        stream.map(|n| vec![n; (n % 3) as usize]).flatten()
    });
}

/// What the sample says behind the part that was copied so far.
fn sample_line_behind(copied: &[Said<i64>]) -> Option<Said<i64>> {
    each(&sample(), |n| vec![n]).get(copied.len()).cloned()
}

#[test]
fn a_second_output_holds_back_the_first_and_loses_nothing() {
    let odd = |n: &i64| {
        if n % 2 == 1 {
            Ok(10 * n)
        } else {
            Err(format!("{n} is even"))
        }
    };
    let mapped = each(&sample(), |n| odd(&n).into_iter().collect());
    let letters = each(&sample(), |n| odd(&n).err().into_iter().collect());
    holds("try_map", &mapped, &sample(), |stream| {
        let (mapped, letters) = stream.try_map(odd);
        letters.for_each(|_| {});
        mapped
    });
    holds("dead letters", &letters, &sample(), |stream| {
        let (mapped, letters) = stream.try_map(odd);
        mapped.for_each(|_| {});
        letters.map(|letter| {
            assert!(letter.reason.starts_with(&letter.record.to_string()));
            letter.reason
        })
    });
    // Up to eleven records aside for one: more than a ring of the hasty drives.
    let asides = each(&sample(), |n| (0..n).collect());
    holds("aside", &asides, &sample(), |stream| {
        let (kept, aside) = stream.filter_map_aside(|n, aside| {
            (0..n).for_each(|m| aside.push(m));
            Some(n)
        });
        kept.for_each(|_| {});
        aside
    });
    let thirds = each(&sample(), |n| if n % 3 == 0 { vec![n / 3] } else { vec![] });
    holds("beside the aside", &thirds, &sample(), |stream| {
        let (thirds, aside) = stream.filter_map_aside(|n, aside| {
            (0..n).for_each(|m| aside.push(m.to_string()));
            (n % 3 == 0).then_some(n / 3)
        });
        aside.for_each(|_| {});
        thirds
    });
}

#[test]
fn every_branch_hears_what_is_its_own() {
    let all = each(&sample(), |n| vec![n]);
    holds("fan_out, first", &all, &sample(), |stream| {
        let [first, second] = stream.fan_out();
        second.for_each(|_| {});
        first
    });
    holds(
        "fan_out, last, beside one that wants little",
        &all,
        &sample(),
        |stream| {
            let [first, second, third] = stream.fan_out();
            first.take(1).for_each(|_| {});
            second.filter(|n| n % 2 == 0).for_each(|_| {});
            third
        },
    );
    for branch in 0..3 {
        let own = each(
            &sample(),
            |n| if n % 3 == branch { vec![n] } else { vec![] },
        );
        holds("branch", &own, &sample(), |stream| {
            let mut branches: Vec<_> = stream.branch::<3, _>(|n| (*n % 3) as usize).into();
            let own = branches.remove(branch as usize);
            branches
                .into_iter()
                .for_each(|other| other.for_each(|_| {}));
            own
        });
    }
    for holding in [true, false] {
        let own = each(
            &sample(),
            |n| if (n > 4) == holding { vec![n] } else { vec![] },
        );
        holds("split", &own, &sample(), |stream| {
            let (held, others) = stream.split(|n| *n > 4);
            let (own, other) = if holding {
                (held, others)
            } else {
                (others, held)
            };
            other.for_each(|_| {});
            own
        });
    }
}

/// A diamond: what divides meets again, on every number of workers and in every
/// order of polls.
#[test]
fn what_divides_and_meets_again_is_whole() {
    let expected: Vec<(u64, u64)> = (0..60)
        .flat_map(|n| [(0, n), (1, n), (2, 10 * n)])
        .collect();
    for workers in [1, 2, 3] {
        let found = run_with_seeds(0..300, || {
            let job = Job::new("diamond", config(workers))?;
            let [a, b, c] = job.from_iter(0..60u64).fan_out();
            let a = a.map(|n| (0, n));
            let b = b.rebalance().map(|n| (1, n)).partition_by(|(_, n)| n % 4);
            let c = c.map(|n| (2, 10 * n));
            let all = a.union(b).union(c).collect();
            Ok((job, move || {
                let all = all.take();
                let of_a: Vec<_> = all.iter().filter(|(way, _)| *way != 1).copied().collect();
                let in_order = expected_of(&[0, 2]);
                assert_in_order_by(|(way, _)| *way, &of_a, &in_order);
                let mut all = all;
                all.sort_unstable();
                all
            }))
        });
        assert_in_any_order(&found, &expected);
    }
}

fn expected_of(ways: &[u64]) -> Vec<(u64, u64)> {
    let all = (0..60).flat_map(|n| [(0, n), (1, n), (2, 10 * n)]);
    all.filter(|(way, _)| ways.contains(way)).collect()
}

#[test]
fn a_union_keeps_the_order_of_each_stream_and_the_least_of_their_times() {
    let run = |seed| -> Result<_, Error> {
        let job = Job::new("union", config(1))?;
        let left = Script::of([
            Said::Record(3, 'a'),
            Said::Watermark(5),
            Said::Record(9, 'b'),
            Said::Watermark(20),
        ]);
        let right = Script::of([
            Said::Record(1, 'x'),
            Said::Watermark(4),
            Said::Record(7, 'y'),
        ]);
        let heard = job
            .timed_source(left)
            .union(job.timed_source(right))
            .heard();
        job.run_seeded(seed)?;
        Ok(heard)
    };
    for seed in 0..500 {
        let heard = run(seed).unwrap();
        heard.assert_grammar();
        heard.assert_records_by(|c| c.is_ascii() && *c >= 'x', &['a', 'b', 'x', 'y']);
        let highest = heard.said().into_iter().filter_map(|line| match line {
            Said::Watermark(time) => Some(time),
            _ => None,
        });
        // The right stream holds time back at 4 until it ends.
        assert!(highest.max().is_some_and(|time| time >= 4), "seed {seed}");
    }
}

#[test]
fn a_union_has_the_instances_of_its_widest_stream() -> Result<(), Error> {
    for workers in [1, 2, 4, 8] {
        let job = Job::new("wide", config(workers))?;
        let narrow = job.from_iter(0..50u64);
        let wide = job.from_partitions([100..150u64, 200..250, 300..350]);
        let wider = job.from_range(1000..1100, 5);
        let all = narrow.union(wide).union(wider);
        let all = all
            .map_with(|instance| instance, |instance, n| (*instance, n))
            .collect();
        job.run()?;
        let mut all = all.take();
        let mut instances: Vec<usize> = all.iter().map(|(instance, _)| *instance).collect();
        instances.sort_unstable();
        instances.dedup();
        assert_eq!(instances, [0, 1, 2, 3, 4], "{workers} workers");
        all.sort_by_key(|(_, n)| *n);
        let numbers: Vec<u64> = all.into_iter().map(|(_, n)| n).collect();
        let expected = (0..50).chain(100..150).chain(200..250).chain(300..350);
        let expected: Vec<u64> = expected.chain(1000..1100).collect();
        assert_eq!(numbers, expected);
    }
    Ok(())
}

#[test]
fn zip_pairs_in_order_and_ends_with_the_shorter() -> Result<(), Error> {
    let pairs = run_with_seeds(0..500, || {
        let job = Job::new("zip", config(2))?;
        let few = job.from_iter(0..7u64).named("few");
        let pairs = job
            .from_iter(100..)
            .filter(|n| n % 2 == 0)
            .zip(few)
            .collect();
        Ok((job, move || pairs.take()))
    });
    let expected: Vec<(u64, u64)> = (0..7).map(|n| (100 + 2 * n, n)).collect();
    assert_eq!(pairs, expected);
    // A diamond: one side is far ahead of the other, and neither waits.
    let run = |job: Job| -> Result<(Vec<(u64, u64)>, Report), Error> {
        let [all, some] = job.from_iter(0..1000u64).fan_out();
        let pairs = all
            .zip(some.filter(|n| n % 100 == 99))
            .named("pairs")
            .collect();
        let report = job.run_local()?;
        Ok((pairs.take(), report))
    };
    let (pairs, report) = run(Job::new("diamond", config(1))?)?;
    assert_eq!(pairs.len(), 10);
    assert_eq!(pairs[9], (9, 999));
    // Those that were ahead when the shorter side ended.
    assert!(report.of("pairs", Measure::Unmatched) > 900);
    Ok(())
}

#[test]
fn the_time_of_a_pair_is_the_later_one() -> Result<(), Error> {
    let job = Job::new("zip", config(1))?;
    let left = job.timed_source(Script::of_records([(5, 'a'), (6, 'b')]));
    let right = job.timed_source(Script::of_records([(7, 'x'), (2, 'y')]));
    let pairs = left.zip(right).collect();
    job.run_local()?;
    let at = Timestamp::from_nanos;
    assert_eq!(
        pairs.take_timed(),
        [(at(7), ('a', 'x')), (at(6), ('b', 'y'))]
    );
    Ok(())
}

#[test]
fn windows_over_windows_and_several_over_one_keyed_stream() {
    for workers in [1, 2, 4] {
        let (by_ten, by_hundred) = run_with_seeds(0..200, || {
            let job = Job::new("windows", config(workers))?;
            let [tens, all] = monotonous(job.from_iter(0..300i64))
                .key_by(|n| n % 3)
                .fan_out();
            let size = |nanos| Tumbling::new(Duration::from_nanos(nanos));
            let ten = tens.window(size(10)?).count();
            // The mean count of the small windows in each large one.
            let hundred = ten
                .key_by(|row| row.key)
                .window(size(100)?)
                .mean(|row| row.value);
            let hundred = hundred
                .map(|row| (row.key, row.start().nanos(), row.value))
                .collect();
            let direct = all.window(size(100)?).count();
            let direct = direct
                .map(|row| (row.key, row.start().nanos(), row.value))
                .collect();
            Ok((job, move || {
                let (mut hundred, mut direct) = (hundred.take(), direct.take());
                hundred.sort_by_key(|row| (row.0, row.1));
                direct.sort_by_key(|row| (row.0, row.1));
                (hundred, direct)
            }))
        });
        let slots = |key: i64| (0..3).map(move |hundred| (key, 100 * hundred));
        let expected: Vec<_> = (0..3)
            .flat_map(slots)
            .map(|(key, start)| {
                let count = (start..start + 100).filter(|n| n % 3 == key).count() as u64;
                (key, start, count)
            })
            .collect();
        assert_eq!(by_hundred, expected);
        let means = expected
            .into_iter()
            .map(|(key, start, count)| (key, start, count as f64 / 10.0));
        assert_eq!(by_ten, means.collect::<Vec<_>>());
    }
}

#[test]
fn broadcast_gives_every_worker_everything_in_order() -> Result<(), Error> {
    for workers in [1, 2, 4] {
        let job = Job::new("broadcast", config(workers))?;
        let all = job.from_iter(0..100u64).broadcast();
        let all = all
            .map_with(|instance| instance, |instance, n| (*instance, n))
            .collect();
        job.run()?;
        let expected: Vec<_> = (0..workers)
            .flat_map(|w| (0..100).map(move |n| (w, n)))
            .collect();
        assert_in_order_by(|(instance, _)| *instance, &all.take(), &expected);
    }
    Ok(())
}

#[test]
fn shapes_that_cannot_be_are_told_by_name() {
    type Build = fn(&Job);
    let table: [(&str, &str, Build); 7] = [
        ("dropped", "ends nowhere", |job| {
            let (kept, dropped) = job.from_iter(0..3).split(|n| *n > 1);
            kept.for_each(|_| {});
            drop(dropped.named("dropped"));
        }),
        ("letters", "ends nowhere", |job| {
            let (kept, letters) = job.from_iter(0..3).try_map(|n| Err::<(), _>(*n));
            kept.for_each(|_| {});
            drop(letters.named("letters"));
        }),
        ("united", "of another job", |job| {
            let other = Job::new("other", Config::new().workers(1)).unwrap();
            job.from_iter(0..3)
                .union(other.from_iter(0..3))
                .for_each(|_| {});
            // The other job is told so too.
            assert_eq!(other.run().unwrap_err().culprit(), Some("union"));
        }),
        ("zip", "has 2 instances", |job| {
            let wide = job.from_partitions([0..3, 0..3]);
            job.from_iter(0..3).zip(wide).for_each(|_| {});
        }),
        ("none", "unites no streams", |job| {
            let none = Vec::from([job.from_iter(0..3)]).into_iter().skip(1);
            job.union(none).named("none").for_each(|_| {});
        }),
        ("fan_out", "no branch", |job| {
            let [] = job.from_iter(0..3).fan_out();
        }),
        ("branch", "no branch", |job| {
            let [] = job.from_iter(0..3).branch(|_| 0);
        }),
    ];
    for (culprit, problem, build) in table {
        let job = Job::new("impossible", Config::new().workers(2)).unwrap();
        build(&job);
        let error = job.run_local().unwrap_err();
        let text = error.to_string();
        assert!(text.contains(problem), "{culprit}: {text}");
        let named = error.culprit().unwrap_or_default();
        let kind = if culprit == "united" {
            "union"
        } else {
            culprit
        };
        assert!(named.starts_with(kind), "{culprit}: {named}");
    }
}

#[test]
fn a_branch_that_is_not_there_fails_the_job_by_name() -> Result<(), Error> {
    let job = Job::new("branches", Config::new().workers(1))?;
    let [small, large] = job.from_iter(0..5u64).branch(|&n| n as usize);
    small.for_each(|_| {});
    large.for_each(|_| {});
    let error = job.run().unwrap_err();
    let text = error.to_string();
    assert!(
        error.culprit().unwrap_or_default().starts_with("branch-"),
        "{text}"
    );
    assert!(
        text.contains("chose branch 2") && text.contains("0 to 1"),
        "{text}"
    );
    Ok(())
}

#[test]
fn a_panic_in_any_function_names_its_operator() {
    type Build = fn(&Job);
    let table: [(&str, Build); 6] = [
        ("take_while", |job| {
            job.from_iter(0..3u32)
                .take_while(|n| 1 / n > 0)
                .for_each(|_| {});
        }),
        ("skip_while", |job| {
            job.from_iter(0..3u32)
                .skip_while(|n| 1 / n > 0)
                .for_each(|_| {});
        }),
        ("map_with", |job| {
            let stream = job.from_iter(0..3u32);
            stream.map_with(|_| 1 / "".len(), |_, n| n).for_each(|_| {});
        }),
        ("try_map", |job| {
            let (kept, letters) = job.from_iter(0..3u32).try_map(|n| Ok::<_, ()>(1 / n));
            kept.for_each(|_| {});
            letters.for_each(|_| {});
        }),
        ("filter_map_aside", |job| {
            let (kept, aside) = job.from_iter(0..3u32).filter_map_aside(|n, aside| {
                aside.push(n);
                Some(1 / n)
            });
            kept.for_each(|_| {});
            aside.for_each(|_| {});
        }),
        ("branch", |job| {
            let [all] = job.from_iter(0..3u32).branch(|n| (1 / n) as usize);
            all.for_each(|_| {});
        }),
    ];
    for (culprit, build) in table {
        let job = Job::new("panics", Config::new().workers(1)).unwrap();
        build(&job);
        let error = job.run_local().unwrap_err();
        let named = error.culprit().unwrap_or_default();
        assert!(named.starts_with(culprit), "{culprit}: {error}");
        assert!(
            error.to_string().contains("divide by zero"),
            "{culprit}: {error}"
        );
    }
}

#[test]
fn a_limit_ends_its_source_through_a_division() -> Result<(), Error> {
    let job = Job::new("limits", config(2))?;
    // Neither source has an end of its own.
    let [a, b] = job.from_iter(0u64..).fan_out();
    let (a, b) = (a.limit(5).collect(), b.take_while(|n| *n < 9).collect());
    let c = job
        .from_iter(0u64..)
        .union(job.from_iter(0u64..))
        .limit(50)
        .collect();
    job.run()?;
    assert_eq!((a.take().len(), b.take().len(), c.take().len()), (5, 9, 50));
    Ok(())
}

#[test]
fn the_plan_shows_the_whole_shape() -> Result<(), Error> {
    let job = Job::new("shape", config(2))?;
    let (even, odd) = job.from_iter(0..9u64).split(|n| n % 2 == 0);
    even.named("even")
        .union(odd.named("odd").rebalance())
        .named("all")
        .for_each(|_| {});
    let plan = job.explain();
    for part in [
        "split-",
        "even",
        "odd",
        "rebalance-",
        "all",
        "side output",
        "in turn",
        "union",
    ] {
        assert!(plan.contains(part), "{part} is missing:\n{plan}");
    }
    assert!(!plan.contains("nowhere"), "{plan}");
    job.run_local().map(drop)
}
