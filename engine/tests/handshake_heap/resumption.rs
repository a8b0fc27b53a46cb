//! What a handshake asks of the heap that resumes a session: no more than the bare provider, and the client what it keeps.

use std::sync::Arc;

use tls_engine::session::{MemoryTickets, TicketKeys, TicketStore};
use tls_engine::switches::Switches;

use crate::bare::resumption::Resumption;
use crate::meter::{Asked, Counted};
use crate::support::localhost;
use crate::{Calls, Case, Endpoints, least};

/// What a client asks for beyond cryptography: for the bytes of a ticket, and for a place of its PSK.
const KEPT_CALLS: u64 = 2;

/// What a store asks for with the first ticket of its first server: tables of the servers by name and by age, and a list of tickets.
const FIRST_PUT_CALLS: u64 = 3;

fn endpoints(case: &Case, store: &Arc<MemoryTickets>) -> Endpoints {
    let keys = Arc::new(TicketKeys::new(case.provider, 3600).unwrap());
    Endpoints::with(case, Switches::all(), |builder| builder.tickets(store.clone()), |builder| builder.tickets(keys))
}

#[test]
fn a_resumed_handshake_asks_for_what_the_provider_does_and_a_ticket() {
    for case in Case::all() {
        let store = Arc::new(MemoryTickets::default());
        let ends = endpoints(&case, &store);
        let bare = Resumption::new(&case);
        drop(ends.connect(&case, &mut Asked::default()));
        let mut resumed = || {
            let mut asked = Asked::default();
            let (client, server) = ends.connect(&case, &mut asked);
            let is_resumed = [&client, &server].map(|end| end.connection.negotiated().unwrap().is_resumed());
            assert_eq!(is_resumed, [true; 2], "{case}");
            asked.client.add(|| drop(client));
            asked.server.add(|| drop(server));
            asked
        };
        let [ours, bare] = least([&mut resumed, &mut || bare.run()]);
        println!("{case}, heap calls of a resumed handshake: {ours}; bare provider: {bare}");
        assert_eq!(ours, Calls { client: bare.client + KEPT_CALLS, server: bare.server }, "{case}");
    }
}

#[test]
fn a_store_asks_for_memory_with_its_first_ticket() {
    let case = Case::all()[0];
    let store = Arc::new(MemoryTickets::default());
    drop(endpoints(&case, &store).connect(&case, &mut Asked::default()));
    let ticket = store.take(&localhost()).expect("a ticket");
    let other = MemoryTickets::default();
    for calls in [FIRST_PUT_CALLS, 0, 0] {
        let (name, next) = (localhost(), ticket.clone());
        let put = Counted::of(|| other.put(&name, next));
        assert_eq!(put.calls, calls);
        other.take(&name).expect("the same ticket");
    }
}
