use crate::schema::Host;
use crate::schema::doctor::Check;
use crate::workload::ablation::connections_max;

/// The load that other programs may put on each processor.
const LOAD_MAX: f64 = 0.5;
/// What reading the clock may cost, nanoseconds: the shortest block that is timed has milliseconds, but the clock is read
/// around each batch.
const TIMER_MAX_NS: f64 = 200.0;
/// The connections that `ablate` has by default.
const CONNECTIONS_WANTED: u64 = 2_000;
/// The kernel's buffer that a socket should be able to ask for, bytes.
const SOCKET_BUFFER_WANTED: u64 = 1 << 20;

/// The checks of a machine, of the limit on open files, and of `contradictions` in its cryptography.
pub(super) fn of(host: &Host, open_files: Option<u64>, contradictions: &[String]) -> Vec<Check> {
    let checks = [
        build(cfg!(debug_assertions)),
        load(host),
        governor(host),
        turbo(host),
        smt(host),
        virtualization(host),
        clock(host),
        timer(host),
        aslr(host),
        files(open_files),
        socket_buffers(host),
        cryptography(host, contradictions),
    ];
    checks.into_iter().chain(environment(host)).chain(processors(host)).collect()
}

/// Only if there are any.
fn environment(host: &Host) -> Option<Check> {
    let set: Vec<String> = host.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let advice = "unset it: disabled CPU features make everything slow, however good the processor";
    (!set.is_empty()).then(|| Check::warning("environment", set.join(" "), advice))
}

fn processors(host: &Host) -> Option<Check> {
    let (usable, all) = (host.usable_cpus?, host.logical_cpus?);
    let advice =
        "measure with one thread (--loopback-threads 1), or allow more: see `taskset` or the container's quota";
    (usable < all).then(|| Check::warning("processors", format!("{usable} of {all} may be used"), advice))
}

fn build(is_debug: bool) -> Check {
    if is_debug {
        Check::warning("build", "debug: times are meaningless", "build with `cargo build --release`")
    } else {
        Check::good("build", "release")
    }
}

fn load(host: &Host) -> Check {
    let (Some([load, ..]), Some(processors)) = (host.load_at_start, host.logical_cpus) else {
        return Check::unknown("load");
    };
    let finding = format!("{load} on {processors} processors");
    if load > LOAD_MAX * f64::from(processors) {
        Check::warning("load", finding, "stop other programs and wait a minute before measuring")
    } else {
        Check::good("load", finding)
    }
}

fn governor(host: &Host) -> Check {
    match host.governor.as_deref() {
        None => Check::unknown("governor"),
        Some("performance") => Check::good("governor", "performance"),
        Some(other) => Check::warning(
            "governor",
            format!("{other}: the clock follows the load"),
            "while measuring: `cpupower frequency-set -g performance`",
        ),
    }
}

fn turbo(host: &Host) -> Check {
    match host.turbo {
        None => Check::unknown("turbo"),
        Some(false) => Check::good("turbo", "off"),
        Some(true) => Check::warning(
            "turbo",
            "on: the clock depends on temperature and neighbours",
            "compare only within one run, in turns, or disable it in the firmware or under /sys/devices/system/cpu",
        ),
    }
}

fn smt(host: &Host) -> Check {
    match host.smt {
        None => Check::unknown("SMT"),
        Some(false) => Check::good("SMT", "off"),
        Some(true) => Check::warning(
            "SMT",
            "on: two processors share a core",
            "leave every second processor idle, for example with `taskset`, or measure with one thread: --loopback-threads 1",
        ),
    }
}

fn virtualization(host: &Host) -> Check {
    match host.virtualization.as_deref() {
        None => Check::unknown("virtualization"),
        Some("none") => Check::good("virtualization", "none"),
        Some(other) => Check::warning(
            "virtualization",
            format!("{other}: other machines may share its processors"),
            "rely on counts and on ratios within a run; measure times on dedicated hardware",
        ),
    }
}

