#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

struct Never;

impl Stream for Never {
    type Item = String;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<String>> {
        std::task::Poll::Ready(None)
    }
}

#[plugin_tool]
fn greet() -> Never {
    Never
}

fn main() {}
