//! One connection: the handshake, what was negotiated, and data that goes back and forth.

use std::io::BufRead;
use std::sync::{Arc, Mutex, PoisonError};

use tls_engine::codes::{AlertDescription, SignatureScheme};
use tls_engine::mem::Secret;
use tls_engine::session::{Ticket, TicketStore};
use tls_engine::{ClientCertificate, Error, KeyLog, Negotiated, SecretLabel, Stream, StreamError};

use crate::credentials::{self, Selected};
use crate::failure::Failure;
use crate::features;
use crate::flags::Flags;
use crate::sessions::Sessions;
use crate::settings;
use crate::transport::Transport;

/// How much a shim reads at a time: less than a record, so that one is read in parts.
const READ_SIZE: usize = 512;
/// The lengths of `-write-different-record-sizes`, around those of blocks and records, and what they are filled with.
const ALL_SIZES: [usize; 11] = [0, 1, 255, 256, 257, 16383, 16384, 16385, 32767, 32768, 32769];
const FILL: u8 = 0x42;

/// Runs a connection of a client, where early data was rejected with the flags `retry` from then on.
pub(crate) fn connect(flags: &Flags, retry: &Flags, sessions: &Sessions, is_resumption: bool) -> Result<(), Failure> {
    let secrets = Arc::new(TrafficSecrets::default());
    let selected = Selected::default();
    let (config, name) = settings::client(flags, secrets.clone(), &selected, sessions)?;
    let mut stream = Stream::client(&config, name.clone(), Transport::connect(flags)?)?;
    // The next connection resumes what this one brings.
    while sessions.tickets.take(&name).is_some() {}
    if flags.expects_no_early_data_offer {
        expect("room for early data", &stream.connection().early_data_room(), &0)?;
    }
    if stream.connection().early_data_room() > 0 {
        // BoringSSL takes a handshake for done as soon as early data may be sent.
        export(&stream, flags)?;
    }
    let mut said_bytes = 0;
    if !flags.writes_all_sizes {
        for words in flags.first_words() {
            let sent = stream.send_early_data(words)?;
            said_bytes += sent;
            if sent < words.len() {
                break;
            }
        }
    }
    let is_accepted = handshake(&mut stream, flags)?.early_data;
    let (flags, said_bytes) = if said_bytes > 0 && !is_accepted { (retry, 0) } else { (flags, said_bytes) };
    check(&stream, flags, &selected, is_resumption)?;
    exchange(&mut stream, flags, &secrets, said_bytes)?;
    let kept = sessions.tickets.take(&name);
    check_tickets(kept.as_ref().or_else(|| stream.connection().tickets().last()), flags)?;
    if let Some(ticket) = kept {
        sessions.tickets.put(&name, ticket);
    }
    close(&mut stream, flags)
}

/// Runs a connection of a server.
pub(crate) fn serve(flags: &Flags, sessions: &Sessions, is_resumption: bool) -> Result<(), Failure> {
    let secrets = Arc::new(TrafficSecrets::default());
    let selected = Selected::default();
    let config = settings::server(flags, secrets.clone(), &selected, sessions)?;
    let mut stream = Stream::server(&config, Transport::connect(flags)?);
    let said_bytes = if flags.takes_early_data { answer_early_data(&mut stream, flags)? } else { 0 };
    handshake(&mut stream, flags)?;
    check(&stream, flags, &selected, is_resumption)?;
    exchange(&mut stream, flags, &secrets, said_bytes)?;
    close(&mut stream, flags)
}

fn handshake<'a>(stream: &'a mut Stream<Transport>, flags: &Flags) -> Result<&'a Negotiated, Failure> {
    stream.handshake().map_err(|error| of_handshake(error, flags))?;
    negotiated(stream)
}

fn negotiated(stream: &Stream<Transport>) -> Result<&Negotiated, Failure> {
    stream.connection().negotiated().ok_or(Failure::Shim("a handshake without a result".into()))
}

fn check(stream: &Stream<Transport>, flags: &Flags, selected: &Selected, is_resumption: bool) -> Result<(), Failure> {
    let negotiated = negotiated(stream)?;
    expect("resumption", &negotiated.is_resumed(), &(is_resumption && !flags.expects_session_miss))?;
    if let Some(expected) = flags.expected_credential {
        let psk = negotiated.psk_identity.as_deref().map(|identity| place_of_psk(identity, flags)).transpose()?;
        expect("credential", &psk.unwrap_or(selected.get()), &expected)?;
    }
    // BoringSSL keeps them with the session, too.
    if !negotiated.is_resumed() {
        let stapled = stream.connection().stapled().cloned().unwrap_or_default();
        let expected = [&flags.expected_ocsp_response, &flags.expected_timestamps];
        for (found, expected) in [stapled.ocsp_response, stapled.timestamps].into_iter().zip(expected) {
            if expected.is_some() {
                expect("what is stapled", &found, expected)?;
            }
        }
    }
    if flags.expects_no_certificate {
        expect("no certificate", &peer_scheme(negotiated, flags), &None)?;
    }
    check_negotiated(negotiated, flags)
}

