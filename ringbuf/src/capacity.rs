//! How many slots a ring has, checked before anything is allocated.

use std::fmt;

/// How many records a ring holds: a power of two from 1 to [`Capacity::MAX`].
///
/// ```
/// use fluxus_ringbuf::Capacity;
///
/// assert_eq!(Capacity::new(4096)?.slots(), 4096);
/// assert!(Capacity::new(5000).is_err());
/// # Ok::<(), fluxus_ringbuf::CapacityError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capacity(usize);

impl Capacity {
    /// The largest capacity, 2^30 slots: whatever is larger is a mistake.
    pub const MAX: usize = 1 << 30;

    /// Takes `slots` as a capacity.
    ///
    /// # Errors
    ///
    /// When `slots` is zero, above [`Capacity::MAX`] or not a power of two.
    pub fn new(slots: usize) -> Result<Self, CapacityError> {
        if slots == 0 {
            return Err(CapacityError::Zero);
        }
        if slots > Self::MAX {
            return Err(CapacityError::TooLarge {
                given: slots,
                max: Self::MAX,
            });
        }
        if !slots.is_power_of_two() {
            let above = slots.next_power_of_two();
            return Err(CapacityError::NotPowerOfTwo {
                given: slots,
                below: above / 2,
                above,
            });
        }
        Ok(Self(slots))
    }

    /// The number of slots.
    pub fn slots(self) -> usize {
        self.0
    }

    /// Asks the allocator for what a ring of `T` will need and gives it back,
    /// so that a ring that cannot be had is an error and not an abort.
    pub(crate) fn check_room_for<T>(self) -> Result<(), CapacityError> {
        Vec::<T>::new()
            .try_reserve_exact(self.0)
            .map_err(|_| CapacityError::TooManyBytes {
                slots: self.0,
                bytes_each: std::mem::size_of::<T>(),
            })
    }
}

/// Why a capacity was refused; its text says what to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CapacityError {
    /// A ring without slots moves nothing.
    Zero,
    /// The capacity is not a power of two.
    NotPowerOfTwo {
        /// What was asked for.
        given: usize,
        /// The next smaller power of two.
        below: usize,
        /// The next larger power of two.
        above: usize,
    },
    /// The capacity is absurd.
    TooLarge {
        /// What was asked for.
        given: usize,
        /// The most there can be.
        max: usize,
    },
    /// This machine has no room for so many records of this size.
    TooManyBytes {
        /// The capacity that was asked for.
        slots: usize,
        /// The size of one record.
        bytes_each: usize,
    },
}

impl fmt::Display for CapacityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Zero => write!(f, "a ring cannot have 0 slots: use a power of two from 1"),
            Self::NotPowerOfTwo {
                given,
                below,
                above,
            } => write!(
                f,
                "a ring cannot have {given} slots, it must be a power of two: use {below} or {above}"
            ),
            Self::TooLarge { given, max } => {
                write!(f, "a ring cannot have {given} slots: use at most {max}")
            }
            Self::TooManyBytes { slots, bytes_each } => write!(
                f,
                "no memory for a ring of {slots} slots of {bytes_each} bytes each: \
                 use fewer slots or smaller records"
            ),
        }
    }
}

impl std::error::Error for CapacityError {}
