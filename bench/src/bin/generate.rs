//! Makes a CloudTrail archive like a real one: the same for the same seed, several accounts and Regions, log files of one to
//! five minutes, gzip level 6, about one record in two hundred that a guard or the replayed world makes something of.
//!
//! Names and ids are made up. Sizes and the mix of calls follow what accounts with workloads record: mostly roles that describe
//! things, a tenth of it the use of KMS keys by services.

use anyhow::Context as _;
use clap::Parser;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::PathBuf;

/// Make a CloudTrail archive to measure with.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to; a folder that doesn't exist yet
    folder: PathBuf,
    /// How much it holds unpacked, in megabytes
    #[arg(long, default_value_t = 512)]
    megabytes: u64,
    /// The same seed makes the same archive
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// One plain log file instead of many gzipped ones
    #[arg(long)]
    single: bool,
}

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let index = self.below(of.len() as u64);
        of.get(usize::try_from(index).ok()?)
    }

    fn hex(&mut self, digits: usize) -> String {
        let text = format!("{:016x}{:016x}", self.next(), self.next());
        text.chars().take(digits).collect()
    }

    fn uuid(&mut self) -> String {
        format!("{}-{}-4{}-8{}-{}", self.hex(8), self.hex(4), self.hex(3), self.hex(3), self.hex(12))
    }
}

const ACCOUNTS: [&str; 3] = ["111122223333", "444455556666", "777788889999"];
const REGIONS: [&str; 3] = ["us-east-1", "eu-central-1", "ap-southeast-2"];
const AGENTS: [&str; 4] = [
    "aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#amd64 api/ec2#1.173.0",
    "Boto3/1.34.69 md/Botocore#1.34.69 ua/2.0 os/linux#5.10.215 md/arch#x86_64 lang/python#3.11.9 cfg/retry-mode#legacy",
    "aws-internal/3 aws-sdk-java/1.12.750 Linux/5.10.217 OpenJDK_64-Bit_Server_VM/17.0.11 java/17.0.11 vendor/Amazon.com_Inc. cfg/retry-mode/standard",
    "autoscaling.amazonaws.com",
];
/// Service, call, weight.
const MIX: [(&str, &str, u64); 16] = [
    ("ec2.amazonaws.com", "DescribeInstances", 140),
    ("ec2.amazonaws.com", "DescribeNetworkInterfaces", 70),
    ("ec2.amazonaws.com", "DescribeTags", 50),
    ("sts.amazonaws.com", "AssumeRole", 190),
    ("sts.amazonaws.com", "GetCallerIdentity", 30),
    ("s3.amazonaws.com", "GetBucketAcl", 60),
    ("logs.amazonaws.com", "CreateLogStream", 60),
    ("logs.amazonaws.com", "DescribeLogGroups", 30),
    ("lambda.amazonaws.com", "GetFunction20150331v2", 40),
    ("iam.amazonaws.com", "ListRoles", 30),
    ("ssm.amazonaws.com", "UpdateInstanceInformation", 90),
    ("dynamodb.amazonaws.com", "DescribeTable", 40),
    ("elasticloadbalancing.amazonaws.com", "DescribeTargetHealth", 40),
    ("kms.amazonaws.com", "Decrypt", 70),
    ("kms.amazonaws.com", "GenerateDataKey", 30),
    ("monitoring.amazonaws.com", "PutMetricAlarm", 25),
];

/// One account in one Region, with what it holds.
struct Place {
    account: &'static str,
    region: &'static str,
    keys: Vec<String>,
    groups: u64,
}

impl Place {
    fn key(&self, random: &mut Random) -> String {
        let id = random.one(&self.keys).cloned().unwrap_or_default();
        format!("arn:aws:kms:{}:{}:key/{id}", self.region, self.account)
    }

