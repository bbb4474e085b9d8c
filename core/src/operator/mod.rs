//! The operators: each file holds one, first its description, which is a
//! [`Chain`](crate::Chain), then its running part, a
//! [`Collector`](crate::Collector).

mod enumerate;
mod filter;
mod filter_map;
mod flat_map;
mod idle_after;
mod inspect;
mod map;
mod map_with;
mod processing_time;
mod skip;
mod skip_while;
mod take;
mod take_while;
mod timestamps;

mod by_key;
mod key_meters;
mod moments;

mod dedup;
mod distinct;
mod rolling;
mod rolling_top_k;
mod scan;
mod stateful;

mod process;
mod process_closures;
mod process_context;

mod keyed_windows;
mod waiting;
mod window;
mod window_merge;
mod window_partial;
mod window_result;

mod boxed;
mod branch;
mod broadcast;
mod either;
mod fan_out;
mod gather;
mod partition_by;
mod rebalance;
mod union;
mod zip;

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
mod side_output;
mod side_stream;
mod try_map;
mod two_outputs;

mod well_formed;
pub use as_of_join::AsOfJoin;
pub use boxed::Boxed;
pub use branch::branch;
pub use broadcast::Broadcast;
pub use co_group::{BothSides, CoGroup, Sides};
pub use dedup::Dedup;
pub use distinct::Distinct;
pub use either::Either;
pub use enumerate::Enumerate;
pub use fan_out::fan_out;
pub use filter::Filter;
pub use filter_map::FilterMap;
pub use flat_map::FlatMap;
pub use gather::Gather;
pub use idle_after::{IdleAfter, IdleTimeout, IdleTimeoutError};
pub use inspect::Inspect;
pub use interval_join::IntervalJoin;
pub use joined_pair::{JoinedPair, WindowPair};
pub use map::Map;
pub use map_with::MapWith;
pub use partition_by::PartitionBy;
pub use process::{KeyedProcess, Process};
pub use process_closures::ProcessClosures;
pub use process_context::ProcessContext;
pub use processing_time::ProcessingTime;
pub use rebalance::Rebalance;
pub use rolling::{RollingFold, RollingReduce};
pub use rolling_top_k::RollingTopK;
pub use scan::Scan;
pub use side_output::{Aside, FilterMapAside};
pub use side_stream::SideStream;
pub use skip::Skip;
pub use skip_while::SkipWhile;
pub use stateful::{KeyedLogic, Stateful, Touch};
pub use table_join::{TableJoin, TableSpread};
pub use table_lookup::TableLookup;
pub use take::Take;
pub use take_while::TakeWhile;
pub use timestamps::Timestamps;
pub use try_map::{DeadLetter, TryMap};
pub use union::{Union, UnionAll};
pub use well_formed::WellFormed;
pub use window::WindowAggregate;
pub use window_pairs::WindowPairs;
pub use window_result::{Rejected, Rejection, WindowResult};
pub use zip::Zip;

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
