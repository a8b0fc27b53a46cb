//! What was secret on a connection is nowhere in memory when it is over: arenas, pooled buffers and keys are wiped, whatever
//! the compiler has moved where. The test reads the memory of its own process to see that.
//!
//! It is alone in its file, as another test's thread would have a stack and secrets of its own.
#![cfg(target_os = "linux")]

mod support;

use std::sync::{Arc, Mutex};

use support::jobs::{at_once_and_pausing, do_job, set_pausing};
use support::own_memory::occurrences;
use support::pki::KeyKind;
use support::{client, localhost, providers, server};
use tls_engine::Error;
use tls_engine::codes::{CipherSuite, NamedGroup};
use tls_engine::conn::{ClientConfig, Clock, Connection, JobKind, Progress, ServerConfig, SystemClock};
use tls_engine::crypto::{Provider, Random};
use tls_engine::internal::keys::{PskOrigin, PskSecret, hkdf_expand_label};
use tls_engine::mem::{BufferPool, InBuf, OutBuf, PoolOptions, Secret};
use tls_engine::session::{MemoryTickets, ReplayRegister, TicketKeys, TicketStore};
use tls_engine::switches::Switches;
use tls_engine::{Authentication, ExternalPsk, KeyLog, PskHash, SecretLabel};

/// One test, as two would run at once.
#[test]
fn nothing_secret_is_left_in_memory() {
    let talk_with_all = || {
        for provider in providers() {
            // AWS-LC makes keys for the NIST curves and ML-KEM itself, so that nobody could find them.
            let is_noted = |group: &NamedGroup| provider.name == "rustcrypto" || *group == NamedGroup::X25519_MLKEM768;
            for group in provider.groups.iter().map(|group| group.name()).filter(is_noted) {
                talk(provider, provider.suites[0].code, group, Switches::all());
            }
            for suite in &provider.suites {
                for switches in [Switches::all(), Switches { zero_copy: false, ..Switches::all() }, Switches::none()] {
                    talk(provider, suite.code, NamedGroup::X25519, switches);
                }
            }
        }
    };
    at_once_and_pausing(talk_with_all);
    for provider in providers() {
        give_up(provider);
        export(provider);
        share_key(provider);
    }
    at_once_and_pausing(|| providers().iter().for_each(|provider| resume(provider)));
}

/// Resumes sessions, with early data, then takes all tickets out of the client's store: their PSKs are nowhere then.
fn resume(provider: &'static Provider) {
    NOTES.lock().unwrap().clear();
    let store = Arc::new(MemoryTickets::default());
    let keys = Arc::new(TicketKeys::new(provider, 3600).unwrap());
    let client_config = client(provider, KeyKind::EcdsaP256, |builder| {
        builder.tickets(store.clone()).early_data(true).key_log(Arc::new(NotedKeys))
    });
    let register = Arc::new(ReplayRegister::new(100, SystemClock.now()));
    let server_config = server(provider, KeyKind::EcdsaP256, |builder| {
        builder.tickets(keys).tickets_sent(3).early_data(1000, register).key_log(Arc::new(NotedKeys))
    });
    let pool = BufferPool::new(Switches::all().buffer_pool, PoolOptions::default());
    let new_peer = |make: &dyn Fn(&mut OutBuf) -> Connection| {
        let (input, mut output) = (InBuf::pooled(&pool, 0), OutBuf::pooled(&pool, 0));
        Peer { connection: make(&mut output), input, output }
    };
    for is_resumed in [false, true, true] {
        let mut client = new_peer(&|output| Connection::client(&client_config, localhost(), output).unwrap());
        let mut server = new_peer(&|_| Connection::server(&server_config));
        client.connection.write_early_data(b"early", &mut client.output).unwrap();
        hand_over_all(&mut client, &mut server);
        let negotiated = client.connection.negotiated().unwrap();
        assert_eq!((negotiated.is_resumed(), negotiated.early_data), (is_resumed, is_resumed));
        if is_resumed {
            assert_eq!(find("ClientEarly"), 0, "{}: secrets of early data", provider.name);
        }
        let tickets: Vec<_> = std::iter::from_fn(|| store.take(&localhost())).collect();
        for ticket in tickets.into_iter().rev() {
            note("PSK".into(), ticket.psk.as_bytes());
            store.put(&localhost(), ticket);
        }
    }
    assert!(find("PSK") > 0, "{}: not even what the client keeps is found", provider.name);
    while store.take(&localhost()).is_some() {}
    assert_eq!(find("PSK"), 0, "{}: PSKs of tickets", provider.name);
}

