//! Who is let in: what the head of a request is judged by before anything else happens. Which pages may use the
//! server is judged by [`Origins`].

mod credentials;
pub(crate) mod hosts;
#[allow(dead_code, reason = "tokens come next")]
mod patterns;
#[allow(dead_code, reason = "deleting and members come next")]
mod rights;
mod secret;

use std::sync::Arc;

use holdline::origins::{Origin, Origins};
use holdline_http1::{HeaderBlock, RequestHead};
use holdline_net::Request;

use self::credentials::Shown;
use self::hosts::Hosts;
pub(crate) use self::rights::Rights;
use self::secret::Secret;
use crate::config::{AccessArguments, SecretSource};
use crate::query::Query;
use crate::reply::Reply;
use crate::request::Resource;
use crate::transport::Transport;

/// What the operator allows.
#[derive(Debug)]
pub(crate) struct Access {
    /// Pages that may use this server, beside its own.
    pub(crate) origins: Origins,
    hosts: Hosts,
    /// Without it nobody publishes, if there is one.
    publish_token: Option<Secret>,
    /// Without it nobody watches on the admin listeners, if there is one.
    admin_token: Option<Secret>,
    everything: Rights,
    without_publish_token: Rights,
    jsonp: bool,
    pages: bool,
    /// The fields of every answer, whoever asks.
    fields: Arc<HeaderBlock>,
}

impl Access {
    /// # Errors
    /// A file with a secret or with origins cannot be read, or is not what it should be.
    pub(crate) fn new(
        arguments: &AccessArguments,
        admin_token: Option<&SecretSource>,
    ) -> Result<Self, String> {
        let secret = |source: Option<&SecretSource>| {
            let secret = source.map(SecretSource::read).transpose()?;
            secret.as_deref().map(Secret::new).transpose()
        };
        let origins = arguments.origins()?;
        // A page that was allowed may load what it likes: a script of another site's page shows no `Origin`.
        let fields = match origins.is_empty() {
            true => HeaderBlock::new([CORP]).map_err(|error| error.to_string())?,
            false => HeaderBlock::default(),
        };
        Ok(Self {
            origins: Origins::new(&origins),
            hosts: Hosts::new(&arguments.allow_host, &origins),
            publish_token: secret(arguments.publish_token.as_ref())?,
            admin_token: secret(admin_token)?,
            everything: Rights::everything(),
            without_publish_token: Rights::without_publish_token(),
            jsonp: !arguments.no_jsonp,
            pages: !arguments.no_pages,
            fields: Arc::new(fields),
        })
    }

    /// Whether there are pages, and what they show.
    pub(crate) fn has_pages(&self) -> bool {
        self.pages
    }

    /// The fields of every answer, whoever asks.
    pub(crate) fn common_fields(&self) -> &Arc<HeaderBlock> {
        &self.fields
    }

    /// The fields of any answer to a page of `origin`, also of an error.
    pub(crate) fn fields(&self, origin: Origin<'_>) -> Arc<HeaderBlock> {
        if origin == Origin::None {
            return Arc::clone(&self.fields);
        }
        let common = (!self.fields.as_bytes().is_empty()).then_some(CORP);
        let common = common.map(|(name, value)| (name, value.to_owned()));
        let fields = origin.fields().into_iter().chain(common);
        // An origin came as the value of a field, so it can be sent as one.
        HeaderBlock::new(fields).map_or_else(|_| Arc::clone(&self.fields), Arc::new)
    }

    /// Whether the request names this server. Every request is judged by this first, whatever it asks for.
    pub(crate) fn judge_host(&self, request: &Request<'_>) -> Result<(), Reply> {
        self.hosts.judge(request)
    }

    /// Whether a page of `origin` may ask for this, and anybody may.
    pub(crate) fn judge(
        &self,
        head: &RequestHead<'_>,
        resource: &Resource<'_>,
        origin: Origin<'_>,
    ) -> Result<(), Reply> {
        let changes = !matches!(head.method(), "GET" | "HEAD");
        let socket = matches!(
            resource,
            Resource::Echo | Resource::Subscribe(_, Transport::WebSocket)
        );
        if origin == Origin::Foreign && (changes || socket) {
            let message = "pages of this origin may not do this; see --allow-origin";
            return Err(Reply::error(403, "foreign_origin", message));
        }
        let embedded = matches!(
            resource,
            Resource::Subscribe(_, Transport::Jsonp | Transport::Iframe)
        );
        if embedded && !self.origins.may_embed(head) {
            let message = "pages of other sites may not load this, unless --allow-origin allows their origin and \
                their Referer shows it";
            return Err(Reply::error(403, "foreign_origin", message));
        }
        Ok(())
    }

    /// Whether this is served at all.
    pub(crate) fn judge_resource(&self, resource: &Resource<'_>) -> Result<(), Reply> {
        match resource {
            Resource::File(_) | Resource::Box if !self.pages => {
                let message = "the pages of this server are turned off (--no-pages)";
                Err(Reply::error(404, "pages_off", message))
            }
            Resource::Subscribe(_, Transport::Jsonp) if !self.jsonp => {
                let message = "JSONP is turned off here (--no-jsonp); use long-poll";
                Err(Reply::error(404, "jsonp_off", message))
            }
            _ => Ok(()),
        }
    }

    /// What a request may do: everything, but for what the publish token is needed for. It is shown as
    /// `Authorization: Bearer TOKEN` or, since a page cannot set header fields of a WebSocket, as `token=TOKEN` in the
    /// query.
    pub(crate) fn rights(
        &self,
        head: &RequestHead<'_>,
        query: &Query<'_>,
        resource: &Resource<'_>,
    ) -> Result<Rights, Reply> {
        if !resource.needs_rights() {
            return Ok(self.everything.clone());
        }
        let Some(token) = &self.publish_token else {
            return Ok(self.everything.clone());
        };
        Ok(match Shown::of(head, query)? {
            Shown::Token(shown) if token.is(shown) => self.everything.clone(),
            _ => self.without_publish_token.clone(),
        })
    }

    /// Whether a request may watch: there is no admin token, or it shows it.
    pub(crate) fn judge_admin(&self, head: &RequestHead<'_>) -> Result<(), Reply> {
        let Some(token) = &self.admin_token else {
            return Ok(());
        };
        if let Shown::Token(shown) = Shown::of(head, &Query::default())?
            && token.is(shown)
        {
            return Ok(());
        }
        let message = "this needs the admin token, as `Authorization: Bearer TOKEN`";
        let challenge = "Bearer realm=\"admin\"";
        Err(Reply::error(401, "unauthorized", message).with("WWW-Authenticate", challenge))
    }
}

/// No page of another site may load this, whatever it takes it for: not even as an image that fails (Fetch §3.7).
const CORP: (&str, &str) = ("Cross-Origin-Resource-Policy", "same-origin");
