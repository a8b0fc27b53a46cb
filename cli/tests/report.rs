//! `tlsbench report`, end to end: what is on the page, and what can never be.

#[path = "support/html.rs"]
mod html;
mod support;

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
    assert_eq!(names, ["Over time", "new.json", "old.json", "other.json"]);
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
