//! The blocking client under test, as its example for the public suites runs it.

use std::process::{Command, Stdio};

use holdline_e2e::conformance::{CaseServer, assert_none, cases};
use holdline_e2e::{Process, example, wait_for};

#[test]
fn blocking_client() {
    let server = CaseServer::start(cases(64 << 20)).unwrap();
    let mut client = Process::spawn(
        Command::new(example("websocket_testsuite_client").unwrap())
            .arg(format!("ws://{}", server.address()))
            .arg("holdline e2e")
            .stdin(Stdio::null())
            .stdout(Stdio::null()),
    )
    .unwrap();
    let status = client.child.wait().unwrap();
    assert!(status.success(), "the client ended with {status}");
    let report = wait_for("the report", || {
        let report = server.report();
        report.updated.is_some().then_some(report)
    });
    assert_eq!(report.updated.as_deref(), Some("holdline%20e2e"));
    let run = report.passed.len() + report.failures.len();
    assert_none(&report.failures, run);
    // It offers permessage-deflate with all parameters.
    assert_eq!(report.not_offered, Vec::<String>::new());
    assert_eq!(report.passed.len(), server.cases());
}
