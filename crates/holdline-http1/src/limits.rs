//! The limits that bound what a peer can make us keep or count.

/// What a peer may send before it is refused.
///
/// Every value can be changed; the defaults suit a server on the open Internet.
/// Nothing is reserved because a peer declared a length: the limits only say when to stop.
/// Values above `u32::MAX` count as that, except of `max_body`.
///
/// ```
/// use holdline_http1::Limits;
///
/// let mut limits = Limits::default();
/// limits.max_body = 1 << 20; // refuse bodies above 1 MiB with 413
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a head, from its first byte to the empty line that ends it. Default 16 KiB.
    /// Beyond it: 431.
    pub max_head: usize,
    /// Field lines in a head, and in a trailer section. Default 100. Beyond it: 431.
    pub max_fields: usize,
    /// Bytes of a request target. Default 8192. Beyond it: 414.
    ///
    /// RFC 9112 §3 recommends that "all HTTP senders and recipients support, at a minimum,
    /// request-line lengths of 8000 octets".
    pub max_target: usize,
    /// Bytes of a method. Default 32. Beyond it: 501.
    pub max_method: usize,
    /// Bytes of a body, however it is framed, without chunk framing and trailers. Beyond it: 413.
    ///
    /// The default is `u64::MAX`, no limit, because a body is handed on piece by piece and
    /// never kept here. A program that joins the pieces must set this.
    pub max_body: u64,
    /// Bytes of the extensions of one chunk. Default 256.
    pub max_chunk_extension: usize,
    /// Bytes of all chunk extensions of a body. Default 4096.
    pub max_chunk_extensions: usize,
    /// Bytes of a trailer section with the empty line that ends it. Default 8 KiB. Beyond it: 431.
    pub max_trailers: usize,
    /// Informational responses before a final one (client). Default 16.
    pub max_informational: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_head: 16 * 1024,
            max_fields: 100,
            max_target: 8192,
            max_method: 32,
            max_body: u64::MAX,
            max_chunk_extension: 256,
            max_chunk_extensions: 4096,
            max_trailers: 8 * 1024,
            max_informational: 16,
        }
    }
}

/// [`Limits`] as a connection keeps them, with little more than half the memory. Offsets in a head have 32 bits, too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) max_body: u64,
    max_head: u32,
    max_fields: u32,
    max_target: u32,
    max_method: u32,
    max_chunk_extension: u32,
    max_chunk_extensions: u32,
    max_trailers: u32,
    max_informational: u32,
}

impl Bounds {
    const fn of(limits: &Limits) -> Self {
        Self {
            max_body: limits.max_body,
            max_head: saturated(limits.max_head),
            max_fields: saturated(limits.max_fields),
            max_target: saturated(limits.max_target),
            max_method: saturated(limits.max_method),
            max_chunk_extension: saturated(limits.max_chunk_extension),
            max_chunk_extensions: saturated(limits.max_chunk_extensions),
            max_trailers: saturated(limits.max_trailers),
            max_informational: saturated(limits.max_informational),
        }
    }

    #[inline(always)]
    const fn limits(&self) -> Limits {
        Limits {
            max_body: self.max_body,
            max_head: self.max_head as usize,
            max_fields: self.max_fields as usize,
            max_target: self.max_target as usize,
            max_method: self.max_method as usize,
            max_chunk_extension: self.max_chunk_extension as usize,
            max_chunk_extensions: self.max_chunk_extensions as usize,
            max_trailers: self.max_trailers as usize,
            max_informational: self.max_informational as usize,
        }
    }
}

const fn saturated(limit: usize) -> u32 {
    if limit > u32::MAX as usize {
        u32::MAX
    } else {
        limit as u32
    }
}

/// How strictly a peer is read: the limits, and what a connection's configuration adds to them.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) bounds: Bounds,
    /// Refuse a Host that is not the target's authority.
    pub(crate) same_host: bool,
    /// Take folded lines.
    pub(crate) unfold: bool,
    /// Take what `ClientConfig::lenient` lists.
    pub(crate) lenient: bool,
}

impl Reading {
    pub(crate) const fn strict(limits: Limits) -> Self {
        Self {
            bounds: Bounds::of(&limits),
            same_host: false,
            unfold: false,
            lenient: false,
        }
    }

    /// What of it is needed is read, and no more.
    #[inline(always)]
    pub(crate) const fn limits(&self) -> Limits {
        self.bounds.limits()
    }
}
