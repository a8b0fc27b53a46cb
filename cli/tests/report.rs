//! `tlsbench report`, end to end: what is on the page, and what can never be.

#[path = "support/html.rs"]
mod html;
mod support;

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use html::{Piece, inside, pieces, text};
use support::results::{Drawn, ablation, crypto, page, series, throughput};
use support::{golden, run};
use tempfile::TempDir;
use tlsbench::schema::quantity::{self, Quantity};
use tlsbench::schema::{Case, Document, Host, Side};

/// The headings and charts of a page, the names in them, and how many numbers each table has.
fn outline(page: &str) -> String {
    let pieces = pieces(page);
    let mut lines = String::new();
    for (index, piece) in pieces.iter().enumerate() {
        let Piece::Tag(name, _) = piece else { continue };
        let class = piece.attribute("class").unwrap_or_default();
        let line = match (name.as_str(), class) {
            ("h1" | "h2" | "h3" | "h4", _) => format!("{name} {}", text(inside(&pieces, index))),
            // What is in a list in a list stands for itself.
            ("li", _) if inside(&pieces, index).iter().any(|piece| piece.is_tag("ul")) => continue,
            ("li" | "dd" | "pre", _) => format!("  {name} {}", text(inside(&pieces, index))),
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
    golden::check("report.txt", &found);
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
        stranger.record(Side::Total, &Quantity { name: "strangeness", unit: "<u>", ..quantity::EFFICIENCY }, &[1.0], 1);
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

/// Fails on any element or attribute that a report does not use, on any address, and on links that lead nowhere.
fn check_harmless(page: &str) {
    const ELEMENTS: &str = "!DOCTYPE html head meta title link style body svg defs path pattern rect line circle text use g \
                            header main nav footer section div span h1 h2 h3 h4 p ul li a dl dt dd b pre code time figure figcaption \
                            details summary table caption thead tbody tr th td";
    const ATTRIBUTES: &str = "html lang charset http-equiv content name rel href class id role aria-hidden aria-label width \
                              height viewBox preserveAspectRatio d x y x1 y1 x2 y2 cx cy r rx text-anchor overflow \
                              patternUnits patternTransform tabindex scope open";
    let pieces = pieces(page);
    let ids: Vec<&str> = pieces.iter().filter_map(|piece| piece.attribute("id")).collect();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "an anchor stands for one place: {ids:?}");
    for piece in &pieces {
        let Piece::Tag(name, attributes) = piece else { continue };
        let element = name.strip_prefix('/').unwrap_or(name);
        assert!(ELEMENTS.split_whitespace().any(|known| known == element), "<{name}>");
        for (attribute, value) in attributes {
            assert!(ATTRIBUTES.split_whitespace().any(|known| known == attribute), "<{name} {attribute}={value:?}>");
            if attribute == "href" {
                let is_here = value.strip_prefix('#').is_some_and(|anchor| ids.contains(&anchor));
                assert!(is_here || value == "data:,", "<{name} {attribute}={value:?}>");
            }
            if attribute == "id" {
                let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
                assert!(value.chars().all(is_plain), "<{name} {attribute}={value:?}>");
            }
        }
    }
}

#[test]
fn numbers_at_the_edge_are_drawn_or_left_out() {
    let edges = [0.0, 1e-300, 1e100, 5e-324, 1.0];
    let mut documents = Vec::new();
    for (day, edge) in edges.into_iter().enumerate() {
        let mut document = throughput(&format!("2026-01-{:02}T00:00:00Z", day + 1), &[0, 1, u64::MAX]);
        document.cases.extend(ablation("").cases);
        document.cases.extend(crypto("").cases);
        for metric in document.cases.iter_mut().flat_map(|case| case.metrics.values_mut()) {
            metric.samples = vec![edge];
            (metric.median, metric.mad, metric.ci95) = (edge, 0.0, [edge; 2]);
            metric.histogram = Some("HISTFAAAABt4nJNpmSzMwMDAxAABzFCaEUoz2X+AMIQE0gAAAA==".to_owned());
        }
        documents.push((format!("{day}.json"), document));
    }
    let documents: Vec<(&str, Document)> =
        documents.iter().map(|(name, document)| (name.as_str(), document.clone())).collect();
    let page = page(&documents);
    check_harmless(&page);
    for piece in pieces(&page) {
        let Piece::Tag(name, attributes) = &piece else { continue };
        for (attribute, value) in attributes.iter().filter(|(name, _)| name != "content" && name != "aria-label") {
            assert!(!value.contains("NaN") && !value.contains("inf"), "<{name} {attribute}={value:?}>");
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
    let expected = ["Summary", "Over time", "new.json", "other.json", "old.json", "How it was measured"];
    assert_eq!(names, expected);
    assert_eq!(page.matches("Charts of this older run").count(), 1);
}

/// What all elements with this tag say.
fn texts(pieces: &[Piece], tag: &str) -> Vec<String> {
    let places = pieces.iter().enumerate().filter(|(_, piece)| piece.is_tag(tag));
    places.map(|(index, _)| text(inside(pieces, index))).collect()
}

#[test]
fn a_summary_says_what_was_found_and_leads_there() {
    let mut handshake = support::results::begin("2026-01-05T00:00:00Z");
    let mut case = Case::new("handshake/memory/aes128gcm");
    for (side, cost, share) in [(Side::Client, 310.0, 0.9), (Side::Server, 140.0, 0.8)] {
        case.record(side, &quantity::CPU_US_PER_HANDSHAKE, &[cost], 1);
        case.record(side, &quantity::EFFICIENCY, &[share], 1);
    }
    handshake.cases.push(case);
    handshake.warn("the machine is busy", "end the other programs");
    handshake.partial = true;
    let mut files = vec![
        ("sizes.json".to_owned(), throughput("2026-01-01T00:00:00Z", &[64, 16_384])),
        ("ablation.json".to_owned(), ablation("2026-01-02T00:00:00Z")),
        ("crypto.json".to_owned(), crypto("2026-01-03T00:00:00Z")),
        ("handshake.json".to_owned(), handshake),
    ];
    files.extend(series(12).into_iter().map(|(name, mut document)| {
        document.cases[0].id = "throughput/loopback-2/send/aes128gcm/16384".to_owned();
        (name, document)
    }));
    let files: Vec<(&str, Document)> = files.iter().map(|(name, document)| (name.as_str(), document.clone())).collect();
    let page = page(&files);
    check_harmless(&page);
    let pieces = pieces(&page);
    let summary = pieces.iter().position(|piece| piece.attribute("id") == Some("summary")).expect("a summary");
    let summary = inside(&pieces, summary);
    let said = texts(summary, "li");
    for (sentence, anchor) in [
        (
            "Throughput in memory, both ends on one thread : aegis128l is the fastest of 2 suites: 24.6 GB/s sealed with writes \
             of 16 KiB. Sealing reaches 95.0 % of the raw cipher's speed.",
            "run-sizes-throughput-memory-send",
        ),
        (
            "Handshakes : a full handshake costs the client 310 µs and the server 140 µs of processor time (memory, aes128gcm). \
             Bare cryptography is 90.0 % of the client's and 80.0 % of the server's.",
            "run-handshake-handshake",
        ),
        (
            "Raw ciphers : aes128gcm of aws-lc-rs is the fastest: 2.01 GB/s (seal-in-place of 1 KiB).",
            "run-crypto-crypto-aead",
        ),
        (
            "Choice of auto : no other provider is faster than what auto takes, in 3 comparisons.",
            "run-crypto-crypto-auto",
        ),
        ("zero-copy : 18 % less processor time to send (bulk).", "run-ablation-ablate-bulk"),
        ("counters : 2.0 % more processor time to send (bulk).", "run-ablation-ablate-bulk"),
        ("inline : no effect that this run could tell from noise.", "run-ablation-ablate-bulk"),
        ("1 run was ended early: handshake.json .", "run-handshake"),
        ("⚠ 1 warning about these numbers: handshake.json .", "run-handshake-warnings"),
    ] {
        assert!(said.iter().any(|said| said == sentence), "{sentence}\nin {said:#?}");
        let link = format!("#{anchor}");
        assert!(summary.iter().any(|piece| piece.attribute("href") == Some(&link)), "{link}");
    }
    let over_time = said.iter().find(|said| said.starts_with("Over time : ")).expect("what changed");
    assert!(over_time.contains("1 of 1 series changed: Efficiency (send) of throughput/loopback-2/"), "{over_time}");
    assert!(over_time.contains("worse from run-06.json on"), "{over_time}");
}

#[test]
fn the_contents_list_all_sections_in_their_order() {
    let page = page(&[
        ("same.json", throughput("2026-01-01T00:00:00Z", &[64])),
        ("same-.json", crypto("2026-01-02T00:00:00Z")),
        ("ablation.json", ablation("2026-01-03T00:00:00Z")),
    ]);
    check_harmless(&page);
    let pieces = pieces(&page);
    let contents = pieces.iter().position(|piece| piece.is_tag("nav")).expect("contents");
    let listed: Vec<String> = texts(inside(&pieces, contents), "a");
    let end = pieces.iter().position(|piece| piece.attribute("id") == Some("setup")).expect("the setup");
    let mut headings = vec!["Summary".to_owned()];
    for (index, piece) in pieces.iter().enumerate().take(end).skip(contents) {
        if piece.is_tag("h2") || piece.is_tag("h3") {
            headings.push(text(inside(&pieces, index)));
        }
    }
    headings.push("How it was measured".to_owned());
    assert_eq!(listed, headings);
    // What it was measured with stands below all charts.
    let last = pieces.iter().rposition(|piece| piece.is_tag("figure")).expect("charts");
    let machine = pieces.iter().position(|piece| *piece == Piece::Text("Example 9000".into())).expect("the machine");
    assert!(last < end && end < machine);
}

/// The numbers and the unit of the axis below a heading.
fn axis(pieces: &[Piece], heading: &str) -> Vec<String> {
    let start = pieces.iter().position(|piece| *piece == Piece::Text(heading.into())).expect(heading);
    let axis = (start..).find(|index| pieces[*index].attribute("class") == Some("axis")).expect("an axis");
    texts(inside(pieces, axis), "text")
}

#[test]
fn charts_of_one_quantity_have_one_axis() {
    let mut document = support::results::begin("2026-01-01T00:00:00Z");
    let mut moved = Case::new("throughput/memory/send/aes128gcm/16384");
    for (side, speed) in [(Side::Send, 1e9), (Side::Receive, 9e9)] {
        moved.record(side, &quantity::ENGINE_BYTES_PER_S, &[speed], 1);
        moved.record(side, &quantity::RAW_AEAD_BYTES_PER_S, &[speed * 1.2], 1);
    }
    let mut shaken = Case::new("handshake/memory/aes128gcm");
    shaken.record(Side::Client, &quantity::CPU_US_PER_HANDSHAKE, &[300.0], 1);
    shaken.record(Side::Server, &quantity::CPU_US_PER_HANDSHAKE, &[100.0], 1);
    shaken.record(Side::Server, &quantity::HEAP_CALLS_PER_HANDSHAKE, &[39.0], 1);
    document.cases.extend([moved, shaken]);
    let mut switches = ablation("2026-01-02T00:00:00Z");
    for case in &mut switches.cases {
        let effect = Quantity { name: "cpu_ns_per_byte_effect", unit: "ratio", ..quantity::CPU_NS_PER_BYTE };
        let sent = case.metrics["send.cpu_ns_per_byte_effect"].median;
        case.record(Side::Receive, &effect, &[sent * 3.0], 1);
    }
    let page = page(&[("a.json", document), ("b.json", switches)]);
    let pieces = pieces(&page);
    for (one, other, end) in
        [("Sealing", "Opening", "10"), ("CPU (client)", "CPU (server)", "300"), ("CPU (send)", "CPU (receive)", "50")]
    {
        assert_eq!(axis(&pieces, one), axis(&pieces, other), "{one}, {other}");
        assert!(axis(&pieces, one).iter().any(|tick| tick == end), "{one}: {:?}", axis(&pieces, one));
    }
    assert_ne!(axis(&pieces, "CPU (server)"), axis(&pieces, "Heap calls (server)"));
}

#[test]
fn the_commands_on_the_page_measure_its_cases_again() {
    for (line, shown) in [
        (
            "throughput --count=2 --warmup=0s --transport=memory,loopback --direction=both --size=64,16k --cipher=aes128gcm,aegis128l",
            "tlsbench throughput --cipher=aes128gcm,aegis128l --size=64,16k --direction=both --transport=memory,loopback --count=2 \
             --warmup=0s",
        ),
        (
            "throughput --count=2 --warmup=0s --provider=rustcrypto --arena=off --label=odd --groups=p256",
            "tlsbench throughput --label=odd --provider=rustcrypto --count=2 --warmup=0s --groups=secp256r1 --arena=off",
        ),
        ("handshake --count=3 --warmup=0s", "tlsbench handshake --count=3 --warmup=0s"),
        (
            "ablate --workload=bulk --switch=zero-copy,inline --duration=1ms",
            "tlsbench ablate --workload=bulk --switch=zero-copy,inline --duration=1ms",
        ),
        (
            "crypto --algorithm=aes128gcm,sha256 --provider=rustcrypto --size=64,1k --duration=1ms",
            "tlsbench crypto --algorithm=aes128gcm,sha256 --provider=rustcrypto --size=64,1k --duration=1ms",
        ),
    ] {
        let directory = TempDir::new().expect("a directory");
        let measured = |line: &str, name: &str| {
            let file = directory.path().join(name);
            let json = format!("--json={}", file.display());
            run(line.split_whitespace().chain([json.as_str()])).expect(0, &[]);
            let document: Document =
                serde_json::from_str(&fs::read_to_string(&file).expect("results")).expect("results");
            (file, document)
        };
        let (file, first) = measured(line, "first.json");
        let ended = run([Path::new("report"), &file]);
        ended.expect(0, &[]);
        let commands = texts(&pieces(&ended.output), "pre");
        assert_eq!(commands.len(), 1, "{line}: {commands:?}");
        let sorted = |line: &str| {
            let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            words.sort_unstable();
            words
        };
        assert_eq!(sorted(&commands[0]), sorted(shown), "{line}");
        let (_, second) = measured(commands[0].strip_prefix("tlsbench ").expect("the program"), "second.json");
        let asked = |document: &Document| -> Vec<_> {
            document.cases.iter().map(|case| (case.id.clone(), case.requested.clone(), case.switches.clone())).collect()
        };
        let sorted = |mut cases: Vec<(String, _, _)>| {
            cases.sort_by(|(a, ..), (b, ..)| a.cmp(b));
            cases
        };
        assert_eq!(sorted(asked(&first)), sorted(asked(&second)), "{line}");
    }
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
fn several_runs_of_a_case_are_drawn_over_time() {
    let runs = series(12);
    let runs: Vec<(&str, Document)> = runs.iter().map(|(name, document)| (name.as_str(), document.clone())).collect();
    let page = page(&runs);
    let found = text(&pieces(&page));
    for part in ["Over time", "▼ −6.", "worse, from run-06.json", "2026-03-01", "2026-03-12"] {
        assert!(found.contains(part), "{part}");
    }
    assert_eq!(page.matches("class=\"cut\"").count(), 1);
}

#[test]
fn what_is_no_result_is_named() {
    let directory = TempDir::new().expect("a directory");
    let broken = directory.path().join("broken.json");
    fs::write(&broken, "{\"schema\": \"tlsb").expect("a file");
    run([Path::new("report"), &broken]).expect(2, &["broken.json: it is cut short", "copy it again as a whole"]);
    run(["report", "/nonexistent/results.json"]).expect(2, &["/nonexistent/results.json"]);
    run(["report"]).expect(2, &["FILE"]);
}
