//! The text that HdrHistogram's plotters read.

use std::fmt::Write;

use super::distribution::Distribution;

/// Lines for each halving of what is left to the end.
const LINES_PER_HALF: u32 = 5;

/// `distribution` as `Value Percentile TotalCount 1/(1-Percentile)`, values in
/// microseconds.
pub fn text(distribution: &Distribution) -> String {
    let histogram = distribution.histogram();
    let micros = |nanos: f64| nanos / 1e3;
    let mut text = format!(
        "{:>12} {:>14} {:>10} {:>14}\n\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    );
    let mut total = 0;
    // Writing to a string cannot fail.
    for step in histogram.iter_quantiles(LINES_PER_HALF) {
        total += step.count_since_last_iteration();
        let value = micros(step.value_iterated_to() as f64);
        let quantile = step.quantile_iterated_to();
        let _ = write!(text, "{value:>12.3} {quantile:>14.12} {total:>10}");
        let _ = match quantile < 1.0 {
            true => writeln!(text, " {:>14.2}", 1.0 / (1.0 - quantile)),
            false => writeln!(text),
        };
    }
    let (mean, deviation) = match distribution.samples() {
        0 => (0.0, 0.0),
        _ => (histogram.mean(), histogram.stdev()),
    };
    let _ = write!(
        text,
        "#[Mean    = {:>12.3}, StdDeviation   = {:>12.3}]\n\
         #[Max     = {:>12.3}, Total count    = {:>12}]\n\
         #[Buckets = {:>12}, SubBuckets     = {:>12}]\n",
        micros(mean),
        micros(deviation),
        micros(distribution.max().unwrap_or(0) as f64),
        distribution.samples(),
        histogram.buckets(),
        // For three digits, whatever the range.
        2048,
    );
    text
}

#[cfg(test)]
mod tests {
    use super::super::distribution::histogram;
    use super::*;

    #[test]
    fn a_plotter_can_read_it() {
        let mut samples = histogram();
        for micros in 1..=1_000 {
            samples.record(micros * 1_000).expect("in range");
        }
        let text = text(&Distribution::of(samples));
        let mut lines = text.lines();
        let head: Vec<_> = lines
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        assert_eq!(
            head,
            ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]
        );
        assert_eq!(lines.next(), Some(""));
        let rows: Vec<Vec<f64>> = lines
            .by_ref()
            .take_while(|line| !line.starts_with('#'))
            .map(|line| line.split_whitespace().flat_map(str::parse).collect())
            .collect();
        let (last, others) = rows.split_last().expect("there are rows");
        assert!(others.len() > 20);
        for row in others {
            let [value, percentile, total, inverse] = row[..] else {
                panic!("four columns: {row:?}");
            };
            assert!((inverse - 1.0 / (1.0 - percentile)).abs() < 0.01 * inverse);
            assert!((total / 1_000.0) >= percentile, "{row:?}");
            assert!((value - total).abs() <= 0.001 * value + 1.0, "{row:?}");
        }
        assert!(rows.windows(2).all(|pair| pair[0][1] <= pair[1][1]));
        // The last has all samples, and no inverse: it would be infinite.
        assert_eq!(last.len(), 3);
        assert_eq!((last[1], last[2]), (1.0, 1_000.0));
        assert!(text.contains("#[Mean    =      500."));
        assert!(text.contains("Total count    =         1000]"));
    }

    #[test]
    fn nothing_is_also_told() {
        let text = text(&Distribution::of(histogram()));
        assert!(text.contains("Total count    =            0]"));
    }
}
