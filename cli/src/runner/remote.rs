//! Connects to a server elsewhere and measures the client.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tls_engine::io::SocketOptions;
use tls_engine::io::event_loop::LoopOptions;

use super::{Job, negotiated, warnings};
use crate::error::Error;
use crate::library::HandshakeKind;
use crate::measure::nanoseconds_of;
use crate::net::{LocalPorts, OpenFiles, Target};
use crate::plan::{RemoteCase, Tls, Trust};
use crate::schema::{Case, Document, Facts};
use crate::units::{counted, format_quantity, grouped};
use crate::workload::Limit;
use crate::workload::remote::{self, Contents, Counts, Found, Load, Visits};

/// How long a connection may wait for a ticket or for a part of a response, where there is no request.
const TICKET_WAIT: Duration = Duration::from_secs(2);
/// How long a server may take to close its side.
const LINGER: Duration = Duration::from_secs(1);
/// How long a server may answer nothing at the end without a warning.
const SILENCE: Duration = Duration::from_secs(1);
/// What a share or a rate may fall short of what was asked for without a warning.
const TOLERANCE: f64 = 0.02;

/// A job for each case.
pub(super) fn jobs(cases: &[RemoteCase]) -> impl Iterator<Item = Box<dyn Job>> {
    cases.iter().map(|case| Box::new(Remote(case.clone())) as Box<dyn Job>)
}

/// A case with a server elsewhere.
struct Remote(RemoteCase);

impl Job for Remote {
    fn label(&self) -> &str {
        &self.0.id
    }

    fn notes(&self) -> &[String] {
        &self.0.notes
    }

    fn warn(&self, document: &mut Document) {
        let RemoteCase { trust, tls, threads, limit, .. } = &self.0;
        warnings::of_duration(document, *limit);
        warnings::of_threads(document, threads.get());
        warnings::of_client(document, matches!(trust, Trust::Anyone), tls.key_log.is_some());
    }

    fn measure(&self, document: &mut Document, advance: &mut dyn FnMut(f64, &str)) -> Result<(), Error> {
        let planned = &self.0;
        check_open_files(planned)?;
        let began = Instant::now();
        let addresses = planned.target.resolve()?;
        let resolved = began.elapsed();
        let addresses = reachable(document, planned, addresses)?;
        warn_of_ports(document, planned, &addresses);
        let mut found = remote::run(&visits(planned, addresses.clone()), advance)?;
        let mut case = Case::asked(&planned.id, &planned.requested, &planned.switches);
        if let Some(agreed) = &found.negotiated {
            case.negotiated = negotiated(agreed);
        }
        let share = |count: u64| Some(count as f64 / found.counts.completed.max(1) as f64);
        let Counts { resumed, early_data, hello_retries, .. } = found.counts;
        case.negotiated.resumed_share = share(resumed);
        case.negotiated.early_data_share = share(early_data);
        case.negotiated.hello_retry_share = share(hello_retries);
        case.achieved = achieved(planned, &found, &addresses, resolved);
        match &planned.request {
            Some(request) if request.is_repeated => {
                remote::record_requests(&mut case, &found, !request.content.is_empty(), planned.seed)?;
                warn_of_contents(document, planned, &found);
            }
            _ => remote::record(&mut case, &found, matches!(planned.load, Load::Open { .. }), planned.seed)?,
        }
        warn_of_shortfalls(document, planned, &found);
        document.cases.push(case);
        found.ended_early.take().map_or(Ok(()), Err)
    }
}

fn visits(planned: &RemoteCase, addresses: Vec<SocketAddr>) -> Visits {
    let RemoteCase { setting, tls, suite, trust, timeout, request, .. } = planned;
    let (tls, suite, trust, switches) = (tls.clone(), *suite, trust.clone(), setting.switches);
    let mut options = LoopOptions::new(&switches);
    options.handshake_timeout = *timeout;
    options.timeout = if request.is_some() { *timeout } else { TICKET_WAIT.min(*timeout) };
    options.linger = LINGER;
    Visits {
        target: planned.target.to_string(),
        addresses,
        bind: planned.bind.clone(),
        name: planned.name.clone(),
        config: Box::new(move |kind, tickets| {
            Tls { kind, ..tls.clone() }.client_with_tickets(&[suite], &trust, switches, tickets)
        }),
        mix: planned.mix.clone(),
        request: request.clone(),
        connections: planned.connections,
        threads: planned.threads,
        load: planned.load,
        limit: planned.limit,
        warmup: planned.warmup,
        sockets: planned.sockets,
        options,
    }
}

