//! Handshakes that pause for jobs, which others do elsewhere: what becomes of results, right and wrong, of errors and of panics.
//!
//! That such a handshake is otherwise the same as one that does its jobs at once is shown in two other places: by the conversations
//! of `chunking`, in every cut, and by the tables of `alerts`, with every mistake of a peer.

mod support;

use std::sync::{Arc, Mutex};

use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use support::jobs::pausing;
use support::peer::{Peer, is_over, pump};
use support::pki::{KeyKind, Pki};
use support::{client, localhost, providers, server};
use tls_engine::codes::{AlertDescription, NamedGroup, SignatureScheme};
use tls_engine::conn::{
    ChooseCertificate, ClientConfig, ClientConfigBuilder, ClientOffer, Connection, Job, JobKind, JobResult,
    OpenedRecord, Progress, ServerConfig, ServerConfigBuilder, StopReason,
};
use tls_engine::crypto::{Origin, Provider, Random, SigningKey};
use tls_engine::mem::OutBuf;
use tls_engine::pki::VerifyServer;
use tls_engine::session::{MemoryTickets, SessionCache};
use tls_engine::{CertifiedKey, Error, ServerVerifier};

const KIND: KeyKind = KeyKind::EcdsaP256;

fn provider() -> &'static Provider {
    providers()[0]
}

/// Takes what there is, up to a job or to the end of what is there.
fn read(peer: &mut Peer, bytes: &[u8]) -> Result<Option<Job>, Error> {
    assert_eq!(peer.input.put(bytes), bytes.len(), "room for a flight");
    loop {
        match peer.connection.read_tls(&mut peer.input, &mut peer.output)? {
            Progress::NeedInput => return Ok(None),
            Progress::Paused => return Ok(peer.connection.take_job()),
            _ => {}
        }
    }
}

fn resume(peer: &mut Peer, result: JobResult) -> Result<(), Error> {
    peer.connection.resume(result, &mut peer.output)
}

/// A client and a server, with all that either may pause for.
fn ends(
    kinds: &'static [JobKind],
    change_client: impl FnOnce(ClientConfigBuilder) -> ClientConfigBuilder,
    change_server: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder,
) -> (Peer, Peer) {
    let client = client(provider(), KIND, |builder| change_client(builder.pause_for(kinds)));
    let server = server(provider(), KIND, |builder| change_server(builder.pause_for(kinds)));
    (Peer::client(&client, localhost()).expect("a client"), Peer::server(&server))
}

/// A server that waits for the job of `kind` alone.
fn paused_server(kind: JobKind) -> (Peer, Peer, Job) {
    let kinds: &[JobKind] = if kind == JobKind::Sign { &[JobKind::Sign] } else { &[JobKind::ChooseCertificate] };
    let server = server(provider(), KIND, |builder| builder.pause_for(kinds));
    let client = client(provider(), KIND, |builder| builder);
    let (mut client, mut server) = (Peer::client(&client, localhost()).expect("a client"), Peer::server(&server));
    let hello = client.drain();
    let job = read(&mut server, &hello).expect("a good hello").expect("a job");
    assert_eq!(job.kind(), kind);
    (client, server, job)
}

fn complete(client: &mut Peer, server: &mut Peer) {
    pump(client, server).expect("a handshake");
    assert!(client.connection.is_ready() && server.connection.is_ready());
    assert_eq!(client.connection.negotiated(), server.connection.negotiated());
    client.write(b"there").expect("a connection");
    server.write(b"and back").expect("a connection");
    pump(client, server).expect("data");
    assert_eq!((&server.received[..], &client.received[..]), (&b"there"[..], &b"and back"[..]));
}

