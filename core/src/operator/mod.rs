//! The operators: each file holds one, first its description, which is a
//! [`Chain`](crate::Chain), then its running part, a
//! [`Collector`](crate::Collector).

mod filter;
mod filter_map;
mod flat_map;
mod gather;
mod idle_after;
mod inspect;
mod map;
mod processing_time;
mod skip;
mod take;
mod timestamps;

mod rolling;

mod keyed_windows;
mod waiting;
mod window;
mod window_merge;
mod window_partial;
mod window_result;

mod either;
mod union;

mod as_of_join;
mod co_group;
mod interval_join;
mod join_operator;
mod joined_pair;
mod keyed_legs;
mod table_join;
mod table_lookup;
mod timeless;
mod window_pairs;

mod side_lanes;
mod side_stream;

pub use as_of_join::AsOfJoin;
pub use co_group::{BothSides, CoGroup, Sides};
pub use either::Either;
pub use filter::Filter;
pub use filter_map::FilterMap;
pub use flat_map::FlatMap;
pub use gather::Gather;
pub use idle_after::{IdleAfter, IdleTimeout, IdleTimeoutError};
pub use inspect::Inspect;
pub use interval_join::IntervalJoin;
pub use joined_pair::{JoinedPair, WindowPair};
pub use map::Map;
pub use processing_time::ProcessingTime;
pub use rolling::{Rolling, RollingFold, RollingReduce, RollingState};
pub use side_stream::SideStream;
pub use skip::Skip;
pub use table_join::{TableJoin, TableSpread};
pub use table_lookup::TableLookup;
pub use take::Take;
pub use timestamps::Timestamps;
pub use union::{Union, UnionAll};
pub use window::WindowAggregate;
pub use window_pairs::WindowPairs;
pub use window_result::{Rejected, Rejection, WindowResult};

/// The parts of every description that do not depend on what it does: its name
/// can be changed, and it is timed when its upstream is.
macro_rules! describe {
    (@ named $name:ident<$upstream:ident $(, $parameter:ident)*>) => {
        impl<$upstream $(, $parameter)*> $crate::Named for $name<$upstream $(, $parameter)*> {
            fn rename(&mut self, name: $crate::Name) {
                self.name = name;
            }
        }
    };
    // It gives its records their times itself.
    ($name:ident<$upstream:ident $(, $parameter:ident)*> is timed) => {
        $crate::operator::describe!(@ named $name<$upstream $(, $parameter)*>);

        impl<$upstream $(, $parameter)*> $crate::Timed for $name<$upstream $(, $parameter)*>
        where
            Self: $crate::Chain,
        {
        }
    };
    ($name:ident<$upstream:ident $(, $parameter:ident)*>) => {
        $crate::operator::describe!(@ named $name<$upstream $(, $parameter)*>);

        impl<$upstream: $crate::Timed $(, $parameter)*> $crate::Timed
            for $name<$upstream $(, $parameter)*>
        where
            Self: $crate::Chain,
        {
        }
    };
}
pub(crate) use describe;
