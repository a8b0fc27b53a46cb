//! What every library must pass before it is measured, for the tests of those that are built in and of those that others add:
//! [`check_alone`] and [`check_resumption`] with both ends of the same library, [`check_with_engine`] with the engine at the other end.

use std::sync::Arc;

use rustls_pki_types::ServerName;
use tls_engine::codes::{CipherSuite, NamedGroup, ProtocolVersion};
use tls_engine::conn::{ClientConfig, ServerConfig};
use tls_engine::crypto::Provider;
use tls_engine::limits::RECORD_CONTENT_MAX;
use tls_engine::mem::{BufferPool, PoolOptions};
use tls_engine::pki::ServerVerifier;
use tls_engine::session::{MemoryTickets, TicketKeys};
use tls_engine::switches::Switches;

use super::{Endpoint, Engine, Expected, HandshakeKind, Library, Negotiated, Received, Room, Setup};
use crate::error::Error;
use crate::identity::{Generator, Identity, KeyType};

/// How much a conversation carries in each direction, bytes.
const TRANSFERRED_BYTES: usize = 1 << 20;
/// How long a chain is that does not fit into a record, bytes.
const LONG_CHAIN_BYTES: usize = 3 * RECORD_CONTENT_MAX;
/// How long a ticket of the engine may be used, seconds: longer than any test takes.
const TICKET_LIFETIME_S: u32 = 3600;
/// The most bytes that a transport delivers at a time where it does not matter.
pub const WHOLE: usize = usize::MAX;

/// Fails unless `$condition` holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err(Error::Failed(format!($($message)+)));
        }
    };
}

/// A setup with a new certificate for localhost, whose key is of this type, and its new authority.
pub fn setup(
    version: ProtocolVersion,
    suite: CipherSuite,
    key_type: KeyType,
    group: NamedGroup,
) -> Result<Setup, Error> {
    let (identity, authority) = Generator::new(key_type).generate()?;
    Ok(Setup {
        kind: HandshakeKind::Full,
        version,
        suite,
        groups: vec![group],
        alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        chain: identity.chain.clone(),
        key: identity.key.clone_key(),
        roots: vec![authority.certificate],
        name: server_name("localhost")?,
    })
}

/// The engine with its fastest cryptography.
pub fn engine(setup: &Setup) -> Result<Engine, Error> {
    ensure!(setup.version == ProtocolVersion::TLS13, "the engine does not support {}", setup.version);
    let provider = Provider::auto();
    let identity = Identity { chain: setup.chain.clone(), key: setup.key.clone_key().into(), files: None };
    let protocols: Vec<&[u8]> = setup.alpn.iter().map(Vec::as_slice).collect();
    let client = ClientConfig::builder(provider).suites(&[setup.suite]).groups(&setup.client_groups());
    let server = ServerConfig::builder(provider).suites(&[setup.suite]).groups(setup.server_groups());
    let (mut client, mut server) = (client.alpn(&protocols), server.alpn(&protocols));
    if setup.kind == HandshakeKind::Resumed {
        client = client.tickets(Arc::<MemoryTickets>::default());
        server = server.tickets(Arc::new(TicketKeys::new(provider, TICKET_LIFETIME_S)?));
    }
    Ok(Engine {
        client: client.verifier(ServerVerifier::new(&setup.roots)?).build()?,
        server: server.certificate(identity.certified_key(provider)?).build()?,
        name: setup.name.clone(),
        pool: BufferPool::new(Switches::default().buffer_pool, PoolOptions::default()),
    })
}

/// What a library must do with itself. `make` configures it.
pub fn check_alone<L: Library>(setup: &Setup, make: impl Fn(&Setup) -> Result<L, Error>) -> Result<(), Error> {
    let library = &make(setup)?;
    in_check("a conversation", converse(setup, library, library))?;
    in_check("bytes that come one by one", byte_by_byte(library))?;
    in_check("sending in the middle of a received record", send_amid_record(library))?;
    in_check("the capacity of the output", bounded_output(library))?;
    in_check("released buffers", released_buffers(library))?;
    in_check("sending before the handshake", early_data(library))?;
    in_check("an end without close_notify", truncation(library))?;
    in_check("a forged record", forgery(library))?;
    in_check("a chain longer than a record", long_chain(setup, &make))?;
    in_check("another authority", refusal(&make(&distrustful(setup)?)?, library))?;
    let elsewhere = Setup { name: server_name("elsewhere.example")?, ..setup.clone() };
    in_check("another name", refusal(&make(&elsewhere)?, library))
}

