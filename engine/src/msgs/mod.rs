//! The handshake messages of RFC 8446 4, with encoding and decoding side by side, as views of the received bytes.

mod alert;
mod certificate;
mod certificate_request;
mod certificate_verify;
mod client_hello;
mod encrypted_extensions;
mod extensions;
mod finished;
mod header;
mod ignored_extensions;
mod key_update;
mod legacy_version;
mod message;
mod new_session_ticket;
mod pre_shared_key;
mod record_size_limit;
mod server_hello;
mod stapled;
mod wanted_certificate;

pub use alert::{Alert, AlertLevel};
pub use certificate::{CertificateMessage, encode_certificate};
pub use certificate_request::{CertificateRequest, encode_certificate_request};
pub use certificate_verify::{CertificateVerify, SignedContent, Signer, signed_content};
pub use client_hello::{ClientHello, ClientHelloParameters, KeyShareEntry, OfferedExtensions};
pub use encrypted_extensions::EncryptedExtensions;
pub use extensions::{Extension, Extensions};
pub use finished::Finished;
pub use header::Header;
pub use key_update::{KeyUpdate, KeyUpdateRequest};
use legacy_version::decode_legacy_version;
pub use message::{Message, encode_message};
pub use new_session_ticket::NewSessionTicket;
pub use pre_shared_key::{OfferedPsk, OfferedPsks, PskOffer};
pub use server_hello::{HELLO_RETRY_REQUEST_RANDOM, HelloRetryRequest, ServerHello, ServerHelloOrRetry};
pub use stapled::{StapledExtensions, StapledRequest};
pub use wanted_certificate::WantedCertificate;
