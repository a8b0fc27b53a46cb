//! A switch changes how the engine works, never what it says: every setting on either end carries the same plaintext, and
//! with the same randomness the same bytes on the wire.

mod support;

use std::cell::Cell;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::LazyLock;

use support::loop_server::Server;
use support::peer::Peer;
use support::pki::KeyKind;
use support::{assert_same_bytes, client, localhost, pattern, providers, server};
use tls_engine::Error;
use tls_engine::codes::{CipherSuite, NamedGroup};
use tls_engine::conn::Connection;
use tls_engine::crypto::{Provider, Random};
use tls_engine::io::SocketOptions;
use tls_engine::io::event_loop::{Echo, LoopOptions};
use tls_engine::mem::{BufferPool, InBuf, OutBuf, PoolOptions};
use tls_engine::switches::{BufferPoolKind, SignalKind, Switch, Switches};

/// The one provider that takes all of its randomness from the configuration.
#[cfg(feature = "rustcrypto")]
#[test]
fn every_setting_has_the_same_bytes_on_the_wire() {
    let provider = Provider::by_name("rustcrypto").expect("a provider of this build");
    for suite in &provider.suites {
        for retry in [false, true] {
            let talk = |switches| Talk { provider, suite: suite.code, retry, client: switches, server: switches }.run();
            let expected = talk(Switches::none());
            for switches in settings() {
                let heard = talk(switches);
                let what = format!("{} retry {retry} {switches:?}", suite.code);
                assert_same_bytes(&heard.by_server.wire, &expected.by_server.wire, &format!("{what}, to the server"));
                assert_same_bytes(&heard.by_client.wire, &expected.by_client.wire, &format!("{what}, to the client"));
            }
        }
    }
}

#[test]
fn every_setting_carries_the_same_plaintext_and_agrees_with_every_other() {
    let settings = settings();
    let opposite = settings.iter().rev();
    for (number, (here, there)) in settings.iter().zip(opposite).enumerate() {
        let pairs = [(here, here), (here, there), (here, &Switches::none()), (&Switches::all(), here)];
        for (client, server) in pairs {
            for provider in providers() {
                // Each suite in its turn, with every second conversation beginning with a HelloRetryRequest.
                let suite = provider.suites[number / 2 % provider.suites.len()].code;
                let talk = Talk { provider, suite, retry: number % 2 == 1, client: *client, server: *server };
                let heard = talk.run();
                assert_same_bytes(&heard.by_server.plaintext, &BY_CLIENT.all, &format!("{talk:?}, at the server"));
                assert_same_bytes(&heard.by_client.plaintext, &BY_SERVER.all, &format!("{talk:?}, at the client"));
            }
        }
    }
}

#[test]
fn every_setting_is_gone_through() {
    let settings = settings();
    assert_eq!(settings.len(), switches().map(|switch| switch.values.len()).product::<usize>());
    for (index, here) in settings.iter().enumerate() {
        assert!(!settings[..index].contains(here), "{here:?} comes twice");
    }
    let all = Switches { signal: Switches::none().signal, ..Switches::all() };
    assert!(settings.contains(&all) && settings.contains(&Switches::none()));
}

/// The signal is the event loop's: there too every setting carries what any other does.
#[test]
fn every_setting_carries_the_same_plaintext_on_an_event_loop() {
    let settings = settings();
    for (signal, (here, there)) in SignalKind::ALL.into_iter().cycle().zip(every_with_every_signal(&settings)) {
        let switches = Switches { signal, ..*here };
        // So little that a turn ends before what was read in it does, and there is something to be heard of.
        let options = LoopOptions { turn_bytes: 1, ..LoopOptions::new(&switches) };
        let provider = providers()[0];
        let server_config = server(provider, KeyKind::EcdsaP256, |builder| builder.switches(switches));
        let client_config = client(provider, KeyKind::EcdsaP256, |builder| builder.switches(*there));
        let echo = |_: SocketAddr| Echo;
        let server = Server::with_config(options, SocketOptions::default(), server_config, client_config, echo);
        let mut stream = server.connect();
        for write in &BY_CLIENT.writes {
            let data = write.concat();
            stream.write_all(&data).expect("a server that reads");
            let mut back = vec![0; data.len()];
            stream.read_exact(&mut back).expect("an answer in time");
            assert_same_bytes(&back, &data, &format!("client {there:?}, server {switches:?}"));
        }
        stream.close().expect("a server that is there");
        assert_eq!(stream.receive().expect("close_notify, not just an end"), b"");
        drop(stream);
        let done = server.stop();
        assert_eq!((done.done, done.failed), (1, 0), "{switches:?}: {done:?}");
        assert!(done.cut_turns > 0, "{switches:?}: {done:?}");
    }
}

/// Each setting as often as there are signals, with the setting of the client that is farthest from it.
fn every_with_every_signal(settings: &[Switches]) -> impl Iterator<Item = (&Switches, &Switches)> {
    let pairs = settings.iter().zip(settings.iter().rev());
    pairs.flat_map(|pair| std::iter::repeat_n(pair, SignalKind::ALL.len()))
}

