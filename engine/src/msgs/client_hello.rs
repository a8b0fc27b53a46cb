use std::sync::Arc;

use super::extensions::{ContainingMessage, Extensions, check_allowed_in};
use super::grease::Grease;
use super::pre_shared_key::{OfferedPsks, PskOffer};
use super::stapled::{StapledRequest, decode_status_request};
use super::wanted_certificate::WantedCertificate;
use super::{compressed_certificate, decode_legacy_version, encode_message, ignored_extensions, record_size_limit};
use crate::codes::{
    CertificateCompressionAlgorithm, CipherSuite, ExtensionType, HandshakeType, NamedGroup, ProtocolVersion,
    SignatureScheme,
};
use crate::error::Error;
use crate::wire::{Numbers, Reader, Writer};

const WHAT: &str = "ClientHello";

/// A pre-shared key alone, and one with a key exchange, in psk_key_exchange_modes (RFC 8446 4.2.9).
const PSK_KE: u8 = 0;
const PSK_DHE_KE: u8 = 1;

/// A ClientHello (RFC 8446 4.1.2) with the extensions that the engine knows; others are ignored.
pub struct ClientHello<'a> {
    /// `legacy_version`.
    pub legacy_version: ProtocolVersion,
    /// `random`.
    pub random: [u8; 32],
    /// `legacy_session_id`, up to 32 bytes.
    pub session_id: &'a [u8],
    /// `cipher_suites`.
    pub cipher_suites: Numbers<'a>,
    /// `legacy_compression_methods`.
    pub compression_methods: &'a [u8],
    /// The host name of `server_name` (RFC 6066 3).
    pub server_name: Option<&'a [u8]>,
    /// `supported_versions`.
    pub supported_versions: Option<Numbers<'a>>,
    /// `supported_groups`.
    pub supported_groups: Option<Numbers<'a>>,
    /// `signature_algorithms`.
    pub signature_algorithms: Option<Numbers<'a>>,
    /// `key_share`: may be empty, which asks for a HelloRetryRequest.
    pub key_shares: Option<KeyShares<'a>>,
    /// The names of `application_layer_protocol_negotiation` (RFC 7301 3.1), in order.
    pub alpn: Option<AlpnNames<'a>>,
    /// `cookie`.
    pub cookie: Option<&'a [u8]>,
    /// What is said about the certificate, besides `signature_algorithms`.
    pub wanted: WantedCertificate<'a>,
    /// What is asked for with the certificate.
    pub stapled: StapledRequest,
    /// `record_size_limit`, bytes with the content type (RFC 8449 4).
    pub record_size_limit: Option<u16>,
    /// Whether `early_data` is there.
    pub early_data: bool,
    /// `pre_shared_key`.
    pub pre_shared_key: Option<OfferedPsks<'a>>,
    /// `psk_key_exchange_modes`.
    pub psk_key_exchange_modes: Option<&'a [u8]>,
}

