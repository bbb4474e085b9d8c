use std::cmp::Ordering;

/// How `a` and `b` line up where the one that is `wanted` against the other
/// comes first.
///
/// What does not compare with itself (a floating point NaN) comes after all
/// that does; among themselves such values are equal.
#[inline]
pub(super) fn best_first<V: PartialOrd>(a: &V, b: &V, wanted: Ordering) -> Ordering {
    match a.partial_cmp(b) {
        Some(Ordering::Equal) => Ordering::Equal,
        Some(order) if order == wanted => Ordering::Less,
        Some(_) => Ordering::Greater,
        None => is_unordered(a).cmp(&is_unordered(b)),
    }
}

/// Whether a value does not even compare with itself.
#[inline]
pub(super) fn is_unordered<V: PartialOrd>(value: &V) -> bool {
    value.partial_cmp(value).is_none()
}
