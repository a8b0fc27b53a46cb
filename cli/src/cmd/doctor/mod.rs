//! `tlsbench doctor`: is this machine fit to measure? It looks, and changes nothing.

mod checks;

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tls_engine::codes::CipherSuite;

use crate::error::Error;
use crate::host;
use crate::identity::Identity;
use crate::interrupt;
use crate::plan::Doctor;
use crate::primitives::contradictions;
use crate::render::{Messages, Progress};
use crate::schema::doctor::{Check, Diagnosis, Noise, Peer, SCHEMA};
use crate::schema::{Kind, Tool, key};
use crate::workload::ablation::{self, AblationSchedule, Base, Comparison, Ends, Workload};

/// The programs that are looked for, with what they are asked.
const PEERS: [(&str, &str); 5] =
    [("openssl", "version"), ("curl", "--version"), ("nginx", "-v"), ("valgrind", "--version"), ("zig", "version")];
/// How long a program may think about its version.
const PATIENCE: Duration = Duration::from_secs(2);
/// The share that two equal runs may differ by.
const NOISE_MAX: f64 = 0.01;

/// Checks everything. An unfit machine is no error: it depends on what is measured.
pub fn run(plan: &Doctor, messages: Messages) -> Result<(), Error> {
    let progress = Progress::new(1, messages);
    progress.begin("A against A");
    let noise = noise(plan, &progress);
    progress.end();
    // Noise of a run that was cut short says little, and no verdict rests on it.
    let (noise, ending) = match (noise, interrupt::check()) {
        (Ok(noise), Ok(())) => (noise, Ok(())),
        (Ok(_) | Err(Error::Interrupted), _) => (Vec::new(), Err(Error::Interrupted)),
        (Err(error), _) => return Err(error),
    };
    let host = host::describe();
    let mut checks = checks::of(&host, ablation::raise_open_files(), &contradictions());
    checks.push(match &ending {
        Ok(()) => noise_check(&noise),
        Err(_) => Check::warning("noise", "not measured: the run was interrupted", "let it run to its end"),
    });
    let diagnosis = Diagnosis {
        schema: SCHEMA.to_owned(),
        tool: Tool::current(),
        host,
        checks,
        peers: PEERS.iter().map(|(name, question)| peer(name, question)).collect(),
        noise,
    };
    interrupt::begin_to_say();
    plan.output.finish(&diagnosis).and(ending)
}

/// Two equal runs in turns: any difference between them is noise.
fn noise(plan: &Doctor, progress: &Progress) -> Result<Vec<Noise>, Error> {
    if plan.duration.is_zero() {
        return Ok(Vec::new());
    }
    let (identity, authority) = Identity::generate()?;
    let ends = Ends { identity, authority: authority.certificate, suite: CipherSuite::AES_128_GCM_SHA256 };
    let comparisons = [Comparison::of_nothing(Base::Full)?];
    let schedule = AblationSchedule {
        workload: Workload::Bulk,
        comparisons: &comparisons,
        duration: plan.duration,
        seed: plan.seed,
    };
    let findings = ablation::run(&ends, schedule, &mut |done| progress.advance(done, "comparing equals"))?;
    let rounds = findings.first().map_or(0, |finding| finding.rounds);
    let effects = findings.iter().flat_map(|finding| &finding.effects);
    let timed = effects.filter(|(measure, _)| measure.quantity.kind == Kind::Time);
    let noise = timed.map(|(measure, effect)| Noise {
        metric: key(measure.side, measure.quantity),
        median: effect.change.summary.median,
        ci95: effect.change.summary.ci95,
        rounds,
    });
    Ok(noise.collect())
}

fn noise_check(noise: &[Noise]) -> Check {
    let name = "noise";
    let Some(worst) = noise.iter().max_by(|left, right| left.size().total_cmp(&right.size())) else {
        return Check::unknown(name);
    };
    let finding = format!("equal runs differ by up to {:.2} % in {}", worst.size() * 100.0, worst.metric);
    if worst.size() > NOISE_MAX {
        let advice = "stop other programs and measure longer; ignore differences smaller than this";
        Check::warning(name, finding, advice)
    } else {
        Check::good(name, finding)
    }
}

/// Asks a program for its version. One that does not answer in time is ended.
fn peer(name: &str, question: &str) -> Peer {
    Peer { name: name.to_owned(), version: ask(name, question) }
}

fn ask(name: &str, question: &str) -> Option<String> {
    let mut command = Command::new(name);
    command.arg(question).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = command.spawn().ok()?;
    let began = Instant::now();
    while program.try_wait().ok()?.is_none() {
        if began.elapsed() > PATIENCE || interrupt::requested() {
            let _ = program.kill();
            let _ = program.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let (mut output, mut errors) = (String::new(), String::new());
    // A version is far shorter than a pipe's buffer: the program has ended, and all of it is there.
    program.stdout.take()?.read_to_string(&mut output).ok()?;
    program.stderr.take()?.read_to_string(&mut errors).ok()?;
    let line = output.lines().chain(errors.lines()).map(str::trim).find(|line| !line.is_empty());
    line.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::doctor::CheckState;

    #[test]
    fn noise_is_judged_by_the_worst_end_of_an_interval() {
        let noise = |ci95| Noise { metric: "send.cpu_ns_per_byte".to_owned(), median: 0.0, ci95, rounds: 9 };
        assert_eq!(noise_check(&[]).state, CheckState::Unknown);
        assert_eq!(noise_check(&[noise([-0.009, 0.002]), noise([-0.001, 0.001])]).state, CheckState::Good);
        let check = noise_check(&[noise([-0.03, 0.002]), noise([-0.001, 0.001])]);
        assert_eq!(check.state, CheckState::Warning);
        assert!(check.finding.contains("3.00 %") && check.advice.is_some(), "{check:?}");
    }

    #[test]
    fn a_program_that_is_not_there_has_no_version() {
        assert_eq!(ask("tlsbench-no-such-program", "--version"), None);
    }
}
