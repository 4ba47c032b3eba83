//! A laboratory on loopback: the strict AWS emulator, and a guard's built binary under Lambda's own runtime
//! interface emulator. Every process in it ends with the test that started it.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{self, Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::{Duration, Instant};

/// The account in the function's ARN as the runtime interface emulator makes it up.
pub const ACCOUNT: &str = "012345678912";
pub const REGION: &str = "eu-central-1";
/// Long enough for a loaded machine; nothing waits this long unless it is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// The emulated AWS account.
pub struct Lab {
    pub endpoint: String,
    pub topic: String,
    folder: tempfile::TempDir,
    server: Child,
    /// The emulator lives as long as this pipe, even if the test is killed.
    _lifeline: Option<ChildStdin>,
}

/// A guard under the runtime interface emulator.
pub struct Function {
    process: Child,
    address: String,
    output: Arc<Output>,
}

/// All that a function has printed so far; waiters are told of each line.
#[derive(Default)]
struct Output {
    lines: Mutex<Vec<String>>,
    grown: Condvar,
}

impl Lab {
    pub fn start() -> Self {
        let emulator = workspace().join("tests/emulator");
        let mut server = Command::new(tools().join("venv/bin/python"))
            .args(["-m", "strict_moto", "--port", "0", "--until-stdin-closes", "--account", ACCOUNT])
            .env("PYTHONPATH", emulator)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the emulator starts");
        let lifeline = server.stdin.take();
        let mut line = String::new();
        BufReader::new(server.stdout.take().expect("standard output is piped")).read_line(&mut line).unwrap();
        let address =
            line.trim().strip_prefix("listening on ").expect("the emulator tells its address").to_owned();
        let mut lab = Self {
            endpoint: format!("http://{address}"),
            topic: String::new(),
            folder: tempfile::tempdir().unwrap(),
            server,
            _lifeline: lifeline,
        };
        lab.topic = lab.create_topic("sealwatch", "");
        lab
    }

    /// A call of a JSON service that the record of requests leaves out.
    pub fn call(&self, target: &str, parameters: Value) -> Value {
        self.try_call(target, &parameters).unwrap_or_else(|error| panic!("{target} {parameters}: {error}"))
    }

    /// The same in another Region, or as another account.
    pub fn call_at(&self, account: &str, region: &str, target: &str, parameters: Value) -> Value {
        self.send(account, region, target, &parameters)
            .unwrap_or_else(|error| panic!("{target} {parameters} in {account} {region}: {error}"))
    }

    pub fn try_call(&self, target: &str, parameters: &Value) -> Result<Value, String> {
        self.send(ACCOUNT, REGION, target, parameters)
    }

    fn send(&self, account: &str, region: &str, target: &str, parameters: &Value) -> Result<Value, String> {
        let service = match target.split(['.', '_']).next() {
            Some("Logs") => "logs",
            Some("CloudTrail") => "cloudtrail",
            _ => "kms",
        };
        let mut response = ureq::post(&self.endpoint)
            .config()
            .http_status_as_error(false)
            .build()
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.1")
            .header("authorization", authorization(service).replace(REGION, region))
            .header("x-moto-account-id", account)
            .header("x-strict-setup", "1")
            .send(parameters.to_string())
            .map_err(|error| error.to_string())?;
        let text = response.body_mut().read_to_string().unwrap();
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        if response.status().is_success() { Ok(body) } else { Err(text) }
    }

    /// A bucket in a Region.
    pub fn create_bucket(&self, name: &str, region: &str) {
        let body = format!(
            "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
        );
        let sent = ureq::put(format!("{}/{name}", self.endpoint))
            .header("content-type", "application/xml")
            .header("authorization", authorization("s3").replace(REGION, region))
            .header("x-strict-setup", "1")
            .send(body);
        assert!(sent.is_ok(), "the bucket {name} is created: {sent:?}");
    }

    /// An object; `storage` is its class.
    pub fn put_object(&self, bucket: &str, key: &str, content: &[u8], storage: &str) {
        let sent = ureq::put(format!("{}/{bucket}/{key}", self.endpoint))
            .header("authorization", authorization("s3"))
            .header("x-amz-storage-class", storage)
            .header("x-strict-setup", "1")
            .send(content);
        assert!(sent.is_ok(), "the object {key} is put: {sent:?}");
    }

    /// Writes a file beside the emulator and tells where it lies.
    pub fn write(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// Runs the command line against the emulator; an empty variable isn't set.
    pub fn command_line(&self, arguments: &[&str], variables: &[(&str, &str)]) -> process::Output {
        let mut command = Command::new(command_line());
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "testing")
            .env("AWS_SECRET_ACCESS_KEY", "testing")
            .env("AWS_REGION", REGION)
            .envs(variables.iter().copied());
        variables.iter().filter(|(_, value)| value.is_empty()).for_each(|(name, _)| {
            command.env_remove(name);
        });
        command.output().expect("the command line runs")
    }

