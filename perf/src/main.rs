//! `fluxus-perf`: exact workloads, run and compared. See `perf/README.md`.
#![forbid(unsafe_code)]

mod commands;

use std::process::ExitCode;

// The allocator that every engine is measured with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    commands::main()
}
