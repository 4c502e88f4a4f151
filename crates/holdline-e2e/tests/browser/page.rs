//! One tab, and nothing goes wrong.

use holdline_e2e::{Browser, Server, wait_for};
use serde_json::json;

use super::{assert_quiet, assert_received, numbered, open, publish};

#[test]
fn every_panel_shows_every_message_once() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &server.url("/"));
    let mut texts = vec![
        "hello".to_owned(),
        "<b>&amp;</b> </script> \u{2028} 世界 🦀".to_owned(),
    ];
    publish(server.address(), "demo", &texts);
    assert_received(&browser, &texts);
    // More than a panel lists.
    let more = numbered("number", 0..60);
    publish(server.address(), "demo", &more);
    texts.extend(more);
    assert_received(&browser, &texts);
    // The page's own form.
    browser.type_into("#publish-text", "typed\n").unwrap();
    texts.push("typed".to_owned());
    assert_received(&browser, &texts);
    // An empty field publishes what it suggests.
    browser.click("#publish-send").unwrap();
    texts.push("hello".to_owned());
    assert_received(&browser, &texts);
    // Another channel: empty panels that follow it.
    browser
        .run("document.querySelector('#publish-channel').value = ''")
        .unwrap();
    browser.type_into("#publish-channel", "other/").unwrap();
    browser
        .run("document.querySelector('#publish-channel').value = 'o ü'")
        .unwrap();
    browser.type_into("#publish-text", "over there\n").unwrap();
    publish(server.address(), "demo", &["not seen".to_owned()]);
    wait_for("the message over there", || {
        let seen = super::panels(&browser)
            .values()
            .all(|panel| panel.texts == ["over there"]);
        seen.then_some(())
    });
    assert_quiet(&browser, false);
}

#[test]
fn looks_right_wide_and_narrow_in_light_and_dark() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &server.url("/"));
    publish(server.address(), "demo", &numbered("Message", 1..5));
    browser.type_into("#chat-text", "Good morning\n").unwrap();
    browser.click("#tracker-simulate").unwrap();
    browser
        .wait_until(
            "a row",
            "return !!document.querySelector('#tracker tbody tr')",
        )
        .unwrap();
    assert_received(&browser, &numbered("Message", 1..5));
    let sizes = [(1280, 900), (390, 844), (320, 640)];
    let check = |name: &str, dark| {
        let ground = browser.run(BRIGHTNESS).unwrap();
        assert_eq!(
            ground.as_f64().unwrap() < 128.0,
            dark,
            "{name}: brightness {ground}"
        );
    };
    browser.look_in("page", &sizes, check).unwrap();
    assert_quiet(&browser, false);
}

/// Of the page's ground, from 0 to 255.
const BRIGHTNESS: &str = "
    const canvas = new OffscreenCanvas(1, 1).getContext('2d');
    for (const node of [document.documentElement, document.body]) {
        canvas.fillStyle = getComputedStyle(node).backgroundColor;
        canvas.fillRect(0, 0, 1, 1);
    }
    const [r, g, b] = canvas.getImageData(0, 0, 1, 1).data;
    return (r + g + b) / 3;";

#[test]
fn the_box_moves() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &server.url("/"));
    browser.click("input[name=tick][value='100']").unwrap();
    let place = || {
        let place =
            browser.run("const { x, y } = document.querySelector('#box').dataset; return [x, y]");
        serde_json::from_value::<[Option<String>; 2]>(place.unwrap()).unwrap()
    };
    let mut places = std::collections::BTreeSet::new();
    wait_for("the box to be in ten places", || {
        if let [Some(x), Some(y)] = place() {
            let (x, y): (i64, i64) = (x.parse().unwrap(), y.parse().unwrap());
            assert!(
                (0..=760).contains(&x) && (0..=560).contains(&y),
                "off the stage: {x}, {y}"
            );
            places.insert((x, y));
        }
        (places.len() >= 10).then_some(())
    });
    assert_quiet(&browser, false);
}

