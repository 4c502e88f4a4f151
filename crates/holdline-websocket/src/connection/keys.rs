//! Who masks, and with what.

use crate::role::Role;

/// The keys of a server: none (RFC 6455 §5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unmasked;

/// Where the masking keys of sent frames come from: [`Unmasked`] for a server, any `FnMut() -> [u8; 4]`
/// for a client. Nothing else implements it.
pub trait MaskKeys: sealed::Sealed {
    /// The role that sends with these keys.
    const ROLE: Role;
    /// The key of the next frame.
    fn next_key(&mut self) -> Option<[u8; 4]>;
}

impl MaskKeys for Unmasked {
    const ROLE: Role = Role::Server;
    fn next_key(&mut self) -> Option<[u8; 4]> {
        None
    }
}

impl<F: FnMut() -> [u8; 4]> MaskKeys for F {
    const ROLE: Role = Role::Client;
    fn next_key(&mut self) -> Option<[u8; 4]> {
        Some(self())
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Unmasked {}
    impl<F: FnMut() -> [u8; 4]> Sealed for F {}
}
