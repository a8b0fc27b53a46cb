use std::env;
use std::path::{Path, PathBuf};

use super::process::Process;
use crate::error::Error;
use crate::library::{Description, LibraryName};

/// A program with a library.
#[derive(Clone, Debug)]
pub struct Program {
    /// Where it is.
    pub path: PathBuf,
    /// The library, as the program says.
    pub library: Description,
}

impl Program {
    /// The program of a library. It is looked for beside this one and on the PATH, unless its path was named.
    pub fn find(name: LibraryName) -> Result<Self, Error> {
        let typed = name.typed();
        let path = if typed.contains('/') { Some(PathBuf::from(typed)) } else { locate(&format!("tlsbench-{typed}")) };
        let missing = || {
            let message = format!(
                "{typed} can't be measured: there is no program tlsbench-{typed}; build it with \
                 tlsbench peers --build {typed}"
            );
            Error::Usage(message)
        };
        let path = path.ok_or_else(missing)?;
        let (_, library) = Process::start(&path)?;
        if library.name != name.name() {
            let message = format!("{} says that it has {}, not {}", path.display(), library.name, name.name());
            return Err(Error::Usage(message));
        }
        Ok(Self { path, library })
    }

    /// Whether there is such a program, whatever it is.
    pub fn is_there(name: LibraryName) -> bool {
        locate(&format!("tlsbench-{}", name.typed())).is_some()
    }

    /// Starts it, and checks that it is still the one that was found.
    pub(super) fn start(&self) -> Result<Process, Error> {
        let (process, library) = Process::start(&self.path)?;
        if library != self.library {
            return Err(Error::Failed(format!("{} has been replaced meanwhile", self.path.display())));
        }
        Ok(process)
    }
}

/// The program of this name.
fn locate(name: &str) -> Option<PathBuf> {
    let beside = env::current_exe().ok().and_then(|this| this.parent().map(Path::to_owned));
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
    beside.into_iter().chain(on_path).map(|folder| folder.join(name)).find(|program| program.is_file())
}
