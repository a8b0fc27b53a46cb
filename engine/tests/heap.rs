//! No heap call for a record: neither Rust nor C code asks for memory or gives it back once a connection has settled, in
//! either direction, for every provider, suite and size of record, with and without zero-copy.

use std::sync::Arc;

use rustls_pki_types::{PrivateKeyDer, ServerName};
use tls_engine::codes::CipherSuite;
use tls_engine::conn::{ClientConfig, Connection, OpenedRecord, Progress, ServerConfig};
use tls_engine::crypto::{Provider, Suite};
use tls_engine::limits::RECORD_CONTENT_MAX;
use tls_engine::mem::{InBuf, OutBuf};
use tls_engine::pki::{CertifiedKey, ServerVerifier};
use tls_engine::signal::NullSignal;
use tls_engine::switches::{Switch, Switches};

#[global_allocator]
static ALLOCATOR: heap_meter::Allocator = heap_meter::Allocator;

#[test]
fn the_meter_sees_rust_and_c() {
    assert!(heap_meter::covers_rust());
    assert_eq!(heap_meter::covers_c(), heap_meter::DEFINES_MALLOC, "C code escapes the count");
}

#[test]
fn a_handshake_is_not_free() {
    for provider in Provider::all() {
        let (_pair, counts) = heap_meter::count(|| Pair::new(provider, &provider.suites[0], true));
        assert!(counts.rust_calls > 20 && counts.rust_frees > 0, "{}: {counts:?}", provider.name);
        // The library of this provider takes its memory from malloc.
        if provider.name == "aws-lc-rs" && heap_meter::covers_c() {
            assert!(counts.c_calls > 20 && counts.c_frees > 0, "{}: {counts:?}", provider.name);
        }
    }
}

