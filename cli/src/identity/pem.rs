use std::path::{Path, PathBuf};

use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tls_engine::limits::PEM_MAX;
use tls_engine::pki::{self, PemKind, PemSection};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::files;

/// How many sections of a file that are not used are named one by one.
const NAMED_MAX: usize = 8;

/// A PEM file that somebody named. There may be a key in each, so that the text of each is wiped when it is dropped.
pub(super) struct PemFile {
    path: PathBuf,
    text: Zeroizing<Vec<u8>>,
    sections: Vec<PemSection>,
}

impl PemFile {
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let text = files::read_secret(path, PEM_MAX).map_err(|source| Error::read(path, source))?;
        let content = |source| Error::Content { path: path.to_owned(), source };
        if let Some(encoding) = files::foreign_encoding(&text) {
            return Err(content(tls_engine::Error::Config(files::NotText::Foreign(encoding).to_string())));
        }
        let sections = pki::sections_of_pem(&text).map_err(content)?;
        Ok(Self { path: path.to_owned(), text, sections })
    }

    pub(super) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, Error> {
        pki::certificates_from_pem(&self.text).map_err(|source| self.content(source))
    }

    pub(super) fn private_key(&self) -> Result<Zeroizing<PrivateKeyDer<'static>>, Error> {
        pki::private_key_from_pem(&self.text).map_err(|source| self.content(source))
    }

    /// What is in it beside certificates.
    pub(super) fn others_than_certificates(&self) -> Vec<String> {
        self.named(self.sections.iter().filter(|section| section.kind != PemKind::Certificate))
    }

    /// What is used of neither a file of certificates nor one with a key: certificates beside the key, and a key beside the
    /// certificates, are, where it is one file.
    pub(super) fn unused(certificates: &Self, key: &Self) -> Vec<String> {
        let is_one = files::file_id(&certificates.path) == files::file_id(&key.path);
        let mut keys_before = 0;
        let unused = key.sections.iter().filter(|section| match section.kind {
            PemKind::Certificate => !is_one,
            PemKind::PrivateKey => {
                keys_before += 1;
                keys_before > 1
            }
            PemKind::RevocationList | PemKind::Other => true,
        });
        let mut notes = key.named(unused);
        if !is_one {
            notes.extend(certificates.others_than_certificates());
        }
        notes
    }

    fn named<'a>(&self, unused: impl Iterator<Item = &'a PemSection>) -> Vec<String> {
        // They stand in the key, too, where `openssl ecparam -genkey` writes both.
        let has_key = self.sections.iter().any(|section| section.kind == PemKind::PrivateKey);
        let mut unused = unused.filter(|section| !(has_key && section.label == "EC PARAMETERS"));
        let path = self.path.display();
        let mut notes: Vec<String> = unused
            .by_ref()
            .take(NAMED_MAX)
            .map(|section| format!("{path}: the section {} in line {} is not used", section.label, section.line))
            .collect();
        let more = unused.count();
        if more > 0 {
            notes.push(format!("{path}: {more} more sections are not used"));
        }
        notes
    }

    fn content(&self, source: tls_engine::Error) -> Error {
        Error::Content { path: self.path.clone(), source }
    }
}
