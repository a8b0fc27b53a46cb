use rustls_pki_types::UnixTime;

use super::SessionState;
use crate::codes::CipherSuite;
use crate::error::Error;
use crate::mem::Secret;
use crate::wire::Reader;

const WHAT: &str = "a session";

/// The form of what is written below. Tickets that another version has made are not taken.
const FORM: u8 = 3;

/// The longest identity of an external PSK whose sessions can be resumed, bytes.
pub(crate) const PSK_IDENTITY_MAX: usize = u8::MAX as usize;

/// What a server has to know to resume a session.
pub(crate) struct Session<'a> {
    /// The cipher suite, to whose hash the PSK is bound (RFC 8446 4.2.11).
    pub suite: CipherSuite,
    /// The PSK.
    pub psk: Secret,
    /// When the ticket was made.
    pub issued_at: UnixTime,
    /// `ticket_age_add`.
    pub age_add: u32,
    /// The host name that the client asked for.
    pub server_name: Option<&'a str>,
    /// The identity of the external PSK that it began with, if it did: at most [`PSK_IDENTITY_MAX`] bytes.
    pub psk_identity: Option<&'a [u8]>,
    /// The application protocol, which early data is bound to (RFC 8446 4.2.10).
    pub alpn: Option<&'a [u8]>,
    /// `max_early_data_size` of the ticket: how much early data it allows, bytes, if any.
    pub early_data_bytes: Option<u32>,
}

impl<'a> Session<'a> {
    /// The session as bytes.
    pub(crate) fn encode(&self) -> Result<SessionState, Error> {
        let name = self.server_name.unwrap_or_default().as_bytes();
        let identity = self.psk_identity.unwrap_or_default();
        let alpn = self.alpn.unwrap_or_default();
        let psk = self.psk.as_bytes();
        let lens = [name, identity, alpn, psk].map(|field| u8::try_from(field.len()));
        let [Ok(name_len), Ok(identity_len), Ok(alpn_len), Ok(psk_len)] = lens else {
            return Err(Error::TooLarge(WHAT));
        };
        let fields = [
            &[FORM][..],
            &self.suite.0.to_be_bytes(),
            &self.issued_at.as_secs().to_be_bytes(),
            &self.age_add.to_be_bytes(),
            &[psk_len],
            psk,
            &[name_len],
            name,
            &[identity_len],
            identity,
            &[alpn_len],
            alpn,
            &self.early_data_bytes.unwrap_or(0).to_be_bytes(),
        ];
        // In its own memory, so that there is no other copy of the PSK. The longest names and PSK fit.
        let mut state = SessionState::zeroed(fields.iter().map(|field| field.len()).sum());
        let mut rest = state.as_mut_bytes();
        for field in fields {
            let (place, after) = rest.split_at_mut(field.len());
            place.copy_from_slice(field);
            rest = after;
        }
        Ok(state)
    }

    /// The session of bytes that [`Session::encode`] has made.
    pub(crate) fn decode(state: &'a SessionState) -> Result<Self, Error> {
        let mut reader = Reader::new(state.as_bytes(), WHAT);
        if reader.u8()? != FORM {
            return Err(Error::Decode(WHAT));
        }
        let suite = CipherSuite(reader.u16()?);
        let issued_at = core::time::Duration::from_secs(u64::from_be_bytes(reader.array()?));
        let age_add = reader.u32()?;
        let psk = Secret::try_copy_of(reader.filled8()?).ok_or(Error::Decode(WHAT))?;
        let name = reader.vector8()?;
        // No identity is empty (RFC 8446 4.2.11), nor is the name of a protocol (RFC 7301 3.1).
        let psk_identity = Some(reader.vector8()?).filter(|identity| !identity.is_empty());
        let alpn = Some(reader.vector8()?).filter(|alpn| !alpn.is_empty());
        let early_data_bytes = Some(reader.u32()?).filter(|bytes| *bytes > 0);
        reader.finish()?;
        let server_name = match core::str::from_utf8(name) {
            Ok("") => None,
            Ok(name) => Some(name),
            Err(_) => return Err(Error::Decode(WHAT)),
        };
        let issued_at = UnixTime::since_unix_epoch(issued_at);
        Ok(Self { suite, psk, issued_at, age_add, server_name, psk_identity, alpn, early_data_bytes })
    }
}
