//! `tlsbench report`, end to end: what is on the page, and what can never be.

#[path = "support/html.rs"]
mod html;
mod support;

use std::fs;
use std::path::{Path, PathBuf};

use html::{Piece, inside, pieces, text};
use support::run;
use tempfile::TempDir;
use tlsbench::schema::quantity::{self, Quantity};
use tlsbench::schema::{Case, Document, Host, Negotiated, Side};

fn begin(started_at: &str) -> Document {
    let host = Host { cpu_model: Some("Example 9000".into()), cpu_flags: vec!["aes".into()], ..Host::default() };
    let mut document = Document::begin(host);
    document.tool.git_commit = Some("0123456789ab".into());
    document.tool.version = "1.2.3".into();
    started_at.clone_into(&mut document.started_at);
    started_at.clone_into(&mut document.finished_at);
    document
}

/// Moves data with two suites at these sizes.
fn throughput(started_at: &str, sizes: &[u64]) -> Document {
    let mut document = begin(started_at);
    for (suite, factor) in [("aes128gcm", 1.0), ("aegis128l", 1.5)] {
        for size in sizes {
            let mut case = Case::new(format!("throughput/memory/send/{suite}/{size}"));
            case.requested.insert("size_bytes".into(), (*size).into());
            case.requested.insert("duration_ns".into(), 1_000_000_000_u64.into());
            case.switches.insert("zero_copy".into(), true.into());
            case.negotiated = Negotiated { version: Some("TLSv1.3".into()), ..Negotiated::default() };
            let speed = factor * (*size as f64) * 1e6;
            case.record(Side::Send, &quantity::EFFICIENCY, &[0.90, 0.95, 0.97], 1);
            case.record(Side::Send, &quantity::ENGINE_BYTES_PER_S, &[speed * 0.9, speed, speed * 1.1], 1);
            case.record(Side::Send, &quantity::RAW_AEAD_BYTES_PER_S, &[speed * 1.2], 1);
            document.cases.push(case);
        }
    }
    document
}

/// Both bases of a switch that helps, one that hurts, and one that does neither.
fn ablation(started_at: &str) -> Document {
    let mut document = begin(started_at);
    for (switch, change, verdict) in
        [("zero-copy", -0.18, "helps"), ("counters", 0.02, "hurts"), ("inline", 0.001, "inside the noise")]
    {
        for base in ["full", "empty"] {
            let mut case = Case::new(format!("ablate/bulk/{switch}=on/{base}"));
            for (name, value) in
                [("workload", "bulk"), ("base", base), ("switch", switch), ("value", "on"), ("against", "off")]
            {
                case.requested.insert(name.into(), value.into());
            }
            case.achieved.insert("send_cpu_ns_per_byte_verdict".into(), verdict.into());
            case.achieved.insert("send_cpu_ns_per_byte_smallest_effect".into(), 0.01.into());
            case.record(Side::Send, &quantity::CPU_NS_PER_BYTE, &[0.2, 0.21], 1);
            let ratio = Quantity { name: "cpu_ns_per_byte_effect", unit: "ratio", ..quantity::CPU_NS_PER_BYTE };
            case.record(Side::Send, &ratio, &[change, change * 1.1, change * 0.9], 1);
            document.cases.push(case);
        }
    }
    document
}

/// Two providers of an AEAD, of which `auto` takes the first, and a signature.
fn crypto(started_at: &str) -> Document {
    let mut document = begin(started_at);
    for (provider, speed, is_auto) in [("aws-lc-rs", 2e9, true), ("rustcrypto", 1e9, false)] {
        for (kind, algorithm, operation, size) in [
            ("aead", "aes128gcm", "seal-in-place", Some(64_u64)),
            ("aead", "aes128gcm", "seal-in-place", Some(1024)),
            ("signature", "ed25519", "sign", None),
        ] {
            let last = size.map(|size| format!("/{size}")).unwrap_or_default();
            let mut case = Case::new(format!("crypto/{kind}/{algorithm}/{provider}/{operation}{last}"));
            for (name, value) in
                [("kind", kind), ("algorithm", algorithm), ("provider", provider), ("operation", operation)]
            {
                case.requested.insert(name.into(), value.into());
            }
            case.achieved.insert("taken_by_auto".into(), is_auto.into());
            if let Some(size) = size {
                case.requested.insert("size_bytes".into(), size.into());
                case.record(Side::Total, &quantity::THROUGHPUT_BYTES_PER_S, &[speed, speed * 1.01], 1);
            } else {
                case.record(Side::Total, &quantity::OPERATIONS_PER_S, &[speed / 1e5], 1);
            }
            if !is_auto {
                case.record(Side::Total, &quantity::SHARE_OF_AUTO, &[0.5], 1);
            }
            document.cases.push(case);
        }
    }
    document
}

