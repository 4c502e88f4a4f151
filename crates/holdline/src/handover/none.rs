//! For systems without Unix sockets: there is never anyone to take over from.

use std::path::Path;

use holdline_net::{Listener, Server};

/// Never exists.
#[derive(Debug)]
pub(crate) enum Predecessor {}

impl Predecessor {
    pub(crate) fn ask(_path: &Path) -> Result<Option<Self>, String> {
        Err("there are no Unix sockets on this system, which --handover needs".to_owned())
    }

    pub(crate) fn take(&mut self, _name: &str) -> Result<Vec<Listener>, String> {
        match *self {}
    }

    pub(crate) fn left(&self) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }

    pub(crate) fn ready(self) {
        match self {}
    }
}

/// Never exists.
#[derive(Debug)]
pub(crate) enum Offer {}

impl Offer {
    pub(crate) fn new(_path: &Path, _before: Option<&mut Predecessor>) -> Result<Self, String> {
        Err("--handover needs Unix sockets".to_owned())
    }

    pub(crate) fn start(
        &self,
        _names: &[String],
        _server: &Server,
        _given: impl FnOnce() + Send + 'static,
    ) -> Result<(), String> {
        match *self {}
    }

    pub(crate) fn withdraw(&self) {
        match *self {}
    }
}
