//! Wide and narrow, light and dark.

use holdline_e2e::{Browser, Server};

use super::{PAGES, Page, assert_quiet};

#[test]
fn every_page_fits_wide_and_narrow_in_light_and_dark() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    for name in PAGES {
        let page = Page::open(&browser, &server, name);
        page.browser.click("#burst").unwrap();
        page.assert_received(
            &(1..=10)
                .map(|number| format!("number {number}"))
                .collect::<Vec<_>>(),
        );
        holdline_e2e::wait_for("the server's counters", || {
            (page.count("sent") > 0).then_some(())
        });
        look(&browser, name);
    }
    browser.open(&server.url("/techniques")).unwrap();
    look(&browser, "list");
    assert_quiet(&browser);
}

fn look(browser: &Browser, name: &str) {
    let name = format!("technique-{name}");
    let sizes = [(1280, 900), (390, 844)];
    browser.look_in(&name, &sizes, |_, _| {}).unwrap();
    browser.look(1280, 900, false).unwrap();
}