#[test]
fn a_position_that_is_refused_is_explained() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &server.url("/"));
    let denied = json!({ "permission": { "name": "geolocation" }, "setting": "denied" });
    browser.devtools("Browser.setPermission", &denied).unwrap();
    browser.click("#tracker-share").unwrap();
    let shown = "const error = document.querySelector('#tracker-error');
        return !error.hidden && error.dataset.code === '1' && /^Error 1, permission denied/.test(error.textContent)";
    browser
        .wait_until("the error of geolocation", shown)
        .unwrap();
    // With a sensor that says something, the error goes and a row comes.
    let granted = json!({ "permission": { "name": "geolocation" }, "setting": "granted" });
    browser.devtools("Browser.setPermission", &granted).unwrap();
    let place = json!({ "latitude": 51.4779, "longitude": -0.0015, "accuracy": 10 });
    browser
        .devtools("Emulation.setGeolocationOverride", &place)
        .unwrap();
    browser.click("#tracker-share").unwrap();
    let row =
        "return document.querySelector('#tracker tbody tr')?.cells[1].textContent === '51.47790'
        && document.querySelector('#tracker-error').hidden";
    browser.wait_until("the row of this position", row).unwrap();
    // And without a position there is another error.
    browser
        .devtools("Emulation.setGeolocationOverride", &json!({}))
        .unwrap();
    let shown = "const error = document.querySelector('#tracker-error');
        return !error.hidden && error.dataset.code === '2'";
    browser
        .wait_until("the error of no position", shown)
        .unwrap();
    assert_quiet(&browser, false);
}

/// A device that does not find out where it is in time, and then does.
#[test]
fn a_position_that_takes_too_long_is_explained_and_still_waited_for() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &server.url("/"));
    let stub = "
        navigator.geolocation.watchPosition = (found, failed, { timeout }) => {
            Object.assign(window, { found, failed, timeout });
            return 7;
        };
        navigator.geolocation.clearWatch = (watch) => (window.cleared = watch);";
    browser.run(stub).unwrap();
    browser.click("#tracker-share").unwrap();
    assert_eq!(browser.run("return timeout > 0").unwrap(), true);
    browser.run("failed({ code: 3 })").unwrap();
    let shown = "const error = document.querySelector('#tracker-error');
        return !error.hidden && error.dataset.code === '3' && /^Error 3, timeout/.test(error.textContent)
            && document.querySelector('#tracker-share').getAttribute('aria-pressed') === 'true'";
    browser.wait_until("the error of a timeout", shown).unwrap();
    browser
        .run("found({ coords: { latitude: 51.4779, longitude: -0.0015 } })")
        .unwrap();
    let row =
        "return document.querySelector('#tracker tbody tr')?.cells[1].textContent === '51.47790'
        && document.querySelector('#tracker-error').hidden";
    browser.wait_until("the row of this position", row).unwrap();
    browser.click("#tracker-share").unwrap();
    assert_eq!(browser.run("return cleared").unwrap(), 7);
    assert_quiet(&browser, false);
}

/// Over plain HTTP a browser shows no position to a page of another machine.
#[test]
fn a_page_that_may_not_ask_for_a_position_says_so_and_can_simulate_one() {
    let server = Server::start(&["--allow-host", "push.example.com"]).unwrap();
    let map = "--host-resolver-rules=MAP push.example.com 127.0.0.1";
    let browser = Browser::start_with(&[map]).unwrap();
    let port = server.address().port();
    open(&browser, &format!("http://push.example.com:{port}/"));
    assert_eq!(browser.run("return isSecureContext").unwrap(), false);
    browser.click("#tracker-share").unwrap();
    let shown = "const error = document.querySelector('#tracker-error');
        return !error.hidden && error.dataset.code === '0' && /^Error 0, unknown/.test(error.textContent)";
    browser
        .wait_until("the error of no geolocation", shown)
        .unwrap();
    browser.click("#tracker-simulate").unwrap();
    let row = "return document.querySelectorAll('#tracker tbody tr').length === 1
        && document.querySelector('#tracker-error').hidden";
    browser.wait_until("a row of the tracker", row).unwrap();
    assert_quiet(&browser, false);
}

/// The page is long on a phone.
#[test]
fn on_a_phone_links_lead_to_each_part_of_the_page() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &server.url("/"));
    let shown = "return document.querySelector('.jump').checkVisibility()";
    browser.look(1280, 900, false).unwrap();
    assert_eq!(browser.run(shown).unwrap(), false);
    browser.look(390, 844, false).unwrap();
    assert_eq!(browser.run(shown).unwrap(), true);
    let links =
        "return [...document.querySelectorAll('.jump a')].map((link) => link.getAttribute('href'))";
    let links: Vec<String> = serde_json::from_value(browser.run(links).unwrap()).unwrap();
    assert!(links.len() >= 5, "{links:?}");
    for link in links {
        browser
            .run("scrollTo({ top: 0, behavior: 'instant' })")
            .unwrap();
        browser.click(&format!(".jump a[href='{link}']")).unwrap();
        // At the top, or for the last ones as far up as the page goes.
        let seen = format!(
            "const {{ top }} = document.querySelector({}).getBoundingClientRect();
             return top > -5 && top < innerHeight * 0.6",
            json!(link)
        );
        browser
            .wait_until(&format!("{link} to be seen"), &seen)
            .unwrap();
    }
    assert_quiet(&browser, false);
}
