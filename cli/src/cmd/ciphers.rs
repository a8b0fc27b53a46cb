//! `tlsbench ciphers`: what this build can do, and what it runs on this CPU.

use tls_engine::crypto::Provider;

use crate::host;
use crate::names;
use crate::plan::Ciphers;
use crate::schema::inventory::{self, Code, Group, Inventory, Suite};
use crate::schema::{Tool, Warning};

/// Lists what the plan's providers can do.
pub fn run(plan: &Ciphers) -> Inventory {
    Inventory {
        schema: inventory::SCHEMA.to_owned(),
        tool: Tool::current(),
        host: host::describe(),
        warnings: warnings(&plan.providers),
        providers: plan.providers.iter().map(|provider| describe(provider)).collect(),
    }
}

fn describe(provider: &Provider) -> inventory::Provider {
    let code = |name: String, number: u16| Code { name, code: format!("{number:#06x}") };
    inventory::Provider {
        name: provider.name.to_owned(),
        suites: provider
            .suites
            .iter()
            .map(|suite| Suite {
                name: names::short_suite(suite.code),
                iana_name: suite.code.to_string(),
                code: format!("{:#06x}", suite.code.0),
                source: suite.source.to_owned(),
                implementation: suite.aead.implementation(),
                is_slow: suite.aead.defect().is_some(),
            })
            .collect(),
        groups: provider
            .groups
            .iter()
            .map(|group| Group {
                code: code(group.name().to_string(), group.name().0),
                client_share_bytes: group.lengths().start,
                server_share_bytes: group.lengths().answer,
                is_default: provider.default_groups().any(|default| default.name() == group.name()),
            })
            .collect(),
        signature_schemes: provider
            .schemes
            .iter()
            .map(|entry| code(entry.scheme.to_string(), entry.scheme.0))
            .collect(),
    }
}

/// What is far slower in this build than it should be: once, however many suites and providers share the part.
fn warnings(providers: &[&'static Provider]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for defect in providers.iter().flat_map(|provider| &provider.suites).filter_map(|suite| suite.aead.defect()) {
        let warning = Warning { message: defect.problem.to_owned(), advice: defect.remedy.to_owned() };
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use tls_engine::crypto::{Aead, AeadKey, Defect};

    /// An AEAD of a build gone wrong.
    struct Slow(&'static dyn Aead);

    impl Aead for Slow {
        fn key_len(&self) -> usize {
            self.0.key_len()
        }

        fn nonce_len(&self) -> usize {
            self.0.nonce_len()
        }

        fn records_per_key(&self) -> u64 {
            self.0.records_per_key()
        }

        fn implementation(&self) -> String {
            "pure Rust".into()
        }

        fn defect(&self) -> Option<Defect> {
            Some(Defect { problem: "a slow build", remedy: "build it anew" })
        }

        fn key(&self, key: &[u8]) -> Result<Box<dyn AeadKey>, tls_engine::Error> {
            self.0.key(key)
        }
    }

    #[test]
    fn a_slow_build_is_marked_and_warned_of_once() {
        let sound = Provider::auto();
        let mut suites = sound.suites.clone();
        for suite in suites.iter_mut().take(2) {
            suite.aead = Box::leak(Box::new(Slow(suite.aead)));
        }
        let spoiled: &'static Provider = Box::leak(Box::new(Provider {
            name: "spoiled",
            suites,
            groups: sound.groups.clone(),
            schemes: sound.schemes.clone(),
            certificate_algorithms: sound.certificate_algorithms.clone(),
            load_key: sound.load_key,
            random: sound.random,
        }));
        let output = crate::render::Output {
            format: crate::render::Format::Table,
            to: crate::render::Place::Standard,
            json: None,
            baseline: None,
            display: crate::render::Display { color: crate::render::Color::Never, is_verbose: false },
        };
        let inventory = run(&Ciphers { providers: vec![sound, spoiled], output });
        let slow: Vec<bool> = inventory.providers[1].suites.iter().map(|suite| suite.is_slow).take(3).collect();
        assert_eq!(slow, [true, true, false]);
        assert_eq!(inventory.warnings.len(), 1);
        let text = crate::render::Report::table(&inventory, &crate::render::View::plain());
        assert!(text.lines().any(|line| line == "WARNING: a slow build; build it anew"), "{text}");
        assert!(text.contains("SLOW: pure Rust"), "{text}");
    }
}
