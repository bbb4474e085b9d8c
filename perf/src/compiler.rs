//! What compiled this program.

use serde::{Deserialize, Serialize};

/// A compiler and what it was told. Figures of two compilers are not the same figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compiler {
    /// Its version, as `rustc --version` tells it.
    pub rustc: String,
    /// The machine it compiled for.
    pub target: String,
    /// The level of optimisation.
    pub opt_level: String,
    /// Flags beside those of the manifest.
    pub rustflags: String,
}

impl Compiler {
    /// The one that compiled this program.
    pub fn of_this_program() -> Self {
        Self {
            rustc: env!("FLUXUS_PERF_RUSTC").to_owned(),
            target: env!("FLUXUS_PERF_TARGET").to_owned(),
            opt_level: env!("FLUXUS_PERF_OPT_LEVEL").to_owned(),
            rustflags: env!("FLUXUS_PERF_RUSTFLAGS").to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_its_version_and_its_target() {
        let compiler = Compiler::of_this_program();
        assert!(compiler.rustc.starts_with("rustc 1."), "{compiler:?}");
        assert!(
            compiler.target.contains(std::env::consts::ARCH),
            "{compiler:?}"
        );
        assert!(!compiler.opt_level.is_empty());
    }
}
