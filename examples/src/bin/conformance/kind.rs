//! The kinds of windows, each made of the numbers that a case gives.

use crate::case::Shape;
use fluxus::source::BoxError;
use fluxus::windows::{CountSliding, CountTumbling, Session, Sliding, Tumbling};

/// The kinds of windows that the engine has.
pub(crate) enum Kind {
    /// One after the other, of the same size.
    Tumbling(Tumbling),
    /// Of the same size, one every slide: they overlap, or leave gaps.
    Sliding(Sliding),
    /// As long as the records of a key follow one another within a gap.
    Session(Session),
    /// The same, where each record says itself how long its gap is.
    SessionDynamic,
    /// All time.
    Global,
    /// So many records of a key.
    Count(CountTumbling),
    /// The last so many records of a key, every so many records.
    CountSliding(CountSliding),
}

impl Kind {
    /// A kind of window. What it cannot be (a size of nothing, an offset
    /// beyond the size) it says here, when it is made, and not when it runs.
    pub(crate) fn of(shape: Shape) -> Result<Self, BoxError> {
        // One case's millisecond is one tick of event time, a nanosecond: so the
        // ends of time lie where they lie for engines that count milliseconds.
        Ok(match shape {
            Shape::Tumbling { size_ms, offset_ms } => {
                Kind::Tumbling(Tumbling::from_nanos(size_ms)?.with_offset_ns(offset_ms)?)
            }
            Shape::Sliding {
                size_ms,
                slide_ms,
                offset_ms,
            } => Kind::Sliding(Sliding::from_nanos(size_ms, slide_ms)?.with_offset_ns(offset_ms)?),
            Shape::Session { gap_ms } => Kind::Session(Session::from_nanos(gap_ms)?),
            Shape::SessionDynamic => Kind::SessionDynamic,
            Shape::Global => Kind::Global,
            // Numbers of records have no sign: a negative one does not get as
            // far as the engine.
            Shape::Count { size } => Kind::Count(CountTumbling::of(size.try_into()?)?),
            Shape::CountSliding { size, slide } => {
                Kind::CountSliding(CountSliding::new(size.try_into()?, slide.try_into()?)?)
            }
        })
    }
}
