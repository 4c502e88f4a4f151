//! The page of `/stats`: what happens is to be seen.

use std::time::{Duration, Instant};

use holdline_e2e::{Browser, Client, Server, Transport, wait_for};
use serde_json::Value;

use super::{assert_quiet, numbered, publish};

/// Whether a line of a plot goes up: its points are in its path, and the axis is at 146.
const MOVED: &str = "
    const isUp = (path) => {
        const heights = [...path.matchAll(/[ML]([\\d.]+) ([\\d.]+)/g)].map((match) => Number(match[2]));
        return heights.length > 1 && Math.min(...heights) < 136;
    };
    const plot = (id) => [...document.querySelectorAll(`#${id} .line`)];
    return (id) => plot(id).some((line) => isUp(line.getAttribute('d') ?? ''));";

fn has_moved(plot: &str) -> String {
    format!("const hasMoved = (() => {{ {MOVED} }})(); return hasMoved('{plot}')")
}

/// A stream that is open. What comes is not read.
fn hold(server: &Server, transport: Transport) -> Client {
    let mut client = Client::connect(server.address()).unwrap();
    let upgrade = match transport {
        Transport::WebSocket => {
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        }
        _ => "",
    };
    let target = format!("/channels/news/{transport}?callback=f");
    let host = server.address();
    let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{upgrade}\r\n");
    client.send(request).unwrap();
    let head = client.head().unwrap().unwrap();
    assert!(matches!(head.status, 101 | 200), "{head:?}");
    client
}

fn text(browser: &Browser, selector: &str) -> String {
    browser.text(selector).unwrap()
}

#[test]
fn the_plots_move_when_messages_flow_and_name_what_is_lost_and_refused() {
    let server = Server::start(&["--history", "1", "--resume-window", "0s"]).unwrap();
    let browser = Browser::start().unwrap();
    browser.open(&server.url("/stats")).unwrap();
    let open = "return document.querySelector('#stats').dataset.state === 'open'
        && document.querySelectorAll('#plots .plot').length === 8";
    browser.wait_until("the stream to be open", open).unwrap();
    assert_eq!(text(&browser, "[data-now=published]"), "0");
    let still = browser.run(&has_moved("rates")).unwrap();
    assert_eq!(still, Value::Bool(false), "nothing was published yet");

    let mut readers = Vec::new();
    for transport in [Transport::Sse, Transport::WebSocket, Transport::XhrStream] {
        readers.push(hold(&server, transport));
    }
    for target in ["/channels/news/poll?since=1-1", "/channels/a/poll?since=x"] {
        let mut client = Client::connect(server.address()).unwrap();
        client
            .send(format!(
                "GET {target} HTTP/1.1\r\nHost: {}\r\n\r\n",
                server.address()
            ))
            .unwrap();
        client.answer("GET").unwrap();
    }
    // In each of several seconds, for lines need two points.
    let mut published = 0;
    for plot in [
        "rates",
        "traffic",
        "delay",
        "transports",
        "memory",
        "refusals",
    ] {
        wait_for(&format!("the plot of {plot} to move"), || {
            publish(server.address(), "news", &numbered("message", 0..10));
            published += 10;
            (browser.run(&has_moved(plot)).unwrap() == Value::Bool(true)).then_some(())
        });
    }
    let counted = format!(
        "return document.querySelector('[data-now=published]').textContent === '{published}'"
    );
    browser.wait_until("the counter", &counted).unwrap();
    let rows = "return [...document.querySelectorAll('.reasons tbody tr')].map((row) => row.textContent).join()";
    assert_eq!(browser.run(rows).unwrap(), Value::from("gone1,bad_cursor1"));
    let sse = "return document.querySelector('#transports [data-series=sse] dd').textContent";
    assert_eq!(browser.run(sse).unwrap(), Value::from("1"));
    // For those who do not see it: each picture has a name and words, and only the state of the stream is live.
    let named = "const label = (chart) => chart.getAttribute('aria-labelledby').split(' ')
            .every((id) => document.getElementById(id).textContent !== '');
        return [...document.querySelectorAll('.plot svg[role=img]')].filter(label).length === 8
            && document.querySelectorAll('[aria-live], [role=status]').length === 1";
    assert_eq!(browser.run(named).unwrap(), Value::Bool(true));
    drop(readers);
    assert_quiet(&browser, false);
}

#[test]
fn a_server_that_starts_again_begins_its_plots_again() {
    let mut server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    browser.open(&server.url("/stats")).unwrap();
    publish(server.address(), "news", &numbered("message", 0..10));
    let shown = |count: &str| {
        format!("return document.querySelector('[data-now=published]').textContent === '{count}'")
    };
    browser.wait_until("ten messages", &shown("10")).unwrap();
    server.kill();
    let gone = "return document.querySelector('#stats-state').textContent === 'connecting'";
    browser.wait_until("the end to be shown", gone).unwrap();
    server.restart().unwrap();
    browser.wait_until("the new life", &shown("0")).unwrap();
    // Counters that begin again are no negative rates.
    let values =
        "return [...document.querySelectorAll('.legend dd')].map((value) => value.textContent)";
    for value in browser.run(values).unwrap().as_array().unwrap() {
        assert!(!value.as_str().unwrap().contains('-'), "{value}");
    }
    assert_quiet(&browser, true);
}

#[test]
fn the_stats_look_right_wide_and_narrow_in_light_and_dark() {
    let server = Server::start(&["--history", "20"]).unwrap();
    let browser = Browser::start().unwrap();
    browser.open(&server.url("/stats")).unwrap();
    let mut readers = Vec::new();
    for transport in [
        Transport::Sse,
        Transport::WebSocket,
        Transport::XhrStream,
        Transport::Iframe,
    ] {
        for _ in 0..3 {
            readers.push(hold(&server, transport));
        }
    }
    let seconds =
        std::env::var("HOLDLINE_LOAD_SECONDS").map_or(4, |seconds| seconds.parse().unwrap());
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut round = 0;
    while Instant::now() < until {
        round += 1;
        let texts: Vec<String> = (0..10 + round * 7 % 30)
            .map(|_| "x".repeat(200 + round * 37 % 800))
            .collect();
        publish(server.address(), "news", &texts);
        std::thread::sleep(Duration::from_millis(80));
    }
    for (name, width, dark) in [
        ("stats-wide-light", 1280, false),
        ("stats-wide-dark", 1280, true),
        ("stats-narrow-light", 390, false),
        ("stats-narrow-dark", 390, true),
    ] {
        browser.look(width, 900, dark).unwrap();
        browser.wait_until("the plots to have their width", "return [...document.querySelectorAll('.plot svg')]
            .every((chart) => Number(chart.getAttribute('viewBox')?.split(' ')[2]) === chart.clientWidth)").unwrap();
        let wide = browser
            .run("return document.documentElement.scrollWidth")
            .unwrap();
        assert!(
            wide.as_u64().unwrap() <= u64::from(width),
            "{name}: {wide} pixels"
        );
        println!("{}", browser.screenshot(name).unwrap().display());
    }
    drop(readers);
    assert_quiet(&browser, false);
}
