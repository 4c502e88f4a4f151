//! A push server: publish once, and every client receives it by polling, long polling, JSONP, XHR or iframe streaming, server-sent events or WebSocket
fn main() {}
