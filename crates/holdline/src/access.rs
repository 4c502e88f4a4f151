//! Access control: checks the head of a request before anything else happens. [`Origins`] decides which pages may
//! use the server.

mod bearers;
mod clock;
mod credentials;
pub(crate) mod hosts;
mod lack;
pub(crate) mod patterns;
mod rights;
mod secret;
mod tokens;

use std::sync::Arc;

use holdline::origins::{Origin, Origins};
use holdline_comet::socket::{Policy, Ports};
use holdline_http1::{HeaderBlock, RequestHead};
use holdline_net::Request;

use self::bearers::Bearers;
pub(crate) use self::clock::now;
use self::credentials::Shown;
use self::hosts::Hosts;
pub(crate) use self::lack::{Lack, bad_token};
pub(crate) use self::rights::Rights;
use self::secret::Secret;
pub(crate) use self::tokens::sign;
use crate::config::{AccessArguments, SecretSource};
use crate::mirror::Part;
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
    bearers: Bearers,
    /// If there is one, only clients that show it may use the admin listeners.
    admin_token: Option<Secret>,
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
            bearers: Bearers::new(arguments)?,
            admin_token: secret(admin_token)?,
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

    /// The same, for a script or frame that a page of another site may load.
    pub(crate) fn fields_of_embedded(&self, origin: Origin<'_>) -> Arc<HeaderBlock> {
        HeaderBlock::new(origin.fields())
            .map(Arc::new)
            .unwrap_or_default()
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
            Resource::Echo
                | Resource::Subscribe(_, Transport::WebSocket)
                | Resource::Mirror(Part::WebSocket)
        );
        if origin == Origin::Foreign && (changes || socket) {
            let message = "pages of this origin may not do this; see --allow-origin";
            return Err(Reply::error(403, "foreign_origin", message));
        }
        Ok(())
    }

    /// Checks that the page that asks may load this as a script or frame. Pages of other sites may if the URL has a
    /// token: they were given it.
    pub(crate) fn judge_embedding(
        &self,
        head: &RequestHead<'_>,
        resource: &Resource<'_>,
        rights: &Rights,
    ) -> Result<(), Reply> {
        if !resource.is_embedded() || rights.are_in_query() || self.origins.may_embed(head) {
            return Ok(());
        }
        let message = "pages of other sites may not load this, unless --allow-origin allows their origin and \
            their Referer shows it";
        Err(Reply::error(403, "foreign_origin", message))
    }

    /// Checks that this resource is turned on.
    pub(crate) fn judge_resource(&self, resource: &Resource<'_>) -> Result<(), Reply> {
        match resource {
            Resource::File(_)
            | Resource::Box
            | Resource::Technique(_)
            | Resource::Mirror(_)
            | Resource::Explain
                if !self.pages =>
            {
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

    /// What a request may do, by the token that it shows, if it needs one.
    pub(crate) fn rights(
        &self,
        head: &RequestHead<'_>,
        query: &Query<'_>,
        resource: &Resource<'_>,
        origin: Origin<'_>,
    ) -> Result<Rights, Reply> {
        self.bearers.rights(head, query, resource, origin)
    }

    /// The same for a client of a plug-in socket, by the token that it gives.
    pub(crate) fn rights_of(&self, token: Option<&str>) -> Result<Rights, Reply> {
        self.bearers.rights_of(token)
    }

    /// Who may connect to this port from within Flash: pages of the allowed origins.
    pub(crate) fn socket_policy(&self, port: Option<u16>) -> Policy {
        let allowed = self.hosts.of_origins();
        allowed.zip(std::iter::repeat(port)).fold(
            Policy::new(),
            |policy, (host, port)| match port {
                // A host that no policy can name, such as an IPv6 address, is left out.
                Some(port) => {
                    let more = policy.clone().allow(host, Ports::One(port));
                    more.unwrap_or(policy)
                }
                None => policy,
            },
        )
    }

    /// Whether JSONP is turned on.
    pub(crate) fn has_jsonp(&self) -> bool {
        self.jsonp
    }

    /// Whether tokens are needed for everything about channels.
    pub(crate) fn has_tokens(&self) -> bool {
        self.bearers.has_tokens()
    }

    /// Checks that a request may use the admin listeners: there is no admin token, or the request shows it.
    pub(crate) fn judge_admin(&self, head: &RequestHead<'_>) -> Result<(), Reply> {
        let Some(token) = &self.admin_token else {
            return Ok(());
        };
        if let Shown::Header(shown) = Shown::of(head, &Query::default())?
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
