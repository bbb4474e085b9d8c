use std::error::Error;
use std::fmt;
use std::str::FromStr;

use crate::cpu_list::{self, CpuList, CpuListError};

/// Which cores the workers shall sit on.
///
/// ```
/// use fluxus_runtime::Placement;
///
/// assert_eq!("0-2,6".parse(), Ok(Placement::Cores(vec![0, 1, 2, 6])));
/// assert_eq!("auto".parse(), Ok(Placement::Auto));
/// assert!("3-1".parse::<Placement>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Placement {
    /// A physical core each, as far as they go; the default.
    #[default]
    Auto,
    /// These cores, one a worker, in this order.
    Cores(Vec<usize>),
    /// Wherever the operating system likes; `none` as text.
    Unpinned,
}

impl FromStr for Placement {
    type Err = PlacementError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "auto" => Ok(Placement::Auto),
            "none" | "unpinned" => Ok(Placement::Unpinned),
            list => match cpu_list::parse(list) {
                Ok(cores) if cores.is_empty() => Err(PlacementError(Problem::Empty)),
                Ok(cores) => Ok(Placement::Cores(cores)),
                Err(error) => Err(PlacementError(Problem::List(error))),
            },
        }
    }
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Placement::Auto => write!(f, "auto"),
            Placement::Cores(cores) => write!(f, "{}", CpuList(cores)),
            Placement::Unpinned => write!(f, "none"),
        }
    }
}

/// A text that is no [`Placement`]; the message says what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacementError(Problem);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Problem {
    Empty,
    List(CpuListError),
}

impl fmt::Display for PlacementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Problem::Empty => write!(f, "the list of cores is empty")?,
            Problem::List(error) => write!(f, "{error}")?,
        }
        write!(
            f,
            "; cores are `auto`, `none` or a list like `0,1` or `0-3,6`"
        )
    }
}

impl Error for PlacementError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placements_survive_their_own_text() {
        let table = [
            (Placement::Auto, "auto"),
            (Placement::Unpinned, "none"),
            (Placement::Cores(vec![0, 1]), "0-1"),
            (Placement::Cores(vec![6, 0, 0]), "6,0,0"),
        ];
        for (placement, text) in table {
            assert_eq!(placement.to_string(), text);
            assert_eq!(text.parse(), Ok(placement));
        }
    }

    #[test]
    fn errors_say_what_to_write() {
        let table = [
            ("", "the list of cores is empty; cores are"),
            ("zero", "`zero` is not a core number; cores are"),
            ("0,9999", "core 9999 is beyond the highest, 8191; cores are"),
        ];
        for (text, message) in table {
            let error = text.parse::<Placement>().expect_err(text);
            assert!(error.to_string().starts_with(message), "{error}");
        }
    }
}
