use crate::codes::{AlertDescription, code};
use crate::error::Error;

/// An alert (RFC 8446 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its description.
    pub description: AlertDescription,
}

impl Alert {
    /// The bytes of the alert. All but close_notify and user_canceled are fatal (RFC 8446 6).
    pub const fn encode(self) -> [u8; 2] {
        let level = match self.description {
            AlertDescription::CLOSE_NOTIFY | AlertDescription::USER_CANCELED => AlertLevel::WARNING,
            _ => AlertLevel::FATAL,
        };
        [level.0, self.description.0]
    }

    /// The alert in `content`, which holds exactly one (RFC 8446 5.1). The level is implicit in the description.
    pub const fn decode(content: &[u8]) -> Result<Self, Error> {
        match content {
            [1 | 2, description] => Ok(Self { description: AlertDescription(*description) }),
            [_, _] => Err(Error::IllegalParameter("the level of an alert")),
            _ => Err(Error::Decode("alert")),
        }
    }
}

code! {
    /// The level of an alert (RFC 8446 6). Ignored on receipt, but for the values an alert may have.
    AlertLevel(u8) {
        WARNING = 1, "warning";
        FATAL = 2, "fatal";
    }
}
