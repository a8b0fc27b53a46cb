//! The peers of a conversation: they know which message comes next, and can make it.

use tls_engine::codes::{ExtensionType, HandshakeType, NamedGroup};
use tls_engine::internal::msgs::HELLO_RETRY_REQUEST_RANDOM;

use crate::configs::{KIND, PROTOCOL, Settings, client_config, provider, server_config};
use crate::support::pki::Pki;
use crate::support::scripted::client::ScriptedClient;
use crate::support::scripted::draft::{alpn, message, numbers, ticket, vector16};
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

    /// Whether nobody without the keys can make the right message, so that the subject takes no other.
    fn is_proof(&self) -> bool;
}

/// A client, whose subject is a server.
pub(crate) struct Client {
    script: ScriptedClient,
    settings: Settings,
    stage: ClientStage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ClientStage {
    Hello,
    SecondHello,
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
}

impl Player for Client {
    fn start(settings: Settings) -> Self {
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
        Self { script, settings, stage: ClientStage::Hello }
    }

    fn right(&mut self) -> Option<Vec<u8>> {
        match self.stage {
            ClientStage::Hello => Some(self.script.hello.encode()),
            ClientStage::SecondHello if self.was_retried() => {
                self.script.prepare_second_hello(self.settings.group());
                Some(self.script.hello.encode())
            }
            ClientStage::Finished if self.has_keys() => Some(self.script.finished()),
            ClientStage::SecondHello | ClientStage::Finished => None,
            ClientStage::Ready => Some(message(HandshakeType::KEY_UPDATE, &[0])),
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
            ClientStage::Hello | ClientStage::SecondHello => ClientStage::Finished,
            ClientStage::Finished | ClientStage::Ready => ClientStage::Ready,
        };
    }

    fn note_other(&mut self, _: &[u8]) {}

    fn is_proof(&self) -> bool {
        self.stage == ClientStage::Finished
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

/// A server, whose subject is a client.
pub(crate) struct Server {
    script: ScriptedServer,
    settings: Settings,
    stage: ServerStage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ServerStage {
    Retry,
    Hello,
    EncryptedExtensions,
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
        Self { script, settings, stage }
    }

    fn right(&mut self) -> Option<Vec<u8>> {
        let group = self.settings.group();
        Some(match self.stage {
            ServerStage::Retry => self.script.retry(group).encode(),
            // Without a share of the client's, which has not answered the HelloRetryRequest, there can be no keys.
            ServerStage::Hello if self.script.client_share(group).is_none() => return None,
            ServerStage::Hello => self.script.hello(group).encode(),
            _ if self.script.wire.write.is_none() => return None,
            ServerStage::EncryptedExtensions => self.script.encrypted_extensions(),
            ServerStage::Certificate => self.script.certificate(),
            ServerStage::CertificateVerify => self.script.certificate_verify(),
            ServerStage::Finished => self.script.finished(),
            ServerStage::Ready => {
                message(HandshakeType::NEW_SESSION_TICKET, &ticket(7, &[1], b"a ticket", &Default::default()))
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
            ServerStage::Hello => self.script.accept(group, piece_len),
            _ => self.script.message_in_pieces(&right, piece_len),
        }
        self.leave_out();
    }

    fn note(&mut self, message: &[u8]) {
        if self.stage == ServerStage::Hello {
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
            ServerStage::EncryptedExtensions => ServerStage::Certificate,
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
