//! Where secrets are logged.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tls_engine::{KeyLog, KeyLogFile};

use crate::error::Error;
use crate::files;
use crate::render::{Color, Messages};

/// When secrets are written to a key log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyLogSource {
    /// If the flag or the environment variable asks for it.
    FlagOrEnvironment,
    /// Only if the flag asks for it: a variable that was once set must not change measurements.
    FlagOnly,
}

/// The key log that is asked for, opened.
pub(super) fn find(flag: Option<&Path>, secrets: KeyLogSource) -> Result<Option<Arc<dyn KeyLog>>, Error> {
    path_of(flag, secrets).map(open).transpose()
}

fn open(path: PathBuf) -> Result<Arc<dyn KeyLog>, Error> {
    let open = match files::stream(&path).map_err(|error| Error::write(&path, error))? {
        Some(stream) => KeyLogFile::new(stream),
        None => KeyLogFile::open(&path).map_err(|error| Error::Usage(error.to_string()))?,
    };
    Ok(Arc::new(open.on_failure(move |error| {
        let message = format!("secrets are missing from the key log {}: {error}", path.display());
        Messages::new(false, 0, Color::Never).complaint(&message);
    })))
}

/// The flag overrides SSLKEYLOGFILE; an empty variable counts as unset.
fn path_of(flag: Option<&Path>, secrets: KeyLogSource) -> Option<PathBuf> {
    let variable = || std::env::var_os("SSLKEYLOGFILE").filter(|value| !value.is_empty()).map(PathBuf::from);
    flag.map(Path::to_owned).or_else(|| if secrets == KeyLogSource::FlagOrEnvironment { variable() } else { None })
}
