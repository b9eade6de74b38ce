//! The generated bindings of the contract, for this crate alone: what embedders see is in [`crate::value`] and
//! [`portcullis_contract`].
//!
//! Each served version of a package is one submodule; today there is one.

#![allow(missing_docs, unreachable_pub, clippy::all)]

pub(crate) mod v0_1 {
    wasmtime::component::bindgen!({
        path: "wit",
        inline: "
            package portcullis:served@0.1.0;

            world served {
                import portcullis:host/log@0.1.0;
                import portcullis:host/config@0.1.0;
                import portcullis:host/secrets@0.1.0;
                import portcullis:host/state@0.1.0;
                import portcullis:host/state-sync@0.1.0;
                import portcullis:host/retrieval@0.1.0;
                import portcullis:host/retrieval-sync@0.1.0;
                import portcullis:host/planner@0.1.0;
                import portcullis:host/planner-sync@0.1.0;
                import portcullis:host/ask@0.1.0;
                import portcullis:host/ask-sync@0.1.0;
                import portcullis:chat/llm@0.1.0;
                import portcullis:chat/llm-sync@0.1.0;
                import portcullis:tool/invoke@0.1.0;
                import portcullis:tool/invoke-sync@0.1.0;
                import portcullis:tool/progress@0.1.0;
                import portcullis:tool/cancellation@0.1.0;
                import portcullis:%resource/updates@0.1.0;
                export portcullis:host/lifecycle@0.1.0;
                export portcullis:tool/tools@0.1.0;
                export portcullis:tool/sync-tools@0.1.0;
                export portcullis:tool/streaming-tools@0.1.0;
                export portcullis:hook/hooks@0.1.0;
                export portcullis:chat/provider@0.1.0;
                export portcullis:role/roles@0.1.0;
                export portcullis:%resource/resources@0.1.0;
                export portcullis:%resource/sync-resources@0.1.0;
                export portcullis:prompt/prompts@0.1.0;
                export portcullis:prompt/sync-prompts@0.1.0;
            }
        ",
        world: "portcullis:served/served@0.1.0",
        imports: {
            "portcullis:host/state-sync.get": async | trappable,
            "portcullis:host/state-sync.set": async | trappable,
            "portcullis:host/state-sync.delete": async | trappable,
            "portcullis:host/state-sync.keys": async | trappable,
            "portcullis:host/retrieval-sync.search": async | trappable,
            "portcullis:host/planner-sync.solve": async | trappable,
            "portcullis:host/ask-sync.ask": async | trappable,
            "portcullis:chat/llm-sync.chat": async | trappable,
            "portcullis:tool/invoke-sync.call": async | trappable,
            default: trappable,
        },
        exports: { default: async | store },
    });
}
