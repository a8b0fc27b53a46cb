//! Carries out the steps of a trace with the parts of the engine.

use std::collections::BTreeMap;

use tls_engine::codes::{CipherSuite, ContentType, NamedGroup};
use tls_engine::crypto::{Exchange, Hash, Provider, Suite};
use tls_engine::internal::keys::{TrafficSecret, Transcript, hkdf_expand_label, resumption_psk};
use tls_engine::mem::{Digest, OutBuf, Secret};

use crate::peer::Peer;
use crate::trace::{Role, Step, Values};

/// The random of a ServerHello that is a HelloRetryRequest (RFC 8446 4.1.3): SHA-256 of that name.
const RETRY_TEXT: &[u8] = b"HelloRetryRequest";

/// Both ends of one conversation.
pub(crate) struct Replay {
    provider: &'static Provider,
    suite: Option<Suite>,
    /// The PSK of the handshake that is resumed.
    pub(crate) psk: Option<Secret>,
    /// The PSK of the ticket that the server has sent.
    psk_of_ticket: Option<Secret>,
    /// Messages from before the suite, and with it the hash, was known.
    pub(crate) early_messages: Vec<Vec<u8>>,
    transcript: Option<Transcript>,
    /// The transcript's hash at the points that RFC 8446 7.1 names.
    pub(crate) points: BTreeMap<Point, Digest>,
    pub(crate) client: Peer,
    server: Peer,
    /// What the steps have come to, for those that refer to the other peer.
    pub(crate) computed: BTreeMap<String, Values>,
}

/// A point of the transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Point {
    ClientHello,
    ServerHello,
    BeforeServerFinished,
    ServerFinished,
    BeforeClientFinished,
    ClientFinished,
}

impl Replay {
    pub(crate) fn new(provider: &'static Provider, zero_copy: bool, psk: Option<Secret>) -> Self {
        Self {
            provider,
            suite: None,
            psk,
            psk_of_ticket: None,
            early_messages: Vec::new(),
            transcript: None,
            points: BTreeMap::new(),
            client: Peer::new(zero_copy),
            server: Peer::new(zero_copy),
            computed: BTreeMap::new(),
        }
    }

    /// Carries out all steps and compares the values of each. Returns the PSK of the ticket, where there was one.
    pub(crate) fn run(mut self, steps: &[Step]) -> Option<Secret> {
        for (number, step) in steps.iter().enumerate() {
            let context = format!("{} step {number}: {:?} {}", self.provider.name, step.role, step.action);
            let values = self.carry_out(step);
            if step.same_as_peer {
                let peers = &self.computed[&key(step, step.role.peer())];
                assert_eq!(&values, peers, "{context}");
            } else {
                assert_eq!(values.keys().collect::<Vec<_>>(), step.values.keys().collect::<Vec<_>>(), "{context}");
                for (name, value) in &step.values {
                    assert_eq!(hex(&values[name]), hex(value), "{context}: {name}");
                }
            }
            self.computed.insert(key(step, step.role), values);
        }
        self.psk_of_ticket
    }

    fn carry_out(&mut self, step: &Step) -> Values {
        let words: Vec<&str> = step.action.split(' ').collect();
        match words[..] {
            ["key-pair", group] => self.key_pair(step, group),
            ["message", name] => self.message(step, name),
            ["record", content_type] => self.record(step, content_type),
            ["binder"] => self.binder(step),
            ["extract", "early"] => self.extract_early(step.role),
            ["extract", "handshake"] => self.extract_handshake(step.role),
            ["extract", "master"] => self.extract_master(step.role),
            ["derived", "handshake"] => self.derived(&self.peer_ref(step.role).early_secret()),
            ["derived", "master"] => self.derived(&self.peer_ref(step.role).handshake_secret()),
            ["secret", ..] => self.secret(step.role, &step.action["secret ".len()..]),
            ["keys", direction, stage] => self.keys(step.role, direction, stage),
            ["finished"] if step.same_as_peer => self.finished(step.role.peer()),
            ["finished"] => self.finished(step.role),
            ["resumption"] => self.resumption(step),
            _ => panic!("no such step: {step:?}"),
        }
    }

    fn key_pair(&mut self, step: &Step, group: &str) -> Values {
        let group = match group {
            "x25519" => NamedGroup::X25519,
            "P-256" => NamedGroup::SECP256R1,
            other => panic!("no such group: {other}"),
        };
        let private = step.values["private"].clone();
        let public = self.load(group, &private).share().to_vec();
        self.peer(step.role).key_pair = Some((group, private.clone()));
        values([("private", private), ("public", public)])
    }