/// Connects with an external PSK, one that was imported from it, and one that is not used, then drops the configurations: none of
/// their keys is anywhere then.
fn share_key(provider: &'static Provider) {
    NOTES.lock().unwrap().clear();
    let mut key = Secret::zeroed(32);
    system_random().fill(key.as_mut_bytes()).unwrap();
    let external = ExternalPsk::new(b"one", key.as_bytes()).unwrap();
    let imported = external.imported(provider, b"context", PskHash::Sha256).unwrap();
    note_psk(provider, key, imported.identity());
    for used in [external.clone(), imported] {
        let log = || Arc::new(NotedKeys);
        let unused = ExternalPsk::new(b"two", &[7; 32]).unwrap();
        let client = ClientConfig::builder(provider).external_psk(used.clone()).external_psk(unused).key_log(log());
        let server = ServerConfig::builder(provider).external_psks([used]).key_log(log()).build().unwrap();
        let (mut output, input) = (OutBuf::with_capacity(0), || InBuf::with_capacity(0));
        let connection = Connection::client(&client.build().unwrap(), localhost(), &mut output).unwrap();
        let mut client = Peer { connection, input: input(), output };
        let connection = Connection::server(&server);
        let mut server = Peer { connection, input: input(), output: OutBuf::with_capacity(0) };
        hand_over_all(&mut client, &mut server);
        let negotiated = client.connection.negotiated().unwrap();
        assert_eq!(negotiated.authentication, Authentication::ExternalPsk);
        assert_eq!(find("Handshake"), 0, "{}: secrets of the handshake", provider.name);
    }
    assert!(find("PSK External") > 0, "{}: not even what is still there is found", provider.name);
    drop(external);
    assert_eq!(find("PSK"), 0, "{}: external PSKs", provider.name);
}

/// Drops a server that has paused before its signature, which has the secrets of the handshake by then.
fn give_up(provider: &'static Provider) {
    NOTES.lock().unwrap().clear();
    set_pausing(true);
    let (mut client, mut server) = ends(provider, provider.suites[0].code, NamedGroup::X25519, Switches::all());
    set_pausing(false);
    hand_over_hello(&mut client, &mut server);
    let choose = server.connection.take_job().unwrap();
    server.connection.resume(choose.run(), &mut server.output).unwrap();
    assert_eq!(server.connection.take_job().unwrap().kind(), JobKind::Sign);
    assert!(find("ServerHandshake finished") > 0, "{}: not even what is still needed is found", provider.name);
    let Peer { connection, mut input, mut output } = server;
    drop(connection);
    output.sent(output.len());
    input.release_if_empty();
    output.release_if_empty();
    assert_eq!(find("Handshake"), 0, "{}: secrets of the handshake", provider.name);
}

/// Drops connections that keep an exporter, which is found until then.
fn export(provider: &'static Provider) {
    NOTES.lock().unwrap().clear();
    let client_config =
        client(provider, KeyKind::EcdsaP256, |builder| builder.exporter(true).key_log(Arc::new(NotedKeys)));
    let server_config = server(provider, KeyKind::EcdsaP256, |builder| builder.exporter(true));
    let (mut output, input) = (OutBuf::with_capacity(0), || InBuf::with_capacity(0));
    let connection = Connection::client(&client_config, localhost(), &mut output).unwrap();
    let mut client = Peer { connection, input: input(), output };
    let connection = Connection::server(&server_config);
    let mut server = Peer { connection, input: input(), output: OutBuf::with_capacity(0) };
    hand_over_all(&mut client, &mut server);
    assert_eq!(find("Exporter"), 2, "{}: each end has its secret", provider.name);
    let mut material = Secret::zeroed(64);
    client.connection.export_keying_material(b"label", b"context", material.as_mut_bytes()).unwrap();
    note("Exported".into(), material.as_bytes());
    drop((material, client, server));
    assert_eq!(find("Exporter") + find("Exported"), 0, "{}: secrets of exporters", provider.name);
}