impl<'a> ClientHello<'a> {
    /// Decodes the body of the message.
    pub fn decode(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body, WHAT);
        let mut hello = Self {
            legacy_version: decode_legacy_version(&mut reader)?,
            random: reader.array()?,
            session_id: reader.vector8()?,
            cipher_suites: reader.numbers16()?,
            compression_methods: reader.vector8()?,
            server_name: None,
            supported_versions: None,
            supported_groups: None,
            signature_algorithms: None,
            key_shares: None,
            alpn: None,
            cookie: None,
            wanted: WantedCertificate::default(),
            stapled: StapledRequest::default(),
            record_size_limit: None,
            early_data: false,
            pre_shared_key: None,
            psk_key_exchange_modes: None,
        };
        if hello.session_id.len() > 32 || hello.compression_methods.is_empty() {
            return Err(Error::Decode(WHAT));
        }
        // Before TLS 1.3 the extensions could be left out altogether (RFC 8446 4.1.2).
        if !reader.is_empty() {
            hello.decode_extensions(&mut reader)?;
        }
        reader.finish()?;
        Ok(hello)
    }

    /// Whether the client takes a pre-shared key together with a key exchange (RFC 8446 4.2.9).
    pub fn takes_psk_dhe_ke(&self) -> bool {
        self.psk_key_exchange_modes.is_some_and(|modes| modes.contains(&PSK_DHE_KE))
    }

    /// Whether the client takes a pre-shared key without a key exchange.
    pub fn takes_psk_ke(&self) -> bool {
        self.psk_key_exchange_modes.is_some_and(|modes| modes.contains(&PSK_KE))
    }

    fn decode_extensions(&mut self, reader: &mut Reader<'a>) -> Result<(), Error> {
        let mut extensions = Extensions::new(reader, WHAT)?;
        while let Some(extension) = extensions.next_extension()? {
            let mut reader = extension.reader;
            match extension.extension_type {
                ExtensionType::SERVER_NAME => self.server_name = decode_server_name(&mut reader)?,
                ExtensionType::SUPPORTED_VERSIONS => self.supported_versions = Some(reader.numbers8()?),
                ExtensionType::SUPPORTED_GROUPS => self.supported_groups = Some(reader.numbers16()?),
                ExtensionType::SIGNATURE_ALGORITHMS => self.signature_algorithms = Some(reader.numbers16()?),
                ExtensionType::KEY_SHARE => self.key_shares = Some(KeyShares::decode(&mut reader)?),
                ExtensionType::ALPN => self.alpn = Some(AlpnNames::decode(&mut reader)?),
                ExtensionType::COOKIE => {
                    self.cookie = Some(reader.filled16()?);
                }
                ExtensionType::SIGNATURE_ALGORITHMS_CERT => {
                    self.wanted.certificate_schemes = Some(reader.numbers16()?);
                }
                ExtensionType::CERTIFICATE_AUTHORITIES => {
                    self.wanted.authorities = Some(reader.filled_vectors16()?);
                }
                ExtensionType::STATUS_REQUEST => self.stapled.ocsp_response = decode_status_request(&mut reader)?,
                ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP => self.stapled.timestamps = true,
                ExtensionType::COMPRESS_CERTIFICATE => {
                    self.wanted.compression = Some(compressed_certificate::decode_algorithms(&mut reader)?);
                }
                ExtensionType::RECORD_SIZE_LIMIT => {
                    self.record_size_limit = Some(record_size_limit::decode(&mut reader)?);
                }
                ExtensionType::EARLY_DATA => self.early_data = true,
                ExtensionType::PSK_KEY_EXCHANGE_MODES => {
                    self.psk_key_exchange_modes = Some(reader.filled8()?);
                }
                ExtensionType::PRE_SHARED_KEY => {
                    // RFC 8446 4.2.11: it must be the last one.
                    if !extensions.is_at_end() {
                        return Err(Error::IllegalParameter("pre_shared_key is not the last extension"));
                    }
                    self.pre_shared_key = Some(OfferedPsks::decode(&mut reader)?);
                }
                other => {
                    check_allowed_in(other, ContainingMessage::ClientHello)?;
                    ignored_extensions::check(other, reader)?;
                    continue;
                }
            }
            reader.finish()?;
        }
        Ok(())
    }
}

fn decode_server_name<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>, Error> {
    const HOST_NAME: u8 = 0;
    let mut names = reader.list16()?;
    let mut host_name = None;
    // RFC 6066 3: at least one name, and no two of a type. Only host names were ever defined.
    loop {
        let name_type = names.u8()?;
        let name = names.filled16()?;
        if name_type == HOST_NAME && host_name.replace(name).is_some() {
            return Err(Error::IllegalParameter("two host names in server_name"));
        }
        if names.is_empty() {
            return Ok(host_name);
        }
    }
}

/// One share of a key exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyShareEntry<'a> {
    /// Its group.
    pub group: NamedGroup,
    /// The public key.
    pub key: &'a [u8],
}

impl<'a> KeyShareEntry<'a> {
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, Error> {
        Ok(Self { group: NamedGroup(reader.u16()?), key: reader.filled16()? })
    }

    pub(super) fn encode(&self, writer: &mut Writer<'_>) {
        writer.u16(self.group.0);
        writer.vector16(self.key);
    }
}

/// The shares of a ClientHello, checked to be well-formed.
#[derive(Clone, Copy)]
pub struct KeyShares<'a>(Reader<'a>);

impl<'a> KeyShares<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Error> {
        let shares = Self(reader.list16()?);
        let mut rest = shares.0;
        while !rest.is_empty() {
            KeyShareEntry::decode(&mut rest)?;
        }
        Ok(shares)
    }

    /// The shares in order.
    pub fn iter(self) -> impl Iterator<Item = KeyShareEntry<'a>> {
        let mut reader = self.0;
        core::iter::from_fn(move || KeyShareEntry::decode(&mut reader).ok())
    }
}

