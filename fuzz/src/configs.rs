//! Clients and servers of the engine whose settings are bits of an input.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls_pki_types::ServerName;
use tls_engine::codes::NamedGroup;
use tls_engine::conn::{ClientConfig, ServerConfig};
use tls_engine::crypto::{Provider, Suite};
use tls_engine::pki::{CertifiedKey, ClientVerifier};
use tls_engine::session::{MemoryTickets, Ticket, TicketKeys, TicketStore};
use tls_engine::switches::Switches;

use crate::support::pki::{KeyKind, Pki};
use crate::support::scripted::psk::ticket_of;
use crate::support::seeded::{CLIENT, SERVER, rewind, stopped_clock};
use crate::support::{client, server};

/// The kind of all keys: its signatures are the same every time.
pub(crate) const KIND: KeyKind = KeyKind::Ed25519;

/// The only protocol name.
pub(crate) const PROTOCOL: &[u8] = b"h2";

/// So many records that even short programs update keys by themselves.
const FEW_RECORDS: u64 = 3;

/// What can be set, as bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Settings(pub(crate) u8);

impl Settings {
    /// Whether there is a HelloRetryRequest.
    pub(crate) const fn retries(self) -> bool {
        self.0 & 1 != 0
    }

    /// Whether the other side of the same connection updates its keys after few records.
    const fn few_records(self) -> bool {
        self.0 & 2 != 0
    }

    /// Whether a protocol is offered, and chosen.
    pub(crate) const fn names_protocol(self) -> bool {
        self.0 & 4 != 0
    }

    /// Whether all goes the slow way.
    const fn is_plain(self) -> bool {
        self.0 & 8 != 0
    }

    /// Whether there are cookies and, of clients, no compatibility mode.
    const fn is_odd(self) -> bool {
        self.0 & 16 != 0
    }

    /// Whether the server gives tickets, and the client has one. The suite is one that another setting has as well.
    pub(crate) const fn resumes(self) -> bool {
        self.0 >> 5 == 7
    }

    /// Whether the server asks for the client's certificate: with one of the suites.
    pub(crate) const fn asks(self) -> bool {
        self.0 >> 5 == 3
    }

    /// The same with all that can be switched the other way.
    pub(crate) const fn switched(self) -> Self {
        Self(self.0 ^ 8)
    }

    /// The cipher suite of scripts and servers.
    pub(crate) fn suite(self) -> &'static Suite {
        let suites = &provider().suites;
        &suites[usize::from(self.0 >> 5) % suites.len()]
    }

    /// The group of the shared secret.
    pub(crate) fn group(self) -> NamedGroup {
        match (self.0 >> 5, self.retries()) {
            // There are five suites, so that these would be the first ones again.
            (5, _) => NamedGroup::X25519_MLKEM768,
            (6, _) => NamedGroup::SECP384R1_MLKEM1024,
            (_, true) => NamedGroup::SECP256R1,
            (_, false) => NamedGroup::X25519,
        }
    }

    /// The groups that a client offers, where they are not those that all have. It has a share of the first alone.
    pub(crate) fn client_groups(self) -> Option<[NamedGroup; 2]> {
        let (asked, other) = (self.group(), NamedGroup::X25519);
        let groups = if self.retries() { [other, asked] } else { [asked, other] };
        asked.is_post_quantum().then_some(groups)
    }

    fn switches(self) -> Switches {
        let all = Switches::all();
        if self.is_plain() {
            Switches { zero_copy: false, inline: false, arena: false, counters: true, ..all }
        } else {
            all
        }
    }
}

/// All cryptography with randomness of ours.
pub(crate) fn provider() -> &'static Provider {
    Provider::by_name("rustcrypto").expect("a provider of this build")
}

/// A server, made once.
pub(crate) fn server_config(settings: Settings) -> Arc<ServerConfig> {
    static MADE: Mutex<Option<HashMap<Settings, Arc<ServerConfig>>>> = Mutex::new(None);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let made = made.get_or_insert_default().entry(settings);
    let config = made.or_insert_with(|| {
        server(provider(), KIND, |builder| {
            let builder = builder.random(&SERVER).clock(stopped_clock()).switches(settings.switches());
            let builder =
                builder.suites(&[settings.suite().code]).groups(&[settings.group()]).cookie(settings.is_odd());
            let builder = if settings.resumes() { builder.tickets(Arc::new(ticket_keys())) } else { builder };
            let builder = if settings.asks() { builder.client_verifier(client_verifier()) } else { builder };
            let builder = if settings.names_protocol() { builder.alpn(&[PROTOCOL]) } else { builder };
            if settings.few_records() { builder.records_per_key(FEW_RECORDS) } else { builder }
        })
    });
    config.clone()
}

/// What every server that asks for certificates verifies them with.
fn client_verifier() -> ClientVerifier {
    ClientVerifier::new(&[Pki::shared(KIND).root()]).expect("a root")
}

/// The certificate of every client that is asked for one.
fn client_certificate() -> CertifiedKey {
    let identity = Pki::shared_client(KIND);
    CertifiedKey::new(provider(), identity.chain.clone(), &identity.key).expect("a key for its leaf")
}

/// What every server seals its tickets with.
fn ticket_keys() -> TicketKeys {
    TicketKeys::from_secret(provider(), 3600, &[0x7e; TicketKeys::SECRET_MIN]).expect("keys")
}

/// A ticket of every server that gives any, made once. All randomness starts anew before and after.
pub(crate) fn ticket() -> &'static Ticket {
    static MADE: OnceLock<Ticket> = OnceLock::new();
    MADE.get_or_init(|| {
        rewind();
        let settings = Settings(7 << 5);
        let store = Arc::new(MemoryTickets::default());
        let client = client(provider(), KIND, |builder| {
            let builder = builder.random(&CLIENT).clock(stopped_clock()).suites(&[settings.suite().code]);
            builder.tickets(store.clone())
        });
        let ticket = ticket_of(&client, &server_config(settings), &*store);
        rewind();
        ticket
    })
}

/// Every client finds the ticket, whatever others have done.
struct OneTicket;

impl TicketStore for OneTicket {
    fn put(&self, _: &ServerName<'static>, _: Ticket) {}

    fn take(&self, _: &ServerName<'static>) -> Option<Ticket> {
        Some(ticket().clone())
    }
}

/// A client, made once.
pub(crate) fn client_config(settings: Settings) -> Arc<ClientConfig> {
    if settings.resumes() {
        ticket();
    }
    static MADE: Mutex<Option<HashMap<Settings, Arc<ClientConfig>>>> = Mutex::new(None);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let made = made.get_or_insert_default().entry(settings);
    let config = made.or_insert_with(|| {
        client(provider(), KIND, |builder| {
            let builder = builder.random(&CLIENT).clock(stopped_clock()).switches(settings.switches());
            let builder = builder.middlebox_compatibility(!settings.is_odd());
            let builder = match settings.client_groups() {
                Some(groups) => builder.groups(&groups),
                None => builder,
            };
            let builder = if settings.resumes() { builder.tickets(Arc::new(OneTicket)) } else { builder };
            let builder = if settings.asks() { builder.certificate(client_certificate()) } else { builder };
            let builder = if settings.names_protocol() { builder.alpn(&[PROTOCOL]) } else { builder };
            if settings.few_records() { builder.records_per_key(FEW_RECORDS) } else { builder }
        })
    });
    config.clone()
}