fn hand_over_hello(client: &mut Peer, server: &mut Peer) {
    assert_eq!(server.input.put(client.output.waiting()), client.output.len());
    client.output.sent(client.output.len());
    while server.connection.read_tls(&mut server.input, &mut server.output).unwrap() != Progress::Paused {}
}

/// Has a conversation and looks for its secrets on the way. The connections are on the stack, which is not looked through:
/// what a value has in its gaps when it is moved is the compiler's choice.
fn talk(provider: &'static Provider, suite: CipherSuite, group: NamedGroup, switches: Switches) {
    let what = format!("{} {suite} {group} {switches:?}", provider.name);
    NOTES.lock().unwrap().clear();
    let (mut client, mut server) = ends(provider, suite, group, switches);
    assert!(find("random") > 0, "{what}: not even what the client still needs is found");
    hand_over_all(&mut client, &mut server);
    assert!(client.connection.is_ready() && server.connection.is_ready());
    assert_eq!(find("random"), 0, "{what}: private keys");
    // A plain engine wipes secrets, but neither messages nor buffers.
    let is_plain = switches == Switches::none();
    assert!(is_plain || find("hello") == 0, "{what}: messages");
    assert_eq!(find("Handshake"), 0, "{what}: secrets of the handshake");
    assert_eq!(find("Application") + find("Exporter"), 0, "{what}: secrets of the connection");

    let plaintext = new_plaintext();
    client.connection.write_tls(&[&plaintext], &mut client.output).unwrap();
    hand_over_all(&mut client, &mut server);
    assert_eq!(find("plaintext") == 0, !is_plain, "{what}: plaintext");
}

struct Peer {
    connection: Connection,
    input: InBuf,
    output: OutBuf,
}

fn ends(provider: &'static Provider, suite: CipherSuite, group: NamedGroup, switches: Switches) -> (Peer, Peer) {
    let pool = BufferPool::new(switches.buffer_pool, PoolOptions::default());
    let client_config = client(provider, KeyKind::EcdsaP256, |builder| {
        let builder = builder.suites(&[suite]).groups(&[group]).switches(switches);
        builder.random(&NOTED_RANDOM).key_log(Arc::new(NotedKeys))
    });
    let server_config = server(provider, KeyKind::EcdsaP256, |builder| {
        builder.groups(&[group]).switches(switches).random(&NOTED_RANDOM).key_log(Arc::new(NotedKeys))
    });
    let (input, mut output) = (InBuf::pooled(&pool, 0), OutBuf::pooled(&pool, 0));
    let connection = Connection::client(&client_config, localhost(), &mut output).unwrap();
    let client = Peer { connection, input, output };
    let (input, output) = (InBuf::pooled(&pool, 0), OutBuf::pooled(&pool, 0));
    let connection = Connection::server(&server_config);
    (client, Peer { connection, input, output })
}

/// Carries bytes both ways, without copies of this test's own, until both ends are silent.
fn hand_over_all(client: &mut Peer, server: &mut Peer) {
    while !(client.output.is_empty() && server.output.is_empty()) {
        hand_over(client, server);
        hand_over(server, client);
    }
}

fn hand_over(from: &mut Peer, to: &mut Peer) {
    call_hellos_by_name(from.output.waiting());
    assert_eq!(to.input.put(from.output.waiting()), from.output.len());
    from.output.sent(from.output.len());
    loop {
        match to.connection.read_tls(&mut to.input, &mut to.output).unwrap() {
            Progress::NeedInput => break,
            Progress::Paused => do_job(&mut to.connection, &mut to.input, &mut to.output).unwrap(),
            _ => {}
        }
    }
    from.output.release_if_empty();
    to.input.release_if_empty();
}

/// What is looked for, in a form that is not found.
static NOTES: Mutex<Vec<Note>> = Mutex::new(Vec::new());

struct Note {
    name: String,
    masked: Vec<u8>,
}

