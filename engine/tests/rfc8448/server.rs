//! The engine's server against the client of section 4, whose first flight depends on nothing that a server chooses.
//!
//! Beyond that flight the trace can't be followed: ServerHello and EncryptedExtensions have the extensions of the trace in another order, and
//! more of them.

use std::sync::{Arc, Mutex};

use rustls_pki_types::{ServerName, UnixTime};
use tls_engine::codes::CipherSuite;
use tls_engine::conn::{Clock, ServerConfig, SystemClock};
use tls_engine::crypto::{Provider, Random};
use tls_engine::{Error, KeyLog, SecretLabel};

use tls_engine::mem::Secret;
use tls_engine::session::{MemoryTickets, ReplayRegister, SessionState, TicketStore, Tickets};

use crate::replay::hex;
use crate::support::peer::{Peer, pump};
use crate::support::pki::{KeyKind, Pki};
use crate::support::{client, server_with};
use crate::trace::{self, Role, Step};

const KIND: KeyKind = KeyKind::EcdsaP256;
const NAME: &str = "server";
/// `ticket_age_add` and `ticket` of the NewSessionTicket in section 3 are behind the header and the lifetime, and behind the nonce.
const AGE_ADD: std::ops::Range<usize> = 8..12;
const TICKET: std::ops::Range<usize> = 17..195;

/// What the server of section 3 knows.
struct Ticket {
    bytes: Vec<u8>,
    psk: Vec<u8>,
    /// A session of the engine's own, whose PSK is replaced.
    session: Mutex<Option<SessionState>>,
}

impl Tickets for Ticket {
    fn lifetime_s(&self) -> u32 {
        30
    }

    fn seal(&self, session: &SessionState, _: &dyn Random, _: UnixTime, ticket: &mut Vec<u8>) -> Result<(), Error> {
        *self.session.lock().unwrap() = Some(session.clone());
        ticket.extend_from_slice(&self.bytes);
        Ok(())
    }

    fn open(&self, ticket: &[u8], _: UnixTime) -> Option<SessionState> {
        assert_eq!(ticket, self.bytes);
        self.session.lock().unwrap().clone()
    }
}

impl Ticket {
    fn replace_psk(&self, old: &[u8]) {
        let mut session = self.session.lock().unwrap();
        let state = session.as_mut().expect("a ticket was made").as_mut_bytes();
        let at = state.windows(old.len()).position(|window| window == old).expect("the PSK of the ticket");
        state[at..at + old.len()].copy_from_slice(&self.psk);
    }
}

/// Random, but for numbers of four bytes: those are the `ticket_age_add` of the trace.
struct AgeAdd;

impl Random for AgeAdd {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        match bytes.len() {
            4 => bytes.copy_from_slice(&new_session_ticket()[AGE_ADD]),
            _ => Provider::auto().random.fill(bytes)?,
        }
        Ok(())
    }
}

#[derive(Default)]
struct EarlySecrets(Mutex<Vec<String>>);

impl KeyLog for EarlySecrets {
    fn log(&self, label: SecretLabel, _: &[u8; 32], secret: &Secret) {
        if label == SecretLabel::ClientEarly {
            self.0.lock().unwrap().push(hex(secret.as_bytes()));
        }
    }
}

fn new_session_ticket() -> Vec<u8> {
    value(&trace::parse(include_str!("section3.txt")), Role::Server, "message NewSessionTicket", "bytes").remove(0)
}

/// The values of that name of all such steps.
fn value(steps: &[Step], role: Role, action: &str, name: &str) -> Vec<Vec<u8>> {
    let steps = steps.iter().filter(|step| step.role == role && step.action == action && !step.same_as_peer);
    steps.map(|step| step.values[name].clone()).collect()
}

/// A server that has the session of section 3.
fn server_of_section_3(provider: &'static Provider, psk: &[u8], log: Arc<EarlySecrets>) -> Arc<ServerConfig> {
    let bytes = new_session_ticket()[TICKET].to_vec();
    let ticket = Arc::new(Ticket { bytes, psk: psk.to_vec(), session: Mutex::default() });
    let register = Arc::new(ReplayRegister::new(10, SystemClock.now()));
    let identity = Pki::shared(KIND).issue(KIND, |leaf| {
        leaf.subject_alt_names = vec![rcgen::SanType::DnsName(NAME.try_into().unwrap())];
    });
    let suites = [CipherSuite::AES_128_GCM_SHA256];
    let server = server_with(provider, &identity, |builder| {
        builder.suites(&suites).tickets(ticket.clone()).early_data(1024, register).random(&AgeAdd).key_log(log)
    });
    let store = Arc::new(MemoryTickets::default());
    let config = client(provider, KIND, |builder| builder.suites(&suites).tickets(store.clone()));
    let name = ServerName::try_from(NAME).unwrap();
    pump(&mut Peer::client(&config, name.clone()).unwrap(), &mut Peer::server(&server)).unwrap();
    ticket.replace_psk(store.take(&name).expect("a ticket").psk.as_bytes());
    server
}

#[test]
fn it_takes_the_first_flight_of_section_4() {
    let steps = trace::parse(include_str!("section4.txt"));
    let of_client = |action, name| value(&steps, Role::Client, action, name);
    let psk = of_client("extract early", "ikm").remove(0);
    let [hello, end_of_early_data, finished] = &of_client("record handshake", "record")[..] else { panic!("three") };
    for provider in Provider::all() {
        let log = Arc::<EarlySecrets>::default();
        let mut server = Peer::server(&server_of_section_3(provider, &psk, log.clone()));
        server.feed(hello).unwrap();
        assert_eq!(*log.0.lock().unwrap(), [hex(&of_client("secret c e traffic", "expanded")[0])], "{}", provider.name);
        server.feed(&of_client("record application_data", "record")[0]).unwrap();
        assert_eq!(server.connection.take_early_data(), of_client("record application_data", "payload")[0]);
        server.feed(end_of_early_data).unwrap();
        // The first record with keys that depend on this server's ServerHello.
        assert_eq!(server.feed(finished), Err(Error::BadRecordMac));
    }
}
