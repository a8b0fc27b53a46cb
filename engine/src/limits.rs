//! The limits of sizes and counts that bound what a peer can make the engine do, with their sources.

/// The longest content of one record, bytes (RFC 8446 5.1).
pub const RECORD_CONTENT_MAX: usize = 1 << 14;
/// The least that a configuration may limit the content of records to, sent or received ones, bytes, as in RFC 8449 4.
pub const FRAGMENT_MIN: usize = 64;
/// What encryption may add to a record's content, bytes (RFC 8446 5.2).
pub const RECORD_EXPANSION_MAX: usize = 256;
/// The longest body of an encrypted record, bytes (RFC 8446 5.2).
pub const RECORD_BODY_MAX: usize = RECORD_CONTENT_MAX + RECORD_EXPANSION_MAX;
/// The header of a record: type, legacy version, length (RFC 8446 5.1).
pub const RECORD_HEADER: usize = 5;
/// A whole record at its longest, bytes.
pub const RECORD_MAX: usize = RECORD_HEADER + RECORD_BODY_MAX;
/// The header of a handshake message: type and length (RFC 8446 4).
pub const HANDSHAKE_HEADER: usize = 4;

/// The longest ClientHello, CertificateRequest, Certificate, CompressedCertificate or NewSessionTicket accepted, bytes with its header, and
/// what a CompressedCertificate may decompress to. The protocol allows 2^24 (RFC 8446 4, RFC 8879 4); a chain of certificates with large
/// keys is far shorter than this.
pub const HANDSHAKE_MESSAGE_MAX: usize = 1 << 16;
/// The longest ServerHello or HelloRetryRequest accepted, bytes with its header. Only a cookie in it may be long
/// (RFC 8446 4.1.3, 4.1.4), or a key share.
pub const SERVER_HELLO_MAX: usize = 1 << 13;
/// The longest EncryptedExtensions accepted, bytes with its header. It answers what was offered (RFC 8446 4.3.1): a
/// protocol, and the groups that the server has.
pub const ENCRYPTED_EXTENSIONS_MAX: usize = 1 << 13;
/// The longest CertificateVerify accepted, bytes with its header. It holds one signature (RFC 8446 4.4.3); one with an RSA
/// key of 16,384 bits takes half of this.
pub const CERTIFICATE_VERIFY_MAX: usize = 1 << 12;
/// The longest body of a Finished: the longest digest, that of SHA-512 (RFC 8446 4.4.4).
pub const FINISHED_BODY_MAX: usize = 64;
/// The body of a KeyUpdate (RFC 8446 4.6.3).
pub const KEY_UPDATE_BODY: usize = 1;
/// The most bytes of names in certificate_authorities. A server that trusts more leaves the extension out (RFC 8446 4.2.4): clients
/// would take a part of the names for all of them.
pub const AUTHORITIES_MAX: usize = 1 << 14;
/// How many idle arenas a configuration keeps for later handshakes.
pub const ARENAS_KEPT: usize = 256;
/// The most key shares sent in one ClientHello.
pub const KEY_SHARES_MAX: usize = 4;
/// The longest legacy session id, bytes (RFC 8446 4.1.2).
pub const SESSION_ID_MAX: usize = 32;
/// How often certificates of a chain may be read while a path through it is searched. RFC 8446 4.4.2 does not limit the number
/// of certificates, and many of the same name make very many paths. This many readings take some hundredths of a second; a
/// plain chain takes one for each pair of its certificates.
pub const PATH_READINGS_MAX: usize = 1 << 16;
/// The longest cookie that is echoed, bytes. The protocol allows 2^16 - 1 (RFC 8446 4.2.2).
pub const COOKIE_MAX: usize = 1 << 12;
/// The most tickets kept by a client, the newest ones.
pub const TICKETS_KEPT: usize = 8;
/// The most bytes of what a server has to know to resume a session: the longest host name, protocol name and PSK, and some numbers.
pub const SESSION_STATE_MAX: usize = 864;
/// The longest ticket that a client keeps, bytes: others are dropped. RFC 8446 4.6.1 allows 2^16 - 1, which no ClientHello has room for.
pub const TICKET_MAX: usize = 1 << 14;
/// How far in the future a ticket may have been made, seconds, as the clocks of servers that share their keys differ. One from later
/// shows that a clock was set back, and is not used.
pub const TICKET_CLOCK_SKEW_S: u64 = 60;
/// The most tickets a server sends after a handshake.
pub const TICKETS_SENT_MAX: u8 = 16;
/// How many of the offered PSKs that are not external ones a server looks at. Each costs the opening of a ticket.
pub const PSKS_TRIED_MAX: usize = 4;
/// The longest identity of an external PSK, bytes. RFC 8446 4.2.11 allows 2^16 - 1, of which a ClientHello has room for one.
pub const EXTERNAL_PSK_IDENTITY_MAX: usize = 1 << 10;
/// The most external PSKs that a client offers.
pub const EXTERNAL_PSKS_OFFERED_MAX: usize = 8;
/// How many servers a client's store keeps tickets of, by default.
pub const TICKET_SERVERS_KEPT: usize = 256;
/// The longest lifetime of a ticket, seconds (RFC 8446 4.6.1).
pub const TICKET_LIFETIME_MAX: u32 = 604_800;

/// The most early data that a server can be configured to take from a connection, bytes: it keeps them until they are taken from it.
pub const EARLY_DATA_MAX: u32 = 1 << 20;
/// How far the time since a client has received its ticket, as it says, may be from the time since the server has sent it, seconds, for
/// early data to be accepted (RFC 8446 8.3).
pub const EARLY_DATA_WINDOW_S: u64 = 10;
/// How much early data a server skips that has not accepted any, bytes of records (RFC 8446 4.2.10).
pub const EARLY_DATA_SKIPPED_MAX: usize = 1 << 17;

/// Records without content in a row, before the connection is ended.
pub const EMPTY_RECORDS_MAX: u32 = 32;
/// KeyUpdates without application data between them, before the connection is ended.
pub const KEY_UPDATES_MAX: u32 = 32;
/// Tickets without application data between them, before the connection is ended.
pub const TICKETS_MAX: u32 = 32;
/// Warning alerts in a row, before the connection is ended.
pub const WARNING_ALERTS_MAX: u32 = 4;
/// ChangeCipherSpec records in one handshake, before the connection is ended (RFC 8446 D.4 needs one).
pub const CHANGE_CIPHER_SPECS_MAX: u32 = 4;

/// Full-size records that AES-GCM may seal under one key: 2^24.5 (RFC 8446 5.5), of which this is the whole power
/// of two below.
pub const AES_GCM_RECORDS_PER_KEY: u64 = 1 << 24;
/// Records that a ChaCha20-Poly1305 key may seal: the sequence number ends first (RFC 8446 5.5), and a key update
/// this early costs nothing.
pub const CHACHA20_POLY1305_RECORDS_PER_KEY: u64 = 1 << 48;
/// Records that an AEGIS key may seal (draft-denis-tls-aegis, key limits).
pub const AEGIS_RECORDS_PER_KEY: u64 = 1 << 48;

/// The longest PEM text accepted, bytes. A store of trusted certificates takes about a quarter of this.
pub const PEM_MAX: usize = 1 << 20;