/// Those that a connection can see, which leaves out the event loop's signal.
fn switches() -> impl Iterator<Item = &'static Switch> {
    Switch::ALL.iter().filter(|switch| switch.name != "signal")
}

/// Every value of every switch with every value of every other.
fn settings() -> Vec<Switches> {
    switches().fold(vec![Switches::none()], |settings, switch| {
        let with = |base: &Switches, value: &str| {
            let mut switches = *base;
            switches.set(switch.name, value).expect("a value of the list");
            switches
        };
        settings.iter().flat_map(|base| switch.values.iter().map(move |value| with(base, value))).collect()
    })
}

/// The lengths of what is written at once, each in one slice.
const LENGTHS: [usize; 12] = [1, 2, 63, 64, 1350, 3072, 4096, 16_383, 16_384, 16_385, 50_000, 100_000];
/// The slices of what is written at once from several, more than one record and in odd places.
const SLICES: [&[usize]; 3] = [&[1, 0, 2], &[10, 20_000, 16_384, 0, 7], &[0, 40_000, 1]];
/// How often all of this is written: under the first keys, and after new ones on demand of the client and the server.
const EXCHANGES: usize = 3;
/// So few records of application data that the keys are replaced in between (RFC 8446 5.5).
const RECORDS_PER_KEY: u64 = 9;

/// One conversation: the handshake, data both ways, new keys on demand of either end, and the end.
#[derive(Clone, Copy)]
struct Talk {
    provider: &'static Provider,
    suite: CipherSuite,
    /// Whether the server asks for another key share first.
    retry: bool,
    client: Switches,
    server: Switches,
}

impl std::fmt::Debug for Talk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { provider, suite, retry, client, server } = self;
        write!(f, "{} {suite} retry {retry}, client {client:?}, server {server:?}", provider.name)
    }
}

/// What each end has received.
#[derive(Default)]
struct Heard {
    by_server: Received,
    by_client: Received,
}

#[derive(Default)]
struct Received {
    wire: Vec<u8>,
    plaintext: Vec<u8>,
}

impl Talk {
    fn run(&self) -> Heard {
        let mut ends = self.ends();
        let mut heard = Heard::default();
        ends.pump(&mut heard).unwrap();
        let negotiated = ends.client.connection.negotiated().expect("an end of the handshake");
        assert_eq!((negotiated.suite, negotiated.hello_retry), (self.suite, self.retry), "{self:?}");
        assert_eq!(Some(negotiated), ends.server.connection.negotiated(), "{self:?}");

        for exchange in 0..EXCHANGES {
            match exchange {
                0 => {}
                1 => ends.client.update_keys(true).unwrap(),
                _ => ends.server.update_keys(false).unwrap(),
            }
            ends.exchange(&mut heard);
        }
        ends.client.close();
        ends.server.close();
        ends.pump(&mut heard).unwrap();
        ends.check(self);
        heard.by_server.plaintext = ends.server.received;
        heard.by_client.plaintext = ends.client.received;
        heard
    }

    fn ends(&self) -> Endpoints {
        seed();
        let group = if self.retry { NamedGroup::SECP256R1 } else { NamedGroup::X25519 };
        let client_config = client(self.provider, KeyKind::EcdsaP256, |builder| {
            let builder = builder.suites(&[self.suite]).groups(&[NamedGroup::X25519, NamedGroup::SECP256R1]);
            builder.alpn(&[b"a", b"b"]).random(&CLIENT).records_per_key(RECORDS_PER_KEY).switches(self.client)
        });
        let server_config = server(self.provider, KeyKind::EcdsaP256, |builder| {
            let builder = builder.groups(&[group]).cookie(true).alpn(&[b"b"]);
            builder.random(&SERVER).records_per_key(RECORDS_PER_KEY).switches(self.server)
        });
        let (input, mut output) = buffers(&self.client);
        let connection = Connection::client(&client_config, localhost(), &mut output).unwrap();
        let client = Peer { connection, input, output, received: Vec::new(), closed: false };
        let (input, output) = buffers(&self.server);
        let connection = Connection::server(&server_config);
        let server = Peer { connection, input, output, received: Vec::new(), closed: false };
        Endpoints { client, server }
    }
}

/// Of the pools all conversations lease from: what one has left in a buffer would come out in another.
fn buffers(switches: &Switches) -> (InBuf, OutBuf) {
    const SIZE: usize = 1 << 16;
    static POOLS: LazyLock<[BufferPool; 3]> = LazyLock::new(|| {
        BufferPoolKind::ALL.map(|kind| BufferPool::new(kind, PoolOptions { buffer_bytes: SIZE, free_max: 8 }))
    });
    let pool = POOLS.iter().find(|pool| pool.kind() == switches.buffer_pool).expect("one of each kind");
    (InBuf::pooled(pool, SIZE), OutBuf::pooled(pool, SIZE))
}

struct Endpoints {
    client: Peer,
    server: Peer,
}

