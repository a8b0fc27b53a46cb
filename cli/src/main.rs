//! `tlsbench`: measures TLS.

use std::process::ExitCode;

use clap::Parser;

use tlsbench::args::Args;
use tlsbench::cmd;
use tlsbench::error::Error;
use tlsbench::interrupt;
use tlsbench::plan::Plan;
use tlsbench::render::{Messages, print};

/// For counted passes. While nobody counts, a heap call costs one relaxed load more, and what is timed in steady state makes
/// none.
#[global_allocator]
static ALLOCATOR: heap_meter::Allocator = heap_meter::Allocator;

fn main() -> ExitCode {
    // Before all else: a signal may come at any moment.
    let listening = interrupt::listen();
    let args = Args::parse();
    let messages = Messages::new(args.display.quiet, args.display.verbose, args.display.color);
    match listening.and_then(|()| run(&args, messages)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            messages.error(&error);
            ExitCode::from(error.exit_code())
        }
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
        Plan::Doctor(plan) => cmd::doctor::run(&plan, messages),
        Plan::Completions(shell) => print(&cmd::manual::completions(shell)),
        Plan::Page(name) => print(&cmd::manual::page(name.as_deref())?),
        Plan::Pages(folder) => cmd::manual::write_pages(&folder),
        Plan::ListProfiles => print(&cmd::run::list()?),
        Plan::Ciphers(plan) => plan.output.finish(&cmd::ciphers::run(&plan)),
    }
}
