//! The shield, seen from outside: a server that records every request, and every kind of call against it.

#![expect(clippy::unwrap_used, reason = "what goes wrong in the recorder fails the test")]

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use sealwatch_policy::names::Region;
use sealwatch_policy::policy::Mode;
use sealwatch_runtime::clients::Clients;
use sealwatch_runtime::connection::{Connection, Roots};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// Answers every request with `{}` and remembers its operation.
struct Recorder {
    endpoint: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let seen = Arc::clone(&seen);
                std::thread::spawn(move || serve(&stream, &seen));
            }
        });
        Self { endpoint, requests }
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

/// Serves one connection until its other end closes it.
fn serve(stream: &std::net::TcpStream, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut operation, mut length) = (String::new(), 0);
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let header = line.trim().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(target) = header.strip_prefix("x-amz-target:") {
                operation = target.rsplit('.').next().unwrap_or("").trim().to_owned();
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        if operation.is_empty() {
            let body = String::from_utf8_lossy(&body);
            let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
            operation = action.unwrap_or("an unnamed operation").to_ascii_lowercase();
        }
        seen.lock().unwrap().push(operation);
        let mut stream = stream;
        let _ = stream.write_all(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: 2\r\n\r\n{}",
        );
    }
}

fn clients(recorder: &Recorder, mode: Mode) -> Clients {
    let connection = Connection {
        region: Region::parse("eu-central-1").unwrap(),
        credentials: SharedCredentialsProvider::new(Credentials::new(
            "testing", "testing", None, None, "test",
        )),
        endpoint: Some(recorder.endpoint.clone()),
        roots: Roots::Usual,
    };
    Clients::new(&connection, mode).unwrap()
}

/// Calls every read that the guards make; what the server answers doesn't matter.
async fn read(clients: &Clients) {
    let (logs, kms, cloudtrail) = (clients.logs(), clients.kms(), clients.cloudtrail());
    let elsewhere = clients.kms_in(&Region::parse("eu-west-1").unwrap());
    let _ = logs.describe_log_groups().send().await;
    let _ = logs.list_tags_for_resource().resource_arn("arn").send().await;
    let _ = kms.describe_key().key_id("id").send().await;
    let _ = kms.get_key_policy().key_id("id").send().await;
    let _ = kms.get_key_last_usage().key_id("id").send().await;
    let _ = kms.get_key_rotation_status().key_id("id").send().await;
    let _ = kms.list_aliases().send().await;
    let _ = kms.list_grants().key_id("id").send().await;
    let _ = kms.list_key_policies().key_id("id").send().await;
    let _ = kms.list_resource_tags().key_id("id").send().await;
    let _ = elsewhere.describe_key().key_id("id").send().await;
    let _ = cloudtrail.describe_trails().send().await;
    let _ = cloudtrail.get_trail_status().name("t").send().await;
    let _ = cloudtrail.get_event_selectors().trail_name("t").send().await;
    let _ = cloudtrail.list_tags().resource_id_list("arn").send().await;
    let _ = cloudtrail.lookup_events().send().await;
}

/// Calls what writes: the guard's own repair, and what no guard ever needs. Gives the errors.
async fn write(clients: &Clients) -> Vec<String> {
    let (logs, kms, sns, cloudtrail) = (clients.logs(), clients.kms(), clients.sns(), clients.cloudtrail());
    let elsewhere = clients.kms_in(&Region::parse("eu-west-1").unwrap());
    macro_rules! errors {
        ($($call:expr),+ $(,)?) => { vec![$(format!("{:?}", $call.send().await.err())),+] };
    }
    errors![
        logs.associate_kms_key().log_group_name("g").kms_key_id("k"),
        logs.disassociate_kms_key().log_group_name("g"),
        logs.create_log_group().log_group_name("g"),
        logs.delete_log_group().log_group_name("g"),
        logs.put_retention_policy().log_group_name("g").retention_in_days(1),
        logs.tag_resource().resource_arn("a").tags("k", "v"),
        kms.schedule_key_deletion().key_id("k"),
        kms.cancel_key_deletion().key_id("k"),
        kms.enable_key().key_id("k"),
        kms.disable_key().key_id("k"),
        kms.put_key_policy().key_id("k").policy("{}"),
        kms.delete_alias().alias_name("alias/a"),
        kms.update_alias().alias_name("alias/a").target_key_id("k"),
        kms.create_grant()
            .key_id("k")
            .grantee_principal("p")
            .operations(aws_sdk_kms::types::GrantOperation::Decrypt),
        kms.revoke_grant().key_id("k").grant_id("g"),
        kms.enable_key_rotation().key_id("k"),
        kms.delete_imported_key_material().key_id("k"),
        kms.create_key(),
        kms.decrypt().key_id("k").ciphertext_blob(aws_sdk_kms::primitives::Blob::new("x")),
        elsewhere.disable_key().key_id("k"),
        cloudtrail.update_trail().name("t").kms_key_id("k"),
        cloudtrail.start_logging().name("t"),
        cloudtrail.stop_logging().name("t"),
        cloudtrail.delete_trail().name("t"),
        cloudtrail.create_trail().name("t").s3_bucket_name("b"),
        cloudtrail.put_event_selectors().trail_name("t"),
        cloudtrail.remove_tags().resource_id("t"),
        sns.create_topic().name("t"),
        sns.unsubscribe().subscription_arn("s"),
    ]
}

const READS: [&str; 16] = [
    "describeloggroups",
    "listtagsforresource",
    "describekey",
    "getkeypolicy",
    "getkeylastusage",
    "getkeyrotationstatus",
    "listaliases",
    "listgrants",
    "listkeypolicies",
    "listresourcetags",
    "describekey",
    "describetrails",
    "gettrailstatus",
    "geteventselectors",
    "listtags",
    "lookupevents",
];

#[tokio::test]
async fn outside_remediate_mode_no_write_leaves_the_process() {
    let recorder = Recorder::start();
    for mode in [Mode::Observe, Mode::Page] {
        let clients = clients(&recorder, mode);
        read(&clients).await;
        assert_eq!(recorder.take(), READS, "{mode:?}");
        let errors = write(&clients).await;
        assert_eq!(recorder.take(), Vec::<String>::new(), "{mode:?}");
        assert!(errors.iter().all(|error| error.contains("Refused")), "{errors:#?}");
    }
}

#[tokio::test]
async fn pages_leave_the_process_in_page_and_remediate_mode_only() {
    let recorder = Recorder::start();
    for (mode, expected) in
        [(Mode::Observe, vec![]), (Mode::Page, vec!["publish"]), (Mode::Remediate, vec!["publish"])]
    {
        let clients = clients(&recorder, mode);
        let _ = clients.sns().publish().topic_arn("t").message("m").send().await;
        assert_eq!(recorder.take(), expected, "{mode:?}");
    }
}

#[tokio::test]
async fn remediate_mode_lets_out_only_what_guards_repair_with() {
    let recorder = Recorder::start();
    let clients = clients(&recorder, Mode::Remediate);
    write(&clients).await;
    assert_eq!(
        recorder.take(),
        ["associatekmskey", "cancelkeydeletion", "enablekey", "updatetrail", "startlogging"]
    );
}
