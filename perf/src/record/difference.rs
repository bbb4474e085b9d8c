//! Two records held against each other.

use super::{Band, Figure, Record};

/// What has become of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Better by more than noise.
    Better,
    /// Inside the noise.
    Noise,
    /// Worse by more than noise.
    Worse,
}

/// One figure that both records have.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// As it was.
    pub old: Figure,
    /// As it is.
    pub new: Figure,
    /// How many times better it is: above 1 better, whichever way its unit counts.
    pub ratio: f64,
    /// The change that is still noise: the band, or the deviations of both
    /// measurements together where they are wider.
    pub noise: f64,
    /// What has become of it.
    pub change: Change,
}

/// Everything that can be said of two records.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Figures in both, in the order of the newer.
    pub rows: Vec<Row>,
    /// Figures in the older only.
    pub only_old: Vec<Figure>,
    /// Figures in the newer only.
    pub only_new: Vec<Figure>,
    /// Why the figures may not be comparable.
    pub warnings: Vec<String>,
}

impl Row {
    fn of(old: &Figure, new: &Figure, band: Band) -> Self {
        let ratio = match new.more_is_better {
            true => new.spread.median / old.spread.median,
            false => old.spread.median / new.spread.median,
        };
        let noise = band
            .part()
            .max(old.spread.deviation() + new.spread.deviation());
        // Slower by a third and then faster by half is where one began: a change
        // is as large in either direction.
        let change = match ratio {
            ratio if ratio > 1.0 + noise => Change::Better,
            ratio if ratio >= 1.0 / (1.0 + noise) => Change::Noise,
            // So is what is no number, as from a median of 0.
            _ => Change::Worse,
        };
        Self {
            old: old.clone(),
            new: new.clone(),
            ratio,
            noise,
            change,
        }
    }
}

impl Difference {
    /// What has changed from `old` to `new`.
    pub fn between(old: &Record, new: &Record, band: Band) -> Self {
        let find = |record: &Record, figure: &Figure| {
            let found = record.figures.iter().find(|other| other.is_same_as(figure));
            found.cloned()
        };
        let missing = |from: &Record, to: &Record| -> Vec<Figure> {
            let figures = from.figures.iter();
            figures
                .filter(|figure| find(to, figure).is_none())
                .cloned()
                .collect()
        };
        let row = |new: &Figure| Some(Row::of(&find(old, new)?, new, band));
        Self {
            rows: new.figures.iter().filter_map(row).collect(),
            only_old: missing(old, new),
            only_new: missing(new, old),
            warnings: warnings(old, new),
        }
    }

    /// The figures that have become worse by more than noise.
    pub fn worse(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.change == Change::Worse)
    }
}

fn warnings(old: &Record, new: &Record) -> Vec<String> {
    let mut warnings = Vec::new();
    if !old.machine.is_like(&new.machine) {
        warnings.push(format!(
            "not the same machine: {} | {}: ratios between them say little of the program",
            old.machine, new.machine
        ));
    }
    if old.build.compiler != new.build.compiler {
        warnings.push(format!(
            "not the same compiler: {} {} | {} {}",
            old.build.compiler.rustc,
            old.build.compiler.rustflags,
            new.build.compiler.rustc,
            new.build.compiler.rustflags
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::super::file::tests::record;
    use super::super::Machine;
    use super::*;

    fn change(old: &[f64], new: &[f64]) -> Change {
        let (old, new) = (record(&[("W2", old)]), record(&[("W2", new)]));
        let difference = Difference::between(&old, &new, Band::DEFAULT);
        difference.rows[0].change
    }

    #[test]
    fn a_change_beyond_the_band_is_one() {
        assert_eq!(change(&[100.0], &[100.0]), Change::Noise);
        assert_eq!(change(&[100.0], &[104.9]), Change::Noise);
        assert_eq!(change(&[100.0], &[105.1]), Change::Better);
        assert_eq!(change(&[100.0], &[95.3]), Change::Noise);
        assert_eq!(change(&[100.0], &[95.0]), Change::Worse);
        assert_eq!(change(&[100.0], &[0.0]), Change::Worse);
        assert_eq!(change(&[0.0], &[0.0]), Change::Worse, "no number");
    }

    #[test]
    fn where_measurements_lie_far_apart_more_is_noise() {
        let wide = [80.0, 90.0, 100.0, 110.0, 120.0];
        assert_eq!(change(&wide, &[85.0]), Change::Worse, "10 % is noise");
        assert_eq!(change(&wide, &[92.0]), Change::Noise);
        let lower = wide.map(|number| number - 15.0);
        assert_eq!(change(&wide, &lower), Change::Noise, "22 % are");
    }

    #[test]
    fn less_is_better_where_the_unit_says_so() {
        let mut records = [100.0, 50.0].map(|median| record(&[("L1", &[median])]));
        for record in &mut records {
            record.figures[0].more_is_better = false;
        }
        let difference = Difference::between(&records[0], &records[1], Band::DEFAULT);
        assert_eq!(difference.rows[0].ratio, 2.0);
        assert_eq!(difference.rows[0].change, Change::Better);
        assert_eq!(difference.worse().count(), 0);
    }

    #[test]
    fn what_only_one_of_them_has_is_told() {
        let old = record(&[("W1", &[1.0]), ("W2", &[1.0])]);
        let mut new = record(&[("W2", &[1.0]), ("W3", &[1.0])]);
        let difference = Difference::between(&old, &new, Band::DEFAULT);
        assert_eq!(difference.only_old, [old.figures[0].clone()]);
        assert_eq!(difference.only_new, [new.figures[1].clone()]);
        assert_eq!(difference.rows.len(), 1);

        // Another size is another figure.
        new.figures[0].events += 1;
        let other = Difference::between(&old, &new, Band::DEFAULT);
        assert_eq!((other.rows.len(), other.only_new.len()), (0, 2));
    }

    #[test]
    fn another_machine_and_another_compiler_are_warned_of() {
        let old = record(&[]);
        let mut new = old.clone();
        assert!(Difference::between(&old, &new, Band::DEFAULT)
            .warnings
            .is_empty());
        new.machine = Machine {
            cores: 64,
            ..new.machine
        };
        new.build.compiler.rustc.push('x');
        let warnings = Difference::between(&old, &new, Band::DEFAULT).warnings;
        assert_eq!(warnings.len(), 2);
        assert!(warnings[0].contains("64 cores"), "{warnings:?}");
    }
}
