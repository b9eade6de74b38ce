//! The attributes of the Portcullis guest SDK. Use them through `portcullis-guest-sdk`, which re-exports them; what they
//! expand to names that crate.

#![deny(missing_docs)]

mod attribute;
mod docs;
mod errors;
mod function;
mod hook;
mod names;
mod parameter;
mod plugin_prompt;
mod plugin_provider;
mod plugin_role;
mod plugin_start;
mod plugin_type;
mod resource;
mod texts;
mod tool;
/// The contract's own file, by a link: a dependency would build its serde for the author's machine too.
#[allow(unreachable_pub)]
mod uri;

use proc_macro::TokenStream;

/// Makes a tool of a free function, sync or async, in any module of the plugin.
///
/// ```
/// use portcullis_guest_sdk::prelude::*;
///
/// /// Repeats a word.
/// #[plugin_tool(title = "Repeat", read_only)]
/// fn repeat(
///     /// What to repeat.
///     word: &str,
///     /// How often.
///     #[arg(default = 2)]
///     times: usize,
///     separator: Option<String>,
/// ) -> String {
///     vec![word; times].join(separator.as_deref().unwrap_or(" "))
/// }
///
/// assert_eq!(repeat("hi", 3, None), "hi hi hi");
/// ```
///
/// The function itself stays as it is. Its doc comment is the tool's description, which a model reads when it chooses:
/// say what the tool does and when to use it.
///
/// # Arguments
/// Each argument is a property of one JSON object, under its name, described by its doc comment.
/// - Its type is anything that is `Deserialize + JsonSchema` ([`#[plugin_type]`](macro@plugin_type) derives both), or a
///   reference to it: `&T`, `&str`, `&[T]`.
/// - `Option<T>` may be left out.
/// - `#[arg(default)]` and `#[arg(default = value)]` may be left out too; the value is in the schema if it is `Serialize`, so
///   it must be the same each time. A string literal serves any type that is `From<&str>`.
/// - Anything else is required, and an argument that the function does not have is refused.
/// - `Context` or `&Context` is the call itself; `InputStream` and `OutputStream` make a streaming tool (feature
///   `streaming`). They come from the host, not from the caller's object.
///
/// One argument that is marked `#[args]` takes the whole object instead, and only what comes from the host may stand beside
/// it. Then the type decides about unknown fields.
///
/// ```
/// use portcullis_guest_sdk::prelude::*;
///
/// #[plugin_type]
/// struct Search {
///     /// What to look for.
///     query: String,
///     #[serde(default)]
///     limit: Option<u32>,
/// }
///
/// /// Searches the notes.
/// #[plugin_tool]
/// async fn search(#[args] search: Search, ctx: &Context) -> Result<Vec<String>, ToolError> {
///     log::info!(call = ctx.call_id(), "looking for {}", search.query);
///     Err(ToolError::not_found("there are no notes yet"))
/// }
/// ```
///
/// # Results
/// | the function returns | the caller gets |
/// | --- | --- |
/// | `()` | nothing |
/// | `String`, `&str`, `Cow<str>` | text |
/// | `Blob`, `ResourceLink`, `Content`, `Vec<Content>`, `Vec<Blob>` | that content |
/// | any other `Serialize + JsonSchema` | structured JSON with an output schema, and the same JSON as text |
/// | `ToolOutput` | exactly that |
/// | any `IntoToolOutput` | what it makes of itself |
/// | `impl Stream` of text, `Blob`, `Content`, `Progress`, `ToolEvent`, or of `Result`s of these | its items as events (feature `streaming`) |
/// | `Result<T, E>` of these, where `E` is `Into<ToolError>` or `Display` | `T`, or the error |
///
/// It is the type that counts, not how it is written: an alias of `Context` is a context.
///
/// # The attribute
/// All of it is optional.
/// - `name = "…"`: the tool's name, 1 to 64 of `a-z`, `0-9`, `_` and `-`, the first a letter or a digit; else the function's. No
///   two tools of a plugin share one.
/// - `title = "…"`: a short name for people.
/// - `read_only`, `destructive`, `idempotent`, `open_world`: hints for who decides about the call; `read_only` says yes,
///   `read_only = false` says no, and nothing says nothing.
#[proc_macro_attribute]
pub fn plugin_tool(attribute: TokenStream, item: TokenStream) -> TokenStream {
    tool::expand(attribute.into(), item.into()).into()
}

/// Marks the function that is handed the plugin's settings once per instance, before its first call. Needs the SDK's
/// feature `lifecycle`.
///
/// The function is free, sync or async, and takes the settings as one `Deserialize` type, or nothing. It gives nothing, or a
/// `Result<(), E>`, where `E` is as for a tool; an error ends the instance and is the answer to the call that needed it.
///
/// The crate documentation of `portcullis_guest_sdk` has an example.
#[proc_macro_attribute]
pub fn plugin_start(attribute: TokenStream, item: TokenStream) -> TokenStream {
    plugin_start::expand(attribute.into(), item.into()).into()
}

