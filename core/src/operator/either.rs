/// A record of one of two streams that meet at an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Either<L, R> {
    /// Of the stream that the operator was called on.
    Left(L),
    /// Of the stream that it was given.
    Right(R),
}
