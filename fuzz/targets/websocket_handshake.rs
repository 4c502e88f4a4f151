//! libFuzzer on [`holdline_fuzz::websocket::handshake`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| holdline_fuzz::websocket::handshake(data));
