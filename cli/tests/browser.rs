//! Chromium. The page of `tlsbench report`: it renders, complains of nothing, asks for nothing, fits narrow and wide screens, and can be
//! read in light and dark. And that of `serve`, whose certificate it decompresses, and whose
//! post-quantum group it takes.

#[path = "support/browser.rs"]
mod browser;
mod support;

use std::fs;
use std::path::PathBuf;

use browser::Browser;
use support::Server;
use support::pki::{KeyKind, Pki};
use support::results::{Drawn, ablation, crypto, series, throughput};
use tempfile::TempDir;
use tlsbench::schema::Document;

/// What is wrong with the layout: what is wider than the screen, drawings without size, letters that nobody can read.
const FAULTS: &str = r#"(() => {
    const faults = [];
    const page = document.documentElement;
    if (page.scrollWidth > page.clientWidth) faults.push(`${page.scrollWidth} px on a screen of ${page.clientWidth}`);
    const scrolls = (element) => element.closest('.scroll') !== null;
    for (const element of document.querySelectorAll('main *')) {
        const box = element.getBoundingClientRect();
        if (box.width === 0 || scrolls(element)) continue;
        if (box.right > page.clientWidth + 1 || box.left < -1)
            faults.push(`<${element.tagName} ${element.getAttribute('class')}> from ${box.left} to ${box.right}: ${element.textContent.slice(0, 40)}`);
    }
    for (const drawing of document.querySelectorAll('svg.chart, svg.strip, svg.axis')) {
        const box = drawing.getBoundingClientRect();
        if (drawing.checkVisibility() && (box.width < 100 || box.height < 10)) faults.push(`a drawing of ${box.width} by ${box.height}`);
    }
    return faults.slice(0, 10);
})()"#;

/// Text whose contrast with what is behind it is less than the 4.5 that WCAG asks for.
const PALE: &str = r#"(() => {
    const parts = (color) => (color.match(/[\d.]+/g) || []).map(Number);
    const light = (color) => {
        const [r, g, b] = parts(color).map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const color = getComputedStyle(at).backgroundColor;
            if (parts(color)[3] !== 0) return color;
        }
        return 'rgb(255, 255, 255)';
    };
    const pale = new Set();
    for (const element of document.querySelectorAll('body *')) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!own || !element.checkVisibility() || element.tagName === 'title') continue;
        const style = getComputedStyle(element);
        const color = element.tagName === 'text' ? style.fill : style.color;
        const [a, b] = [light(color), light(behind(element))].sort((a, b) => b - a);
        const contrast = (a + 0.05) / (b + 0.05);
        if (contrast < 4.5) pale.add(`${contrast.toFixed(2)} ${element.tagName}.${element.getAttribute('class')} ${color}`);
    }
    return [...pale];
})()"#;

/// A page with every kind of chart, and names that are longer than a narrow screen.
fn all_charts() -> (TempDir, PathBuf) {
    let mut long = throughput("2026-02-01T00:00:00Z", &[64]);
    long.cases[0].id = format!("{}/64", "an-extremely-long-name-without-any-blank".repeat(6));
    long.warn("a".repeat(300), "b".repeat(300));
    let mut partial = ablation("2026-02-02T00:00:00Z");
    partial.partial = true;
    let mut files = vec![
        ("sizes.json".to_owned(), throughput("2026-04-01T00:00:00Z", &[64, 1350, 4096, 16_384, 65_536])),
        (format!("{}.json", "long".repeat(40)), long),
        ("ablation.json".to_owned(), partial),
        ("crypto.json".to_owned(), crypto("2026-02-03T00:00:00Z")),
    ];
    files.extend(series(12));
    let files: Vec<(&str, Document)> = files.iter().map(|(name, document)| (name.as_str(), document.clone())).collect();
    let drawn = Drawn::of(&files);
    // What is folded is looked at too.
    let page = drawn.page().replace("<details", "<details open");
    let path = drawn.directory.path().join("report.html");
    fs::write(&path, page).expect("the page");
    (drawn.directory, path)
}

