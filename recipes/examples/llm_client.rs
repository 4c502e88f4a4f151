//! The answer of a language model as it is written, and the rest of it after a cut.
//!
//!     cargo run -p holdline-recipes --example llm_client -- http://127.0.0.1:8000/v1/answers 'Why is the sky blue?'
//!
//! A cut is repaired only by a server that gives its events IDs and goes on after `Last-Event-ID`, as
//! [holdline](../README.md) does. Without that a second request would be a second answer: leave `reconnect` off then
//! (`Config::post_json` does), and a cut is an error.

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;

use holdline_net::blocking::Tcp;
use holdline_net::blocking::event_source::{EventSource, Update};
use holdline_sse::{Config, is_temporary};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [url, question] = &arguments[..] else {
        return Err("usage: llm_client URL QUESTION".into());
    };
    let body = serde_json::json!({ "stream": true, "question": question });
    ask(url, body.to_string(), |token| {
        print!("{token}");
        io::stdout().flush()
    })?;
    println!();
    Ok(())
}

/// Hands out the data of each event until `[DONE]`.
///
/// # Errors
/// The answer is not whole: the server refused, or was cut off five times without a token in between.
fn ask(
    url: &str,
    body: String,
    mut token: impl FnMut(&str) -> io::Result<()>,
) -> Result<(), Box<dyn Error>> {
    let mut config = Config::post_json(url, body);
    config.reconnect = true;
    config.max_retries = Some(5);
    config.reconnection_time = Duration::from_millis(200);
    // 429, 503 and the like: come back later, as `Retry-After` says.
    config.retry_status = is_temporary;
    let tcp = Tcp {
        // A model may think for long before its first word.
        read_timeout: Some(Duration::from_secs(120)),
        ..Tcp::default()
    };
    let mut source = EventSource::tcp(config, tcp)?;
    while let Some(update) = source.read()? {
        match update {
            Update::Event(event) if event.data == "[DONE]" => return Ok(()),
            Update::Event(event) if event.event == "error" => return Err(event.data.into()),
            Update::Event(event) => token(event.data)?,
            Update::Lost(lost) => eprintln!("{lost:?}"),
            _ => {}
        }
    }
    Err("the answer ended before it was whole".into())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use holdline_http1::ResponseBody;
    use holdline_net::blocking::http::Server;

    use super::*;

    /// A server that is cut off after each two tokens, the second time inside an event, and once says that it is busy.
    fn serve(listener: &TcpListener, words: &[&str]) {
        let mut asked = 0;
        while let Ok((stream, _)) = listener.accept() {
            asked += 1;
            let mut http = Server::new(stream);
            let request = http.read_request().unwrap().unwrap();
            let last = request.as_ref().headers().get_str("last-event-id");
            let done: usize = last.map_or(0, |id| id.parse().unwrap());
            let body = http.read_body(1024).unwrap();
            assert!(body.starts_with(br#"{"stream":true"#), "{body:?}");
            if asked == 2 {
                http.respond(503, [("Retry-After", "0")], b"").unwrap();
                continue;
            }
            let headers = [("Content-Type", "text/event-stream")];
            http.send_response(200, headers, ResponseBody::Streamed)
                .unwrap();
            for (index, word) in words.iter().enumerate().skip(done).take(2) {
                let event = format!("id: {}\ndata: {word}\n\n", index + 1);
                http.send_data(event.as_bytes()).unwrap();
            }
            if done + 2 >= words.len() {
                http.send_data(b"data: [DONE]\n\n").unwrap();
                return;
            }
            http.send_data(b"id: 99\ndata: cut o").unwrap();
        }
    }

    #[test]
    fn each_token_comes_once_over_cuts_and_a_busy_server() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let words = ["The", "sky", "is", "blue", "at", "noon"];
        let server = thread::spawn(move || serve(&listener, &words));
        let mut came = Vec::new();
        ask(&url, r#"{"stream":true}"#.into(), |token| {
            came.push(token.to_owned());
            Ok(())
        })
        .unwrap();
        assert_eq!(came, words);
        server.join().unwrap();
    }
}
