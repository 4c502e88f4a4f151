//! libFuzzer on [`holdline_fuzz::websocket::zlib`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| holdline_fuzz::websocket::zlib(data));
