use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Error;
use crate::library::LibraryName;
use crate::peers::Program;
use crate::render::Messages;

/// Builds the program of `library` from a checkout, and puts it beside this program.
pub fn build(library: LibraryName, messages: Messages) -> Result<(), Error> {
    let Some(needs) = library.build_needs() else {
        return Err(Error::Usage(format!("{} has no program in peers/ to be built", library.name())));
    };
    let program = build_in_checkout(library.name(), needs)?;
    let target = beside()?.join(program.file_name().unwrap_or_default());
    // They may be the same file by other names.
    if fs::canonicalize(&program).ok() != fs::canonicalize(&target).ok() {
        fs::copy(&program, &target).map_err(|error| Error::write(&target, error))?;
    }
    let Program { path, library } = Program::find(library)?;
    messages.note(&format!("{} {} is here: {}", library.name, library.version, path.display()));
    Ok(())
}

/// Builds the program of a library, and returns where it is.
fn build_in_checkout(name: &str, needs: &str) -> Result<PathBuf, Error> {
    let here = env::current_dir().map_err(|error| Error::io("finding the current folder", error))?;
    let manifest = |folder: &&Path| folder.join("peers").join(name).join("Cargo.toml").is_file();
    let Some(checkout) = here.ancestors().find(manifest) else {
        let message = format!("there is no peers/{name} here or above: call this in a checkout of tlsbench");
        return Err(Error::Usage(message));
    };
    let target = checkout.join("target");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--locked", "--manifest-path"]);
    cargo.arg(checkout.join("peers").join(name).join("Cargo.toml")).arg("--target-dir").arg(&target);
    let status = cargo.status().map_err(|error| Error::io("starting cargo", error))?;
    if !status.success() {
        return Err(Error::Failed(format!("{name} could not be built ({status}); besides Rust it needs {needs}")));
    }
    Ok(target.join("release").join(format!("tlsbench-{name}")))
}

/// The folder of this program.
fn beside() -> Result<PathBuf, Error> {
    let this = env::current_exe().map_err(|error| Error::io("finding this program", error))?;
    this.parent().map(Path::to_owned).ok_or_else(|| Error::Failed("this program is in no folder".to_owned()))
}
