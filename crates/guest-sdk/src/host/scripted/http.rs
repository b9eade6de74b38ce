//! Requests in native tests.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use futures::stream::{self, StreamExt};

use super::in_charge;
use crate::http::{Error, Incoming, Outgoing};
use crate::testing::{Reply, SentRequest};

/// Replies by `METHOD URL`, and what was sent.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    replies: RefCell<BTreeMap<String, VecDeque<Reply>>>,
    pub(crate) sent: RefCell<Vec<SentRequest>>,
}

impl Exchange {
    pub(crate) fn reply(&self, request: &str, reply: Reply) {
        let mut replies = self.replies.borrow_mut();
        replies
            .entry(request.to_owned())
            .or_default()
            .push_back(reply);
    }

    /// The next reply to a request; the last one again, when all are given.
    fn next(&self, request: &str) -> Option<Reply> {
        let mut replies = self.replies.borrow_mut();
        let replies = replies.get_mut(request)?;
        match replies.len() {
            0 | 1 => replies.front().cloned(),
            _ => replies.pop_front(),
        }
    }
}

pub(crate) async fn http_send(outgoing: Outgoing) -> Result<Incoming, Error> {
    let mut body = Vec::new();
    let mut pieces = outgoing
        .body
        .unwrap_or_else(|| stream::empty().boxed_local());
    while let Some(piece) = pieces.next().await {
        body.extend_from_slice(&piece?);
    }
    let script = in_charge().ok_or(Error::Denied)?;
    let sent = SentRequest {
        method: outgoing.method,
        url: outgoing.url.to_string(),
        headers: outgoing.headers,
        body,
        timeout: outgoing.timeout,
    };
    let reply = script.http.next(&format!("{} {}", sent.method, sent.url));
    script.http.sent.borrow_mut().push(sent);
    let (status, headers, pieces) = reply.ok_or(Error::Denied)?.into_parts()?;
    Ok(Incoming {
        status,
        headers,
        body: Box::pin(stream::iter(pieces)),
    })
}
