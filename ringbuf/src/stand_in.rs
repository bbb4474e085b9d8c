//! A ring with the contract of rtrb, for loom.
