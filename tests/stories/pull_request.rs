//! The pull request of a plan: what a reviewer reads, and what people's text cannot do in it.

use std::path::Path;

use writ::domain::names::{AccountId, BranchName, CommentId, IssueNumber};
use writ::domain::policy::{Finding, Level};
use writ::domain::request::{Actor, Origin, Request};
use writ::ports::library::Library;
use writ::ports::render::Renderer;
use writ::service::body::{BodyContent, write_body};
use writ::service::proposal::propose;

use crate::support::plans::{plan, planner, repository_of, request};

/// The proof's place in the body; what it looks like is tested where proofs are made.
const PROOF: &str = "c2sp.org/tlog-proof@v1\nindex 7\n\nwrit/test\n8\nAAAA\n";

fn commented(procedure: &str, reason: &str, login: &str) -> Request {
    let mut request = request(procedure, &[]);
    request.reason = reason.to_owned();
    request.actor = Actor { id: AccountId(7), login: login.to_owned() };
    request.origin = Origin::Comment {
        repository: "proompteng/lab".parse().unwrap(),
        issue: IssueNumber(12),
        comment: CommentId(345),
        url: "https://github.com/proompteng/lab/issues/12#issuecomment-345".to_owned(),
    };
    request
}

fn proposed(request: &Request) -> writ::ports::forge::NewPull {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/plans/since");
    let (repository, base) = repository_of(&tree);
    let planner = planner().with_pages_at(Some("https://writ.example".to_owned()));
    let planned = plan(&planner, repository.path(), &base, request).unwrap();
    let main: BranchName = "main".parse().unwrap();
    propose(&planned, &main, PROOF)
}

#[test]
fn a_reviewer_reads_what_why_who_and_the_way_back() {
    let pull = proposed(&commented("pause-trading", "broker outage, see INC-12", "ana"));
    assert_eq!(pull.title, "chore(torghut): pause trading");
    assert_eq!(pull.labels, ["actuation", "do-not-automerge"]);
    assert!(!pull.draft, "containment waits for nobody");
    // Any change of the library, and any release, makes others of these.
    let planner = planner();
    let materials = planner.judge().materials();
    let procedure = materials.with_procedure(planner.catalogue().sha256("pause-trading")).procedure.unwrap();
    let mut body = pull.body;
    for (value, name) in [
        (&materials.program, "program"),
        (&materials.library, "library"),
        (&procedure, "procedure"),
        (&materials.policies, "policies"),
        (&materials.templates, "templates"),
        (&materials.lanes, "lanes"),
        (&materials.target, "target"),
    ] {
        assert!(body.contains(value.as_str()), "{name} in\n{body}");
        body = body.replace(value.as_str(), &format!("({name})"));
    }
    insta::assert_snapshot!("pull_request", body);
}

#[test]
fn what_needs_approval_is_a_draft() {
    let pull = proposed(&commented("restart-ws", "stuck", "ana"));
    assert!(pull.draft);
    assert!(
        pull.body.contains("someone other than `ana` with write access must approve this"),
        "{}",
        pull.body
    );
}

#[test]
fn peoples_text_stays_in_code_spans() {
    let reason = "`` @everyone | <!-- x --> ](https://evil.example) closes #1 </details>";
    let pull = proposed(&commented("pause-trading", reason, "a`b|c"));
    let mut outside = String::new();
    let mut in_code = 0;
    for event in pulldown_cmark::Parser::new_ext(&pull.body, pulldown_cmark::Options::ENABLE_TABLES) {
        match event {
            pulldown_cmark::Event::Code(_) => in_code += 1,
            pulldown_cmark::Event::Text(text) | pulldown_cmark::Event::Html(text) => outside.push_str(&text),
            pulldown_cmark::Event::InlineHtml(text) => outside.push_str(&text),
            _ => {}
        }
    }
    assert!(in_code > 10);
    for word in ["@everyone", "evil.example", "closes #1", "<!-- x", "a`b"] {
        assert!(!outside.contains(word), "{word} is outside of code in\n{}", pull.body);
    }
    assert_eq!(outside.matches("</details>").count(), 1);
}

#[test]
fn findings_and_absent_values_are_in_the_tables() {
    let request = commented("pause-trading", "x", "ana");
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/plans/since");
    let (repository, base) = repository_of(&tree);
    let planner = planner();
    let materials = planner.judge().materials();
    let mut planned = plan(&planner, repository.path(), &base, &request).unwrap();
    planned.report.changes[0].before = None;
    planned.report.verdict.results.push(Finding {
        policy: "single-forwarder".to_owned(),
        code: "forwarder_replicas".to_owned(),
        level: Level::Warn,
        message: "two | `forwarders`".to_owned(),
        path: "ws/deployment.yaml".to_owned(),
        pointer: "/spec/replicas".to_owned(),
        remedy: "set it to 1".to_owned(),
        place: None,
    });
    let renderer = Renderer::compile(&Library::embedded()).unwrap();
    let content = BodyContent {
        plan: &planned.plan,
        report: &planned.report,
        request: &request,
        materials,
        public_url: None,
    };
    let body = write_body(&renderer, content, 30).unwrap();
    assert!(body.contains("| `Deployment torghut-scheduler` | `/spec/replicas` | absent | `0` |"), "{body}");
    let row = "| `single-forwarder` | warn | `forwarder_replicas` | `` two \\| `forwarders` `` | \
               `ws/deployment.yaml /spec/replicas` | `set it to 1` |";
    assert!(body.contains(row), "{body}");
}
