#![allow(unused)]

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::chat::{ChatError, ChatRequest, Finish, ModelInfo};

#[derive(Default)]
struct Parrot;

#[plugin_provider]
impl ChatProvider for Parrot {
    async fn models(&self) -> Result<Vec<ModelInfo>, ChatError> {
        Ok(Vec::new())
    }

    async fn chat(&self, request: ChatRequest, out: ChatOutput) -> Result<Finish, ChatError> {
        Ok(Finish::new("stop"))
    }
}

fn main() {}
