//! The examples of the program, in `crates/holdline/examples`: their programs publish, their pages show it.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod site;
mod start;

use std::fs;
use std::io::Write;
use std::process::{ChildStdin, Command, Stdio};

use holdline_e2e::{Browser, CutProxy, Process, Server, program};

use site::{Site, folder};

/// A server that the pages of the site may use, and a proxy in front of it.
fn start(site: &Site) -> (Server, CutProxy) {
    let server = Server::start(&["--allow-origin", &site.origin()]).unwrap();
    let proxy = CutProxy::start(server.address()).unwrap();
    (server, proxy)
}

/// An example's program, which publishes to `server`.
fn example(path: &str, server: &str) -> Command {
    let mut command = Command::new(folder().join(path));
    command
        .env("HOLDLINE", server)
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    command
}

fn spawn(command: &mut Command) -> (Process, ChildStdin) {
    let mut process = Process::spawn(command).unwrap();
    let input = process.child.stdin.take().unwrap();
    (process, input)
}

/// Waits until the element has this text.
fn shows(browser: &Browser, selector: &str, text: &str) {
    let script = format!("return document.querySelector('{selector}')?.textContent === {text:?}");
    browser
        .wait_until(&format!("{text:?} in {selector}"), &script)
        .unwrap();
}

#[test]
fn each_example_is_under_sixty_lines() {
    for name in ["order-status", "price-ticker", "sensor", "llm-answer"] {
        let files = fs::read_dir(folder().join(name)).unwrap();
        let lines: usize = files
            .map(|file| {
                let text = fs::read_to_string(file.unwrap().path()).unwrap();
                text.lines().count()
            })
            .sum();
        assert!((20..60).contains(&lines), "{name}: {lines} lines");
    }
}

#[test]
fn an_order_is_shown_as_it_is_and_as_it_becomes() {
    let site = Site::start();
    let (server, proxy) = start(&site);
    let tell = |status: &str| {
        let mut shop = example("order-status/shop.sh", &server.url(""));
        assert!(shop.args(["7", status]).status().unwrap().success());
    };
    tell("ordered");
    tell("packed");
    let browser = Browser::start().unwrap();
    let url = site.url("order-status", &proxy.url(""), "order=7");
    browser.open(&url).unwrap();
    shows(&browser, "#state", "Your order is packed.");
    let done = "return document.querySelectorAll('li[data-done]').length";
    assert_eq!(browser.run(done).unwrap(), 2);
    // The connection is cut; what happens meanwhile is told afterwards. Telling it twice changes nothing.
    proxy.refuse(true);
    proxy.cut();
    tell("shipped");
    tell("shipped");
    proxy.refuse(false);
    shows(&browser, "#state", "Your order is shipped.");
    assert_eq!(browser.run(done).unwrap(), 3);
    let mut curl = Command::new("curl");
    let kept = curl.args(["-s", &server.url("/channels/order-7/poll?since=earliest")]);
    let kept = String::from_utf8(kept.output().unwrap().stdout).unwrap();
    assert_eq!(kept.matches("\"event\":\"status\"").count(), 3, "{kept}");
}

#[test]
fn prices_move_on_the_pages_that_ask_for_them() {
    let site = Site::start();
    let (mut server, _) = start(&site);
    let (mut feed, mut input) = spawn(&mut example("price-ticker/feed.py", &server.url("")));
    input.write_all(b"ACME 10.00\nOTHER 1.00\n").unwrap();
    let browser = Browser::start().unwrap();
    let url = site.url("price-ticker", &server.url(""), "symbols=ACME,OTHER");
    browser.open(&url).unwrap();
    shows(&browser, "tr:nth-child(1) td:last-child", "10.00");
    shows(&browser, "tr:nth-child(2) td:last-child", "1.00");
    input.write_all(b"ACME 9.50\nOTHER 1.25\n").unwrap();
    shows(&browser, "tr:nth-child(1) td.down", "9.50");
    shows(&browser, "tr:nth-child(2) td.up", "1.25");
    // A server that has forgotten everything says so, and the next price is shown as any other.
    server.kill();
    server.restart().unwrap();
    // (The first one finds the connection closed, and is given up.)
    input.write_all(b"ACME 9.70\nACME 9.75\n").unwrap();
    shows(&browser, "tr:nth-child(1) td.up", "9.75");
    drop(input);
    assert!(feed.wait("the feed to end").unwrap().success());
}

#[test]
fn a_sensor_is_read_by_many_pages_and_its_silence_is_told() {
    let site = Site::start();
    let (mut server, _) = start(&site);
    let sensor = tempfile::tempdir().unwrap();
    let file = sensor.path().join("temp");
    fs::write(&file, "21500\n").unwrap();
    let mut command = example("sensor/sensor.sh", &server.url(""));
    command.arg("roof").arg(&file);
    command.env("EVERY", "0.2");
    command.env("HOLDLINE_PROGRAM", program().unwrap());
    let (mut readings, _input) = spawn(command.stderr(Stdio::null()));
    let browser = Browser::start().unwrap();
    let url = site.url("sensor", &server.url(""), "sensor=roof");
    let mut tabs = Vec::new();
    for _ in 0..3 {
        tabs.push(browser.new_tab().unwrap());
        browser.open(&url).unwrap();
    }
    let on_all = |text: &str| {
        for tab in &tabs {
            browser.switch_to(tab).unwrap();
            shows(&browser, "#value", text);
        }
    };
    on_all("21.5");
    // The server is started again: the sensor goes on, and so do the pages.
    server.kill();
    shows(
        &browser,
        "#state",
        "No connection. Trying again. No reading for 5 s.",
    );
    server.restart().unwrap();
    fs::write(&file, "22700\n").unwrap();
    on_all("22.7");
    shows(&browser, "#state", "Live.");
    // Somebody takes the sensor away.
    drop(sensor);
    readings.wait("the sensor's program to end").unwrap();
    shows(&browser, "#state", "No reading for 5 s.");
}

#[test]
fn an_answer_survives_a_reload_a_cut_and_a_character_in_two_pieces() {
    let site = Site::start();
    let (server, proxy) = start(&site);
    let (mut answer, mut model) =
        spawn(example("llm-answer/answer.py", &proxy.url("")).arg("7f3a"));
    let browser = Browser::start().unwrap();
    let url = site.url("llm-answer", &server.url(""), "answer=7f3a");
    browser.open(&url).unwrap();
    model
        .write_all(b"The sky is blue: <b>\r\n caf\xc3")
        .unwrap();
    shows(&browser, "#answer", "The sky is blue: <b>\r\n caf");
    // What is published while the publisher's connections break is there once.
    proxy.refuse(true);
    model.write_all(b"\xa9, sun").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    proxy.refuse(false);
    shows(&browser, "#answer", "The sky is blue: <b>\r\n café, sun");
    browser.open(&url).unwrap();
    shows(&browser, "#answer", "The sky is blue: <b>\r\n café, sun");
    model.write_all(" 世界".as_bytes()).unwrap();
    drop(model);
    shows(&browser, "#state", "Done.");
    assert!(answer.wait("the publisher to end").unwrap().success());
    browser.open(&url).unwrap();
    shows(&browser, "#state", "Done.");
    shows(
        &browser,
        "#answer",
        "The sky is blue: <b>\r\n café, sun 世界",
    );
}
