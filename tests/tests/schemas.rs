//! The published JSON Schemas: they are what the code says, and the code keeps to them.
//!
//! Those of receipt and state are generated; `UPDATE_SCHEMAS=1 cargo test -p sealwatch-tests --test schemas`
//! writes them. That of the policy file is written by hand and held against the parser.

#![expect(clippy::expect_used, clippy::panic, reason = "a schema that can't be read fails the test")]

mod samples;

use jsonschema::Validator;
use samples::root;
use samples::rules::Rules;
use samples::table::scenarios;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use sealwatch_policy::policy::Policy;
use sealwatch_policy::receipt::Receipt;
use sealwatch_world::World;
use sealwatch_world::state::State;
use serde_json::{Value, json};

const UPDATE: &str = "UPDATE_SCHEMAS";

fn generated<T: JsonSchema>(settings: SchemaSettings) -> String {
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text.push('\n');
    text
}

fn receipt_schema() -> String {
    generated::<Receipt>(SchemaSettings::draft2020_12().for_serialize())
}

fn state_schema() -> String {
    generated::<State>(SchemaSettings::draft2020_12().for_deserialize())
}

fn committed(name: &str) -> Value {
    let path = root().join("schemas").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn validator(schema: &Value) -> Validator {
    jsonschema::meta::validate(schema).unwrap_or_else(|error| panic!("no JSON Schema: {error}"));
    jsonschema::validator_for(schema).unwrap_or_else(|error| panic!("no JSON Schema: {error}"))
}

/// Why a document isn't valid; empty if it is.
fn complaints(validator: &Validator, document: &Value) -> Vec<String> {
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_generated_schemas_are_the_committed_ones() {
    for (name, schema) in [("receipt.schema.json", receipt_schema()), ("state.schema.json", state_schema())] {
        let path = root().join("schemas").join(name);
        if std::env::var_os(UPDATE).is_some() {
            std::fs::write(&path, &schema).expect("the schema can be written");
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            there == schema,
            "schemas/{name} is not what the types say. If the change is meant (scripts rely on it), write it with\n\
             {UPDATE}=1 cargo test -p sealwatch-tests --test schemas"
        );
    }
}

#[test]
fn every_receipt_is_valid() {
    let schema: Value = serde_json::from_str(&receipt_schema()).unwrap();
    let validator = validator(&schema);
    for scenario in scenarios() {
        let receipt = serde_json::to_value(scenario.play().receipt).unwrap();
        assert_eq!(complaints(&validator, &receipt), [""; 0], "{}", scenario.name());
    }
}

#[test]
fn wrong_receipts_are_not_valid() {
    let validator = validator(&committed("receipt.schema.json"));
    let scenario = scenarios()
        .find(|scenario| scenario.rules == Rules::Remediate && !scenario.effects.is_empty())
        .expect("a scenario with an effect");
    let good = serde_json::to_value(scenario.play().receipt).unwrap();
    assert_eq!(complaints(&validator, &good), [""; 0]);
    for (pointer, wrong) in [
        ("/verdict", json!("fine")),
        ("/verdict", json!(null)),
        ("/mode", json!("off")),
        ("/guard", json!("log_group")),
        ("/event_id", json!(7)),
        ("/target", json!(false)),
        ("/findings", json!({})),
        ("/findings/0/severity", json!("severe")),
        ("/findings/0/evidence", json!("none")),
        ("/effects/0/target", json!(null)),
        ("/page", json!("paged")),
        ("/page/severity", json!("")),
        ("/duplicate", json!("no")),
        ("/timings_ms", json!({ "gather": 1 })),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} stands in a receipt")) = wrong.clone();
        assert!(!validator.is_valid(&bad), "{pointer} = {wrong} passed");
    }
    // The fields that scripts rely on are all required.
    for field in [
        "event_id",
        "event_name",
        "guard",
        "target",
        "account",
        "region",
        "time",
        "mode",
        "verdict",
        "findings",
        "effects",
        "page",
    ] {
        let mut bad = good.clone();
        bad.as_object_mut().expect("a receipt is an object").remove(field);
        assert!(!validator.is_valid(&bad), "a receipt without `{field}` passed");
    }
}

#[test]
fn state_files_are_judged_alike_by_schema_and_reader() {
    let validator = validator(&committed("state.schema.json"));
    let key = "arn:aws:kms:eu-central-1:111122223333:key/abc";
    let group = "arn:aws:logs:eu-central-1:111122223333:log-group:/a";
    let trail = "arn:aws:cloudtrail:eu-central-1:111122223333:trail/audit";
    let sample: Value = serde_json::from_str(samples::STATE).unwrap();
    for (case, state, good) in [
        ("the sample", sample, true),
        ("nothing", json!({}), true),
        ("a key by its ARN alone", json!({ "keys": [{ "arn": key }] }), true),
        ("a policy as text", json!({ "keys": [{ "arn": key, "policy": "{}" }] }), true),
        ("a key's state left open", json!({ "keys": [{ "arn": key, "state": null }] }), true),
        ("a group without a key", json!({ "log_groups": [{ "arn": group, "kms_key": null }] }), true),
        ("a trail", json!({ "trails": [{ "arn": trail, "logging": false }] }), true),
        ("a trail without a key", json!({ "trails": [{ "arn": trail, "kms_key": null }] }), true),
        (
            "a trail and where it delivers",
            json!({ "trails": [{ "arn": trail, "bucket": "b", "bucket_region": "eu-west-1", "prefix": null,
                "sns_topic": "arn:aws:sns:eu-central-1:111122223333:t", "log_group": null, "log_role": null,
                "delivery_error": "AccessDenied" }] }),
            true,
        ),
        (
            "a trail and what it records",
            json!({ "trails": [{ "arn": trail, "event_selectors": [{ "ReadWriteType": "All" }], "tags": {} }] }),
            true,
        ),
        ("no list of selectors", json!({ "trails": [{ "arn": trail, "event_selectors": [] }] }), false),
        (
            "a selector that is a text",
            json!({ "trails": [{ "arn": trail, "advanced_event_selectors": ["All"] }] }),
            false,
        ),
        ("selectors as an object", json!({ "trails": [{ "arn": trail, "event_selectors": {} }] }), false),
        ("a trail's key as a list", json!({ "trails": [{ "arn": trail, "kms_key": [] }] }), false),
        ("a prefix as a flag", json!({ "trails": [{ "arn": trail, "prefix": false }] }), false),
        ("a misspelt part", json!({ "log_group": [] }), false),
        ("a misspelt field", json!({ "keys": [{ "arn": key, "alias": "alias/a" }] }), false),
        ("a key without ARN", json!({ "keys": [{ "aliases": [] }] }), false),
        ("aliases as a text", json!({ "keys": [{ "arn": key, "aliases": "alias/a" }] }), false),
        ("tags as a list", json!({ "log_groups": [{ "arn": group, "tags": [] }] }), false),
        ("a tag of null", json!({ "log_groups": [{ "arn": group, "tags": { "a": null } }] }), false),
        ("logging in words", json!({ "trails": [{ "arn": trail, "logging": "yes" }] }), false),
        ("a group without ARN", json!({ "log_groups": [{ "kms_key": key }] }), false),
        ("a date as a number", json!({ "keys": [{ "arn": key, "last_use": 1 }] }), false),
        ("keys as an object", json!({ "keys": {} }), false),
    ] {
        let read = World::from_state(&state.to_string());
        assert_eq!(read.is_ok(), good, "the reader on {case}: {:?}", read.err());
        assert_eq!(
            validator.is_valid(&state),
            good,
            "the schema on {case}: {:?}",
            complaints(&validator, &state)
        );
    }
}

/// What a policy file says as JSON; a date becomes its text.
fn as_json(text: &str) -> Value {
    fn json_of(value: toml::Value) -> Value {
        match value {
            toml::Value::String(text) => text.into(),
            toml::Value::Integer(number) => number.into(),
            toml::Value::Float(number) => number.into(),
            toml::Value::Boolean(flag) => flag.into(),
            toml::Value::Datetime(date) => date.to_string().into(),
            toml::Value::Array(items) => items.into_iter().map(json_of).collect(),
            toml::Value::Table(fields) => {
                fields.into_iter().map(|(key, value)| (key, json_of(value))).collect()
            }
        }
    }
    let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"));
    json_of(toml::Value::Table(table))
}

/// Who can see that a policy file is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// Nothing is wrong.
    Good,
    /// The schema and the parser.
    ByBoth,
    /// Only the parser: the fault lies in what the file means.
    ByParserOnly,
}

