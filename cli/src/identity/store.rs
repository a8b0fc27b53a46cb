use std::collections::BTreeSet;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;
use tls_engine::pki;

use super::certificates;
use crate::error::Error;

/// The variables that name other authorities than those of the system, as OpenSSL knows them: a file, and folders.
const FILE: &str = "SSL_CERT_FILE";
const FOLDERS: &str = "SSL_CERT_DIR";
/// How many files of a folder are read.
const FILES_MAX: usize = 10_000;
/// How many bytes of certificates are kept.
const BYTES_MAX: usize = 64 << 20;
/// How many unusable files and certificates are reported individually.
const TOLD_MAX: usize = 8;

/// The authorities that this system trusts, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name instead. What of these can't
/// be used becomes a note, or an error where nothing else is left.
pub fn system_store(notes: &mut Vec<String>) -> Result<Vec<CertificateDer<'static>>, Error> {
    let (file, folders) = (env::var_os(FILE), env::var_os(FOLDERS).filter(|folders| !folders.is_empty()));
    if file.is_none() && folders.is_none() {
        // A store may hold entries that can't be read; what can be is enough, unless nothing is.
        let usable: Vec<_> = rustls_native_certs::load_native_certs()
            .certs
            .into_iter()
            .filter(|root| pki::check_root(root).is_ok())
            .collect();
        if usable.is_empty() {
            let message = "this system has no store of trusted authorities; use --cacert FILE";
            return Err(Error::Usage(message.to_owned()));
        }
        return Ok(usable);
    }
    let mut store = Store::default();
    if let Some(file) = file {
        if file.is_empty() {
            return Err(Error::Usage(format!(
                "{FILE} is set and names no file: unset it, or name one with --cacert FILE"
            )));
        }
        store.add_file(FILE, Path::new(&file))?;
        // A variable that names one file is taken literally.
        if store.roots.is_empty() {
            return store.finish(notes);
        }
    }
    if let Some(folders) = folders {
        store.add_folders(&folders)?;
    }
    store.finish(notes)
}

/// Where [`system_store`] takes the authorities from, for people.
pub fn source_of_store() -> String {
    let set = [FILE, FOLDERS].into_iter().filter(|name| env::var_os(name).is_some_and(|value| !value.is_empty()));
    let set: Vec<&str> = set.collect();
    if set.is_empty() { "this system".to_owned() } else { set.join(" and ") }
}

#[derive(Default)]
struct Store {
    roots: Vec<CertificateDer<'static>>,
    bytes: usize,
    /// What could not be used.
    troubles: Vec<String>,
}

impl Store {
    fn add_file(&mut self, variable: &str, path: &Path) -> Result<(), Error> {
        let mut notes = Vec::new();
        let found = match certificates(path, &mut notes) {
            Ok(found) => found,
            Err(error) => {
                self.troubles.push(format!("{variable}: {error}"));
                return Ok(());
            }
        };
        self.troubles.extend(notes.into_iter().map(|note| format!("{variable}: {note}")));
        for (index, root) in found.into_iter().enumerate() {
            if let Err(why) = pki::check_root(&root) {
                self.troubles.push(format!("{variable}: {}: certificate {}: {why}", path.display(), index + 1));
                continue;
            }
            self.bytes += root.len();
            if self.bytes > BYTES_MAX {
                return Err(Error::Usage(format!(
                    "{variable} names more than {} MiB of certificates",
                    BYTES_MAX >> 20
                )));
            }
            self.roots.push(root);
        }
        Ok(())
    }

    /// Folders are not searched for folders. Only files count, once each: `openssl rehash` gives them further names.
    fn add_folders(&mut self, folders: &OsStr) -> Result<(), Error> {
        let mut seen = BTreeSet::new();
        for folder in env::split_paths(folders) {
            let unreadable = |error| format!("{FOLDERS}: can't read {}: {error}", folder.display());
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.troubles.push(unreadable(error));
                    continue;
                }
            };
            let before = self.roots.len();
            let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).take(FILES_MAX + 1).collect();
            if paths.len() > FILES_MAX {
                return Err(Error::Usage(format!("{FOLDERS}: {} has more than {FILES_MAX} files", folder.display())));
            }
            paths.sort_unstable();
            for path in paths.iter().filter(|path| path.is_file()) {
                if fs::canonicalize(path).is_ok_and(|target| seen.insert(target)) {
                    self.add_file(FOLDERS, path)?;
                }
            }
            if self.roots.len() == before {
                self.troubles.push(format!("{FOLDERS}: {} holds no certificate", folder.display()));
            }
        }
        Ok(())
    }

    fn finish(mut self, notes: &mut Vec<String>) -> Result<Vec<CertificateDer<'static>>, Error> {
        let more = self.troubles.len().saturating_sub(TOLD_MAX);
        self.troubles.truncate(TOLD_MAX);
        if more > 0 {
            self.troubles
                .push(format!("{more} more files and certificates that {FILE} and {FOLDERS} name can't be used"));
        }
        if self.roots.is_empty() {
            if self.troubles.is_empty() {
                self.troubles.push(format!("{FILE} and {FOLDERS} name no certificate"));
            }
            let why = self.troubles.join("; ");
            return Err(Error::Usage(format!(
                "{why}: no authority is trusted; correct or unset the variable, or use --cacert FILE"
            )));
        }
        notes.append(&mut self.troubles);
        self.roots.sort_unstable_by(|one, other| one.cmp(other));
        self.roots.dedup();
        Ok(self.roots)
    }
}
