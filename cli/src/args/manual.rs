use std::path::PathBuf;

use clap_complete::Shell;

/// Prints a script that completes commands, flags and values in a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Prints the manual page of the program or of a command, or writes all pages to a folder.
#[derive(Debug, clap::Args)]
#[command(after_help = MAN_EXAMPLES)]
pub struct Man {
    /// The command [default: the program itself]
    #[arg(value_name = "COMMAND")]
    pub page: Option<String>,

    /// Write all pages to files in FOLDER, which must exist
    #[arg(long, value_name = "FOLDER", conflicts_with = "page")]
    pub directory: Option<PathBuf>,
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  tlsbench completions bash > ~/.local/share/bash-completion/completions/tlsbench
  tlsbench completions zsh > ~/.zfunc/_tlsbench
  tlsbench completions fish > ~/.config/fish/completions/tlsbench.fish";

const MAN_EXAMPLES: &str = "\
Examples:
  tlsbench man | man -l -
  tlsbench man throughput | man -l -
  tlsbench man --directory ~/.local/share/man/man1";
