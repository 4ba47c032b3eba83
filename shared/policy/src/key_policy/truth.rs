//! Three-valued logic: yes, no, or maybe with the reasons why.
//!
//! A definite part decides whatever the doubtful parts say: one "no" settles a conjunction, one "yes" a
//! disjunction. A doubt never turns into either.

/// Whether a part of a statement matches the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Truth {
    Yes,
    No,
    /// Can't tell, for these reasons.
    Maybe(Vec<String>),
}

impl Truth {
    pub(super) fn maybe(why: impl Into<String>) -> Self {
        Self::Maybe(vec![why.into()])
    }

    pub(super) fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Maybe(why) => Self::Maybe(why),
        }
    }

    /// The same, each reason after what it is about.
    pub(super) fn because(self, of: &str) -> Self {
        match self {
            Self::Maybe(why) => Self::Maybe(why.into_iter().map(|why| format!("{of}: {why}")).collect()),
            certain @ (Self::Yes | Self::No) => certain,
        }
    }

    /// Every part holds; true of no parts at all.
    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut doubts = Vec::new();
        for part in parts {
            match part {
                Self::Yes => {}
                Self::No => return Self::No,
                Self::Maybe(why) => extend_unique(&mut doubts, why),
            }
        }
        if doubts.is_empty() { Self::Yes } else { Self::Maybe(doubts) }
    }

    /// At least one part holds; false of no parts at all.
    pub(super) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::all(parts.into_iter().map(Self::not)).not()
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// Adds what isn't there yet, in the order of first appearance.
pub(super) fn extend_unique(list: &mut Vec<String>, more: impl IntoIterator<Item = String>) {
    for item in more {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}
