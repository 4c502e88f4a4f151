//! What each technique takes: ten messages, half a second apart. The README has the numbers in a table.

use std::time::Duration;

use holdline_e2e::{Server, wait_for};

use super::{PAGES, Page, in_browsers};

#[test]
fn the_counters_agree_with_what_the_server_wrote() {
    let server = Server::start(&["--log-requests"]).unwrap();
    eprintln!("| page | requests | bytes up | bytes down | delay, ms |");
    in_browsers(&PAGES, |browser, name| {
        let page = Page::open(browser, &server, name);
        let texts: Vec<String> = (0..10).map(|number| format!("message {number}")).collect();
        for text in &texts {
            page.publish(text);
            std::thread::sleep(Duration::from_millis(500));
        }
        page.assert_received(&texts);
        page.browser.click("#toggle").unwrap();
        wait_for("the server and the page to agree", || {
            let written = written(&server, name);
            (written.1 == page.count("sent") && written.0 == page.requests_counted()).then_some(())
        });
        let delay = page.run(
            "return parseFloat(document.querySelector('[data-count=delay]').textContent)
                * (/ s$/.test(document.querySelector('[data-count=delay]').textContent) && !/ms/.test(document.querySelector('[data-count=delay]').textContent) ? 1000 : 1)",
        );
        let costs = [
            page.requests_counted(),
            page.count("received"),
            page.count("sent"),
        ];
        let [requests, up, down] = costs;
        eprintln!("| {name} | {requests} | {up} | {down} | {delay} |");
        assert_told(name, costs);
    });
}

/// What the README says must be what a reader would measure. How often a page polls in the time depends on the machine.
#[track_caller]
fn assert_told(name: &str, costs: [u64; 3]) {
    let start = format!("| `{name}` |");
    let row = README.lines().find_map(|line| line.strip_prefix(&start));
    let row = row.unwrap_or_else(|| panic!("the README does not say what {name} costs"));
    let told = row.split('|').map(|cell| cell.trim().parse().unwrap());
    let told: Vec<u64> = told.take(costs.len()).collect();
    for (told, measured) in told.iter().zip(costs) {
        assert!(
            measured <= told * 2 && *told <= measured * 2,
            "{name} costs {costs:?}, and the README says {told}"
        );
    }
}

const README: &str = include_str!("../../../../README.md");

impl Page<'_> {
    fn requests_counted(&self) -> u64 {
        self.count("requests")
    }
}

/// What the server's own log says about a page's requests, once they are over: how many, and bytes of responses. The
/// page's question where it begins is no part of its technique, and neither is publishing, but by piggyback.
fn written(server: &Server, name: &str) -> (u64, u64) {
    let log = server.log();
    let channel = format!("path=/channels/t-{name}");
    let command = format!("path=/techniques/im/t-{name} ");
    let of_page = |line: &&str| {
        let rest = line.split_once(&channel).map(|(_, rest)| rest);
        rest.is_some_and(|rest| match name {
            "piggyback" => rest.starts_with(' ') || rest.starts_with("/poll"),
            _ => rest.starts_with('/'),
        }) || line.contains(&command)
    };
    let sent = |line: &str| -> u64 {
        let (_, rest) = line.split_once(" sent=").unwrap();
        rest.split(' ').next().unwrap().parse().unwrap()
    };
    // The first is the page's question.
    let lines: Vec<u64> = log.lines().filter(of_page).map(sent).skip(1).collect();
    (lines.len() as u64, lines.iter().sum())
}
