//! What it asks of the heap to ask a client for a certificate that it does not have: nothing.

use tls_engine::pki::ClientVerifier;
use tls_engine::switches::Switches;

use crate::support::pki::Pki;
use crate::{Case, Endpoints, bare, least};

#[test]
fn a_client_that_has_no_certificate_is_asked_for_nothing_of_the_heap() {
    let case = Case::all()[0];
    let verifier = ClientVerifier::new(&[Pki::shared(case.kind).root()]).expect("a root").optional();
    let ends = Endpoints::with(&case, Switches::all(), |it| it, |builder| builder.client_verifier(verifier));
    let bare = bare::Handshake::new(&case);
    let [ours, bare] = least([&mut || ends.handshake(&case), &mut || bare.run()]);
    assert_eq!(ours, bare, "{case}");
}
