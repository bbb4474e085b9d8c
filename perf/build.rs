//! Tells the harness what compiled it: figures mean nothing without.

use std::env;
use std::io::{self, Write};
use std::process::Command;

fn main() -> io::Result<()> {
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let rustc = Command::new(variable("RUSTC")).arg("--version").output();
    let rustc = rustc.map_or(String::new(), |output| {
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    });
    // What Cargo has put together from RUSTFLAGS and its configuration.
    let flags = variable("CARGO_ENCODED_RUSTFLAGS").replace('\u{1f}', " ");
    let mut output = io::stdout().lock();
    writeln!(output, "cargo:rustc-env=FLUXUS_PERF_RUSTC={rustc}")?;
    writeln!(
        output,
        "cargo:rustc-env=FLUXUS_PERF_TARGET={}",
        variable("TARGET")
    )?;
    writeln!(
        output,
        "cargo:rustc-env=FLUXUS_PERF_OPT_LEVEL={}",
        variable("OPT_LEVEL")
    )?;
    writeln!(output, "cargo:rustc-env=FLUXUS_PERF_RUSTFLAGS={flags}")?;
    writeln!(output, "cargo:rerun-if-changed=build.rs")
}
