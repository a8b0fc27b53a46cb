//! The seeds of the targets, `fuzz/seeds/TARGET/`: programs that get deep into what is fuzzed. `TLSBENCH_BLESS=1` writes them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tls_engine::codes::{ExtensionType, HandshakeType};
use tls_engine::limits::RECORD_HEADER;

use crate::configs::{KIND, Settings};
use crate::conversation::Outcome;
use crate::player::{Client, Player, Server};
use crate::support::pki::Pki;
use crate::support::scripted::Script;
use crate::support::scripted::draft::{
    ExtensionList, certificate_request, certificate_with, compressed_certificate, message, numbers, ticket, vector8,
    vector16,
};
use tls_engine::pki::compression::{BROTLI, ZLIB};

use crate::{certificates, conversation, handshake_messages, http_heads, records, wire};

type Seeds = BTreeMap<String, Vec<u8>>;

/// Settings: all suites, a HelloRetryRequest, few records per key, a protocol, without optimizations, cookies, hybrids, tickets.
/// The fourth asks for a certificate.
const SETTINGS: [u8; 12] =
    [0, 0x20 | 1, 0x40 | 2, ASKS | 4, 0x80 | 8, 16 | 1, 31, 0xa0, 0xa0 | 1, 0xc0 | 8, TICKETS, TICKETS | 1];

/// The settings with certificates of clients.
const ASKS: u8 = 0x60;

/// The settings with tickets.
const TICKETS: u8 = 0xe0;

/// An unknown identity before the ticket.
const SECOND_TICKET: u8 = 1;
/// Two PSKs, of which the second has a wrong binder.
const WRONG_SECOND: u8 = 3;

// Steps of a conversation.
const RIGHT: [u8; 2] = [0, 0];
const IN_PIECES: [u8; 2] = [0, 50];
const REPEATED: [u8; 1] = [4];
const UPDATE: [u8; 2] = [11, 0];
const UPDATE_BOTH: [u8; 2] = [11, 1];
const DATA: [u8; 3] = [12, 1, 0];
const SUBJECT_WRITES: [u8; 3] = [13, 0x44, 0];
const SUBJECT_UPDATES: [u8; 2] = [14, 1];
const SUBJECT_CLOSES: [u8; 1] = [15];
const END_OF_INPUT: [u8; 1] = [16];
const CLOSE_NOTIFY: [u8; 6] = [7, 21, 0, 2, 1, 0];
const USER_CANCELED: [u8; 6] = [7, 21, 0, 2, 1, 90];
const EMPTY: [u8; 4] = [9, 0, 1, 23];
const CHANGE_CIPHER_SPEC: [u8; 5] = [6, 20, 0, 1, 1];
const EARLY: [u8; 4] = [8, 23, 0, 99];
const ZEROS: [u8; 4] = [8, 22, 0x40, 0];

/// What is done when the handshake is done.
const TALK: [&[u8]; 12] = [
    &DATA,
    &SUBJECT_WRITES,
    &UPDATE,
    &DATA,
    &UPDATE_BOTH,
    &SUBJECT_WRITES,
    &EMPTY,
    &SUBJECT_UPDATES,
    &DATA,
    &SUBJECT_CLOSES,
    &CLOSE_NOTIFY,
    &END_OF_INPUT,
];

/// A step with the byte at `place` of the right message changed, or of its record.
fn with_change(step: u8, place: u16) -> Vec<u8> {
    let [high, low] = place.to_be_bytes();
    vec![step, 5, 0, 1, high, low, 3]
}

