//! Keys that are for RSA-PSS only (id-RSASSA-PSS, RFC 8446 4.2.3), as OpenSSL makes them: in servers, clients and authorities.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rustls_pki_types::{CertificateDer, UnixTime};
use support::endpoint::{Endpoint, listen};
use support::jobs::at_once_and_pausing;
use support::openssl::exchange;
use support::peer::{Peer, pump};
use support::programs::Program;
use support::skip::find;
use support::{jobs, localhost, providers};
use tempfile::TempDir;
use tls_engine::Error;
use tls_engine::codes::{AlertDescription, SignatureScheme};
use tls_engine::conn::{ClientConfig, ServerConfig};
use tls_engine::crypto::Provider;
use tls_engine::pki::{
    CertifiedKey, ClientVerifier, ServerVerifier, certificates_from_pem, key_kind, private_key_from_pem,
};

const SHA256: SignatureScheme = SignatureScheme::RSA_PSS_PSS_SHA256;
const SHA384: SignatureScheme = SignatureScheme::RSA_PSS_PSS_SHA384;
const SHA512: SignatureScheme = SignatureScheme::RSA_PSS_PSS_SHA512;

/// Keys by name: what `genpkey` makes them with, and what they sign with.
const KEYS: [(&str, &str, &[SignatureScheme]); 4] = [
    ("any", "", &[SHA256, SHA384, SHA512]),
    (
        "sha256",
        " -pkeyopt rsa_pss_keygen_md:sha256 -pkeyopt rsa_pss_keygen_mgf1_md:sha256 -pkeyopt rsa_pss_keygen_saltlen:32",
        &[SHA256],
    ),
    (
        "sha384",
        " -pkeyopt rsa_pss_keygen_md:sha384 -pkeyopt rsa_pss_keygen_mgf1_md:sha384 -pkeyopt rsa_pss_keygen_saltlen:48",
        &[SHA384],
    ),
    (
        "sha512",
        " -pkeyopt rsa_pss_keygen_md:sha512 -pkeyopt rsa_pss_keygen_mgf1_md:sha512 -pkeyopt rsa_pss_keygen_saltlen:64",
        &[SHA512],
    ),
];

struct Bench {
    folder: TempDir,
    openssl: PathBuf,
}

impl Bench {
    fn new() -> Option<Self> {
        let bench = Self { folder: TempDir::new().unwrap(), openssl: find("openssl")? };
        fs::write(bench.path("leaf.ext"), "basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost\n").unwrap();
        Some(bench)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, line: &str) {
        let mut command = Command::new(&self.openssl);
        let ended = command.args(line.split(' ')).current_dir(self.folder.path()).output().unwrap();
        assert!(ended.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&ended.stderr));
    }

    /// An authority whose key `genpkey` makes with these options, and that signs with these.
    fn root(&self, name: &str, key: &str, signing: &str) {
        self.run(&format!("genpkey {key} -out {name}.key"));
        self.run(&format!("req -x509 -new -key {name}.key -subj /CN={name} -days 9 -out {name}.crt{signing}"));
    }

    /// A leaf of such an authority, with a key for RSA-PSS only that has these options.
    fn leaf(&self, root: &str, signing: &str, name: &str, options: &str) {
        self.run(&format!("genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048{options} -out {name}.key"));
        self.run(&format!("req -new -key {name}.key -subj /CN=leaf -out {name}.csr"));
        self.run(&format!("x509 -req -in {name}.csr -CA {root}.crt -CAkey {root}.key -CAcreateserial -days 9 -extfile leaf.ext -out {name}.crt{signing}"));
    }

    fn certificates(&self, name: &str) -> Vec<CertificateDer<'static>> {
        certificates_from_pem(&fs::read(self.path(&format!("{name}.crt"))).unwrap()).unwrap()
    }

    fn certified_key(&self, provider: &'static Provider, name: &str) -> Result<CertifiedKey, Error> {
        let key = private_key_from_pem(&fs::read(self.path(&format!("{name}.key"))).unwrap()).unwrap();
        CertifiedKey::new(provider, self.certificates(name), &key)
    }

    fn client(&self, provider: &'static Provider, root: &str, own: Option<CertifiedKey>) -> Arc<ClientConfig> {
        let verifier = ServerVerifier::new(&self.certificates(root)).unwrap();
        let mut builder = ClientConfig::builder(provider).verifier(verifier).pause_for(jobs::paused_for());
        if let Some(own) = own {
            builder = builder.certificate(own);
        }
        builder.build().unwrap()
    }

    fn server(&self, root: &str, provider: &'static Provider, name: &str) -> Arc<ServerConfig> {
        let builder = ServerConfig::builder(provider).certificate(self.certified_key(provider, name).unwrap());
        let verifier = ClientVerifier::new(&self.certificates(root)).unwrap().optional();
        builder.client_verifier(verifier).pause_for(jobs::paused_for()).build().unwrap()
    }
}

const P256: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";
const PSS: &str = "-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048";
/// With a salt as long as the hash, which OpenSSL's own commands don't choose by themselves.
const SIGNED_WITH_SHA256: &str = " -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest";

/// Whether this provider signs with RSA: `auto` does not in a build without AWS-LC.
fn signs(bench: &Bench, provider: &'static Provider) -> bool {
    bench.certified_key(provider, "any").is_ok()
}

