//! The transcript, the key schedule of TLS 1.3 and the key log.

mod empty_digest;
mod key_log;
mod schedule;
mod transcript;

pub use key_log::{KeyLog, KeyLogFile, SecretLabel};
pub use schedule::{
    EarlySecret, HandshakeSecret, MasterSecret, Ratchet, TrafficKeys, TrafficSecret, hkdf_expand_label, resumption_psk,
};
pub use transcript::Transcript;
