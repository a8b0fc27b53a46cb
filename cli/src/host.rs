//! Facts about the machine. Everything is best effort: what can't be read is `None`, and nothing is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Instant;

use crate::names::shown;
use crate::schema::terms::word;
use crate::schema::{Document, Host};

/// The flags that determine which code the cryptography uses.
const RELEVANT_FLAGS: [&str; 24] = [
    "ssse3",
    "sse4_1",
    "avx",
    "avx2",
    "avx512f",
    "avx512bw",
    "avx512dq",
    "avx512vl",
    "avx512ifma",
    "avx512vbmi",
    "aes",
    "vaes",
    "pclmulqdq",
    "vpclmulqdq",
    "gfni",
    "sha_ni",
    "bmi2",
    "adx", // x86
    "asimd",
    "pmull",
    "sha2",
    "sha3",
    "sha512",
    "sve", // Arm; its AES flag has the name of the x86 one
];

/// Variables that hide processor features from AWS-LC, load other code in front of the C library, or change how that
/// allocates and copies.
const CHANGING: [&str; 6] =
    ["OPENSSL_ia32cap", "OPENSSL_armcap", "LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "GLIBC_TUNABLES"];
const CHANGING_PREFIXES: [&str; 1] = ["MALLOC_"];

/// The load that other programs may put on each processor.
const LOAD_MAX: f64 = 0.5;

/// Warns of conditions that make all times of a run less reliable: a debug build, and other programs.
pub fn warn_of_conditions(document: &mut Document) {
    if cfg!(debug_assertions) {
        document.warn("THIS IS A DEBUG BUILD: its times are meaningless", "build with `cargo build --release`");
    }
    let variables: Vec<_> = document.host.environment.clone().into_iter().collect();
    for (name, value) in variables {
        let message = format!("{name} is set to '{}', which changes what is measured", word(&value.into()));
        document.warn(message, "unset it, unless this is intended");
    }
    let processors = document.host.logical_cpus.unwrap_or(1);
    if let Some(usable) = document.host.usable_cpus
        && usable < processors
    {
        let message = format!("this process may use only {usable} of {processors} processors");
        document.warn(message, "compare only with results from as many; the cause is affinity (`taskset`) or a quota");
    }
    if let Some([load, ..]) = document.host.load_at_start
        && load > LOAD_MAX * f64::from(processors)
    {
        let message = format!("the machine is busy: a load of {load} on {processors} processors");
        document.warn(message, "stop other programs and wait a minute before measuring");
    }
}

/// Describes this machine as it is now.
pub fn describe() -> Host {
    Host {
        timer_cost_ns: Some(timer_cost_ns()),
        usable_cpus: thread::available_parallelism().ok().and_then(|count| u32::try_from(count.get()).ok()),
        environment: environment(std::env::vars_os()),
        ..describe_from(Path::new("/proc"), Path::new("/sys"))
    }
}

/// The current load averages.
pub fn load() -> Option<[f64; 3]> {
    load_from(Path::new("/proc"))
}

fn describe_from(proc: &Path, sys: &Path) -> Host {
    let cpuinfo = read(&proc.join("cpuinfo")).unwrap_or_default();
    let cpu = sys.join("devices/system/cpu");
    let cpu_flags = flags(&cpuinfo);
    Host {
        cpu_model: field(&cpuinfo, "model name").or_else(|| field(&cpuinfo, "Model")).map(str::to_owned),
        cores: cores(&cpuinfo),
        logical_cpus: Some(cpuinfo.lines().filter(|line| line.starts_with("processor")).count() as u32)
            .filter(|count| *count > 0),
        governor: read(&cpu.join("cpu0/cpufreq/scaling_governor")),
        turbo: turbo(&cpu),
        smt: read(&cpu.join("smt/active")).map(|text| text == "1"),
        virtualization: virtualization(&cpuinfo, sys),
        kernel: kernel(proc),
        memory_bytes: memory(proc),
        load_at_start: load_from(proc),
        load_at_end: None,
        open_files_limit: open_files(proc),
        clock_source: read(&sys.join("devices/system/clocksource/clocksource0/current_clocksource")),
        timer_cost_ns: None,
        aslr: read(&proc.join("sys/kernel/randomize_va_space")).map(|text| text != "0"),
        send_buffer_max_bytes: number(&proc.join("sys/net/core/wmem_max")),
        receive_buffer_max_bytes: number(&proc.join("sys/net/core/rmem_max")),
        cpu_flags,
        ..Host::default()
    }
}

/// The variables that affect measurements. An empty one counts as unset.
fn environment(variables: impl Iterator<Item = (OsString, OsString)>) -> BTreeMap<String, String> {
    let text = |text: OsString| shown(&text.to_string_lossy());
    let changes =
        |name: &str| CHANGING.contains(&name) || CHANGING_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    variables
        .map(|(name, value)| (text(name), text(value)))
        .filter(|(name, value)| changes(name) && !value.is_empty())
        .collect()
}

fn number(path: &Path) -> Option<u64> {
    read(path)?.parse().ok()
}

/// The cost of reading the clock: the minimum of several batches, so that interruptions do not count.
fn timer_cost_ns() -> f64 {
    const READINGS: u32 = 200;
    let batch = || {
        let began = Instant::now();
        for _ in 1..READINGS {
            std::hint::black_box(Instant::now());
        }
        began.elapsed().as_nanos() as f64 / f64::from(READINGS)
    };
    (0..20).map(|_| batch()).fold(f64::INFINITY, f64::min)
}

fn read(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The first value of `name` in the `name : value` lines of cpuinfo.
fn field<'a>(cpuinfo: &'a str, name: &str) -> Option<&'a str> {
    fields(cpuinfo, name).next()
}

