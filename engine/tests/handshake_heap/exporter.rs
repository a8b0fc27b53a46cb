//! What it asks of the heap to keep an exporter: the memory for it, once at each end.

use tls_engine::switches::Switches;

use crate::{Calls, Case, Endpoints, bare, least};

#[test]
fn an_exporter_is_one_call_of_the_heap() {
    // Of this provider, derivations ask for nothing.
    for case in Case::all().into_iter().filter(|case| case.provider.name == "rustcrypto") {
        let ends = Endpoints::with(&case, Switches::all(), |it| it.exporter(true), |builder| builder.exporter(true));
        let bare = bare::Handshake::new(&case);
        let [ours, bare] = least([&mut || ends.handshake(&case), &mut || bare.run()]);
        assert_eq!(ours, Calls { client: bare.client + 1, server: bare.server + 1 }, "{case}");
    }
}