/// Conversations whose handshake begins with `hello` and takes `rights` messages of the player, one more with a HelloRetryRequest,
/// and `asked` more where the client is asked for a certificate.
fn conversations(hello: HandshakeType, rights: usize, asked: usize, run: fn(&[u8]) -> Outcome) -> Seeds {
    let mut seeds = Seeds::new();
    for settings in SETTINGS {
        for (name, right) in [("whole", RIGHT), ("pieces", IN_PIECES)] {
            let asked = if Settings(settings).asks() { asked } else { 0 };
            let rights = right.repeat(rights + usize::from(settings & 1) + asked);
            let seed = [&[settings], &rights[..], &TALK.concat()].concat();
            let outcome = run(&seed);
            assert!(outcome.was_ready && !outcome.failed, "{settings} {name}: {outcome:?}");
            assert_eq!(outcome.is_resumed, settings >= TICKETS);
            assert_eq!((outcome.received, outcome.written), (3 * 256, 2 * 0x4400));
            seeds.insert(format!("{name}-{settings}"), seed);
        }
    }
    for before in 0..rights {
        // The first byte of a message's body, and one behind it.
        for (name, step, place) in [("changed", 1, 4), ("changed", 1, 9), ("spoiled", 2, 9)] {
            // What comes behind it is right, so that a change that is wrongly taken shows.
            let seed = [&[0], &RIGHT.repeat(before)[..], &with_change(step, place), &RIGHT.repeat(rights)].concat();
            let outcome = run(&seed);
            // A hello with another legacy version (RFC 8446 4.2.1) or random is still right.
            assert!(!outcome.was_ready || (name, before) == ("changed", 0), "{name} {before} {place}: {outcome:?}");
            seeds.insert(format!("{name}-{before}-{place}"), seed);
        }
        let seed = [&[0], &RIGHT.repeat(before)[..], &[3, 1], &RIGHT.repeat(rights), &REPEATED].concat();
        assert!(!run(&seed).was_ready);
        seeds.insert(format!("skipped-{before}"), seed);
    }
    for before in 0..asked {
        let before = rights - 1 + before;
        for (name, step) in [("changed-asked", with_change(1, 9)), ("skipped-asked", vec![3, 1])] {
            let seed = [&[ASKS], &RIGHT.repeat(before)[..], &step, &RIGHT.repeat(rights)].concat();
            let outcome = run(&seed);
            assert!(!outcome.was_ready, "{name} {before}: {outcome:?}");
            seeds.insert(format!("{name}-{before}"), seed);
        }
    }
    // As many as are taken: one more ends the connection.
    let warned = [&[0], &RIGHT.repeat(rights)[..], &USER_CANCELED.repeat(4)].concat();
    assert!(!run(&warned).failed && run(&[&warned[..], &USER_CANCELED].concat()).failed);
    seeds.insert("warnings".to_owned(), warned);
    // More than is kept of what may follow.
    let many = [&[0], &RIGHT.repeat(rights + 12)[..]].concat();
    assert!(!run(&many).failed);
    seeds.insert("many".to_owned(), many);
    let endless = [&[0, 7, 22, 0, 4, hello.0, 0xff, 0xff, 0xff], &ZEROS.repeat(24)[..]].concat();
    assert!(run(&endless).failed);
    seeds.insert("endless".to_owned(), endless);
    let compatible = [&[0], &RIGHT[..], &CHANGE_CIPHER_SPEC, &RIGHT.repeat(rights - 1), &DATA, &EARLY].concat();
    assert!(run(&compatible).was_ready);
    seeds.insert("change-cipher-spec".to_owned(), compatible);
    seeds
}

/// Conversations in which the player has chosen its PSKs, from the first hello on or from the second, and whether each is resumed,
/// or fails.
fn choices(rights: usize, outcomes: &[(bool, bool)], run: fn(&[u8]) -> Outcome) -> Seeds {
    let mut seeds = Seeds::new();
    for (choice, outcome) in (0..).zip(outcomes) {
        let psk = [17, choice];
        let rights = RIGHT.repeat(rights);
        for (name, before) in [
            ("psk", [&[TICKETS][..], &psk].concat()),
            ("psk-retried", [&[TICKETS | 1][..], &psk, &RIGHT].concat()),
            ("second-psk", [&[TICKETS | 1][..], &RIGHT, &psk].concat()),
        ] {
            let seed = [&before[..], &rights, &DATA, &SUBJECT_WRITES].concat();
            let got = run(&seed);
            assert_eq!((got.is_resumed, got.failed), *outcome, "{name} {choice}: {got:?}");
            assert!(got.failed || got.received == 256);
            seeds.insert(format!("{name}-{choice}"), seed);
        }
    }
    seeds
}

