//! What a policy file allows but may not mean.

use jiff::Timestamp;
use sealwatch_policy::guards::Guard;
use sealwatch_policy::policy::{Exempt, Exemption, Mode, Policy, TrailRequirement};
use sealwatch_policy::untrusted::clean;
use sealwatch_policy::wildcard;

/// Each in one line.
pub fn of(policy: &Policy, now: Timestamp) -> Vec<String> {
    let passed =
        policy.exemptions.iter().filter(|exemption| exemption.has_passed(now)).filter_map(|exemption| {
            let until = exemption.until?;
            Some(format!("the exemption on line {} ended on {until} and no longer applies", exemption.line))
        });
    let mut warnings: Vec<String> = passed.collect();
    let rules = policy.log_groups.rules.iter();
    warnings.extend(rules.filter_map(|rule| matches_nothing(Guard::LogGroup, &rule.pattern, rule.line)));
    warnings.extend(policy.exemptions.iter().filter_map(|exemption| match &exemption.what {
        Exempt::Name(pattern) => matches_nothing(exemption.guard, pattern, exemption.line),
        Exempt::Principal(pattern) => by_session(pattern, exemption.line),
        Exempt::Tag { .. } => None,
    }));
    let current = policy.exemptions.iter().filter(|exemption| !exemption.has_passed(now));
    warnings.extend(current.filter_map(leaves_little));
    warnings.extend(policy.exemptions.iter().filter_map(|exemption| protected(policy, exemption)));
    if !policy.log_groups.rules.iter().any(|rule| rule.pattern == "*") {
        warnings.push(
            "no [[log_groups.keys]] rule matches every log group (`match = \"*\"`): one that matches none is \
             reported, and can't be repaired"
                .to_owned(),
        );
    }
    let mends =
        policy.mode_of(Guard::Trail) == Mode::Remediate && policy.requires(TrailRequirement::Encryption);
    if mends && policy.trails.key.is_none() {
        warnings.push(
            "trails are to be encrypted, but [trails] names no `key`: a trail without one is reported, and can't be \
             repaired"
                .to_owned(),
        );
    }
    warnings
}

/// What an exemption leaves to the guard, if that is little.
fn leaves_little(Exemption { guard, what, line, .. }: &Exemption) -> Option<String> {
    match what {
        // No name is empty.
        Exempt::Name(pattern) if wildcard::covers(pattern, "?*") => Some(format!(
            "the exemption on line {line} exempts everything: the {guard} guard has nothing left to do"
        )),
        Exempt::Principal(pattern) if is_every_role(pattern) => Some(format!(
            "the exemption on line {line} exempts every role: the {guard} guard is left with users and services"
        )),
        Exempt::Name(_) | Exempt::Principal(_) | Exempt::Tag { .. } => None,
    }
}

fn is_every_role(pattern: &str) -> bool {
    pattern.splitn(6, ':').nth(5).is_some_and(|whom| wildcard::covers(whom, "role/*"))
}

/// What is to be known of a `principal` that names sessions: they are named by whoever assumes the role.
fn by_session(pattern: &str, line: usize) -> Option<String> {
    const WRITE: &str =
        "write the role with its path, as `aws iam get-role --role-name NAME --query Role.Arn` tells it";
    let (_, role) = pattern.split_once(":assumed-role/")?;
    match role.split_once('/') {
        None if role.contains('*') => None,
        None => Some(format!(
            "the `principal` on line {line} names a role without a session, which is nobody's ARN: {WRITE}"
        )),
        Some((_, session)) => session.chars().any(|it| it != '*').then(|| {
            format!(
                "the `principal` on line {line} is held against the session's name, which whoever assumes the role \
                 mostly chooses: {WRITE}"
            )
        }),
    }
}

/// Why an exemption of keys never applies: what policy protects by its alias, no alias exempts.
fn protected(policy: &Policy, exemption: &Exemption) -> Option<String> {
    let (Guard::Key, Exempt::Name(pattern)) = (exemption.guard, &exemption.what) else { return None };
    let protection = policy.keys.protect.iter().find(|protection| wildcard::covers(protection, pattern))?;
    Some(format!(
        "the exemption on line {} never applies: `keys.protect` has `{}`, and protection wins",
        exemption.line,
        clean(protection, 80)
    ))
}

/// Why a `match` over names can't match one; `None` if it may.
///
/// Sources: CloudWatch Logs API reference, CreateLogGroup; CloudTrail user guide, "Naming requirements"; KMS API
/// reference, CreateAlias.
fn matches_nothing(guard: Guard, pattern: &str, line: usize) -> Option<String> {
    let (what, special) = match guard {
        Guard::LogGroup => ("log group", "_-/.#"),
        Guard::Trail => ("trail", "._-"),
        Guard::Key if pattern.starts_with("alias/") => ("alias", "_-/"),
        Guard::Key => {
            return (!may_name_a_key(pattern)).then(|| {
                format!(
                    "the `match` on line {line} is no key's: write an alias (`alias/NAME`), a key's id or its ARN"
                )
            });
        }
    };
    if pattern.starts_with("arn:") {
        return Some(format!(
            "the `match` on line {line} looks like an ARN, but it is held against names: write the name alone"
        ));
    }
    let stranger = pattern.chars().find(|character| {
        !character.is_ascii_alphanumeric() && !special.contains(*character) && !matches!(character, '*' | '?')
    })?;
    Some(format!(
        "the `match` on line {line} has `{}`, which no {what}'s name has: it matches nothing",
        clean(&stranger.to_string(), 1)
    ))
}

/// Whether a pattern may match an id, an ARN or an alias of a key, by what stands before its first wildcard.
fn may_name_a_key(pattern: &str) -> bool {
    let start = pattern.split(['*', '?']).next().unwrap_or(pattern);
    let agrees = |with: &str, start: &str| with.starts_with(start) || start.starts_with(with);
    let is_hex = |character: char| character.is_ascii_hexdigit() || character == '-';
    let is_uuid = start.chars().all(is_hex) && start.find('-').is_none_or(|dash| dash == 8);
    let is_arn = agrees("arn:", start) && start.split(':').nth(5).is_none_or(|it| agrees("key/", it));
    is_uuid || is_arn || agrees("mrk-", start) || agrees("alias/", start)
}
