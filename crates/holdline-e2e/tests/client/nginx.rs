//! Behind a real nginx that holds answers back and compresses them, where there is one.

use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::time::Duration;

use holdline_e2e::{Browser, Client, Process, Server, wait_for};
use serde_json::json;
use tempfile::TempDir;

use super::{follow, open, publish, received, wait_for_open};

/// A running nginx. It ends with its test.
struct Nginx {
    address: SocketAddr,
    _process: Process,
    _folder: TempDir,
}

impl Nginx {
    /// Stands before `server`, with these lines in its `location`. `None` if it is not installed.
    fn start(server: &Server, lines: &str) -> Option<Self> {
        if Command::new("nginx").arg("-v").output().is_err() {
            eprintln!("nginx is not installed: nothing is tested");
            return None;
        }
        let folder = tempfile::Builder::new()
            .prefix("holdline-e2e-")
            .tempdir()
            .unwrap();
        // Free, and a moment later hopefully still so.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let place = folder.path().display();
        let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {place}/{kind};\n"))
            .concat();
        let upstream = server.address();
        let configuration = format!(
            "daemon off;\nmaster_process off;\npid {place}/pid;\nerror_log stderr;\nevents {{}}\n\
             http {{\naccess_log off;\n{places}\
             server {{\nlisten {address};\nlocation / {{\n\
             proxy_pass http://{upstream};\nproxy_http_version 1.1;\nproxy_set_header Host $http_host;\n{lines}\n}}\n}}\n}}\n"
        );
        let path = folder.path().join("nginx.conf");
        std::fs::write(&path, configuration).unwrap();
        let process = Process::spawn(
            Command::new("nginx")
                .arg("-c")
                .arg(&path)
                .args(["-e", "stderr"])
                .stdin(Stdio::null())
                .stdout(Stdio::null()),
        )
        .unwrap();
        wait_for("nginx to listen", || Client::connect(address).ok());
        Some(Self {
            address,
            _process: process,
            _folder: folder,
        })
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

const BUFFERS: &str = "proxy_ignore_headers X-Accel-Buffering;\nproxy_buffering on;";
const COMPRESSES: &str = "gzip on;\ngzip_proxied any;\ngzip_min_length 1;\ngzip_types *;";
const CUTS: &str = "proxy_read_timeout 1s;";

/// None of them passes upgrades on.
#[test]
fn behind_an_nginx_that_holds_back_compresses_or_cuts_everything_comes() {
    let both = [BUFFERS, COMPRESSES].join("\n");
    let all = [BUFFERS, COMPRESSES, CUTS].join("\n");
    for lines in ["", BUFFERS, COMPRESSES, &both, CUTS, &all] {
        let server = Server::start(&["--heartbeat", "2s"]).unwrap();
        let Some(nginx) = Nginx::start(&server, lines) else {
            return;
        };
        let browser = Browser::start().unwrap();
        open(&browser, &nginx.url("/health"));
        let times = json!({ "silence": 5000, "opening": 2000, "climb": 4000 });
        follow(
            &browser,
            "news",
            &json!({ "channels": "news", "times": times }),
        );
        let taken = wait_for_open(&browser, "news");
        println!("{taken} behind nginx with: {lines}");
        let mut texts = Vec::new();
        for round in 0..4 {
            let some: Vec<String> = (0..5).map(|number| format!("{round}: {number}")).collect();
            publish(&server, "news", &some);
            texts.extend(some);
            std::thread::sleep(Duration::from_secs(1));
        }
        assert_eq!(
            received(&browser, "news", texts.len()),
            (texts.clone(), 0),
            "{lines}"
        );
        // And what the page publishes itself.
        browser
            .run("seen.news.connection.publish('news', 'mine')")
            .unwrap();
        texts.push("mine".to_owned());
        assert_eq!(
            received(&browser, "news", texts.len()),
            (texts, 0),
            "{lines}"
        );
    }
}