impl Endpoints {
    /// Every write of both scripts, in turns.
    fn exchange(&mut self, heard: &mut Heard) {
        for (to_server, to_client) in BY_CLIENT.writes.iter().zip(&BY_SERVER.writes) {
            let mut left = [pieces(to_server), pieces(to_client)];
            while left.iter().any(|left| !left.is_empty()) {
                for (side, left) in [&mut self.client, &mut self.server].into_iter().zip(&mut left) {
                    let taken = side.connection.write_tls(left, &mut side.output).unwrap();
                    assert!(taken > 0 || left.iter().all(|slice| slice.is_empty()), "no room after all was sent");
                    *left = advance(left, taken);
                }
                self.pump(heard).unwrap();
            }
        }
    }

    /// Carries bytes both ways until both ends are silent.
    fn pump(&mut self, heard: &mut Heard) -> Result<(), Error> {
        loop {
            let (to_server, to_client) = (self.client.drain(), self.server.drain());
            for side in [&mut self.client, &mut self.server] {
                side.input.release_if_empty();
                side.output.release_if_empty();
            }
            if to_server.is_empty() && to_client.is_empty() {
                return Ok(());
            }
            deliver(&to_server, &mut self.server, &mut heard.by_server)?;
            deliver(&to_client, &mut self.client, &mut heard.by_client)?;
        }
    }

    /// What has to be so after the whole conversation, with each end's own setting.
    fn check(&self, talk: &Talk) {
        for (side, switches) in [(&self.client, &talk.client), (&self.server, &talk.server)] {
            let (sealed, opened) = (side.connection.sealed(), side.connection.opened());
            assert!(side.closed, "{talk:?}");
            assert!(sealed.key_updates >= 9 && opened.key_updates >= 9, "{talk:?}: {sealed:?} {opened:?}");
            // Both ends say as much.
            assert_eq!([sealed.bytes, opened.bytes], [BY_CLIENT.all.len() as u64; 2], "{talk:?}");
            // The switch is not only taken, it works: all that came was copied, or nothing was.
            assert_eq!(opened.copied_bytes, if switches.zero_copy { 0 } else { opened.bytes }, "{talk:?}");
            let held_bytes = side.input.held_bytes() + side.output.held_bytes();
            assert_eq!(held_bytes == 0, switches.buffer_pool != BufferPoolKind::Off, "{talk:?}");
            assert!(switches.zero_copy || sealed.copied_bytes == sealed.bytes, "{talk:?}: {sealed:?}");
        }
    }
}

/// In pieces as a network makes them: records in parts, and several at once.
fn deliver(mut bytes: &[u8], to: &mut Peer, heard: &mut Received) -> Result<(), Error> {
    const PIECES: [usize; 6] = [1, 40_000, 3, 1460, 16_000, 6];
    heard.wire.extend_from_slice(bytes);
    for piece in PIECES.into_iter().cycle() {
        let (front, rest) = bytes.split_at(piece.min(bytes.len()));
        to.feed(front)?;
        bytes = rest;
        if bytes.is_empty() {
            break;
        }
    }
    Ok(())
}

/// What one end writes in one exchange, and has written at the end of the conversation.
struct Script {
    /// What is written at once, each in its slices.
    writes: Vec<Vec<Vec<u8>>>,
    all: Vec<u8>,
}

static BY_CLIENT: LazyLock<Script> = LazyLock::new(|| Script::new(1));
static BY_SERVER: LazyLock<Script> = LazyLock::new(|| Script::new(2));

impl Script {
    fn new(salt: usize) -> Self {
        let slices = |lengths: &[usize]| {
            lengths.iter().enumerate().map(|(index, length)| pattern(*length, salt + index)).collect::<Vec<_>>()
        };
        let writes: Vec<_> = LENGTHS.iter().map(std::slice::from_ref).chain(SLICES).map(slices).collect();
        Self { all: writes.concat().concat().repeat(EXCHANGES), writes }
    }
}

fn pieces(write: &[Vec<u8>]) -> Vec<&[u8]> {
    write.iter().map(Vec::as_slice).collect()
}

/// What is left of `slices` after their first `count` bytes.
fn advance<'a>(slices: &[&'a [u8]], mut count: usize) -> Vec<&'a [u8]> {
    let mut left = Vec::new();
    for slice in slices {
        let taken = count.min(slice.len());
        count -= taken;
        if taken < slice.len() {
            left.push(&slice[taken..]);
        }
    }
    left
}

/// Randomness that is the same in every conversation, for each end its own.
struct Seeded(usize);

static CLIENT: Seeded = Seeded(0);
static SERVER: Seeded = Seeded(1);

thread_local! {
    static STATE: [Cell<u64>; 2] = const { [Cell::new(0), Cell::new(0)] };
}

/// Starts both over.
fn seed() {
    STATE.with(|state| state.iter().zip(1..).for_each(|(state, seed)| state.set(seed << 32)));
}

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        STATE.with(|state| {
            for chunk in bytes.chunks_mut(8) {
                // SplitMix64: any sequence will do.
                let next = state[self.0].get().wrapping_add(0x9e37_79b9_7f4a_7c15);
                state[self.0].set(next);
                let mixed = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes()[..chunk.len()]);
            }
        });
        Ok(())
    }
}
