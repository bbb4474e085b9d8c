//! Finding the rivals' package and building its program.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::super::print::complain;

/// The name of the package and of its program.
const NAME: &str = "fluxus-rivals";

/// What cargo says of each thing that it made; everything else has other fields.
#[derive(Deserialize)]
struct Made {
    target: Target,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Builds the program, or finds that it is up to date, and says where it is.
pub(super) fn build(manifest: Option<&Path>) -> Result<PathBuf, String> {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("rivals/Cargo.toml");
    let manifest = manifest.map_or_else(own, Path::to_path_buf);
    if !manifest.is_file() {
        return Err(format!(
            "the rivals' package is not at {}: give its Cargo.toml with --manifest",
            manifest.display()
        ));
    }
    complain(&format!(
        "building the rivals, minutes the first time: cargo build --release --manifest-path {}",
        manifest.display()
    ));
    // The cargo that runs this program, if one does.
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(&cargo)
        .args(["build", "--release", "--locked", "--bin", NAME])
        .arg("--message-format=json-render-diagnostics")
        .arg("--manifest-path")
        .arg(&manifest)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{} does not start: {error}", cargo.to_string_lossy()))?;
    if !output.status.success() {
        return Err(format!(
            "the rivals were not built ({}); they may need a newer Rust: see rust-version in {}",
            output.status,
            manifest.display()
        ));
    }
    program(&String::from_utf8_lossy(&output.stdout))
        .ok_or_else(|| format!("cargo did not say where it put {NAME}"))
}

/// The program among what cargo made.
fn program(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Made>(line).ok())
        .filter(|made| made.target.name == NAME)
        .find_map(|made| made.executable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_among_what_cargo_says() {
        let messages = r#"
{"reason":"compiler-artifact","target":{"name":"fluxus_perf"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"fluxus-rivals"},"executable":"/out/fluxus-rivals"}
{"reason":"build-finished","success":true}
"#;
        assert_eq!(program(messages), Some(PathBuf::from("/out/fluxus-rivals")));
        assert_eq!(program("{\"reason\":\"build-finished\"}"), None);
    }
}
