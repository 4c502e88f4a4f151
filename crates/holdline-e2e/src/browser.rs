//! Chromium, driven over WebDriver (W3C) by its own chromedriver.

mod running;

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use self::running::Running;
use crate::wait::wait_for;

/// A headless browser that knows nothing of those before it. Of one process of tests, at most three run at a time: the
/// next one waits.
#[derive(Debug)]
pub struct Browser {
    /// Until this is dropped.
    running: Option<Running>,
    /// Whether it was started with arguments of its own.
    is_special: bool,
    /// Everything logged to the console so far.
    console: Mutex<Vec<Entry>>,
    // Dropped last.
    _turn: Turn,
}

/// A line of the browser's console.
#[derive(Clone, Debug)]
pub struct Entry {
    /// `SEVERE`, `WARNING`, `INFO` or `DEBUG`.
    pub level: String,
    /// The message, preceded by its place in the source.
    pub message: String,
}

/// Tests wait more than they compute, and so do their browsers.
const AT_ONCE: usize = 3;

static RUNNING: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// Browsers that another test may have: to start one takes a second or two of processor time. They end with the process.
static IDLE: Mutex<Vec<Running>> = Mutex::new(Vec::new());

/// One of those that may run.
#[derive(Debug)]
struct Turn;

impl Turn {
    fn wait() -> Self {
        let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        let running = ENDED.wait_while(running, |running| *running >= AT_ONCE);
        *running.unwrap_or_else(PoisonError::into_inner) += 1;
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        ENDED.notify_one();
    }
}

impl Browser {
    /// Starts a browser, or takes one that another test has left, in a tab of its own and without what that test
    /// stored.
    ///
    /// # Errors
    /// When chromedriver or Chromium are not there, or do not start.
    pub fn start() -> Result<Self> {
        let turn = Turn::wait();
        while let Some(running) = idle().pop() {
            if running.forget().is_ok() {
                return Ok(Self::of(running, false, turn));
            }
        }
        Ok(Self::of(Running::start(&[])?, false, turn))
    }

