//! Files of throw-away certificates.

use tempfile::TempDir;

use super::pki::{Identity, KeyKind, Pki};

/// The kind of their keys.
pub const KIND: KeyKind = KeyKind::EcdsaP256;

/// A folder with an authority, `ca.pem`, and for each name a chain, a key, and both in one file.
pub struct Files(TempDir);

impl Files {
    /// With the certificate `client`.
    pub fn new() -> Self {
        let files = Self(TempDir::new().expect("a temporary directory"));
        files.write("ca.pem", &Pki::shared(KIND).root_pem());
        files.write_identity("client", Pki::shared_client(KIND));
        files
    }

    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("a file");
    }

    pub fn write_identity(&self, name: &str, identity: &Identity) {
        self.write(&format!("{name}.pem"), &identity.chain_pem);
        self.write(&format!("{name}.key"), &identity.key_pem);
        self.write(&format!("{name}-both.pem"), &(identity.chain_pem.clone() + &identity.key_pem));
    }
}
