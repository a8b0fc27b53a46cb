//! The peers of a conversation: they know which message comes next, and can make it.

use std::ops::Range;

use tls_engine::codes::{ExtensionType, HandshakeType, NamedGroup, SignatureScheme};
use tls_engine::internal::msgs::HELLO_RETRY_REQUEST_RANDOM;

use crate::configs::{KIND, PROTOCOL, Settings, client_config, provider, server_config, ticket};
use crate::psks::{ClientPsks, ServerPsks, selected_identity};
use crate::support::pki::Pki;
use crate::support::scripted::client::ScriptedClient;
use crate::support::scripted::draft::{self, ExtensionList, ServerHelloDraft, alpn, message, numbers, vector16};
use crate::support::scripted::server::ScriptedServer;
use crate::support::scripted::{Script, Wire};
use crate::support::seeded::{self, SCRIPT};

/// A script that can go on by itself.
pub(crate) trait Player: Script {
    /// A player at the start, with a subject of these settings. All randomness starts anew.
    fn start(settings: Settings) -> Self;

    /// The message that the subject waits for, or one that it takes when the handshake is done. `None` where this side lacks what
    /// it takes to make it.
    fn right(&mut self) -> Option<Vec<u8>>;

    /// Sends the right message in pieces, and takes the answer.
    fn send_right(&mut self, piece_len: usize);

    /// Takes note of a message that stands for the right one, however it was sent. Nothing of the answer is taken.
    fn note(&mut self, message: &[u8]);

    /// Goes on to the message behind the right one.
    fn leave_out(&mut self);

    /// Takes note of another message than the right one, which the subject may have taken.
    fn note_other(&mut self, message: &[u8]);

    /// Chooses the PSKs of the next hello.
    fn choose_psk(&mut self, choice: u8);

    /// Whether both ends know a PSK that they have agreed on.
    fn is_resuming(&self) -> bool;

    /// Whether the subject has other keys by now, if it has any.
    fn has_other_keys(&self) -> bool;

    /// Whether a server may select a PSK of a client that has sent this hello.
    fn may_select(&self, hello: &[u8]) -> bool;

    /// Whether nobody without the keys can make the right message, so that the subject takes no other.
    fn is_proof(&self) -> bool;
}

/// A client, whose subject is a server.
pub(crate) struct Client {
    script: ScriptedClient,
    settings: Settings,
    stage: ClientStage,
    psks: ClientPsks,
    /// The newest hello, whether the binders in it are right, and what of it they do not cover.
    hello: Vec<u8>,
    is_bound: bool,
    uncovered: Range<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ClientStage {
    Hello,
    SecondHello,
    Certificate,
    CertificateVerify,
    Finished,
    Ready,
}

impl Client {
    fn was_retried(&self) -> bool {
        let last = self.script.wire.sent.iter().rfind(|sent| sent.content.len() > 38 && sent.content[0] == 2);
        last.is_some_and(|hello| hello.content[6..38] == HELLO_RETRY_REQUEST_RANDOM)
    }

    fn has_keys(&self) -> bool {
        self.script.wire.read.is_some()
    }

    /// The hello with its PSKs.
    fn bound_hello(&mut self) -> Vec<u8> {
        if self.settings.resumes() {
            self.psks.offer(&mut self.script);
        }
        self.hello = self.script.hello.encode();
        self.is_bound = self.psks.is_bound();
        self.uncovered = self.psks.uncovered(self.hello.len());
        self.hello.clone()
    }
}

impl Player for Client {
    fn start(settings: Settings) -> Self {
        let ticket = settings.resumes().then(|| ticket().clone());
        seeded::rewind();
        let mut script = ScriptedClient::new(provider(), &server_config(settings), NamedGroup::X25519);
        script.random = &SCRIPT;
        script.offer_share(NamedGroup::X25519);
        if let Some(groups) = settings.client_groups() {
            script.offer_share(groups[0]);
            let groups = vector16(&numbers(&groups.map(|group| group.0)));
            script.hello.extensions().set(ExtensionType::SUPPORTED_GROUPS, groups);
        }
        script.hello.cipher_suites = vec![settings.suite().code.0];
        if settings.names_protocol() {
            script.hello.extensions().set(ExtensionType::ALPN, alpn(&[PROTOCOL]));
        }
        script.ticket = ticket;
        script.identity = settings.asks().then(|| Pki::shared_client(KIND));
        let (stage, psks) = (ClientStage::Hello, ClientPsks::Ticket);
        Self { script, settings, stage, psks, hello: Vec::new(), is_bound: false, uncovered: 0..0 }
    }