/// The place among the credentials of the PSK that was used.
fn place_of_psk(identity: &[u8], flags: &Flags) -> Result<i32, Failure> {
    let psks = credentials::psks(flags, None)?;
    let found = psks.into_iter().find(|(_, psk)| psk.identity() == identity);
    found.map(|(place, _)| place).ok_or_else(|| Failure::Shim("a PSK that nobody has".into()))
}

/// What the failure of a handshake is for the runner.
fn of_handshake(error: StreamError, flags: &Flags) -> Failure {
    match error {
        StreamError::Tls(error) if needs_older_version(&error, flags) => {
            Failure::unimplemented(features::OLDER_VERSIONS)
        }
        error => error.into(),
    }
}

/// The scheme of the peer's signature. A session that is resumed has none of its own, nor has a client without a certificate.
fn peer_scheme(negotiated: &Negotiated, flags: &Flags) -> Option<SignatureScheme> {
    match &negotiated.client_certificate {
        ClientCertificate::Shown { scheme, .. } if flags.server => Some(*scheme),
        _ if flags.server => None,
        _ => negotiated.signature(),
    }
}

/// Whether the handshake failed because the peer has no TLS 1.3, where flags allow an older version. A runner without it refuses a
/// client by the version, or because all of its cipher suites are new.
fn needs_older_version(error: &Error, flags: &Flags) -> bool {
    match error {
        Error::ProtocolVersion | Error::PeerAlert(AlertDescription::PROTOCOL_VERSION) => flags.allows_older_versions(),
        Error::PeerAlert(AlertDescription::HANDSHAKE_FAILURE) => {
            flags.limits_versions() && flags.allows_older_versions()
        }
        _ => false,
    }
}

fn check_negotiated(negotiated: &Negotiated, flags: &Flags) -> Result<(), Failure> {
    let numbers = [
        ("version", negotiated.version.0, flags.expected_version),
        ("cipher suite", negotiated.suite.0, flags.expected_suite),
        ("group", negotiated.group.map_or(0, |group| group.0), flags.expected_group),
    ];
    if let (Some(scheme), Some(expected)) = (peer_scheme(negotiated, flags), flags.expected_scheme) {
        expect("signature scheme", &scheme.0, &expected)?;
    }
    for (what, found, expected) in numbers {
        expect(what, &found, &expected.unwrap_or(found))?;
    }
    if let Some(expected) = flags.expected_early_data {
        expect("early data", &negotiated.early_data, &expected)?;
    }
    if let Some(expected) = flags.expected_retry {
        expect("HelloRetryRequest", &negotiated.hello_retry, &expected)?;
    }
    let alpn = if flags.server { &flags.selected_alpn } else { &flags.expected_alpn };
    let expected_alpn = alpn.as_ref().map(|name| name.as_bytes()).filter(|name| !name.is_empty());
    expect("application protocol", &negotiated.alpn.as_deref(), &expected_alpn)?;
    if flags.server {
        let name = negotiated.server_name.as_deref();
        if flags.expected_server_name.is_some() || flags.expects_no_server_name {
            expect("server name", &name, &flags.expected_server_name.as_deref())?;
        }
    }
    Ok(())
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), Failure> {
    if found == expected {
        return Ok(());
    }
    Err(Failure::Expectation(format!("{what}: {found:?} instead of {expected:?}")))
}

/// Sends what the shim has to say, but for what it has said before the handshake was done. Then sends back all that it receives, inverted.
fn exchange(
    stream: &mut Stream<Transport>,
    flags: &Flags,
    secrets: &TrafficSecrets,
    said_bytes: usize,
) -> Result<(), Failure> {
    stream.send(&export(stream, flags)?)?;
    if flags.exports_secrets {
        stream.send(&secrets.export(flags.server)?)?;
    }
    if flags.writes_all_sizes {
        let data = [FILL; ALL_SIZES[ALL_SIZES.len() - 1]];
        for size in ALL_SIZES {
            stream.send(&data[..size])?;
        }
        return Ok(());
    }
    let mut said_bytes = said_bytes;
    for words in flags.first_words() {
        let skipped = said_bytes.min(words.len());
        stream.send(&words[skipped..])?;
        said_bytes -= skipped;
    }
    if flags.shuts_down {
        return Ok(());
    }
    let mut data = Vec::new();
    loop {
        if flags.updates_keys_before_read {
            stream.update_keys(false)?;
        }
        receive(stream, flags, &mut data)?;
        if data.is_empty() {
            return Ok(());
        }
        if flags.updates_keys {
            stream.update_keys(false)?;
        }
        data.iter_mut().for_each(|byte| *byte ^= 0xff);
        stream.send(&data)?;
    }
}