    /// Tells the emulator something that no call could: see its README.
    pub fn order(&self, what: &str, order: Value) {
        let sent = ureq::post(format!("{}/_strict/{what}", self.endpoint)).send(order.to_string());
        assert!(sent.is_ok_and(|response| response.status().is_success()), "{what} {order} is taken");
    }

    pub fn trail_status(&self, status: Value) {
        self.order("trail-status", status);
    }

    /// What a call was sent with, of those that the function has made.
    pub fn parameters(&self, operation: &str) -> Vec<Value> {
        let own = self.requests().into_iter();
        own.filter(|request| request["operation"] == json!(operation))
            .map(|request| request["parameters"].clone())
            .collect()
    }

    /// What CloudTrail's event history holds.
    pub fn history(&self, events: Value) {
        self.order("lookup-events", json!({ "region": REGION, "account": ACCOUNT, "events": events }));
    }

    /// A topic, under a key if one is named.
    pub fn create_topic(&self, name: &str, key: &str) -> String {
        let encryption = if key.is_empty() {
            String::new()
        } else {
            format!("&Attributes.entry.1.key=KmsMasterKeyId&Attributes.entry.1.value={key}")
        };
        let mut response = ureq::post(&self.endpoint)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", authorization("sns"))
            .header("x-strict-setup", "1")
            .send(format!("Action=CreateTopic&Version=2010-03-31&Name={name}{encryption}"))
            .unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        let (_, rest) = text.split_once("<TopicArn>").expect("a topic's ARN");
        rest.split_once("</TopicArn>").unwrap().0.to_owned()
    }

    /// A key that CloudWatch Logs may use, unless a policy is given, behind `alias/logs`.
    pub fn create_key(&self, policy: Option<Value>) -> String {
        let policy = policy.unwrap_or_else(|| logs_policy(REGION));
        let created = self.call("TrentService.CreateKey", json!({ "Policy": policy.to_string() }));
        let arn = created["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
        self.call("TrentService.CreateAlias", json!({ "AliasName": "alias/logs", "TargetKeyId": arn }));
        arn
    }

    pub fn create_log_group(&self, name: &str) {
        self.call("Logs_20140328.CreateLogGroup", json!({ "logGroupName": name }));
    }

    /// Every log group and its key, as the emulator itself holds them.
    pub fn log_group_keys(&self) -> Vec<(String, Option<String>)> {
        let answer = self.call("Logs_20140328.DescribeLogGroups", json!({}));
        let groups = answer["logGroups"].as_array().unwrap().iter();
        groups
            .map(|group| {
                let key = group.get("kmsKeyId").and_then(Value::as_str).map(str::to_owned);
                (group["logGroupName"].as_str().unwrap().to_owned(), key)
            })
            .collect()
    }

    pub fn fault(&self, fault: Value) {
        self.order("faults", fault);
    }

    /// From now on everything works.
    pub fn clear_faults(&self) {
        self.clear("faults");
    }

    /// Everything works again, and what was called and paged so far is forgotten.
    pub fn begin_anew(&self) {
        ["faults", "requests", "published"].iter().for_each(|what| self.clear(what));
    }

    fn clear(&self, what: &str) {
        let sent = ureq::delete(format!("{}/_strict/{what}", self.endpoint)).call();
        assert!(sent.is_ok_and(|response| response.status().is_success()), "the {what} are cleared");
    }

    /// The calls that the function has made, in order.
    pub fn requests(&self) -> Vec<Value> {
        let mut requests = self.control("requests").as_array().unwrap().clone();
        requests.retain(|request| request["setup"] != json!(true));
        requests
    }

    /// The operations that the function has called, in order.
    pub fn operations(&self) -> Vec<String> {
        self.requests()
            .iter()
            .map(|request| {
                format!(
                    "{}:{}",
                    request["service"].as_str().unwrap_or("?"),
                    request["operation"].as_str().unwrap_or("?")
                )
            })
            .collect()
    }

    pub fn count(&self, operation: &str) -> usize {
        self.operations().iter().filter(|called| *called == operation).count()
    }

    /// The pages that SNS took.
    pub fn published(&self) -> Vec<Value> {
        self.control("published").as_array().unwrap().clone()
    }

    fn control(&self, what: &str) -> Value {
        let mut response = ureq::get(format!("{}/_strict/{what}", self.endpoint)).call().unwrap();
        serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap()
    }

    /// Replays one event through `sealwatch replay --live` and gives its receipt; null if an option left it out.
    pub fn replay_live(&self, policy: &str, event: &Value, arguments: &[&str]) -> Value {
        let (policy_file, event_file) =
            (self.folder.path().join("live.toml"), self.folder.path().join("live.json"));
        fs::write(&policy_file, policy).unwrap();
        fs::write(&event_file, event.to_string()).unwrap();
        let output = Command::new(command_line())
            .args(["replay", "--live", "--format", "json", "--policy"])
            .args([&policy_file, &event_file])
            .args(arguments)
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "testing")
            .env("AWS_SECRET_ACCESS_KEY", "testing")
            .output()
            .expect("the command line runs");
        let printed = String::from_utf8_lossy(&output.stdout);
        if printed.is_empty() && output.status.success() {
            return Value::Null;
        }
        serde_json::from_str(&printed)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    }

