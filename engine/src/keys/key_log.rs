use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;

use crate::error::Error;
use crate::mem::Secret;

/// Which secret a line of a key log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretLabel {
    /// `client_handshake_traffic_secret`
    ClientHandshake,
    /// `server_handshake_traffic_secret`
    ServerHandshake,
    /// `client_application_traffic_secret_0`
    ClientApplication,
    /// `server_application_traffic_secret_0`
    ServerApplication,
    /// `exporter_master_secret`
    Exporter,
}

impl SecretLabel {
    /// The label in a file of the SSLKEYLOGFILE format (RFC 9850 2.2).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientHandshake => "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            Self::ServerHandshake => "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            Self::ClientApplication => "CLIENT_TRAFFIC_SECRET_0",
            Self::ServerApplication => "SERVER_TRAFFIC_SECRET_0",
            Self::Exporter => "EXPORTER_SECRET",
        }
    }
}

/// Where secrets are told to, for programs that decrypt captured traffic. Whoever has them can read the connection.
pub trait KeyLog: Send + Sync {
    /// Tells one secret of the connection that has this `client_random`.
    fn log(&self, label: SecretLabel, client_random: &[u8; 32], secret: &Secret);
}

/// A file in the SSLKEYLOGFILE format, one line per secret, that is appended to.
pub struct KeyLogFile {
    file: Mutex<File>,
}

impl KeyLogFile {
    /// Opens or makes the file at `path`; [`Error::Config`] where that can't be done.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(|error| Error::Config(format!("can't write the key log {}: {error}", path.display())))?;
        Ok(Self { file: Mutex::new(file) })
    }
}

impl KeyLog for KeyLogFile {
    fn log(&self, label: SecretLabel, client_random: &[u8; 32], secret: &Secret) {
        let line = format!("{} {} {}\n", label.as_str(), hex(client_random), hex(secret.as_bytes()));
        // A log that can't be written must not end a connection.
        let _ = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner).write_all(line.as_bytes());
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