#[test]
fn the_page_can_be_read_on_any_screen_in_light_and_dark() {
    let Some(mut browser) = Browser::start() else { return };
    let (_directory, page) = all_charts();
    for width in [360, 768, 1280] {
        for (scheme, is_dark) in [("light", false), ("dark", true)] {
            browser.open(&page, width, scheme);
            let at = format!("{width} px, {scheme}");
            assert_eq!(browser.evaluate(FAULTS), serde_json::json!([]), "{at}");
            assert_eq!(browser.evaluate(PALE), serde_json::json!([]), "{at}");
            let background = browser.evaluate("getComputedStyle(document.body).backgroundColor");
            let first: u32 = background
                .as_str()
                .and_then(|color| color.strip_prefix("rgb(")?.split(',').next()?.parse().ok())
                .expect("a color");
            assert_eq!(first < 64, is_dark, "{at}: {background}");
            assert!(browser.evaluate("document.querySelectorAll('svg.chart').length").as_u64() >= Some(4), "{at}");
            assert_eq!(browser.complaints(), Vec::<String>::new(), "{at}");
            let requests = browser.requests();
            assert!(requests.iter().all(|url| url.ends_with("/report.html") || url == "data:,"), "{at}: {requests:?}");
        }
    }
}

#[test]
fn what_would_be_wrong_is_seen() {
    let Some(mut browser) = Browser::start() else { return };
    let directory = TempDir::new().expect("a directory");
    let page = directory.path().join("wrong.html");
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    let body = "<main><p style='width:900px;color:#eee'>pale</p></main><script>alert(1)</script><img src='https://example.invalid/x.png'>";
    let head = format!(
        "<!DOCTYPE html><meta name=viewport content='width=device-width'><meta http-equiv=Content-Security-Policy content=\"{policy}\"><link rel=icon href='data:,'>"
    );
    fs::write(&page, format!("{head}{body}")).expect("a page");
    browser.open(&page, 360, "light");
    assert!(browser.evaluate(FAULTS).as_array().is_some_and(|faults| !faults.is_empty()));
    assert!(browser.evaluate(PALE).as_array().is_some_and(|pale| pale.len() == 1));
    assert!(
        browser.complaints().iter().any(|text| text.contains("Content Security Policy")),
        "{:?}",
        browser.complaints()
    );
}

/// It offers brotli alone (RFC 8879).
#[test]
fn a_certificate_that_was_compressed_is_decompressed() {
    let Some(mut browser) = Browser::start() else { return };
    browser.trust_anyone();
    let directory = TempDir::new().expect("a directory");
    let identity = Pki::shared_identity(KeyKind::EcdsaP256);
    let [chain, key] = [("chain.pem", &identity.chain_pem), ("key.pem", &identity.key_pem)].map(|(name, text)| {
        let path = directory.path().join(name);
        fs::write(&path, text).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    });
    for (list, with) in [("zlib:brotli", Some("brotli")), ("zlib", None)] {
        let server = Server::start(&["--mode", "http", "--cert", &chain, "--key", &key, "--cert-compression", list]);
        browser.visit(&format!("https://localhost:{}/", server.port));
        let text = browser.evaluate("document.documentElement.innerText");
        let text = text.as_str().expect("a page");
        assert!(text.contains("TLSv1.3"), "{text}");
        let told = with.map(|with| format!("certificate compressed with {with}"));
        assert_eq!(text.contains("certificate compressed"), told.is_some(), "{text}");
        assert!(told.is_none_or(|told| text.contains(&told)), "{text}");
    }
}

#[test]
fn it_agrees_on_the_post_quantum_group_that_it_offers_first() {
    let Some(mut browser) = Browser::start() else { return };
    browser.trust_anyone();
    let server = Server::start(&["--mode", "http"]);
    browser.visit(&format!("https://localhost:{}/", server.port));
    let text = browser.evaluate("document.documentElement.innerText");
    assert!(text.as_str().is_some_and(|text| text.contains(" X25519MLKEM768")), "{text}");
}
