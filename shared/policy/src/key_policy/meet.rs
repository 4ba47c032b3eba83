//! Whether two wildcard patterns have a text in common, and which.
//!
//! Exact for `*` and `?`. Finding a text takes steps in proportion to the product of both lengths; that there is one shows
//! sooner, so that long patterns can be compared with many.

/// Whether there is a text that matches both patterns.
pub(super) fn can_meet(left: &str, right: &str) -> bool {
    let alike = |(one, other): (char, char)| one == other || one == '?' || other == '?';
    let until_star = |(one, other): &(char, char)| *one != '*' && *other != '*';
    let ends_meet = left.chars().zip(right.chars()).take_while(until_star).all(alike)
        && left.chars().rev().zip(right.chars().rev()).take_while(until_star).all(alike);
    let stars = |pattern: &str| pattern.chars().filter(|it| *it == '*').count();
    let length = |pattern: &str| pattern.chars().count();
    match (stars(left), stars(right)) {
        _ if !ends_meet => false,
        (0, 0) => length(left) == length(right),
        (0, 1) => length(left) >= length(right) - 1,
        (1, 0) => length(right) >= length(left) - 1,
        (0, _) | (_, 0) => meet(left, right, 'x').is_some(),
        // A star of each takes in what stands between the ends of the other.
        (_, _) => true,
    }
}

/// A text that matches both patterns, if there is one; `open` stands where both leave a character open.
pub(super) fn meet(left: &str, right: &str, open: char) -> Option<String> {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let width = right.len().saturating_add(1);
    let place = |l: usize, r: usize| l.saturating_mul(width).saturating_add(r);
    // meets[place(l, r)]: what follows at `l` and what follows at `r` can match the same text.
    let mut meets = vec![false; place(left.len(), width)];
    let step = |meets: &[bool], l: usize, r: usize| -> Option<Step> {
        let can = |l, r| meets.get(place(l, r)).copied().unwrap_or(false);
        match (left.get(l), right.get(r)) {
            (None, None) => Some(Step::End),
            (Some('*'), _) if can(l + 1, r) => Some(Step::Left(None)),
            (_, Some('*')) if can(l, r + 1) => Some(Step::Right(None)),
            (Some('*'), Some(next)) if *next != '*' && can(l, r + 1) => Some(Step::Right(Some(*next))),
            (Some(next), Some('*')) if *next != '*' && can(l + 1, r) => Some(Step::Left(Some(*next))),
            (Some(one), Some(other)) if (one == other || *other == '?') && can(l + 1, r + 1) => {
                Some(Step::Both(*one))
            }
            (Some('?'), Some(other)) if can(l + 1, r + 1) => Some(Step::Both(*other)),
            (Some(_), Some(_)) | (Some(_), None) | (None, Some(_)) => None,
        }
    };
    for l in (0..=left.len()).rev() {
        for r in (0..=right.len()).rev() {
            let meet = step(&meets, l, r).is_some();
            if let Some(slot) = meets.get_mut(place(l, r)) {
                *slot = meet;
            }
        }
    }
    let (mut l, mut r, mut met) = (0, 0, String::new());
    loop {
        let next = match step(&meets, l, r)? {
            Step::End => return Some(met),
            Step::Left(next) => {
                l += 1;
                next
            }
            Step::Right(next) => {
                r += 1;
                next
            }
            Step::Both(next) => {
                (l, r) = (l + 1, r + 1);
                Some(next)
            }
        };
        met.extend(next.map(|next| if next == '?' { open } else { next }));
    }
}

/// A step through two patterns, and the character of the common text that it takes.
enum Step {
    End,
    Left(Option<char>),
    Right(Option<char>),
    Both(char),
}
