//! Lists in pages.

use std::sync::{Arc, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rmcp::ErrorData;

use super::Endpoint;
use crate::catalog::{Item, Lists};
use crate::principal::Principal;

/// Where a page begins: in which lists, and after how many definitions that the client sees.
struct Cursor {
    list: &'static str,
    generation: u64,
    after: usize,
}

impl Endpoint {
    /// A page of what somebody sees, and the cursor of the next. It goes on in the list that its first page was of, whatever was
    /// reloaded meanwhile.
    ///
    /// # Errors
    /// Where the cursor is none of this list, or its list is not kept any more.
    pub(crate) fn page<T: Clone>(
        &self,
        principal: &Principal,
        list: &'static str,
        cursor: Option<&str>,
        items: impl Fn(&Lists) -> &[Item<T>],
    ) -> Result<(Vec<T>, Option<String>), ErrorData> {
        let (lists, after) = match cursor {
            None => (Arc::clone(&self.catalog().lists), 0),
            Some(text) => self.at(list, text)?,
        };
        let seen = items(&lists)
            .iter()
            .filter_map(|item| item.seen_by(principal));
        let size = self.inner.options.page.max(1);
        let mut left = seen.skip(after);
        let page: Vec<_> = left.by_ref().take(size).cloned().collect();
        let next = left.next().map(|_| Cursor {
            list,
            generation: lists.generation,
            after: after + page.len(),
        });
        Ok((page, next.map(|next| next.to_string())))
    }

    fn at(&self, list: &'static str, text: &str) -> Result<(Arc<Lists>, usize), ErrorData> {
        let found = Cursor::read(list, text).and_then(|cursor| {
            let kept = self
                .inner
                .kept
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let mut kept = kept.iter();
            let lists = kept.find(|lists| lists.generation == cursor.generation)?;
            Some((Arc::clone(lists), cursor.after))
        });
        found.ok_or_else(|| {
            let problem = "the cursor is none of this list, or too old; list from the start";
            ErrorData::invalid_params(problem, None)
        })
    }
}

impl Cursor {
    fn read(list: &'static str, text: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (generation, after) = text
            .strip_prefix(list)?
            .strip_prefix(':')?
            .split_once(':')?;
        Some(Self {
            list,
            generation: u64::from_str_radix(generation, 16).ok()?,
            after: after.parse().ok()?,
        })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{}:{:x}:{}", self.list, self.generation, self.after);
        f.write_str(&URL_SAFE_NO_PAD.encode(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_of_one_list() {
        let cursor = Cursor {
            list: "tools",
            generation: u64::MAX,
            after: 500,
        };
        let text = cursor.to_string();
        let read = Cursor::read("tools", &text).unwrap();
        assert_eq!((read.generation, read.after), (u64::MAX, 500));
        assert!(Cursor::read("prompts", &text).is_none());
        for other in [
            "",
            "x",
            "dG9vbHM",
            "dG9vbHM6eDp5",
            "\u{0}",
            "dG9vbHM6MTotMQ",
        ] {
            assert!(Cursor::read("tools", other).is_none(), "{other:?}");
        }
    }
}