fn fields<'a>(cpuinfo: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    cpuinfo.lines().filter_map(move |line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

fn flags(cpuinfo: &str) -> Vec<String> {
    let Some(all) = field(cpuinfo, "flags").or_else(|| field(cpuinfo, "Features")) else { return Vec::new() };
    let all: BTreeSet<&str> = all.split_whitespace().collect();
    RELEVANT_FLAGS.iter().filter(|flag| all.contains(**flag)).map(|flag| (*flag).to_owned()).collect()
}

fn cores(cpuinfo: &str) -> Option<u32> {
    let cores: BTreeSet<_> = fields(cpuinfo, "physical id").zip(fields(cpuinfo, "core id")).collect();
    (!cores.is_empty()).then_some(cores.len() as u32)
}

fn turbo(cpu: &Path) -> Option<bool> {
    let no_turbo = read(&cpu.join("intel_pstate/no_turbo")).map(|text| text == "0");
    no_turbo.or_else(|| read(&cpu.join("cpufreq/boost")).map(|text| text == "1"))
}

fn virtualization(cpuinfo: &str, sys: &Path) -> Option<String> {
    if let Some(kind) = read(&sys.join("hypervisor/type")) {
        return Some(kind);
    }
    let flags = field(cpuinfo, "flags")?;
    if !flags.split_whitespace().any(|flag| flag == "hypervisor") {
        return Some("none".to_owned());
    }
    Some(read(&sys.join("class/dmi/id/sys_vendor")).unwrap_or_else(|| "a hypervisor".to_owned()))
}

fn kernel(proc: &Path) -> Option<String> {
    let name = read(&proc.join("sys/kernel/ostype"))?;
    let release = read(&proc.join("sys/kernel/osrelease"))?;
    Some(format!("{name} {release}"))
}

fn memory(proc: &Path) -> Option<u64> {
    let meminfo = read(&proc.join("meminfo"))?;
    let kib: u64 = field(&meminfo, "MemTotal")?.strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

fn load_from(proc: &Path) -> Option<[f64; 3]> {
    let text = read(&proc.join("loadavg"))?;
    let mut averages = text.split_whitespace().map_while(|word| word.parse().ok());
    Some([averages.next()?, averages.next()?, averages.next()?])
}

fn open_files(proc: &Path) -> Option<u64> {
    let limits = read(&proc.join("self/limits"))?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of files with the kernel's layout.
    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a directory");
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().expect("it has a parent")).expect("directories");
            fs::write(path, text).expect("a file");
        }
        root
    }

    #[test]
    fn a_described_machine_is_described() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Example 9000\nphysical id\t: 0\ncore id\t\t: 0\n\
                       flags\t\t: fpu aes hypervisor vaes avx2\n\n\
                       processor\t: 1\nmodel name\t: Example 9000\nphysical id\t: 0\ncore id\t\t: 0\n";
        let root = tree(&[
            ("proc/cpuinfo", cpuinfo),
            ("proc/meminfo", "MemTotal:        2048 kB\nMemFree: 1 kB\n"),
            ("proc/loadavg", "0.50 0.25 0.12 1/99 1234\n"),
            ("proc/sys/kernel/ostype", "Linux\n"),
            ("proc/sys/kernel/osrelease", "6.1.0\n"),
            ("proc/self/limits", "Limit  Soft Limit  Hard Limit  Units\nMax open files   1024   4096   files\n"),
            ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n"),
            ("sys/devices/system/cpu/intel_pstate/no_turbo", "0\n"),
            ("sys/devices/system/cpu/smt/active", "1\n"),
            ("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"),
            ("proc/sys/kernel/randomize_va_space", "2\n"),
            ("proc/sys/net/core/wmem_max", "212992\n"),
            ("proc/sys/net/core/rmem_max", "all of it\n"),
            ("sys/class/dmi/id/sys_vendor", "QEMU\n"),
        ]);
        let host = describe_from(&root.path().join("proc"), &root.path().join("sys"));
        let expected = Host {
            cpu_model: Some("Example 9000".into()),
            cpu_flags: vec!["avx2".into(), "aes".into(), "vaes".into()],
            cores: Some(1),
            logical_cpus: Some(2),
            governor: Some("powersave".into()),
            turbo: Some(true),
            smt: Some(true),
            virtualization: Some("QEMU".into()),
            kernel: Some("Linux 6.1.0".into()),
            memory_bytes: Some(2048 * 1024),
            load_at_start: Some([0.5, 0.25, 0.12]),
            load_at_end: None,
            open_files_limit: Some(1024),
            clock_source: Some("tsc".into()),
            timer_cost_ns: None,
            aslr: Some(true),
            send_buffer_max_bytes: Some(212_992),
            ..Host::default()
        };
        assert_eq!(host, expected);
    }

    #[test]
    fn only_variables_that_change_what_is_measured_are_kept() {
        let set = [("OPENSSL_ia32cap", "~0x2"), ("PATH", "/bin"), ("MALLOC_ARENA_MAX", "1"), ("LD_PRELOAD", "")];
        let kept = environment(set.into_iter().map(|(name, value)| (name.into(), value.into())));
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["MALLOC_ARENA_MAX", "OPENSSL_ia32cap"]);
    }

    #[test]
    fn a_machine_that_tells_nothing_is_no_error() {
        let root = tree(&[("proc/meminfo", "MemTotal: lots\n"), ("proc/loadavg", "low\n")]);
        assert_eq!(describe_from(&root.path().join("proc"), &root.path().join("sys")), Host::default());
    }
}
