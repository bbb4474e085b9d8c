use std::path::{Path, PathBuf};

/// The path of a file that comes along with the samples.
pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(name)
}
