//! The files in which a host describes itself.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use super::cpu_list;

/// The most bytes of a file that are read: `/proc/interrupts` of 512 cores has 4 MiB.
const LARGEST: u64 = 16 << 20;

/// A host's files below a root folder: `/`, or one that a test has made up.
///
/// Whatever cannot be had is an error that names the file as it would be named
/// on the host, and says why in a few words.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    root: PathBuf,
}

impl Host {
    /// The host whose files lie below `root`.
    pub(crate) fn below(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// The text of a file, without blanks around it.
    ///
    /// # Errors
    /// When it is missing, no plain file, unreadable, too large or not text.
    pub(crate) fn text(&self, path: &str) -> Result<String, String> {
        let failed = |why: &str| Err(format!("/{path}: {why}"));
        let full = self.root.join(path);
        // Asked before it is opened: opening a pipe would wait for a writer.
        match fs::metadata(&full) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return failed("missing"),
            Err(_) => return failed("unreadable"),
            Ok(metadata) if !metadata.is_file() => return failed("not a file"),
            Ok(_) => {}
        }
        let mut bytes = Vec::new();
        let read = File::open(&full).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
        match (read, String::from_utf8(bytes)) {
            (Err(_), _) => failed("unreadable"),
            (Ok(read), _) if read as u64 == LARGEST => failed("too large"),
            (Ok(_), Err(_)) => failed("not text"),
            (Ok(_), Ok(text)) => Ok(text.trim().to_owned()),
        }
    }

    /// The file's text, as `parse` understands it.
    ///
    /// # Errors
    /// As [`text`](Self::text), and when `parse` does not understand it.
    pub(crate) fn parsed<T>(
        &self,
        path: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, String> {
        let text = self.text(path)?;
        parse(&text).ok_or_else(|| {
            let start: String = text.chars().take(40).collect();
            format!("/{path}: not understood: `{}`", start.escape_debug())
        })
    }

    /// The file's list of cores.
    ///
    /// # Errors
    /// As [`parsed`](Self::parsed).
    pub(super) fn cores(&self, path: &str) -> Result<Vec<usize>, String> {
        self.parsed(path, cpu_list::parse)
    }

    /// The numbers `n` for which `folder` holds an entry `{prefix}{n}`, ascending.
    ///
    /// # Errors
    /// When the folder is missing or unreadable.
    pub(super) fn numbered(&self, folder: &str, prefix: &str) -> Result<Vec<usize>, String> {
        let entries = fs::read_dir(self.root.join(folder))
            .map_err(|_| format!("/{folder}: missing or unreadable"))?;
        let mut numbers: Vec<usize> = entries
            .filter_map(|entry| {
                let name = entry.ok()?.file_name();
                name.to_str()?.strip_prefix(prefix)?.parse().ok()
            })
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }

    /// Whether the processor says that it is a virtual one.
    ///
    /// # Errors
    /// When it does not tell, as other processors than x86 do not.
    pub(crate) fn is_virtual(&self) -> Result<bool, String> {
        self.parsed("proc/cpuinfo", |text| {
            let line = text.lines().find(|line| line.starts_with("flags"))?;
            let mut flags = line.split_ascii_whitespace();
            Some(flags.any(|flag| flag == "hypervisor"))
        })
    }

    /// The argument that the kernel was started with under this name, the last one where there are several.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub(super) fn boot_argument(&self, name: &str) -> Result<Option<String>, String> {
        let line = self.text("proc/cmdline")?;
        let value = |word: &str| Some(word.strip_prefix(name)?.strip_prefix('=')?.to_owned());
        // What follows `--` is for the first process, not for the kernel.
        let words = line
            .split_ascii_whitespace()
            .take_while(|&word| word != "--");
        Ok(words.filter_map(value).last())
    }
}

/// A path that a file names, as one below the root: without a slash in front,
/// and `None` where it would climb out.
pub(super) fn below_root(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}
