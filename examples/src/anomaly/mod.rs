//! What is not as usual: a baseline for each figure of each source, alarms, and how
//! good they are.

mod alarm;
mod baseline;
mod figure;
mod silent_windows;
mod summary;
mod verdicts;
mod watch;

pub use alarm::{Alarm, AlarmOptions, Compared, Side, State};
pub use baseline::Baseline;
pub use figure::Figure;
pub use silent_windows::{Heard, SilentWindows};
pub use summary::{Aggregates, Summary};
pub use verdicts::Verdicts;
pub use watch::{Checked, Watch};
