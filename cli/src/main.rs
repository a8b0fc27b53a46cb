//! `tlsbench`: measures TLS.
#![forbid(unsafe_code)]

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use tlsbench::args::{self, Args, Detached};
use tlsbench::cmd;
use tlsbench::error::{Error, exit};
use tlsbench::interrupt;
use tlsbench::names::shown;
use tlsbench::plan::Plan;
use tlsbench::render::{Color, Messages, print};

/// For counted passes. While nobody counts, a heap call costs one relaxed load more, and what is timed in steady state makes
/// none.
#[global_allocator]
static ALLOCATOR: heap_meter::Allocator = heap_meter::Allocator;

fn main() -> ExitCode {
    // Before all else: a signal may come at any moment.
    let listening = interrupt::listen();
    let arguments = without_help_on_help(std::env::args_os());
    let args = match Args::try_parse_from(&arguments) {
        Ok(args) => args,
        Err(told) => return tell(told, &arguments),
    };
    let messages = Messages::new(args.display.quiet, args.display.verbose, args.display.color);
    let ended = listening.and_then(|()| run(&args, messages));
    match ended.map_err(|error| with_equals_sign(error, &arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            messages.error(&error);
            // Whatever else went wrong on the way to the end that was asked for.
            ExitCode::from(if interrupt::requested() { exit::INTERRUPTED } else { error.exit_code() })
        }
    }
}

/// `help COMMAND --help` asks for the same as `help COMMAND`, and `help --help` for the help of `help`, which has no flags.
fn without_help_on_help(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    let is_command = |argument: &OsString| ["-", "auto", "always", "never"].iter().all(|free| !starts(argument, free));
    let command = arguments.iter().skip(1).position(is_command).map(|position| position + 1);
    if let Some(command) = command.filter(|command| arguments[*command] == "help") {
        let mut asked = arguments.split_off(command + 1);
        let all = asked.len();
        asked.retain(|argument| argument != "--help" && argument != "-h");
        if asked.is_empty() && all > 0 {
            asked.push("help".into());
        }
        arguments.extend(asked);
    }
    arguments
}

fn starts(argument: &OsStr, with: &str) -> bool {
    argument.as_encoded_bytes().starts_with(with.as_bytes())
}

/// A name that nobody knows may be a value that lacks its equals sign.
fn with_equals_sign(error: Error, arguments: &[OsString]) -> Error {
    match (&error, args::detached(arguments)) {
        (Error::Unknown { typed, .. }, Some(Detached { value, hint }))
            if value.split(',').any(|part| part == typed) =>
        {
            Error::NeedsEquals { message: error.to_string(), hint }
        }
        _ => error,
    }
}

/// Prints help, or what is wrong with the arguments: as text that a terminal does not obey.
fn tell(told: clap::Error, arguments: &[OsString]) -> ExitCode {
    let plain = arguments.iter().map(|argument| shown(&argument.to_string_lossy()));
    let plain: Vec<OsString> = plain.map(OsString::from).collect();
    let mut told = Args::try_parse_from(&plain).err().unwrap_or(told);
    if let (ErrorKind::UnknownArgument | ErrorKind::ArgumentConflict, Some(found)) =
        (told.kind(), args::detached(&plain))
    {
        told.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![found.hint.into()]));
    }
    match told.print() {
        // The reader may close early: `| head` is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Messages::new(false, 0, Color::Auto).error(&Error::io("writing to standard output", error));
            ExitCode::FAILURE
        }
        _ => ExitCode::from(u8::try_from(told.exit_code()).unwrap_or(exit::USAGE)),
    }
}

fn run(args: &Args, messages: Messages) -> Result<(), Error> {
    match Plan::new(args)? {
        Plan::Measure(plan) => cmd::measure::run(&plan, messages),
        Plan::Serve(plan) => cmd::serve::run(*plan, messages),
        Plan::Connect(plan) => cmd::connect::run(&plan, messages),
        Plan::Crypto(plan) => cmd::crypto::run(&plan, messages),
        Plan::Compare(plan) => cmd::compare::run(&plan, messages),
        Plan::Gate(plan) => cmd::gate::run(&plan, messages),
        Plan::History(plan) => cmd::history::run(&plan, messages),
        Plan::Count(job) => cmd::count::run(&job),
        Plan::Report(plan) => cmd::report::run(&plan, messages),
        Plan::Export(plan) => cmd::export::run(&plan, messages),
        Plan::Run(plan) => cmd::run::run(&plan, messages),
        Plan::Peers(plan) => cmd::peers::run(&plan, messages),
        Plan::ListLibraries => print(&cmd::peers::list()),
        Plan::BuildLibrary(library) => cmd::peers::build(library, messages),
        Plan::Doctor(plan) => cmd::doctor::run(&plan, messages),
        Plan::Completions(shell) => print(&cmd::manual::completions(shell)),
        Plan::Page(name) => print(&cmd::manual::page(name.as_deref())?),
        Plan::Pages(folder) => cmd::manual::write_pages(&folder),
        Plan::ListProfiles => print(&cmd::run::list()?),
        Plan::Ciphers(plan) => plan.output.finish(&cmd::ciphers::run(&plan)),
    }
}
