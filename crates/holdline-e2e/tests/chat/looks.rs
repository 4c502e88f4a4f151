//! Pictures for people to look at.

use holdline_e2e::{Browser, Server};

use super::{assert_quiet, say, two, wait_said, wait_text};

#[test]
fn the_chat_looks_right_wide_and_narrow_in_light_and_dark() {
    let mut server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    let [ann, bob] = two(&browser, &server.url("/chat"));
    say(&browser, "Has anybody seen the kettle?");
    wait_text(&browser, "#members [data-name=bob]", "bob");
    browser.click("#members [data-name=ann] button").unwrap();
    say(&browser, "It is in your room, is it not?");
    wait_said(&browser, &["bob: It is in your room, is it not?"]);
    browser.switch_to(&ann).unwrap();
    say(
        &browser,
        "It is where it always is, on the shelf beside the window, behind the tea.",
    );
    browser
        .type_into("#room-name", "tea and biscuits\n")
        .unwrap();
    browser.click("[data-talk='room:lobby']").unwrap();
    let look = |name: &str| {
        for (kind, width, dark) in [
            ("wide-light", 1280, false),
            ("wide-dark", 1280, true),
            ("narrow-light", 390, false),
            ("narrow-dark", 390, true),
        ] {
            browser.look(width, 844, dark).unwrap();
            let wide = browser
                .run("return document.documentElement.scrollWidth")
                .unwrap();
            assert!(
                wide.as_u64().unwrap() <= u64::from(width),
                "{name} {kind}: {wide} pixels"
            );
            let path = browser.screenshot(&format!("{name}-{kind}")).unwrap();
            println!("{}", path.display());
        }
    };
    look("chat");
    server.kill();
    let gone = "return !document.querySelector('#line-note').hidden";
    browser.wait_until("the notice", gone).unwrap();
    say(&browser, "Is anybody there?");
    look("chat-offline");
    browser.switch_to(&bob).unwrap();
    assert_quiet(&browser);
}
