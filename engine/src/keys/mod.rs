//! The transcript, the key schedule of TLS 1.3, exporters, external pre-shared keys and the key log.

mod exporter;
mod external_psk;
mod key_log;
mod known;
mod schedule;
mod transcript;

pub use exporter::Exporter;
pub use external_psk::{ExternalPsk, PskHash, PskOrigin};
pub use key_log::{KeyLog, KeyLogFile, SecretLabel};
pub use schedule::{
    EarlySecret, FinishedKey, HandshakeKeys, HandshakeSecret, HandshakeSecrets, MasterSecret, PskSecret, Ratchet,
    TrafficKeys, TrafficSecret, hkdf_expand_label, resumption_psk,
};
pub use transcript::Transcript;
