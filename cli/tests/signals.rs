//! Signals that ask for an end, as programs and people send them: whatever measures answers within a second and ends within
//! two, with what it has.
#![cfg(target_os = "linux")]

mod support;

use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use support::{Server, tlsbench};

/// How long until the signal is answered, and until the end.
const ANSWER_MAX: Duration = Duration::from_secs(1);
const END_MAX: Duration = Duration::from_secs(2);
/// How long a program may take to listen, or to say that it measures.
const START_MAX: Duration = Duration::from_secs(20);
/// A busy machine may be late once; what is late three times is late.
const ATTEMPTS: usize = 3;

/// When a signal comes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    /// As soon as the program listens.
    Early,
    /// So long after it has begun to measure.
    After(Duration),
}

/// How a signal comes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Once,
    /// As `timeout` does: to the child, and at once to its group.
    Twice,
}

const MIDDLE: Moment = Moment::After(Duration::from_millis(300));

struct Row<'a> {
    arguments: Vec<&'a str>,
    signal: Signal,
    moment: Moment,
    way: Way,
}

/// A program that writes to files, and its folder.
struct Running {
    child: Child,
    folder: tempfile::TempDir,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| std::fs::File::create(folder.path().join(name)).expect("a file");
        command.stdin(Stdio::null()).stdout(file("output")).stderr(file("errors"));
        let child = command.current_dir(folder.path()).spawn().expect("the program runs");
        Self { child, folder }
    }

    fn said(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn send(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it is not waited for yet");
    }

    /// Whether it has a handler for a signal.
    fn listens_to(&self, signal: Signal) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).map(str::trim);
        let mask = mask.and_then(|mask| u64::from_str_radix(mask, 16).ok()).unwrap_or(0);
        mask >> (signal.as_raw() - 1) & 1 == 1
    }

    fn wait_until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            assert!(began.elapsed() < START_MAX, "{what}: {}", self.said("errors"));
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn measures(&self) -> bool {
        self.said("errors").contains("[1/")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Where it has ended there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program, to which no signal is ignored: what runs in the background of a shell has INT ignored.
fn listening(arguments: &[&str]) -> Command {
    let plain = tlsbench(arguments);
    let mut command = Command::new("env");
    command.arg("--default-signal").arg(plain.get_program()).args(plain.get_args());
    for (name, _) in plain.get_envs().filter(|(_, value)| value.is_none()) {
        command.env_remove(name);
    }
    command
}

/// What came of a signal: the exit code, how late the answer and the end were, and what was said.
fn signalled(row: &Row) -> Result<Running, String> {
    let mut running = Running::start(listening(&row.arguments));
    match row.moment {
        Moment::Early => running.wait_until("it listens", |running| running.listens_to(row.signal)),
        Moment::After(time) => {
            running.wait_until("it measures", Running::measures);
            thread::sleep(time);
        }
    }
    let sent = Instant::now();
    running.send(row.signal);
    if row.way == Way::Twice {
        thread::sleep(Duration::from_millis(3));
        running.send(row.signal);
    }
    let mut answered = None;
    let status = loop {
        if answered.is_none() && running.said("errors").lines().any(|line| line == "stopping") {
            answered = Some(sent.elapsed());
        }
        match running.child.try_wait().expect("a child") {
            Some(status) if answered.is_some() => break status,
            Some(status) => return Err(format!("{status} without an answer: {}", running.said("errors"))),
            None if sent.elapsed() > END_MAX => return Err(format!("no end: {}", running.said("errors"))),
            None => thread::sleep(Duration::from_millis(2)),
        }
    };
    let answered = answered.unwrap_or_default();
    if status.code() != Some(130) || answered > ANSWER_MAX {
        return Err(format!("{status}, answered after {answered:?}: {}", running.said("errors")));
    }
    Ok(running)
}

/// The same; where it fails, once more.
fn ends_in_time(row: &Row) -> Running {
    let mut failures = Vec::new();
    for _ in 0..ATTEMPTS {
        match signalled(row) {
            Ok(running) => return running,
            Err(failure) => failures.push(failure),
        }
    }
    panic!("{:?} {:?} {:?} {:?}: {failures:#?}", row.arguments, row.signal, row.moment, row.way);
}

#[test]
fn every_command_that_measures_ends_in_time_whenever_it_is_asked_to() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let silent = silent.local_addr().expect("an address").to_string();
    let program = env!("CARGO_BIN_EXE_tlsbench");
    let profile = concat!(env!("CARGO_MANIFEST_DIR"), "/../bench-profiles/ci.toml");
    let most = u64::MAX.to_string();
    // Results that are measured again for an hour.
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("kept.json").to_str().expect("text").to_owned();
    support::run(["throughput", "--transport", "memory", "-d", "50ms", "-w", "0s", &*format!("--json={kept}")])
        .expect(0, &[]);
    let text = std::fs::read_to_string(&kept).expect("results");
    std::fs::write(&kept, text.replace("\"duration_ns\": 50000000", "\"duration_ns\": 3600000000000")).expect("a file");
    let commands: &[&[&str]] = &[
        &["handshake", "-n", "1m", "-w", "0ms"],
        &["ablate"],
        &["ablate", "--workload", "scale"],
        &["throughput", "--transport", "memory", "-n", &most],
        &["throughput", "--loopback-threads", "1", "-n", &most],
        &["throughput", "-n", &most],
        &["throughput", "--connect", &silent, "-k"],
        &["throughput", "--duration", "1h"],
        &["crypto", "--duration", "1h"],
        &["run", "smoke"],
        &["gate", "--profile", profile, "--against", program],
        &["doctor", "--duration", "1h"],
        &["compare", &kept],
        #[cfg(target_arch = "x86_64")]
        &["instructions"],
    ];
    let signals = [Signal::INT, Signal::TERM, Signal::HUP];
    let mut turn = 0;
    for arguments in commands {
        for moment in [Moment::Early, MIDDLE] {
            for way in [Way::Once, Way::Twice] {
                // Each command meets every signal, and each signal every moment.
                let signal = signals[turn % signals.len()];
                turn += 1;
                ends_in_time(&Row { arguments: arguments.to_vec(), signal, moment, way });
            }
        }
    }
}