    /// A guard's function with this policy.
    pub fn guard(&self, package: &'static str, policy: &str) -> Function {
        self.guard_with(
            package,
            policy,
            &[("SEALWATCH_TOPIC_ARN", &self.topic), ("SEALWATCH_ROLE_ARN", OWN_ROLE)],
        )
    }

    /// A guard's function with this policy and these variables.
    pub fn guard_with(&self, package: &'static str, policy: &str, variables: &[(&str, &str)]) -> Function {
        let path = self
            .folder
            .path()
            .join(format!("policy-{}.toml", fs::read_dir(self.folder.path()).unwrap().count()));
        fs::write(&path, policy).unwrap();
        let ours =
            [("AWS_ENDPOINT_URL", self.endpoint.as_str()), ("SEALWATCH_POLICY", path.to_str().unwrap())];
        Function::start(&binary(package), &[&ours, variables].concat())
    }

    /// The log-group guard with this policy.
    pub fn log_group_guard(&self, policy: &str) -> Function {
        self.guard("log-group-guard", policy)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Function {
    pub fn start(binary: &Path, environment: &[(&str, &str)]) -> Self {
        let (front, back) = (free_port(), free_port());
        let [address, runtime_api] = [front, back].map(|port| format!("127.0.0.1:{port}"));
        let mut process = Command::new(tools().join("bin/aws-lambda-rie"))
            .args(["--log-level", "warn", "--runtime-interface-emulator-address", &address])
            .args(["--runtime-api-address", &runtime_api])
            .arg(binary)
            .env_clear()
            .envs([
                ("AWS_LAMBDA_FUNCTION_NAME", "guard"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
                ("AWS_LAMBDA_FUNCTION_TIMEOUT", "20"),
                ("AWS_REGION", REGION),
                ("AWS_ACCESS_KEY_ID", "testing"),
                ("AWS_SECRET_ACCESS_KEY", "testing"),
                ("AWS_SESSION_TOKEN", "testing"),
            ])
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the runtime interface emulator starts");
        let output = Arc::new(Output::default());
        collect(process.stdout.take(), &output);
        collect(process.stderr.take(), &output);
        let patience = Instant::now() + PATIENCE;
        // A function can be quicker than the emulator, which first listens for whom invokes it.
        while [&address, &runtime_api].iter().any(|it| TcpStream::connect(it).is_err()) {
            assert!(Instant::now() < patience, "the runtime interface emulator listens");
            std::thread::yield_now();
        }
        Self { process, address, output }
    }

    /// Sends one event and gives what the function answers: a receipt, or an error.
    pub fn invoke(&self, event: &Value) -> Value {
        self.invoke_text(&event.to_string())
    }

    /// Sends an event as it is written, which may be more than a `Value` holds.
    pub fn invoke_text(&self, event: &str) -> Value {
        let mut response =
            ureq::post(format!("http://{}/2015-03-31/functions/function/invocations", self.address))
                .config()
                .http_status_as_error(false)
                .timeout_global(Some(PATIENCE))
                .build()
                .send(event)
                .expect("the function answers");
        let text = response.body_mut().read_to_string().unwrap();
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }

    /// The first `count` receipts that the function has printed. What is printed before an answer may
    /// arrive after it.
    pub fn receipts(&self, count: usize) -> Vec<Value> {
        let receipts = |lines: &[String]| -> Vec<Value> {
            let lines = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            lines.filter(|line| line.get("verdict").is_some()).collect()
        };
        let lines = self.wait(|lines| receipts(lines).len() >= count, &format!("{count} receipts"));
        receipts(&lines)
    }

    /// Waits until the function has printed `text`.
    pub fn prints(&self, text: &str) {
        self.wait(|lines| lines.iter().any(|line| line.contains(text)), text);
    }

    fn wait(&self, done: impl Fn(&[String]) -> bool, what: &str) -> Vec<String> {
        let lines = self.output.lines.lock().unwrap();
        let waiting = |lines: &mut Vec<String>| !done(lines);
        let (lines, waited) = self.output.grown.wait_timeout_while(lines, PATIENCE, waiting).unwrap();
        assert!(!waited.timed_out(), "waited for {what} in:\n{}", lines.join("\n"));
        lines.clone()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // The emulator ends its function when it is told to end itself.
        let _ = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        let patience = Instant::now() + Duration::from_secs(5);
        while Instant::now() < patience {
            if let Ok(Some(_)) = self.process.try_wait() {
                return;
            }
            std::thread::yield_now();
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the template deploys in this account and Region: the roles' statements, the functions' variables, keys and topic.
pub fn deployment() -> Value {
    let rendered = Command::new(tools().join("template/bin/python"))
        .arg(workspace().join("tests/template/roles.py"))
        .args([ACCOUNT, REGION])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("the template's environment runs");
    assert!(rendered.status.success(), "{}", String::from_utf8_lossy(&rendered.stderr));
    serde_json::from_slice(&rendered.stdout).unwrap()
}

/// Whether an invocation failed, so that Lambda would retry it.
pub fn failed(answer: &Value) -> bool {
    answer.get("errorType").is_some()
}

/// The key policy that AWS documents for CloudWatch Logs, beside the account's own statement.
pub fn logs_policy(region: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Sid": "Account", "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") },
          "Action": "kms:*", "Resource": "*" },
        { "Sid": "Logs", "Effect": "Allow", "Principal": { "Service": format!("logs.{region}.amazonaws.com") },
          "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
          "Resource": "*",
          "Condition": { "ArnLike": { "kms:EncryptionContext:aws:logs:arn": format!("arn:aws:logs:{region}:{ACCOUNT}:*") } } },
    ]})
}

/// The account's own statement and nothing for CloudWatch Logs.
pub fn closed_policy() -> Value {
    json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") }, "Action": "kms:*", "Resource": "*"
    }})
}

