use std::sync::Arc;

use tls_engine::codes::CipherSuite;
use tls_engine::crypto::{Provider, Suite};
use tls_engine::limits::RECORD_CONTENT_MAX;

use crate::measure::{Layout, Method, Pattern, RawAead};
use crate::schema::Document;

/// How AES implementations that use the processor's instructions describe themselves.
const INSTRUCTIONS: [&str; 3] = ["AES-NI", "VAES", "AES instructions"];
/// The number of times each is timed, with this many bytes of records.
const ROUNDS: usize = 5;
const ROUND_BYTES: usize = 256 << 10;

/// Warns if a provider's AES-GCM claims to use the processor's instructions but has less than half of the speed of
/// ChaCha20-Poly1305, which needs none. With the instructions it is at least as fast, without them it has a fifth. The
/// environment, an emulator or a hypervisor can take away instructions that the processor appears to have.
pub fn warn_of_contradictions(document: &mut Document) {
    for found in contradictions() {
        document.warn(found, "look for what hides AES from this process: a variable, an emulator, a hypervisor; do not compare with other runs");
    }
}

/// The warnings, each once. In a debug build there are none, because its speeds mean nothing.
pub fn contradictions() -> Vec<String> {
    if cfg!(debug_assertions) {
        return Vec::new();
    }
    let of = |provider: &Provider| {
        let aes = provider.suite(CipherSuite::AES_128_GCM_SHA256)?;
        contradiction(aes, provider.suite(CipherSuite::CHACHA20_POLY1305_SHA256)?)
    };
    let mut found: Vec<String> = Provider::all().iter().filter_map(|provider| of(provider)).collect();
    found.dedup();
    found
}

fn contradiction(aes: &Suite, stream: &Suite) -> Option<String> {
    let said = aes.aead.implementation();
    if says_instructions(&said) { judged(aes.code, &said, stream.code, race([aes, stream])?) } else { None }
}

fn judged(aes: CipherSuite, said: &str, stream: CipherSuite, [aes_ns, stream_ns]: [u64; 2]) -> Option<String> {
    let is_behind = aes_ns > 2 * stream_ns;
    is_behind.then(|| {
        format!("{aes} claims to run as '{said}', but has less than half of the speed of {stream}, so it does not")
    })
}

/// The shortest times for the same work. Failing cryptography is reported when it is measured.
fn race(suites: [&Suite; 2]) -> Option<[u64; 2]> {
    let layout = Layout::new(RECORD_CONTENT_MAX, ROUND_BYTES);
    let pattern = Arc::new(Pattern::new(1, layout.batch_bytes()));
    let [mut one, mut other] = suites.map(|suite| RawAead::new(suite, layout, Arc::clone(&pattern)).ok());
    let mut best_ns = [u64::MAX; 2];
    for _ in 0..ROUNDS {
        for (raw, best_ns) in [&mut one, &mut other].into_iter().zip(&mut best_ns) {
            let sample = raw.as_mut()?.run(Method::InPlace, layout.cycle_writes()).ok()?;
            *best_ns = (*best_ns).min(sample.seal_ns + sample.open_ns);
        }
    }
    Some(best_ns)
}

fn says_instructions(said: &str) -> bool {
    !said.contains("without AES") && INSTRUCTIONS.iter().any(|name| said.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_the_instructions_is_ahead() {
        // If the environment of this test takes the instructions away, no implementation claims to use them.
        assert_eq!(contradictions(), Vec::<String>::new());
        assert!(says_instructions("AWS-LC, VAES and VPCLMULQDQ on AVX-512"));
        assert!(!says_instructions("AWS-LC, without AES instructions"));
        assert!(!says_instructions("AWS-LC, restricted by the environment variable OPENSSL_ia32cap"));
    }

    #[test]
    fn what_only_says_that_it_takes_them_is_found() {
        let [aes, stream] = [CipherSuite::AES_128_GCM_SHA256, CipherSuite::CHACHA20_POLY1305_SHA256];
        let found = judged(aes, "AES-NI", stream, [500, 100]).expect("five times as slow");
        assert!(found.starts_with("TLS_AES_128_GCM_SHA256 claims to run as 'AES-NI'"), "{found}");
        assert_eq!(judged(aes, "AES-NI", stream, [120, 100]), None);
    }
}