/// The addresses that connections go to in turns: those that this side can reach, where there are several. A name may have one that nothing
/// listens on, such as ::1 beside 127.0.0.1.
fn reachable(
    document: &mut Document,
    planned: &RemoteCase,
    addresses: Vec<SocketAddr>,
) -> Result<Vec<SocketAddr>, Error> {
    let can_bind = |address: &SocketAddr| {
        planned.bind.is_empty() || planned.bind.iter().any(|bind| bind.is_ipv4() == address.is_ipv4())
    };
    let (addresses, others): (Vec<_>, Vec<_>) = addresses.into_iter().partition(can_bind);
    if let (true, Some(other)) = (addresses.is_empty(), others.first()) {
        return Err(Error::Usage(format!(
            "--bind has no address to reach {other} from, which is of another IP version"
        )));
    }
    if addresses.len() < 2 {
        return Ok(addresses);
    }
    let sockets = SocketOptions { timeout: Some(planned.timeout), ..planned.sockets };
    let (mut reached, mut lost) = (Vec::new(), Vec::new());
    for address in addresses {
        match Target::of_address(address).connect(&sockets) {
            Ok(_) => reached.push(address),
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(_) => lost.push(address),
        }
    }
    if reached.is_empty() {
        return Ok(lost);
    }
    for address in lost {
        document.warn(
            format!("{address} is not used: it can't be reached"),
            "the other addresses of the server take turns",
        );
    }
    Ok(reached)
}

/// Refuses to begin what can't have as many files open.
fn check_open_files(planned: &RemoteCase) -> Result<(), Error> {
    let files = OpenFiles::raise();
    let room = files.room(planned.threads.get());
    if room < planned.connections {
        return Err(Error::Failed(format!(
            "{} at once need more open files than the {} that this process may have: raise the limit (ulimit -n), or use a lower \
             --connections",
            counted(planned.connections, "connection", "connections"),
            files.limit.map_or_else(String::new, grouped)
        )));
    }
    Ok(())
}

/// The side that closes first keeps the port for a minute (TIME_WAIT, RFC 9293 3.6.1): this side, or either where there is a request. Linux
/// may use such a port again after a second, but not where it has to bind an address first.
fn warn_of_ports(document: &mut Document, planned: &RemoteCase, addresses: &[SocketAddr]) {
    let Some(ports) = LocalPorts::of_system() else { return };
    let is_loopback = addresses.iter().all(|address| address.ip().is_loopback());
    let are_reused = planned.bind.is_empty() && ports.are_reused(is_loopback);
    let held = LocalPorts::held(are_reused);
    let room = ports.count() * (planned.bind.len().max(1) * addresses.len().max(1)) as u64;
    let needed = match (planned.load, planned.limit) {
        (Load::Open { per_s }, _) => (per_s * held.as_secs_f64()) as u64,
        (Load::Closed { .. }, Limit::Writes(count)) if !are_reused && !repeats(planned) => count,
        _ => planned.connections as u64,
    };
    if needed > room {
        let message = format!(
            "local ports may run out: this side closes first, and then keeps the port of a connection for {}; there are {}, \
             and {} are needed",
            humantime::format_duration(held),
            grouped(room),
            grouped(needed)
        );
        document
            .warn(message, "give more addresses with --bind, such as 127.0.0.1,127.0.0.2 for a server on this machine");
    }
}