#[test]
fn keys_sign_with_the_schemes_that_their_parameters_allow() {
    let Some(bench) = Bench::new() else { return };
    bench.root("root", P256, "");
    KEYS.iter().for_each(|(name, options, _)| bench.leaf("root", "", name, options));
    at_once_and_pausing(|| {
        for provider in providers().iter().copied().filter(|provider| signs(&bench, provider)) {
            for (name, _, schemes) in KEYS {
                assert_eq!(bench.certified_key(provider, name).unwrap().key.schemes(), schemes);
                for verifier in providers() {
                    let own = bench.certified_key(provider, name).unwrap();
                    let mut client = Peer::client(&bench.client(provider, "root", Some(own)), localhost()).unwrap();
                    let mut server = Peer::server(&bench.server("root", verifier, name));
                    pump(&mut client, &mut server).unwrap();
                    let negotiated = server.connection.negotiated().unwrap();
                    assert_eq!(negotiated.signature(), Some(schemes[0]), "{name}");
                    assert_eq!(negotiated.client_certificate.chain(), bench.certificates(name), "{name}");
                }
            }
        }
    });
}

#[test]
fn chains_from_authorities_with_such_keys_verify() {
    let Some(bench) = Bench::new() else { return };
    for (root, options) in [("any-root", ""), ("sha256-root", KEYS[1].1)] {
        bench.root(root, &format!("{PSS}{options}"), SIGNED_WITH_SHA256);
        bench.leaf(root, SIGNED_WITH_SHA256, "any", "");
        for provider in providers() {
            let verifier = ServerVerifier::new(&bench.certificates(root)).unwrap();
            let verify = |chain: &[_]| verifier.verify_chain(provider, chain, &localhost(), UnixTime::now());
            let mut chain = bench.certificates("any");
            assert_eq!(verify(&chain), Ok(()), "{root}");
            let mut forged = chain[0].to_vec();
            *forged.last_mut().unwrap() ^= 1;
            chain[0] = forged.into();
            assert_eq!(verify(&chain).unwrap_err().alert(), Some(AlertDescription::BAD_CERTIFICATE), "{root}");
        }
    }
    // A salt as long as there is room for: no scheme of TLS 1.3 has that.
    bench.leaf("any-root", "", "long-salt", "");
    let verifier = ServerVerifier::new(&bench.certificates("any-root")).unwrap();
    let now = UnixTime::now();
    let result = verifier.verify_chain(providers()[0], &bench.certificates("long-salt"), &localhost(), now);
    assert_eq!(result.unwrap_err().alert(), Some(AlertDescription::UNSUPPORTED_CERTIFICATE));
}

#[test]
fn keys_that_tls_has_no_scheme_for_are_refused_by_name() {
    let Some(bench) = Bench::new() else { return };
    bench.root("root", P256, "");
    bench.leaf("root", "", "short-salt", " -pkeyopt rsa_pss_keygen_md:sha256 -pkeyopt rsa_pss_keygen_saltlen:20");
    bench.leaf("root", "", "sha384", KEYS[2].1);
    let told = key_kind(&bench.certificates("short-salt")[0]).unwrap();
    assert_eq!(
        told,
        "RSA of 2048 bits for RSA-PSS only (id-RSASSA-PSS), restricted by parameters that no scheme of TLS 1.3 has"
    );
    let told_restricted = key_kind(&bench.certificates("sha384")[0]).unwrap();
    assert_eq!(told_restricted, "RSA of 2048 bits for RSA-PSS only (id-RSASSA-PSS), restricted to rsa_pss_pss_sha384");
    for provider in providers() {
        let Err(Error::Config(why)) = bench.certified_key(provider, "short-salt") else { panic!("it is taken") };
        assert!(why.contains(&told), "{why}");
    }
}

#[test]
fn openssl_takes_our_signatures_and_we_take_its() {
    let Some(bench) = Bench::new() else { return };
    bench.root("root", PSS, SIGNED_WITH_SHA256);
    for (name, options, schemes) in KEYS {
        bench.leaf("root", SIGNED_WITH_SHA256, name, options);
        for provider in providers() {
            let mut command = Command::new(&bench.openssl);
            command.args("s_server -accept 127.0.0.1:0 -naccept 1 -tls1_3".split(' '));
            command.arg("-cert").arg(bench.path(&format!("{name}.crt")));
            command.arg("-key").arg(bench.path(&format!("{name}.key")));
            let (program, port) = support::openssl::listening(&mut command);
            let mut end = Endpoint::connect(port, &bench.client(provider, "root", None), localhost()).unwrap();
            let scheme = end.peer.connection.negotiated().unwrap().signature().unwrap();
            assert!(schemes.contains(&scheme), "{name} {scheme}");
            exchange(&mut end, &program, 1);
            end.close().unwrap();

            if !signs(&bench, provider) {
                continue;
            }
            let (listener, port) = listen();
            let program = s_client(&bench, port, name);
            let mut end = Endpoint::accept(&listener, &bench.server("root", provider, name)).unwrap();
            let negotiated = end.peer.connection.negotiated().unwrap();
            assert_eq!(negotiated.signature(), Some(schemes[0]), "{name}");
            assert_eq!(negotiated.client_certificate.chain()[0], bench.certificates(name)[0], "{name}");
            exchange(&mut end, &program, 1);
            end.close().unwrap();
        }
    }
}

/// `s_client` with a certificate of its own.
fn s_client(bench: &Bench, port: u16, name: &str) -> Program {
    let mut command = Command::new(&bench.openssl);
    command.args(["s_client", "-connect", &format!("127.0.0.1:{port}"), "-tls1_3", "-verify_return_error"]);
    command.args(["-servername", "localhost", "-verify_hostname", "localhost"]);
    let file = |path: &Path| path.to_str().unwrap().to_owned();
    for (flag, path) in
        [("-CAfile", "root.crt".to_owned()), ("-cert", format!("{name}.crt")), ("-key", format!("{name}.key"))]
    {
        command.args([flag, &file(&bench.path(&path))]);
    }
    Program::start(&mut command)
}