const RESUMED: (bool, bool) = (true, false);
const FULL: (bool, bool) = (false, false);
const FAILED: (bool, bool) = (false, true);

fn server() -> Seeds {
    let mut seeds = conversations(HandshakeType::CLIENT_HELLO, 2, 2, conversation::with_server);
    let outcomes = [RESUMED, RESUMED, FULL, RESUMED, FAILED, FAILED, FAILED, FULL];
    seeds.extend(choices(2, &outcomes, conversation::with_server));
    // Another bit of the binder, and of what it covers.
    let hello = Client::start(Settings(TICKETS)).right().expect("a hello");
    for (name, place) in [("binder", hello.len() - 1), ("bound", 10)] {
        let seed = [&[TICKETS], &with_change(1, place as u16)[..], &RIGHT].concat();
        assert!(conversation::with_server(&seed).failed, "{name}");
        seeds.insert(format!("changed-{name}"), seed);
    }
    // The binder of another PSK than the one that is selected, behind it or before it.
    for (name, choice, bytes_behind) in [("other", WRONG_SECOND, 0), ("earlier", SECOND_TICKET, 33)] {
        let mut client = Client::start(Settings(TICKETS));
        client.choose_psk(choice);
        let place = RECORD_HEADER + client.right().expect("a hello").len() - 1 - bytes_behind;
        let seed = [&[TICKETS, 17, choice], &with_change(2, place as u16)[..]].concat();
        assert!(!conversation::with_server(&seed).failed);
        seeds.insert(format!("changed-{name}-binder"), seed);
    }
    seeds
}

fn client() -> Seeds {
    let mut seeds = conversations(HandshakeType::SERVER_HELLO, 5, 1, conversation::with_client);
    let request = certificate_request(&[], &request_extensions());
    let [high, low] = (request.len() as u16).to_be_bytes();
    let asked = [&[0], &RIGHT.repeat(2)[..], &[10, 13, high, low], &request, &RIGHT.repeat(4)].concat();
    assert!(conversation::with_client(&asked).was_ready);
    seeds.insert("certificate-request".to_owned(), asked);
    seeds.extend(choices(5, &[RESUMED, FULL, FAILED, FAILED], conversation::with_client));
    seeds
}

fn request_extensions() -> ExtensionList {
    let mut extensions = ExtensionList::default();
    extensions.set(ExtensionType::SIGNATURE_ALGORITHMS, vector16(&numbers(&[0x0403, 0x0807])));
    extensions
}

fn wires() -> Seeds {
    const ALL: [u8; 2] = [0, 0x80];
    let handshake = ALL.repeat(3);
    let writes: [&[u8]; 4] = [&[8, 2, 0], &[0x88, 0x47, 0], &ALL, &[9, 1, 0x89, 0]];
    let closes = [10, 0x80 | 10, 0, 0x80];
    let mut seeds = Seeds::new();
    for settings in SETTINGS {
        let seed = [&[settings], &handshake[..], &writes.concat(), &writes.concat(), &ALL, &closes].concat();
        assert_eq!(wire::run(&seed), 2 * (0x200 + 0x4700), "{settings}");
        seeds.insert(format!("right-{settings}"), seed);
    }
    for (name, step) in [
        ("pieces", &[2, 1][..]),
        ("dropped", &[3]),
        ("repeated", &[1, 4]),
        ("swapped", &[5]),
        ("changed", &[6, 1, 0, 20, 1]),
        ("inserted", &[7, 0, 7, 21, 3, 3, 0, 2, 1, 0]),
    ] {
        let seed = [&[0], &handshake[..], &writes.concat(), &[8, 1, 0, 8, 1, 0], step, &ALL, &closes].concat();
        wire::run(&seed);
        seeds.insert(name.to_owned(), seed);
    }
    seeds
}