#[test]
fn each_kind_pauses_by_itself_and_on_any_thread() {
    for provider in providers() {
        for kind in JobKind::ALL {
            let client =
                client(provider, KIND, |builder| builder.pause_for(&[kind]).tickets(Arc::<MemoryTickets>::default()));
            let server =
                server(provider, KIND, |builder| builder.pause_for(&[kind]).tickets(Arc::new(SessionCache::new(9, 9))));
            if kind == JobKind::OpenTicket {
                // Which is for the next handshake.
                let mut first = [Peer::client(&client, localhost()).expect("a client"), Peer::server(&server)];
                let [client, server] = &mut first;
                complete(client, server);
            }
            let mut ends = [Peer::client(&client, localhost()).expect("a client"), Peer::server(&server)];
            let mut kinds = Vec::new();
            for turn in 0..6 {
                let [sender, receiver] = if turn % 2 == 0 { [0, 1] } else { [1, 0] };
                let bytes = ends[sender].drain();
                if let Some(job) = read(&mut ends[receiver], &bytes).expect("a good flight") {
                    kinds.push(job.kind());
                    let result = std::thread::spawn(|| job.run()).join().expect("a job");
                    resume(&mut ends[receiver], result).expect("a good result");
                    assert_eq!(read(&mut ends[receiver], b"").map(|job| job.is_none()), Ok(true));
                }
            }
            assert_eq!(kinds, [kind], "{}", provider.name);
            let [client, server] = &mut ends;
            complete(client, server);
        }
    }
}

#[test]
fn by_default_nothing_pauses() {
    let (client, server) = (client(provider(), KIND, |builder| builder), server(provider(), KIND, |builder| builder));
    let (mut client, mut server) = (Peer::client(&client, localhost()).expect("a client"), Peer::server(&server));
    for _ in 0..2 {
        let to_server = client.drain();
        assert!(read(&mut server, &to_server).expect("a good flight").is_none());
        assert!(server.connection.take_job().is_none() && !server.connection.is_paused());
        let to_client = server.drain();
        assert!(read(&mut client, &to_client).expect("a good flight").is_none());
        assert!(client.connection.take_job().is_none() && !client.connection.is_paused());
    }
    complete(&mut client, &mut server);
}

#[test]
fn while_it_is_paused_nothing_is_read_and_nothing_is_lost() {
    let (mut client, mut server) = ends(&JobKind::ALL, |builder| builder, |builder| builder);
    let hello = client.drain();
    let job = read(&mut server, &hello).expect("a good hello").expect("a job");
    // An alert, which may be a forgery: who knows, before there are keys.
    let alert = [21, 3, 3, 0, 2, 2, 40];
    assert_eq!(server.input.put(&alert), alert.len());
    for _ in 0..3 {
        let delivered = server.connection.deliver(&mut server.input, &mut server.output, usize::MAX, |_, _| Ok(()));
        let delivered = delivered.expect("nothing wrong");
        assert_eq!((delivered.stop_reason, delivered.record_bytes), (StopReason::Paused, 0));
        let opened = server.connection.open_into(&alert, &mut [0; 100], &mut server.output);
        assert_eq!(opened, Ok(OpenedRecord::Paused));
        assert!(!server.connection.has_deliverable(&server.input));
        assert_eq!(server.input.len(), alert.len());
    }
    assert!(matches!(server.write(b"too early"), Err(Error::Usage(_))));
    assert!(server.connection.is_handshaking() && !server.connection.is_closed_by_peer());
    resume(&mut server, job.run()).expect("a choice");
    let sign = server.connection.take_job().expect("the next job");
    resume(&mut server, sign.run()).expect("a signature");
    assert!(server.connection.has_deliverable(&server.input));
    let after = read(&mut server, b"");
    assert_eq!(after.err(), Some(Error::PeerAlert(AlertDescription::HANDSHAKE_FAILURE)));
}

#[test]
fn a_result_of_another_connection_is_refused_and_does_no_harm() {
    for kind in [JobKind::ChooseCertificate, JobKind::Sign] {
        let (_, mut server, job) = paused_server(kind);
        let (_, mut other_server, other_job) = paused_server(kind);
        let mut idle = Peer::server(&server_of(|builder| builder));
        let result = other_job.run();
        let Err(Error::Usage(_)) = resume(&mut server, result) else { panic!("{kind:?}: taken") };
        let Err(Error::Usage(_)) = resume(&mut idle, job.run()) else { panic!("{kind:?}: taken without a job") };
        assert!(server.connection.is_paused());
        // Both results are gone, so both wait until they are given up.
        for peer in [&mut server, &mut other_server] {
            assert!(read(peer, b"").expect("nothing wrong").is_none());
            assert!(peer.connection.is_paused());
            peer.close();
            assert!(!peer.output.is_empty(), "close_notify");
        }
    }
}

