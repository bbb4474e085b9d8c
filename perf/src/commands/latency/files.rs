//! What is written beside the table.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use serde::Serialize;

use fluxus_perf::latency::{hgrm, Measured};

/// The version of the JSON: raised when a name goes or changes its meaning.
pub(in crate::commands) const SCHEMA: u32 = 1;

pub(in crate::commands) fn write(file: &Path, text: &str) -> Result<(), String> {
    std::fs::write(file, text)
        .map_err(|error| format!("{} could not be written: {error}", file.display()))
}

/// Whether the files can be written, before anything is measured: a figure that
/// nobody can keep is not worth the wait.
pub(in crate::commands) fn check_writable<'files>(
    files: impl IntoIterator<Item = &'files PathBuf>,
) -> Result<(), String> {
    for file in files {
        OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .map_err(|error| format!("{} could not be written: {error}", file.display()))?;
    }
    Ok(())
}

pub(in crate::commands) fn write_json(file: &Path, value: &impl Serialize) -> Result<(), String> {
    let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    write(file, &(text + "\n"))
}

/// Records from due to seen go into `file`; each other distribution into one
/// beside it, named after what it is: `run.hgrm`, `run-window.hgrm`.
pub(super) fn write_hgrm(file: &Path, measured: &Measured) -> Result<(), String> {
    let beside = |what: &str| {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let name = match file.extension() {
            Some(extension) => format!("{stem}-{what}.{}", extension.to_string_lossy()),
            None => format!("{stem}-{what}"),
        };
        file.with_file_name(name)
    };
    write(file, &hgrm::text(&measured.records.response))?;
    write(
        &beside("record-from-send"),
        &hgrm::text(&measured.records.service),
    )?;
    if let Some(windows) = &measured.windows {
        write(&beside("window"), &hgrm::text(&windows.response))?;
        write(&beside("window-from-send"), &hgrm::text(&windows.service))?;
    }
    write(
        &beside("hiccup"),
        &hgrm::text(&measured.hiccups.distribution),
    )
}
