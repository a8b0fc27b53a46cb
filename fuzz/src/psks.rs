//! The pre-shared keys that players offer and select, right ones and others.

use std::ops::Range;

use tls_engine::codes::{ContentType, ExtensionType, HandshakeType};
use tls_engine::internal::msgs::{OfferedExtensions, ServerHelloOrRetry, StapledRequest};
use tls_engine::limits::PSKS_TRIED_MAX;
use tls_engine::mem::Secret;

use crate::configs::ticket;
use crate::support::scripted::client::ScriptedClient;
use crate::support::scripted::draft::{ServerHelloDraft, numbers};
use crate::support::scripted::keys::record_len;
use crate::support::scripted::psk::{Offer, pre_shared_key};

/// The length of a binder with the suite that resumes, bytes.
const BINDER_LEN: usize = 32;

/// What a client offers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientPsks {
    Ticket,
    SecondTicket,
    /// Behind so many identities that nobody looks at it.
    LateTicket,
    WrongSecond,
    OtherBinder,
    LongBinder,
    ShortBinder,
    Nothing,
}

impl ClientPsks {
    const ALL: [Self; 8] = [
        Self::Ticket,
        Self::SecondTicket,
        Self::LateTicket,
        Self::WrongSecond,
        Self::OtherBinder,
        Self::LongBinder,
        Self::ShortBinder,
        Self::Nothing,
    ];

    pub(crate) fn chosen(choice: u8) -> Self {
        Self::ALL[usize::from(choice) % Self::ALL.len()]
    }

    /// Whether the binder of the ticket is right, and somebody looks at it.
    pub(crate) const fn is_bound(self) -> bool {
        matches!(self, Self::Ticket | Self::SecondTicket | Self::WrongSecond)
    }

    /// The bytes of a hello of so many that no binder that is looked at covers, nor are they of one: the binder of another PSK (RFC 8446
    /// 4.2.11.2).
    pub(crate) const fn uncovered(self, hello_len: usize) -> Range<usize> {
        /// With the length before it.
        const WHOLE: usize = 1 + BINDER_LEN;
        match self {
            Self::WrongSecond => hello_len - BINDER_LEN..hello_len,
            Self::SecondTicket => hello_len - WHOLE - BINDER_LEN..hello_len - WHOLE,
            _ => hello_len..hello_len,
        }
    }

    /// Puts them at the end of the next hello of a client with the ticket.
    pub(crate) fn offer(self, client: &mut ScriptedClient) {
        let right = Offer::of(ticket());
        let wrong = Offer { binder: vec![0x5a; BINDER_LEN], ..right.clone() };
        let behind = |unknown: usize| [vec![Offer::unknown(); unknown], vec![right.clone()]].concat();
        let offers = match self {
            Self::SecondTicket => behind(1),
            Self::LateTicket => behind(PSKS_TRIED_MAX),
            Self::WrongSecond => vec![right, wrong],
            _ => vec![right],
        };
        client.offer_psks(offers);
        let extensions = client.hello.extensions();
        let content = extensions.get(ExtensionType::PRE_SHARED_KEY);
        let mut binder = content[content.len() - BINDER_LEN..].to_vec();
        match self {
            Self::OtherBinder => binder[31] ^= 1,
            Self::LongBinder => binder.push(0),
            Self::ShortBinder => binder.truncate(31),
            Self::Nothing => return extensions.remove(ExtensionType::PRE_SHARED_KEY),
            _ => return,
        }
        extensions.set(ExtensionType::PRE_SHARED_KEY, pre_shared_key(&[Offer { binder, ..Offer::of(ticket()) }]));
    }
}

/// What a server selects.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerPsks {
    Ticket,
    Nothing,
    /// The ticket, whose PSK it does not know.
    UnknownPsk,
    /// An identity behind the only one.
    SecondIdentity,
}

impl ServerPsks {
    const ALL: [Self; 4] = [Self::Ticket, Self::Nothing, Self::UnknownPsk, Self::SecondIdentity];

    pub(crate) fn chosen(choice: u8) -> Self {
        Self::ALL[usize::from(choice) % Self::ALL.len()]
    }

    /// The PSK that the server has.
    pub(crate) fn psk(self) -> Option<Secret> {
        match self {
            Self::Nothing => None,
            Self::UnknownPsk => Some(Secret::copy_of(&[7; 32])),
            Self::Ticket | Self::SecondIdentity => Some(ticket().psk.as_ref().clone()),
        }
    }

    /// Changes a ServerHello that selects the first PSK.
    pub(crate) fn select(self, hello: &mut ServerHelloDraft) {
        if self == Self::SecondIdentity {
            hello.extensions().set(ExtensionType::PRE_SHARED_KEY, numbers(&[1]));
        }
    }
}

/// Which PSK a ServerHello selects.
pub(crate) fn selected_identity(message: &[u8]) -> Option<u16> {
    let offered = OfferedExtensions {
        server_name: true,
        alpn: true,
        cookie: true,
        stapled: StapledRequest { ocsp_response: true, timestamps: true },
        certificate_compression: true,
        record_size_limit: true,
        early_data: true,
        pre_shared_key: true,
    };
    match ServerHelloOrRetry::decode(message.get(4..)?, offered) {
        Ok(ServerHelloOrRetry::Hello(hello)) if message[0] == HandshakeType::SERVER_HELLO.0 => hello.selected_identity,
        _ => None,
    }
}

/// The last whole message in the clear records of `bytes`.
pub(crate) fn last_message(mut bytes: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    while let Some(len) = record_len(bytes) {
        if bytes[0] == ContentType::HANDSHAKE.0 {
            stream.extend_from_slice(&bytes[5..len]);
        }
        bytes = &bytes[len..];
    }
    let (mut rest, mut last) = (&stream[..], &[][..]);
    while let Some(header) = rest.first_chunk::<4>() {
        let len = 4 + u32::from_be_bytes([0, header[1], header[2], header[3]]) as usize;
        let Some((message, behind)) = rest.split_at_checked(len) else { break };
        (last, rest) = (message, behind);
    }
    last.to_vec()
}