use Seen::{ByBoth, ByParserOnly, Good};

const RULE: &str = "[[log_groups.keys]]\nmatch = \"*\"\nkey = \"alias/logs\"\n";
const EXEMPT: &str = "[[exempt]]\nguard = \"log-group\"\nreason = \"a test\"\n";

/// (case, the lines behind `mode = "observe"`, who sees what is wrong)
const POLICIES: &[(&str, &str, Seen)] = &[
    ("a mode alone", "", Good),
    (
        "each guard's own mode",
        "[log_groups]\nmode = \"remediate\"\n[trails]\nmode = \"page\"\n[keys]\nmode = \"observe\"",
        Good,
    ),
    ("a mode that doesn't exist", "[log_groups]\nmode = \"enforce\"", ByBoth),
    ("a mode in capitals", "[trails]\nmode = \"Observe\"", ByBoth),
    ("an unknown key in the file", "dry_run = true", ByBoth),
    ("an unknown table", "[log-groups]\nmode = \"page\"", ByBoth),
    ("an unknown key in a table", "[pages]\nfrom = \"low\"\nto = \"high\"", ByBoth),
    (
        "an unknown key in a rule",
        "[[log_groups.keys]]\nmatch = \"*\"\nkey = \"alias/logs\"\nregion = \"eu-central-1\"",
        ByBoth,
    ),
    ("a rule", "[[log_groups.keys]]\nmatch = \"*\"\nkey = \"alias/logs\"", Good),
    (
        "a rule with placeholders",
        "[[log_groups.keys]]\nmatch = \"/a/*\"\nkey = \"arn:{partition}:kms:{region}:{account}:alias/a\"",
        Good,
    ),
    ("a rule without key", "[[log_groups.keys]]\nmatch = \"*\"", ByBoth),
    ("a rule without match", "[[log_groups.keys]]\nkey = \"alias/logs\"", ByBoth),
    ("a rule with a bare key id", "[[log_groups.keys]]\nmatch = \"*\"\nkey = \"1234abcd-12ab\"", ByBoth),
    ("a rule with a number for a key", "[[log_groups.keys]]\nmatch = \"*\"\nkey = 7", ByBoth),
    (
        "a rule with a malformed ARN",
        "[[log_groups.keys]]\nmatch = \"*\"\nkey = \"arn:aws:kms:eu-central-1:key/abc\"",
        ByParserOnly,
    ),
    (
        "a rule that another one hides",
        "[[log_groups.keys]]\nmatch = \"*\"\nkey = \"alias/a\"\n[[log_groups.keys]]\nmatch = \"/a/*\"\nkey = \"alias/b\"",
        ByParserOnly,
    ),
    ("rules as one table", "[log_groups.keys]\nmatch = \"*\"\nkey = \"alias/logs\"", ByBoth),
    (
        "approved keys",
        "[log_groups]\napproved_keys = [\"alias/a\", \"arn:aws:kms:*:111122223333:key/*\"]",
        Good,
    ),
    ("approved keys as a text", "[log_groups]\napproved_keys = \"alias/a\"", ByBoth),
    ("an approved key that is a number", "[log_groups]\napproved_keys = [\"alias/a\", 7]", ByBoth),
    ("an approved alias with a wildcard", "[log_groups]\napproved_keys = [\"alias/*\"]", ByParserOnly),
    ("trails", "[trails]\nkey = \"alias/trails\"\nrequire = [\"logging\", \"validation\"]", Good),
    ("trails that require nothing", "[trails]\nrequire = []", Good),
    ("trails that require something unheard of", "[trails]\nrequire = [\"logging\", \"colour\"]", ByBoth),
    ("trails that require a text", "[trails]\nrequire = \"logging\"", ByBoth),
    (
        "buckets",
        "[trails]\nbuckets = [\"example-trail-logs\", \"aws-cloudtrail-logs-*-????????\", \"a.b\"]",
        Good,
    ),
    ("no buckets", "[trails]\nbuckets = []", Good),
    ("a bucket as a text", "[trails]\nbuckets = \"example-trail-logs\"", ByBoth),
    ("a bucket without a name", "[trails]\nbuckets = [\"\"]", ByBoth),
    ("a bucket by its ARN", "[trails]\nbuckets = [\"arn:aws:s3:::example-trail-logs\"]", ByBoth),
    ("a bucket with a prefix", "[trails]\nbuckets = [\"example-trail-logs/trails\"]", ByBoth),
    ("a bucket in capitals", "[trails]\nbuckets = [\"Example\"]", ByBoth),
    ("a bucket that is a number", "[trails]\nbuckets = [7]", ByBoth),
    (
        "keys",
        "[keys]\nin_use_days = 30\nprotect = [\"alias/prod-*\"]\nprotect_tags = { tier = \"prod\" }",
        Good,
    ),
    ("a word for keys without evidence", "[keys]\nno_evidence = \"high\"", Good),
    ("no such severity", "[keys]\nno_evidence = \"none\"", ByBoth),
    ("no days", "[keys]\nin_use_days = 0", ByBoth),
    ("negative days", "[keys]\nin_use_days = -1", ByBoth),
    ("too many days", "[keys]\nin_use_days = 65536", ByBoth),
    ("the most days", "[keys]\nin_use_days = 65_535", Good),
    ("days in base sixteen", "[keys]\nin_use_days = 0x5A", Good),
    ("days in words", "[keys]\nin_use_days = \"90\"", ByBoth),
    ("half a day", "[keys]\nin_use_days = 0.5", ByBoth),
    ("protected keys by ARN", "[keys]\nprotect = [\"arn:aws:kms:*\"]", ByBoth),
    ("protected tags that are numbers", "[keys]\nprotect_tags = { tier = 1 }", ByBoth),
    (
        "an exemption by name",
        "[[exempt]]\nguard = \"log-group\"\nmatch = \"/dev/*\"\nreason = \"a test\"\nuntil = 2027-01-31",
        Good,
    ),
    (
        "an exemption by tag",
        "[[exempt]]\nguard = \"trail\"\ntag = { key = \"a\", value = \"\" }\nreason = \"a test\"",
        Good,
    ),
    (
        "an exemption by principal",
        "[[exempt]]\nguard = \"key\"\nprincipal = \"arn:*:iam::*:role/break-glass*\"\nreason = \"a test\"",
        Good,
    ),
    ("an exemption without reason", "[[exempt]]\nguard = \"log-group\"\nmatch = \"/dev/*\"", ByBoth),
    (
        "an exemption with a blank reason",
        "[[exempt]]\nguard = \"log-group\"\nmatch = \"/dev/*\"\nreason = \"  \"",
        ByBoth,
    ),
    ("an exemption without guard", "[[exempt]]\nmatch = \"/dev/*\"\nreason = \"a test\"", ByBoth),
    (
        "an exemption of an unknown guard",
        "[[exempt]]\nguard = \"bucket\"\nmatch = \"/dev/*\"\nreason = \"a test\"",
        ByBoth,
    ),
    ("an exemption of nothing", "[[exempt]]\nguard = \"log-group\"\nreason = \"a test\"", ByBoth),
    (
        "an exemption of two kinds",
        "[[exempt]]\nguard = \"log-group\"\nmatch = \"/dev/*\"\nprincipal = \"arn:aws:iam::111122223333:role/a\"\nreason = \"a test\"",
        ByBoth,
    ),
    (
        "an exemption of all kinds",
        "[[exempt]]\nguard = \"log-group\"\nmatch = \"/dev/*\"\nprincipal = \"arn:*\"\ntag = { key = \"a\", value = \"b\" }\nreason = \"a test\"",
        ByBoth,
    ),
    (
        "an exemption with half a tag",
        "[[exempt]]\nguard = \"log-group\"\ntag = { key = \"a\" }\nreason = \"a test\"",
        ByBoth,
    ),
    (
        "an exemption with a tag as text",
        "[[exempt]]\nguard = \"log-group\"\ntag = \"a=b\"\nreason = \"a test\"",
        ByBoth,
    ),
    (
        "an exemption by a role's name",
        "[[exempt]]\nguard = \"log-group\"\nprincipal = \"break-glass\"\nreason = \"a test\"",
        ByBoth,
    ),
    (
        "an exemption until a time",
        "[[exempt]]\nguard = \"log-group\"\nmatch = \"/dev/*\"\nreason = \"a test\"\nuntil = 2027-01-31T00:00:00Z",
        ByBoth,
    ),
    (
        "an exemption until a number",
        "[[exempt]]\nguard = \"log-group\"\nmatch = \"/dev/*\"\nreason = \"a test\"\nuntil = 20270131",
        ByBoth,
    ),
    (
        "an exemption until a date in quotes",
        "[[exempt]]\nguard = \"log-group\"\nmatch = \"/dev/*\"\nreason = \"a test\"\nuntil = \"2027-01-31\"",
        ByParserOnly,
    ),
    (
        "an exemption as one table",
        "[exempt]\nguard = \"log-group\"\nmatch = \"/dev/*\"\nreason = \"a test\"",
        ByBoth,
    ),
    ("pages", "[pages]\nfrom = \"high\"\nrunbook = \"https://wiki.example.com/sealwatch\"", Good),
    ("pages from a severity that doesn't exist", "[pages]\nfrom = \"urgent\"", ByBoth),
    ("a runbook without encryption", "[pages]\nrunbook = \"http://wiki.example.com\"", ByBoth),
    ("a runbook with an anchor", "[pages]\nrunbook = \"https://wiki.example.com/#a\"", ByBoth),
    ("a runbook with a space", "[pages]\nrunbook = \"https://wiki.example.com/a b\"", ByBoth),
];