/// What a library that resumes sessions must do with itself: every connection after the first one resumes the session of the one
/// before.
pub fn check_resumption<L: Library>(setup: &Setup, make: impl Fn(&Setup) -> Result<L, Error>) -> Result<(), Error> {
    let library = &make(&Setup { kind: HandshakeKind::Resumed, ..setup.clone() })?;
    resume(setup, library, library)?;
    // What the library was configured without, it does not do.
    let library = &make(setup)?;
    for _ in 0..2 {
        let (client, _) = connected(library, library)?;
        ensure!(client.negotiated().is_some_and(|told| !told.is_resumed), "a session was resumed unasked");
    }
    Ok(())
}

/// Connects several times: every connection after the first one resumes the session of the one before.
fn resume<C: Library, S: Library>(setup: &Setup, client: &C, server: &S) -> Result<(), Error> {
    for number in 0..4 {
        let (mut client, mut server) = connected(client, server)?;
        deliver(&mut server, &mut client, WHOLE)?;
        let expected = Expected {
            version: setup.version,
            suite: setup.suite,
            groups: setup.groups.clone(),
            kind: if number == 0 { HandshakeKind::Full } else { HandshakeKind::Resumed },
        };
        for told in [client.negotiated(), server.negotiated()] {
            let told = told.ok_or_else(|| Error::Failed("nothing was negotiated".to_owned()))?;
            in_check(&format!("connection {number}"), told.check(&expected))?;
        }
        // The others end without any data, so that nothing else brings the ticket.
        if number == 3 {
            say(b"from the client", &mut client, &mut server, WHOLE)?;
            say(b"from the server", &mut server, &mut client, WHOLE)?;
        }
    }
    Ok(())
}

/// What a library must do with the engine, as the client and as the server. The engine has TLS 1.3 only.
pub fn check_with_engine<L: Library>(setup: &Setup, make: impl Fn(&Setup) -> Result<L, Error>) -> Result<(), Error> {
    let (library, ours) = (&make(setup)?, &engine(setup)?);
    in_check("a client of the engine", converse(setup, library, ours))?;
    in_check("a server of the engine", converse(setup, ours, library))?;
    let distrustful = distrustful(setup)?;
    in_check("a client that distrusts the engine", refusal(&make(&distrustful)?, ours))?;
    in_check("a server that the engine distrusts", refusal(&engine(&distrustful)?, library))?;
    let chosen = setup.groups[0];
    let other = if chosen == NamedGroup::SECP256R1 { NamedGroup::X25519 } else { NamedGroup::SECP256R1 };
    let undecided = &Setup { groups: vec![other, chosen], ..setup.clone() };
    in_check("the engine's HelloRetryRequest", hello_retry(&make(undecided)?, ours, chosen))?;
    in_check("a HelloRetryRequest", hello_retry(&engine(undecided)?, library, chosen))?;
    let resuming = &Setup { kind: HandshakeKind::Resumed, ..setup.clone() };
    in_check("sessions of the engine's server", resume(setup, &make(resuming)?, &engine(resuming)?))?;
    in_check("sessions of the engine's client", resume(setup, &engine(resuming)?, &make(resuming)?))
}

