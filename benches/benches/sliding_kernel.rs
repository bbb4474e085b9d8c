//! What one slide costs in the kernel of sliding folds, and what the slowest
//! slide costs.
//!
//! `cargo bench -p fluxus-benches --bench sliding_kernel`
//!
//! A slide is a push, an evict and a fold of the whole window, over accumulators
//! of 32 bytes (count, sum, minimum, maximum) that merge and do not retract.
//!
//! The slowest slide is looked for where it can be seen: 64 windows slide in
//! step, so that one step takes longer than a reading of the clock; every step
//! is taken in 31 rounds anew, and its least time counts, since what the machine
//! does beside it hits another step in each round. A kernel that saves work up
//! has steps that are slow in all rounds: the two stacks, below, which are here
//! to show that such steps are seen.

use fluxus_windows::SlidingFold;
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 31;
const IN_STEP: usize = 64;
const STEPS: usize = 4096;

/// Minimum and maximum lie apart: side by side, the compiler turns their two
/// instructions into a vector of two and ten instructions.
#[derive(Clone, Copy)]
#[repr(C)]
struct Statistics {
    count: u64,
    min: f64,
    sum: f64,
    max: f64,
}

impl Statistics {
    fn of(number: usize) -> Self {
        let dice = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        let value = dice as f64;
        Self {
            count: 1,
            sum: value,
            min: value,
            max: value,
        }
    }
}

fn merge(into: &mut Statistics, other: Statistics) {
    into.count += other.count;
    into.sum += other.sum;
    into.min = if other.min < into.min {
        other.min
    } else {
        into.min
    };
    into.max = if other.max > into.max {
        other.max
    } else {
        into.max
    };
}

/// Something that keeps the fold of its last so many accumulators.
trait Kernel {
    /// Full, with `length` accumulators in it.
    fn full(length: usize) -> Self;

    /// Takes one in, lets the oldest go, and folds the rest.
    fn slide(&mut self, next: Statistics) -> Statistics;
}

impl Kernel for SlidingFold<Statistics> {
    fn full(length: usize) -> Self {
        let mut fold = SlidingFold::new();
        (0..length).for_each(|number| fold.push(Statistics::of(number), &merge));
        fold
    }

    fn slide(&mut self, next: Statistics) -> Statistics {
        self.push(next, &merge);
        self.evict(&merge);
        self.fold(&merge).expect("it is never empty")
    }
}

/// The textbook's two stacks: constant on average, and all turned at once.
struct TwoStacks {
    front: Vec<Statistics>,
    back: Vec<Statistics>,
    back_fold: Option<Statistics>,
}

impl Kernel for TwoStacks {
    fn full(length: usize) -> Self {
        let mut stacks = Self {
            front: Vec::with_capacity(length + 1),
            back: Vec::with_capacity(length + 1),
            back_fold: None,
        };
        (0..length).for_each(|number| stacks.push(Statistics::of(number)));
        stacks
    }

    fn slide(&mut self, next: Statistics) -> Statistics {
        self.push(next);
        if self.front.is_empty() {
            while let Some(mut newest) = self.back.pop() {
                if let Some(&behind) = self.front.last() {
                    merge(&mut newest, behind);
                }
                self.front.push(newest);
            }
            self.back_fold = None;
        }
        self.front.pop();
        match (self.front.last(), self.back_fold) {
            (Some(&front), Some(back)) => {
                let mut all = front;
                merge(&mut all, back);
                all
            }
            (Some(&one), None) | (None, Some(one)) => one,
            (None, None) => unreachable!("a window is never empty"),
        }
    }
}

impl TwoStacks {
    fn push(&mut self, next: Statistics) {
        self.back.push(next);
        match &mut self.back_fold {
            Some(fold) => merge(fold, next),
            None => self.back_fold = Some(next),
        }
    }
}

/// The least time of every step, in nanoseconds a slide, rising.
fn steps<K: Kernel>(length: usize) -> Vec<f64> {
    let mut least = vec![f64::INFINITY; STEPS];
    let mut sum = 0.0;
    for _ in 0..ROUNDS {
        let mut windows: Vec<K> = (0..IN_STEP).map(|_| K::full(length)).collect();
        for (step, least) in least.iter_mut().enumerate() {
            let next = Statistics::of(length + step);
            let start = Instant::now();
            for window in &mut windows {
                sum += window.slide(next).sum;
            }
            let each = start.elapsed().as_secs_f64() * 1e9 / IN_STEP as f64;
            *least = least.min(each);
        }
    }
    black_box(sum);
    least.sort_by(f64::total_cmp);
    least
}

#[allow(clippy::print_stdout)]
fn print_line<K: Kernel>(name: &str, length: usize) {
    let steps = steps::<K>(length);
    let median = steps[STEPS / 2];
    let mean = steps.iter().sum::<f64>() / STEPS as f64;
    let worst = steps[STEPS - 1];
    println!(
        "| {name:<11} | {length:>6} | {mean:>5.1} | {median:>6.1} | {worst:>6.1} | {:>14.1} |",
        worst / median
    );
}

#[allow(clippy::print_stdout)]
fn main() {
    // `cargo test --benches` only wants to see it run.
    if std::env::args().any(|argument| argument == "--test") {
        let mut fold = SlidingFold::full(10);
        black_box(fold.slide(Statistics::of(10)));
        return;
    }
    println!("ns a slide: of every step the least time of {ROUNDS} rounds");
    println!("| kernel      | slides | mean  | median | worst  | worst / median |");
    println!("|---|---|---|---|---|---|");
    for length in [10, 60, 1000] {
        print_line::<SlidingFold<Statistics>>("SlidingFold", length);
        print_line::<TwoStacks>("two stacks", length);
    }
}
