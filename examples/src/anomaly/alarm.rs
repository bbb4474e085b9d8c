use super::Baseline;
use crate::rounded;
use clap::Args;
use serde::Serialize;

/// So many deviations at most does a window move the baseline by: an anomaly must not become
/// usual at once, but what lasts must in the end.
const MOST_DEVIATIONS: f64 = 2.0;

/// When there is an alert.
#[derive(Args, Clone, Copy, Debug)]
pub struct AlarmOptions {
    /// How many deviations off the usual an alert is raised at
    #[arg(long, value_name = "D", default_value_t = 5.0, value_parser = deviations)]
    threshold: f64,

    /// How many windows of a source are learnt from before the first alert
    #[arg(long, value_name = "N", default_value_t = 24)]
    learn: u32,
}

fn deviations(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number <= 1e6 => Ok(number),
        _ => Err("it must be a number above 0, such as 5".to_owned()),
    }
}

impl AlarmOptions {
    /// Whether so many windows are enough to know what is usual.
    pub fn are_enough(&self, windows: u32) -> bool {
        windows >= self.learn.max(1)
    }
}

/// How a window compares with the ones before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody knows yet what is usual.
    Learning,
    /// It is as usual.
    Calm,
    /// It is the first that is not.
    AlertBegins,
    /// It is not, as the one before.
    AlertGoesOn,
    /// It is again as usual.
    AlertIsOver,
}

impl State {
    /// Whether there is an alert.
    pub fn is_alert(self) -> bool {
        matches!(self, Self::AlertBegins | Self::AlertGoesOn)
    }

    /// Whether it differs from that of the window before: what a person is told of.
    pub fn is_news(self) -> bool {
        matches!(self, Self::AlertBegins | Self::AlertIsOver)
    }

    /// As a table says it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Learning => "learns",
            Self::Calm => "-",
            Self::AlertBegins => "begins",
            Self::AlertGoesOn => "on",
            Self::AlertIsOver => "over",
        }
    }
}

/// On which side of the usual a figure is a reason for an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Above.
    Above,
    /// Above and below.
    Both,
}

/// What is usual for a figure, and whether it was when last seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alarm {
    baseline: Baseline,
    is_on: bool,
}

/// A figure against its baseline.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Compared {
    /// What that means.
    pub state: State,
    /// What it is.
    pub found: f64,
    /// What was usual.
    pub usual: f64,
    /// How far from that is usual, too.
    pub deviation: f64,
    /// How far it is off, in deviations.
    pub deviations_off: f64,
}

impl Alarm {
    /// Whether there is an alert.
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// Compares a figure with what is usual, and says whether that is an alert.
    /// `chance` is how far chance alone takes it from what is usual: the deviation is
    /// not less.
    pub fn compare(
        &mut self,
        found: f64,
        chance: impl FnOnce(f64) -> f64,
        side: Side,
        options: &AlarmOptions,
    ) -> Compared {
        let usual = self.baseline.mean().unwrap_or(found);
        let deviation = self.baseline.deviation().max(chance(usual));
        let deviations_off = (found - usual) / deviation;
        let off = match side {
            Side::Above => deviations_off,
            Side::Both => deviations_off.abs(),
        };
        let is_learning = !options.are_enough(self.baseline.windows());
        let is_alert = !is_learning && off >= options.threshold;
        let state = match (std::mem::replace(&mut self.is_on, is_alert), is_alert) {
            (false, true) => State::AlertBegins,
            (true, true) => State::AlertGoesOn,
            (true, false) => State::AlertIsOver,
            (false, false) if is_learning => State::Learning,
            (false, false) => State::Calm,
        };
        Compared {
            state,
            found,
            usual,
            deviation,
            deviations_off,
        }
    }

    /// Learns from what was compared.
    pub fn learn(&mut self, compared: &Compared) {
        let Compared { found, usual, .. } = *compared;
        let reach = MOST_DEVIATIONS * compared.deviation;
        self.baseline.learn(match compared.state {
            State::Learning => found,
            _ => found.clamp(usual - reach, usual + reach),
        });
    }
}

impl Compared {
    /// The same with four decimals: more would be noise.
    pub fn rounded(self) -> Self {
        Self {
            state: self.state,
            found: rounded(self.found, 4),
            usual: rounded(self.usual, 4),
            deviation: rounded(self.deviation, 4),
            deviations_off: rounded(self.deviations_off, 4),
        }
    }
}
