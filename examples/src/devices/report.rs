use super::Silent;
use fluxus::WindowResult;
use serde::Serialize;

/// What is told of a device.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Report {
    /// What it said in a window.
    Window(WindowReport),
    /// It has fallen silent.
    Silent(Silent),
}

/// What a device said in a window.
#[derive(Clone, Debug, Serialize)]
pub struct WindowReport {
    /// Its name.
    pub device: String,
    /// The beginning of the window, in milliseconds of event time.
    pub from_ms: i64,
    /// Its end, which does not belong to it.
    pub to_ms: i64,
    /// How many readings came.
    pub readings: u64,
    /// How many numbers were skipped since the window before.
    pub missing: u64,
    /// The mean temperature in °C.
    pub mean_c: f64,
    /// The lowest one.
    pub min_c: f64,
    /// The highest one.
    pub max_c: f64,
    /// The mean relative humidity in percent.
    pub mean_humidity_percent: f64,
}

/// What is aggregated of the readings of a window: how many, and their mean humidity
/// in thousandths; mean, least and most of the temperature in thousandths; how many
/// different numbers, the lowest and the highest.
pub type Aggregates = ((u64, f64), (f64, i32, i32), (u64, u64, u64));

impl Report {
    /// What is told of a window; `last` is the highest number of the device before it.
    pub fn of_window(row: WindowResult<String, Aggregates>, last: &mut Option<u64>) -> Self {
        let ((readings, humidity), (mean, min, max), (numbers, lowest, highest)) = row.value;
        // Of a device that was never heard of, nothing is missing before its first.
        let first = last.map_or(lowest, |last| last.saturating_add(1).min(lowest));
        *last = Some(highest);
        // Means are rounded: a thousandth is far more than a sensor can tell.
        let units = |milli: f64| milli.round() / 1e3;
        Self::Window(WindowReport {
            from_ms: row.start().millis(),
            to_ms: row.end().millis(),
            device: row.key,
            readings,
            missing: (highest - first + 1).saturating_sub(numbers),
            mean_c: units(mean),
            min_c: units(min.into()),
            max_c: units(max.into()),
            mean_humidity_percent: units(humidity),
        })
    }

    /// Whose it is.
    pub fn device(&self) -> &str {
        match self {
            Self::Window(window) => &window.device,
            Self::Silent(silent) => &silent.device,
        }
    }
}