    /// A message comes from the trace, but a Finished from the schedule; shares must be those of the key pairs. Of a ClientHello with a
    /// binder it is what comes before the binders.
    fn message(&mut self, step: &Step, name: &str) -> Values {
        let role = step.role;
        let given = step.values["bytes"].clone();
        let mut message = given.clone();
        match name {
            "ServerHello" => self.server_hello(&given),
            "ClientHello" => {
                let public = self.public(role);
                assert!(contains(&given, &public), "the share is not that of the key pair");
            }
            "Finished" => {
                self.points.insert(before_finished(role), self.transcript_now());
                message = [&[20, 0, 0, 32], &self.finished(role)["finished"][..]].concat();
            }
            _ => {}
        }
        match &mut self.transcript {
            Some(transcript) => transcript.add(&message),
            None => self.early_messages.push(message.clone()),
        }
        match (name, role) {
            ("ServerHello", _) => drop(self.points.insert(Point::ServerHello, self.transcript_now())),
            ("Finished", Role::Server) => drop(self.points.insert(Point::ServerFinished, self.transcript_now())),
            ("Finished", Role::Client) => drop(self.points.insert(Point::ClientFinished, self.transcript_now())),
            _ => {}
        }
        self.peer(role).unsent.extend_from_slice(&message);
        values([("bytes", message)])
    }

    /// Learns the suite, and starts the transcript or, after a HelloRetryRequest, starts it anew.
    fn server_hello(&mut self, message: &[u8]) {
        // Header of 4, version of 2, random of 32, session id with its length, suite.
        let session_id_len = usize::from(message[38]);
        let code = CipherSuite(u16::from_be_bytes([message[39 + session_id_len], message[40 + session_id_len]]));
        let suite = *self.provider.suite(code).expect("the provider has the suite of the trace");
        let early_messages = core::mem::take(&mut self.early_messages).concat();
        if message[6..38] == *suite.hash.digest(&[RETRY_TEXT]).as_bytes() {
            self.transcript = Some(Transcript::retried(suite.hash, &early_messages));
        } else {
            self.transcript.get_or_insert_with(|| Transcript::new(suite.hash)).add(&early_messages);
            let public = self.public(Role::Server);
            assert!(contains(message, &public), "the share is not that of the key pair");
        }
        self.suite = Some(suite);
    }

    /// Seals the payload and opens the record again.
    fn record(&mut self, step: &Step, content_type: &str) -> Values {
        let content_type = match content_type {
            "handshake" => ContentType::HANDSHAKE,
            "application_data" => ContentType::APPLICATION_DATA,
            "alert" => ContentType::ALERT,
            "change_cipher_spec" => ContentType::CHANGE_CIPHER_SPEC,
            other => panic!("unknown type: {other}"),
        };
        let peer = self.peer(step.role);
        let payload = match content_type {
            ContentType::HANDSHAKE => std::mem::take(&mut peer.unsent),
            _ => step.values["payload"].clone(),
        };
        let mut output = OutBuf::with_capacity(1 << 15);
        if content_type == ContentType::APPLICATION_DATA {
            let slices = [&payload[..]];
            assert_eq!(peer.sealer.seal_application_data(&slices, 0, &mut output), Ok(payload.len()));
        } else if step.role == Role::Client && !peer.sent_hello {
            peer.sealer.seal_first_hello(&payload, &mut output).unwrap();
            peer.sent_hello = true;
        } else {
            peer.sealer.seal_control(content_type, &payload, &mut output).unwrap();
        }
        let record = output.waiting().to_vec();
        peer.open(&record, content_type, &payload);
        values([("payload", payload), ("record", record)])
    }

    fn extract_handshake(&mut self, role: Role) -> Values {
        let (group, private) = self.peer_ref(role).key_pair.clone().expect("a key pair");
        let peer_public = self.public(role.peer());
        let shared = self.load(group, &private).complete(&peer_public).unwrap();
        let early = self.peer(role).early.take().expect("the early secret");
        let salt = self.derived(early.secret())["expanded"].clone();
        let handshake = early.into_handshake(&shared);
        let secret = handshake.secret().as_bytes().to_vec();
        self.peer(role).handshake = Some(handshake);
        values([("salt", salt), ("ikm", shared.as_bytes().to_vec()), ("secret", secret)])
    }