/// A whole conversation: what `setup` says is negotiated, data goes both ways in pieces of several sizes, and each end closes.
pub fn converse<C: Library, S: Library>(setup: &Setup, client: &C, server: &S) -> Result<(), Error> {
    let (mut client, mut server) = connected(client, server)?;
    check_negotiated(setup, client.negotiated(), server.negotiated())?;
    for (piece_bytes, delivered_bytes) in [(RECORD_CONTENT_MAX, WHOLE), (100, WHOLE), (40_001, 4_099)] {
        transfer(&mut client, &mut server, piece_bytes, delivered_bytes)?;
        transfer(&mut server, &mut client, piece_bytes, delivered_bytes)?;
    }
    close(&mut client, &mut server)?;
    // The other direction is still open (RFC 8446 6.1). In TLS 1.2 it is closed at once (RFC 5246 7.2.1).
    if setup.version == ProtocolVersion::TLS13 {
        transfer(&mut server, &mut client, RECORD_CONTENT_MAX, WHOLE)?;
    }
    close(&mut server, &mut client)
}

/// A new client and a new server.
pub fn ends<C: Library, S: Library>(client: &C, server: &S) -> Result<(C::Client, S::Server), Error> {
    Ok((client.client(Room::default())?, server.server(Room::default())?))
}

/// The same after their handshake.
pub fn connected<C: Library, S: Library>(client: &C, server: &S) -> Result<(C::Client, S::Server), Error> {
    let (mut client, mut server) = ends(client, server)?;
    shake_hands(&mut client, &mut server, WHOLE)?;
    Ok((client, server))
}

/// Completes a handshake over a transport that delivers at most `limit` bytes at a time.
pub fn shake_hands(client: &mut impl Endpoint, server: &mut impl Endpoint, limit: usize) -> Result<(), Error> {
    while client.is_handshaking() || server.is_handshaking() || !client.outgoing().is_empty() {
        ensure!(!(client.outgoing().is_empty() && server.outgoing().is_empty()), "both ends wait");
        deliver(client, server, limit)?;
        deliver(server, client, limit)?;
    }
    Ok(())
}

/// Moves up to `limit` bytes from one end to the other, and returns how many.
pub fn carry(from: &mut impl Endpoint, to: &mut impl Endpoint, limit: usize) -> usize {
    let space = to.space();
    let count = from.outgoing().len().min(space.len()).min(limit);
    space[..count].copy_from_slice(&from.outgoing()[..count]);
    to.filled(count);
    from.sent(count);
    count
}

/// Delivers all that `from` has to send, at most `limit` bytes at a time, and returns the application data in it.
pub fn deliver(from: &mut impl Endpoint, to: &mut impl Endpoint, limit: usize) -> Result<(Vec<u8>, Received), Error> {
    let mut data = Vec::new();
    loop {
        let carried = carry(from, to, limit);
        let state = to.receive(|piece| {
            data.extend_from_slice(piece);
            Ok(())
        })?;
        if carried == 0 {
            return Ok((data, state));
        }
    }
}

/// Sends a megabyte in pieces over a transport that delivers at most `limit` bytes at a time, and checks what arrives.
pub fn transfer(
    from: &mut impl Endpoint,
    to: &mut impl Endpoint,
    piece_bytes: usize,
    limit: usize,
) -> Result<(), Error> {
    let data: Vec<u8> = (0..TRANSFERRED_BYTES).map(|index| ((index * 31) >> 3) as u8).collect();
    let mut arrived = Vec::new();
    for mut piece in data.chunks(piece_bytes) {
        while !piece.is_empty() {
            let taken = from.send(piece)?;
            piece = &piece[taken..];
            if taken == 0 {
                ensure!(!from.outgoing().is_empty(), "nothing is taken with nothing to be sent");
                arrived.extend(deliver(from, to, limit)?.0);
            }
        }
    }
    arrived.extend(deliver(from, to, limit)?.0);
    ensure!(arrived == data, "{} bytes of {} arrived, or others", arrived.len(), data.len());
    Ok(())
}

/// The same with another authority than the one that the server is certified by.
fn distrustful(setup: &Setup) -> Result<Setup, Error> {
    let (_, authority) = Identity::generate()?;
    Ok(Setup { roots: vec![authority.certificate], ..setup.clone() })
}

