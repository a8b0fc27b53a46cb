//! `tlsbench connect`: the first look at a server, and a conversation by hand.

mod certificate;
mod chain;
mod exchange;
mod notes;
mod open;
mod summary;
mod visit;

use std::time::{Duration, SystemTime};

use crate::error::Error;
use crate::interrupt;
use crate::names::shown;
use crate::plan::Connect;
use crate::render::{Messages, connection, write_json};
use crate::schema::connection::{Connection as About, Look, SCHEMA};
use crate::schema::{Tool, Warning, timestamp};
use exchange::Exchange;
use open::{Opened, open};

/// How often a wait looks up for Ctrl-C.
const LOOK: Duration = Duration::from_millis(100);

/// Connects, as often as asked for, and carries data both ways in the last connection until one side ends it. What is found on the
/// way is written also where that fails.
pub fn run(plan: &Connect, messages: Messages) -> Result<(), Error> {
    plan.notes.iter().for_each(|note| messages.note(note));
    let mut look = begin(plan);
    let ended = connect(plan, &mut look, messages);
    look.finished_at = timestamp(SystemTime::now());
    look.partial = ended.is_err();
    look.error = ended.as_ref().err().map(|error| shown(&error.to_string()));
    look.spread = summary::spread(&look.connections);
    look.differences = summary::differences(&look.connections);
    connection::spread_lines(&look).iter().for_each(|line| messages.note(line));
    let Some(place) = &plan.json else { return ended };
    interrupt::begin_to_say();
    let written = write_json(place, &look);
    ended.and(written)
}

fn begin(plan: &Connect) -> Look {
    let now = timestamp(SystemTime::now());
    Look {
        schema: SCHEMA.to_owned(),
        tool: Tool::current(),
        started_at: now.clone(),
        finished_at: now,
        partial: false,
        error: None,
        target: plan.target.to_string(),
        server_name: plan.name.to_str().into_owned(),
        authorities: plan.authorities.clone(),
        warnings: Vec::new(),
        earlier: None,
        connections: Vec::new(),
        spread: Vec::new(),
        differences: Vec::new(),
    }
}

fn connect(plan: &Connect, look: &mut Look, messages: Messages) -> Result<(), Error> {
    let target = plan.target.to_string();
    // Some providers take tens of milliseconds to seed their generator when it is first used, which are not the server's.
    plan.provider.random.fill(&mut [0])?;
    if plan.resumes {
        let mut earlier = About::default();
        let visited = visit(plan, &mut earlier, messages);
        let times = connection::times_text(&earlier.times);
        look.earlier = Some(earlier).filter(|earlier| earlier.address.is_some());
        visited?;
        messages.note(&format!("connection for the ticket: {times}"));
        if !plan.tickets.has_ticket() {
            let message =
                format!("{target} has sent no ticket in an earlier connection, which was waited for {:?}", plan.linger);
            let advice =
                "the handshake is a full one; some servers send tickets only with an answer (--linger waits longer)";
            warn(look, messages, message, advice);
        }
    }
    for number in 1..plan.repeat {
        interrupt::check()?;
        let mut about = About::default();
        let visited = visit(plan, &mut about, messages);
        let times = connection::times_text(&about.times);
        keep(look, about);
        visited?;
        messages.note(&format!("connection {number} of {}: {times}", plan.repeat));
    }
    let mut about = About::default();
    let talked = talk(plan, look, &mut about, messages);
    keep(look, about);
    talked
}

/// Keeps what is known of a connection, if there was one.
fn keep(look: &mut Look, about: About) {
    look.connections.extend(Some(about).filter(|about| about.address.is_some()));
}

/// A connection without a conversation.
fn visit(plan: &Connect, about: &mut About, messages: Messages) -> Result<(), Error> {
    let opened = opened(plan, &[], about, messages)?;
    let left = visit::leave(plan, opened, about);
    about.tickets = plan.tickets.take_received();
    left
}

/// The connection that standard input goes to.
fn talk(plan: &Connect, look: &mut Look, about: &mut About, messages: Messages) -> Result<(), Error> {
    let had_ticket = plan.tickets.has_ticket();
    let opened = opened(plan, &plan.early_data, about, messages)?;
    let mut pending = plan.early_data.clone();
    if let Some(negotiated) = opened.connection.negotiated() {
        if had_ticket && !negotiated.is_resumed() {
            let message = format!("{} has not taken its ticket: the handshake is a full one", plan.target);
            warn(look, messages, message, "servers behind one address may not share their keys, or may have restarted");
        }
        notes::describe(plan, negotiated, about, opened.early_bytes, messages);
        if negotiated.early_data {
            pending.drain(..opened.early_bytes);
        }
    }
    match (&about.chain, look.earlier.as_ref().and_then(|earlier| earlier.chain.as_ref())) {
        (Some(chain), _) => notes::tell_chain(chain, messages),
        (None, Some(chain)) => {
            messages.note("chain:     that of the connection for the ticket");
            notes::tell_chain(chain, messages);
        }
        (None, None) => {}
    }
    let mut exchange = Exchange::new(plan, opened, pending, messages);
    let ended = exchange.run();
    exchange.note(about);
    about.tickets = plan.tickets.take_received();
    notes::tell_end(about, messages);
    ended
}

/// A connection whose handshake has completed. Where it fails, what the server has shown is told all the same.
fn opened(plan: &Connect, early_data: &[u8], about: &mut About, messages: Messages) -> Result<Opened, Error> {
    open(plan, early_data, about).inspect_err(|_| {
        about.chain.iter().for_each(|chain| notes::tell_chain(chain, messages));
        if about.address.is_some() {
            notes::tell_end(about, messages);
        }
    })
}

fn warn(look: &mut Look, messages: Messages, message: String, advice: &str) {
    let warning = Warning { message, advice: advice.to_owned() };
    messages.warning(&warning);
    look.warnings.push(warning);
}