    fn extract_master(&mut self, role: Role) -> Values {
        let handshake = self.peer(role).handshake.take().expect("the handshake secret");
        let salt = self.derived(handshake.secret())["expanded"].clone();
        let master = handshake.derive(&self.points[&Point::ServerHello]).master;
        let secret = master.secret().as_bytes().to_vec();
        self.peer(role).master = Some(master);
        values([("salt", salt), ("ikm", vec![0; self.hash().output_len()]), ("secret", secret)])
    }

    fn derived(&self, secret: &Secret) -> Values {
        let empty = self.hash().digest(&[]);
        self.expand(secret, b"derived", empty.as_bytes())
    }

    /// A secret of the schedule: computed by the schedule's own function and, beside it, by its label.
    fn secret(&mut self, role: Role, label: &str) -> Values {
        let hash = self.hash();
        let point = match label {
            "c e traffic" | "e exp master" => Point::ClientHello,
            "c hs traffic" | "s hs traffic" => Point::ServerHello,
            "c ap traffic" | "s ap traffic" | "exp master" => Point::ServerFinished,
            "res master" => Point::ClientFinished,
            other => panic!("no such secret: {other}"),
        };
        let messages = self.points[&point];
        let peer = self.peer_ref(role);
        let parent = match point {
            Point::ClientHello => peer.early_secret(),
            Point::ServerHello => peer.handshake_secret(),
            _ => peer.master_secret(),
        };
        let values = self.expand(&parent, label.as_bytes(), messages.as_bytes());
        let secret = match (label, &peer.handshake, &peer.master) {
            ("c e traffic", None, None) => peer.early().client_traffic(&messages).secret().clone(),
            // The schedule has no function for it, as the engine exports nothing that early.
            ("e exp master", None, None) => Secret::copy_of(&values["expanded"]),
            ("c hs traffic", Some(handshake), _) => handshake.derive(&messages).client.secret().clone(),
            ("s hs traffic", Some(handshake), _) => handshake.derive(&messages).server.secret().clone(),
            ("c ap traffic", _, Some(master)) => master.traffic(&messages)[0].secret().clone(),
            ("s ap traffic", _, Some(master)) => master.traffic(&messages)[1].secret().clone(),
            ("exp master", _, Some(master)) => master.exporter(&messages),
            ("res master", _, Some(master)) => master.resumption(&messages),
            _ => panic!("{label} before its stage"),
        };
        assert_eq!(hex(&values["expanded"]), hex(secret.as_bytes()), "schedule and label differ");
        let peer = self.peer(role);
        if label.ends_with("traffic") {
            peer.secrets.insert(label.to_owned(), TrafficSecret::new(hash, secret));
        } else if label == "res master" {
            peer.resumption = Some(secret);
        }
        values
    }

    /// Keys for records. They go into service when the sending end derives them.
    fn keys(&mut self, role: Role, direction: &str, stage: &str) -> Values {
        let suite = self.suite();
        let sender = if direction == "write" { role } else { role.peer() };
        let side = if sender == Role::Client { "c" } else { "s" };
        let stage = match stage {
            "early" => "e",
            "handshake" => "hs",
            _ => "ap",
        };
        let secret = self.peer(role).secrets[&format!("{side} {stage} traffic")].clone();
        let keys = secret.keys(suite.aead);
        let prk = secret.secret().clone();
        if direction == "write" {
            let peer = self.peer(role);
            peer.sealer.install(&keys, u64::MAX).unwrap();
            peer.opener.install(&keys).unwrap();
        }
        let (key_info, iv_info) = (info(b"key", &[], keys.key().len()), info(b"iv", &[], keys.iv().len()));
        assert_eq!(self.expand_raw(&prk, &key_info, keys.key().len()), keys.key());
        assert_eq!(self.expand_raw(&prk, &iv_info, keys.iv().len()), keys.iv());
        values([
            ("prk", prk.as_bytes().to_vec()),
            ("key-info", key_info),
            ("key-expanded", keys.key().to_vec()),
            ("iv-info", iv_info),
            ("iv-expanded", keys.iv().to_vec()),
        ])
    }

    /// The Finished of `role`.
    fn finished(&self, role: Role) -> Values {
        let messages = match self.points.get(&before_finished(role)) {
            Some(messages) => *messages,
            None => self.transcript_now(),
        };
        let name = if role == Role::Client { "c hs traffic" } else { "s hs traffic" };
        let secret = &self.peer_ref(role).secrets[name];
        let mut values = self.expand(secret.secret(), b"finished", &[]);
        values.insert(
            "finished".to_owned(),
            secret.handshake_keys(self.suite.expect("the suite").aead).finished.mac(&messages).as_bytes().to_vec(),
        );
        values
    }

