//! Policy files and what becomes of them: the shipped one, DESIGN's example, and every fault with its line.

mod comments;
mod exemptions;
mod faults;
mod keys;
mod sections;
mod shipped;

use super::{Exempt, Exemption, Fault, Mode, Policy, TrailRequirement};
use crate::guards::Guard;
use crate::plan::Severity;
use std::collections::{BTreeMap, BTreeSet};

fn parsed(text: &str) -> Policy {
    Policy::parse(text).unwrap_or_else(|faults| panic!("{faults}\nin:\n{text}"))
}

fn faults(text: &str) -> Vec<Fault> {
    Policy::parse(text).map_or_else(|faults| faults.0, |policy| panic!("no fault in {text:?}: {policy:?}"))
}

fn page(rest: &str) -> String {
    format!("mode = \"page\"\n{rest}")
}

/// A case's name and file, and the line, problem and remedy of the fault that comes first.
type Case = (&'static str, String, usize, &'static str, &'static str);

fn check(cases: Vec<Case>) {
    for (name, text, line, problem, remedy) in cases {
        let found = faults(&text);
        let first = found.first().unwrap();
        assert_eq!(first.line, line, "{name}: {first}");
        assert!(first.problem.contains(problem), "{name}: {first}");
        assert!(first.remedy.contains(remedy), "{name}: {first}");
        assert!(!first.problem.is_empty() && !first.remedy.is_empty(), "{name}");
        assert!(!first.to_string().contains('\n'), "{name}: {first}");
        // The same fault on the same line where lines end as they do on Windows.
        let windows = faults(&text.replace('\n', "\r\n"));
        assert_eq!(windows, found, "{name}");
    }
}