    /// Starts a browser with more arguments of its command line.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_with(more: &[&str]) -> Result<Self> {
        let turn = Turn::wait();
        Ok(Self::of(Running::start(more)?, true, turn))
    }

    fn of(running: Running, is_special: bool, turn: Turn) -> Self {
        Self {
            running: Some(running),
            is_special,
            console: Mutex::default(),
            _turn: turn,
        }
    }

    /// Opens a page and waits until it is loaded.
    ///
    /// # Errors
    /// What the driver says.
    pub fn open(&self, url: &str) -> Result<()> {
        self.post("/url", &json!({ "url": url })).map(drop)
    }

    /// Runs the body of a function in the page and returns its result.
    ///
    /// # Errors
    /// What the driver says; what the script throws.
    pub fn run(&self, script: &str) -> Result<Value> {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Clicks on the element that a CSS selector finds, as a person would: one that the page has just replaced by
    /// another is looked for again.
    ///
    /// # Errors
    /// When there is none, or it cannot be clicked.
    pub fn click(&self, selector: &str) -> Result<()> {
        let click = || {
            let element = self.find(selector)?;
            self.post(&format!("/element/{element}/click"), &json!({}))
        };
        let was_replaced = |error: &anyhow::Error| error.to_string().contains("stale element");
        let mut clicked = click();
        for _ in 0..5 {
            if clicked.as_ref().is_err_and(was_replaced) {
                clicked = click();
            }
        }
        clicked.map(drop)
    }

    /// Types into the element that a CSS selector finds. `\n` is the Enter key.
    ///
    /// # Errors
    /// When there is none, or it takes no text.
    pub fn type_into(&self, selector: &str, text: &str) -> Result<()> {
        let element = self.find(selector)?;
        let text = text.replace('\n', "\u{e007}");
        self.post(
            &format!("/element/{element}/value"),
            &json!({ "text": text }),
        )
        .map(drop)
    }

    /// The text of the element that a CSS selector finds.
    ///
    /// # Errors
    /// When there is none.
    pub fn text(&self, selector: &str) -> Result<String> {
        let script = format!(
            "return document.querySelector({}).textContent",
            json!(selector)
        );
        let text = self.run(&script)?;
        text.as_str().map(str::to_owned).context("no text")
    }

    /// The tab that commands go to.
    ///
    /// # Errors
    /// What the driver says.
    pub fn tab(&self) -> Result<String> {
        let tab = self.get("/window")?;
        tab.as_str()
            .map(str::to_owned)
            .context("a tab without a name")
    }

    /// Opens another tab in the same window and makes it the current one. It hides the other tabs.
    ///
    /// # Errors
    /// What the driver says.
    pub fn new_tab(&self) -> Result<String> {
        self.new_window("tab")
    }

    /// Opens a window of its own beside the others, or a tab.
    ///
    /// # Errors
    /// What the driver says.
    pub fn new_window(&self, kind: &str) -> Result<String> {
        let tab = self.post("/window/new", &json!({ "type": kind }))?;
        let tab = tab["handle"]
            .as_str()
            .context("a tab without a name")?
            .to_owned();
        self.switch_to(&tab)?;
        Ok(tab)
    }

    /// Closes the current tab. Another one must be switched to.
    ///
    /// # Errors
    /// What the driver says.
    pub fn close_tab(&self) -> Result<()> {
        self.running()?.delete("/window")
    }

    /// Makes another tab or window the current one, and shows it.
    ///
    /// # Errors
    /// When it is closed.
    pub fn switch_to(&self, tab: &str) -> Result<()> {
        self.post("/window", &json!({ "handle": tab })).map(drop)
    }

    /// A command of the Chrome DevTools Protocol.
    ///
    /// # Errors
    /// What the browser says.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Result<Value> {
        self.post(
            "/goog/cdp/execute",
            &json!({ "cmd": command, "params": parameters }),
        )
    }

    /// Sets the size of the page in CSS pixels, and light or dark mode.
    ///
    /// # Errors
    /// What the browser says.
    pub fn look(&self, width: u32, height: u32, dark: bool) -> Result<()> {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics)?;
        let scheme = if dark { "dark" } else { "light" };
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.devtools(
            "Emulation.setEmulatedMedia",
            &json!({ "features": [feature] }),
        )?;
        Ok(())
    }

    /// Saves a picture of the page in each of these sizes, light and dark. `check` is told the name of each, and whether
    /// it is dark.
    ///
    /// # Errors
    /// What the browser says, or that the page scrolls sideways.
    pub fn look_in(
        &self,
        name: &str,
        sizes: &[(u32, u32)],
        mut check: impl FnMut(&str, bool),
    ) -> Result<()> {
        for &(width, height) in sizes {
            for dark in [false, true] {
                self.look(width, height, dark)?;
                let shot = format!("{name}-{width}-{}", if dark { "dark" } else { "light" });
                self.screenshot(&shot)?;
                let wide = self.run("return document.documentElement.scrollWidth")?;
                let fits = wide.as_u64().is_some_and(|wide| wide <= width.into());
                ensure!(fits, "{shot}: scrolls sideways: {wide}");
                check(&shot, dark);
            }
        }
        Ok(())
    }

    /// Saves a picture of the whole page for people to look at, and returns its path.
    ///
    /// # Errors
    /// What the browser says, or the file system.
    pub fn screenshot(&self, name: &str) -> Result<PathBuf> {
        // Not in the middle of a transition between colours. Endless animations cannot be finished.
        self.run(
            "for (const moving of document.getAnimations()) \
             { try { moving.finish(); } catch { moving.cancel(); } }",
        )?;
        let options = json!({ "format": "png", "captureBeyondViewport": true });
        let picture = self.devtools("Page.captureScreenshot", &options)?;
        let data = picture["data"].as_str().context("no picture")?;
        let own = std::env::current_exe()?;
        // target/debug/deps/scenario-1234
        let target = own
            .ancestors()
            .nth(3)
            .context("not in a target directory")?;
        let folder = target.join("e2e-screenshots");
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(name).with_extension("png");
        std::fs::write(&path, BASE64_STANDARD.decode(data)?)?;
        Ok(path)
    }

    /// Everything logged to the console since the test has the browser.
    ///
    /// # Errors
    /// What the driver says.
    pub fn console(&self) -> Result<Vec<Entry>> {
        let fresh = self.post("/se/log", &json!({ "type": "browser" }))?;
        let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let fresh = fresh
            .as_array()
            .context("no list of log entries")?
            .iter()
            .map(|entry| Entry {
                level: text(entry, "level"),
                message: text(entry, "message"),
            });
        let mut console = self.console.lock().unwrap_or_else(PoisonError::into_inner);
        console.extend(fresh);
        Ok(console.clone())
    }

    /// Asks a script again and again until it returns something true.
    ///
    /// # Errors
    /// What the driver says; what the script throws.
    ///
    /// # Panics
    /// When it does not within [`LIMIT`](crate::LIMIT): "waited in vain for `what`".
    pub fn wait_until(&self, what: &str, script: &str) -> Result<()> {
        wait_for(what, || match self.run(script) {
            Ok(Value::Bool(true)) => Some(Ok(())),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
    }

    fn find(&self, selector: &str) -> Result<String> {
        let by = json!({ "using": "css selector", "value": selector });
        let element = self
            .post("/element", &by)
            .with_context(|| format!("looking for {selector}"))?;
        // The name of this key is the same for ever (WebDriver §12.1).
        let id = element["element-6066-11e4-a52e-4f735466cecf"].as_str();
        id.map(str::to_owned).context("an element without an id")
    }

    fn get(&self, path: &str) -> Result<Value> {
        self.running()?.get(path)
    }

    fn post(&self, path: &str, parameters: &Value) -> Result<Value> {
        self.running()?.post(path, parameters)
    }

    fn running(&self) -> Result<&Running> {
        self.running.as_ref().context("the browser has ended")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let running = self.running.take();
        // What a test that failed leaves is not for another one.
        if !self.is_special && !thread::panicking() {
            idle().extend(running);
        }
    }
}

fn idle() -> MutexGuard<'static, Vec<Running>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}
