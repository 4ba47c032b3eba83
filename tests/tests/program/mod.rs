//! The real program, built once, and empty folders to run it in.

#![allow(dead_code, reason = "each test binary uses its own part of this module")]

use crate::samples::root;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

/// As CloudTrail packs a log file.
pub fn gzipped(content: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content.as_ref()).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

/// The program. Cargo tells where it lies, whatever the target directory and profile.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "sealwatch", "--message-format", "json"])
            .current_dir(root())
            .stderr(Stdio::inherit())
            .output()
            .expect("cargo can be run");
        assert!(built.status.success(), "the program can't be built");
        String::from_utf8_lossy(&built.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|message| message["target"]["name"] == "sealwatch")
            .find_map(|message| message["executable"].as_str().map(PathBuf::from))
            .expect("cargo names the program")
    })
}

/// What one run came to.
pub struct Run {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    /// The receipts on standard output, one a line and nothing else.
    pub fn receipts(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| {
                let receipt: Value = serde_json::from_str(line)
                    .unwrap_or_else(|error| panic!("{error}: `{line}` is no receipt"));
                assert!(receipt["event_id"].is_string(), "{line}");
                receipt
            })
            .collect()
    }

    pub fn told(&self, words: &str) {
        assert!(self.err.contains(words), "`{words}` isn't told:\n{}", self.err);
    }
}

/// An empty folder to write input into and to run in.
pub struct Place(pub TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder can be made"))
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a file lies in a folder"))
            .expect("a folder can be made");
        std::fs::write(&path, content).expect("a file can be written");
        name.to_owned()
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, &[])
    }

    pub fn run_with(&self, arguments: &[&str], input: &[u8]) -> Run {
        let mut child = Command::new(program())
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be run");
        let mut stdin = child.stdin.take().expect("standard input is piped");
        // A program that reads no standard input may have closed it.
        let _ = stdin.write_all(input);
        drop(stdin);
        let output = child.wait_with_output().expect("the program ends");
        Run {
            status: output.status.code().expect("it ends by itself"),
            out: String::from_utf8(output.stdout).expect("standard output is text"),
            err: String::from_utf8(output.stderr).expect("standard error is text"),
        }
    }

    /// A replay to JSON, which succeeds.
    pub fn replay(&self, arguments: &[&str]) -> Vec<Value> {
        let run = self.run(&[&["replay", "--format", "json"], arguments].concat());
        assert_eq!(run.status, 0, "{}", run.err);
        run.receipts()
    }
}