const MASK: u8 = 0x5a;
/// The longest secret, bytes.
const NEEDLE_MAX: usize = 64;

fn note(name: String, bytes: &[u8]) {
    let masked = bytes.iter().map(|byte| byte ^ MASK).collect();
    NOTES.lock().unwrap().push(Note { name, masked });
}

/// What is to be seen on the wire is no secret, but shows whether messages are wiped.
fn call_hellos_by_name(wire: &[u8]) {
    for note in NOTES.lock().unwrap().iter_mut().filter(|note| note.name == "random") {
        let bytes = &unmask(&note.masked)[..note.masked.len()];
        if wire.windows(bytes.len()).any(|window| window == bytes) {
            note.name = "hello".into();
        }
    }
}

/// How often those occur whose name contains `name`.
fn find(name: &str) -> usize {
    let notes = NOTES.lock().unwrap();
    let wanted: Vec<_> = notes.iter().filter(|note| note.name.contains(name)).collect();
    assert!(!wanted.is_empty(), "no note of {name}");
    wanted.iter().map(|note| occurrences(&unmask(&note.masked)[..note.masked.len()])).sum()
}

/// On the stack.
fn unmask(masked: &[u8]) -> [u8; NEEDLE_MAX] {
    let mut bytes = [0; NEEDLE_MAX];
    for (clear, masked) in bytes.iter_mut().zip(masked) {
        *clear = masked ^ MASK;
    }
    bytes
}

fn new_plaintext() -> [u8; NEEDLE_MAX] {
    let mut plaintext = [0; NEEDLE_MAX];
    system_random().fill(&mut plaintext).unwrap();
    note("plaintext".into(), &plaintext);
    plaintext
}

fn system_random() -> &'static dyn Random {
    Provider::all()[0].random
}

/// Notes what it gives: private keys, and what hellos show.
struct NotedRandom;
static NOTED_RANDOM: NotedRandom = NotedRandom;

impl Random for NotedRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        system_random().fill(bytes)?;
        // Of P-521, the first bits are not used. The client's random and session ID are drawn at once.
        bytes.rchunks(32).filter(|piece| piece.len() == 32).for_each(|piece| note("random".into(), piece));
        Ok(())
    }
}

struct NotedKeys;

impl KeyLog for NotedKeys {
    fn log(&self, label: SecretLabel, _random: &[u8; 32], secret: &Secret) {
        note(format!("{label:?}"), secret.as_bytes());
        if format!("{label:?}").ends_with("Handshake") {
            note_finished_key(format!("{label:?} finished"), secret);
        }
    }
}

/// Notes what an end needs of a secret of the handshake until its Finished (RFC 8446 4.4.4). Here it is in one place, which is wiped.
fn note_finished_key(name: String, secret: &Secret) {
    let len = secret.as_bytes().len();
    let suites = Provider::all().iter().flat_map(|provider| &provider.suites);
    let hash = suites.map(|suite| suite.hash).find(|hash| hash.output_len() == len).unwrap();
    let mut key = Secret::zeroed(len);
    hkdf_expand_label(hash, secret.as_bytes(), b"finished", &[], key.as_mut_bytes());
    note(name, key.as_bytes());
}

/// Notes an external PSK with SHA-256, that which was imported from it as `identity` (RFC 9258 5.1), and what each stage begins with.
fn note_psk(provider: &Provider, key: Secret, identity: &[u8]) {
    let hash = provider.suites.iter().map(|suite| suite.hash).find(|hash| hash.output_len() == 32).unwrap();
    let mut imported = Secret::zeroed(32);
    let extracted = hash.hkdf_extract(&[0; 32], key.as_bytes());
    let context = hash.digest(&[identity]);
    hkdf_expand_label(hash, extracted.as_bytes(), b"derived psk", context.as_bytes(), imported.as_mut_bytes());
    for (psk, origin) in [(key, PskOrigin::External), (imported, PskOrigin::Imported)] {
        note(format!("PSK {origin:?}"), psk.as_bytes());
        note(format!("PSK early {origin:?}"), PskSecret::new(hash, &psk, origin).early().secret().as_bytes());
    }
}
