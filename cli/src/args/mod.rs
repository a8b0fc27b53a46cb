//! What was typed. What it means is worked out in `plan`.

mod ablate;
mod ciphers;
mod compare;
mod connect;
mod crypto;
mod doctor;
mod export;
mod gate;
mod handshake;
mod history;
mod instructions;
mod manual;
mod output;
mod report;
mod run;
mod serve;
mod socket;
mod switches;
mod throughput;
mod tls;

pub use ablate::{Ablate, Workload};
pub use ciphers::Ciphers;
pub use compare::{Compare, Judgement};
pub use connect::Connect;
pub use crypto::Crypto;
pub use doctor::Doctor;
pub use export::Export;
pub use gate::Gate;
pub use handshake::Handshake;
pub use history::History;
pub use instructions::{CountedWork, Instructions};
pub use manual::{Completions, Man};
pub use output::{Display, Output, Saving};
pub use report::Report;
pub use run::Run;
pub use serve::{Mode, Serve};
pub use socket::Sockets;
pub use switches::SwitchFlags;
pub use throughput::{Direction, Throughput, Transport, Verify};
pub use tls::{Family, Identity, Tls, Trust};

use clap::{Parser, Subcommand, ValueEnum};

/// Measures TLS: what each optimization is worth, in numbers that can be checked.
#[derive(Debug, Parser)]
#[command(
    name = "tlsbench",
    version,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = EXIT_CODES
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How much to say, and how.
    #[command(flatten)]
    pub display: Display,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Move data through TLS 1.3 and measure each side
    Throughput(Box<Throughput>),
    /// Shake hands and measure each side: time, heap calls, bytes on the wire
    Handshake(Box<Handshake>),
    /// Run a profile: a benchmark to repeat, described by a TOML file
    Run(Run),
    /// Compare results: worse, better, or inside the noise
    Compare(Compare),
    /// Hold this build to the thresholds of a profile, against kept results or another build
    Gate(Gate),
    /// Answer TLS 1.3 connections: take data, send it, echo it, or speak a little HTTP
    Serve(Box<Serve>),
    /// Connect to a TLS 1.3 server, send standard input, print the answer
    Connect(Box<Connect>),
    /// Measure what each switch is worth: taken from the full set, and added to the empty one
    Ablate(Ablate),
    /// List cipher suites, groups, signature schemes and providers, and what each runs on this CPU
    Ciphers(Ciphers),
    /// Measure the raw cryptography of every provider on this CPU
    Crypto(Crypto),
    /// Tell whether this machine is fit to measure
    Doctor(Doctor),
    /// Print a script that completes commands, flags and values in a shell
    Completions(Completions),
    /// Print a manual page, or write all of them to a folder
    Man(Man),
    /// Put results of several runs in the order of their time, and mark where they changed
    History(History),
    /// Count the instructions of the engine's own work, per record and per handshake
    Instructions(Instructions),
    /// Draw results as one HTML page that needs nothing else
    Report(Report),
    /// Write results in a form that other tools read: hyperfine, Bencher, github-action-benchmark
    Export(Export),
}

/// `on` or `off`: the value of a switch that may be given without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnOff {
    /// On.
    On,
    /// Off.
    Off,
}

impl OnOff {
    /// As a truth value.
    pub const fn is_on(self) -> bool {
        matches!(self, Self::On)
    }
}

const EXIT_CODES: &str = "\
Exit codes: 0 all went well; 1 the tool or the peer failed; 2 usage: flags, values, or the files they name; 3 a \
regression or a violated policy; 4 inconclusive, when asked for; 5 the baseline is missing or not comparable; 6 the \
target is unreachable; 130 interrupted.";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_hold_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn every_command_has_examples_in_its_help() {
        for command in Args::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains(&format!("tlsbench {}", command.get_name())), "{}", command.get_name());
        }
    }

    #[test]
    fn every_optional_value_needs_its_equals_sign() {
        for command in Args::command().get_subcommands() {
            for argument in command.get_arguments().filter(|argument| !argument.is_positional()) {
                let takes_none = argument.get_num_args().is_some_and(|range| range.min_values() == 0);
                let takes_some = argument.get_num_args().is_some_and(|range| range.max_values() > 0);
                if takes_none && takes_some {
                    assert!(argument.is_require_equals_set(), "{} --{}", command.get_name(), argument.get_id());
                }
            }
        }
    }
}
