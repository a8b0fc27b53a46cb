//! Certificates and keys as people have them: each is used, or told by name with what to do. The files are made by OpenSSL.
#![cfg(unix)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::pki::{KeyKind, Pki};
use support::programs::{Program, find};
use support::{Ended, Server, run_with_in, tlsbench};
use tempfile::TempDir;

/// A folder with the files of a test, and OpenSSL.
struct Bench {
    folder: TempDir,
    openssl: PathBuf,
}

/// What makes a certificate a server's.
const SERVER: &str = "-addext basicConstraints=critical,CA:FALSE";
const NAMED: &str = "-addext subjectAltName=DNS:localhost";

impl Bench {
    /// Nothing where OpenSSL is missing, which is told.
    fn new() -> Option<Self> {
        let openssl = find("openssl")?;
        Some(Self { folder: TempDir::new().expect("a folder"), openssl })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn write(&self, name: &str, parts: &[&[u8]]) {
        fs::write(self.path(name), parts.concat()).expect("written");
    }

    fn openssl(&self, line: &str) {
        let mut command = Command::new(&self.openssl);
        let ended = run_with_in(command.args(line.split(' ')), self.folder.path());
        assert_eq!(ended.code, Some(0), "openssl {line}: {ended:?}");
    }

    /// A key NAME.key as `genpkey` makes it with these options, and a certificate NAME.crt that it signs itself.
    fn identity(&self, name: &str, key: &str, extensions: &str) {
        self.openssl(&format!("genpkey {key} -out {name}.key"));
        self.certificate(name, &format!("{name}.key"), extensions);
    }

    fn certificate(&self, name: &str, key: &str, extensions: &str) {
        let extensions = if extensions.is_empty() { String::new() } else { format!(" {extensions}") };
        self.openssl(&format!("req -x509 -new -key {key} -subj /CN=localhost -days 30 -out {name}.crt{extensions}"));
    }

    fn tlsbench(&self, line: &str) -> Ended {
        run_with_in(&mut tlsbench(line.split(' ')), self.folder.path())
    }

    /// A server that uses these files is started, says this, and is ended.
    fn expect_served(&self, chain: &str, key: &str, sayings: &[&str]) {
        let mut command = tlsbench(["serve", "-v"]);
        command.current_dir(self.folder.path());
        let ended = Server::start_as(command, &["--cert", chain, "--key", key]).interrupt();
        ended.expect(0, sayings);
        if sayings.is_empty() {
            assert!(!ended.errors.contains(chain) && !ended.errors.contains(key), "nothing to say of it: {ended:?}");
        }
    }

    fn expect_refused(&self, chain: &str, key: &str, sayings: &[&str]) {
        for command in
            ["serve --listen 127.0.0.1:0", "handshake -n 1 -w 0s", "throughput --transport memory -n 1 -w 0s"]
        {
            self.tlsbench(&format!("{command} --cert {chain} --key {key}")).expect(2, sayings);
        }
    }
}

const P256: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";
const MARK: &[u8] = b"\xef\xbb\xbf";
const UTF_16: &str = "it is UTF-16 text, not UTF-8: `iconv -f UTF-16 -t UTF-8 FILE > FILE2`";

fn utf_16(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(text.to_vec()).expect("text");
    format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn every_section_of_a_file_is_used_or_named() {
    let Some(bench) = Bench::new() else { return };
    bench.identity("own", P256, &format!("{SERVER} {NAMED}"));
    bench.identity("other", P256, &format!("{SERVER} {NAMED}"));
    let (own, other, key) = (bench.read("own.crt"), bench.read("other.crt"), bench.read("own.key"));
    bench.openssl("crl2pkcs7 -nocrl -certfile own.crt -out own.p7");
    bench.openssl("req -new -key own.key -subj /CN=localhost -out own.csr");
    bench.openssl("x509 -in own.crt -trustout -setalias name -out plain.trusted");
    bench.openssl("x509 -in own.crt -trustout -addtrust serverAuth -out servers.trusted");
    bench.openssl("x509 -in own.crt -trustout -addtrust clientAuth -out clients.trusted");
    bench.openssl("x509 -in own.crt -trustout -addreject serverAuth -out rejected.trusted");
    bench.openssl("x509 -in own.crt -outform DER -out own.der");
    bench.openssl("pkcs12 -export -inkey own.key -in own.crt -passout pass: -out own.p12");
    let as_text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("PEM");
    let (no_end, no_begin) =
        (&own[..own.len() / 2], &own[own.iter().position(|byte| *byte == b'\n').expect("lines")..]);
    let crlf = as_text(&own).replace('\n', "\r\n");
    let cr = as_text(&own).replace('\n', "\r");
    let old_name = as_text(&own).replace("CERTIFICATE", "X509 CERTIFICATE");
    let spaced = as_text(&own).replace('\n', " \n  ");
    let glued = as_text(&other).trim_end().to_owned() + as_text(&own).trim_end();
    let in_one_line = as_text(&own).replace('\n', "");
    let (request, envelope) = (bench.read("own.csr"), bench.read("own.p7"));
    let (plain, servers) = (bench.read("plain.trusted"), bench.read("servers.trusted"));
    let (clients, rejected) = (bench.read("clients.trusted"), bench.read("rejected.trusted"));
    let (der, pkcs12, wide) = (bench.read("own.der"), bench.read("own.p12"), utf_16(&own));
    let server = Server::start_as(
        {
            let mut command = tlsbench(["serve", "-v", "--mode", "http"]);
            command.current_dir(bench.folder.path());
            command
        },
        &["--cert", "own.crt", "--key", "own.key"],
    );
    let line_of_request = format!("the section CERTIFICATE REQUEST in line {}", 1 + as_text(&own).lines().count());
    const USED: i32 = 0;
    const REFUSED: i32 = 2;
    let table: [(&str, &[&[u8]], i32, &str); 24] = [
        ("plain", &[&own], USED, ""),
        ("a mark", &[MARK, &own], USED, ""),
        ("marks of files put together", &[MARK, &other, MARK, &own], USED, ""),
        ("lines of Windows", &[crlf.as_bytes()], USED, ""),
        ("lines of old Macs", &[cr.as_bytes()], USED, ""),
        ("an older name", &[old_name.as_bytes()], USED, ""),
        ("spaces around lines", &[b"  ", spaced.as_bytes()], USED, ""),
        ("no line break between files", &[glued.as_bytes()], USED, ""),
        ("all in one line", &[in_one_line.as_bytes()], USED, ""),
        ("text between sections", &[b"# CA: a - b\n", &other, b"\nsubject=CN = x\n", &own], USED, ""),
        ("trusted, without restrictions", &[&plain], USED, ""),
        ("trusted for servers", &[&servers], USED, ""),
        ("trusted for clients", &[&clients], REFUSED, "not trusted for servers"),
        ("not trusted for servers", &[&other, &rejected], REFUSED, "`openssl x509 -in FILE -out FILE2`"),
        ("a request", &[&own, &request], USED, &line_of_request),
        ("a key", &[&key, &own], USED, "the section PRIVATE KEY in line 1 is not used"),
        ("an envelope", &[&own, &envelope], REFUSED, "`openssl pkcs7 -in FILE -print_certs -out FILE2`"),
        ("only a request", &[&request], REFUSED, "(CERTIFICATE REQUEST); a request becomes a certificate"),
        ("cut short", &[&own, no_end], REFUSED, "malformed PEM: a section has no end line"),
        ("cut short in the middle", &[no_end, b"\n", &own], REFUSED, "malformed PEM: a section has no end line"),
        ("without its beginning", &[&own, no_begin], REFUSED, "malformed PEM: a section has no begin line"),
        ("DER", &[&der], REFUSED, "this is DER, not PEM: `openssl x509 -inform DER -in FILE -out FILE2`"),
        ("PKCS #12", &[&pkcs12], REFUSED, "this is PKCS #12, not PEM: `openssl pkcs12 -in FILE -nodes -out FILE2`"),
        ("UTF-16", &[&wide], REFUSED, UTF_16),
    ];
    for (what, parts, code, saying) in table {
        bench.write("ca.pem", parts);
        let ended = bench.tlsbench(&format!("connect localhost:{} --linger 0s --cacert ca.pem", server.port));
        eprintln!("{what}: {}", ended.errors);
        ended.expect(code, &[saying]);
        assert_eq!(ended.errors.contains("ca.pem: "), !saying.is_empty(), "{what}: {ended:?}");
    }
}

#[test]
fn every_section_of_a_servers_own_files_is_used_or_named() {
    let Some(bench) = Bench::new() else { return };
    bench.identity("own", P256, &format!("{SERVER} {NAMED}"));
    bench.identity("other", P256, &format!("{SERVER} {NAMED}"));
    bench.openssl("ecparam -name prime256v1 -genkey -out sec1.key");
    bench.certificate("sec1", "sec1.key", &format!("{SERVER} {NAMED}"));
    let (own, key, other_key) = (bench.read("own.crt"), bench.read("own.key"), bench.read("other.key"));
    bench.write("both.pem", &[&key, &own]);
    bench.write("marked.crt", &[MARK, &own]);
    bench.write("marked.key", &[MARK, &key]);
    bench.write("two.key", &[&key, &other_key]);
    bench.write("wide.key", &[&utf_16(&key)]);
    bench.expect_served("own.crt", "own.key", &[]);
    bench.expect_served("both.pem", "both.pem", &[]);
    bench.expect_served("marked.crt", "marked.key", &[]);
    bench.expect_served("both.pem", "own.key", &["both.pem: the section PRIVATE KEY in line 1 is not used"]);
    bench.expect_served("own.crt", "both.pem", &["both.pem: the section CERTIFICATE in line 6 is not used"]);
    bench.expect_served("own.crt", "two.key", &["two.key: the section PRIVATE KEY in line 6 is not used"]);
    bench.expect_served("sec1.crt", "sec1.key", &["sec1.key: the section EC PARAMETERS in line 1 is not used"]);
    bench.expect_refused("own.crt", "wide.key", &["wide.key: ", UTF_16]);
    let ended =
        bench.tlsbench("handshake -n 1 -w 0s --cert both.pem --key own.key --cacert own.crt --transport memory");
    ended.expect(0, &["both.pem: the section PRIVATE KEY in line 1 is not used"]);
}

#[test]
fn a_byte_order_mark_is_taken_and_other_encodings_are_named_in_every_text_file() {
    let folder = TempDir::new().expect("a folder");
    let results = serde_json::to_vec(&support::results::throughput("2026-01-01T00:00:00Z", &[64])).expect("JSON");
    let profile =
        b"description = 'x'\n[[case]]\ncommand = 'throughput'\ntransport = 'memory'\ncount = 1\nwarmup = '0s'\n";
    for (name, text, line, code) in [
        ("a.json", &results[..], "history a.json", 2),
        ("a.json", &results, "report a.json -o page.html", 2),
        ("a.json", &results, "compare a.json a.json", 5),
        ("a.json", &results, "export a.json --for bencher", 5),
        ("p.toml", profile, "run p.toml", 2),
        ("p.toml", profile, "gate --profile p.toml --baseline none.json --counts-only", 2),
    ] {
        let run = |content: &[u8]| {
            fs::write(folder.path().join(name), content).expect("written");
            run_with_in(&mut tlsbench(line.split(' ')), folder.path())
        };
        let (plain, marked) = (run(text), run(&[MARK, text].concat()));
        assert_eq!(plain.code, marked.code, "{line}: {marked:?}");
        assert!(!marked.errors.contains("line 1") && !marked.errors.contains("UTF"), "{line}: {marked:?}");
        run(&utf_16(text)).expect(code, &[name, UTF_16]);
    }
}

#[test]
fn keys_and_certificates_that_can_not_be_used_are_told_what_they_are_and_what_to_do() {
    let Some(bench) = Bench::new() else { return };
    let server = format!("{SERVER} {NAMED}");
    bench.identity("own", P256, &server);
    bench.openssl("pkcs8 -topk8 -in own.key -passout pass:x -out pkcs8.key");
    bench.openssl("ec -in own.key -aes128 -passout pass:x -out traditional.key");
    bench.openssl("pkey -in own.key -pubout -out public.key");
    bench.openssl("pkey -in own.key -outform DER -out der.key");
    for (name, options) in [
        ("explicit", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit"),
        ("p384", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384"),
        ("p521", "-algorithm EC -pkeyopt ec_paramgen_curve:P-521"),
        ("ed448", "-algorithm ED448"),
        ("ed25519", "-algorithm ED25519"),
        ("short", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024"),
        ("rsa", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"),
        ("pss", "-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048"),
    ] {
        bench.identity(name, options, &server);
    }
    bench.openssl("genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024 -out dsa.parameters");
    bench.identity("dsa", "-paramfile dsa.parameters", &server);
    bench.openssl("ec -in explicit.key -out explicit-sec1.key");
    bench.openssl("rsa -in short.key -traditional -out short-pkcs1.key");
    bench.openssl("req -new -key own.key -subj /CN=localhost -out own.csr");
    bench.openssl("x509 -req -in own.csr -signkey own.key -days 9 -out first-version.crt");
    bench.write("last.crt", &[&bench.read("ed25519.crt"), &bench.read("own.crt")]);
    let make_one = "`openssl genpkey -algorithm EC";
    let named_curve = "`openssl ec -in FILE -param_enc named_curve -out FILE2`";
    for (chain, key, what, advice) in [
        ("own.crt", "pkcs8.key", "pkcs8.key: the private key is encrypted", "`openssl pkey -in FILE -out FILE2`"),
        ("own.crt", "traditional.key", "the private key is encrypted", "`openssl pkey -in FILE -out FILE2`"),
        ("own.crt", "public.key", "no private key found", "(PUBLIC KEY)"),
        ("own.crt", "der.key", "this is DER", "`openssl pkey -inform DER -in FILE -out FILE2`"),
        ("explicit.crt", "explicit.key", "explicit parameters", named_curve),
        ("explicit.crt", "explicit-sec1.key", "explicit parameters", named_curve),
        ("explicit.crt", "own.key", "the certificate's key is not supported: it is ECDSA on a curve", named_curve),
        ("p521.crt", "p521.key", "ECDSA on P-521", make_one),
        ("ed448.crt", "ed448.key", "Ed448", make_one),
        ("short.crt", "short.key", "RSA of 1024 bits", make_one),
        ("short.crt", "short-pkcs1.key", "RSA of 1024 bits", make_one),
        ("pss.crt", "pss.key", "RSA-PSS only", make_one),
        ("dsa.crt", "dsa.key", "DSA, which TLS 1.3 has no signatures for", make_one),
        ("own.crt", "p384.key", "does not belong to the certificate: it is ECDSA on P-384", "ECDSA on P-256"),
        ("p384.crt", "rsa.key", "does not belong to the certificate: it is RSA of 2048 bits", "ECDSA on P-384"),
        ("last.crt", "own.key", "it belongs to number 2 of the chain", "has to stand first"),
        ("first-version.crt", "own.key", "X.509 version 3 is needed", "`openssl x509 -req`"),
    ] {
        eprintln!("{chain} {key}");
        bench.expect_refused(chain, key, &[what, advice]);
    }
    bench.identity("same-kind", P256, &server);
    let how = "`openssl pkey -in KEY -pubout` and `openssl x509 -in CERT -noout -pubkey`";
    bench.expect_refused("own.crt", "same-kind.key", &["does not belong to the certificate", how]);

    bench.certificate("authority", "own.key", NAMED);
    bench.certificate("nameless", "own.key", SERVER);
    bench.expect_served(
        "authority.crt",
        "own.key",
        &["authority.crt: the certificate is an authority's (CA:TRUE)", SERVER],
    );
    bench.expect_served("nameless.crt", "own.key", &["nameless.crt: the certificate has no subjectAltName", "(CN)"]);
    for name in ["ed25519", "p384", "rsa"] {
        bench.expect_served(&format!("{name}.crt"), &format!("{name}.key"), &[]);
    }
    // OpenSSL's own commands make no certificate of that age.
    let old = Pki::shared(KeyKind::EcdsaP256)
        .issue(KeyKind::EcdsaP256, |params| params.not_before = rcgen::date_time_ymd(1960, 1, 1));
    bench.write("old.crt", &[old.chain_pem.as_bytes()]);
    bench.write("old.key", &[old.key_pem.as_bytes()]);
    bench.expect_served("old.crt", "old.key", &["old.crt: the certificate is valid from or until before 1970"]);
    let root = Pki::shared(KeyKind::EcdsaP256).write_root(bench.folder.path());
    let ended =
        bench.tlsbench(&format!("handshake -n 1 -w 0s --cert old.crt --key old.key --cacert {}", root.display()));
    ended.expect(1, &["a validity that begins or ends before 1970"]);
}

/// OpenSSL as a server with this certificate, and its port.
fn openssl_server(bench: &Bench, chain: &str, key: &str) -> (Program, u16) {
    let mut command = Command::new(&bench.openssl);
    let line = "s_server -accept 127.0.0.1:0 -tls1_3 -cipher ALL:@SECLEVEL=0 -cert";
    command.current_dir(bench.folder.path()).args(line.split(' ')).args([chain, "-key", key]);
    let program = Program::start(&mut command);
    let port = |output: &[u8]| {
        let text = String::from_utf8_lossy(output).into_owned();
        let line = text.lines().find_map(|line| line.strip_prefix("ACCEPT "))?;
        text.contains('\n').then(|| line.rsplit(':').next()?.trim().parse::<u16>().ok()).flatten()
    };
    let output = program.wait_output("its port", |output| port(output).is_some());
    (program, port(&output).expect("it was there"))
}

#[test]
fn a_peers_certificate_is_told_what_it_is_and_what_to_do() {
    let Some(bench) = Bench::new() else { return };
    let server = format!("{SERVER} {NAMED}");
    bench.identity("own", P256, &server);
    bench.certificate("authority", "own.key", NAMED);
    bench.certificate("nameless", "own.key", SERVER);
    bench.openssl("req -new -key own.key -subj /CN=localhost -out own.csr");
    bench.openssl("x509 -req -in own.csr -signkey own.key -days 9 -out first-version.crt");
    bench.write("extensions", &[b"basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost\n"]);
    for (name, options) in [
        ("short", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024"),
        ("ed448", "-algorithm ED448"),
        ("p521", "-algorithm EC -pkeyopt ec_paramgen_curve:P-521"),
        ("explicit", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit"),
    ] {
        bench.identity(&format!("{name}-root"), options, "");
        bench.openssl(&format!(
            "x509 -req -in own.csr -CA {name}-root.crt -CAkey {name}-root.key -CAcreateserial -days 9 -extfile extensions \
             -out by-{name}.crt"
        ));
        bench.certificate(name, &format!("{name}-root.key"), &server);
    }
    let old = Pki::shared(KeyKind::EcdsaP256)
        .issue(KeyKind::EcdsaP256, |params| params.not_before = rcgen::date_time_ymd(1960, 1, 1));
    bench.write("old.crt", &[old.chain_pem.as_bytes()]);
    bench.write("old.key", &[old.key_pem.as_bytes()]);
    bench.write("old-root.crt", &[Pki::shared(KeyKind::EcdsaP256).root_pem().as_bytes()]);
    let another = "hint: the server needs another certificate";
    let alert = "the peer sent the alert handshake_failure";
    let kinds = "ECDSA on P-256 or P-384, Ed25519, RSA";
    for (chain, key, trust, what, hint) in [
        ("authority.crt", "own.key", "authority.crt", "authority's certificate (CA:TRUE), not a server's", SERVER),
        (
            "nameless.crt",
            "own.key",
            "nameless.crt",
            "no subjectAltName, and its common name (CN)",
            "subjectAltName=DNS:NAME",
        ),
        ("first-version.crt", "own.key", "own.crt", "X.509 version 3 is needed", "`openssl x509 -req`"),
        ("by-short.crt", "own.key", "short-root.crt", "the key of its issuer, which is RSA of 1024 bits", another),
        ("by-ed448.crt", "own.key", "ed448-root.crt", "the key of its issuer, which is Ed448", another),
        ("by-p521.crt", "own.key", "p521-root.crt", "the key of its issuer, which is ECDSA on P-521", another),
        (
            "by-explicit.crt",
            "own.key",
            "explicit-root.crt",
            "the key of its issuer, which is ECDSA on a curve",
            another,
        ),
        ("short.crt", "short-root.key", "short.crt", "its key, which is RSA of 1024 bits", another),
        ("short.crt", "short-root.key", "-k", "its key, which is RSA of 1024 bits", another),
        ("explicit.crt", "explicit-root.key", "-k", "its key, which is ECDSA on a curve", another),
        ("ed448.crt", "ed448-root.key", "ed448.crt", alert, kinds),
        ("p521.crt", "p521-root.key", "p521.crt", alert, kinds),
        ("old.crt", "old.key", "old-root.crt", "a validity that begins or ends before 1970", another),
    ] {
        let (_server, port) = openssl_server(&bench, chain, key);
        let trust = if trust == "-k" { "-k".to_owned() } else { format!("--cacert {trust}") };
        eprintln!("{chain} {trust}");
        bench.tlsbench(&format!("connect localhost:{port} {trust}")).expect(1, &["error: localhost:", what, hint]);
    }
}

/// `connect` to a port of ours, with these variables that name authorities.
fn connect(folder: &Path, port: u16, variables: &[(&str, &str)]) -> Ended {
    let mut command = tlsbench(["connect", &format!("localhost:{port}"), "--linger", "0s"]);
    run_with_in(command.envs(variables.iter().copied()), folder)
}

#[test]
fn authorities_that_the_environment_names_are_used_or_told() {
    let server = Server::start(&["--mode", "http"]);
    let folder = server.directory.path();
    let authority = fs::read(&server.ca).expect("the authority");
    let key = Pki::shared_identity(KeyKind::EcdsaP256).key_pem.as_bytes();
    for name in ["good", "mixed", "empty", "keys"] {
        fs::create_dir(folder.join(name)).expect("a folder");
    }
    let write = |name: &str, content: &[u8]| fs::write(folder.join(name), content).expect("written");
    write("good/0a1b2c3d.0", &authority);
    write("mixed/0a1b2c3d.0", &authority);
    write("mixed/README", b"what this is");
    write("keys/key.pem", key);
    write("marked.pem", &[MARK, &authority].concat());
    write("wide.pem", &utf_16(&authority));
    write("broken.pem", &[&authority[..], b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"].concat());
    let (file, folders) = ("SSL_CERT_FILE", "SSL_CERT_DIR");
    let table: [(&[(&str, &str)], i32, &[&str]); 17] = [
        (&[(file, "ca.pem")], 0, &[]),
        (&[(file, "marked.pem")], 0, &[]),
        (&[(folders, "good")], 0, &[]),
        (&[(folders, "empty:good")], 0, &["SSL_CERT_DIR: empty holds no certificate"]),
        (&[(folders, "mixed")], 0, &["SSL_CERT_DIR: mixed/README: no certificate found: this is not PEM"]),
        (&[(file, "ca.pem"), (folders, "none")], 0, &["SSL_CERT_DIR: can't read none: No such file"]),
        (&[(file, "broken.pem")], 0, &["SSL_CERT_FILE: broken.pem: certificate 2: "]),
        (&[(file, "none.pem")], 2, &["error: SSL_CERT_FILE: can't read none.pem: No such file", "--cacert FILE"]),
        (&[(file, "none.pem"), (folders, "good")], 2, &["error: SSL_CERT_FILE: can't read none.pem"]),
        (&[(file, "")], 2, &["error: SSL_CERT_FILE is set and names no file"]),
        (&[(file, "good")], 2, &["error: SSL_CERT_FILE: can't read good: Is a directory"]),
        (&[(file, "/dev/zero")], 2, &["error: SSL_CERT_FILE: can't read /dev/zero: it is larger than"]),
        (&[(file, "/dev/null")], 2, &["error: SSL_CERT_FILE: /dev/null: no certificate found: the text is empty"]),
        (&[(file, "keys/key.pem")], 2, &["SSL_CERT_FILE: keys/key.pem: no certificate found", "(PRIVATE KEY)"]),
        (&[(file, "wide.pem")], 2, &["SSL_CERT_FILE: wide.pem: ", UTF_16]),
        (&[(folders, "none")], 2, &["error: SSL_CERT_DIR: can't read none: No such file", "unset it"]),
        (
            &[(folders, "keys")],
            2,
            &["error: SSL_CERT_DIR: keys/key.pem: no certificate found", "keys holds no certificate"],
        ),
    ];
    for (variables, code, sayings) in table {
        let ended = connect(folder, server.port, variables);
        eprintln!("{variables:?}: {}", ended.errors);
        ended.expect(code, sayings);
        assert_eq!(ended.errors.contains("SSL_CERT"), !sayings.is_empty(), "{variables:?}: {ended:?}");
        assert!(!ended.errors.contains("no trusted authority issued it"), "{variables:?}: {ended:?}");
    }
}
