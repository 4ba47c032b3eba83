//! Which files are read.

use super::part::Part;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// A file to read.
pub struct File {
    pub path: PathBuf,
    /// In bytes, as it lies there.
    pub size: u64,
}

/// The files below a path, in order of their names. The state file isn't one of them.
pub fn below(path: &Path, state: Option<&Path>, part: &mut Part) -> Vec<File> {
    let state = state.and_then(|state| state.canonicalize().ok());
    let mut files = Vec::new();
    for entry in WalkDir::new(path).follow_links(true).sort_by_file_name() {
        match entry {
            Ok(entry) if entry.file_type().is_file() => {
                let is_state = state.is_some() && entry.path().canonicalize().ok() == state;
                if !is_state && (entry.depth() == 0 || may_hold_events(entry.path())) {
                    let size = entry.metadata().map_or(0, |metadata| metadata.len());
                    files.push(File { path: entry.into_path(), size });
                } else if !is_state {
                    part.counts.passed_over += 1;
                }
            }
            Ok(_) => {}
            Err(error) => part.unreadable(&path.display(), &error),
        }
    }
    if files.is_empty() && path.is_dir() {
        part.unreadable(&path.display(), &"no .json, .jsonl, .ndjson or .gz file is below it");
    }
    files
}

/// In a folder only files that look like JSON are events; a file that is named on its own always is.
fn may_hold_events(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    [".json", ".jsonl", ".ndjson", ".gz"].iter().any(|ending| name.ends_with(ending))
}
