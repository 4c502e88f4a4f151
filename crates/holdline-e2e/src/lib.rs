//! Tests of the built program with a real browser and other people's clients
