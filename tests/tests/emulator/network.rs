//! The command line behind a company's network: its proxy, its authority, and what is wrong with either.

use crate::lab::{Lab, REGION, event, policy};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::thread;

const BUCKET: &str = "archive-of-logs";
const URL: &str = "s3://archive-of-logs/x";
/// All hosts of AWS that the tests call.
const HOSTS: [&str; 6] = [
    "localhost",
    "archive-of-logs.s3.eu-central-1.amazonaws.com",
    "sts.eu-central-1.amazonaws.com",
    "logs.eu-central-1.amazonaws.com",
    "kms.eu-central-1.amazonaws.com",
    "cloudtrail.eu-central-1.amazonaws.com",
];

/// The emulator behind TLS, with certificates of a company's own authority.
struct Company {
    lab: Lab,
    port: u16,
    bundle: String,
}

impl Company {
    fn new() -> Self {
        let lab = Lab::start();
        lab.create_bucket(BUCKET, REGION);
        lab.put_object(BUCKET, "x/a.json", event_text().as_bytes(), "STANDARD");
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, "a company");
        let key = KeyPair::generate().unwrap();
        let bundle = lab.write("company.pem", &parameters.self_signed(&key).unwrap().pem());
        let issuer = Issuer::new(parameters, key);
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(HOSTS.map(str::to_owned)).unwrap();
        let certificate = certificate.signed_by(&key, &issuer).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let (config, inner) = (Arc::new(config), lab.endpoint.replace("http://", ""));
        let port = serve(move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            // Who doesn't trust the certificate leaves.
            if let Some((head, body)) = request(&mut stream) {
                let mut emulator = TcpStream::connect(&inner).unwrap();
                let head = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
                emulator.write_all(&[head.as_bytes(), &body].concat()).unwrap();
                let mut answer = Vec::new();
                emulator.read_to_end(&mut answer).unwrap();
                let _ = stream.write_all(&answer);
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        });
        Self { lab, port, bundle }
    }

    fn replay(&self, arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
        let Output { status, stdout, stderr } =
            self.lab.command_line(&[&["replay", "--format", "json"], arguments].concat(), variables);
        (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }
}

fn event_text() -> String {
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("events");
    fs::read_to_string(events.join("log-group/created-without-key.json")).unwrap()
}

/// Answers each connection on a thread of its own; gives the port.
fn serve(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let (port, answer) = (listener.local_addr().unwrap().port(), Arc::new(answer));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, answer) = (stream.unwrap(), Arc::clone(&answer));
            thread::spawn(move || answer(stream));
        }
    });
    port
}

/// A request's head, and its body.
fn request(stream: &mut impl Read) -> Option<(String, Vec<u8>)> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some((head, body))
}

/// A proxy that leads every host to one port of this machine, if it is asked with the password.
struct Proxy {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn to(target: u16, password: Option<&'static str>) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heads = Arc::clone(&asked);
        let port = serve(move |mut stream| {
            let Some((head, _)) = request(&mut stream) else { return };
            let is_known = password.is_none_or(|password| head.contains(password));
            heads.lock().unwrap().push(head.lines().next().unwrap().to_owned());
            if !is_known {
                let _ = stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
                return;
            }
            let target = TcpStream::connect(("127.0.0.1", target)).unwrap();
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
            let back = (target.try_clone().unwrap(), stream.try_clone().unwrap());
            thread::spawn(move || carry(back.0, back.1));
            carry(stream, target);
        });
        Self { port, asked }
    }

