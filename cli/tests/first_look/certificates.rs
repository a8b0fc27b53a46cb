//! What is told of a server's certificates.

use rcgen::{DnType, SanType};

use super::support::listening::identity;
use super::support::pki::{KeyKind, Pki, expired, not_yet_valid};
use super::support::{Server, run_with, tlsbench};
use super::{INTERMEDIATE, KIND, REQUEST, ROOT, Site, document, last};

#[test]
fn a_certificate_that_is_not_valid_now_is_told_with_and_without_k() {
    let old = Site::new(expired);
    old.unverified(&[])
        .expect(0, &["not verified (-k", "chain:     1 leaf: localhost, 127.0.0.1; ", "; expired ", " days ago; "]);
    old.verified(&[]).expect(1, &["; expired ", " days ago; ", "error: ", "it has expired"]);
    let document = document(&old.verified(&["--json"]));
    let chain = &last(&document)["chain"];
    assert_eq!(chain["trust"], "refused");
    assert_eq!(chain["certificates"][0]["not_after"], "2001-01-01T00:00:00Z");
    assert!(chain["certificates"][0]["days_left"].as_i64() < Some(-9000), "{chain:#}");
    assert!(document["partial"] == true && document["error"].as_str().is_some_and(|error| error.contains("expired")));

    let young = Site::new(not_yet_valid);
    young.unverified(&[]).expect(0, &["; not valid before 2090-01-01; "]);
    young.verified(&[]).expect(1, &["; not valid before 2090-01-01; ", "it is not valid yet"]);
}

#[test]
fn a_missing_intermediate_is_told_beside_the_error() {
    let identity = Pki::shared_identity(KIND);
    let leaf_pem = identity.chain_pem.strip_suffix(&identity.issuer_pem).expect("leaf, then issuer");
    let site = Site::showing(leaf_pem, identity);
    let missing = format!("missing:   the certificate of {INTERMEDIATE}, which is neither in the chain nor trusted\n");
    let ended = site.verified(&[]);
    ended.expect(1, &[&missing, "chain:     1 leaf: ", "no trusted authority issued it"]);
    assert!(ended.errors.find("missing:") < ended.errors.find("error:"), "{}", ended.errors);
    assert_eq!(last(&document(&site.verified(&["--json"])))["chain"]["missing_issuer"], INTERMEDIATE);
    site.unverified(&[]).expect(0, &[&format!("not sent:  the certificate of {INTERMEDIATE}, which clients")]);
}

#[test]
fn a_root_that_is_sent_needlessly_and_a_certificate_that_nothing_needs_are_told() {
    let identity = Pki::shared_identity(KIND);
    let other = Pki::new(KeyKind::Ed25519).root_pem();
    let chain = [&*identity.chain_pem, &Pki::shared(KIND).root_pem(), &other].concat();
    let site = Site::showing(&chain, identity);
    let sayings = [
        &*format!("chain:     3 self-signed root, which need not be sent: {ROOT}; "),
        "chain:     4 not needed: CN=throw-away root Ed25519; ",
        &format!("leads to {ROOT}, which is trusted"),
    ];
    site.verified(&[]).expect(0, &sayings);
}

#[test]
fn addresses_among_the_names_are_told_and_verified() {
    let addresses =
        ["127.0.0.1", "2001:db8::7"].map(|address| SanType::IpAddress(address.parse().expect("an address")));
    let site = Site::new(|params| params.subject_alt_names = addresses.to_vec());
    let target = format!("127.0.0.1:{}", site.server.port);
    let ended = run_with(tlsbench(["connect", &target, "--cacert", &site.root]), REQUEST);
    ended.expect(0, &["verified as 127.0.0.1", "chain:     1 leaf: 127.0.0.1, 2001:db8::7; "]);
    site.verified(&[]).expect(1, &["chain:     1 leaf: 127.0.0.1, 2001:db8::7; ", "not valid for the name localhost"]);
}

#[test]
fn what_a_certificate_says_does_nothing_to_a_terminal() {
    let nasty = "evil\u{1b}]0;x\u{7}\n\u{9b}2J\u{202e}\u{7f}";
    let site = Site::new(|params| {
        params.distinguished_name.push(DnType::CommonName, nasty);
        params.distinguished_name.push(DnType::OrganizationName, "x".repeat(1000));
        params.subject_alt_names = vec![SanType::URI("a:\u{1b}[31m\r\nchain:".try_into().expect("ASCII"))];
    });
    let obeyed =
        |text: &str| text.chars().any(|letter| (letter.is_control() && letter != '\n') || letter == '\u{202e}');
    let ended = site.unverified(&["--json"]);
    ended.expect(0, &["chain:     1 leaf: a:\u{fffd}[31m\u{fffd}\u{fffd}chain:; "]);
    assert!(!obeyed(&ended.errors) && !obeyed(&ended.output), "{ended:?}");
    let document = document(&ended);
    let subject = last(&document)["chain"]["certificates"][0]["subject"].as_str().expect("a subject");
    assert!(subject.contains("CN=evil\u{fffd}]0;x\u{fffd}\u{fffd}\u{fffd}2J\u{fffd}\u{fffd}"), "{subject}");
    assert!(subject.chars().count() < 300 && subject.ends_with('\u{2026}'), "{subject}");
}

#[test]
fn many_names_are_counted() {
    let names = (0..150).map(|number| SanType::DnsName(format!("n{number}.example").try_into().expect("a name")));
    let site = Site::new(|params| params.subject_alt_names = names.collect());
    let ended = site.unverified(&["--json"]);
    ended.expect(0, &["1 leaf: n0.example, n1.example, n2.example, n3.example and 146 more; "]);
    let document = document(&ended);
    let leaf = &last(&document)["chain"]["certificates"][0];
    assert_eq!((leaf["names"].as_array().map(Vec::len), leaf["more_names"].as_u64()), (Some(100), Some(50)));
}

#[test]
fn an_authority_that_only_has_a_trusted_name_is_told() {
    let identity = Pki::new(KIND).issue(KIND, |_| {});
    let site = Site::showing(&identity.chain_pem, &identity);
    let ended = site.verified(&[]);
    ended.expect(1, &[&format!("chain:     leads to the name {ROOT}, which is that of a trusted authority\n")]);
    let chain = &last(&document(&site.verified(&["--json"])))["chain"].clone();
    assert_eq!((chain["trust"].as_str(), chain["trusted_issuer"].as_str()), (Some("refused"), Some(ROOT)));
}

#[test]
fn a_certificate_that_is_signed_with_its_own_key_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let [certificate, key] = identity(folder.path()).map(|file| file.to_str().expect("UTF-8").to_owned());
    let server = Server::start(&["--mode", "http", "--cert", &certificate, "--key", &key]);
    let connect = |trust: &[&str]| run_with(tlsbench([&["connect", &server.target()], trust].concat()), REQUEST);
    connect(&["-k"]).expect(0, &["chain:     1 leaf, self-signed: localhost; "]);
    connect(&["--cacert", &certificate])
        .expect(0, &["chain:     leads to CN=rcgen self signed cert, which is trusted"]);
    let other = folder.path().join("other.pem");
    std::fs::write(&other, Pki::shared(KIND).root_pem()).expect("a file");
    let refused = connect(&["--cacert", other.to_str().expect("UTF-8")]);
    refused.expect(1, &["chain:     ends with a self-signed certificate that is not trusted\n"]);
}
