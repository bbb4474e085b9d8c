use super::Aggregate;
use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};

/// About how many different values the records have, in bounded memory.
///
/// This is HyperLogLog (Flajolet, Fusy, Gandouet, Meunier, "HyperLogLog: the
/// analysis of a near-optimal cardinality estimation algorithm", 2007), with
/// hashes of 64 bits (Heule, Nunkesser, Hall, "HyperLogLog in practice", 2013)
/// and an estimator that needs no tables and is good over the whole range
/// (Ertl, "New cardinality estimation algorithms for HyperLogLog sketches",
/// 2017).
///
/// With a precision of `p` it has `m = 2^p` registers of a byte each, and a
/// standard error of `1.04 / sqrt(m)`:
///
/// | precision | standard error | registers of a key in a window |
/// |----------:|---------------:|-------------------------------:|
/// |         4 |           26 % |                        16 byte |
/// |        10 |         3.25 % |                          1 KiB |
/// |        12 |        1.625 % |   4 KiB, unless told otherwise |
/// |        14 |         0.81 % |                         16 KiB |
/// |        18 |         0.20 % |                        256 KiB |
///
/// The registers come only with many values: up to `m / 8` different ones, and
/// no more than 1024, are kept as a list of their hashes, eight byte each, and
/// counted exactly.
///
/// The result does not depend on where, in which order or on how many cores
/// the records were folded. The hash is a fixed one, the same in every run of a
/// program (another release of the standard library may bring another). So
/// whoever chooses the values can choose ones that are estimated wrongly; the
/// memory stays bounded even then. Where values come from an adversary, mix a
/// secret into them in `value`, or count with [`Distinct`](super::Distinct).
///
/// ```
/// use fluxus_windows::aggregate::ApproxDistinct;
/// use fluxus_windows::Aggregate;
///
/// let visitors = ApproxDistinct::of(|address: &u32| *address).with_precision(14)?;
/// let mut sketch = visitors.create();
/// for visit in 0..100_000 {
///     visitors.add(&mut sketch, &(visit % 50_000));
/// }
/// let estimate = visitors.finish(sketch);
/// assert!((49_000..=51_000).contains(&estimate));
/// # Ok::<(), fluxus_windows::aggregate::PrecisionError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ApproxDistinct<F> {
    value: F,
    precision: u32,
}

impl<F> ApproxDistinct<F> {
    /// About how many different ones there are of what `value` takes from each
    /// record, with a precision of 12: a standard error of 1.625 %.
    pub fn of<T, V: Hash>(value: F) -> Self
    where
        F: Fn(&T) -> V,
    {
        Self {
            value,
            precision: 12,
        }
    }

    /// Sets the precision, from 4 to 18: one more halves the squared error and
    /// doubles the memory.
    ///
    /// # Errors
    /// [`PrecisionError`] when it is less or more.
    pub fn with_precision(self, precision: u32) -> Result<Self, PrecisionError> {
        match precision {
            4..=18 => Ok(Self { precision, ..self }),
            _ => Err(PrecisionError { precision }),
        }
    }

    /// As many hashes as are kept in a list.
    #[inline]
    fn few(&self) -> usize {
        ((1 << self.precision) / 8).min(1024)
    }

    #[inline]
    fn insert(&self, sketch: &mut Sketch, hash: u64) {
        match &mut sketch.state {
            State::Registers(registers) => raise(registers, self.precision, hash),
            State::Few(hashes) => {
                if let Err(place) = hashes.binary_search(&hash) {
                    if hashes.len() < self.few() {
                        hashes.insert(place, hash);
                    } else {
                        let mut registers = self.registers_of(hashes);
                        raise(&mut registers, self.precision, hash);
                        sketch.state = State::Registers(registers);
                    }
                }
            }
        }
    }

    #[cold]
    fn registers_of(&self, hashes: &[u64]) -> Box<[u8]> {
        let mut registers = vec![0; 1 << self.precision].into_boxed_slice();
        for hash in hashes {
            raise(&mut registers, self.precision, *hash);
        }
        registers
    }
}

/// A precision that is not from 4 to 18.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrecisionError {
    precision: u32,
}

