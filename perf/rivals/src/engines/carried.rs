//! Records that stay in one process, for engines that could also send them elsewhere.

use serde::{de::Error as _, ser::Error as _, Deserialize, Deserializer, Serialize, Serializer};

/// A record between two threads.
///
/// Timely and renoir ask of what they exchange that it can be written as bytes,
/// even where, as here, every worker is a thread and it is moved as it is.
#[derive(Clone, Copy, Debug)]
pub struct Carried<T>(pub T);

const STAYS: &str = "a record that stays in its process";

impl<T> Serialize for Carried<T> {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom(STAYS))
    }
}

impl<'de, T> Deserialize<'de> for Carried<T> {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom(STAYS))
    }
}
