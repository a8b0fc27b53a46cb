//! The provider put together from the fastest known part for each algorithm.

#[cfg(feature = "aws-lc-rs")]
use super::aws_lc as main;
#[cfg(not(feature = "aws-lc-rs"))]
use super::rustcrypto as main;
use super::{Provider, Suite};

/// The whole provider. AWS-LC is the fastest at all that it has; AEGIS, which it lacks, comes from the `aegis` crate.
pub(super) fn provider() -> Provider {
    Provider {
        name: "auto",
        suites: suites(),
        groups: main::groups(),
        schemes: main::schemes(),
        certificate_algorithms: main::certificate_algorithms(),
        load_key: main::load_key,
        random: &main::RANDOM,
    }
}

/// In order of preference: the suites of RFC 8446 first, because they are what others know.
fn suites() -> Vec<Suite> {
    #[allow(unused_mut, reason = "not without the feature rustcrypto")]
    let mut suites = main::suites();
    #[cfg(feature = "rustcrypto")]
    suites.extend(super::rustcrypto::aegis_suites(main::sha256(), main::sha512()));
    suites
}
