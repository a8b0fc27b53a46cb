//! A server's own certificate and key.

use std::process::Command;

use super::support::run_with_in;
use super::{Bench, NAMED, P256, SERVER, Server, tlsbench, write_old};

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
        ("salt", "-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_pss_keygen_saltlen:20"),
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
        ("salt.crt", "salt.key", "RSA-PSS only (id-RSASSA-PSS), restricted by parameters", make_one),
        ("dsa.crt", "dsa.key", "DSA, which TLS 1.3 has no signatures for", make_one),
        ("own.crt", "p384.key", "does not belong to the certificate: it is ECDSA on P-384", "ECDSA on P-256"),
        ("p384.crt", "rsa.key", "does not belong to the certificate: it is RSA of 2048 bits", "ECDSA on P-384"),
        ("last.crt", "own.key", "it belongs to certificate 2 of the chain", "must come first"),
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
        &["authority.crt: the certificate is a CA certificate (CA:TRUE)", SERVER],
    );
    bench.expect_served("nameless.crt", "own.key", &["nameless.crt: the certificate has no subjectAltName", "(CN)"]);
    for name in ["ed25519", "p384", "rsa", "pss"] {
        bench.expect_served(&format!("{name}.crt"), &format!("{name}.key"), &[]);
    }
    write_old(&bench);
    bench.expect_served(
        "old.crt",
        "old.key",
        &["old.crt: the certificate has a validity that starts or ends before 1970"],
    );
    let ended = bench.tlsbench("handshake -n 1 -w 0s --cert old.crt --key old.key --cacert old-root.crt");
    ended.expect(1, &["a validity that begins or ends before 1970"]);
}

#[test]
fn a_server_with_several_certificates_shows_the_one_for_name_and_scheme() {
    let Some(bench) = Bench::new() else { return };
    let rsa = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048";
    for (name, key, names) in
        [("a", P256, "DNS:a.test"), ("b", rsa, "DNS:b.test"), ("b2", P256, "DNS:b.test,DNS:*.b.test")]
    {
        bench.identity(name, key, &format!("{SERVER} -addext subjectAltName={names}"));
    }
    let mut command = tlsbench(["serve", "-v"]);
    command.current_dir(bench.folder.path());
    let server = Server::start_as(
        command,
        &[
            "--cert", "a.crt", "--key", "a.key", "--cert", "b.crt", "--key", "b.key", "--cert", "b2.crt", "--key",
            "b2.key",
        ],
    );
    for (asks, schemes, shown) in [
        ("-servername a.test", "ECDSA+SHA256:RSA-PSS+SHA256", "a"),
        ("-servername b.test", "ECDSA+SHA256:RSA-PSS+SHA256", "b"),
        ("-servername b.test", "ECDSA+SHA256", "b2"),
        ("-servername c.b.test", "ECDSA+SHA256:RSA-PSS+SHA256", "b2"),
        ("-servername c.test", "ECDSA+SHA256:RSA-PSS+SHA256", "a"),
        ("-noservername", "ECDSA+SHA256:RSA-PSS+SHA256", "a"),
        ("-noservername", "RSA-PSS+SHA256", "b"),
    ] {
        let line = format!(
            "s_client -connect 127.0.0.1:{} -tls1_3 {asks} -sigalgs {schemes} -verify_return_error",
            server.port
        );
        let mut command = Command::new(&bench.openssl);
        command.args(line.split(' ')).args(["-CAfile", &format!("{shown}.crt")]);
        let ended = run_with_in(&mut command, bench.folder.path());
        assert!(ended.output.contains("Verify return code: 0 (ok)"), "{line} {shown}: {ended:?}");
    }
    let line =
        format!("s_client -connect 127.0.0.1:{} -tls1_3 -servername a.test -sigalgs RSA-PSS+SHA256", server.port);
    let ended = run_with_in(Command::new(&bench.openssl).args(line.split(' ')), bench.folder.path());
    assert!(ended.errors.contains("handshake failure"), "{ended:?}");
    server.interrupt().expect(0, &["no signature scheme in common"]);

    let one_key = "serve --listen 127.0.0.1:0 --cert a.crt --key a.key --cert b.crt";
    bench.tlsbench(one_key).expect(2, &["a --key for each --cert is needed: there are 2 of --cert, and 1 of --key"]);
    bench
        .tlsbench(&format!("{one_key} --key a.key"))
        .expect(2, &["b.crt with a.key can't be used", "does not belong to the certificate: it is ECDSA on P-256"]);
}
