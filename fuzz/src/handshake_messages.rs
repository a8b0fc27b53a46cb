//! Handshake messages by themselves: whatever is decoded can be encoded, and is the same when decoded again; and nothing may
//! stand behind the end of a message.

use std::sync::Arc;

use tls_engine::codes::{CertificateCompressionAlgorithm, CipherSuite, HandshakeType, NamedGroup, SignatureScheme};
use tls_engine::internal::msgs::{
    Alert, CertificateMessage, CertificateRequest, CertificateVerify, ClientHello, ClientHelloParameters,
    CompressedCertificate, EncryptedExtensions, Header, HelloRetryRequest, KeyShareEntry, KeyUpdate, NewSessionTicket,
    OfferedExtensions, OfferedPsk, OfferedPsks, PskOffer, ServerHello, ServerHelloOrRetry, StapledRequest,
    encode_certificate,
};
use tls_engine::internal::wire::Numbers;
use tls_engine::limits::{COOKIE_MAX, HANDSHAKE_MESSAGE_MAX, TICKET_LIFETIME_MAX};
use tls_engine::pki::compression::{BROTLI, ZLIB};

use crate::Input;

/// The input: which extensions were offered, then a handshake message. An alert is one of type 0.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let flags = input.byte();
    let [server_name, alpn, cookie, pre_shared_key, early_data] = [1, 2, 4, 8, 16].map(|flag| flags & flag != 0);
    let [ocsp_response, timestamps, record_size_limit] = [32, 64, 128].map(|flag| flags & flag != 0);
    let stapled = StapledRequest { ocsp_response, timestamps };
    // Whose content is only refused or passed over in what is decoded with it.
    let certificate_compression = ocsp_response;
    let offered = OfferedExtensions {
        server_name,
        alpn,
        cookie,
        stapled,
        certificate_compression,
        record_size_limit,
        early_data,
        pre_shared_key,
    };
    let message = input.rest();
    let Some(header) = Header::at_front(message) else { return };
    // Whatever length the header tells: the decoders are given what there is.
    let body = &message[4..];
    let decode: &dyn Fn(&[u8]) -> bool = match header.handshake_type {
        HandshakeType::CLIENT_HELLO => &client_hello,
        HandshakeType::SERVER_HELLO => &|body| server_hello(body, offered),
        HandshakeType::ENCRYPTED_EXTENSIONS => &|body| encrypted_extensions(body, offered),
        HandshakeType::CERTIFICATE => &|body| certificate(body, stapled),
        HandshakeType::COMPRESSED_CERTIFICATE => &|body| compressed_certificate(body, stapled),
        HandshakeType::CERTIFICATE_VERIFY => &certificate_verify,
        HandshakeType::CERTIFICATE_REQUEST => &|body| {
            let request = CertificateRequest::decode(body);
            let authorities = request.as_ref().ok().and_then(|request| request.wanted.authorities);
            // RFC 8446 4.2.4.
            assert!(authorities.is_none_or(|names| names.iter().all(|name| !name.is_empty())), "a name of nobody");
            request.is_ok()
        },
        HandshakeType::NEW_SESSION_TICKET => &new_session_ticket,
        HandshakeType::KEY_UPDATE => &key_update,
        _ => &alert,
    };
    if decode(body) {
        assert!(!decode(&[body, &[0]].concat()), "a byte behind the end of {:?}", header.handshake_type);
    }
}

/// The body of what `encode` appends, whose header has to be right.
fn body_of(handshake_type: HandshakeType, encode: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut message = Vec::new();
    encode(&mut message);
    let header = Header::at_front(&message).expect("a header");
    assert_eq!((header.handshake_type, header.message_len()), (handshake_type, message.len()));
    message.split_off(4)
}