#[test]
fn the_path_of_a_record_is_within_the_count() {
    let provider = Provider::all()[0];
    let data = vec![1; 100];
    // Without zero-copy the first record finds no staging buffer yet.
    let mut pair = Pair::new(provider, &provider.suites[0], false);
    let (_, counts) = heap_meter::count(|| pair.carry(Direction::ToServer, &[&data]));
    assert_eq!(counts.rust_calls, 1, "{counts:?}");
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn no_heap_call_for_a_record_aws_lc_rs() {
    check_provider("aws-lc-rs");
}

#[cfg(feature = "rustcrypto")]
#[test]
fn no_heap_call_for_a_record_rustcrypto() {
    check_provider("rustcrypto");
}

#[test]
fn no_heap_call_for_a_record_auto() {
    check_provider("auto");
}

#[test]
fn no_heap_call_for_many_records_at_once() {
    const RECORDS: usize = 12;
    for provider in Provider::all() {
        for suite in &provider.suites {
            for zero_copy in [true, false] {
                let mut pair = Pair::new(provider, suite, zero_copy);
                let data = vec![0x5a; RECORDS * RECORD_CONTENT_MAX];
                // Slices that do not end where records do have to be gathered.
                let slices = [&data[..5], &data[5..100_000], &data[100_000..]];
                for direction in [Direction::ToServer, Direction::ToClient] {
                    pair.carry(direction, &slices);
                    let (carried, counts) = heap_meter::count(|| pair.carry(direction, &slices));
                    assert_eq!(carried, Carried { records: RECORDS, bytes: data.len() });
                    assert_no_calls(counts, &format!("{} {} {zero_copy}", provider.name, suite.code));
                }
            }
        }
    }
}

#[test]
fn no_heap_call_however_the_switches_are_set() {
    let provider = Provider::all()[0];
    let data = vec![0x3c; RECORD_CONTENT_MAX];
    let settings = Switch::ALL.iter().fold(vec![Switches::default()], |settings, switch| {
        let values = |base: &Switches| switch.values.iter().map(|value| with(*base, switch, value)).collect::<Vec<_>>();
        settings.iter().flat_map(values).collect()
    });
    assert_eq!(settings.len(), Switch::ALL.iter().map(|switch| switch.values.len()).product());
    for switches in settings {
        let mut pair = Pair::with_switches(provider, &provider.suites[0], switches);
        for direction in [Direction::ToServer, Direction::ToClient] {
            pair.carry(direction, &[&data]);
            for size in [1, 64, 1350, RECORD_CONTENT_MAX] {
                let (carried, counts) = heap_meter::count(|| pair.carry(direction, &[&data[..size]]));
                assert_eq!(carried, Carried { records: 1, bytes: size });
                assert_no_calls(counts, &format!("{switches:?} {size}"));
            }
        }
    }
}

#[test]
fn no_heap_call_for_a_record_in_a_callers_own_buffers() {
    let every_suite =
        Provider::all().iter().flat_map(|provider| provider.suites.iter().map(move |suite| (provider, suite)));
    for (provider, suite) in every_suite {
        let mut pair = Pair::new(provider, suite, true);
        let (client, server) = (&mut pair.client, &mut pair.server);
        let mut buffer = vec![0x77; 3 * RECORD_CONTENT_MAX];
        for size in [1, 64, 1350, RECORD_CONTENT_MAX] {
            // In place, shifted, and apart, both ways.
            for (plaintext, destination) in [(5, 5), (6, 4), (30_000, 20_000)] {
                let (opened, counts) = heap_meter::count(|| {
                    let plaintext = plaintext..plaintext + size;
                    let record = 0..client.connection.record_bytes(size);
                    client.connection.seal_within(&mut buffer, plaintext, record.clone(), &mut client.output).unwrap();
                    let destination = destination..destination + size + 1;
                    server.connection.open_within(&mut buffer, record, destination, &mut server.output).unwrap()
                });
                assert!(matches!(opened, OpenedRecord::Data { data_bytes, .. } if data_bytes == size), "{opened:?}");
                assert_no_calls(counts, &format!("{} {} {size}", provider.name, suite.code));
            }
        }
    }
}

#[test]
fn no_heap_call_for_a_record_in_halves() {
    for provider in Provider::all() {
        for suite in &provider.suites {
            for zero_copy in [true, false] {
                let Pair { client, server } = Pair::new(provider, suite, zero_copy);
                let (mut sealing, _reading) = client.connection.split(NullSignal).unwrap();
                let (_writing, mut opening) = server.connection.split(NullSignal).unwrap();
                let (mut output, mut input) = (client.output, server.input);
                let data = vec![0x11; RECORD_CONTENT_MAX];
                let mut carry = |size: usize| {
                    assert_eq!(sealing.write_tls(&[&data[..size]], &mut output), Ok(size));
                    let count = input.put(output.waiting());
                    output.sent(count);
                    assert!(matches!(opening.read_tls(&mut input), Ok(Progress::Data(data)) if data.len() == size));
                    assert_eq!(opening.read_tls(&mut input), Ok(Progress::NeedInput));
                };
                carry(RECORD_CONTENT_MAX);
                for size in [1, 64, 1350, RECORD_CONTENT_MAX] {
                    let ((), counts) = heap_meter::count(|| carry(size));
                    assert_no_calls(counts, &format!("{} {} {zero_copy} {size}", provider.name, suite.code));
                }
            }
        }
    }
}

fn with(mut switches: Switches, switch: &Switch, value: &str) -> Switches {
    switches.set(switch.name, value).expect("a value of the list");
    switches
}

/// Every size of record, one record at a time.
fn check_provider(name: &str) {
    let provider = Provider::by_name(name).expect("a provider of this build");
    let data = vec![0xa5; RECORD_CONTENT_MAX];
    for suite in &provider.suites {
        for zero_copy in [true, false] {
            let mut pair = Pair::new(provider, suite, zero_copy);
            for direction in [Direction::ToServer, Direction::ToClient] {
                // What is as large as the largest record settles with it.
                pair.carry(direction, &[&data]);
                for size in 1..=RECORD_CONTENT_MAX {
                    let (carried, counts) = heap_meter::count(|| pair.carry(direction, &[&data[..size]]));
                    assert_eq!(carried, Carried { records: 1, bytes: size });
                    assert_no_calls(counts, &format!("{name} {} zero-copy {zero_copy} {size}", suite.code));
                }
            }
        }
    }
}

fn assert_no_calls(counts: heap_meter::Counts, context: &str) {
    assert_eq!(counts, heap_meter::Counts::default(), "{context}");
}

#[derive(Clone, Copy, Debug)]
enum Direction {
    ToServer,
    ToClient,
}

#[derive(Debug, PartialEq, Eq)]
struct Carried {
    records: usize,
    bytes: usize,
}

/// A client and a server in memory.
struct Pair {
    client: Peer,
    server: Peer,
}

struct Peer {
    connection: Connection,
    input: InBuf,
    output: OutBuf,
}

impl Pair {
    /// After the handshake, and after all that comes with it.
    fn new(provider: &'static Provider, suite: &Suite, zero_copy: bool) -> Self {
        Self::with_switches(provider, suite, Switches { zero_copy, ..Switches::default() })
    }

    fn with_switches(provider: &'static Provider, suite: &Suite, switches: Switches) -> Self {
        let (client, server) = configs(provider, suite.code, switches);
        let name = ServerName::try_from("localhost").unwrap();
        let mut output = buffer();
        let client = Connection::client(&client, name, &mut output).unwrap();
        let client = Peer { connection: client, input: InBuf::with_capacity(1 << 18), output };
        let server = Connection::server(&server);
        let server = Peer { connection: server, input: InBuf::with_capacity(1 << 18), output: buffer() };
        let mut pair = Self { client, server };
        while !(pair.client.output.is_empty() && pair.server.output.is_empty()) {
            hand_over(&mut pair.client, &mut pair.server);
            hand_over(&mut pair.server, &mut pair.client);
        }
        assert!(pair.client.connection.is_ready() && pair.server.connection.is_ready());
        assert_eq!(pair.client.connection.negotiated().unwrap().suite, suite.code);
        pair
    }

    /// Seals `data` at one end and opens it at the other.
    fn carry(&mut self, direction: Direction, data: &[&[u8]]) -> Carried {
        let (from, to) = match direction {
            Direction::ToServer => (&mut self.client, &mut self.server),
            Direction::ToClient => (&mut self.server, &mut self.client),
        };
        let len: usize = data.iter().map(|slice| slice.len()).sum();
        assert_eq!(from.connection.write_tls(data, &mut from.output), Ok(len));
        hand_over(from, to)
    }
}

/// Takes what one end has to send to the other, and counts the application data that comes out there.
fn hand_over(from: &mut Peer, to: &mut Peer) -> Carried {
    let mut carried = Carried { records: 0, bytes: 0 };
    let count = to.input.put(from.output.waiting());
    from.output.sent(count);
    loop {
        match to.connection.read_tls(&mut to.input, &mut to.output).unwrap() {
            Progress::Data(data) => {
                carried.records += 1;
                carried.bytes += data.len();
            }
            Progress::Advanced => {}
            Progress::NeedInput => return carried,
            Progress::Paused | Progress::Closed => panic!("nobody has closed or asked for it"),
        }
    }
}

fn buffer() -> OutBuf {
    OutBuf::with_capacity(1 << 18)
}

fn configs(
    provider: &'static Provider,
    suite: CipherSuite,
    switches: Switches,
) -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let certificate = CertifiedKey::new(provider, vec![made.cert.der().clone()], &key).unwrap();
    let client = ClientConfig::builder(provider)
        .suites(&[suite])
        .switches(switches)
        .verifier(ServerVerifier::new(&[made.cert.der().clone()]).unwrap())
        .build()
        .unwrap();
    let server = ServerConfig::builder(provider).switches(switches).certificate(certificate).build().unwrap();
    (client, server)
}