fn server_of(change: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder) -> Arc<ServerConfig> {
    server(provider(), KIND, change)
}

#[test]
fn the_result_of_an_earlier_job_is_refused_and_does_no_harm() {
    let (mut client, mut server) = ends(&JobKind::ALL, |builder| builder, |builder| builder);
    let (_, _, other) = paused_server(JobKind::Sign);
    let hello = client.drain();
    let choose = read(&mut server, &hello).expect("a good hello").expect("a job");
    resume(&mut server, choose.run()).expect("a choice");
    let sign = server.connection.take_job().expect("the second job");
    assert_eq!(sign.kind(), JobKind::Sign);
    // A signature that is well made, over another handshake.
    let Err(Error::Usage(_)) = resume(&mut server, other.run()) else { panic!("taken") };
    resume(&mut server, sign.run()).expect("a signature");
    pausing(|| complete(&mut client, &mut server));
    let (_, _, late) = paused_server(JobKind::Sign);
    let Err(Error::Usage(_)) = resume(&mut server, late.run()) else { panic!("taken after the handshake") };
    client.write(b" again").expect("a connection");
    pump(&mut client, &mut server).expect("data");
    assert!(server.received.ends_with(b" again"));
}

/// Fails in one way or another.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Failure {
    Refuses,
    Panics,
}

impl Failure {
    const ERROR: Error = Error::Crypto("the test's own");

    fn fail<T>(self) -> Result<T, Error> {
        match self {
            Self::Refuses => Err(Self::ERROR),
            Self::Panics => panic!("the test's own"),
        }
    }
}

struct FailingKey(Arc<dyn SigningKey>, Failure);

impl SigningKey for FailingKey {
    fn schemes(&self) -> &[SignatureScheme] {
        self.0.schemes()
    }

    fn origin(&self) -> Origin {
        self.0.origin()
    }

    fn sign(&self, _: SignatureScheme, _: &[u8], _: &dyn Random) -> Result<Vec<u8>, Error> {
        self.1.fail()
    }
}

impl ChooseCertificate for Failure {
    fn choose_certificate(&self, _: &ClientOffer<'_>) -> Result<Arc<CertifiedKey>, Error> {
        self.fail()
    }
}

impl VerifyServer for Failure {
    fn verify_server(
        &self,
        _: &Provider,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: UnixTime,
    ) -> Result<(), Error> {
        self.fail()
    }
}

fn certified_key() -> CertifiedKey {
    let identity = Pki::shared_identity(KIND);
    CertifiedKey::new(provider(), identity.chain.clone(), &identity.key).expect("a key for its leaf")
}

/// Configurations of which one fails at a job of this kind.
fn failing(kind: JobKind, failure: Failure, kinds: &[JobKind]) -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    let mut key = certified_key();
    let (mut verifies, mut chooses) = (None, None);
    match kind {
        JobKind::Sign => key.key = Arc::new(FailingKey(Arc::clone(&key.key), failure)),
        JobKind::ChooseCertificate => chooses = Some(failure),
        _ => verifies = Some(failure),
    }
    let client = client(provider(), KIND, |builder| {
        let builder = builder.pause_for(kinds);
        if let Some(failure) = verifies { builder.verifier(failure) } else { builder }
    });
    let builder = ServerConfig::builder(provider()).pause_for(kinds);
    let server =
        if let Some(failure) = chooses { builder.choose_certificate(failure) } else { builder.certificate(key) };
    (client, server.build().expect("a server"))
}

