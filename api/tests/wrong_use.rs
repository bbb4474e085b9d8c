//! Wrong use does not compile, and for the reason that is meant.
//!
//! Each case says with `//~ CODE`, or `//~^ CODE` on the line after, where
//! the compiler must complain and with which code, and what is right stands
//! beside it and must compile. Codes and lines hold over compiler versions;
//! the wording does not, so it is not compared (which is why this is not
//! trybuild), and a `compile_fail` doctest would take a slip of the pen for
//! success.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

type Complaints = BTreeSet<(usize, String)>;

/// What the case itself says that the compiler will complain about.
fn expected(text: &str) -> Complaints {
    let mut complaints = Complaints::new();
    for (number, line) in (1..).zip(text.lines()) {
        let Some((_, mark)) = line.split_once("//~") else {
            continue;
        };
        let above = mark.chars().take_while(|&c| c == '^').count();
        let code = mark[above..].trim().to_owned();
        complaints.insert((number - above, code));
    }
    complaints
}

/// What the compiler complains about, by case.
fn complaints(messages: &str) -> BTreeMap<String, Complaints> {
    let mut by_case: BTreeMap<String, Complaints> = BTreeMap::new();
    for line in messages.lines() {
        let message: Value = serde_json::from_str(line).expect("cargo speaks JSON");
        let text = &message["message"];
        if message["reason"] != "compiler-message" || text["level"] != "error" {
            continue;
        }
        let case = message["target"]["name"].as_str().expect("a target");
        let spans = text["spans"].as_array().expect("spans");
        let Some(span) = spans.iter().find(|span| span["is_primary"] == true) else {
            continue; // "aborting due to": no complaint of its own
        };
        let code = text["code"]["code"].as_str().unwrap_or("no code");
        let at = span["line_start"].as_u64().expect("a line") as usize;
        let of_case = by_case.entry(case.to_owned()).or_default();
        of_case.insert((at, code.to_owned()));
    }
    by_case
}

#[test]
fn wrong_use_does_not_compile() {
    let manifest_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = manifest_dir.join("tests/wrong_use");
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wrong-use");
    let examples = scratch.join("examples");
    let _ = fs::remove_dir_all(&examples);
    fs::create_dir_all(&examples).expect("a folder for the cases");
    let manifest = format!(
        "[package]\nname = \"wrong-use\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\
         [workspace]\n[lib]\npath = \"lib.rs\"\n\
         [dev-dependencies]\nfluxus-api = {{ path = {:?} }}\n",
        manifest_dir.display().to_string()
    );
    fs::write(scratch.join("Cargo.toml"), manifest).expect("a manifest");
    fs::write(scratch.join("lib.rs"), "").expect("a library");
    // The versions that the workspace was tested with.
    fs::copy(
        manifest_dir.join("../Cargo.lock"),
        scratch.join("Cargo.lock"),
    )
    .expect("a lock file");

    let mut cases = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("the cases") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a case");
        let name = path.file_stem().expect("a name").to_str().expect("UTF-8");
        fs::write(examples.join(format!("{name}.rs")), &text).expect("a copy");
        cases.insert(name.to_owned(), expected(&text));
    }
    let output = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--examples", "--keep-going"])
        .args(["--message-format", "json", "--target-dir"])
        .arg(scratch.join("target"))
        .current_dir(&scratch)
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    let found = complaints(&String::from_utf8_lossy(&output.stdout));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!found.is_empty(), "nothing was compiled:\n{said}");
    for (case, expected) in cases {
        assert!(!expected.is_empty(), "{case} expects nothing");
        let found = found.get(&case).cloned().unwrap_or_default();
        // One mistake may be told in several ways, but nothing else is wrong.
        let lines = |complaints: &Complaints| complaints.iter().map(|c| c.0).collect();
        let (found_at, expected_at): (BTreeSet<_>, BTreeSet<_>) = (lines(&found), lines(&expected));
        assert_eq!(found_at, expected_at, "lines of {case}: {found:?}\n{said}");
        assert!(found.is_superset(&expected), "{case}: {found:?}\n{said}");
    }
}