fn clock(host: &Host) -> Check {
    match host.clock_source.as_deref() {
        None => Check::unknown("clock source"),
        Some(fast @ ("tsc" | "arch_sys_counter" | "kvm-clock" | "hyperv_clocksource_tsc_page")) => {
            Check::good("clock source", fast)
        }
        Some(slow) => Check::warning(
            "clock source",
            format!("{slow}: every reading is a system call"),
            "check whether the kernel offers tsc in /sys/devices/system/clocksource/clocksource0/available_clocksource",
        ),
    }
}

fn timer(host: &Host) -> Check {
    let Some(cost_ns) = host.timer_cost_ns else { return Check::unknown("timer") };
    let finding = format!("{cost_ns:.0} ns to read the clock");
    if cost_ns > TIMER_MAX_NS {
        Check::warning(
            "timer",
            finding,
            "don't rely on times of short records; larger buffers read the clock less often",
        )
    } else {
        Check::good("timer", finding)
    }
}

fn aslr(host: &Host) -> Check {
    match host.aslr {
        None => Check::unknown("ASLR"),
        Some(false) => Check::good("ASLR", "off"),
        // Left on it is a property of every program in the field; a run that is repeated averages over it.
        Some(true) => Check::good("ASLR", "on: memory addresses differ from run to run (`setarch -R` fixes them)"),
    }
}

fn files(limit: Option<u64>) -> Check {
    let Some(limit) = limit else { return Check::good("open files", "unlimited") };
    let connections = connections_max(limit);
    let finding = format!("{limit}, enough for {connections} connections in `ablate`");
    if connections < CONNECTIONS_WANTED {
        let advice =
            format!("raise the hard limit (`ulimit -Hn`): `ablate` has {CONNECTIONS_WANTED} connections by default");
        Check::warning("open files", finding, advice)
    } else {
        Check::good("open files", finding)
    }
}

fn socket_buffers(host: &Host) -> Check {
    let (Some(send), Some(receive)) = (host.send_buffer_max_bytes, host.receive_buffer_max_bytes) else {
        return Check::unknown("socket buffers");
    };
    let finding = format!("at most {send} B to send, {receive} B to receive");
    if send.min(receive) < SOCKET_BUFFER_WANTED {
        let advice = format!(
            "for larger --send-buffer or --receive-buffer: `sysctl net.core.wmem_max={SOCKET_BUFFER_WANTED} net.core.rmem_max={SOCKET_BUFFER_WANTED}`"
        );
        Check::warning("socket buffers", finding, advice)
    } else {
        Check::good("socket buffers", finding)
    }
}

