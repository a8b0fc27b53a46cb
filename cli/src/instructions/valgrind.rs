//! The parent: runs the child under callgrind, and turns its counts into a case.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use super::counted::COUNTED;
use super::cryptography::UNCOUNTED;
use super::steps::ChildReport;
use super::{Job, Work, profile};
use crate::error::Error;
use crate::interrupt;
use crate::schema::quantity::{
    ALL_INSTRUCTIONS_PER_HANDSHAKE, ALL_INSTRUCTIONS_PER_RECORD, INSTRUCTIONS_PER_HANDSHAKE, INSTRUCTIONS_PER_RECORD,
};
use crate::schema::{Case, Facts, Negotiated, Side};

/// The flag that makes this program the child.
const CHILD_FLAG: &str = "--counted";

/// How often the child is polled.
const LOOK: Duration = Duration::from_millis(10);

/// The valgrind installed on this machine.
pub struct Valgrind {
    version: String,
    libc: Option<String>,
}

/// The variables that the child inherits. Others could change how its C library allocates or copies.
const KEPT_VARIABLES: [&str; 4] = ["PATH", "HOME", "TMPDIR", "VALGRIND_LIB"];

impl Valgrind {
    /// Finds valgrind. If it is not installed, the error says how to get it.
    pub fn find() -> Result<Self, Error> {
        let answer = Command::new("valgrind").arg("--version").output();
        let answer = answer.map_err(|source| Error::NoProgram { name: "valgrind", source })?;
        let text = String::from_utf8_lossy(&answer.stdout);
        match text.trim().strip_prefix("valgrind-") {
            Some(version) if answer.status.success() => Ok(Self { version: version.to_owned(), libc: libc_version() }),
            _ => Err(Error::Failed(format!("valgrind --version answers {:?}", text.trim()))),
        }
    }

    /// Counts one job.
    pub fn count(&self, job: &Job) -> Result<Case, Error> {
        let failed = |why: String| Error::Failed(format!("{}: {why}", job.id()));
        let folder = tempfile::tempdir().map_err(|error| Error::io("making a folder for profiles", error))?;
        let told = ChildReport::parse(&run(job, folder.path())?)?;
        let counts = read_profiles(folder.path(), told.steps.len()).map_err(failed)?;
        let mut case = Case::new(job.id());
        case.requested = job.requested();
        case.switches = job.setting.facts();
        case.achieved = self.achieved(&told);
        let suite = job.suite.to_string();
        case.negotiated =
            Negotiated { version: Some("TLSv1.3".to_owned()), cipher_suite: Some(suite), ..Negotiated::default() };
        let (sides, quantity) = match (job.work, job.with_cryptography) {
            (Work::Record(_), false) => ([Side::Send, Side::Receive], &INSTRUCTIONS_PER_RECORD),
            (Work::Record(_), true) => ([Side::Send, Side::Receive], &ALL_INSTRUCTIONS_PER_RECORD),
            (Work::Handshake, false) => ([Side::Client, Side::Server], &INSTRUCTIONS_PER_HANDSHAKE),
            (Work::Handshake, true) => ([Side::Client, Side::Server], &ALL_INSTRUCTIONS_PER_HANDSHAKE),
        };
        for side in sides {
            // Without the first sample, which touches fresh memory.
            let samples = told.per_unit(side, &counts).split_off(1);
            if samples.contains(&0.0) {
                return Err(failed(format!(
                    "nothing was counted for the side {}: were the symbols of this program stripped?",
                    side.name()
                )));
            }
            case.record(side, quantity, &samples, 1);
        }
        Ok(case)
    }

    /// What a count depends on besides the program's source. Counts are only comparable if these facts are equal.
    fn achieved(&self, told: &ChildReport) -> Facts {
        let mut facts = Facts::new();
        facts.insert("rustc".into(), env!("TLSBENCH_RUSTC").into());
        facts.insert("target_features".into(), env!("TLSBENCH_TARGET_FEATURES").into());
        facts.insert("valgrind".into(), self.version.clone().into());
        facts.insert("cpu_class".into(), told.cpu_class.clone().into());
        facts.insert("libc".into(), self.libc.clone().into());
        facts
    }
}

/// Runs the job under callgrind and returns its output. Profiles are written to `folder`.
fn run(job: &Job, folder: &Path) -> Result<String, Error> {
    let this = std::env::current_exe().map_err(|error| Error::io("finding this program", error))?;
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--collect-atstart=no"]);
    command.arg(format!("--callgrind-out-file={}", folder.join("profile").display()));
    for option in ["zero-before", "toggle-collect", "dump-after"] {
        command.arg(format!("--{option}={COUNTED}"));
    }
    if !job.with_cryptography {
        // The function is generic, so the end of its name depends on the compiler's mangling.
        command.arg(format!("--toggle-collect={UNCOUNTED}*"));
    }
    command.arg(this).args(job.arguments()).arg(CHILD_FLAG);
    command.env_clear().envs(KEPT_VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    let (status, output, errors) = run_to_its_end(command, folder)?;
    if !status.success() {
        let said = String::from_utf8_lossy(&errors);
        // The program's own output. Lines of valgrind begin with its process number.
        let own: Vec<&str> = said.lines().filter(|line| !line.starts_with("==")).collect();
        let why = if own.is_empty() { said.trim().to_owned() } else { own.join("\n") };
        return Err(Error::Failed(format!("{} under valgrind ended with {status}: {why}", job.id())));
    }
    String::from_utf8(output).map_err(|_| Error::Failed(format!("{} printed something that is not text", job.id())))
}

/// Runs the child, and returns the contents of both of its output streams. They are files, so that nobody has to read
/// them meanwhile. The child is killed on Ctrl-C.
fn run_to_its_end(mut command: Command, folder: &Path) -> Result<(ExitStatus, Vec<u8>, Vec<u8>), Error> {
    let (output, errors) = (folder.join("output"), folder.join("errors"));
    let create = |path: &Path| File::create(path).map_err(|error| Error::write(path, error));
    command.stdin(Stdio::null()).stdout(create(&output)?).stderr(create(&errors)?);
    let mut child = command.spawn().map_err(|source| Error::NoProgram { name: "valgrind", source })?;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| Error::io("waiting for valgrind", error))? {
            break status;
        }
        if let Err(end) = interrupt::check() {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
            return Err(end);
        }
        thread::sleep(LOOK);
    };
    let read = |path: &Path| std::fs::read(path).map_err(|error| Error::io("reading valgrind's output", error));
    Ok((status, read(&output)?, read(&errors)?))
}

/// The instructions of each step. Callgrind numbers its profiles; the last one has no number and holds the rest.
fn read_profiles(folder: &Path, steps: usize) -> Result<Vec<u64>, String> {
    let path = |number: usize| folder.join(format!("profile.{number}"));
    let more = path(steps + 1);
    if more.exists() {
        return Err(format!("there are more than {steps} profiles, which is one for each step"));
    }
    let read = |number: usize| {
        let text = match std::fs::read_to_string(path(number)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let reason = "is missing: were the symbols of this program stripped?";
                return Err(format!("profile {number} of {steps} {reason}"));
            }
            text => text.map_err(|error| format!("profile {number} can't be read: {error}"))?,
        };
        profile::instructions(&text).map_err(|why| format!("profile {number} is unusable: {why}"))
    };
    (1..=steps).map(read).collect()
}

/// The C library that allocates and copies for the engine; `None` if it is unknown.
fn libc_version() -> Option<String> {
    let answer = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    let text = text.trim();
    (answer.status.success() && !text.is_empty()).then(|| text.to_owned())
}
