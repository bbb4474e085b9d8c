//! The house stands as it was drawn: its folders, the arrows between the
//! crates, where `unsafe` may live. The manifests are read as they lie here, so
//! that no tool stands between the rule and the file.

use std::fs;
use std::path::{Path, PathBuf};

/// Every folder of the house, the crate in it, and the crates of the house that
/// it may lean on. Whoever adds an arrow adds it here, and draws it in
/// ARCHITECTURE.md.
const HOUSE: [(&str, &str, &[&str]); 9] = [
    ("api", "fluxus-api", &["fluxus-core"]),
    (
        "core",
        "fluxus-core",
        &["fluxus-runtime", "fluxus-windows", "fluxus-ringbuf"],
    ),
    ("ringbuf", "fluxus-ringbuf", &[]),
    ("scheduler", "fluxus-runtime", &["fluxus-ringbuf"]),
    ("windows", "fluxus-windows", &[]),
    // The samples measure latencies with the instruments of the harness.
    (
        "examples",
        "fluxus-examples",
        &["fluxus-api", "fluxus-perf"],
    ),
    (
        "benches",
        "fluxus-benches",
        &["fluxus-api", "fluxus-ringbuf", "fluxus-windows"],
    ),
    ("loom-tests", "fluxus-loom-tests", &["fluxus-ringbuf"]),
    ("perf", "fluxus-perf", &["fluxus-api"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A manifest as the lines `section: key = value`, comments and blanks left
/// out; a list over several lines is one line.
struct Manifest(Vec<(String, String, String)>);

impl Manifest {
    fn parse(text: &str) -> Self {
        let (mut section, mut entries) = (String::new(), Vec::new());
        let mut unfinished: Option<(String, String)> = None;
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some((key, value)) = &mut unfinished {
                value.push_str(line);
                if line.starts_with(']') {
                    entries.push((section.clone(), key.clone(), value.clone()));
                    unfinished = None;
                }
                continue;
            }
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_matches(&['[', ']'][..]).to_owned();
                // `[dependencies.x]` names a crate without any key.
                entries.push((section.clone(), String::new(), String::new()));
                continue;
            }
            let (key, value) = line.split_once('=').expect("a key and a value");
            let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
            match value.starts_with('[') && !value.ends_with(']') {
                true => unfinished = Some((key, value)),
                false => entries.push((section.clone(), key, value)),
            }
        }
        Self(entries)
    }

    fn of(folder: &str) -> Self {
        Self::parse(&read(Path::new(folder).join("Cargo.toml")))
    }

    fn value(&self, section: &str, key: &str) -> Option<&str> {
        let wanted = |entry: &&(String, String, String)| entry.0 == section && entry.1 == key;
        self.0.iter().find(wanted).map(|entry| entry.2.as_str())
    }

    /// The crates of the house that it leans on: for all targets, for its tests
    /// and its build scripts too, and under another name or by path too.
    fn arrows(&self) -> Vec<String> {
        let in_dependencies =
            |section: &str| section.split('.').any(|p| p.ends_with("dependencies"));
        let mut arrows = Vec::new();
        for (section, key, value) in &self.0 {
            if !in_dependencies(section) {
                continue;
            }
            let words = [section, key, value]
                .into_iter()
                .flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '-'));
            arrows.extend(words.filter(|w| w.starts_with("fluxus")).map(str::to_owned));
            let by_path = HOUSE.iter().filter(|(folder, ..)| {
                value.contains("path") && value.contains(&format!("../{folder}\""))
            });
            arrows.extend(by_path.map(|(_, name, _)| (*name).to_owned()));
        }
        arrows.sort();
        arrows.dedup();
        arrows
    }
}

#[test]
fn the_house_has_exactly_its_folders() {
    let members = Manifest::parse(&read("Cargo.toml"));
    let members = members.value("workspace", "members").expect("a list");
    let mut listed: Vec<&str> = members.split('"').skip(1).step_by(2).collect();
    let mut expected: Vec<&str> = HOUSE.iter().map(|(folder, ..)| *folder).collect();
    listed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(listed, expected);

    let with_manifest = fs::read_dir(root()).expect("the root").filter_map(|entry| {
        let path = entry.expect("an entry").path();
        let name = path.file_name()?.to_str()?.to_owned();
        path.join("Cargo.toml").is_file().then_some(name)
    });
    let mut found: Vec<String> = with_manifest.collect();
    found.sort();
    assert_eq!(found, expected, "packages at the root of the house");
}

