use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::sync::Arc;

use tls_engine::codes::CipherSuite;

use super::messages::{Between, HandshakesOrder, Hello, Order, PROTOCOL, Reply, TransferOrder};
use crate::error::Error;
use crate::library::{Description, Library, Setup};
use crate::setting::find_provider;
use crate::workload::handshake::{self, Conditions, Handshakes};
use crate::workload::{Transport, Work, WorkerPool};

/// The main function of a program with a library: says on standard output which `library` it has, and does what it is asked for
/// on standard input, until that ends. `new` configures both ends of connections, and fails with [`Error::Usage`] for what
/// the library can't do.
///
/// The program must name [`heap_meter::Allocator`] as its global allocator, or its heap calls are not counted.
pub fn serve<T: Library>(library: Description, new: impl Fn(&Setup) -> Result<T, Error>) -> ExitCode {
    let told = match std::env::args_os().nth(1) {
        None => converse(library, new),
        Some(_) => {
            writeln!(io::stdout(), "{} {}\n\nA library for tlsbench --library.", library.name, library.version)
        }
    };
    // Whoever gave the orders is gone.
    if told.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn converse<T: Library>(library: Description, new: impl Fn(&Setup) -> Result<T, Error>) -> io::Result<()> {
    let mut output = io::stdout().lock();
    let mut say = |line: Vec<u8>| output.write_all(&[&line[..], b"\n"].concat()).and_then(|()| output.flush());
    say(serde_json::to_vec(&Hello { protocol: PROTOCOL, library })?)?;
    let mut busy = Busy::Idle;
    for line in io::stdin().lock().lines() {
        let order = serde_json::from_str(&line?)?;
        let reply = obey(&mut busy, order, &new).unwrap_or_else(|error| Reply::failure(&error));
        say(serde_json::to_vec(&reply)?)?;
    }
    Ok(())
}

/// What the program works on.
enum Busy {
    Idle,
    Transfer(WorkerPool),
    Handshakes(Box<dyn Handshakes>),
}

fn obey<T: Library>(busy: &mut Busy, order: Order, new: &impl Fn(&Setup) -> Result<T, Error>) -> Result<Reply, Error> {
    match (order, busy) {
        (Order::Transfer(order), busy) => {
            let mut workers = transfer(*order, new)?.start()?;
            let agreed = workers.prepare()?.pop();
            *busy = Busy::Transfer(workers);
            agreed.map(|agreed| Reply::Negotiated(agreed.into())).ok_or_else(out_of_order)
        }
        (Order::Run { lane, writes }, Busy::Transfer(workers)) => {
            let sample = workers.run(lane, |_| writes)?.pop();
            sample.map(|sample| Reply::Ran(Box::new(sample))).ok_or_else(out_of_order)
        }
        (Order::Finish, Busy::Transfer(workers)) => workers.finish().map(|()| Reply::Finished),
        (Order::Handshakes(order), busy) => {
            let mut handshakes = handshakes(*order, new)?;
            let prepared = handshakes.prepare()?;
            *busy = Busy::Handshakes(handshakes);
            Ok(Reply::prepared(prepared))
        }
        (Order::Round { connections, is_raw_first }, Busy::Handshakes(handshakes)) => {
            handshakes.round(connections, is_raw_first).map(Reply::Round)
        }
        (Order::Run { .. } | Order::Finish | Order::Round { .. }, _) => Err(out_of_order()),
    }
}

fn out_of_order() -> Error {
    Error::Failed("this order does not follow on what came before".to_owned())
}

fn transfer<T: Library>(order: TransferOrder, new: &impl Fn(&Setup) -> Result<T, Error>) -> Result<Work, Error> {
    let setup: Setup = order.setup.try_into()?;
    let library = Arc::new(new(&setup)?);
    let provider = find_provider(&order.provider)?;
    let suite = provider.suite(CipherSuite(order.aead)).copied();
    Ok(Work {
        version: setup.version,
        suite: suite.ok_or_else(|| Error::Usage(format!("the provider {} lacks the suite", provider.name)))?,
        write_bytes: order.write_bytes,
        buffer_bytes: order.buffer_bytes,
        direction: order.direction,
        transport: match order.between {
            Between::Memory => Transport::Memory(library),
            Between::LoopbackOneThread => Transport::LoopbackOneThread(library),
            Between::LoopbackThreadPerEnd => Transport::LoopbackThreadPerEnd(library),
        },
        sockets: order.sockets.into(),
        conversations: 1,
        verify: order.verify,
        seed: order.seed,
    })
}

fn handshakes<T: Library>(
    order: HandshakesOrder,
    new: &impl Fn(&Setup) -> Result<T, Error>,
) -> Result<Box<dyn Handshakes>, Error> {
    let setups = order.setups.into_iter().map(Setup::try_from).collect::<Result<Vec<_>, _>>()?;
    let HandshakesOrder { provider, sockets, mix, phases, .. } = order;
    let conditions = Conditions { carrier: sockets.into(), mix, phases, threads: 1 };
    handshake::with_setups(&setups, find_provider(&provider)?, &conditions, new)
}
