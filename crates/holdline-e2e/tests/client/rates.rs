//! `holdline.js` against a server that limits how fast it may publish.

use holdline_e2e::{Browser, Server};
use serde_json::json;

use super::{open, received, wait_for_open};

/// The page's own server is another one, so the browser shows `Retry-After` only if it may.
#[test]
fn a_page_of_another_origin_that_is_too_fast_waits_as_told_and_loses_nothing() {
    let site = Server::start(&[]).unwrap();
    let origin = site.url("");
    let options = ["--allow-origin", &origin, "--max-publish-rate", "2/s:2"];
    let server = Server::start(&options).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &site.url("/health"));
    let script = format!(
        "follow('news', {{ channels: 'news' }}, {url});
         window.answers = [];
         window.told = null;",
        url = json!(server.url("/"))
    );
    browser.run(&script).unwrap();
    wait_for_open(&browser, "news");
    let script = "
        const { connection } = seen.news;
        for (let number = 0; number < 6; number += 1)
            connection.publish('news', `${number}`).then(({ id }) => answers.push(id), (error) => answers.push(`${error}`));";
    browser.run(script).unwrap();
    let texts: Vec<String> = (0..6).map(|number| number.to_string()).collect();
    assert_eq!(received(&browser, "news", 6), (texts, 0));
    browser
        .wait_until("all answers", "return answers.length === 6")
        .unwrap();
    let cursors = "return answers.every((id) => /^[0-9a-f]+-[0-9a-f]+$/.test(id))";
    assert_eq!(browser.run(cursors).unwrap(), true);
    // What a page that does it by itself sees.
    let script = format!(
        "(async () => {{
            for (;;) {{
                const answer = await fetch({url}, {{ method: 'POST', body: 'x' }});
                if (answer.ok) continue;
                window.told = [answer.status, answer.headers.get('Retry-After')];
                return;
            }}
        }})();",
        url = json!(server.url("/channels/other"))
    );
    browser.run(&script).unwrap();
    browser
        .wait_until("a refusal", "return window.told !== null")
        .unwrap();
    assert_eq!(browser.run("return told").unwrap(), json!([429, "1"]));
}
