use super::*;
use crate::identity::{Authority, Identity};
use crate::library::{Endpoint, Engine, Library, Received, Room, RustlsUnbuffered, engine_of};

const RECORDS: [usize; 3] = [16_384, 100, 40_000];
const SUITES: [CipherSuite; 3] =
    [CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384, CipherSuite::CHACHA20_POLY1305_SHA256];
/// TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 (RFC 5289 3.2).
const OF_TLS12: CipherSuite = CipherSuite(0xc02b);

fn setup(version: ProtocolVersion, suite: CipherSuite) -> Setup {
    let (Identity { chain, key }, Authority { certificate, .. }) = Identity::generate().expect("an identity");
    Setup {
        version,
        suite,
        groups: vec![NamedGroup::SECP256R1, NamedGroup::X25519],
        alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        chain,
        key: key.clone_key(),
        roots: vec![certificate],
        name: "localhost".try_into().expect("a name"),
    }
}

/// Carries all outgoing bytes over, and returns the data that came of them.
fn carry(from: &mut impl Endpoint, to: &mut impl Endpoint) -> Result<(Vec<u8>, Received), Error> {
    let (mut data, mut received) = (Vec::new(), Received::NeedsInput);
    while !from.outgoing().is_empty() {
        let space = to.space();
        let count = space.len().min(from.outgoing().len());
        assert!(count > 0, "there is space for a record");
        space[..count].copy_from_slice(&from.outgoing()[..count]);
        to.filled(count);
        from.sent(count);
        received = to.receive(|piece| {
            data.extend_from_slice(piece);
            Ok(())
        })?;
    }
    Ok((data, received))
}

fn shake_hands(client: &mut impl Endpoint, server: &mut impl Endpoint) {
    for _ in 0..10 {
        carry(client, server).expect("the server goes on");
        carry(server, client).expect("the client goes on");
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
}

fn say(from: &mut impl Endpoint, to: &mut impl Endpoint, piece: usize) {
    let data: Vec<u8> = (0..1_usize << 18).map(|at| (at * 31 + at / 251) as u8).collect();
    let mut arrived = Vec::new();
    for piece in data.chunks(piece) {
        let mut done = 0;
        while done < piece.len() {
            done += from.send(&piece[done..]).expect("it takes data");
            arrived.extend(carry(from, to).expect("it arrives").0);
        }
    }
    assert!(arrived == data, "{} of {} bytes arrived", arrived.len(), data.len());
}

/// A whole conversation of a client and a server, whichever libraries these are of.
fn talk(client: &impl Library, server: &impl Library, setup: &Setup) {
    let room = Room { input_bytes: 1 << 16, output_bytes: 1 << 16 };
    let (mut client, mut server) = (client.client(room).expect("a client"), server.server(room).expect("a server"));
    shake_hands(&mut client, &mut server);
    for negotiated in [client.negotiated(), server.negotiated()] {
        let negotiated = negotiated.expect("something was negotiated");
        assert_eq!((negotiated.version, negotiated.suite), (setup.version, setup.suite));
        assert_eq!((negotiated.group, negotiated.alpn.as_deref()), (Some(setup.groups[0]), Some(&b"h2"[..])));
        assert!(!negotiated.is_resumed && negotiated.hello_retry != Some(true));
    }
    for piece in RECORDS {
        say(&mut client, &mut server, piece);
        say(&mut server, &mut client, piece);
    }
    client.close().expect("it closes");
    assert_eq!(carry(&mut client, &mut server).expect("it arrives").1, Received::Closed);
    server.end_of_input().expect("the end was told");
    assert!(client.end_of_input().is_err(), "the server did not close");
}

#[test]
fn both_apis_with_both_providers_carry_every_byte() {
    let of_tls13 = SUITES.map(|suite| (ProtocolVersion::TLS13, suite));
    for (version, suite) in of_tls13.into_iter().chain([(ProtocolVersion::TLS12, OF_TLS12)]) {
        let setup = setup(version, suite);
        for cryptography in [Cryptography::AwsLcRs, Cryptography::Ring] {
            let buffered = Rustls::new(&setup, cryptography).expect("rustls");
            let unbuffered = RustlsUnbuffered::new(&setup, cryptography).expect("rustls");
            talk(&buffered, &buffered, &setup);
            talk(&unbuffered, &unbuffered, &setup);
        }
    }
}

#[test]
fn each_speaks_with_the_engine_as_client_and_as_server() {
    for suite in SUITES {
        let setup = setup(ProtocolVersion::TLS13, suite);
        let engine: Engine = engine_of(&setup);
        talk(&engine, &engine, &setup);
        for cryptography in [Cryptography::AwsLcRs, Cryptography::Ring] {
            let buffered = Rustls::new(&setup, cryptography).expect("rustls");
            let unbuffered = RustlsUnbuffered::new(&setup, cryptography).expect("rustls");
            talk(&buffered, &engine, &setup);
            talk(&engine, &buffered, &setup);
            talk(&unbuffered, &engine, &setup);
            talk(&engine, &unbuffered, &setup);
        }
    }
}

#[test]
fn a_flipped_bit_is_an_error_and_an_alert() {
    let setup = setup(ProtocolVersion::TLS13, SUITES[0]);
    let library = RustlsUnbuffered::new(&setup, Cryptography::AwsLcRs).expect("rustls");
    let (mut client, mut server) =
        (library.client(Room::default()).expect("a client"), library.server(Room::default()).expect("a server"));
    shake_hands(&mut client, &mut server);
    client.send(b"data").expect("it takes data");
    let mut record = client.outgoing().to_vec();
    *record.last_mut().expect("a record") ^= 1;
    server.space()[..record.len()].copy_from_slice(&record);
    server.filled(record.len());
    assert!(server.receive(|_| Ok(())).is_err());
    assert!(!server.outgoing().is_empty(), "an alert");
}

#[test]
fn what_rustls_lacks_is_named() {
    let aegis = setup(ProtocolVersion::TLS13, CipherSuite::AEGIS_128L_SHA256);
    let error = Rustls::new(&aegis, Cryptography::Ring).map(drop).expect_err("it has no AEGIS");
    assert!(error.to_string().contains("AEGIS"), "{error}");
}

#[test]
fn the_version_is_the_one_that_is_built() {
    let lock = include_str!("../../../../Cargo.lock");
    assert!(lock.contains(&format!("name = \"rustls\"\nversion = \"{VERSION}\"\n")), "{VERSION}");
}
