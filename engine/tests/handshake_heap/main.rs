//! What a handshake asks of the heap, in Rust and in C: with all optimizations no more than the bare provider and webpki
//! calls that it is made of, and without any no more than rustls over the same library. Nor does a record.

mod bare;
mod client_certificates;
#[cfg(feature = "certificate-compression")]
mod compression;
mod exporter;
mod meter;
#[cfg(feature = "aws-lc-rs")]
mod records;
mod resumption;
#[cfg(feature = "aws-lc-rs")]
mod rustls_endpoints;
#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;

use meter::Asked;
#[cfg(feature = "aws-lc-rs")]
use rustls_endpoints::RustlsEndpoints;
use support::pki::KeyKind;
use support::{client, localhost, providers, server};
use tls_engine::codes::{CipherSuite, NamedGroup};
use tls_engine::conn::{ClientConfig, ClientConfigBuilder, Connection, Progress, ServerConfig, ServerConfigBuilder};
use tls_engine::crypto::Provider;
use tls_engine::limits::RECORD_MAX;
use tls_engine::mem::{BufferPool, InBuf, OutBuf, PoolOptions};
use tls_engine::switches::Switches;

#[global_allocator]
static ALLOCATOR: heap_meter::Allocator = heap_meter::Allocator;

/// What is negotiated, and with what.
#[derive(Clone, Copy)]
struct Case {
    provider: &'static Provider,
    suite: CipherSuite,
    group: NamedGroup,
    kind: KeyKind,
    /// Whether the server asks for another key share first.
    retry: bool,
    /// A hybrid with that group that the client offers as well, and the server does not know.
    hybrid: Option<NamedGroup>,
}

impl Case {
    /// Every suite, every group and every kind of certificate of every provider, each of them once at least.
    fn all() -> Vec<Self> {
        let mut cases = Vec::new();
        for provider in providers() {
            let case = Self {
                provider,
                suite: provider.suites[0].code,
                group: NamedGroup::X25519,
                kind: KeyKind::EcdsaP256,
                retry: false,
                hybrid: None,
            };
            cases.extend(provider.suites.iter().map(|suite| Self { suite: suite.code, ..case }));
            cases.extend(provider.groups.iter().map(|group| Self { group: group.name(), retry: true, ..case }));
            cases.extend(KeyKind::ALL.map(|kind| Self { kind, ..case }));
            cases.push(Self { group: NamedGroup::X25519_MLKEM768, ..case });
            cases.push(Self { hybrid: Some(NamedGroup::X25519_MLKEM768), ..case });
        }
        cases
    }
}

impl Case {
    /// Those that rustls has too: it knows neither the other providers nor AEGIS, and is asked for no other share.
    #[cfg(feature = "aws-lc-rs")]
    fn of_rustls() -> Vec<Self> {
        let comparable = |case: &Self| case.provider.name == "aws-lc-rs" && !case.retry && case.hybrid.is_none();
        let cases: Vec<_> = Self::all().into_iter().filter(comparable).collect();
        assert!(cases.len() >= 8, "{} cases", cases.len());
        cases
    }

    /// The group that the client sends a share for in vain.
    fn unwanted(&self) -> Option<NamedGroup> {
        let other =
            |name: NamedGroup| self.provider.groups.iter().map(|group| group.name()).find(|group| *group != name);
        self.retry.then(|| other(self.group).expect("more than one group"))
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { provider, suite, group, kind, retry, hybrid } = self;
        write!(f, "{} {suite} {group} {kind:?} retry {retry} hybrid {hybrid:?}", provider.name)
    }
}

#[test]
fn the_meter_sees_rust_and_c() {
    assert!(heap_meter::covers_rust());
    assert_eq!(heap_meter::covers_c(), heap_meter::DEFINES_MALLOC, "C code escapes the count");
}