/// An event of CloudWatch Logs as EventBridge delivers it.
pub fn event(id: &str, name: &str, request: Value) -> Value {
    json!({
        "version": "0", "id": format!("envelope-{id}"), "detail-type": "AWS API Call via CloudTrail", "source": "aws.logs",
        "account": ACCOUNT, "time": "2026-11-03T09:12:44Z", "region": REGION, "resources": [],
        "detail": {
            "eventVersion": "1.11", "eventSource": "logs.amazonaws.com", "eventName": name, "awsRegion": REGION,
            "eventTime": "2026-11-03T09:12:44Z", "eventID": id, "eventType": "AwsApiCall", "eventCategory": "Management",
            "managementEvent": true, "readOnly": false, "recipientAccountId": ACCOUNT, "sourceIPAddress": "192.0.2.10",
            "userAgent": "aws-cli/2.31", "requestParameters": request, "responseElements": null,
            "userIdentity": { "type": "IAMUser", "arn": format!("arn:aws:iam::{ACCOUNT}:user/somebody"), "accountId": ACCOUNT },
        },
    })
}

/// The role by which a function knows its own calls.
pub const OWN_ROLE: &str = "arn:aws:iam::012345678912:role/sealwatch-guard";

/// A policy in `mode` whose only rule gives every group the key behind `alias/logs`.
pub fn policy(mode: &str) -> String {
    format!("mode = \"{mode}\"\n[[log_groups.keys]]\nmatch = \"*\"\nkey = \"alias/logs\"\n")
}

fn authorization(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=testing/20261103/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

/// A port that nobody else is given meanwhile: below those that the system takes for outgoing connections, and each once.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(20_000);
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    std::iter::repeat_with(|| NEXT.fetch_add(1, Ordering::Relaxed)).take(10_000).find(is_free).unwrap()
}

fn collect(pipe: Option<impl Read + Send + 'static>, into: &Arc<Output>) {
    let into = Arc::clone(into);
    let Some(pipe) = pipe else { return };
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            into.lines.lock().unwrap().push(line);
            into.grown.notify_all();
        }
    });
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn tools() -> PathBuf {
    let tools = workspace().join(".tools");
    assert!(tools.join("bin/aws-lambda-rie").exists(), "the test tools are missing: run `make tools`");
    tools
}

/// A guard as cargo builds it here and now; each is built once.
fn binary(package: &'static str) -> PathBuf {
    static BUILT: Mutex<BTreeMap<&str, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap();
    built.entry(package).or_insert_with(|| build(package, &[])).clone()
}

/// The command line with live access.
fn command_line() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build("sealwatch", &["--features", "live"])).clone()
}

/// Builds a package's binary and tells where cargo put it.
fn build(package: &str, features: &[&str]) -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--package", package, "--message-format", "json"])
        .args(features)
        .current_dir(workspace())
        .output()
        .expect("cargo runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let messages = String::from_utf8_lossy(&built.stdout);
    let executable =
        messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
            let named = message["target"]["name"] == json!(package);
            message["executable"].as_str().filter(|_| named).map(PathBuf::from)
        });
    executable.expect("cargo names the executable")
}
