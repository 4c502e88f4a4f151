//! libFuzzer on [`holdline_fuzz::websocket::session`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| holdline_fuzz::websocket::session(data));