/// The keying material that flags ask for.
fn export(stream: &Stream<Transport>, flags: &Flags) -> Result<Vec<u8>, Failure> {
    let mut material = vec![0; flags.exported_bytes.unwrap_or_default()];
    if !material.is_empty() {
        let context = if flags.uses_export_context { flags.export_context.as_bytes() } else { &[] };
        let exported =
            stream.connection().export_keying_material(flags.export_label.as_bytes(), context, &mut material);
        exported.map_err(|error| Failure::Connection(error.to_string()))?;
    }
    Ok(material)
}

/// Does with early data what [`exchange`] does with other data, before the handshake is done. Returns how many of the first words were
/// said.
fn answer_early_data(stream: &mut Stream<Transport>, flags: &Flags) -> Result<usize, Failure> {
    let mut said_bytes = 0;
    loop {
        let mut data = stream.receive_early_data().map_err(|error| of_handshake(error, flags))?;
        if data.is_empty() {
            return Ok(said_bytes);
        }
        if said_bytes == 0 {
            for words in flags.first_words() {
                stream.answer_early_data(words)?;
                said_bytes += words.len();
            }
        }
        data.iter_mut().for_each(|byte| *byte ^= 0xff);
        stream.answer_early_data(&data)?;
    }
}

/// Fills `data` with what is received next. It is empty at the end, which may come without close_notify unless flags forbid that.
fn receive(stream: &mut Stream<Transport>, flags: &Flags, data: &mut Vec<u8>) -> Result<(), Failure> {
    data.clear();
    let most = flags.read_size.unwrap_or(READ_SIZE);
    match stream.receive() {
        Ok(received) => data.extend(received.iter().take(most)),
        Err(StreamError::Tls(Error::Truncated)) if !flags.checks_close => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    if flags.peek_then_read && !stream.receive()?.starts_with(data) {
        return Err(Failure::Shim("the same data was read in another way".into()));
    }
    stream.consume(data.len());
    Ok(())
}

/// The runner sends tickets, unless a flag says that it does not.
fn check_tickets(newest: Option<&Ticket>, flags: &Flags) -> Result<(), Failure> {
    if flags.shuts_down {
        return Ok(());
    }
    expect("no ticket", &newest.is_none(), &flags.expects_no_ticket)?;
    let takes_early_data = newest.is_some_and(|ticket| ticket.max_early_data_bytes.is_some());
    expect("early data with the ticket", &takes_early_data, &flags.expects_early_data_ticket)
}

/// Exchanges close_notify where the test is about it, and ends the connection without it elsewhere.
fn close(stream: &mut Stream<Transport>, flags: &Flags) -> Result<(), Failure> {
    if !flags.checks_close {
        return Ok(());
    }
    stream.close()?;
    let rest = stream.receive()?;
    if rest.is_empty() { Ok(()) } else { Err(Failure::Connection("data instead of the peer's close_notify".into())) }
}

/// The application traffic secrets, as a key log has them: of the client and of the server.
#[derive(Default)]
struct TrafficSecrets(Mutex<[Option<Secret>; 2]>);

impl TrafficSecrets {
    /// Their length in two bytes, little-endian, then that for reading and that for writing.
    fn export(&self, is_server: bool) -> Result<Vec<u8>, Failure> {
        let secrets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [Some(client), Some(server)] = &*secrets else {
            return Err(Failure::Shim("the key log lacks a traffic secret".into()));
        };
        let (read, write) = if is_server { (client, server) } else { (server, client) };
        let len = u16::try_from(read.as_bytes().len()).unwrap_or_default().to_le_bytes();
        Ok([&len, read.as_bytes(), write.as_bytes()].concat())
    }
}

impl KeyLog for TrafficSecrets {
    fn log(&self, label: SecretLabel, _client_random: &[u8; 32], secret: &Secret) {
        let place = match label {
            SecretLabel::ClientApplication => 0,
            SecretLabel::ServerApplication => 1,
            _ => return,
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner)[place] = Some(secret.clone());
    }
}
