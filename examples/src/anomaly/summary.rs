use super::Figure;
use crate::events::Entry;
use crate::legible;
use serde::Serialize;

/// What is aggregated of the entries of a window: lines; errors and the first; values,
/// their sum, least and most; lines with a label; those of anomalies.
pub type Aggregates = (
    u64,
    Option<(u64, Entry)>,
    Option<(u64, i128, i64, i64)>,
    Option<u64>,
    Option<u64>,
);

/// What a source said in a window: the evidence.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// How many lines or values.
    pub lines: u64,
    /// How many of them are errors.
    pub errors: u64,
    /// The first error, in its words.
    pub example: Option<String>,
    /// The least of the values.
    pub least: Option<f64>,
    /// The most of the values.
    pub most: Option<f64>,
    /// How many lines belong to an anomaly, where the data says so.
    pub labelled: Option<u64>,
    /// The mean of the values.
    #[serde(skip)]
    pub mean: Option<f64>,
}

impl From<Aggregates> for Summary {
    fn from((lines, errors, values, labels, anomalies): Aggregates) -> Self {
        let (errors, example) = match errors {
            Some((errors, first)) => (errors, Some(legible(&first.text, 120))),
            None => (0, None),
        };
        Self {
            lines,
            errors,
            example,
            least: values.map(|(_, _, least, _)| least as f64 / 1e6),
            most: values.map(|(_, _, _, most)| most as f64 / 1e6),
            labelled: labels.map(|_| anomalies.unwrap_or(0)),
            mean: values.map(|(count, sum, ..)| sum as f64 / 1e6 / count as f64),
        }
    }
}

impl Summary {
    /// What there is to compare: of values their mean, of lines how many there are
    /// and which share are errors.
    pub(super) fn figures(&self) -> Vec<(Figure, f64)> {
        match (self.mean, self.lines) {
            (Some(mean), _) => vec![(Figure::Value, mean)],
            (None, 0) => vec![(Figure::Lines, 0.0)],
            (None, lines) => vec![
                (Figure::Lines, lines as f64),
                (Figure::Errors, self.errors as f64 / lines as f64),
            ],
        }
    }

    /// The evidence for a figure, as a table says it.
    pub fn evidence(&self, figure: Figure) -> String {
        match (figure, self.least, self.most) {
            (Figure::Value, Some(least), Some(most)) => format!("{least:.1}..{most:.1}"),
            (Figure::Errors, ..) => format!("{} of {}", self.errors, self.lines),
            _ => match self.lines {
                0 => "silence".to_owned(),
                1 => "1 line".to_owned(),
                lines => format!("{lines} lines"),
            },
        }
    }
}