fn cryptography(host: &Host, contradictions: &[String]) -> Check {
    if host.cpu_flags.is_empty() {
        return Check::unknown("cryptography");
    }
    let has = |flag: &str| host.cpu_flags.iter().any(|known| known == flag);
    let found: Vec<&str> =
        ["aes", "vaes", "avx512f", "sha_ni", "pmull", "sha2"].into_iter().filter(|flag| has(flag)).collect();
    if let Some(contradiction) = contradictions.first() {
        Check::warning(
            "cryptography",
            contradiction.as_str(),
            "look for an emulator or a hypervisor that hides AES instructions",
        )
    } else if host.environment.keys().any(|name| name.starts_with("OPENSSL_")) {
        let finding = "the environment decides which instructions are used";
        Check::warning("cryptography", finding, "unset OPENSSL_ia32cap and OPENSSL_armcap")
    } else if has("aes") {
        Check::good("cryptography", found.join(" "))
    } else {
        let advice =
            "measure chacha20poly1305, or use a processor with AES instructions; don't compare with other machines";
        Check::warning("cryptography", "no AES instructions", advice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::doctor::CheckState;

    fn state_of(name: &str, host: &Host) -> CheckState {
        let checks = of(host, host.open_files_limit, &[]);
        let check = checks.iter().find(|check| check.name == name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(
            check.state == CheckState::Warning,
            check.advice.is_some(),
            "each warning says what to do: {check:?}"
        );
        check.state
    }

    #[test]
    fn a_machine_that_tells_nothing_is_neither_praised_nor_blamed() {
        let checks = of(&Host::default(), None, &[]);
        assert!(
            checks
                .iter()
                .filter(|check| check.name != "build" && check.name != "open files")
                .all(|check| check.state == CheckState::Unknown)
        );
    }

    #[test]
    fn a_processor_whose_features_are_taken_away_is_not_good() {
        let environment = [("OPENSSL_ia32cap".to_owned(), "~0x200000200000000".to_owned())].into();
        let host = Host { cpu_flags: vec!["aes".into(), "vaes".into()], environment, ..Host::default() };
        assert_eq!(state_of("cryptography", &host), CheckState::Warning);
        assert_eq!(state_of("environment", &host), CheckState::Warning);
        let able = Host { cpu_flags: vec!["aes".into()], ..Host::default() };
        let found = of(&able, None, &["it is slow".to_owned()]);
        assert!(
            found.iter().any(|check| check.finding == "it is slow" && check.state == CheckState::Warning),
            "{found:?}"
        );
        let host = Host { logical_cpus: Some(2), usable_cpus: Some(1), ..Host::default() };
        assert_eq!(state_of("processors", &host), CheckState::Warning);
    }

    #[test]
    fn each_fact_is_judged() {
        let poor = Host {
            cpu_flags: vec!["ssse3".into()],
            logical_cpus: Some(2),
            usable_cpus: Some(1),
            environment: [("OPENSSL_ia32cap".to_owned(), "~0x2".to_owned())].into(),
            governor: Some("powersave".into()),
            turbo: Some(true),
            smt: Some(true),
            virtualization: Some("QEMU".into()),
            load_at_start: Some([1.5, 0.0, 0.0]),
            open_files_limit: Some(1_024),
            clock_source: Some("hpet".into()),
            timer_cost_ns: Some(900.0),
            aslr: Some(true),
            send_buffer_max_bytes: Some(212_992),
            receive_buffer_max_bytes: Some(8 << 20),
            ..Host::default()
        };
        let fit = Host {
            cpu_flags: vec!["aes".into(), "vaes".into()],
            logical_cpus: Some(2),
            governor: Some("performance".into()),
            turbo: Some(false),
            smt: Some(false),
            virtualization: Some("none".into()),
            load_at_start: Some([0.1, 0.0, 0.0]),
            open_files_limit: Some(1 << 20),
            clock_source: Some("tsc".into()),
            timer_cost_ns: Some(20.0),
            aslr: Some(false),
            send_buffer_max_bytes: Some(8 << 20),
            receive_buffer_max_bytes: Some(8 << 20),
            ..Host::default()
        };
        for check in of(&fit, fit.open_files_limit, &[])
            .into_iter()
            .filter(|check| check.name != "build" && check.name != "ASLR")
        {
            assert_eq!(state_of(&check.name, &fit), CheckState::Good, "{check:?}");
            assert_eq!(state_of(&check.name, &poor), CheckState::Warning, "{check:?}");
        }
    }

    #[test]
    fn the_connections_that_ablate_has_by_default_are_the_measure_of_open_files() {
        use clap::Parser;
        let args = crate::args::Args::try_parse_from(["tlsbench", "ablate"]).expect("flags");
        let crate::args::Command::Ablate(ablate) = args.command else { panic!("another command") };
        assert_eq!(ablate.connections.0, CONNECTIONS_WANTED);
        let enough = (0..).find(|limit| connections_max(*limit) == CONNECTIONS_WANTED).expect("a limit");
        assert_eq!(files(Some(enough)).state, CheckState::Good);
        assert_eq!(files(Some(enough - 1)).state, CheckState::Warning);
        assert_eq!(files(None).state, CheckState::Good);
    }
}
