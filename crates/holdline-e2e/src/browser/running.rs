//! A browser and its driver, as processes.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Process, Watchdog};
use crate::wait::LIMIT;

/// A headless browser with a profile of its own, which one test after another may have. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Running {
    /// `http://127.0.0.1:PORT/session/ID`
    session: String,
    agent: ureq::Agent,
    // Dropped in this order.
    browser: Option<Watchdog>,
    _driver: Process,
    _profile: TempDir,
}

impl Running {
    /// Starts one, with more arguments of its command line.
    pub(super) fn start(more: &[&str]) -> Result<Self> {
        let profile = tempfile::Builder::new().prefix("holdline-e2e-").tempdir()?;
        // It looks for a free port and then opens it, in two steps, and ends when somebody else has come between.
        let (driver, port) = driver().or_else(|_| driver())?;
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(LIMIT))
            .build()
            .into();
        let mut running = Self {
            session: format!("http://127.0.0.1:{port}/session"),
            agent,
            browser: None,
            _driver: driver,
            _profile: profile,
        };
        let profile = format!("--user-data-dir={}", running._profile.path().display());
        let mut arguments = ARGUMENTS.to_vec();
        arguments.push(&profile);
        arguments.extend(more);
        let binary = std::env::var("HOLDLINE_CHROMIUM").unwrap_or("/usr/bin/chromium".to_owned());
        let capabilities = json!({ "alwaysMatch": {
            "goog:chromeOptions": { "binary": binary, "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } });
        let answer = running.post("", &json!({ "capabilities": capabilities }))?;
        let id = answer["sessionId"]
            .as_str()
            .context("a session without an id")?;
        running.session = format!("{}/{id}", running.session);
        // Normally the driver ends the browser. This is for when it cannot.
        if let Some(id) = answer["capabilities"]["goog:processID"].as_u64() {
            let folder = Some(running._profile.path());
            running.browser = Some(Watchdog::new(u32::try_from(id)?, folder)?);
        }
        Ok(running)
    }

    /// Leaves one new tab, and removes what pages have stored and were allowed.
    pub(super) fn forget(&self) -> Result<()> {
        let old = self.get("/window/handles")?;
        let fresh = self.post("/window/new", &json!({ "type": "tab" }))?;
        for tab in old.as_array().context("no list of tabs")? {
            self.post("/window", &json!({ "handle": tab }))?;
            self.delete("/window")?;
        }
        self.post("/window", &json!({ "handle": fresh["handle"] }))?;
        let everywhere = json!({ "origin": "*", "storageTypes": "all" });
        for (command, parameters) in [
            ("Network.clearBrowserCookies", json!({})),
            ("Network.clearBrowserCache", json!({})),
            ("Browser.resetPermissions", json!({})),
            ("Storage.clearDataForOrigin", everywhere),
        ] {
            let command = json!({ "cmd": command, "params": parameters });
            self.post("/goog/cdp/execute", &command)?;
        }
        // What the pages of before have logged until now.
        self.post("/se/log", &json!({ "type": "browser" }))?;
        Ok(())
    }

    pub(super) fn get(&self, path: &str) -> Result<Value> {
        answer(self.agent.get(self.url(path)).call()?)
    }

    pub(super) fn post(&self, path: &str, parameters: &Value) -> Result<Value> {
        let request = self.agent.post(self.url(path));
        let request = request.header("Content-Type", "application/json");
        answer(request.send(parameters.to_string())?)
    }

    pub(super) fn delete(&self, path: &str) -> Result<()> {
        answer(self.agent.delete(self.url(path)).call()?).map(drop)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.session)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Ends the browser. If the driver does not answer, the watchdog kills it.
        match self.agent.delete(&self.session).call() {
            Ok(_) => {
                if let Some(browser) = &mut self.browser {
                    browser.call_off();
                }
            }
            Err(_) => {
                if let Some(browser) = &mut self.browser {
                    browser.bite();
                }
            }
        }
    }
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Result<Value> {
    let status = response.status();
    let text = response
        .body_mut()
        .with_config()
        .limit(64 << 20)
        .read_to_string()?;
    let mut json: Value = serde_json::from_str(&text)?;
    ensure!(
        status.is_success(),
        "the browser: {}: {}",
        json["value"]["error"].as_str().unwrap_or_default(),
        json["value"]["message"].as_str().unwrap_or_default()
    );
    Ok(json["value"].take())
}

const ARGUMENTS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1280,900",
];

/// Starts a driver, and says on which port it listens.
fn driver() -> Result<(Process, u16)> {
    let mut driver = Process::spawn(
        Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null()),
    )
    .context("starting chromedriver (Debian's package chromium-driver)")?;
    let stdout = driver.child.stdout.take().context("no standard output")?;
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let port: u16 = lines
        .find_map(|line| {
            let (_, rest) = line.split_once("started successfully on port ")?;
            rest.trim_end_matches('.').parse().ok()
        })
        .context("chromedriver did not say where it listens")?;
    // The driver keeps writing, and must not block on a full pipe.
    thread::spawn(move || lines.for_each(drop));
    Ok((driver, port))
}
