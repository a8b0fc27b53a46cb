//! A page for curl and browsers that tells what was negotiated.

/// Requests on one connection.
pub(super) const REQUESTS_MAX: u32 = 1_000;
/// The type of the page.
pub(super) const PAGE_TYPE: &str = "text/html; charset=utf-8";

/// The page, about a connection with this summary.
pub(super) fn page(summary: &str) -> String {
    // Part of the summary is the client's: the name and the protocol it asked for.
    let summary = summary.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><title>tlsbench</title></head>\n<body><h1>tlsbench serve</h1>\n\
         <p>Negotiated: <code>{summary}</code></p></body></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_client_does_not_become_markup() {
        assert!(page("name <script>").contains("name &lt;script&gt;"));
    }
}
