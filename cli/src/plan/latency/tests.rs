use super::*;
use crate::args::{Args, Command};
use crate::workload::Limit;
use clap::Parser;

fn plan(flags: &str) -> Result<Latency, Error> {
    let args = Args::try_parse_from("tlsbench latency".split(' ').chain(flags.split_whitespace()))
        .map_err(|error| Error::Usage(error.to_string()))?;
    match &args.command {
        Command::Latency(args) => Latency::new(args),
        _ => unreachable!("that is the command"),
    }
}

fn ids(flags: &str) -> Vec<String> {
    plan(flags).unwrap_or_else(|error| panic!("{flags}: {error}")).cases.into_iter().map(|case| case.id).collect()
}

#[test]
fn by_default_small_messages_and_pages_of_memory_travel_over_loopback() {
    let expected = ["1/aes128gcm/64", "1/aes128gcm/4096", "2/aes128gcm/64", "2/aes128gcm/4096"];
    assert_eq!(ids(""), expected.map(|rest| format!("latency/loopback-{rest}")));
    let plan = plan("").expect("a plan");
    let case = &plan.cases[0];
    assert!(case.work.sockets.no_delay && !case.work.busy_poll && !case.trusts_anyone);
    assert_eq!(case.schedule.limit, Limit::Duration(Duration::from_secs(3)));
}

#[test]
fn what_decides_figures_is_in_the_name() {
    let flags = "chacha20poly1305 --size 1 --rate 2k --busy-poll --affinity 0,0 --loopback-threads 1,2 --label x";
    let tail = |affinity: &str| format!("chacha20poly1305/1/rate=2000/busy-poll/affinity={affinity}/x");
    assert_eq!(
        ids(flags),
        [format!("latency/loopback-1/{}", tail("0")), format!("latency/loopback-2/{}", tail("0+0"))]
    );
    let plan = plan(flags).expect("a plan");
    assert_eq!(plan.cases[0].requested["affinity"], "0", "one thread drives both ends");
    assert_eq!(plan.cases[1].requested["affinity"], "0,0");
    assert_eq!(plan.cases[1].requested["rate_per_s"], 2000);
    assert_eq!(plan.cases[1].requested["busy_poll"], true);
    assert_eq!(plan.cases[1].schedule.affinity, Affinity { client: Some(0), echo: Some(0) });
}

#[test]
fn libraries_take_turns_at_the_same_work() {
    let plan = plan("--library tls-engine,rustls,rustls-unbuffered --transport memory,loopback").expect("a plan");
    let groups: Vec<usize> = plan.in_turns().map(|cases| cases.len()).collect();
    assert_eq!(groups, [3; 6]);
    assert!(plan.cases[1].id.ends_with("/library=rustls"), "{}", plan.cases[1].id);
}

#[test]
fn a_server_elsewhere_replaces_the_one_in_this_process() {
    let plan = plan("--connect [::1]:4433 -k -n 10k --size 64 --timeout 2s -6").expect("a plan");
    let [case] = &plan.cases[..] else { panic!("{} cases", plan.cases.len()) };
    assert_eq!(case.id, "latency/remote/aes128gcm/64");
    let Route::Elsewhere(elsewhere) = &case.route else { panic!("{}", case.id) };
    assert_eq!(elsewhere.target.to_string(), "[::1]:4433");
    assert_eq!((case.work.patience, case.schedule.limit), (Duration::from_secs(2), Limit::Writes(10_000)));
    for (fact, value) in [("target", "[::1]:4433"), ("transport", "remote")] {
        assert_eq!(case.requested[fact], value);
    }
    assert_eq!(case.requested["timeout_ns"], 2_000_000_000_u64);
    assert!(!case.requested.contains_key("loopback_threads"));
}

#[test]
fn requests_have_no_size_and_leave_the_connection_open() {
    let plan = plan("--connect a.example:8443 -k --http-get /x --rate 10").expect("a plan");
    let [case] = &plan.cases[..] else { panic!("{} cases", plan.cases.len()) };
    assert_eq!(case.id, "latency/remote/aes128gcm/http-get/rate=10");
    assert_eq!(case.requested["http_get"], "/x");
    assert!(!case.requested.contains_key("size_bytes"));
    let Route::Elsewhere(elsewhere) = &case.route else { panic!("{}", case.id) };
    let request = String::from_utf8_lossy(elsewhere.request.as_ref().expect("one")).into_owned();
    assert!(request.starts_with("GET /x HTTP/1.1\r\nHost: a.example:8443\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\n") && !request.contains("Connection:"), "{request}");
}

#[test]
fn what_can_not_be_done_is_refused() {
    for (flags, told) in [
        ("--size 0", "1 B to 64 KiB"),
        ("--size 65k", "1 B to 64 KiB"),
        ("--rate 0", "--rate must be"),
        ("--count 0", "--count must be"),
        ("--timeout 0s", "--timeout must be"),
        ("--duration 0s", "--duration must be"),
        ("--affinity 0,0 --loopback-threads 1", "there is none: leave it out"),
        ("--affinity 0,0 --transport memory", "there is none: leave it out"),
        ("--affinity a", "the number of a processor"),
        ("--loopback-threads 3", "3"),
        ("--connect a:1 --library rustls", "--connect is for --library tls-engine"),
        ("--connect a:1 --transport memory", "cannot be used with"),
        ("--http-get /", "--connect"),
        ("--http-get x --connect a:1", "begins with /"),
        ("--http-get / --connect a:1 --size 64", "cannot be used with"),
        ("-4", "name it with --connect"),
        ("--tls-version 1.2", "tls-engine"),
    ] {
        match plan(flags).err() {
            Some(Error::Usage(message)) => assert!(message.contains(told), "{flags}: {message}"),
            other => panic!("{flags}: {other:?}"),
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_processor_that_there_is_not_is_refused_with_those_that_there_are() {
    let Some(Error::Usage(message)) = plan("--affinity 99999").err() else { panic!("it is accepted") };
    assert!(message.contains("may not use processor 99999, but "), "{message}");
}