/// The protocol names of a ClientHello, checked to be well-formed.
#[derive(Clone, Copy)]
pub struct AlpnNames<'a>(Reader<'a>);

impl<'a> AlpnNames<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Error> {
        let names = Self(reader.list16()?);
        let mut rest = names.0;
        // RFC 7301 3.1: at least one name, none empty.
        loop {
            rest.filled8()?;
            if rest.is_empty() {
                return Ok(names);
            }
        }
    }

    /// The names in order.
    pub fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        let mut reader = self.0;
        core::iter::from_fn(move || reader.vector8().ok())
    }
}

/// What a client puts into its ClientHello.
pub struct ClientHelloParameters<'a> {
    /// `random`.
    pub random: &'a [u8; 32],
    /// `legacy_session_id`.
    pub session_id: &'a [u8],
    /// `cipher_suites`, in order of preference.
    pub cipher_suites: &'a [CipherSuite],
    /// The host name for `server_name`; none for an IP address (RFC 6066 3).
    pub server_name: Option<&'a str>,
    /// `supported_groups`, in order of preference.
    pub supported_groups: &'a [NamedGroup],
    /// `signature_algorithms`, in order of preference; none leaves the extension out.
    pub signature_algorithms: &'a [SignatureScheme],
    /// `key_share`.
    pub key_shares: &'a [KeyShareEntry<'a>],
    /// Protocol names, in order of preference; none leaves the extension out.
    pub alpn: &'a [Arc<[u8]>],
    /// `cookie`, as HelloRetryRequest had it.
    pub cookie: Option<&'a [u8]>,
    /// What is asked for with the certificate.
    pub stapled: StapledRequest,
    /// `compress_certificate`; none leaves the extension out.
    pub certificate_compression: &'a [CertificateCompressionAlgorithm],
    /// `record_size_limit`, bytes with the content type; none leaves the extension out.
    pub record_size_limit: Option<u16>,
    /// The GREASE values that are offered as well; none leaves them out.
    pub grease: Option<Grease>,
    /// Whether there is a key share of GREASE.
    pub grease_share: bool,
    /// Whether early data follows.
    pub early_data: bool,
    /// Whether a pre-shared key is taken without a key exchange, too.
    pub psk_ke: bool,
    /// `pre_shared_key`, whose binders are left at zeros; none leaves the extension out.
    pub psks: &'a [PskOffer<'a>],
}

