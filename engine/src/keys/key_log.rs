use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::error::Error;
use crate::mem::Secret;

/// Which secret a line of a key log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretLabel {
    /// `client_early_traffic_secret`
    ClientEarly,
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
            Self::ClientEarly => "CLIENT_EARLY_TRAFFIC_SECRET",
            Self::ClientHandshake => "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            Self::ServerHandshake => "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            Self::ClientApplication => "CLIENT_TRAFFIC_SECRET_0",
            Self::ServerApplication => "SERVER_TRAFFIC_SECRET_0",
            Self::Exporter => "EXPORTER_SECRET",
        }
    }
}

/// Receives the secrets of connections, for programs that decrypt captured traffic. Anyone who has them can read the connection.
pub trait KeyLog: Send + Sync {
    /// Logs one secret of the connection with this `client_random`.
    fn log(&self, label: SecretLabel, client_random: &[u8; 32], secret: &Secret);
}

/// Appends secrets to a file in the SSLKEYLOGFILE format, a line each.
pub struct KeyLogFile {
    state: Mutex<LogState>,
}

struct LogState {
    file: File,
    on_failure: Option<OnFailure>,
}

type OnFailure = Box<dyn FnOnce(io::Error) + Send>;

impl KeyLogFile {
    /// Opens the file at `path`, or creates one that only its owner may read. [`Error::Config`] where that fails.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = open(path)
            .map_err(|error| Error::Config(format!("can't write the key log {}: {error}", path.display())))?;
        Ok(Self::new(file))
    }

    /// Writes to a file that is open already, such as standard error.
    pub fn new(file: File) -> Self {
        Self { state: Mutex::new(LogState { file, on_failure: None }) }
    }

    /// Calls `tell` with the first failure to write. A failure ends no connection, but secrets are missing from then on.
    pub fn on_failure(mut self, tell: impl FnOnce(io::Error) + Send + 'static) -> Self {
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner).on_failure = Some(Box::new(tell));
        self
    }
}

impl KeyLog for KeyLogFile {
    fn log(&self, label: SecretLabel, client_random: &[u8; 32], secret: &Secret) {
        let line = format!("{} {} {}\n", label.as_str(), hex(client_random), hex(secret.as_bytes()));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // A log that can't be written must not end a connection.
        if let Err(error) = state.file.write_all(line.as_bytes())
            && let Some(tell) = state.on_failure.take()
        {
            tell(error);
        }
    }
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
    // This does not follow links, not even dangling ones.
    match OpenOptions::new().append(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let file = OpenOptions::new().append(true).open(path)?;
    let found = path.symlink_metadata()?;
    let behind = file.metadata()?;
    // In a directory that all may write to, anyone may have made a link: to a file of theirs, or to one of ours.
    let own = own_uid();
    let is_ours = own == Some(behind.uid()) && (own == Some(found.uid()) || found.uid() == 0);
    // Links of the system, such as /dev/stderr, lead to what this process has open.
    let is_open_here = path.parent().is_some_and(is_of_processes) || found.uid() == 0 && path.starts_with("/dev");
    if found.is_symlink() && behind.is_file() && !is_ours && !is_open_here {
        return Err(io::Error::other(
            "it is a symbolic link that another user owns, or that leads to another user's file",
        ));
    }
    Ok(file)
}

/// The effective user of this process, where /proc has it.
#[cfg(unix)]
fn own_uid() -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    Path::new("/proc/self").metadata().ok().map(|process| process.uid())
}

#[cfg(unix)]
fn is_of_processes(folder: &Path) -> bool {
    folder.canonicalize().is_ok_and(|folder| folder.starts_with("/proc"))
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};

    use super::*;

    #[test]
    fn only_its_owner_may_read_a_new_log() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys.log");
        KeyLogFile::open(&path).expect("a log");
        assert_eq!(path.metadata().expect("it").permissions().mode() & 0o777, 0o600);
        KeyLogFile::open(&path).expect("the same log");
    }

    #[test]
    fn secrets_follow_no_link_that_somebody_has_put_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let [link, file] = ["link", "file"].map(|name| folder.path().join(name));
        symlink(&file, &link).expect("a link");
        assert!(KeyLogFile::open(&link).is_err() && !file.exists(), "nothing is made where a link leads");
        std::fs::write(&file, "").expect("a file");
        KeyLogFile::open(&link).expect("a link of one's own to a file of one's own");
        if link.symlink_metadata().expect("it").uid() == 0 {
            let is_refused = || {
                let refused = KeyLogFile::open(&link).err().map(|error| error.to_string());
                refused.is_some_and(|why| why.contains("it is a symbolic link that another user owns"))
            };
            chown(&file, Some(1), Some(1)).expect("root may give files away");
            assert!(is_refused(), "one's own link to a file of somebody else");
            lchown(&link, Some(1), Some(1)).expect("root may give links away");
            assert!(is_refused(), "a link of somebody else to a file of theirs");
            chown(&file, Some(0), Some(0)).expect("root may take files");
            assert!(is_refused(), "a link of somebody else to one's own file");
        }
        // What this process has open is meant to be found by links.
        KeyLogFile::open(Path::new("/dev/stderr")).expect("standard error");
        KeyLogFile::open(Path::new("/proc/self/fd/2")).expect("standard error");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn secrets_that_are_lost_are_told_once() {
        let (tell, told) = std::sync::mpsc::channel();
        let log = KeyLogFile::open(Path::new("/dev/full")).expect("a device");
        let log = log.on_failure(move |error| tell.send(error.kind()).expect("somebody listens"));
        for _ in 0..3 {
            log.log(SecretLabel::Exporter, &[0; 32], &Secret::zeroed(32));
        }
        assert_eq!(told.iter().collect::<Vec<_>>(), [io::ErrorKind::StorageFull]);
    }
}
