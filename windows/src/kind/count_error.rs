use std::fmt;

/// A count window that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountError {
    /// The window holds no records.
    SizeZero,
    /// Results would come after no records.
    SlideZero,
}

impl fmt::Display for CountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SizeZero => "a window of 0 records holds nothing: choose a size of at least 1",
            Self::SlideZero => {
                "a window that slides by 0 records stays where it is: choose a slide of at least 1"
            }
        })
    }
}

impl std::error::Error for CountError {}