    fn asked(&self) -> Vec<String> {
        let mut asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.dedup();
        asked
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

/// AWS's own endpoints, which only the proxy knows the way to.
const NO_ENDPOINT: (&str, &str) = ("AWS_ENDPOINT_URL", "");

#[test]
fn a_bucket_is_read_through_the_proxy_with_the_companys_authority() {
    let company = Company::new();
    // `me:p@ss` in Base64.
    let proxy = Proxy::to(company.port, Some("Proxy-Authorization: Basic bWU6cEBzcw=="));
    let address = format!("http://me:p%40ss@127.0.0.1:{}", proxy.port);
    let plain = format!("127.0.0.1:{}", proxy.port);
    let open = Proxy::to(company.port, None);
    let open = format!("http://127.0.0.1:{}", open.port);
    let profile = company.lab.write("config", &format!("[default]\nca_bundle = {}\n", company.bundle));
    let bundle = ("AWS_CA_BUNDLE", company.bundle.as_str());
    for (proxied, trusted) in [
        (&[("HTTPS_PROXY", address.as_str())][..], bundle),
        (&[("https_proxy", &address), ("HTTPS_PROXY", "http://127.0.0.1:1")], bundle),
        (&[("ALL_PROXY", &address), ("NO_PROXY", "example.com")], bundle),
        (&[("HTTPS_PROXY", &address)], ("AWS_CONFIG_FILE", &profile)),
        (&[("HTTPS_PROXY", &open)], ("REQUESTS_CA_BUNDLE", &company.bundle)),
    ] {
        let (status, out, err) = company.replay(&[URL], &[&[NO_ENDPOINT, trusted], proxied].concat());
        assert_eq!((status, out.lines().count()), (Some(0), 1), "{proxied:?} {trusted:?}: {err}");
    }
    let asked = proxy.asked();
    assert_eq!(asked, ["CONNECT archive-of-logs.s3.eu-central-1.amazonaws.com:443 HTTP/1.1"]);
    assert_eq!(company.lab.count("s3:GetObject"), 5);
    // The wrong password is told at once and not shown.
    let (status, _, err) =
        company.replay(&[URL], &[NO_ENDPOINT, bundle, ("HTTPS_PROXY", &format!("http://me:wrong@{plain}"))]);
    assert_eq!(status, Some(2));
    assert!(err.contains("`HTTPS_PROXY`") && err.contains("proxy authorization required"), "{err}");
    assert!(err.contains("http://USER:PASSWORD@HOST:PORT") && !err.contains("wrong"), "{err}");
    assert_eq!(proxy.asked().len(), 1);
}

#[test]
fn a_live_replay_goes_through_the_proxy_too() {
    let company = Company::new();
    company.lab.create_key(None);
    company.lab.create_log_group("/app/foo");
    let proxy = Proxy::to(company.port, None);
    let address = format!("http://127.0.0.1:{}", proxy.port);
    let event = event("created-1", "CreateLogGroup", json!({ "logGroupName": "/app/foo" }));
    let event = company.lab.write("event.json", &event.to_string());
    let policy = company.lab.write("policy.toml", &policy("remediate"));
    let arguments = ["--live", "--apply", "--policy", &policy, &event];
    let variables =
        [NO_ENDPOINT, ("AWS_CA_BUNDLE", company.bundle.as_str()), ("HTTPS_PROXY", address.as_str())];
    let (_, out, err) = company.replay(&arguments, &variables);
    let receipt: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{err}"));
    assert_eq!(receipt["effects"][0]["outcome"], "applied", "{receipt}");
    let mut asked = proxy.asked();
    asked.sort();
    asked.dedup();
    let expected = ["kms", "logs", "sts"]
        .map(|service| format!("CONNECT {service}.eu-central-1.amazonaws.com:443 HTTP/1.1"));
    assert_eq!(asked, expected);
}

#[test]
fn an_endpoint_on_this_machine_is_reached_past_the_proxy_and_by_whom_it_is_trusted() {
    let company = Company::new();
    let endpoint = format!("https://localhost:{}", company.port);
    let dead = ("HTTPS_PROXY", "http://127.0.0.1:1");
    let of = [("AWS_ENDPOINT_URL", endpoint.as_str()), dead];
    let (status, out, err) =
        company.replay(&[URL], &[&of[..], &[("AWS_CA_BUNDLE", &company.bundle)]].concat());
    assert_eq!((status, out.lines().count()), (Some(0), 1), "{err}");
    let (status, _, err) = company.replay(&[URL], &of);
    assert_eq!(status, Some(2));
    assert!(err.contains("UnknownIssuer") && err.contains("AWS_CA_BUNDLE"), "{err}");
}

#[test]
fn what_is_wrong_with_proxy_trust_or_endpoint_is_told_by_its_name() {
    let company = Company::new();
    let event = company.lab.write("event.json", &event_text());
    let text = company.lab.write("text", "no certificate");
    let broken = company.lab.write("broken", "[default\n");
    let profile = company.lab.write("config", "[default]\nca_bundle = /nowhere/profile.pem\n");
    let both = [&[URL][..], &["--live", &event]];
    let (bucket, live) = (&both[..1], &both[1..]);
    for (runs, variable, value, words) in [
        (
            &both[..],
            "AWS_CA_BUNDLE",
            "/nowhere/ca.pem",
            "can't read the file `/nowhere/ca.pem` that `AWS_CA_BUNDLE` names: No such file",
        ),
        (
            &both,
            "AWS_CA_BUNDLE",
            &text,
            "that `AWS_CA_BUNDLE` names holds no list of certificates in PEM: there is none in it",
        ),
        (
            &both,
            "AWS_CONFIG_FILE",
            &profile,
            "can't read the file `/nowhere/profile.pem` that `ca_bundle` of the profile `default` names",
        ),
        (&both, "AWS_CONFIG_FILE", &broken, "can't read the configuration files of AWS's tools"),
        (&both, "REQUESTS_CA_BUNDLE", &text, "that `REQUESTS_CA_BUNDLE` names holds no list"),
        (
            &both,
            "HTTPS_PROXY",
            "http://me:secret/@proxy",
            "`HTTPS_PROXY` holds no address of a proxy: write http://HOST:PORT",
        ),
        (
            &both,
            "ALL_PROXY",
            "socks5://proxy:1080",
            "`ALL_PROXY` names a proxy by `socks5://`, and only http and https are known here: set HTTPS_PROXY",
        ),
        (
            &both,
            "AWS_ENDPOINT_URL",
            "http://example.com",
            "`AWS_ENDPOINT_URL` is `http://example.com`: write an https address",
        ),
        (
            bucket,
            "AWS_ENDPOINT_URL_S3",
            "http://example.com",
            "`AWS_ENDPOINT_URL_S3` is `http://example.com`: write an https address",
        ),
        (
            live,
            "AWS_ENDPOINT_URL_STS",
            "http://example.com",
            "`AWS_ENDPOINT_URL_STS` is `http://example.com`",
        ),
        (live, "AWS_ENDPOINT_URL_KMS", "localhost", "`AWS_ENDPOINT_URL_KMS` is `localhost`"),
        (
            live,
            "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
            "ftp://x",
            "`AWS_ENDPOINT_URL_CLOUDWATCH_LOGS` is `ftp://x`",
        ),
    ] {
        for arguments in runs {
            let (status, _, err) = company.replay(arguments, &[(variable, value)]);
            assert_eq!(status, Some(2), "{variable} {arguments:?}: {err}");
            assert!(err.contains(words) && !err.contains("secret"), "{variable} {arguments:?}: {err}");
        }
    }
    assert_eq!(company.lab.operations(), Vec::<String>::new(), "nothing is sent");
    // An endpoint of one service is that of the guards' own calls too.
    let event = super::lab::event("created-1", "CreateLogGroup", json!({ "logGroupName": "/app/foo" }));
    let event = company.lab.write("own.json", &event.to_string());
    let ours = company.lab.endpoint.as_str();
    let endpoints = [
        ("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", ours),
        ("AWS_ENDPOINT_URL_STS", ours),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
    ];
    let (_, _, err) = company.replay(&["--live", &event], &endpoints);
    assert_eq!(company.lab.operations(), ["sts:GetCallerIdentity", "logs:DescribeLogGroups"], "{err}");
}

#[test]
fn credentials_that_are_missing_or_refused_are_told_in_two_lines() {
    let lab = Lab::start();
    let event = lab.write("event.json", &event_text());
    let nowhere = [
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
        ("AWS_CONFIG_FILE", "/missing"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/missing"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let sso = "[default]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = r\n\
               [sso-session s]\nsso_region = eu-central-1\nsso_start_url = https://example.awsapps.com/start\n";
    let sso = lab.write("config", sso);
    let home = lab.write("home", "");
    let signed_out =
        [&nowhere[..2], &[("AWS_CONFIG_FILE", sso.as_str()), ("HOME", &home), nowhere[4]]].concat();
    let named = [&nowhere[..], &[("AWS_PROFILE", "prod")]].concat();
    for (variables, code, what, to_do) in [
        (&nowhere[..], None, "no AWS credentials were found", "sign in with `aws sso login`"),
        (&named, None, "no AWS credentials were found for the profile `prod`", "sign in with"),
        (&signed_out, None, "no AWS credentials could be got: ", "sign in with `aws sso login`"),
        (&[], Some("ExpiredToken"), "ExpiredToken: it is over", "sign in again"),
        (&[], Some("SignatureDoesNotMatch"), "SignatureDoesNotMatch: it is over", "sign in again"),
    ] {
        for arguments in [&["s3://archive-of-logs/x"][..], &["--live", &event]] {
            lab.begin_anew();
            if let Some(code) = code {
                for (service, operation) in [("s3", "ListObjectsV2"), ("sts", "GetCallerIdentity")] {
                    let message = "it is over";
                    lab.fault(json!({ "service": service, "operation": operation, "kind": "error", "status": 403, "code": code, "message": message }));
                }
            }
            let run = lab.command_line(&[&["replay", "--format", "json"], arguments].concat(), variables);
            let err = String::from_utf8(run.stderr).unwrap();
            assert_eq!(run.status.code(), Some(2), "{err}");
            let told: Vec<&str> = err.lines().filter(|line| line.starts_with("sealwatch: ")).collect();
            assert!(
                matches!(told[..], [one, two] if one.contains(what) && two.contains(to_do)),
                "{what} {arguments:?}: {told:#?}"
            );
            assert!(!err.contains("dispatch failure") && !err.contains("\\u{a}"), "{err}");
        }
    }
}
