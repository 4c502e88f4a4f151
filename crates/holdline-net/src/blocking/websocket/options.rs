//! What a caller chooses before a WebSocket begins.

use std::time::Duration;

use holdline_websocket::Config;
#[cfg(feature = "deflate")]
use holdline_websocket::DeflateOptions;
use holdline_websocket::handshake::{client, server};

/// How a blocking WebSocket behaves. A [`Config`] converts into it, without compression.
///
/// ```
/// use holdline_net::blocking::websocket::Options;
///
/// let mut options = Options::default();
/// options.config.limits.max_message = 1024 * 1024;
/// # #[cfg(feature = "deflate")] {
/// options.deflate = Some(holdline_websocket::DeflateOptions::default());
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Limits, keepalive and deadlines. Its `deflate` is ignored: the handshake decides
    /// about compression.
    pub config: Config,
    /// How long the opening handshake may take in all, however the bytes come; on a stream that is no socket
    /// one read timeout more. Default: 30 s.
    pub handshake_timeout: Duration,
    /// permessage-deflate (RFC 7692) as this side wants it: a client offers it, a server accepts it when
    /// the client offers it. Default: none.
    #[cfg(feature = "deflate")]
    pub deflate: Option<DeflateOptions>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            config: Config::default(),
            handshake_timeout: Duration::from_secs(30),
            #[cfg(feature = "deflate")]
            deflate: None,
        }
    }
}

impl From<Config> for Options {
    fn from(config: Config) -> Self {
        Self {
            config,
            ..Self::default()
        }
    }
}

impl Options {
    /// A server's part: the connection's configuration, and what the response must say for it.
    pub(super) fn answer(
        self,
        request: &server::Request<'_>,
    ) -> (Config, Option<[(&'static str, String); 1]>) {
        #[cfg(feature = "deflate")]
        {
            let mut config = self.config;
            config.deflate = self
                .deflate
                .and_then(|options| request.accept_deflate(&options));
            let extensions = config
                .deflate
                .map(|deflate| [("Sec-WebSocket-Extensions", deflate.to_string())]);
            (config, extensions)
        }
        #[cfg(not(feature = "deflate"))]
        {
            let _ = request;
            (self.config, None)
        }
    }

    /// A client's part before the request.
    pub(super) fn offer(&self, request: &mut client::Request) {
        #[cfg(feature = "deflate")]
        if let Some(options) = self.deflate {
            request.offer_deflate(options);
        }
        #[cfg(not(feature = "deflate"))]
        let _ = request;
    }

    /// A client's part after the response.
    pub(super) fn agreed(self, accepted: &client::Accepted<'_>) -> Config {
        #[cfg(feature = "deflate")]
        {
            let mut config = self.config;
            config.deflate = accepted.deflate;
            config
        }
        #[cfg(not(feature = "deflate"))]
        {
            let _ = accepted;
            self.config
        }
    }
}
