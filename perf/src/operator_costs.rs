//! Each operator without keys, alone between a source and a fold, and the loop
//! one would have written for it: what the operator costs beyond the loop.
//!
//! Sources and folds are the same for all. A number is mixed into the total in
//! such a way that each depends on the one before, so that neither side can be
//! turned into vector instructions and the counts compare like with like.

use fluxus::prelude::*;
use fluxus::source::BoxError;
use fluxus::{Chain, DataStream};

/// An operator by its two ways: through the engine, and by hand. Both answer
/// with the same total.
#[derive(Clone, Copy)]
pub struct OperatorCost {
    /// Its name.
    pub name: &'static str,
    /// Over so many numbers, through the engine.
    pub fluxus: fn(u64) -> Result<u64, BoxError>,
    /// The same by hand.
    pub hand: fn(u64) -> u64,
}

/// A number that the compiler does not see through.
fn scramble(x: u64) -> u64 {
    (x ^ 0x5555).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn mix(total: &mut u64, y: u64) {
    *total = (*total ^ y).wrapping_mul(0x2545_F491_4F6C_DD1D);
}

/// Three in four.
fn keeps(y: &u64) -> bool {
    y >> 62 != 0
}

/// No more than three, one and a half on average.
fn few(y: u64) -> u64 {
    y >> 62
}

fn run<C>(build: impl FnOnce(&Job) -> DataStream<C>) -> Result<u64, BoxError>
where
    C: Chain<Item = u64>,
{
    let job = Job::new("operator", Config::new().workers(1).batch(4096))?;
    let total = build(&job).fold_all(1, mix, |total, part| *total = part);
    job.run_local()?;
    Ok(total.take().unwrap_or_default())
}

fn by_hand(numbers: u64, mut each: impl FnMut(&mut u64, u64)) -> u64 {
    let mut total = 1;
    (0..numbers).for_each(|x| each(&mut total, x));
    total
}

/// Every operator that is measured.
pub const OPERATORS: &[OperatorCost] = &[
    OperatorCost {
        name: "none",
        fluxus: |n| run(|job| job.from_range(0..n, 1)),
        hand: |n| by_hand(n, mix),
    },
    OperatorCost {
        name: "map",
        fluxus: |n| run(|job| job.from_range(0..n, 1).map(scramble)),
        hand: |n| by_hand(n, |total, x| mix(total, scramble(x))),
    },
    OperatorCost {
        name: "filter",
        fluxus: |n| run(|job| job.from_range(0..n, 1).map(scramble).filter(keeps)),
        hand: |n| {
            by_hand(n, |total, x| {
                let y = scramble(x);
                if keeps(&y) {
                    mix(total, y);
                }
            })
        },
    },
    OperatorCost {
        name: "filter_map",
        fluxus: |n| {
            run(|job| {
                let stream = job.from_range(0..n, 1);
                stream.filter_map(|x| Some(scramble(x)).filter(keeps))
            })
        },
        hand: |n| {
            by_hand(n, |total, x| {
                if let Some(y) = Some(scramble(x)).filter(keeps) {
                    mix(total, y);
                }
            })
        },
    },
    OperatorCost {
        name: "flat_map",
        fluxus: |n| run(|job| job.from_range(0..n, 1).flat_map(|x| 0..few(scramble(x)))),
        hand: |n| {
            by_hand(n, |total, x| {
                (0..few(scramble(x))).for_each(|y| mix(total, y))
            })
        },
    },
    OperatorCost {
        name: "flatten",
        fluxus: |n| {
            run(|job| {
                job.from_range(0..n, 1)
                    .map(|x| 0..few(scramble(x)))
                    .flatten()
            })
        },
        hand: |n| {
            by_hand(n, |total, x| {
                (0..few(scramble(x))).for_each(|y| mix(total, y))
            })
        },
    },
    OperatorCost {
        name: "inspect",
        fluxus: |n| {
            run(|job| {
                let stream = job.from_range(0..n, 1);
                let mut seen = 0u64;
                stream.inspect(move |x| {
                    seen ^= x;
                    std::hint::black_box(seen);
                })
            })
        },
        hand: |n| {
            let mut seen = 0u64;
            by_hand(n, |total, x| {
                seen ^= x;
                std::hint::black_box(seen);
                mix(total, x);
            })
        },
    },
    OperatorCost {
        name: "take",
        fluxus: |n| run(|job| job.from_range(0..n, 1).take(n)),
        hand: |n| {
            let (mut total, mut left) = (1, n);
            for x in 0..n {
                if left == 0 {
                    break;
                }
                left = std::hint::black_box(left - 1);
                mix(&mut total, x);
            }
            total
        },
    },
    OperatorCost {
        name: "take_while",
        fluxus: |n| {
            run(|job| {
                job.from_range(0..n, 1)
                    .map(scramble)
                    .take_while(|&y| y != 1)
            })
        },
        hand: |n| {
            let mut total = 1;
            for x in 0..n {
                let y = scramble(x);
                if y == 1 {
                    break;
                }
                mix(&mut total, y);
            }
            total
        },
    },
    OperatorCost {
        name: "skip",
        fluxus: |n| run(|job| job.from_range(0..n, 1).skip(10)),
        hand: |n| {
            let mut left = 10u64;
            by_hand(n, |total, x| {
                if left > 0 {
                    left -= 1;
                    return;
                }
                mix(total, x);
            })
        },
    },
    OperatorCost {
        name: "skip_while",
        fluxus: |n| run(|job| job.from_range(0..n, 1).skip_while(|&x| x < 10)),
        hand: |n| {
            let mut has_begun = false;
            by_hand(n, |total, x| {
                has_begun = has_begun || x >= 10;
                if has_begun {
                    mix(total, x);
                }
            })
        },
    },
    OperatorCost {
        name: "enumerate",
        fluxus: |n| {
            run(|job| {
                let stream = job.from_range(0..n, 1);
                let numbered = stream.map(scramble).filter(keeps).enumerate();
                numbered.map(|(number, y)| number ^ y)
            })
        },
        hand: |n| {
            let mut number = 0u64;
            by_hand(n, |total, x| {
                let y = scramble(x);
                if keeps(&y) {
                    mix(total, number ^ y);
                    number = number.wrapping_add(1);
                }
            })
        },
    },
    OperatorCost {
        name: "map_with",
        fluxus: |n| {
            run(|job| {
                let stream = job.from_range(0..n, 1);
                stream.map_with(
                    |_| 0u64,
                    |last, x| {
                        *last ^= scramble(x);
                        *last
                    },
                )
            })
        },
        hand: |n| {
            let mut last = 0u64;
            by_hand(n, |total, x| {
                last ^= scramble(x);
                mix(total, last);
            })
        },
    },
    OperatorCost {
        name: "try_map",
        fluxus: |n| {
            run(|job| {
                let stream = job.from_range(0..n, 1);
                let (kept, letters) = stream.try_map(|&x| match scramble(x) {
                    0 => Err("zero"),
                    y => Ok(y),
                });
                letters.for_each(|_| {});
                kept
            })
        },
        hand: |n| {
            let mut letters: Vec<(u64, &str)> = Vec::new();
            let total = by_hand(n, |total, x| match scramble(x) {
                0 => letters.push((x, "zero")),
                y => mix(total, y),
            });
            std::hint::black_box(letters);
            total
        },
    },
];

#[cfg(test)]
mod tests {
    use super::OPERATORS;

    #[test]
    fn both_ways_come_to_the_same_total() {
        for operator in OPERATORS {
            for numbers in [0, 1, 5, 5000] {
                let fluxus = (operator.fluxus)(numbers).expect("it runs");
                let hand = (operator.hand)(numbers);
                assert_eq!(fluxus, hand, "{}, {numbers} numbers", operator.name);
            }
        }
    }
}