impl fmt::Display for PrecisionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a precision of {} is out of range: choose one from 4 (16 byte, 26 % off) to 18 (256 KiB, 0.2 % off)",
            self.precision
        )
    }
}

impl std::error::Error for PrecisionError {}

/// What is remembered of the values: which state it is in depends on how many
/// different hashes there were, and on nothing else.
#[derive(Clone, Debug, PartialEq)]
pub struct Sketch {
    state: State,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    /// The hashes themselves, sorted, each once.
    Few(Vec<u64>),
    /// The largest rank of the hashes that fell to each register.
    Registers(Box<[u8]>),
}

fn hash_of<V: Hash>(value: &V) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The first bits of a hash choose the register; the rank is the place of the
/// first one among the bits that are left.
#[inline]
fn raise(registers: &mut [u8], precision: u32, hash: u64) {
    let rest = (hash << precision) | (1 << (precision - 1));
    // At most 64 - 4 + 1.
    let rank = rest.leading_zeros() as u8 + 1;
    if let Some(register) = registers.get_mut((hash >> (64 - precision)) as usize) {
        *register = (*register).max(rank);
    }
}

/// Ertl's improved raw estimator (2017, section 2): `sigma` mends the small
/// range, `tau` the large one.
fn estimate(registers: &[u8], precision: u32) -> f64 {
    let mut multiplicity = [0u32; 64];
    for register in registers {
        multiplicity[usize::from(*register).min(63)] += 1;
    }
    let m = registers.len() as f64;
    let highest = 64 - precision as usize;
    let saturated = f64::from(multiplicity[highest + 1]);
    let mut sum = m * tau(1.0 - saturated / m);
    for rank in (1..=highest).rev() {
        sum = 0.5 * (sum + f64::from(multiplicity[rank]));
    }
    sum += m * sigma(f64::from(multiplicity[0]) / m);
    m * m / (2.0 * std::f64::consts::LN_2 * sum)
}

fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * y;
        y += y;
        if sum == before {
            return sum;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = sum;
        y *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * y;
        if sum == before {
            return sum / 3.0;
        }
    }
}

impl<T, V: Hash, F: Fn(&T) -> V> Aggregate<T> for ApproxDistinct<F> {
    type Accumulator = Sketch;
    type Output = u64;

    #[inline]
    fn create(&self) -> Sketch {
        Sketch {
            state: State::Few(Vec::new()),
        }
    }

    #[inline]
    fn add(&self, sketch: &mut Sketch, value: &T) {
        self.insert(sketch, hash_of(&(self.value)(value)));
    }

    fn merge(&self, sketch: &mut Sketch, mut other: Sketch) {
        if let State::Few(_) = sketch.state {
            std::mem::swap(sketch, &mut other);
        }
        match (&mut sketch.state, other.state) {
            (State::Registers(registers), State::Registers(others)) => {
                for (register, other) in registers.iter_mut().zip(others.iter()) {
                    *register = (*register).max(*other);
                }
            }
            (State::Registers(registers), State::Few(hashes)) => {
                for hash in hashes {
                    raise(registers, self.precision, hash);
                }
            }
            // The one that came second has no registers: so neither has any.
            (State::Few(hashes), State::Few(others)) if hashes.is_empty() => *hashes = others,
            (State::Few(hashes), State::Few(mut others)) => {
                hashes.append(&mut others);
                // Two runs, which this sort merges.
                hashes.sort();
                hashes.dedup();
                if hashes.len() > self.few() {
                    sketch.state = State::Registers(self.registers_of(hashes));
                }
            }
            (State::Few(_), State::Registers(_)) => {}
        }
    }

