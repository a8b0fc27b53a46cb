//! The shim that BoringSSL's test runner starts for each of its tests.
//!
//! The runner listens, and is the peer. Its flags say what the shim has to do, and what it has to find; see README.md.
#![forbid(unsafe_code)]

mod compression;
mod credentials;
mod exchange;
mod failure;
mod features;
mod flags;
mod policies;
mod provider;
mod sessions;
mod settings;
mod transport;

use std::env;
use std::process::ExitCode;

use failure::Failure;
use flags::{Attempt, Flags};
use sessions::Sessions;

fn main() -> ExitCode {
    let arguments: Vec<String> =
        env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    if arguments.iter().any(|argument| argument == "-is-handshaker-supported") {
        // A second process that does part of the handshake: BoringSSL alone has one.
        println!("No");
        return ExitCode::SUCCESS;
    }
    // A panic ends a test as failed, even where the runner waits for a failure.
    let run = std::panic::catch_unwind(|| run(&arguments));
    match run.unwrap_or(Err(Failure::Shim("a panic".into()))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// The first connection, and those that resume its session.
fn run(arguments: &[String]) -> Result<(), Failure> {
    let sessions = Sessions::new()?;
    let retry = Flags::parse(arguments, Attempt::Retry)?;
    for connection in 0..=retry.resumptions {
        let attempt = if connection == 0 { Attempt::Initial } else { Attempt::Resume };
        let flags = Flags::parse(arguments, attempt)?;
        flags.check_versions()?;
        if flags.server {
            exchange::serve(&flags, &sessions, connection > 0)?;
        } else {
            exchange::connect(&flags, &retry, &sessions, connection > 0)?;
        }
    }
    Ok(())
}
