//! Every form of every kind of results, whole, from documents that are made up and never change. `TLSBENCH_BLESS=1` writes
//! the files anew.

#[path = "support/compared.rs"]
mod compared;
#[path = "support/fixed.rs"]
mod fixed;
mod support;

use support::golden;
use tlsbench::render::{AblationTable, CryptoReport, Form, Report, Results, View, Wanted};

/// The terminals whose width the tables are shown at.
const WIDTHS: [usize; 3] = [80, 120, 200];

/// What is printed at terminals of several widths, none wider than its terminal.
fn check_widths(name: &str, report: &impl Report) {
    for width in WIDTHS {
        let text = report.table(&View::columns(width));
        let widest = text.lines().max_by_key(|line| line.chars().count()).unwrap_or_default();
        assert!(widest.chars().count() <= width, "{name} at {width} columns: {widest}");
        golden::check(&format!("{name}-{width}.txt"), &text);
    }
}

/// All four forms.
fn check(name: &str, report: &impl Report) {
    check_widths(name, report);
    golden::check(&format!("{name}.txt"), &report.table(&View { is_verbose: true, ..View::plain() }));
    golden::check(&format!("{name}.md"), &report.markdown());
    golden::check(&format!("{name}.csv"), &report.csv());
    golden::check(&format!("{name}.json"), &(report.json().expect("JSON") + "\n"));
}

macro_rules! snapshots {
    ($($(#[$doc:meta])* $test:ident: $body:expr;)*) => {$(
        $(#[$doc])*
        #[test]
        fn $test() {
            if !golden::was_run_without_terminal(stringify!($test)) {
                $body;
            }
        }
    )*};
}

snapshots! {
    results_of_several_cases: check("results", &fixed::results());
    results_of_one_case: check_widths("results-one", &fixed::one_case());
    results_that_could_not_be_measured: check("results-busy", &fixed::busy());
    results_in_color: golden::check("results-color.txt", &fixed::one_case().table(&View { color: true, ..View::plain() }));
    results_of_two_kinds: {
        let mut document = fixed::one_case();
        document.cases.extend(fixed::ablation().cases);
        check_widths("results-mixed", &Results(&document));
        golden::check("results-mixed.md", &Results(&document).markdown());
    };
    an_ablation: check("ablation", &AblationTable(&fixed::ablation()));
    libraries_at_the_same_work: check("peers", &Results(&fixed::peers()));
    raw_cryptography: check("crypto", &CryptoReport(&fixed::crypto()));
    a_diagnosis: check("doctor", &fixed::diagnosis());
    a_history_of_few_series: check("history", &fixed::history(1));
    a_history_of_many_series: {
        check_widths("history-many", &fixed::history(4));
        golden::check("history-many.md", &fixed::history(4).markdown());
    };
    a_comparison: check("comparison", &compared::comparison(fixed::tool(), None));
    what_a_gate_found: {
        let found = compared::comparison(fixed::tool(), Some("ci"));
        check_widths("gate", &found);
        golden::check("gate.txt", &found.table(&View::plain()));
        golden::check("gate.md", &found.markdown());
    };
    an_inventory: check("ciphers", &fixed::inventory());
    forms_of_other_tools: {
        let document = fixed::results();
        let chosen = Wanted::default().choose(&document).expect("all of it");
        for form in [Form::Hyperfine, Form::Bencher, Form::GithubActionBenchmark] {
            for file in form.export(&document, &chosen).expect("an export") {
                golden::check(&format!("export-{}", file.name), &file.text);
            }
        }
    };
}

#[test]
fn the_documents_are_such_as_are_read_back() {
    for document in
        [fixed::results(), fixed::one_case(), fixed::busy(), fixed::peers(), fixed::ablation(), fixed::crypto()]
    {
        let text = Report::json(&document).expect("JSON");
        assert_eq!(tlsbench::loader::read(text.as_bytes()), Ok(document));
    }
}

#[test]
fn what_differs_in_some_of_the_cases_is_said_once() {
    let mut found = compared::comparison(fixed::tool(), None);
    let [first, last] = &mut found.cases[..] else { panic!("two cases") };
    let mut another = first.clone();
    another.id += "/again";
    for case in [first, last] {
        case.notes = vec!["arena is false, not true".into()];
    }
    another.notes.clear();
    found.cases.push(another);
    let told = found.table(&View::plain());
    let lines: Vec<&str> = told.lines().filter(|line| line.contains("arena is")).collect();
    assert_eq!(lines, [format!("Differs: arena is false, not true (in {} and 1 more).", found.cases[0].id)]);
}
