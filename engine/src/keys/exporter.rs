use super::known;
use super::schedule::{LABEL_MAX, MasterSecret, hkdf_expand_label};
use crate::crypto::{HKDF_BLOCKS_MAX, Hash};
use crate::error::Error;
use crate::mem::{Digest, Secret};

/// `exporter_master_secret`, which keys of the application come from (RFC 8446 7.5).
pub struct Exporter {
    hash: &'static dyn Hash,
    secret: Secret,
}

impl Exporter {
    /// That of a connection, over ClientHello...server Finished.
    pub fn new(master: &MasterSecret, messages: &Digest) -> Self {
        Self { hash: master.hash(), secret: master.exporter(messages) }
    }

    /// The secret itself.
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// TLS-Exporter(label, context, length of `output`).
    pub fn export(&self, label: &[u8], context: &[u8], output: &mut [u8]) -> Result<(), Error> {
        if label.len() > LABEL_MAX {
            return Err(Error::Usage("a label for exported keying material has at most 249 bytes"));
        }
        if output.len() > HKDF_BLOCKS_MAX * self.hash.output_len() {
            return Err(Error::Usage("at most 255 times the length of the suite's hash is exported at once"));
        }
        let mut derived = Secret::zeroed(self.hash.output_len());
        let empty = known::empty_digest(self.hash);
        hkdf_expand_label(self.hash, self.secret.as_bytes(), label, empty.as_bytes(), derived.as_mut_bytes());
        let context = self.hash.digest(&[context]);
        hkdf_expand_label(self.hash, derived.as_bytes(), b"exporter", context.as_bytes(), output);
        Ok(())
    }
}
