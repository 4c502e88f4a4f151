//! What a client prefers, according to its `Accept` (RFC 9110 §12.5.1).

use holdline_http1::RequestHead;

/// Whether the client prefers the media type `one` to `other`. If it does not say, or likes both equally, the answer
/// is `other`. Only full names count for `one`: `*/*` says nothing about what the client can read.
pub(crate) fn prefers(head: &RequestHead<'_>, one: &str, other: &str) -> bool {
    let fields = head.headers().get_all("accept");
    let list: Vec<&str> = fields
        .filter_map(|value| std::str::from_utf8(value).ok())
        .flat_map(|value| value.split(','))
        .collect();
    let wanted = quality(&list, &[one]);
    let (group, _) = other.split_once('/').unwrap_or_default();
    let otherwise = quality(&list, &[other])
        .or_else(|| quality(&list, &[&format!("{group}/*")]))
        .or_else(|| quality(&list, &["*/*"]));
    wanted.is_some_and(|wanted| wanted > 0.0 && wanted > otherwise.unwrap_or(0.0))
}

/// The weight that the list gives to a media range.
fn quality(list: &[&str], names: &[&str]) -> Option<f32> {
    list.iter().find_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next()?;
        if !names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)) {
            return None;
        }
        let weight = parts.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then_some(value)
        });
        // An invalid weight counts as the lowest.
        Some(weight.map_or(1.0, |weight| weight.trim().parse().unwrap_or(0.0)))
    })
}

#[cfg(test)]
mod tests {
    use holdline_http1::{Buffer, Event, ServerConfig, ServerConnection};

    use super::*;

    fn html(accept: &str) -> bool {
        ask(accept, "text/html", "application/json")
    }

    fn ask(accept: &str, one: &str, other: &str) -> bool {
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\n\r\n");
        let (mut input, mut buffer) = (request.as_bytes(), Buffer::new());
        let mut http = ServerConnection::new(ServerConfig::default());
        let Ok(Some(Event::Request { head, .. })) = http.receive(&mut input, &mut buffer) else {
            panic!("{request}")
        };
        prefers(&head, one, other)
    }

    #[test]
    fn a_browser_gets_a_page_and_a_program_json() {
        for browser in [
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
            "text/html",
            "TEXT/HTML ; Q=0.9, */*;q=0.8",
        ] {
            assert!(html(browser), "{browser}");
        }
        for program in [
            "",
            "*/*",
            "application/json",
            "application/json, text/html;q=0.9",
            "text/html;q=0",
            "text/html;q=x",
            "text/*",
            "text/html, application/json",
        ] {
            assert!(!html(program), "{program}");
        }
    }

    #[test]
    fn prometheus_gets_openmetrics_when_it_prefers_that() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;\
            version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        let types = ("application/openmetrics-text", "text/plain");
        assert!(ask(prometheus, types.0, types.1));
        assert!(!ask(
            "text/plain, application/openmetrics-text;q=0.5",
            types.0,
            types.1
        ));
    }
}
