//! Sections in every surrounding that they are found in, and bytes that are none.

use proptest::prelude::*;

use super::*;
use crate::pki::test_pki::{KeyKind, Pki};

const MARK: &str = "\u{feff}";

#[test]
fn sections_are_found_whatever_stands_around_them() {
    let identity = Pki::shared_identity(KeyKind::EcdsaP256);
    let (chain, key) = (identity.chain_pem.as_str(), identity.key_pem.as_str());
    let headed = key.replace("KEY-----\nM", "KEY-----\nName: some:thing\nLong: one\n two\n\nM");
    assert_ne!(headed, key);
    for (what, text) in [
        ("nothing", format!("{chain}{key}")),
        ("marks", format!("{MARK}{chain}{MARK}{key}")),
        ("no line breaks between", format!("{}{}", chain.trim_end().replace("-----\n-----", "----------"), key)),
        ("no line breaks at all", format!("{chain}{key}").replace('\n', "")),
        ("other line breaks", format!("{chain}{key}").replace('\n', "\r")),
        ("text", format!("a -----BEGIN of\n--\n-----\n{chain}\nand: -----END a\n  \t{key}the rest -----")),
        ("headers", format!("{chain}{headed}")),
    ] {
        assert_eq!(certificates_from_pem(text.as_bytes()).as_deref(), Ok(&identity.chain[..]), "{what}");
        assert_eq!(*private_key_from_pem(text.as_bytes()).expect(what), identity.key, "{what}");
        assert_eq!(sections_of_pem(text.as_bytes()).expect(what).len(), 3, "{what}");
    }
}

#[test]
fn sections_are_told_with_their_lines_and_kinds() {
    let told = |text: &str| sections_of_pem(text.as_bytes()).unwrap();
    let section = |label: &str, line, kind| PemSection { label: label.into(), line, kind };
    let text = "x\n-----BEGIN A-----\n-----END A-----\r\n\r\n-----BEGIN PRIVATE KEY-----\r\nAA\r\n-----END PRIVATE KEY-----\r\r\
                -----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAA\n-----END EC PRIVATE KEY-----\n\
                -----BEGIN TRUSTED CERTIFICATE-----\n-----END TRUSTED CERTIFICATE-----";
    assert_eq!(
        told(text),
        [
            section("A", 2, PemKind::Other),
            section("PRIVATE KEY", 5, PemKind::PrivateKey),
            section("EC PRIVATE KEY", 9, PemKind::Other),
            section("TRUSTED CERTIFICATE", 14, PemKind::Certificate),
        ]
    );
    let long = "A".repeat(1000);
    assert_eq!(told(&format!("-----BEGIN {long}----------END {long}-----"))[0].label.len(), LABEL_SHOWN);
}

#[test]
fn half_a_section_is_an_error_wherever_it_stands() {
    let identity = Pki::shared_identity(KeyKind::EcdsaP256);
    let chain = identity.chain_pem.as_str();
    for (text, why) in [
        (format!("{chain}-----BEGIN X-----\nAA"), "a section has no end line"),
        (format!("-----BEGIN X-----\nAA\n{chain}"), "a section has no end line"),
        (format!("-----BEGIN X-----\nAA\n-----END Y-----\n{chain}"), "a section has no end line"),
        (format!("{chain}AA\n-----END X-----"), "a section has no begin line"),
        (format!("---BEGIN X-----\nAA\n-----END X-----\n{chain}"), "a section has no begin line"),
        (format!("-----BEGIN X\nAA\n-----END X-----\n{chain}"), "the begin line of a section is cut short"),
        (chain.replacen("\nM", "\nM: ", 1).replacen("\nM: ", "\nM\nM: ", 1), "a section is not base64"),
    ] {
        let error = certificates_from_pem(text.as_bytes()).unwrap_err();
        assert_eq!(error, Error::Config(format!("malformed PEM: {why}")), "{text}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        pieces in prop::collection::vec(
            prop_oneof![
                Just(b"-----BEGIN ".to_vec()),
                Just(b"-----END ".to_vec()),
                Just(b"-----".to_vec()),
                Just(b"CERTIFICATE".to_vec()),
                Just(b"TRUSTED CERTIFICATE".to_vec()),
                Just(b"PRIVATE KEY".to_vec()),
                Just(b"\n".to_vec()),
                Just(b"\r\n ".to_vec()),
                Just(b"MAA=".to_vec()),
                Just(MARK.as_bytes().to_vec()),
                prop::collection::vec(any::<u8>(), 0..9),
            ],
            0..40,
        ),
    ) {
        let text = pieces.concat();
        let _ = sections_of_pem(&text);
        let _ = certificates_from_pem(&text);
        let _ = private_key_from_pem(&text);
    }
}