/// Has a handshake, of which one end fails: its error, the other's, and the end that has failed.
fn fail(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> (Error, Error, Peer) {
    let (mut from, mut to) = (Peer::client(client, localhost()).expect("a client"), Peer::server(server));
    for _ in 0..6 {
        let bytes = from.drain();
        if let Err(error) = to.feed(&bytes) {
            let alert = to.drain();
            let told = from.feed(&alert).expect_err("an alert");
            return (error, told, to);
        }
        (from, to) = (to, from);
    }
    panic!("no end fails");
}

#[test]
fn a_job_that_fails_ends_the_handshake_as_if_it_were_done_at_once() {
    for kind in [JobKind::ChooseCertificate, JobKind::Sign, JobKind::VerifyChain] {
        let (client, server) = failing(kind, Failure::Refuses, &[]);
        let (error, told, _) = fail(&client, &server);
        assert_eq!((&error, &told), (&Failure::ERROR, &Error::PeerAlert(AlertDescription::INTERNAL_ERROR)));
        for kinds in [&[kind][..], &JobKind::ALL] {
            let (client, server) = failing(kind, Failure::Refuses, kinds);
            let (paused_error, paused_told, mut failed) = fail(&client, &server);
            assert_eq!((&paused_error, &paused_told), (&error, &told), "{kind:?}");
            assert_eq!(is_over(&mut failed, &error), Ok(()), "{kind:?}");
            assert!(failed.connection.take_job().is_none() && !failed.connection.is_ready());
        }
    }
}

#[test]
fn a_panic_of_a_job_ends_the_handshake_with_an_alert() {
    for kind in [JobKind::ChooseCertificate, JobKind::Sign, JobKind::VerifyChain] {
        let (client, server) = failing(kind, Failure::Panics, &JobKind::ALL);
        let (error, told, mut failed) = fail(&client, &server);
        assert_eq!(error, Error::Internal("a job of the handshake has panicked"), "{kind:?}");
        assert_eq!(told, Error::PeerAlert(AlertDescription::INTERNAL_ERROR), "{kind:?}");
        assert_eq!(is_over(&mut failed, &error), Ok(()), "{kind:?}");
    }
}

/// The second job is not paused for: it panics within the call that resumes.
#[test]
fn a_panic_while_it_is_resumed_leaves_a_connection_that_has_failed() {
    let (client, server) = failing(JobKind::Sign, Failure::Panics, &[JobKind::ChooseCertificate]);
    let (mut client, mut server) = (Peer::client(&client, localhost()).expect("a client"), Peer::server(&server));
    let hello = client.drain();
    let job = read(&mut server, &hello).expect("a good hello").expect("a job");
    let result = job.run();
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| resume(&mut server, result)));
    assert!(unwound.is_err(), "the signer panics");
    assert!(!server.connection.is_paused() && server.connection.take_job().is_none());
    let error = server.feed(&hello).expect_err("there is no handshake to go on with");
    assert!(matches!(error, Error::Internal(_)), "{error:?}");
    assert_eq!(is_over(&mut server, &error), Ok(()));
}

#[test]
fn wrong_signatures_and_chains_are_refused_as_at_once() {
    let others = Pki::new(KIND);
    // A key of another leaf, so that the signature is wrong.
    let mut key = certified_key();
    let other = others.issue(KIND, |_| {});
    key.key = (provider().load_key)(&other.key).expect("a key");
    let ends = |is_trusted: bool, kinds: &[JobKind]| {
        let client = client(provider(), KIND, |builder| {
            let builder = builder.pause_for(kinds);
            let stranger = || ServerVerifier::new(&[others.root()]).expect("a root");
            if is_trusted { builder } else { builder.verifier(stranger()) }
        });
        let chosen = if is_trusted { key.clone() } else { certified_key() };
        (client, ServerConfig::builder(provider()).certificate(chosen).pause_for(kinds).build().expect("a server"))
    };
    for (is_trusted, alert) in [(false, AlertDescription::BAD_CERTIFICATE), (true, AlertDescription::DECRYPT_ERROR)] {
        let (client, server) = ends(is_trusted, &[]);
        let (error, told, _) = fail(&client, &server);
        assert_eq!(told, Error::PeerAlert(alert));
        let (client, server) = ends(is_trusted, &JobKind::ALL);
        let (paused, paused_told, mut failed) = pausing(|| fail(&client, &server));
        assert_eq!((&paused, paused_told), (&error, told));
        assert_eq!(is_over(&mut failed, &error), Ok(()));
    }
}

