//! What is served: the files, their size, and how they are loaded.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use holdline_e2e::{Browser, Client, Response, Server};

fn get(server: &Server, path: &str) -> Response {
    let mut client = Client::connect(server.address()).unwrap();
    client
        .send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"))
        .unwrap();
    let answer = client.answer("GET").unwrap();
    assert_eq!(answer.head.status, 200, "{path}");
    answer
}

#[test]
fn the_client_is_smaller_than_six_kib_compressed() {
    let server = Server::start(&[]).unwrap();
    let script = get(&server, "/holdline.js").body;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&script).unwrap();
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
    deflate.write_all(&script).unwrap();
    for (name, compressed) in [
        ("gzip", gzip.finish().unwrap()),
        ("deflate", deflate.finish().unwrap()),
    ] {
        println!(
            "holdline.js: {} bytes, {} by {name}",
            script.len(),
            compressed.len()
        );
        assert!(compressed.len() < 6 * 1024, "{name}: {}", compressed.len());
    }
}

#[test]
fn all_files_are_there_also_without_the_pages() {
    for options in [&[][..], &["--no-pages"]] {
        let server = Server::start(options).unwrap();
        for (path, words) in [
            ("/holdline.js", "globalThis.holdline"),
            ("/holdline.mjs", "export const"),
            ("/holdline-comet.js", "XMLHttpRequest"),
            ("/holdline.d.ts", "export interface Connection"),
            ("/holdline.d.mts", "export *"),
        ] {
            let answer = get(&server, path);
            assert!(answer.text().contains(words), "{path}: {}", answer.text());
        }
    }
}

#[test]
fn a_page_loads_it_as_a_script_and_as_a_module_and_has_it_once() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    browser.open(&server.url("/health")).unwrap();
    let load = "
        const script = document.createElement('script');
        script.src = '/holdline.js';
        script.onload = () => (window.byScript = window.holdline);
        document.body.append(script);";
    browser.run(load).unwrap();
    browser
        .wait_until(
            "the script",
            "return typeof window.byScript?.connect === 'function'",
        )
        .unwrap();
    let module = "import('/holdline.mjs').then((module) => (window.byModule = module));";
    browser.run(module).unwrap();
    browser
        .wait_until(
            "the module",
            "return typeof window.byModule?.publish === 'function'",
        )
        .unwrap();
    let both = "return byModule.connect === byScript.connect && byModule.transports === byScript.transports";
    assert_eq!(browser.run(both).unwrap(), true);
}