#[test]
fn policy_files_are_judged_alike_by_schema_and_parser() {
    let validator = validator(&committed("policy.schema.json"));
    let check = |case: &str, text: &str, seen: Seen| {
        let parsed = Policy::parse(text);
        assert_eq!(parsed.is_ok(), seen == Good, "the parser on {case}: {:?}\n{text}", parsed.err());
        let document = as_json(text);
        assert_eq!(
            validator.is_valid(&document),
            seen != ByBoth,
            "the schema on {case}: {:?}\n{text}",
            complaints(&validator, &document)
        );
    };
    for (case, lines, seen) in POLICIES {
        check(case, &format!("mode = \"observe\"\n{lines}\n"), *seen);
    }
    check("no mode", "[pages]\nfrom = \"low\"\n", ByBoth);
    check("an empty file", "", ByBoth);
    check("a mode that is no text", "mode = true\n", ByBoth);
    check("a mode that is off", "mode = \"off\"\n", ByBoth);
    check("everything at once", &format!("mode = \"page\"\n{RULE}{EXEMPT}match = \"/dev/*\"\n"), Good);
}

#[test]
fn the_policies_that_ship_and_that_the_scenarios_use_are_valid() {
    let validator = validator(&committed("policy.schema.json"));
    let texts = scenarios().map(|scenario| scenario.rules.text());
    for text in texts.chain([samples::SHIPPED.to_owned()]) {
        assert_eq!(complaints(&validator, &as_json(&text)), [""; 0], "{text}");
    }
}

/// An editor shows these to whoever writes a policy.
#[test]
fn every_key_of_the_policy_file_is_described() {
    fn walk(schema: &Value, path: &str) {
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let path = format!("{path}.{name}");
            let described = property.get("description").and_then(Value::as_str);
            // A kind that another entry forbids is `false`.
            assert!(
                described.is_some_and(|text| !text.is_empty()) || property == &json!(false),
                "{path} has no description"
            );
            walk(property, &path);
            if let Some(items) = property.get("items") {
                walk(items, &path);
            }
        }
        if properties.is_some() {
            assert_eq!(
                schema.get("additionalProperties"),
                Some(&json!(false)),
                "{path} lets unknown keys in"
            );
        }
    }
    let schema = committed("policy.schema.json");
    walk(&schema, "policy");
}