/// Stands a free function, sync or async, on a point of an agent's life. Needs the SDK's feature `hooks`.
///
/// The function takes the point's payload, by value or by reference – `BeforeToolCall` for `"before-tool-call"`, and so on: they
/// are in the SDK's module `hook`, which has examples – or the payload's metadata, such as `BeforeToolCallMetadata`, which takes no
/// grant for content. Another type is a compile error.
///
/// # The attribute
/// The point's name comes first; all else is optional.
/// - `mode = observe`, `modify` or `gate`: what the hook may do; `observe` unless given.
/// - `phase = validation`, `authorization`, `policy` or `telemetry`: when it runs; `policy` unless given.
/// - `priority = 10`: lower runs first within a phase; 0 unless given.
/// - `name = "…"`: what it is called in grants and records; else the function's name. The rule is that of tools' names.
///
/// # Results
/// | mode | the function returns |
/// | --- | --- |
/// | `observe` | `()` |
/// | `modify` | the payload, or an `Option` of it: what takes its place |
/// | `gate` | a `Verdict` of the payload; just `Verdict`, if it never replaces the payload |
///
/// To ask something of the agent besides, it returns a pair of that and a `Vec<Action>`; one that observes returns the actions
/// alone. Each of these may be in a `Result`, whose error is as for a tool; the error of a gate stops what is about to happen.
#[proc_macro_attribute]
pub fn plugin_hook(attribute: TokenStream, item: TokenStream) -> TokenStream {
    hook::expand(attribute.into(), item.into()).into()
}

/// Makes a role of a free function that takes nothing and gives a `Role`. Needs the SDK's feature `roles`.
///
/// The role is called like the function, or as `name = "…"` says; the rule is that of tools' names. The SDK's type `Role` has an
/// example.
#[proc_macro_attribute]
pub fn plugin_role(attribute: TokenStream, item: TokenStream) -> TokenStream {
    plugin_role::expand(attribute.into(), item.into()).into()
}

/// Makes a resource of a free function, sync or async: something to read, at one address or at many. Needs the SDK's feature
/// `resource`.
///
/// The function's doc comment says what is in it. The SDK's module `resource` has examples.
///
/// # The attribute
/// - `uri = "…"`: its address, an absolute URI without a fragment; no two resources of a plugin share one.
/// - `template = "…"`: in its place, a URI with variables, each a name between braces: RFC 6570, level 1. Where several
///   templates match, the one with the most text outside braces is read.
/// - `media_type = "…"`: what kind of text or bytes it holds; optional.
/// - `title = "…"`: a short name for people; optional.
/// - `name = "…"`: else the function's; the rule is that of tools' names.
///
/// # Arguments
/// Each variable of the template is an argument of its name: a `String`, a `&str`, or any type that is `FromStr`; an address of
/// which it can't be made is `not-found`. Its doc comment describes it, and `#[arg(values = ["…", "…"])]` says what can be
/// offered for it; a reader may ask for others. `Context` or `&Context` is the call itself. What stands for a variable comes from
/// whoever reads, decoded: it may hold `/`, `..` and anything else.
///
/// # Results
/// | the function returns | the reader gets |
/// | --- | --- |
/// | `String`, `&str`, `Cow<str>` | text |
/// | `Vec<u8>`, `Blob` | bytes |
/// | `ResourceContents`, `Vec<ResourceContents>` | exactly that |
/// | `Result<T, E>` of these, where `E` is as for a tool | `T`, or the error |
#[proc_macro_attribute]
pub fn plugin_resource(attribute: TokenStream, item: TokenStream) -> TokenStream {
    resource::expand(attribute.into(), item.into()).into()
}

/// Makes a prompt of a free function, sync or async: messages that open a conversation, for a person to pick by name. Needs the
/// SDK's feature `prompt`.
///
/// The function's doc comment says what it opens. The SDK's module `prompt` has an example.
///
/// # The attribute
/// All of it is optional.
/// - `name = "…"`: else the function's; the rule is that of tools' names.
/// - `title = "…"`: a short name for people.
///
/// # Arguments
/// Each is a text of the caller's, by its name: a `String`, a `&str`, or any type that is `FromStr`. An `Option` of one may be
/// left out. Its doc comment describes it, and `#[arg(values = ["…", "…"])]` says what can be offered for it; a caller may give
/// others. `Context` or `&Context` is the call itself.
///
/// # Results
/// | the function returns | the caller gets |
/// | --- | --- |
/// | `String`, `&str`, `Cow<str>` | one message of the person |
/// | `PromptMessage`, `Vec<PromptMessage>` | these messages |
/// | `PromptOutput` | exactly that |
/// | `Result<T, E>` of these, where `E` is as for a tool | `T`, or the error |
#[proc_macro_attribute]
pub fn plugin_prompt(attribute: TokenStream, item: TokenStream) -> TokenStream {
    plugin_prompt::expand(attribute.into(), item.into()).into()
}

/// Makes a model provider of a type: stands on its `impl ChatProvider`. Needs the SDK's feature `providers`.
///
/// The type is made anew for each request, by its `Default`. The doc comment of the `impl` says what the provider brings. The
/// SDK's module `provider` has an example.
///
/// # The attribute
/// - `name = "…"`: by which agents ask for it; the rule is that of tools' names.
/// - `title = "…"`: what people call it; optional.
#[proc_macro_attribute]
pub fn plugin_provider(attribute: TokenStream, item: TokenStream) -> TokenStream {
    plugin_provider::expand(attribute.into(), item.into()).into()
}

/// Derives what a type needs to be an argument, a result or a setting – serde's `Serialize` and `Deserialize`, schemars'
/// `JsonSchema` – without either crate in the plugin's Cargo.toml.
///
/// ```
/// use portcullis_guest_sdk::prelude::*;
///
/// /// A point on the map.
/// #[plugin_type]
/// #[derive(Clone, Debug)]
/// #[serde(rename_all = "camelCase")]
/// struct Place {
///     /// Degrees north.
///     latitude: f64,
///     /// Degrees east.
///     longitude: f64,
///     #[serde(default)]
///     display_name: Option<String>,
/// }
/// ```
///
/// It stands above the attributes of serde and schemars. A plugin that depends on those crates may derive by itself what it
/// needs, and leave this out.
#[proc_macro_attribute]
pub fn plugin_type(attribute: TokenStream, item: TokenStream) -> TokenStream {
    plugin_type::expand(attribute.into(), item.into()).into()
}