impl ClientHelloParameters<'_> {
    /// Appends the whole message.
    pub fn encode(&self, out: &mut Vec<u8>) {
        encode_message(out, HandshakeType::CLIENT_HELLO, |writer| {
            writer.u16(ProtocolVersion::TLS12.0);
            writer.bytes(self.random);
            writer.vector8(self.session_id);
            let suites = self.cipher_suites.iter().map(|suite| suite.0);
            writer.length16(|writer| self.greased(|grease| grease.suite, suites, writer));
            writer.vector8(&[0]);
            writer.length16(|writer| self.encode_extensions(writer));
        });
    }

    /// Numbers, behind the one of GREASE.
    fn greased(&self, value: fn(&Grease) -> u16, numbers: impl Iterator<Item = u16>, writer: &mut Writer<'_>) {
        self.grease.iter().map(value).chain(numbers).for_each(|number| writer.u16(number));
    }

    fn encode_extensions(&self, writer: &mut Writer<'_>) {
        if let Some(grease) = &self.grease {
            grease.encode_first(writer);
        }
        if let Some(name) = self.server_name {
            encode_extension(writer, ExtensionType::SERVER_NAME, |writer| {
                writer.length16(|writer| {
                    writer.u8(0);
                    writer.vector16(name.as_bytes());
                });
            });
        }
        encode_extension(writer, ExtensionType::SUPPORTED_VERSIONS, |writer| {
            let versions = [ProtocolVersion::TLS13.0].into_iter();
            writer.length8(|writer| self.greased(|grease| grease.version, versions, writer));
        });
        encode_extension(writer, ExtensionType::SUPPORTED_GROUPS, |writer| {
            let groups = self.supported_groups.iter().map(|group| group.0);
            writer.length16(|writer| self.greased(|grease| grease.group, groups, writer));
        });
        if !self.signature_algorithms.is_empty() {
            encode_extension(writer, ExtensionType::SIGNATURE_ALGORITHMS, |writer| {
                let schemes = self.signature_algorithms.iter().map(|scheme| scheme.0);
                writer.length16(|writer| self.greased(|grease| grease.scheme, schemes, writer));
            });
        }
        // Without it servers send no tickets (RFC 8446 4.2.9).
        let modes: &[u8] = if self.psk_ke { &[PSK_DHE_KE, PSK_KE] } else { &[PSK_DHE_KE] };
        encode_extension(writer, ExtensionType::PSK_KEY_EXCHANGE_MODES, |writer| {
            writer.length8(|writer| {
                writer.bytes(modes);
                self.grease.iter().for_each(|grease| writer.u8(grease.psk_mode));
            });
        });
        if !self.alpn.is_empty() {
            encode_extension(writer, ExtensionType::ALPN, |writer| {
                writer.length16(|writer| {
                    self.grease.iter().for_each(|grease| writer.vector8(&grease.protocol.to_be_bytes()));
                    self.alpn.iter().for_each(|name| writer.vector8(name));
                });
            });
        }
        if let Some(cookie) = self.cookie {
            encode_extension(writer, ExtensionType::COOKIE, |writer| writer.vector16(cookie));
        }
        self.stapled.encode(writer);
        compressed_certificate::encode_algorithms(self.certificate_compression, writer);
        record_size_limit::encode(self.record_size_limit, writer);
        if self.early_data {
            encode_extension(writer, ExtensionType::EARLY_DATA, |_| {});
        }
        encode_extension(writer, ExtensionType::KEY_SHARE, |writer| {
            writer.length16(|writer| {
                let grease = self.grease.iter().filter(|_| self.grease_share).map(Grease::key_share);
                grease.for_each(|share| share.encode(writer));
                self.key_shares.iter().for_each(|share| share.encode(writer));
            });
        });
        if let Some(grease) = &self.grease {
            grease.encode_last(writer);
        }
        // RFC 8446 4.2.11: the last one.
        if !self.psks.is_empty() {
            PskOffer::encode(self.psks, writer);
        }
    }
}

/// The extensions of a ClientHello that was sent: a server may answer no others (RFC 8446 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferedExtensions {
    /// Whether server_name was there.
    pub server_name: bool,
    /// Whether protocol names were there.
    pub alpn: bool,
    /// Whether a cookie was brought back.
    pub cookie: bool,
    /// What was asked for with the certificate.
    pub stapled: StapledRequest,
    /// Whether certificates may be compressed.
    pub certificate_compression: bool,
    /// Whether a limit of records was there.
    pub record_size_limit: bool,
    /// Whether early data was announced.
    pub early_data: bool,
    /// Whether a pre-shared key was there.
    pub pre_shared_key: bool,
}

impl OfferedExtensions {
    /// Whether the extension was there.
    pub const fn contains(self, extension_type: ExtensionType) -> bool {
        match extension_type {
            ExtensionType::SERVER_NAME => self.server_name,
            ExtensionType::ALPN => self.alpn,
            ExtensionType::COOKIE => self.cookie,
            ExtensionType::RECORD_SIZE_LIMIT => self.record_size_limit,
            ExtensionType::STATUS_REQUEST => self.stapled.ocsp_response,
            ExtensionType::COMPRESS_CERTIFICATE => self.certificate_compression,
            ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP => self.stapled.timestamps,
            ExtensionType::EARLY_DATA => self.early_data,
            ExtensionType::PRE_SHARED_KEY => self.pre_shared_key,
            ExtensionType::SUPPORTED_VERSIONS
            | ExtensionType::SUPPORTED_GROUPS
            | ExtensionType::SIGNATURE_ALGORITHMS
            | ExtensionType::KEY_SHARE
            | ExtensionType::PSK_KEY_EXCHANGE_MODES => true,
            _ => false,
        }
    }
}

pub(super) fn encode_extension(
    writer: &mut Writer<'_>,
    extension_type: ExtensionType,
    content: impl FnOnce(&mut Writer<'_>),
) {
    writer.u16(extension_type.0);
    writer.length16(content);
}
