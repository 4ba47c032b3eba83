//! Which files are read.

use super::part::Part;
#[cfg(feature = "live")]
use super::s3::{Cut, Object, TRIES};
use super::unpack::Unpacker;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{IsTerminal as _, Read, Result};
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// A file to read.
pub struct File {
    pub source: Source,
    /// In bytes, as it lies there, for the progress that is shown; 0 where none is.
    pub size: u64,
}

/// Where a file lies.
pub enum Source {
    Disk(PathBuf),
    #[cfg(feature = "live")]
    Bucket(Object),
}

/// What became of the way from where a file lies.
#[derive(Default)]
pub struct Way {
    #[cfg(feature = "live")]
    cut: Cut,
}

impl Way {
    /// Whether a connection broke off; a disk doesn't.
    #[cfg(feature = "live")]
    pub fn broke_off(&self) -> bool {
        self.cut.happened()
    }

    /// Whether a connection broke off; a disk doesn't.
    #[cfg(not(feature = "live"))]
    #[expect(clippy::unused_self, reason = "with the feature it is used")]
    pub fn broke_off(&self) -> bool {
        false
    }
}

impl File {
    /// Reads the file into the unpacker's buffer if it isn't too large for it; whether it lies there.
    ///
    /// # Errors
    /// If it can't be got; what can't be read from a disk is left to who reads it piece by piece.
    pub fn held(&self, unpacker: &mut Unpacker) -> Result<bool> {
        let (bytes, most) = unpacker.packed();
        if self.size > most {
            return Ok(false);
        }
        match &self.source {
            Source::Disk(path) => {
                bytes.clear();
                let read = std::fs::File::open(path)?.take(most + 1).read_to_end(bytes);
                Ok(read.is_ok_and(|got| got as u64 <= most))
            }
            #[cfg(feature = "live")]
            Source::Bucket(object) => object.read_into(bytes, most),
        }
    }
}

impl Source {
    /// What the file holds as it lies there.
    ///
    /// # Errors
    /// If it can't be got.
    #[cfg_attr(not(feature = "live"), expect(unused_variables, reason = "a disk doesn't break off"))]
    pub fn open(&self, way: &Way) -> Result<Box<dyn Read>> {
        Ok(match self {
            Self::Disk(path) => Box::new(std::fs::File::open(path)?),
            #[cfg(feature = "live")]
            Self::Bucket(object) => Box::new(object.open(&way.cut)?),
        })
    }

    /// How often it is worth reading anew.
    pub fn tries(&self) -> usize {
        match self {
            Self::Disk(_) => 1,
            #[cfg(feature = "live")]
            Self::Bucket(_) => TRIES,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk(path) => path.display().fmt(f),
            #[cfg(feature = "live")]
            Self::Bucket(object) => object.fmt(f),
        }
    }
}

/// The files below a path, in order of their names. The state file isn't one of them.
pub fn below(path: &Path, state: Option<&Path>, part: &mut Part) -> Vec<File> {
    let state = state.and_then(|state| state.canonicalize().ok());
    // Only a progress bar needs to know; hundreds of thousands of files are listed in half the time without.
    let is_shown = std::io::stderr().is_terminal();
    let mut files = Vec::new();
    let mut links = Links::default();
    for entry in WalkDir::new(path).follow_links(true).sort_by_file_name() {
        if let Ok(entry) = &entry {
            links.enter(entry);
        }
        match entry {
            Ok(entry) if entry.file_type().is_file() => {
                let is_state = state.is_some() && entry.path().canonicalize().ok() == state;
                if !is_state && (entry.depth() == 0 || may_hold_events(&entry.file_name().to_string_lossy()))
                {
                    let size =
                        if is_shown { entry.metadata().map_or(0, |metadata| metadata.len()) } else { 0 };
                    files.push(File { source: Source::Disk(entry.into_path()), size });
                } else if !is_state {
                    part.counts.pass_over(entry.path().display());
                }
            }
            Ok(_) => {}
            Err(error) => {
                // A link that can't be followed is told without its name.
                let named = error.path().map(Path::to_owned).or_else(|| links.broken_at(error.depth()));
                let place = named.as_deref().unwrap_or(path).display();
                match error.io_error() {
                    Some(error) => part.unreadable(&place, error),
                    None => part.unreadable(&place, &error),
                }
            }
        }
    }
    if files.is_empty() && path.is_dir() {
        part.unreadable(&path.display(), &"no .json, .jsonl, .ndjson or .gz file is below it");
    }
    files
}

/// Finds the links that a walk can't follow.
#[derive(Default)]
struct Links {
    /// The folders that the walk is in, from the top.
    within: Vec<PathBuf>,
    /// Those of a folder that were not told yet, in order of names.
    broken: BTreeMap<PathBuf, std::vec::IntoIter<PathBuf>>,
}

impl Links {
    fn enter(&mut self, entry: &DirEntry) {
        if entry.file_type().is_dir() {
            self.within.truncate(entry.depth());
            self.within.push(entry.path().to_owned());
        }
    }

    /// The next link, in order of names, in the folder above `depth` that leads into what can't be read.
    fn broken_at(&mut self, depth: usize) -> Option<PathBuf> {
        let folder = self.within.get(depth.checked_sub(1)?)?.clone();
        self.broken.entry(folder).or_insert_with_key(|folder| broken_links(folder)).next()
    }
}

fn broken_links(folder: &Path) -> std::vec::IntoIter<PathBuf> {
    // Of links that lead nowhere the walk tells the name itself. None is opened: it may lead to a pipe that nobody writes into.
    let is_broken = |path: &PathBuf| {
        path.is_symlink()
            && match path.metadata() {
                Ok(target) => target.is_dir() && path.read_dir().is_err(),
                Err(error) => error.kind() == std::io::ErrorKind::PermissionDenied,
            }
    };
    let entries = folder.read_dir().into_iter().flatten();
    let mut links: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_broken).collect();
    links.sort();
    links.into_iter()
}

/// In a folder only files that look like JSON are events; a file that is named on its own always is.
pub fn may_hold_events(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".json", ".jsonl", ".ndjson", ".gz"].iter().any(|ending| name.ends_with(ending))
}
