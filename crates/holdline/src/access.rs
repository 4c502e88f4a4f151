//! Access control: checks the head of a request before anything else happens. [`Origins`] decides which pages may
//! use the server.

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
    /// Pages that may use this server, in addition to its own.
    pub(crate) origins: Origins,
    hosts: Hosts,
    /// If there is one, only clients that show it may publish.
    publish_token: Option<Secret>,
    /// If there is one, only clients that show it may use the admin listeners.
    admin_token: Option<Secret>,
    everything: Rights,
    without_publish_token: Rights,
    jsonp: bool,
    pages: bool,
    /// Header fields of every answer, whoever asks.
    fields: Arc<HeaderBlock>,
}

impl Access {
    /// # Errors
    /// A file with a secret or with origins cannot be read or is not valid.
    pub(crate) fn new(
        arguments: &AccessArguments,
        admin_token: Option<&SecretSource>,
    ) -> Result<Self, String> {
        let secret = |source: Option<&SecretSource>| {
            let secret = source.map(SecretSource::read).transpose()?;
            secret.as_deref().map(Secret::new).transpose()
        };
        let origins = arguments.origins()?;
        // An allowed page may load anything: a script request from another site's page has no `Origin`.
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

    /// Whether the pages are turned on.
    pub(crate) fn has_pages(&self) -> bool {
        self.pages
    }

    /// Header fields of every answer, whoever asks.
    pub(crate) fn common_fields(&self) -> &Arc<HeaderBlock> {
        &self.fields
    }

    /// Header fields of any answer to a page of `origin`, including errors.
    pub(crate) fn fields(&self, origin: Origin<'_>) -> Arc<HeaderBlock> {
        if origin == Origin::None {
            return Arc::clone(&self.fields);
        }
        let common = (!self.fields.as_bytes().is_empty()).then_some(CORP);
        let common = common.map(|(name, value)| (name, value.to_owned()));
        let fields = origin.fields().into_iter().chain(common);
        // An origin arrived as a field value, so it can be sent as one.
        HeaderBlock::new(fields).map_or_else(|_| Arc::clone(&self.fields), Arc::new)
    }

    /// Checks that the request names this server. This comes first for every request, whatever it asks for.
    pub(crate) fn judge_host(&self, request: &Request<'_>) -> Result<(), Reply> {
        self.hosts.judge(request)
    }

    /// Checks that a page of `origin` may ask for this.
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

    /// Checks that this resource is turned on.
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

    /// What a request may do: everything, except what needs the publish token if the request does not show it. It is
    /// shown as `Authorization: Bearer TOKEN` or as `token=TOKEN` in the query (a page cannot set header fields of a
    /// WebSocket).
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

    /// Checks that a request may use the admin listeners: there is no admin token, or the request shows it.
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

/// No page of another site may load this, whatever it takes it for: not even as a broken image (Fetch §3.7).
const CORP: (&str, &str) = ("Cross-Origin-Resource-Policy", "same-origin");
