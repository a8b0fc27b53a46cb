//! What a text file holds: every section, and every encoding.

use std::fs;

use tempfile::TempDir;

use super::support::{self, Server, run_with_in, tlsbench};
use super::{Bench, MARK, NAMED, P256, SERVER, UTF_16, utf_16};

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
    bench.expect_served("sec1.crt", "sec1.key", &[]);
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
        ("a.json", &results, "export a.json --for bencher", 2),
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