#[test]
fn what_was_measured_is_kept_and_printed_however_the_end_is_asked_for() {
    let most = u64::MAX.to_string();
    for (conclusion, limit, signal, way) in [
        ("AES-128-GCM 16 KiB, in memory, send: ", &["throughput", "--duration", "1m"][..], Signal::INT, Way::Twice),
        ("AES-128-GCM 16 KiB, in memory, send: ", &["throughput", "--duration", "1m"], Signal::TERM, Way::Twice),
        (
            "AES-128-GCM 1 KiB, in memory, send: ",
            &["throughput", "--size", "1k", "--count", &most],
            Signal::HUP,
            Way::Once,
        ),
        ("AES-128-GCM, in memory: ", &["handshake", "--count", "1m"], Signal::TERM, Way::Twice),
    ] {
        let arguments = [limit, &["--transport", "memory", "--warmup", "0s", "--json=kept.json"]].concat();
        let row = Row { arguments, signal, moment: Moment::After(Duration::from_millis(2_500)), way };
        let running = ends_in_time(&row);
        let document = kept(running.folder.path());
        assert_eq!(document["partial"], true);
        assert_eq!(document["cases"].as_array().map(Vec::len), Some(1), "{document}");
        assert!(running.said("output").contains(conclusion), "{}", running.said("output"));
    }
}

fn kept(folder: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(folder.join("kept.json")).expect("kept")).expect("JSON")
}

#[test]
fn ctrl_c_once_more_after_a_while_ends_at_once_and_loses_no_case() {
    // Nobody reads its output, which is more than a pipe holds: it can't end before the second Ctrl-C.
    let folder = tempfile::tempdir().expect("a folder");
    let sizes = (1..=64).map(|size| (1000 + size).to_string()).collect::<Vec<_>>().join(",");
    let mut command = listening(&["throughput", "--transport", "memory", "--size", &sizes, "--duration", "100ms"]);
    command.args(["--warmup", "0s", "--format", "json", "--json=kept.json"]).current_dir(folder.path());
    let errors = std::fs::File::create(folder.path().join("errors")).expect("a file");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn().expect("it runs");
    let said = || std::fs::read_to_string(folder.path().join("errors")).unwrap_or_default();
    let began = Instant::now();
    while !said().contains("[16/64]") {
        assert!(began.elapsed() < START_MAX, "{}", said());
        thread::sleep(Duration::from_millis(5));
    }
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::INT).expect("it runs");
    thread::sleep(Duration::from_millis(800));
    assert!(child.try_wait().expect("a child").is_none(), "it waits for somebody to read: {}", said());
    kill_process(pid, Signal::INT).expect("it runs");
    let asked = Instant::now();
    let status = child.wait().expect("an end");
    assert!(status.code() == Some(130) && asked.elapsed() < ANSWER_MAX, "{status}: {}", said());
    let cases = kept(folder.path())["cases"].as_array().map_or(0, Vec::len);
    assert!(cases >= 15, "{cases}");
}

