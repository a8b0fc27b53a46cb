//! The command line's definitions. `plan` works out what arguments mean.

mod ablate;
mod asked;
mod ciphers;
mod compare;
mod connect;
mod crypto;
mod doctor;
mod equals;
mod export;
mod gate;
mod handshake;
mod history;
mod instructions;
mod latency;
mod library;
mod manual;
mod output;
mod peers;
mod remote;
mod report;
mod run;
mod serve;
mod socket;
mod switches;
mod throughput;
mod tls;

pub use ablate::{Ablate, Workload};
pub use asked::{Asked, Flag};
pub use ciphers::Ciphers;
pub use compare::{Compare, Judgement};
pub use connect::Connect;
pub use crypto::Crypto;
pub use doctor::Doctor;
pub use equals::{Detached, detached};
pub use export::Export;
pub use gate::Gate;
pub use handshake::Handshake;
pub use history::History;
pub use instructions::{CountedWork, Instructions};
pub use latency::Latency;
pub use manual::{Completions, Man};
pub use output::{Display, Output, Saving};
pub use peers::{Peers, PeersSet, PeersWork};
pub use remote::{Clients, Http, Remote};
pub use report::Report;
pub use run::Run;
pub use serve::{Mode, Serve};
pub use socket::Sockets;
pub use switches::SwitchFlags;
pub use throughput::{Directions, Throughput, TransportKind};
pub use tls::{ClientAuth, ClientTrust, Cryptography, Family, Identities, Identity, OwnCertificate, Sweep, Tls, Trust};

use clap::builder::StyledStr;
use clap::{Parser, Subcommand, ValueEnum};

/// Measures TLS 1.3 and what each optimization of it is worth.
#[derive(Debug, Parser)]
#[command(
    name = "tlsbench",
    version,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = AFTER_HELP
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How much to print, and how.
    #[command(flatten)]
    pub display: Display,
}

/// The commands: what measures, what is done with results, what helps.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Move data through TLS 1.3 and measure each side
    #[command(long_about = about::<Throughput>())]
    Throughput(Box<Throughput>),
    /// Perform handshakes and measure each side: time, heap calls, bytes on the wire
    #[command(long_about = about::<Handshake>())]
    Handshake(Box<Handshake>),
    /// Measure round trips: how long a message and its echo take, and what TLS adds to that
    #[command(long_about = about::<Latency>())]
    Latency(Box<Latency>),
    /// Measure what each optimization is worth: removed from the full set, and added to the empty one
    #[command(long_about = about::<Ablate>())]
    Ablate(Ablate),
    /// Count the instructions of the engine's own work, per record and per handshake
    #[command(long_about = about::<Instructions>())]
    Instructions(Instructions),
    /// Measure the raw cryptography of every provider on this CPU
    #[command(long_about = about::<Crypto>())]
    Crypto(Crypto),
    /// Run a profile: a repeatable benchmark, described by a TOML file
    #[command(long_about = about::<Run>())]
    Run(Run),
    /// Measure TLS libraries on the same work, in turns, and show which is first
    #[command(long_about = about::<Peers>())]
    Peers(Peers),
    /// Compare results: worse, better, or inside the noise
    #[command(long_about = about::<Compare>())]
    Compare(Compare),
    /// Check this build against the thresholds of a profile, compared with saved results or another build
    #[command(long_about = about::<Gate>())]
    Gate(Gate),
    /// Show results of several runs in order of time, and mark where they changed
    #[command(long_about = about::<History>())]
    History(History),
    /// Draw results as one HTML page that needs nothing else
    #[command(long_about = about::<Report>())]
    Report(Report),
    /// Convert results for other tools: hyperfine, Bencher, github-action-benchmark
    #[command(long_about = about::<Export>())]
    Export(Export),
    /// Check whether this machine is fit for measuring
    #[command(long_about = about::<Doctor>())]
    Doctor(Doctor),
    /// List cipher suites, groups, signature schemes and providers, and what runs each on this CPU
    #[command(long_about = about::<Ciphers>())]
    Ciphers(Ciphers),
    /// Serve TLS 1.3 connections: receive data, send it, echo it, or answer HTTP requests
    #[command(long_about = about::<Serve>())]
    Serve(Box<Serve>),
    /// Connect to a TLS 1.3 server, send standard input, print the response
    #[command(long_about = about::<Connect>())]
    Connect(Box<Connect>),
    /// Print a script that completes commands, flags and values in a shell
    #[command(long_about = about::<Completions>())]
    Completions(Completions),
    /// Print a manual page, or write all of them to a folder
    #[command(long_about = about::<Man>())]
    Man(Man),
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

/// The long description of a command; the list of commands has one line for each.
fn about<A: clap::Args>() -> StyledStr {
    let command = A::augment_args(clap::Command::new(""));
    command.get_long_about().or_else(|| command.get_about()).cloned().unwrap_or_default()
}

const AFTER_HELP: &str = "\
First steps:
  tlsbench doctor                        is this machine fit for measuring?
  tlsbench throughput                    what moving data through TLS costs each side
  tlsbench run smoke -o run.json         a repeatable benchmark that takes seconds
  tlsbench COMMAND --help                every flag of a command, with examples

Exit codes: 0 success; 1 the tool or the peer failed; 2 usage: flags, values, or the files they name; 3 a regression; \
4 inconclusive, with --strict; 5 the baseline is missing or not comparable; 6 the target is unreachable; 130 interrupted.";

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
    fn every_command_says_more_about_itself_than_the_list_of_commands() {
        for command in Args::command().get_subcommands() {
            let [short, long] =
                [command.get_about(), command.get_long_about()].map(|text| text.map(ToString::to_string));
            assert!(long.as_ref().is_some_and(|long| !long.is_empty()) && long != short, "{}", command.get_name());
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