struct Drawn {
    directory: TempDir,
    files: Vec<PathBuf>,
}

impl Drawn {
    fn of(documents: &[(&str, Document)]) -> Self {
        let directory = TempDir::new().expect("a directory");
        let mut files = Vec::new();
        for (name, document) in documents {
            let path = directory.path().join(name);
            fs::write(&path, serde_json::to_string(document).expect("it serializes")).expect("a file");
            files.push(path);
        }
        Self { directory, files }
    }

    fn page(&self) -> String {
        let ended = run([Path::new("report")].into_iter().chain(self.files.iter().map(PathBuf::as_path)));
        ended.expect(0, &[]);
        assert_eq!(ended.errors, "");
        ended.output
    }
}

fn page(documents: &[(&str, Document)]) -> String {
    Drawn::of(documents).page()
}

/// The headings and charts of a page, the names in them, and how many numbers each table has.
fn outline(page: &str) -> String {
    let pieces = pieces(page);
    let mut lines = String::new();
    for (index, piece) in pieces.iter().enumerate() {
        let Piece::Tag(name, _) = piece else { continue };
        let class = piece.attribute("class").unwrap_or_default();
        let line = match (name.as_str(), class) {
            ("h1" | "h2" | "h3" | "h4", _) => format!("{name} {}", text(inside(&pieces, index))),
            ("li", _) if text(inside(&pieces, index)).is_empty() => continue,
            ("li" | "dd", _) => format!("  {name} {}", text(inside(&pieces, index))),
            ("div", "head" | "head small") => format!("  row {}", text(inside(&pieces, index))),
            ("table", _) => {
                let rows = inside(&pieces, index).iter().filter(|piece| piece.is_tag("tr")).count();
                format!("  table of {} rows", rows - 1)
            }
            _ => continue,
        };
        lines.push_str(line.trim_end());
        lines.push('\n');
    }
    lines
}

#[test]
fn the_page_has_the_charts_that_it_had() {
    let mut partial = ablation("2026-01-03T00:00:00Z");
    partial.partial = true;
    partial.warn("the machine is busy", "end the other programs");
    let found = outline(&page(&[
        ("sizes.json", throughput("2026-01-01T00:00:00Z", &[64, 1350, 16_384])),
        ("ablation.json", partial),
        ("crypto.json", crypto("2026-01-02T00:00:00Z")),
        ("one-size.json", throughput("2026-01-04T00:00:00Z", &[16_384])),
    ]));
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/report.txt");
    if std::env::var_os("TLSBENCH_BLESS").is_some() {
        fs::create_dir_all(golden.parent().expect("a folder")).expect("a folder");
        fs::write(&golden, &found).expect("written");
    }
    let expected = fs::read_to_string(&golden).expect("the golden outline");
    assert_eq!(found, expected, "if this is meant, run the test with TLSBENCH_BLESS=1 and read the difference");
}

#[test]
fn what_a_file_says_is_text_and_nothing_else() {
    const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>&lt;b&gt;{{}}<!--]]></style></svg>";
    let hostile = || HOSTILE.to_owned();
    let mut documents = vec![throughput("2026-01-01T00:00:00Z", &[64, 128]), ablation("2026-01-02T00:00:00Z")];
    documents.push(crypto("2026-01-03T00:00:00Z"));
    for document in &mut documents {
        document.warn(hostile(), hostile());
        document.tool.git_commit = Some(hostile());
        document.tool.features = vec![hostile()];
        document.host = Host {
            cpu_model: Some(hostile()),
            cpu_flags: vec![hostile()],
            governor: Some(hostile()),
            kernel: Some(hostile()),
            virtualization: Some(hostile()),
            ..Host::default()
        };
        let mut stranger = Case::new(hostile());
        stranger.record(Side::Total, &Quantity { unit: "<u>", ..quantity::EFFICIENCY }, &[1.0], 1);
        document.cases.push(stranger);
        for case in &mut document.cases {
            case.id.push_str(HOSTILE);
            case.negotiated.group = Some(hostile());
            case.negotiated.cipher_suite = Some(hostile());
            case.switches.insert(hostile(), hostile().into());
            for value in case.requested.values_mut().filter(|value| value.is_string()) {
                *value = format!("{}{HOSTILE}", value.as_str().unwrap_or_default()).into();
            }
            case.achieved.insert("why_not".into(), hostile().into());
        }
    }
    let files: Vec<(String, Document)> = documents
        .into_iter()
        .enumerate()
        .map(|(index, document)| (format!("<b onload=x>&{index}.json"), document))
        .collect();
    let files: Vec<(&str, Document)> = files.iter().map(|(name, document)| (name.as_str(), document.clone())).collect();
    let page = page(&files);
    check_harmless(&page);
    assert!(text(&pieces(&page)).contains(HOSTILE), "it is shown as it is");
    assert!(text(&pieces(&page)).contains("<b onload=x>&2.json"));
}