fn streams() -> Seeds {
    let kinds: [&[u8]; 6] = [&[0, 0, 200], &[6, 1], &[3, 7, 0x10, 0], &[7, 9], &[0, 0x40, 0], &[1, 0, 2, 1, 0, 21]];
    let mut seeds = Seeds::new();
    for settings in SETTINGS {
        let seed = [&[settings, 1, 3, 1, 5, 0], &kinds.concat()[..]].concat();
        let outcome = records::run(&seed);
        assert!(outcome.closed && outcome.received.len() == 200 + 1 + 0x4000, "{settings}: {:?}", outcome.error);
        seeds.insert(format!("right-{settings}"), seed);
    }
    for (name, records) in [
        ("spoiled", &[0, 0, 9, 8, 1, 0, 7, 2][..]),
        ("too-long", &[3, 7, 0x40, 1]),
        ("clear", &[4, 21, 0, 2, 1, 0]),
        ("unknown", &[5, 0, 5, 99, 3, 3, 0, 0]),
    ] {
        let seed = [&[0, 1, 1, 3], records].concat();
        assert!(records::run(&seed).error.is_some(), "{name}");
        seeds.insert(name.to_owned(), seed);
    }
    seeds
}

/// The messages of a handshake, and those that no script sends.
fn messages() -> Seeds {
    let mut client = Client::start(Settings(31));
    let hello = client.right().expect("a hello");
    let mut server = Server::start(Settings(1));
    let mut all = vec![("client-hello", hello)];
    for name in ["hello-retry-request", "server-hello", "encrypted-extensions", "certificate", "certificate-verify"] {
        all.push((name, server.right().expect("a message")));
        server.send_right(1 << 14);
    }
    let engines_hello = server.wire().bytes_from_subject[5..].to_vec();
    let mut early = ExtensionList::default();
    early.set(ExtensionType::EARLY_DATA, [0, 0, 1, 0]);
    let mut chosen = ExtensionList::default();
    chosen.set(ExtensionType::SERVER_NAME, []);
    chosen.set(ExtensionType::ALPN, vector16(&vector8(b"h2")));
    let made = |handshake_type, body: &[u8]| message(handshake_type, body);
    all.extend([
        ("engines-client-hello", engines_hello),
        ("chosen", made(HandshakeType::ENCRYPTED_EXTENSIONS, &chosen.encode())),
        ("ticket", made(HandshakeType::NEW_SESSION_TICKET, &ticket(7, &[1], b"a ticket", &early))),
        (
            "certificate-request",
            made(HandshakeType::CERTIFICATE_REQUEST, &certificate_request(b"a", &request_extensions())),
        ),
        ("key-update", made(HandshakeType::KEY_UPDATE, &[1])),
        ("alert", made(HandshakeType(0), &[2, 40])),
    ]);
    let mut seeds: Seeds =
        all.into_iter().map(|(name, message)| (name.to_owned(), [&[7], &message[..]].concat())).collect();
    // The client has asked for both.
    let mut stapled = ExtensionList::default();
    stapled.set(ExtensionType::STATUS_REQUEST, [1, 0, 0, 1, 7]);
    stapled.set(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, vector16(&vector16(&[7])));
    let entries = [(&b"leaf"[..], stapled), (b"issuer", ExtensionList::default())];
    let certificate = made(HandshakeType::CERTIFICATE, &certificate_with(&[], &entries));
    seeds.insert("stapled".to_owned(), [&[0x60], &certificate[..]].concat());
    for (name, algorithm) in [("zlib", ZLIB), ("brotli", BROTLI)] {
        let body = certificate_with(&[], &vec![(&[7; 300][..], ExtensionList::default()); 3]);
        let compressed = algorithm.compress(&body).expect("bytes that repeat");
        let body = compressed_certificate(algorithm.algorithm().0, body.len() as u32, &compressed);
        let message = made(HandshakeType::COMPRESSED_CERTIFICATE, &body);
        seeds.insert(format!("compressed-{name}"), [&[0], &message[..]].concat());
    }
    seeds.values().for_each(|seed| handshake_messages::run(seed));
    seeds
}

