//! Between the bindings of `chat-types` and the contract's types, which have the same fields.

use portcullis_contract::chat::*;

use crate::bindings::v0_1::portcullis::chat::chat_types as wit;

/// A record whose fields need no conversion, both ways.
macro_rules! records {
    ($($name:ident { $($field:ident),* })*) => {$(
        impl From<wit::$name> for $name {
            fn from(wit::$name { $($field),* }: wit::$name) -> Self {
                Self { $($field),* }
            }
        }

        impl From<$name> for wit::$name {
            fn from($name { $($field),* }: $name) -> Self {
                Self { $($field),* }
            }
        }
    )*};
}

/// A variant, both ways.
macro_rules! variants {
    ($($name:ident { $($plain:ident),*; $($converted:ident),* })*) => {$(
        impl From<wit::$name> for $name {
            fn from(value: wit::$name) -> Self {
                match value {
                    $(wit::$name::$plain(inner) => Self::$plain(inner),)*
                    $(wit::$name::$converted(inner) => Self::$converted(inner.into()),)*
                }
            }
        }

        impl From<$name> for wit::$name {
            fn from(value: $name) -> Self {
                match value {
                    $($name::$plain(inner) => Self::$plain(inner),)*
                    $($name::$converted(inner) => Self::$converted(inner.into()),)*
                }
            }
        }
    )*};
}

records! {
    ToolSpec { name, description, input_schema }
    ToolUse { id, name, arguments }
    Media { media_type, data }
    Extension { kind, payload }
    ToolUseDelta { index, id, name, arguments }
    Usage { input_tokens, output_tokens, details }
    ChatError { code, message, retryable, retry_after_ms }
    ModelInfo { id, title, context_tokens, features }
    ProviderDefinition { name, title, description, extra }
}

variants! {
    ToolResultPart { Text; Media, Other }
    Part { Text; Media, ToolUse, ToolResult, Other }
    Delta { Text, Reasoning; ToolUse, Other }
}

fn all<T, U: From<T>>(list: Vec<T>) -> Vec<U> {
    list.into_iter().map(U::from).collect()
}

/// A record with lists and options of what is converted, both ways.
macro_rules! nested {
    ($($name:ident { $($plain:ident),*; $($list:ident),*; $($optional:ident),* })*) => {$(
        impl From<wit::$name> for $name {
            fn from(value: wit::$name) -> Self {
                Self {
                    $($plain: value.$plain,)*
                    $($list: all(value.$list),)*
                    $($optional: value.$optional.map(Into::into),)*
                }
            }
        }

        impl From<$name> for wit::$name {
            fn from(value: $name) -> Self {
                Self {
                    $($plain: value.$plain,)*
                    $($list: all(value.$list),)*
                    $($optional: value.$optional.map(Into::into),)*
                }
            }
        }
    )*};
}

nested! {
    ToolResult { tool_use_id, is_error; content; }
    Message { role; parts; }
    ChatRequest { model, temperature, max_output_tokens, thinking_level, extra; messages, tools; }
    Finish { reason, extra; ; usage }
}