    fn record(&mut self, random: &mut Random, time: Timestamp) -> Value {
        let relevant = random.below(200) == 0;
        let (source, name, request, resources) =
            if relevant { self.change(random) } else { self.ordinary(random) };
        let role = format!("workload-{:02}", random.below(40));
        let session = format!("i-0{}", random.hex(16));
        let account = self.account;
        let principal = format!("AROA{}", random.hex(17).to_uppercase());
        let mut record = json!({
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": format!("{principal}:{session}"),
                "arn": format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"),
                "accountId": account,
                "accessKeyId": format!("ASIA{}", random.hex(16).to_uppercase()),
                "sessionContext": {
                    "sessionIssuer": {
                        "type": "Role", "principalId": principal, "userName": role, "accountId": account,
                        "arn": format!("arn:aws:iam::{account}:role/{role}"),
                    },
                    "attributes": { "creationDate": time.to_string(), "mfaAuthenticated": "false" },
                    "ec2RoleDelivery": "2.0",
                },
            },
            "eventTime": time.to_string(),
            "eventSource": source,
            "eventName": name,
            "awsRegion": self.region,
            "sourceIPAddress": format!("10.{}.{}.{}", random.below(256), random.below(256), random.below(256)),
            "userAgent": random.one(&AGENTS),
        });
        let Value::Object(fields) = &mut record else { return record };
        if random.below(50) == 0 && !relevant {
            fields.insert("errorCode".into(), json!("AccessDenied"));
            fields.insert(
                "errorMessage".into(),
                json!(format!("User: {session} is not authorized to perform: {name}")),
            );
        }
        fields.insert("requestParameters".into(), request);
        fields.insert("responseElements".into(), Value::Null);
        fields.insert("requestID".into(), json!(random.uuid()));
        fields.insert("eventID".into(), json!(random.uuid()));
        fields.insert("readOnly".into(), json!(!relevant));
        if let Some(resources) = resources {
            fields.insert("resources".into(), resources);
        }
        fields.insert("eventType".into(), json!("AwsApiCall"));
        fields.insert("managementEvent".into(), json!(true));
        fields.insert("recipientAccountId".into(), json!(account));
        fields.insert("eventCategory".into(), json!("Management"));
        fields.insert("tlsDetails".into(), json!({
            "tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": format!("{}.{}.amazonaws.com", source.split('.').next().unwrap_or_default(), self.region),
        }));
        record
    }

    fn ordinary(&self, random: &mut Random) -> (&'static str, &'static str, Value, Option<Value>) {
        let whole = MIX.iter().map(|(_, _, weight)| weight).sum();
        let mut rest = random.below(whole);
        let found = MIX.iter().find(|(_, _, weight)| match rest.checked_sub(*weight) {
            Some(left) => {
                rest = left;
                false
            }
            None => true,
        });
        let (source, name, _) = found.unwrap_or(&MIX[0]);
        if *source == "kms.amazonaws.com" {
            let arn = self.key(random);
            let request = json!({
                "encryptionContext": { "aws:ebs:id": format!("vol-0{}", random.hex(16)) },
                "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
            });
            let resources = json!([{ "accountId": self.account, "type": "AWS::KMS::Key", "ARN": arn }]);
            return (source, name, request, Some(resources));
        }
        let count = random.below(6);
        let ids: Vec<Value> =
            (0..count).map(|_| json!({ "instanceId": format!("i-0{}", random.hex(16)) })).collect();
        let request = json!({
            "maxResults": 100, "filterSet": { "items": [{ "name": "tag:team", "valueSet": { "items": [{ "value": "payments" }] } }] },
            "instancesSet": { "items": ids },
        });
        (source, name, request, None)
    }

    fn change(&mut self, random: &mut Random) -> (&'static str, &'static str, Value, Option<Value>) {
        let arn = self.key(random);
        let id = arn.rsplit('/').next().unwrap_or_default().to_owned();
        let resources = json!([{ "accountId": self.account, "type": "AWS::KMS::Key", "ARN": arn }]);
        self.groups += 1;
        let group = format!("/app/service-{}", self.groups);
        match random.below(10) {
            0..=3 => ("logs.amazonaws.com", "CreateLogGroup", json!({ "logGroupName": group }), None),
            4 | 5 => (
                "logs.amazonaws.com",
                "CreateLogGroup",
                json!({ "logGroupName": group, "kmsKeyId": arn }),
                None,
            ),
            6 => (
                "kms.amazonaws.com",
                "CreateGrant",
                json!({ "keyId": arn, "granteePrincipal": "ec2.amazonaws.com", "operations": ["Decrypt"] }),
                Some(resources),
            ),
            7 => ("cloudtrail.amazonaws.com", "StartLogging", json!({ "name": "audit" }), None),
            8 => ("logs.amazonaws.com", "DeleteLogGroup", json!({ "logGroupName": group }), None),
            _ => ("kms.amazonaws.com", "DisableKey", json!({ "keyId": id }), Some(resources)),
        }
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut random = Random(arguments.seed);
    let mut places = Vec::new();
    for account in ACCOUNTS {
        for region in REGIONS {
            let keys = (0..20).map(|_| random.uuid()).collect();
            places.push(Place { account, region, keys, groups: 0 });
        }
    }
    let goal = arguments.megabytes.saturating_mul(1_000_000);
    let mut time: Timestamp = "2026-08-01T00:00:00Z".parse()?;
    let (mut bytes, mut files) = (0_u64, 0_u64);
    std::fs::create_dir_all(&arguments.folder)?;
    let mut single = match arguments.single {
        true => Some(std::io::BufWriter::new(std::fs::File::create(arguments.folder.join("log.json"))?)),
        false => None,
    };
    if let Some(single) = &mut single {
        single.write_all(b"{\"Records\":[")?;
    }
    while bytes < goal {
        let index = usize::try_from(random.below(places.len() as u64))?;
        let place = places.get_mut(index).context("a place")?;
        let minutes = 1 + random.below(5);
        let mut records = Vec::new();
        for _ in 0..60 + random.below(240) * minutes {
            let second = i64::try_from(random.below(minutes * 60))?;
            records.push((time + second.seconds(), Value::Null));
        }
        records.sort_by_key(|(time, _)| *time);
        let records: Vec<Value> =
            records.into_iter().map(|(time, _)| place.record(&mut random, time)).collect();
        if let Some(single) = &mut single {
            for record in records {
                let text = record.to_string();
                if bytes > 0 {
                    single.write_all(b",")?;
                }
                bytes += text.len() as u64;
                single.write_all(text.as_bytes())?;
            }
        } else {
            let text = json!({ "Records": records }).to_string();
            bytes += text.len() as u64;
            let stamp = time.strftime("%Y%m%dT%H%MZ");
            let (account, region) = (place.account, place.region);
            let folder = arguments
                .folder
                .join(format!("AWSLogs/{account}/CloudTrail/{region}/{}", time.strftime("%Y/%m/%d")));
            std::fs::create_dir_all(&folder)?;
            let name = format!("{account}_CloudTrail_{region}_{stamp}_{}.json.gz", random.hex(16));
            let mut file = GzEncoder::new(std::fs::File::create(folder.join(name))?, Compression::new(6));
            file.write_all(text.as_bytes())?;
            file.finish()?;
        }
        files += 1;
        time += 1.minutes();
    }
    if let Some(single) = &mut single {
        single.write_all(b"]}")?;
        single.flush()?;
    }
    println!("{files} log files, {bytes} bytes unpacked");
    Ok(())
}