#[test]
fn with_all_optimizations_a_handshake_asks_for_what_provider_and_webpki_do() {
    for case in Case::all() {
        let ends = Endpoints::new(&case, Switches::all());
        let bare = bare::Handshake::new(&case);
        let [ours, bare] = least([&mut || ends.handshake(&case), &mut || bare.run()]);
        println!("{case}, heap calls: {ours}; bare provider and webpki: {bare}");
        assert_eq!(ours, bare, "{case}");
    }
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn without_any_optimization_a_handshake_asks_for_no_more_than_one_of_rustls() {
    let cases = Case::of_rustls();
    for case in cases {
        let ends = Endpoints::new(&case, Switches::none());
        let rustls = RustlsEndpoints::new(&case);
        let [ours, rustls] = least([&mut || ends.handshake(&case), &mut || rustls.handshake()]);
        println!("{case}, heap calls without any optimization: {ours}; rustls: {rustls}");
        assert!(ours.client <= rustls.client && ours.server <= rustls.server, "{case}: {ours}; rustls: {rustls}");
    }
}

/// The least that each of them asks of the heap, measured in turns after some for warming up. Not always the same: an ECDSA
/// signature whose numbers are short takes one call less.
fn least<const N: usize>(mut handshakes: [&mut dyn FnMut() -> Asked; N]) -> [Calls; N] {
    const WARM_UP: usize = 10;
    const ROUNDS: usize = 64;
    let mut least = [Calls { client: u64::MAX, server: u64::MAX }; N];
    for round in 0..WARM_UP + ROUNDS {
        for (handshake, least) in handshakes.iter_mut().zip(&mut least) {
            let Asked { client, server } = handshake();
            if round >= WARM_UP {
                assert_eq!((client.live_bytes, server.live_bytes), (0, 0), "something is left on the heap");
                *least = Calls { client: least.client.min(client.calls), server: least.server.min(server.calls) };
            }
        }
    }
    least
}

/// How often each end has asked for memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Calls {
    client: u64,
    server: u64,
}

impl std::fmt::Display for Calls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of the client, {} of the server", self.client, self.server)
    }
}

/// The configurations of both ends, and where their buffers come from.
struct Endpoints {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    pool: BufferPool,
}

impl Endpoints {
    fn new(case: &Case, switches: Switches) -> Self {
        Self::with(case, switches, |builder| builder, |builder| builder)
    }

    /// The same with more in the configurations.
    fn with(
        case: &Case,
        switches: Switches,
        of_client: impl FnOnce(ClientConfigBuilder) -> ClientConfigBuilder,
        of_server: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder,
    ) -> Self {
        let client = client(case.provider, case.kind, |builder| {
            let groups: Vec<_> = case.unwanted().into_iter().chain(case.hybrid).chain([case.group]).collect();
            of_client(builder.suites(&[case.suite]).groups(&groups).switches(switches))
        });
        let server =
            server(case.provider, case.kind, |builder| of_server(builder.groups(&[case.group]).switches(switches)));
        let pool = BufferPool::new(switches.buffer_pool, PoolOptions::default());
        Self { client, server, pool }
    }

    /// A handshake, its connections and their buffers, until they are gone.
    fn handshake(&self, case: &Case) -> Asked {
        let mut asked = Asked::default();
        let (client, server) = self.connect(case, &mut asked);
        asked.client.add(|| drop(client));
        asked.server.add(|| drop(server));
        asked
    }

    /// Both ends, their handshake done.
    fn connect(&self, case: &Case, asked: &mut Asked) -> (Peer, Peer) {
        let name = localhost();
        let mut client = asked.client.add(|| {
            let (input, mut output) = self.buffers();
            let connection = Connection::client(&self.client, name, &mut output).unwrap();
            Peer { connection, input, output }
        });
        let mut server = asked.server.add(|| {
            let (input, output) = self.buffers();
            Peer { connection: Connection::server(&self.server), input, output }
        });
        while !(client.output.is_empty() && server.output.is_empty()) {
            asked.server.add(|| server.take(&client.output));
            asked.client.add(|| client.is_sent());
            asked.client.add(|| client.take(&server.output));
            asked.server.add(|| server.is_sent());
        }
        for end in [&client, &server] {
            let negotiated = end.connection.negotiated().expect("an end of the handshake");
            assert_eq!(negotiated.suite, case.suite, "{case}");
            assert_eq!((negotiated.group, negotiated.hello_retry), (Some(case.group), case.retry), "{case}");
        }
        (client, server)
    }

    fn buffers(&self) -> (InBuf, OutBuf) {
        (InBuf::pooled(&self.pool, RECORD_MAX), OutBuf::pooled(&self.pool, RECORD_MAX))
    }
}

struct Peer {
    connection: Connection,
    input: InBuf,
    output: OutBuf,
}

impl Peer {
    /// Takes all that the peer has to send.
    fn take(&mut self, output: &OutBuf) {
        assert_eq!(self.input.put(output.waiting()), output.len());
        while self.connection.read_tls(&mut self.input, &mut self.output).unwrap() != Progress::NeedInput {}
        self.input.release_if_empty();
    }

    fn is_sent(&mut self) {
        self.output.sent(self.output.len());
        self.output.release_if_empty();
    }
}