/// Notes what it is shown, and chooses by the name.
struct ByName {
    shown: Arc<Mutex<Vec<String>>>,
    key: Arc<CertifiedKey>,
}

impl ChooseCertificate for ByName {
    fn choose_certificate(&self, offer: &ClientOffer<'_>) -> Result<Arc<CertifiedKey>, Error> {
        let alpn: Vec<_> = offer.alpn().map(String::from_utf8_lossy).collect();
        let knows = offer.signature_schemes().any(|scheme| self.key.key.schemes().contains(&scheme));
        self.shown.lock().expect("no panic").push(format!("{:?} {alpn:?} {knows}", offer.server_name()));
        match offer.server_name() {
            Some("localhost") => Ok(Arc::clone(&self.key)),
            _ => Err(Error::NothingInCommon("name")),
        }
    }
}

#[test]
fn a_certificate_is_chosen_by_what_the_client_offers_and_once() {
    let shown = Arc::new(Mutex::new(Vec::new()));
    for kinds in [&[][..], &[JobKind::ChooseCertificate], &JobKind::ALL] {
        for retry in [false, true] {
            let group = if retry { NamedGroup::SECP256R1 } else { NamedGroup::X25519 };
            let chooser = ByName { shown: Arc::clone(&shown), key: Arc::new(certified_key()) };
            let builder = ServerConfig::builder(provider()).choose_certificate(chooser).groups(&[group]);
            let server = builder.alpn(&[b"h2"]).pause_for(kinds).build().expect("a server");
            let client =
                client(provider(), KIND, |builder| builder.alpn(&[b"h3", b"h2"]).verifier(ServerVerifier::insecure()));
            let name = ServerName::try_from("LocalHost").expect("a name");
            let (mut first, mut end) = (Peer::client(&client, name).expect("a client"), Peer::server(&server));
            pump(&mut first, &mut end).expect("a handshake");
            assert!(first.connection.is_ready() && end.connection.is_ready());
            assert_eq!(end.connection.negotiated().map(|negotiated| negotiated.hello_retry), Some(retry));
            let seen = std::mem::take(&mut *shown.lock().expect("no panic"));
            assert_eq!(seen, [r#"Some("localhost") ["h3", "h2"] true"#]);

            let name = ServerName::try_from("192.0.2.1").expect("an address");
            let (mut first, mut end) = (Peer::client(&client, name).expect("a client"), Peer::server(&server));
            assert_eq!(pump(&mut first, &mut end), Err(Error::NothingInCommon("name")));
            let seen = std::mem::take(&mut *shown.lock().expect("no panic"));
            assert_eq!(seen, [r#"None ["h3", "h2"] true"#]);
        }
    }
}

#[test]
fn certificates_are_either_there_or_chosen() {
    let shown = Arc::default();
    let chooser = ByName { shown, key: Arc::new(certified_key()) };
    let builder = ServerConfig::builder(provider()).certificate(certified_key()).choose_certificate(chooser);
    assert!(matches!(builder.build(), Err(Error::Config(_))));
    assert!(matches!(ServerConfig::builder(provider()).build(), Err(Error::Config(_))));
}

/// For a caller with threads: a job may be sent to another one, and so may its result.
#[test]
fn jobs_are_for_any_thread() {
    fn is_for_any_thread<T: Send + 'static>() {}
    is_for_any_thread::<Job>();
    is_for_any_thread::<JobResult>();
}

#[test]
fn a_connection_may_be_dropped_before_its_job() {
    for kind in [JobKind::ChooseCertificate, JobKind::Sign] {
        let (_, server, job) = paused_server(kind);
        drop(server);
        let mut other = Connection::server(&server_of(|builder| builder));
        let result = other.resume(job.run(), &mut OutBuf::with_capacity(0));
        assert!(matches!(result, Err(Error::Usage(_))));
    }
}