fn client_hello(body: &[u8]) -> bool {
    let Ok(hello) = ClientHello::decode(body) else { return false };
    let (Some(groups), Some(schemes), Some(shares), Some(_)) =
        (hello.supported_groups, hello.signature_algorithms, hello.key_shares, hello.supported_versions)
    else {
        return true;
    };
    let server_name = hello.server_name.and_then(|name| str::from_utf8(name).ok());
    let alpn: Vec<Arc<[u8]>> = hello.alpn.iter().flat_map(|names| names.iter()).map(Arc::from).collect();
    let key_shares: Vec<KeyShareEntry<'_>> = shares.iter().collect();
    let psks: Vec<_> = hello.pre_shared_key.iter().flat_map(|offered| offered.iter()).map(offer).collect();
    let codes = |numbers: Numbers<'_>| numbers.iter().collect::<Vec<u16>>();
    let compression = hello.wanted.compression.iter().flat_map(|list| list.iter());
    let compression: Vec<_> = compression.map(CertificateCompressionAlgorithm).collect();
    let parameters = ClientHelloParameters {
        random: &hello.random,
        session_id: hello.session_id,
        cipher_suites: &codes(hello.cipher_suites).into_iter().map(CipherSuite).collect::<Vec<_>>(),
        server_name,
        supported_groups: &codes(groups).into_iter().map(NamedGroup).collect::<Vec<_>>(),
        signature_algorithms: &codes(schemes).into_iter().map(SignatureScheme).collect::<Vec<_>>(),
        key_shares: &key_shares,
        alpn: &alpn,
        cookie: hello.cookie,
        stapled: hello.stapled,
        certificate_compression: &compression,
        record_size_limit: hello.record_size_limit,
        grease: None,
        grease_share: false,
        early_data: hello.early_data,
        psk_ke: hello.takes_psk_ke(),
        psks: &psks,
    };
    let again = body_of(HandshakeType::CLIENT_HELLO, |out| parameters.encode(out));
    let again = ClientHello::decode(&again).expect("what was encoded");
    assert_eq!((again.random, again.session_id), (hello.random, hello.session_id));
    assert_eq!((again.cipher_suites, again.cookie), (hello.cipher_suites, hello.cookie));
    assert_eq!((again.early_data, again.stapled), (hello.early_data, hello.stapled));
    assert_eq!(again.record_size_limit, hello.record_size_limit);
    assert_eq!(again.wanted.compression, hello.wanted.compression);
    assert_eq!((again.supported_groups, again.signature_algorithms), (Some(groups), Some(schemes)));
    assert_eq!(again.server_name, server_name.map(str::as_bytes));
    assert!(again.key_shares.expect("shares").iter().eq(key_shares));
    let fields = |psk: &PskOffer<'_>| (psk.identity.to_vec(), psk.obfuscated_age, psk.binder_len);
    let psks_again: Vec<_> = again.pre_shared_key.iter().flat_map(|offered| offered.iter()).collect();
    assert!(psks_again.iter().all(|psk| psk.binder.iter().all(|byte| *byte == 0)));
    assert!(psks_again.into_iter().map(offer).map(|psk| fields(&psk)).eq(psks.iter().map(fields)));
    let binders_len = hello.pre_shared_key.map(|_| PskOffer::binders_len(&psks));
    assert_eq!(again.pre_shared_key.map(OfferedPsks::binders_len), binders_len);
    assert_eq!(again.takes_psk_ke(), hello.takes_psk_ke());
    assert!(again.alpn.iter().flat_map(|names| names.iter()).eq(alpn.iter().map(|name| &**name)));
    true
}

/// The PSK, with as much room for its binder.
fn offer<'a>(psk: OfferedPsk<'a>) -> PskOffer<'a> {
    PskOffer { identity: psk.identity, obfuscated_age: psk.obfuscated_age, binder_len: psk.binder.len() }
}

fn server_hello(body: &[u8], offered: OfferedExtensions) -> bool {
    let Ok(message) = ServerHelloOrRetry::decode(body, offered) else { return false };
    let again = body_of(HandshakeType::SERVER_HELLO, |out| match &message {
        ServerHelloOrRetry::Hello(hello) => hello.encode(out),
        ServerHelloOrRetry::Retry(retry) => retry.encode(out),
    });
    let again = ServerHelloOrRetry::decode(&again, offered).expect("what was encoded");
    match (&message, &again) {
        (ServerHelloOrRetry::Hello(hello), ServerHelloOrRetry::Hello(again)) => {
            assert!(offered.pre_shared_key || hello.selected_identity.is_none());
            let fields = |hello: &ServerHello<'_>| {
                (*hello.random, hello.session_id.to_vec(), hello.cipher_suite, hello.selected_identity)
            };
            assert_eq!((fields(hello), hello.key_share), (fields(again), again.key_share));
        }
        (ServerHelloOrRetry::Retry(retry), ServerHelloOrRetry::Retry(again)) => {
            let fields =
                |retry: &HelloRetryRequest<'_>| (retry.session_id.to_vec(), retry.cipher_suite, retry.selected_group);
            assert_eq!((fields(retry), retry.cookie), (fields(again), again.cookie));
            assert!(retry.cookie.is_none_or(|cookie| cookie.len() <= COOKIE_MAX));
        }
        _ => panic!("a ServerHello became a HelloRetryRequest, or the other way round"),
    }
    true
}