fn achieved(planned: &RemoteCase, found: &Found, addresses: &[SocketAddr], resolved: Duration) -> Facts {
    let mut facts = Facts::new();
    let mut add = |name: &str, value: serde_json::Value| facts.insert(name.to_owned(), value);
    add("library", "tls-engine".into());
    add("duration_ns", nanoseconds_of(found.elapsed).into());
    add("dns_ns", nanoseconds_of(resolved).into());
    let told: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    add("addresses", told.join(", ").into());
    add("connections", found.statistics.peak.into());
    let Counts { completed, resumed, received_bytes, content_bytes, .. } = found.counts;
    if repeats(planned) {
        let Contents { first, compared, different } = &found.contents;
        add("connections_begun", found.statistics.accepted.into());
        add("requests", completed.into());
        add("content_bytes", content_bytes.into());
        if let Some(first) = first {
            add("response_content_bytes", first.bytes.into());
            add("response_content_sha256", first.sha256.clone().into());
        }
        add("responses_compared", (*compared).into());
        add("responses_different", (*different).into());
    } else {
        add("handshakes", completed.into());
        add("resumed", resumed.into());
    }
    if planned.request.is_some() {
        add("received_bytes", received_bytes.into());
    }
    add("rate_per_s", (completed as f64 / found.elapsed.as_secs_f64().max(1e-9)).into());
    add("failed", found.failures.count().into());
    if found.failures.count() > 0 {
        add("failures", found.failures.told().into());
    }
    add("closed_first_by", if planned.request.is_some() { "either" } else { "client" }.into());
    add("cpu_time_from", "the processor clocks of the threads of the client, system calls included".into());
    facts
}

fn repeats(planned: &RemoteCase) -> bool {
    planned.request.as_ref().is_some_and(|request| request.is_repeated)
}

/// What responses that are not all alike mean, and a server that fell silent.
fn warn_of_contents(document: &mut Document, planned: &RemoteCase, found: &Found) {
    let id = &planned.id;
    if found.contents.different > 0 {
        let different = counted(found.contents.different as usize, "response has", "responses have");
        let message = format!("{id}: {different} other content than the first");
        document.warn(message, "a page that is made anew for each request, or a server that mixes them up");
    }
    if found.silence > SILENCE {
        let silence = humantime::format_duration(Duration::from_secs(found.silence.as_secs()));
        document
            .warn(format!("{id}: the server has sent nothing in the last {silence}"), "the server may have stalled");
    }
}

fn warn_of_shortfalls(document: &mut Document, planned: &RemoteCase, found: &Found) {
    let id = &planned.id;
    let failed = found.failures.count();
    if failed > 0 {
        let what = if repeats(planned) { "requests or connections" } else { "connections" };
        let message = format!("{id}: {failed} {what} failed: {}", found.failures.told());
        document.warn(message, "they are left out of all other figures");
    }
    let missing = found.counts.certificates_missing;
    if missing > 0 {
        // Without a request, a client of TLS 1.3 has gone before it is refused.
        let asked = counted(missing as usize, "connection was", "connections were");
        let message = format!("{id}: {asked} asked for a certificate, and showed none");
        document.warn(message, "show one with --cert FILE and --key FILE, if the server is to take the connections");
    }
    let completed = found.counts.completed.max(1) as f64;
    let asked = planned.mix.share(|kind| kind.is_resumed());
    let got = found.counts.resumed as f64 / completed;
    if got < asked - TOLERANCE {
        let message =
            format!("{id}: {:.0} % of the handshakes resumed a session, not {:.0} %", got * 100.0, asked * 100.0);
        document
            .warn(message, "the server may give too few tickets, or not take them; a longer --warmup collects more");
    }
    let retries = planned.mix.share(|kind| kind == HandshakeKind::HelloRetry);
    if (found.counts.hello_retries as f64 / completed) < retries - TOLERANCE {
        let message = format!("{id}: the server sent fewer HelloRetryRequests than were asked for");
        document.warn(message, "name a group second that the server lacks, as in --groups x25519:secp521r1");
    }
    let early = planned.mix.share(|kind| kind == HandshakeKind::EarlyData);
    if (found.counts.early_data as f64 / completed) < early - TOLERANCE {
        let message = format!("{id}: the server accepted less early data than was sent");
        document.warn(message, "it may be switched off there, or limited to tickets of a certain age");
    }
    if let (Load::Open { per_s }, Limit::Duration(duration)) = (planned.load, planned.limit) {
        let rate = found.counts.completed as f64 / duration.as_secs_f64();
        if rate < per_s * (1.0 - TOLERANCE) {
            let message = format!(
                "{id}: {} were completed, not {}",
                format_quantity(rate, "connections/s"),
                format_quantity(per_s, "connections/s")
            );
            document.warn(message, "the server, this machine or the number of --connections is the limit");
        }
    }
}