fn server_name(name: &'static str) -> Result<ServerName<'static>, Error> {
    ServerName::try_from(name).map_err(|error| Error::Failed(format!("{name}: {error}")))
}

fn check_negotiated(setup: &Setup, client: Option<Negotiated>, server: Option<Negotiated>) -> Result<(), Error> {
    let (Some(client), Some(server)) = (client, server) else {
        return Err(Error::Failed("nothing was negotiated".to_owned()));
    };
    for told in [&client, &server] {
        ensure!(
            (told.version, told.suite) == (setup.version, setup.suite)
                && told.group.is_none_or(|group| setup.groups.first() == Some(&group))
                && told.alpn.as_ref() == setup.alpn.first()
                && told.hello_retry != Some(true)
                && !told.is_resumed,
            "{told:?} was negotiated, not what was asked for"
        );
    }
    let signatures = client.signature.zip(server.signature);
    ensure!(signatures.is_none_or(|(one, other)| one == other), "the ends differ: {client:?}, {server:?}");
    Ok(())
}

fn close(from: &mut impl Endpoint, to: &mut impl Endpoint) -> Result<(), Error> {
    from.close()?;
    let (data, state) = deliver(from, to, WHOLE)?;
    ensure!(data.is_empty() && state == Received::Closed, "{} bytes and {state:?} at the end", data.len());
    to.end_of_input()
}

fn byte_by_byte(library: &impl Library) -> Result<(), Error> {
    let (mut client, mut server) = ends(library, library)?;
    shake_hands(&mut client, &mut server, 1)?;
    say(b"from the client", &mut client, &mut server, 1)?;
    say(b"from the server", &mut server, &mut client, 1)
}

/// Sends `words` and checks that they arrive.
fn say(words: &[u8], from: &mut impl Endpoint, to: &mut impl Endpoint, limit: usize) -> Result<(), Error> {
    let taken = from.send(words)?;
    ensure!(taken == words.len(), "{taken} bytes of {} were taken", words.len());
    let (heard, _) = deliver(from, to, limit)?;
    ensure!(heard == words, "{heard:?} arrived instead of {words:?}");
    Ok(())
}

fn send_amid_record(library: &impl Library) -> Result<(), Error> {
    let (mut client, mut server) = connected(library, library)?;
    client.send(b"from the client")?;
    carry(&mut client, &mut server, 7);
    let state = server.receive(|_| Err(Error::Failed("data came from a part of a record".to_owned())))?;
    ensure!(state == Received::NeedsInput, "{state:?} with a part of a record");
    // Bytes that have come, but were not processed yet, stay for later.
    carry(&mut client, &mut server, WHOLE);
    say(b"from the server", &mut server, &mut client, WHOLE)?;
    let (heard, _) = deliver(&mut client, &mut server, WHOLE)?;
    ensure!(heard == b"from the client", "{heard:?} arrived");
    Ok(())
}

fn bounded_output(library: &impl Library) -> Result<(), Error> {
    let output_bytes = 40_000;
    let mut client = library.client(Room { input_bytes: 0, output_bytes })?;
    let mut server = library.server(Room::default())?;
    shake_hands(&mut client, &mut server, WHOLE)?;
    let data = vec![7; 100_000];
    for _ in 0..2 {
        let taken = client.send(&data)?;
        ensure!(taken == 2 * RECORD_CONTENT_MAX, "{taken} bytes were taken, which are not all records that fit");
        ensure!(client.send(&data)? == 0, "more was taken than fits");
        ensure!(client.outgoing().len() <= output_bytes, "{} bytes wait to be sent", client.outgoing().len());
        let (arrived, _) = deliver(&mut client, &mut server, WHOLE)?;
        ensure!(arrived == data[..taken], "{} bytes of {taken} arrived, or others", arrived.len());
    }
    Ok(())
}

fn released_buffers(library: &impl Library) -> Result<(), Error> {
    let (mut client, mut server) = connected(library, library)?;
    client.release_buffers();
    server.release_buffers();
    transfer(&mut client, &mut server, RECORD_CONTENT_MAX, WHOLE)?;
    transfer(&mut server, &mut client, RECORD_CONTENT_MAX, WHOLE)
}

fn early_data(library: &impl Library) -> Result<(), Error> {
    let (mut client, mut server) = ends(library, library)?;
    must_fail("a client's data", client.send(b"too early"))?;
    must_fail("a server's data", server.send(b"too early"))?;
    shake_hands(&mut client, &mut server, WHOLE)
}

fn truncation(library: &impl Library) -> Result<(), Error> {
    must_fail("an end before the handshake", ends(library, library)?.1.end_of_input())?;
    let (mut client, mut server) = connected(library, library)?;
    say(b"some data", &mut client, &mut server, WHOLE)?;
    must_fail("an end that anybody may have made", server.end_of_input())?;
    Ok(())
}

fn forgery<L: Library>(library: &L) -> Result<(), Error> {
    let (mut client, mut server) = connected(library, library)?;
    client.send(b"some data")?;
    let mut record = client.outgoing().to_vec();
    *record.last_mut().ok_or_else(|| Error::Failed("there is nothing to forge".to_owned()))? ^= 1;
    server.space()[..record.len()].copy_from_slice(&record);
    server.filled(record.len());
    let mut passed_on = 0;
    let outcome = server.receive(|data| {
        passed_on += data.len();
        Ok(())
    });
    must_fail("the forgery", outcome)?;
    ensure!(passed_on == 0, "forged data was passed on");
    must_fail("receiving after it", server.receive(|_| Ok(())))?;
    must_fail("sending after it", server.send(b"more"))?;
    alert::<L>(&mut server, &mut client)
}

fn long_chain<L: Library>(setup: &Setup, make: impl Fn(&Setup) -> Result<L, Error>) -> Result<(), Error> {
    let leaf = &setup.chain[0];
    let copies = vec![leaf.clone(); LONG_CHAIN_BYTES.div_ceil(leaf.len())];
    let library = make(&Setup { chain: [setup.chain.clone(), copies].concat(), ..setup.clone() })?;
    connected(&library, &library).map(drop)
}

fn refusal<C: Library, S: Library>(client: &C, server: &S) -> Result<(), Error> {
    let (mut client, mut server) = ends(client, server)?;
    must_fail("a handshake", shake_hands(&mut client, &mut server, WHOLE))?;
    must_fail("sending", client.send(b"in spite of it"))?;
    alert::<C>(&mut client, &mut server)
}

fn hello_retry<C: Library, S: Library>(client: &C, server: &S, chosen: NamedGroup) -> Result<(), Error> {
    let (mut client, mut server) = connected(client, server)?;
    for told in [client.negotiated(), server.negotiated()] {
        let told = told.ok_or_else(|| Error::Failed("nothing was negotiated".to_owned()))?;
        ensure!(told.group.is_none_or(|group| group == chosen), "the group is told as {:?}", told.group);
    }
    say(b"from the client", &mut client, &mut server, WHOLE)?;
    say(b"from the server", &mut server, &mut client, WHOLE)
}

/// What `failed` of the library `L` says to its peer, which is nothing or an alert.
fn alert<L: Library>(failed: &mut impl Endpoint, peer: &mut impl Endpoint) -> Result<(), Error> {
    ensure!(failed.outgoing().is_empty() != L::SENDS_ALERTS, "{} bytes of an alert", failed.outgoing().len());
    if L::SENDS_ALERTS { must_fail("the alert", deliver(failed, peer, WHOLE)).map(drop) } else { Ok(()) }
}

/// The error that `what` led to.
fn must_fail<T>(what: &str, outcome: Result<T, Error>) -> Result<Error, Error> {
    outcome.err().ok_or_else(|| Error::Failed(format!("{what} was accepted")))
}

/// Says which check failed.
fn in_check(name: &str, outcome: Result<(), Error>) -> Result<(), Error> {
    outcome.map_err(|error| Error::Failed(format!("{name}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_conforms() {
        for key_type in [KeyType::EcdsaP256, KeyType::Rsa2048] {
            let setup = setup(ProtocolVersion::TLS13, CipherSuite::AES_256_GCM_SHA384, key_type, NamedGroup::SECP384R1);
            let setup = setup.expect("a setup");
            check_alone(&setup, engine).expect("the engine with itself");
            check_with_engine(&setup, engine).expect("the engine with the engine");
        }
    }
}
