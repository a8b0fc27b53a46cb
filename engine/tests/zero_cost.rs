//! A signal that nobody waits for is not there: no byte and no instruction.

use std::hint::black_box;
#[cfg(target_os = "linux")]
use std::process::Command;

use rustls_pki_types::{PrivateKeyDer, ServerName};
use tls_engine::Error;
use tls_engine::conn::{ClientConfig, Connection, Progress, Rest, ServerConfig, Signalled};
use tls_engine::crypto::provider;
use tls_engine::mem::{InBuf, OutBuf};
use tls_engine::pki::{CertifiedKey, ServerVerifier};
use tls_engine::signal::NullSignal;

const RECORDS: usize = 64;
const RECORD_BYTES: usize = 1000;
/// What a turn takes, bytes: some records, so that turns end with records left.
const TURN_BYTES: usize = 5000;
/// Turns of five records each: four of these do not fill one.
const TURNS: u64 = (RECORDS as u64).div_ceil(5);

#[test]
fn the_wrapper_has_the_size_of_the_connection() {
    assert_eq!(size_of::<NullSignal>(), 0);
    assert_eq!(size_of::<Signalled<NullSignal>>(), size_of::<Connection>());
    assert_eq!(align_of::<Signalled<NullSignal>>(), align_of::<Connection>());
}

/// Whose loop is counted by [`the_loop_has_the_same_instructions`], which runs it by this name.
#[test]
fn opens_plain() {
    let (mut server, mut input) = server_with_records();
    let opened = open_all_plain(&mut server, &mut input, &mut OutBuf::with_capacity(0));
    assert_eq!(opened, Ok(RECORDS * RECORD_BYTES));
}

/// The same with the wrapper.
#[test]
fn opens_wrapped() {
    let (connection, mut input) = server_with_records();
    let mut server = Signalled { connection, signal: NullSignal };
    let opened = open_all_wrapped(&mut server, &mut input, &mut OutBuf::with_capacity(0));
    assert_eq!(opened, Ok(RECORDS * RECORD_BYTES));
}

/// Counted by callgrind; equal in an optimized build. Valgrind is on Linux only, and a machine without it can't tell: CI has it.
#[test]
#[cfg(target_os = "linux")]
fn the_loop_has_the_same_instructions() {
    let has_valgrind = Command::new("valgrind").arg("--version").output().is_ok();
    if !has_valgrind {
        assert!(std::env::var_os("TLSBENCH_REQUIRE_PEERS").is_none(), "valgrind is not installed");
        eprintln!("valgrind is not installed: nothing was counted");
        return;
    }
    let [plain, wrapped] = ["plain", "wrapped"].map(instructions);
    println!("{plain} instructions plain, {wrapped} wrapped");
    assert!(plain > 10_000, "{plain} instructions open no 64 records: was the loop counted?");
    if cfg!(debug_assertions) {
        // Arguments are moved once more where the compiler does not look for such things: two instructions a turn.
        assert!(wrapped.saturating_sub(plain) <= 2 * TURNS, "{plain} instructions plain, {wrapped} wrapped");
    } else {
        assert_eq!(plain, wrapped);
    }
}

/// Instructions of the loop alone, what it calls included.
#[cfg(target_os = "linux")]
fn instructions(kind: &str) -> u64 {
    let folder = tempfile::tempdir().expect("a folder");
    let profile = folder.path().join("profile");
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no"])
        .arg(format!("--toggle-collect=*open_all_{kind}*"))
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(std::env::current_exe().expect("this program"))
        .args(["--exact", &format!("opens_{kind}"), "--test-threads=1"])
        .output()
        .expect("valgrind");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let profile = std::fs::read_to_string(profile).expect("a profile");
    let totals = profile.lines().find_map(|line| line.strip_prefix("totals: ").or(line.strip_prefix("summary: ")));
    totals.expect("a total").trim().parse().expect("a number")
}

/// The body of both loops, so that nothing but the type of `$server` differs.
macro_rules! open_all {
    ($server:expr, $input:expr, $output:expr) => {{
        let mut bytes = 0;
        loop {
            let delivered = $server.deliver($input, $output, TURN_BYTES, |data, _| {
                bytes += black_box(data).len();
                Ok(())
            })?;
            if delivered.rest != Rest::Waiting {
                return Ok(bytes);
            }
        }
    }};
}

#[inline(never)]
fn open_all_plain(server: &mut Connection, input: &mut InBuf, output: &mut OutBuf) -> Result<usize, Error> {
    open_all!(server, input, output)
}

#[inline(never)]
fn open_all_wrapped(
    server: &mut Signalled<NullSignal>,
    input: &mut InBuf,
    output: &mut OutBuf,
) -> Result<usize, Error> {
    open_all!(server, input, output)
}

/// A server after its handshake, and records for it.
fn server_with_records() -> (Connection, InBuf) {
    let (mut client, server) = connected();
    let (mut input, mut output) = (InBuf::with_capacity(1 << 17), OutBuf::with_capacity(1 << 17));
    for _ in 0..RECORDS {
        assert_eq!(client.write_tls(&[&[7; RECORD_BYTES]], &mut output), Ok(RECORD_BYTES));
    }
    assert_eq!(input.put(output.waiting()), output.len());
    (server, input)
}

fn connected() -> (Connection, Connection) {
    let provider = provider::by_name("auto").expect("a provider");
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let root = made.cert.der().clone();
    let certificate = CertifiedKey::new(provider, vec![root.clone()], &key).expect("a key for it");
    let verifier = ServerVerifier::new(provider, &[root]).expect("a root");
    let client = ClientConfig::builder(provider).verifier(verifier).build().expect("a client");
    let server = ServerConfig::builder(provider).certificate(certificate).build().expect("a server");
    let (mut to_server, mut to_client) = (OutBuf::with_capacity(0), OutBuf::with_capacity(0));
    let (mut at_server, mut at_client) = (InBuf::with_capacity(0), InBuf::with_capacity(0));
    let name = ServerName::try_from("localhost").expect("a name");
    let mut client = Connection::client(&client, name, &mut to_server).expect("a hello");
    let mut server = Connection::server(&server);
    while !(client.is_ready() && server.is_ready()) {
        let count = at_server.put(to_server.waiting());
        to_server.sent(count);
        while server.read_tls(&mut at_server, &mut to_client).expect("a handshake") != Progress::NeedInput {}
        let count = at_client.put(to_client.waiting());
        to_client.sent(count);
        while client.read_tls(&mut at_client, &mut to_server).expect("a handshake") != Progress::NeedInput {}
    }
    (client, server)
}
