//! Handshake messages as data that a test can change before it is encoded: nothing here checks anything.

use tls_engine::codes::{ExtensionType, HandshakeType};

pub fn message(handshake_type: HandshakeType, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).expect("a body that the header can hold").to_be_bytes();
    [&[handshake_type.0], &len[1..], body].concat()
}

pub fn vector8(bytes: &[u8]) -> Vec<u8> {
    [&[u8::try_from(bytes.len()).expect("at most 255 bytes")], bytes].concat()
}

pub fn vector16(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).expect("at most 65,535 bytes").to_be_bytes(), bytes].concat()
}

pub fn vector24(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).expect("bytes of a test").to_be_bytes()[1..], bytes].concat()
}

/// Numbers of 16 bits, without a length.
pub fn numbers(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

/// A list of extensions, which may be wrong in every way.
#[derive(Clone, Debug, Default)]
pub struct ExtensionList(pub Vec<(ExtensionType, Vec<u8>)>);

impl ExtensionList {
    /// Replaces the content of an extension, or adds it.
    pub fn set(&mut self, extension_type: ExtensionType, content: impl Into<Vec<u8>>) {
        let content = content.into();
        match self.0.iter_mut().find(|(known, _)| *known == extension_type) {
            Some((_, old)) => *old = content,
            None => self.0.push((extension_type, content)),
        }
    }

    /// Adds an extension at the end, even if it is there already.
    pub fn add(&mut self, extension_type: ExtensionType, content: impl Into<Vec<u8>>) {
        self.0.push((extension_type, content.into()));
    }

    /// Takes an extension out, which has to be there.
    pub fn remove(&mut self, extension_type: ExtensionType) {
        let before = self.0.len();
        self.0.retain(|(known, _)| *known != extension_type);
        assert!(self.0.len() < before, "{extension_type} is not there");
    }

    pub fn get(&self, extension_type: ExtensionType) -> &[u8] {
        &self.0.iter().find(|(known, _)| *known == extension_type).expect("an extension that is there").1
    }

    /// With lengths.
    pub fn encode(&self) -> Vec<u8> {
        let all: Vec<u8> = self
            .0
            .iter()
            .flat_map(|(extension_type, content)| [numbers(&[extension_type.0]), vector16(content)].concat())
            .collect();
        vector16(&all)
    }
}

/// A ClientHello.
#[derive(Clone, Debug)]
pub struct ClientHelloDraft {
    pub legacy_version: u16,
    pub random: [u8; 32],
    pub session_id: Vec<u8>,
    pub cipher_suites: Vec<u16>,
    pub compression_methods: Vec<u8>,
    /// `None` leaves even their length out.
    pub extensions: Option<ExtensionList>,
}

impl ClientHelloDraft {
    pub fn extensions(&mut self) -> &mut ExtensionList {
        self.extensions.as_mut().expect("extensions")
    }

    pub fn body(&self) -> Vec<u8> {
        let mut body = numbers(&[self.legacy_version]);
        body.extend_from_slice(&self.random);
        body.extend(vector8(&self.session_id));
        body.extend(vector16(&numbers(&self.cipher_suites)));
        body.extend(vector8(&self.compression_methods));
        body.extend(self.extensions.iter().flat_map(ExtensionList::encode));
        body
    }

    pub fn encode(&self) -> Vec<u8> {
        message(HandshakeType::CLIENT_HELLO, &self.body())
    }
}

/// A ServerHello or HelloRetryRequest.
#[derive(Clone, Debug)]
pub struct ServerHelloDraft {
    pub legacy_version: u16,
    pub random: [u8; 32],
    pub session_id: Vec<u8>,
    pub cipher_suite: u16,
    pub compression_method: u8,
    /// `None` leaves even their length out.
    pub extensions: Option<ExtensionList>,
}

impl ServerHelloDraft {
    pub fn extensions(&mut self) -> &mut ExtensionList {
        self.extensions.as_mut().expect("extensions")
    }

    pub fn body(&self) -> Vec<u8> {
        let mut body = numbers(&[self.legacy_version]);
        body.extend_from_slice(&self.random);
        body.extend(vector8(&self.session_id));
        body.extend(numbers(&[self.cipher_suite]));
        body.push(self.compression_method);
        body.extend(self.extensions.iter().flat_map(ExtensionList::encode));
        body
    }

    pub fn encode(&self) -> Vec<u8> {
        message(HandshakeType::SERVER_HELLO, &self.body())
    }
}

/// `server_name` of a ClientHello with one host name.
pub fn server_name(name: &[u8]) -> Vec<u8> {
    vector16(&[&[0][..], &vector16(name)].concat())
}

/// `application_layer_protocol_negotiation`.
pub fn alpn(names: &[&[u8]]) -> Vec<u8> {
    vector16(&names.iter().flat_map(|name| vector8(name)).collect::<Vec<u8>>())
}

/// One share, without the length of a list around it.
pub fn share(group: u16, key: &[u8]) -> Vec<u8> {
    [numbers(&[group]), vector16(key)].concat()
}

/// The body of a Certificate message without extensions.
pub fn certificate(context: &[u8], chain: &[&[u8]]) -> Vec<u8> {
    let entries: Vec<(&[u8], ExtensionList)> =
        chain.iter().map(|certificate| (*certificate, ExtensionList::default())).collect();
    certificate_with(context, &entries)
}

/// The body of a Certificate message.
pub fn certificate_with(context: &[u8], chain: &[(&[u8], ExtensionList)]) -> Vec<u8> {
    let entries: Vec<u8> = chain
        .iter()
        .flat_map(|(certificate, extensions)| [vector24(certificate), extensions.encode()].concat())
        .collect();
    [vector8(context), vector24(&entries)].concat()
}

/// The body of a CompressedCertificate.
pub fn compressed_certificate(algorithm: u16, uncompressed_len: u32, compressed: &[u8]) -> Vec<u8> {
    [&numbers(&[algorithm])[..], &uncompressed_len.to_be_bytes()[1..], &vector24(compressed)].concat()
}

/// The body of a CertificateRequest.
pub fn certificate_request(context: &[u8], extensions: &ExtensionList) -> Vec<u8> {
    [vector8(context), extensions.encode()].concat()
}

/// The body of a NewSessionTicket.
pub fn ticket(lifetime_s: u32, nonce: &[u8], ticket: &[u8], extensions: &ExtensionList) -> Vec<u8> {
    [&lifetime_s.to_be_bytes()[..], &[1, 2, 3, 4], &vector8(nonce), &vector16(ticket), &extensions.encode()].concat()
}