/// Chains with the leaf as it is, and signed anew.
fn chains() -> Seeds {
    let day = 20_000_u16.to_be_bytes();
    let input = |name: &[u8], chain: &[u8]| [&day[..], &vector8(name), chain].concat();
    let identity = Pki::shared_identity(KIND);
    let content_of = |certificate: &[u8]| {
        // The first element of the outer sequence, whose lengths are two bytes each.
        let len = 4 + usize::from(u16::from_be_bytes([certificate[6], certificate[7]]));
        [&(len as u16).to_be_bytes()[..], &certificate[4..4 + len]].concat()
    };
    let [leaf, intermediate] = [0, 1].map(|index: usize| content_of(&identity.chain[index]));
    let signed = [&[3], &leaf[..], &[2], &intermediate].concat();
    let other = vector16(&identity.chain[1]);
    [
        ("known", input(b"localhost", &[0, 1]), true),
        ("address", input(b"127.0.0.1", &[0, 1]), true),
        ("signed", input(b"LOCALHOST.", &signed), true),
        ("other-name", input(b"other.example", &signed), false),
        ("long-chain", input(b"localhost", &[&signed[..], &[4], &other, &[1, 1]].concat()), true),
    ]
    .into_iter()
    .map(|(name, seed, accepted)| {
        assert_eq!(certificates::run(&seed), accepted, "{name}");
        (name.to_owned(), seed)
    })
    .collect()
}

fn heads() -> Seeds {
    let long = ["GET / HTTP/1.1\r\nA: ", &"a".repeat(2100)].concat();
    [
        ("get", 0, "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n".repeat(2)),
        ("head", 0, "\r\nHEAD /a?b HTTP/1.0\nConnection: keep-alive\n\nGET http://[::1]:80/ HTTP/1.1\r\nHost: [::1]:80\r\n\r\n".into()),
        ("post", 0, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\nContent-Length: 5\r\n\r\n".into()),
        ("options", 0, "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close, x\r\nContent-Length: 0\r\n\r\n".into()),
        // Eight times, and with that too long.
        ("long", 14, long),
        ("answer", 1, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfourHTTP/1.1 204 No\r\n\r\n".into()),
        ("chunked", 1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nfour\r\n0\r\nA: b\r\n\r\nHTTP/1.1 304 a\r\n\r\n".into()),
    ]
    .into_iter()
    .map(|(name, side, text)| {
        let seed = [&[side, 2, 3, 40], text.as_bytes()].concat();
        http_heads::run(&seed);
        (name.to_owned(), seed)
    })
    .collect()
}

#[test]
fn seeds_are_as_they_are_kept() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for (target, seeds) in [
        ("certificates", chains()),
        ("client", client()),
        ("handshake_messages", messages()),
        ("http_heads", heads()),
        ("records", streams()),
        ("server", server()),
        ("wire", wires()),
    ] {
        let folder = root.join(target);
        if std::env::var_os("TLSBENCH_BLESS").is_some() {
            drop(fs::remove_dir_all(&folder));
            fs::create_dir_all(&folder).expect("a folder");
            for (name, seed) in &seeds {
                fs::write(folder.join(name), seed).expect("a seed");
            }
        }
        let files = fs::read_dir(&folder).expect("the seeds").map(|entry| {
            let entry = entry.expect("an entry");
            (entry.file_name().into_string().expect("UTF-8"), fs::read(entry.path()).expect("a seed"))
        });
        assert_eq!(files.collect::<Seeds>(), seeds, "TLSBENCH_BLESS=1 writes the seeds of {target} anew");
    }
}
