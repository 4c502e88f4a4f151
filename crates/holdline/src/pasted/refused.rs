//! What a browser sees when its form is refused before it is read.

use holdline_http1::RequestHead;

use crate::accept::prefers;
use crate::pasted::{Page, Pasted, notice};
use crate::reply::Reply;
use crate::request::Resource;

/// The page with the reason, for who has no script that could read JSON. `None`: this is no form, no browser sent it, or
/// there is no such page here.
pub(crate) fn refused(head: &RequestHead<'_>, reply: &Reply) -> Option<Page> {
    let is_form = head.method() == "POST"
        && matches!(Resource::parse(head), Some(Resource::Explain))
        && prefers(head, "text/html", "application/json")
        && reply.status != 404;
    let reason = is_form.then(|| reply.message()).flatten()?;
    let problem = format!("{reason}. What you pasted is still there if you go back");
    let page = Pasted::default().page_with(&notice(&problem));
    Some((reply.status, page))
}
