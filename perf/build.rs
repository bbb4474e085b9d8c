//! Notes the compiler down, for the reports.

// Cargo reads it.
#![allow(clippy::print_stdout)]

use std::env;
use std::process::Command;

fn main() {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let told = Command::new(rustc).arg("--version").output();
    let version = told
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .unwrap_or_default();
    let version = match version.trim() {
        "" => "rustc unknown",
        version => version,
    };
    println!("cargo:rustc-env=FLUXUS_PERF_RUSTC={version}");
    println!("cargo:rerun-if-changed=build.rs");
}
