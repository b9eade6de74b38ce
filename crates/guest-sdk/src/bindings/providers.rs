//! The export for plugins that bring model providers.

use portcullis_contract::chat::{
    ChatError, ChatRequest, Delta, Finish, ModelInfo, ProviderDefinition,
};
use wit_bindgen::{FutureReader, StreamReader};

use self::exports::portcullis::chat::provider::Guest;
use super::Plugin;
use crate::rt;

wit_bindgen::generate!({
    world: "portcullis:plugin/provider-plugin",
    path: "wit",
    with: { "portcullis:chat/chat-types@0.1.0": portcullis_contract::chat },
    generate_all,
    type_section_suffix: "providers",
});

export!(Plugin);

impl Guest for Plugin {
    fn list_providers() -> Vec<ProviderDefinition> {
        rt::providers()
    }

    async fn list_models(provider: String) -> Result<Vec<ModelInfo>, ChatError> {
        rt::models(&provider).await
    }

    async fn chat(
        provider: String,
        request: ChatRequest,
    ) -> Result<(StreamReader<Delta>, FutureReader<Result<Finish, ChatError>>), ChatError> {
        let answer = rt::chat(&provider, request).await?;
        let (mut deltas, deltas_reader) = wit_stream::new();
        let (finish, finish_reader) = wit_future::new(|| Err(rt::no_finish()));
        // The answer has begun; the rest of it comes beside this call.
        wit_bindgen::spawn_local(async move {
            let ended = rt::drive(answer.deltas, answer.finish, async move |batch| {
                deltas.write_all(batch).await.is_empty()
            })
            .await;
            // Nobody waits for the end of an answer that was given up.
            let _ = finish.write(ended).await;
        });
        Ok((deltas_reader, finish_reader))
    }
}
