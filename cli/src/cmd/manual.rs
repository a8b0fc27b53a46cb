//! `tlsbench completions` and `tlsbench man`: what shells and readers need, from the same definitions as `--help`.

use std::path::Path;

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use crate::args::Args;
use crate::error::Error;
use crate::files;

const NAME: &str = env!("CARGO_PKG_NAME");

/// The script that a shell completes with.
pub fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), NAME, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The page of a command, or of the program.
pub fn page(name: Option<&str>) -> Result<String, Error> {
    let program = built();
    let Some(name) = name else { return render(&program) };
    let names = || program.get_subcommands().map(Command::get_name);
    let command = program.find_subcommand(name).ok_or_else(|| Error::unknown("command", name, names()))?;
    render(command)
}

/// Writes all pages to a folder.
pub fn write_pages(folder: &Path) -> Result<(), Error> {
    let program = built();
    let commands = program.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help");
    for command in commands.chain([&program]) {
        let name = command.get_display_name().unwrap_or(command.get_name());
        let path = folder.join(format!("{name}.1"));
        files::write(&path, render(command)?.as_bytes()).map_err(|error| Error::write(&path, error))?;
    }
    Ok(())
}

/// With the flags that all commands have in each of them.
fn built() -> Command {
    let mut program = Args::command();
    program.build();
    program
}

fn render(command: &Command) -> Result<String, Error> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .render(&mut page)
        .map_err(|error| Error::io("writing a manual page", error))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
