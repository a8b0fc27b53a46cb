//! What optional things cost in instructions, counted by callgrind: a signal that nobody waits for is not there, neither a byte
//! nor an instruction of it, and counters take a few a record.

#[cfg(target_os = "linux")]
#[path = "support/skip.rs"]
mod skip;

use std::hint::black_box;
#[cfg(target_os = "linux")]
use std::process::Command;

use rustls_pki_types::{PrivateKeyDer, ServerName};
use tls_engine::Error;
use tls_engine::conn::{ClientConfig, Connection, Progress, ServerConfig, Signalled, StopReason};
use tls_engine::counters::Monitor;
use tls_engine::crypto::Provider;
use tls_engine::mem::{InBuf, OutBuf};
use tls_engine::pki::{CertifiedKey, ServerVerifier};
use tls_engine::signal::NullSignal;
use tls_engine::switches::Switches;

const RECORDS: usize = 64;
const RECORD_BYTES: usize = 1000;
/// What a turn takes, bytes: some records, so that turns end with records left.
const TURN_BYTES: usize = 5000;
/// Turns of five records each: four of these do not fill one.
const TURNS: u64 = (RECORDS as u64).div_ceil(5);
/// The most that counters may add to a record of either direction, instructions. One of 16 KiB takes some thousands of
/// cycles, so that this is less than a hundredth.
const MAX_COUNTING: f64 = 48.0;
/// How often the loops are counted until they have the same number of instructions.
#[cfg(target_os = "linux")]
const MAX_RUNS: usize = 8;

#[test]
fn the_wrapper_has_the_size_of_the_connection() {
    assert_eq!(size_of::<NullSignal>(), 0);
    assert_eq!(size_of::<Signalled<NullSignal>>(), size_of::<Connection>());
    assert_eq!(align_of::<Signalled<NullSignal>>(), align_of::<Connection>());
}

/// Whose loop is counted by [`the_loop_has_the_same_instructions`], which runs it by this name.
#[test]
fn opens_plain() {
    let (mut server, mut input) = server_with_records(false);
    let opened = open_all_plain(&mut server, &mut input, &mut OutBuf::with_capacity(0));
    assert_eq!(opened, Ok(RECORDS * RECORD_BYTES));
}

/// The same with the wrapper.
#[test]
fn opens_wrapped() {
    let (connection, mut input) = server_with_records(false);
    let mut server = Signalled { connection, signal: NullSignal };
    let opened = open_all_wrapped(&mut server, &mut input, &mut OutBuf::with_capacity(0));
    assert_eq!(opened, Ok(RECORDS * RECORD_BYTES));
}

/// The first loop with counters: [`counters_take_few_instructions`] runs it by this name.
#[test]
fn opens_metered() {
    let (mut server, mut input) = server_with_records(true);
    let opened = open_all_plain(&mut server, &mut input, &mut OutBuf::with_capacity(0));
    assert_eq!(opened, Ok(RECORDS * RECORD_BYTES));
    assert_eq!(server.opened().bytes, (RECORDS * RECORD_BYTES) as u64);
}

#[test]
fn seals_plain() {
    let (mut client, _) = connected(false);
    assert_eq!(seal_all(&mut client, &mut OutBuf::with_capacity(1 << 17)), Ok(RECORDS * RECORD_BYTES));
}

#[test]
fn seals_metered() {
    let (mut client, _) = connected(true);
    assert_eq!(seal_all(&mut client, &mut OutBuf::with_capacity(1 << 17)), Ok(RECORDS * RECORD_BYTES));
}

/// Equal in an optimized build.
#[test]
#[cfg(target_os = "linux")]
fn the_loop_has_the_same_instructions() {
    let loops = [("opens_plain", "open_all_plain"), ("opens_wrapped", "open_all_wrapped")];
    let Some([mut plain, mut wrapped]) = counted(loops) else { return };
    if cfg!(debug_assertions) {
        // The wrapper is a call of its own there, once a turn: some moves of arguments and of what is returned.
        assert!(wrapped.saturating_sub(plain) <= 40 * TURNS, "{plain} instructions plain, {wrapped} wrapped");
        return;
    }
    // AES-GCM moves its stack frame, by two instructions a record, where it would share cache lines with the keys. That
    // depends on where a run's stack is, so that the fewest of some runs are compared.
    for _ in 1..MAX_RUNS {
        if plain != wrapped {
            let Some(again) = counted(loops) else { return };
            (plain, wrapped) = (plain.min(again[0]), wrapped.min(again[1]));
        }
    }
    assert_eq!(plain, wrapped);
}

#[test]
#[cfg(target_os = "linux")]
fn counters_take_few_instructions() {
    let opens = [("opens_plain", "open_all_plain"), ("opens_metered", "open_all_plain")];
    let seals = [("seals_plain", "seal_all"), ("seals_metered", "seal_all")];
    for loops in [opens, seals] {
        let Some([plain, metered]) = counted(loops) else { return };
        let added = metered.saturating_sub(plain) as f64 / RECORDS as f64;
        assert!(added >= 1.0, "{loops:?}: {added} instructions a record: is anything noted?");
        assert!(added <= MAX_COUNTING, "{loops:?}: counters add {added} instructions to a record");
    }
}

/// The instructions of two loops: of each, the test that runs it, and its function. Valgrind is on Linux only, and a machine
/// without it can't tell: CI has it.
#[cfg(target_os = "linux")]
fn counted(loops: [(&str, &str); 2]) -> Option<[u64; 2]> {
    skip::find("valgrind")?;
    let counted = loops.map(|(test, function)| instructions(test, function));
    println!("{loops:?}: {counted:?} instructions");
    assert!(counted[0] > 10_000, "{} instructions for {RECORDS} records: was the loop counted?", counted[0]);
    Some(counted)
}

/// Instructions of the loop alone, what it calls included.
#[cfg(target_os = "linux")]
fn instructions(test: &str, function: &str) -> u64 {
    let folder = tempfile::tempdir().expect("a folder");
    let profile = folder.path().join("profile");
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no"])
        .arg(format!("--toggle-collect=*{function}*"))
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(std::env::current_exe().expect("this program"))
        .args(["--exact", test, "--test-threads=1"])
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
            if delivered.stop_reason != StopReason::BudgetSpent {
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

#[inline(never)]
fn seal_all(client: &mut Connection, output: &mut OutBuf) -> Result<usize, Error> {
    (0..RECORDS).map(|_| client.write_tls(&[&[7; RECORD_BYTES]], output)).sum()
}

/// A server after its handshake, and records for it.
fn server_with_records(counters: bool) -> (Connection, InBuf) {
    let (mut client, server) = connected(counters);
    let (mut input, mut output) = (InBuf::with_capacity(1 << 17), OutBuf::with_capacity(1 << 17));
    assert_eq!(seal_all(&mut client, &mut output), Ok(RECORDS * RECORD_BYTES));
    assert_eq!(input.put(output.waiting()), output.len());
    (server, input)
}

fn connected(counters: bool) -> (Connection, Connection) {
    let provider = Provider::auto();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let root = made.cert.der().clone();
    let certificate = CertifiedKey::new(provider, vec![root.clone()], &key).expect("a key for it");
    let verifier = ServerVerifier::new(&[root]).expect("a root");
    let (switches, monitor) = (Switches { counters, ..Switches::default() }, Monitor::default());
    let client = ClientConfig::builder(provider).verifier(verifier).switches(switches).monitor(&monitor);
    let server = ServerConfig::builder(provider).certificate(certificate).switches(switches).monitor(&monitor);
    let (client, server) = (client.build().expect("a client"), server.build().expect("a server"));
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