/// Reading and writing wait for others, too: for who writes to a pipe, and for who reads.
#[test]
fn what_waits_for_others_ends_in_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe.toml");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a pipe");
    let pipe = pipe.to_str().expect("text");
    let profile = folder.path().join("short.toml");
    std::fs::write(
        &profile,
        "description = 'd'\n[[case]]\ncommand = 'throughput'\ntransport = 'memory'\nduration = '100ms'\n",
    )
    .expect("a file");
    let profile = profile.to_str().expect("text");
    let to_pipe = format!("--json={pipe}");
    for (arguments, signal, moment) in [
        (vec!["run", pipe], Signal::INT, Moment::Early),
        (vec!["compare", pipe, pipe], Signal::TERM, Moment::Early),
        (vec!["connect", "localhost:1", "--cacert", pipe], Signal::HUP, Moment::Early),
        // Nobody reads what was measured, for ten seconds.
        (vec!["run", profile, &to_pipe], Signal::INT, Moment::After(Duration::from_millis(2_000))),
    ] {
        let row = Row { arguments, signal, moment, way: Way::Once };
        let running = ends_in_time(&row);
        if row.moment != Moment::Early {
            assert!(running.said("output").contains("in memory, send: "), "{}", running.said("errors"));
        }
    }
}

#[test]
fn output_that_nobody_reads_is_not_waited_for_after_a_signal() {
    let sizes = (1..=64).map(|size| (1000 + size).to_string()).collect::<Vec<_>>().join(",");
    let mut command = listening(&["throughput", "--transport", "memory", "--size", &sizes, "-n", "3", "-w", "0s"]);
    command.args(["--format", "json"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("it runs");
    thread::sleep(Duration::from_secs(3));
    assert!(child.try_wait().expect("a child").is_none(), "more than a pipe holds");
    kill_process(Pid::from_child(&child), Signal::TERM).expect("it runs");
    let asked = Instant::now();
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    assert!(asked.elapsed() < END_MAX + ANSWER_MAX, "{:?}", asked.elapsed());
}

#[test]
fn what_is_ignored_at_the_start_stays_ignored() {
    for (name, signal, other) in [("HUP", Signal::HUP, Signal::TERM), ("INT", Signal::INT, Signal::TERM)] {
        let mut command = Command::new("sh");
        let script = format!("trap '' {name}; exec \"$0\" doctor --duration 1h");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_tlsbench")]);
        let mut running = Running::start(command);
        running.wait_until("it measures", Running::measures);
        running.send(signal);
        thread::sleep(Duration::from_millis(300));
        assert!(running.child.try_wait().expect("a child").is_none(), "{name}: {}", running.said("errors"));
        assert!(!running.said("errors").contains("stopping"), "{name}");
        running.send(other);
        assert_eq!(running.child.wait().expect("an end").code(), Some(130));
    }
}

#[test]
fn a_doctor_who_is_interrupted_gives_no_verdict() {
    let arguments = vec!["doctor", "--duration", "1h"];
    let running = ends_in_time(&Row { arguments, signal: Signal::INT, moment: MIDDLE, way: Way::Once });
    let output = running.said("output");
    assert!(output.contains("not measured: the run was interrupted"), "{output}");
    assert!(!output.contains("Nothing stands against"), "{output}");
}

#[test]
fn a_server_ends_well() {
    for signal in [Signal::TERM, Signal::HUP] {
        let mut server = Server::start(&["--mode", "echo"]);
        let pid = Pid::from_raw(server.program.id() as i32).expect("a process");
        for _ in 0..2 {
            kill_process(pid, signal).expect("it runs");
        }
        let (status, _, errors) = server.program.wait_end();
        assert!(status.code() == Some(0) && status.signal().is_none(), "{status}: {errors}");
        assert!(errors.contains("stopped"), "{errors}");
    }
}
