use std::fmt;

/// Which records of a join make a row of their own when they find no partner.
///
/// A row has a left and a right part; where the kind keeps records without a
/// partner, the other side's part is an [`Option`].
pub trait JoinKind: Copy + Send + fmt::Display + 'static {
    /// Whether a left record without a partner makes a row.
    const KEEPS_LEFT: bool;
    /// Whether a right record without a partner makes a row.
    const KEEPS_RIGHT: bool;

    /// What a row has of the left side.
    type Left<L: Send + 'static>: Send + 'static;
    /// What a row has of the right side.
    type Right<R: Send + 'static>: Send + 'static;

    /// A row's left part, of a record or of none; none if there is no such row.
    fn left<L: Send + 'static>(left: Option<L>) -> Option<Self::Left<L>>;
    /// A row's right part, of a record or of none; none if there is no such row.
    fn right<R: Send + 'static>(right: Option<R>) -> Option<Self::Right<R>>;
}

/// Only pairs: a record without a partner makes no row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inner;

/// Pairs, and each left record without a partner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOuter;

/// Pairs, and each right record without a partner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RightOuter;

/// Pairs, and each record of either side without a partner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FullOuter;

/// One side's part of a row: the record itself, or an option of it.
macro_rules! part {
    (@ $name:ident $part:ident $record:ident always) => {
        type $part<$record: Send + 'static> = $record;

        #[inline(always)]
        fn $name<$record: Send + 'static>(record: Option<$record>) -> Option<$record> {
            record
        }
    };
    (@ $name:ident $part:ident $record:ident maybe) => {
        type $part<$record: Send + 'static> = Option<$record>;

        #[inline(always)]
        fn $name<$record: Send + 'static>(record: Option<$record>) -> Option<Option<$record>> {
            Some(record)
        }
    };
}

macro_rules! kinds {
    ($($kind:ident, $words:literal: $left:ident $right:ident, $keeps_left:literal $keeps_right:literal;)*) => {$(
        impl JoinKind for $kind {
            const KEEPS_LEFT: bool = $keeps_left;
            const KEEPS_RIGHT: bool = $keeps_right;

            part!(@ left Left L $left);
            part!(@ right Right R $right);
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($words)
            }
        }
    )*};
}

kinds! {
    Inner, "inner": always always, false false;
    LeftOuter, "left outer": always maybe, true false;
    RightOuter, "right outer": maybe always, false true;
    FullOuter, "full outer": maybe maybe, true true;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a kind makes of a pair, of a left record and of a right one alone.
    fn rows<J: JoinKind>() -> (bool, bool, bool) {
        let is_row = |left: Option<u8>, right: Option<u8>| {
            J::left(left).is_some() && J::right(right).is_some()
        };
        (
            is_row(Some(1), Some(2)),
            is_row(Some(1), None),
            is_row(None, Some(2)),
        )
    }

    #[test]
    fn a_kind_makes_rows_of_the_records_that_it_keeps() {
        fn keeps<J: JoinKind>(kind: J) -> (bool, bool, bool) {
            assert_eq!(rows::<J>(), (true, J::KEEPS_LEFT, J::KEEPS_RIGHT), "{kind}");
            rows::<J>()
        }
        assert_eq!(keeps(Inner), (true, false, false));
        assert_eq!(keeps(LeftOuter), (true, true, false));
        assert_eq!(keeps(RightOuter), (true, false, true));
        assert_eq!(keeps(FullOuter), (true, true, true));
    }
}