    fn right(&mut self) -> Option<Vec<u8>> {
        match self.stage {
            ClientStage::Hello => Some(self.bound_hello()),
            ClientStage::SecondHello if self.was_retried() => {
                self.script.prepare_second_hello(self.settings.group());
                Some(self.bound_hello())
            }
            ClientStage::Ready => Some(message(HandshakeType::KEY_UPDATE, &[0])),
            _ if !self.has_keys() => None,
            ClientStage::Certificate => Some(self.script.certificate()),
            ClientStage::CertificateVerify => Some(self.script.certificate_verify()),
            ClientStage::Finished => Some(self.script.finished()),
            ClientStage::SecondHello => None,
        }
    }

    fn send_right(&mut self, piece_len: usize) {
        let Some(right) = self.right() else { return };
        if right[0] == HandshakeType::CLIENT_HELLO.0 {
            self.script.send_hello_in_pieces(piece_len);
        } else {
            self.script.message_in_pieces(&right, piece_len);
        }
        self.leave_out();
    }

    fn note(&mut self, message: &[u8]) {
        if self.has_keys() && !message.is_empty() {
            self.script.on_own_message(message);
        }
        self.leave_out();
    }

    fn leave_out(&mut self) {
        self.stage = match self.stage {
            ClientStage::Hello if self.settings.retries() => ClientStage::SecondHello,
            ClientStage::Hello | ClientStage::SecondHello if self.settings.asks() => ClientStage::Certificate,
            ClientStage::Certificate => ClientStage::CertificateVerify,
            ClientStage::Hello | ClientStage::SecondHello | ClientStage::CertificateVerify => ClientStage::Finished,
            ClientStage::Finished | ClientStage::Ready => ClientStage::Ready,
        };
    }

    fn note_other(&mut self, _: &[u8]) {}

    fn choose_psk(&mut self, choice: u8) {
        self.psks = ClientPsks::chosen(choice);
    }

    fn is_resuming(&self) -> bool {
        self.script.selected_identity.is_some()
    }

    fn has_other_keys(&self) -> bool {
        false
    }

    fn may_select(&self, hello: &[u8]) -> bool {
        let is_covered = |place: &usize| !self.uncovered.contains(place);
        let is_same = |place: usize| hello[place] == self.hello[place];
        self.is_bound && hello.len() == self.hello.len() && (0..hello.len()).filter(is_covered).all(is_same)
    }

    fn is_proof(&self) -> bool {
        matches!(self.stage, ClientStage::CertificateVerify | ClientStage::Finished)
    }
}

impl Script for Client {
    fn wire(&mut self) -> &mut Wire {
        &mut self.script.wire
    }

    fn on_message(&mut self, message: &[u8]) {
        self.script.on_message(message);
    }