    fn resumption(&mut self, step: &Step) -> Values {
        // The ticket's nonce is the server's choice; the client's step comes after the ticket.
        let nonce = match step.values.get("hash") {
            Some(nonce) => nonce.clone(),
            None => self.computed[&key(step, step.role.peer())]["hash"].clone(),
        };
        let master = self.peer_ref(step.role).resumption.clone().expect("the resumption master secret");
        let psk = resumption_psk(self.hash(), &master, &nonce);
        let values = self.expand(&master, b"resumption", &nonce);
        assert_eq!(hex(&values["expanded"]), hex(psk.as_bytes()));
        self.psk_of_ticket = Some(psk);
        values
    }

    /// HKDF-Expand-Label by the engine's function and, independently, by its `info` as the trace writes it.
    pub(crate) fn expand(&self, secret: &Secret, label: &[u8], context: &[u8]) -> Values {
        let len = self.hash().output_len();
        let mut expanded = vec![0; len];
        hkdf_expand_label(self.hash(), secret.as_bytes(), label, context, &mut expanded);
        let info = info(label, context, len);
        assert_eq!(hex(&self.expand_raw(secret, &info, len)), hex(&expanded), "label and info differ");
        values([
            ("prk", secret.as_bytes().to_vec()),
            ("hash", context.to_vec()),
            ("info", info),
            ("expanded", expanded),
        ])
    }

    fn expand_raw(&self, secret: &Secret, info: &[u8], len: usize) -> Vec<u8> {
        let mut expanded = vec![0; len];
        self.hash().hkdf_expand(secret.as_bytes(), &[info], &mut expanded);
        expanded
    }

    /// The suite. Before the ServerHello it is already the one that the server will choose.
    fn suite(&self) -> Suite {
        self.suite
            .unwrap_or_else(|| *self.provider.suite(CipherSuite::AES_128_GCM_SHA256).expect("the suite of all traces"))
    }

    pub(crate) fn hash(&self) -> &'static dyn Hash {
        self.suite().hash
    }

    fn transcript_now(&self) -> Digest {
        self.transcript.as_ref().expect("a transcript").current()
    }

    fn load(&self, group: NamedGroup, private: &[u8]) -> Box<dyn Exchange> {
        self.provider.group(group).expect("the group of the trace").from_private(private).unwrap()
    }

    fn public(&self, role: Role) -> Vec<u8> {
        let (group, private) = self.peer_ref(role).key_pair.as_ref().expect("a key pair");
        self.load(*group, private).share().to_vec()
    }

    pub(crate) fn peer(&mut self, role: Role) -> &mut Peer {
        match role {
            Role::Client => &mut self.client,
            Role::Server => &mut self.server,
        }
    }

    pub(crate) fn peer_ref(&self, role: Role) -> &Peer {
        match role {
            Role::Client => &self.client,
            Role::Server => &self.server,
        }
    }
}

/// HkdfLabel (RFC 8446 7.1), written here once more so that the engine's is checked.
pub(crate) fn info(label: &[u8], context: &[u8], len: usize) -> Vec<u8> {
    let mut info = u16::try_from(len).unwrap().to_be_bytes().to_vec();
    info.push(u8::try_from(6 + label.len()).unwrap());
    info.extend_from_slice(b"tls13 ");
    info.extend_from_slice(label);
    info.push(u8::try_from(context.len()).unwrap());
    info.extend_from_slice(context);
    info
}

fn before_finished(role: Role) -> Point {
    match role {
        Role::Client => Point::BeforeClientFinished,
        Role::Server => Point::BeforeServerFinished,
    }
}

/// What a step is filed under: what one end reads with is what the other writes with.
pub(crate) fn key(step: &Step, role: Role) -> String {
    let action = match (step.action.split_once(' '), role == step.role) {
        (Some(("keys", rest)), false) => match rest.split_once(' ') {
            Some(("read", stage)) => format!("keys write {stage}"),
            Some((_, stage)) => format!("keys read {stage}"),
            None => panic!("{step:?}"),
        },
        _ => step.action.clone(),
    };
    format!("{role:?} {action}")
}

pub(crate) fn values<const N: usize>(list: [(&str, Vec<u8>); N]) -> Values {
    list.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