#[test]
fn arrows_point_downward_only() {
    for (folder, name, allowed) in HOUSE {
        let manifest = Manifest::of(folder);
        let given = manifest.value("package", "name");
        assert_eq!(given, Some(format!("\"{name}\"").as_str()), "{folder}");
        for arrow in manifest.arrows() {
            assert!(
                allowed.contains(&arrow.as_str()),
                "{folder}/Cargo.toml leans on {arrow}, but {name} may lean on {allowed:?} only"
            );
        }
    }
}

#[test]
fn an_arrow_is_seen_however_it_is_written() {
    for (manifest, arrows) in [
        ("[dependencies]\nserde.workspace = true", &[][..]),
        ("[features]\nx = [\"fluxus-core/x\"]", &[]),
        (
            "[dependencies]\nfluxus-core.workspace = true",
            &["fluxus-core"],
        ),
        (
            "[dependencies]\nfluxus-core = { path = \"../core\" }",
            &["fluxus-core"],
        ),
        (
            "[dependencies.fluxus-api]\nworkspace = true",
            &["fluxus-api"],
        ),
        (
            "[dependencies]\nengine = { package = \"fluxus-core\", version = \"1\" }",
            &["fluxus-core"],
        ),
        (
            "[dependencies]\nengine = { path = \"../core\" }",
            &["fluxus-core"],
        ),
        (
            "[dev-dependencies]\nfluxus-api.workspace = true",
            &["fluxus-api"],
        ),
        (
            "[build-dependencies]\nfluxus-api.workspace = true",
            &["fluxus-api"],
        ),
        (
            "[target.'cfg(loom)'.dependencies]\nfluxus-windows.workspace = true",
            &["fluxus-windows"],
        ),
        (
            "[target.'cfg(unix)'.dev-dependencies.fluxus-windows]\npath = \"../windows\"",
            &["fluxus-windows"],
        ),
    ] {
        assert_eq!(Manifest::parse(manifest).arrows(), arrows, "{manifest}");
    }
}

#[test]
fn every_crate_keeps_the_rules_of_the_workspace() {
    let workspace = Manifest::parse(&read("Cargo.toml"));
    for (section, key, value) in [
        ("workspace.package", "rust-version", "\"1.75\""),
        ("workspace.package", "edition", "\"2021\""),
        ("workspace.lints.rust", "missing_docs", "\"deny\""),
        (
            "workspace.lints.clippy",
            "undocumented_unsafe_blocks",
            "\"deny\"",
        ),
        ("workspace.lints.clippy", "incompatible_msrv", "\"deny\""),
    ] {
        assert_eq!(workspace.value(section, key), Some(value), "{key}");
    }
    for (folder, ..) in HOUSE {
        let manifest = Manifest::of(folder);
        for (section, key) in [
            ("lints", "workspace"),
            ("package", "rust-version.workspace"),
            ("package", "edition.workspace"),
            ("package", "license.workspace"),
        ] {
            assert_eq!(
                manifest.value(section, key),
                Some("true"),
                "{folder}: {key}"
            );
        }
    }
}

#[test]
fn the_lock_file_is_one_that_the_oldest_compiler_reads() {
    let lock = read("Cargo.lock");
    assert!(lock.lines().any(|line| line == "version = 3"));
    let ignored = read(".gitignore");
    assert!(!ignored.contains("Cargo.lock"), "it is to be committed");
}

/// The Rust files under a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// Whether a line of code holds the keyword, not just a word about it.
fn is_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|word| word == "unsafe")
}

#[test]
fn unsafe_stands_in_ringbuf_only() {
    for folder in ["api", "core", "windows", "scheduler"] {
        let library = read(Path::new(folder).join("src/lib.rs"));
        let forbids = |line| line == "#![forbid(unsafe_code)]";
        assert!(library.lines().any(forbids), "{folder}/src/lib.rs");
    }
    for (line, expected) in [
        ("unsafe { x() }", true),
        ("unsafe impl Sync for X {}", true),
        ("#![forbid(unsafe_code)]", false),
        ("x(); // unsafe", false),
    ] {
        assert_eq!(is_unsafe(line), expected, "{line}");
    }
    let mut in_ringbuf = 0;
    for (folder, ..) in HOUSE {
        for path in sources(&root().join(folder).join("src")) {
            let text = read(&path);
            let lines = text.lines().filter(|line| is_unsafe(line)).count();
            match folder {
                "ringbuf" => in_ringbuf += lines,
                _ => assert_eq!(lines, 0, "{}", path.display()),
            }
        }
    }
    assert!(in_ringbuf > 0, "the search finds what is there");
}