    fn on_own_message(&mut self, message: &[u8]) {
        self.script.on_own_message(message);
    }
}

/// A CertificateRequest that the client's certificate fits.
fn certificate_request() -> Vec<u8> {
    let mut extensions = ExtensionList::default();
    extensions.set(ExtensionType::SIGNATURE_ALGORITHMS, vector16(&numbers(&[SignatureScheme::ED25519.0])));
    message(HandshakeType::CERTIFICATE_REQUEST, &draft::certificate_request(&[], &extensions))
}

/// A server, whose subject is a client.
pub(crate) struct Server {
    script: ScriptedServer,
    settings: Settings,
    stage: ServerStage,
    psks: ServerPsks,
    /// Which identity the ServerHello has selected.
    selected_identity: Option<u16>,
}

impl Server {
    fn hello(&mut self) -> ServerHelloDraft {
        if !self.settings.resumes() {
            return self.script.hello(self.settings.group());
        }
        self.script.psk = self.psks.psk();
        let mut hello = self.script.hello(self.settings.group());
        self.psks.select(&mut hello);
        hello
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ServerStage {
    Retry,
    Hello,
    EncryptedExtensions,
    CertificateRequest,
    Certificate,
    CertificateVerify,
    Finished,
    Ready,
}

impl Player for Server {
    fn start(settings: Settings) -> Self {
        seeded::rewind();
        let mut script = ScriptedServer::new(provider(), &client_config(settings), Pki::shared_identity(KIND));
        script.random = &SCRIPT;
        script.suite = *settings.suite();
        let stage = if settings.retries() { ServerStage::Retry } else { ServerStage::Hello };
        Self { script, settings, stage, psks: ServerPsks::Ticket, selected_identity: None }
    }

    fn right(&mut self) -> Option<Vec<u8>> {
        let group = self.settings.group();
        Some(match self.stage {
            ServerStage::Retry => self.script.retry(group).encode(),
            // Without a share of the client's, which has not answered the HelloRetryRequest, there can be no keys.
            ServerStage::Hello if self.script.client_share(group).is_none() => return None,
            ServerStage::Hello => self.hello().encode(),
            _ if self.script.wire.write.is_none() => return None,
            ServerStage::EncryptedExtensions => self.script.encrypted_extensions(),
            ServerStage::CertificateRequest => certificate_request(),
            ServerStage::Certificate => self.script.certificate(),
            ServerStage::CertificateVerify => self.script.certificate_verify(),
            ServerStage::Finished => self.script.finished(),
            ServerStage::Ready => {
                message(HandshakeType::NEW_SESSION_TICKET, &draft::ticket(7, &[1], b"a ticket", &Default::default()))
            }
        })
    }

    fn send_right(&mut self, piece_len: usize) {
        let group = self.settings.group();
        let Some(right) = self.right() else { return };
        match self.stage {
            ServerStage::Retry => {
                let retry = self.script.retry(group);
                self.script.send_retry(&retry);
            }
            ServerStage::Hello => {
                self.selected_identity = selected_identity(&right);
                self.script.message_in_pieces(&right, piece_len);
                self.script.set_handshake_keys(group, &right);
            }
            _ => self.script.message_in_pieces(&right, piece_len),
        }
        self.leave_out();
    }

    fn note(&mut self, message: &[u8]) {
        if self.stage == ServerStage::Hello {
            self.selected_identity = selected_identity(message);
            self.script.set_handshake_keys(self.settings.group(), message);
        } else if self.script.wire.write.is_some() && !message.is_empty() {
            self.script.on_own_message(message);
        }
        self.leave_out();
    }

    fn leave_out(&mut self) {
        self.stage = match self.stage {
            ServerStage::Retry => ServerStage::Hello,
            ServerStage::Hello => ServerStage::EncryptedExtensions,
            ServerStage::EncryptedExtensions if self.script.psk.is_some() => ServerStage::Finished,
            ServerStage::EncryptedExtensions if self.settings.asks() => ServerStage::CertificateRequest,
            ServerStage::EncryptedExtensions | ServerStage::CertificateRequest => ServerStage::Certificate,
            ServerStage::Certificate => ServerStage::CertificateVerify,
            ServerStage::CertificateVerify => ServerStage::Finished,
            ServerStage::Finished | ServerStage::Ready => ServerStage::Ready,
        };
    }

    fn note_other(&mut self, message: &[u8]) {
        let is_request = message.first() == Some(&HandshakeType::CERTIFICATE_REQUEST.0);
        if is_request && self.script.wire.write.is_some() {
            self.script.on_own_message(message);
        }
    }

    fn choose_psk(&mut self, choice: u8) {
        self.psks = ServerPsks::chosen(choice);
    }

    fn is_resuming(&self) -> bool {
        self.settings.resumes() && self.selected_identity == Some(0) && self.script.psk.as_ref() == Some(&ticket().psk)
    }

    fn has_other_keys(&self) -> bool {
        self.selected_identity.is_some() && !self.is_resuming()
    }

    fn may_select(&self, _: &[u8]) -> bool {
        true
    }

    fn is_proof(&self) -> bool {
        matches!(self.stage, ServerStage::CertificateVerify | ServerStage::Finished)
    }
}

impl Script for Server {
    fn wire(&mut self) -> &mut Wire {
        &mut self.script.wire
    }

    fn on_message(&mut self, message: &[u8]) {
        self.script.on_message(message);
    }

    fn on_own_message(&mut self, message: &[u8]) {
        self.script.on_own_message(message);
    }
}