/// Fails on any element or attribute that a report does not use, and on any address.
fn check_harmless(page: &str) {
    const ELEMENTS: &str = "!DOCTYPE html head meta title link style body svg defs path pattern rect line circle text use g \
                            header main footer section div span h1 h2 h3 h4 p ul li dl dt dd b code time figure figcaption \
                            details summary table caption thead tbody tr th td";
    const ATTRIBUTES: &str = "html lang charset http-equiv content name rel href class id role aria-hidden aria-label width \
                              height viewBox preserveAspectRatio d x y x1 y1 x2 y2 cx cy r rx text-anchor overflow \
                              patternUnits patternTransform tabindex scope open";
    for piece in pieces(page) {
        let Piece::Tag(name, attributes) = &piece else { continue };
        let element = name.strip_prefix('/').unwrap_or(name);
        assert!(ELEMENTS.split_whitespace().any(|known| known == element), "<{name}>");
        for (attribute, value) in attributes {
            assert!(ATTRIBUTES.split_whitespace().any(|known| known == attribute), "<{name} {attribute}={value:?}>");
            if attribute == "href" {
                assert!(value.starts_with("#shape-") || value == "data:,", "<{name} {attribute}={value:?}>");
            }
        }
    }
}

#[test]
fn a_page_lets_nothing_in() {
    let page = page(&[("a.json", throughput("2026-01-01T00:00:00Z", &[64]))]);
    check_harmless(&page);
    let pieces = pieces(&page);
    let policy = pieces.iter().find(|piece| piece.attribute("http-equiv") == Some("Content-Security-Policy"));
    let policy = policy.and_then(|piece| piece.attribute("content")).expect("a policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    let style = page.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).expect("a style");
    assert!(!style.contains("http") && !style.contains("@import") && !style.contains("//"), "{style}");
}

#[test]
fn the_latest_run_comes_first_and_older_ones_like_it_are_folded() {
    let old = throughput("2026-01-01T00:00:00Z", &[64]);
    let new = throughput("2026-02-01T00:00:00Z", &[64]);
    let page = page(&[("old.json", old), ("new.json", new), ("other.json", crypto("2025-01-01T00:00:00Z"))]);
    let pieces = pieces(&page);
    let names: Vec<String> = pieces
        .iter()
        .enumerate()
        .filter(|(_, piece)| piece.is_tag("h2"))
        .map(|(index, _)| text(inside(&pieces, index)))
        .collect();
    assert_eq!(names, ["new.json", "old.json", "other.json"]);
    assert_eq!(page.matches("Charts of this older run").count(), 1);
}

#[test]
fn a_page_goes_to_a_file_and_says_so() {
    let drawn = Drawn::of(&[("a.json", throughput("2026-01-01T00:00:00Z", &[64]))]);
    let file = drawn.directory.path().join("report.html");
    let ended = run([Path::new("report"), &drawn.files[0], Path::new("-o"), &file]);
    ended.expect(0, &["report.html: 2 cases, "]);
    assert_eq!(ended.output, "");
    assert_eq!(fs::read_to_string(&file).expect("the page"), drawn.page());
}

#[test]
fn what_is_no_result_is_named() {
    let directory = TempDir::new().expect("a directory");
    let broken = directory.path().join("broken.json");
    fs::write(&broken, "{\"schema\": \"tlsb").expect("a file");
    run([Path::new("report"), &broken]).expect(2, &["broken.json"]);
    run(["report", "/nonexistent/results.json"]).expect(2, &["/nonexistent/results.json"]);
    run(["report"]).expect(2, &["FILE"]);
}
