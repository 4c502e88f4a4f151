//! The blocking client under test, as its example for the public suites runs it.

use holdline_e2e::conformance::{CaseServer, assert_none, cases};
use holdline_e2e::{testsuite_client, wait_for};

#[test]
fn blocking_client() {
    // What the example takes.
    let server = CaseServer::start(cases(64 << 20)).unwrap();
    let mut client = testsuite_client(server.address(), "holdline e2e").unwrap();
    let mut run = 0;
    // The whole list may take long, but not one case.
    let status = loop {
        let step = wait_for("the end of a case", || {
            let status = client.child.try_wait().unwrap();
            (status.is_some() || server.run() > run).then_some(status)
        });
        match step {
            Some(status) => break status,
            None => run = server.run(),
        }
    };
    assert!(status.success(), "the client ended with {status}");
    let report = wait_for("the report", || {
        let report = server.report();
        // The last case may be judged a moment after the client has left it.
        let complete = report.updated.is_some() && server.run() == server.cases();
        complete.then_some(report)
    });
    assert_eq!(report.updated.as_deref(), Some("holdline%20e2e"));
    assert_none(&report.failures, server.run());
    // It offers permessage-deflate with all parameters.
    assert_eq!(report.not_offered, Vec::<String>::new());
    assert_eq!(report.passed.len(), server.cases());
}