fn encrypted_extensions(body: &[u8], offered: OfferedExtensions) -> bool {
    let Ok(message) = EncryptedExtensions::decode(body, offered) else { return false };
    assert!(offered.server_name || !message.server_name);
    assert!(offered.alpn || message.alpn.is_none());
    assert!(offered.record_size_limit || message.record_size_limit.is_none());
    let again = body_of(HandshakeType::ENCRYPTED_EXTENSIONS, |out| message.encode(out));
    assert_eq!(EncryptedExtensions::decode(&again, offered).as_ref(), Ok(&message));
    true
}

fn certificate(body: &[u8], requested: StapledRequest) -> bool {
    let Ok(message) = CertificateMessage::decode(body, requested) else { return false };
    let stapled = message.stapled;
    assert!(requested.ocsp_response || stapled.ocsp_response.is_none());
    assert!(requested.timestamps || stapled.timestamps.is_none());
    let encode = |out: &mut Vec<u8>| encode_certificate(out, message.context, &message.chain, stapled);
    let again = body_of(HandshakeType::CERTIFICATE, encode);
    let decoded = CertificateMessage::decode(&again, requested).expect("what was encoded");
    assert_eq!((decoded.context, decoded.chain.as_slice()), (message.context, message.chain.as_slice()));
    assert_eq!(decoded.stapled, stapled);
    assert!(requested != StapledRequest::default() || again == body, "it has one form only");
    true
}

/// What is decompressed is decoded, too.
fn compressed_certificate(body: &[u8], requested: StapledRequest) -> bool {
    let Ok(message) = CompressedCertificate::decode(body) else { return false };
    assert_eq!(body_of(HandshakeType::COMPRESSED_CERTIFICATE, |out| message.encode(out)), body, "it has one form only");
    let CompressedCertificate { algorithm, uncompressed_len, compressed } = message;
    let known = [ZLIB, BROTLI].into_iter().find(|known| known.algorithm() == algorithm);
    if let Some(known) = known.filter(|_| (1..HANDSHAKE_MESSAGE_MAX).contains(&uncompressed_len)) {
        let mut decompressed = vec![0; uncompressed_len];
        if known.decompress(compressed, &mut decompressed) {
            certificate(&decompressed, requested);
        }
    }
    true
}

fn certificate_verify(body: &[u8]) -> bool {
    let Ok(message) = CertificateVerify::decode(body) else { return false };
    let again = body_of(HandshakeType::CERTIFICATE_VERIFY, |out| message.encode(out));
    assert_eq!(again, body, "it has one form only");
    true
}

fn new_session_ticket(body: &[u8]) -> bool {
    let Ok(ticket) = NewSessionTicket::decode(body) else { return false };
    assert!(ticket.lifetime_s <= TICKET_LIFETIME_MAX && !ticket.ticket.is_empty());
    let again = body_of(HandshakeType::NEW_SESSION_TICKET, |out| ticket.encode(out));
    assert_eq!(NewSessionTicket::decode(&again).as_ref(), Ok(&ticket));
    true
}

fn key_update(body: &[u8]) -> bool {
    let Ok(message) = KeyUpdate::decode(body) else { return false };
    assert_eq!(body_of(HandshakeType::KEY_UPDATE, |out| message.encode(out)), body, "it has one form only");
    true
}

/// The level of an alert is implicit (RFC 8446 6), so only the description is kept.
fn alert(body: &[u8]) -> bool {
    let Ok(alert) = Alert::decode(body) else { return false };
    assert_eq!(Alert::decode(&alert.encode()), Ok(alert));
    true
}