    fn finish(&self, sketch: Sketch) -> u64 {
        match sketch.state {
            State::Few(hashes) => hashes.len() as u64,
            State::Registers(registers) => estimate(&registers, self.precision).round() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::tests::{every_way, fold};
    use proptest::prelude::*;

    fn with(precision: u32) -> ApproxDistinct<impl Fn(&u64) -> u64 + Copy> {
        let own = |value: &u64| *value;
        ApproxDistinct::of(own)
            .with_precision(precision)
            .expect("a precision in range")
    }

    #[test]
    fn estimates_stay_within_four_standard_errors() {
        for precision in [4, 8, 12, 14, 18] {
            let error = 1.04 / f64::from(1u32 << precision).sqrt();
            let aggregate = with(precision);
            for distinct in [10u64, 100, 1_000, 10_000, 100_000, 1_000_000] {
                let mut sketch = aggregate.create();
                for value in 0..distinct {
                    aggregate.add(&mut sketch, &value);
                    // The same once more: no difference.
                    aggregate.add(&mut sketch, &(value / 2));
                }
                let estimate = aggregate.finish(sketch);
                let off = (estimate as f64 - distinct as f64).abs() / distinct as f64;
                assert!(off <= 4.0 * error, "{precision}: {estimate} for {distinct}");
                if distinct <= aggregate.few() as u64 {
                    assert_eq!(estimate, distinct, "few are counted exactly");
                }
            }
        }
    }

    #[test]
    fn the_error_is_as_small_as_documented_and_without_bias() {
        let aggregate = with(8);
        let error = 1.04 / 16.0;
        let runs = 300u64;
        for distinct in [40u64, 200, 700, 3_000] {
            let (mut sum, mut squares) = (0.0, 0.0);
            for run in 0..runs {
                let mut sketch = aggregate.create();
                for value in 0..distinct {
                    aggregate.add(&mut sketch, &(run << 32 | value));
                }
                let off = aggregate.finish(sketch) as f64 / distinct as f64 - 1.0;
                sum += off;
                squares += off * off;
            }
            let deviation = (squares / runs as f64).sqrt();
            assert!(deviation < 1.15 * error, "{deviation} at {distinct}");
            let bias = sum / runs as f64;
            assert!(bias.abs() < 0.25 * error, "{bias} at {distinct}");
        }
    }

    proptest! {
        #[test]
        fn merging_is_the_union_exactly(
            precision in 4u32..=9,
            left in prop::collection::vec(0u64..400, 0..300),
            right in prop::collection::vec(0u64..400, 0..300),
        ) {
            let aggregate = with(precision);
            let all: Vec<u64> = left.iter().chain(&right).copied().collect();
            let union = fold(&aggregate, &all, 0);
            let mut merged = fold(&aggregate, &left, 0);
            aggregate.merge(&mut merged, fold(&aggregate, &right, 0));
            prop_assert_eq!(merged, union);
        }
    }

    #[test]
    fn how_many_there_are_decides_what_is_kept() {
        for precision in 4..=7 {
            let aggregate = with(precision);
            let few = aggregate.few();
            for distinct in few.saturating_sub(1)..few + 3 {
                let values: Vec<u64> = (0..distinct as u64).collect();
                let whole = fold(&aggregate, &values, 0);
                let listed = matches!(whole.state, State::Few(_));
                assert_eq!(listed, distinct <= few, "{distinct} at {precision}");
                for split in 0..=distinct {
                    let mut merged = fold(&aggregate, &values[..split], 0);
                    aggregate.merge(&mut merged, fold(&aggregate, &values[split..], 0));
                    assert_eq!(merged, whole, "{distinct} split at {split}");
                }
            }
        }
    }

    #[test]
    fn nothing_panics_where_every_register_is_full_or_empty() {
        for precision in 4..=18 {
            let m = 1usize << precision;
            let full = estimate(&vec![(64 - precision + 1) as u8; m], precision);
            assert!(full > 1e18, "{full}");
            assert_eq!(full.round() as u64, u64::MAX, "saturated");
            assert_eq!(estimate(&vec![0; m], precision), 0.0);
        }
    }

    #[test]
    fn the_hash_is_the_same_for_all() {
        let words = ["Call", "me", "Ishmael", "me"];
        let aggregate = ApproxDistinct::of(|word: &&str| *word);
        for split in 0..=words.len() {
            assert_eq!(every_way(&aggregate, &words, split), [3; 3]);
        }
    }

    #[test]
    fn a_precision_out_of_range_is_refused_with_a_way_out() {
        for precision in [0, 3, 19, u32::MAX] {
            let error = ApproxDistinct::of(|value: &u64| *value)
                .with_precision(precision)
                .map(|_| ())
                .expect_err("out of range");
            let text = error.to_string();
            assert!(text.contains("from 4") && text.contains("to 18"), "{text}");
        }
    }
}
