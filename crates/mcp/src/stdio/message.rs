//! A line as a message, or why it is none.

use std::fmt;
use std::marker::PhantomData;

use rmcp::model::{
    CallToolRequest, CallToolRequestMethod, CallToolRequestParams, ClientJsonRpcMessage,
    ClientRequest, ErrorData, JsonRpcMessage, JsonRpcVersion2_0, RequestId,
};
use serde::de::value::MapAccessDeserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Why a line is no message, for who sent it.
#[derive(Debug, PartialEq)]
pub(super) struct Refusal {
    /// The request that it was, as far as that can be told.
    pub(super) id: Option<RequestId>,
    pub(super) error: ErrorData,
}

impl Refusal {
    pub(super) fn invalid(id: Option<RequestId>, message: impl Into<String>) -> Self {
        let error = ErrorData::invalid_request(message.into(), None);
        Self { id, error }
    }
}

/// What is looked at of a line that can't be read as a whole. What is in it is skipped, however deep it goes.
#[derive(Deserialize)]
struct Envelope {
    /// None where there is none, and not where there is a null.
    #[serde(default, deserialize_with = "present")]
    id: Option<Id>,
    #[serde(default)]
    method: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Usable(RequestId),
    Unusable(IgnoredAny),
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Id>, D::Error> {
    Id::deserialize(deserializer).map(Some)
}

/// A call of a tool: the message that comes most, and that is waited for. It is read as what it is, where any other message is tried as
/// one kind after another.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    #[serde(rename = "jsonrpc")]
    _version: JsonRpcVersion2_0,
    id: RequestId,
    #[serde(rename = "method")]
    _method: CallToolRequestMethod,
    params: Object<CallToolRequestParams>,
}

/// What is an object. A struct alone would be read from an array of its fields too.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields))
            }
        }

        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

impl From<Call> for ClientJsonRpcMessage {
    fn from(call: Call) -> Self {
        let (id, Object(mut params)) = (call.id, call.params);
        let meta = params.meta.take();
        let mut request = CallToolRequest::new(params);
        // Where rmcp looks for it.
        meta.map(|meta| request.extensions.insert(meta));
        JsonRpcMessage::request(ClientRequest::CallToolRequest(request), id)
    }
}

/// The message in a line; none in an empty one.
pub(super) fn read(line: &[u8]) -> Result<Option<ClientJsonRpcMessage>, Option<Refusal>> {
    // Some editors put a byte order mark at the front; RFC 8259 lets a reader ignore it.
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
    let line = line.trim_ascii();
    if line.is_empty() {
        return Ok(None);
    }
    if let Ok(Object(call)) = serde_json::from_slice::<Object<Call>>(line) {
        return Ok(Some(call.into()));
    }
    serde_json::from_slice(line)
        .map(Some)
        .map_err(|error| refusal(line, &error))
}

/// What is said of a line that is no message; nothing of a notification, which nobody waits for.
fn refusal(line: &[u8], error: &serde_json::Error) -> Option<Refusal> {
    if line.starts_with(b"[") {
        let problem = "a batch: send one message a line";
        return Some(Refusal::invalid(None, problem));
    }
    let Ok(Envelope { id, method }) = serde_json::from_slice(line) else {
        let error = ErrorData::parse_error(format!("no JSON: {error}"), None);
        return Some(Refusal { id: None, error });
    };
    let (id, problem) = match id {
        None if method.is_some() => return None,
        Some(Id::Unusable(_)) => (None, "an id is a string or a whole number".to_owned()),
        Some(Id::Usable(id)) => (Some(id), error.to_string()),
        None => (None, error.to_string()),
    };
    Some(Refusal::invalid(id, problem))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmcp::model::{ErrorCode, GetMeta as _, NumberOrString};

    fn refused(line: &str) -> (Option<RequestId>, ErrorCode) {
        let refusal = read(line.as_bytes()).unwrap_err().unwrap();
        (refusal.id, refusal.error.code)
    }

    fn call(arguments: &str) -> String {
        let params = format!(r#"{{"name":"echo","arguments":{arguments}}}"#);
        format!(r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{params}}}"#)
    }

    #[test]
    fn a_call_is_read_as_rmcp_reads_it() {
        let meta = r#""_meta":{"progressToken":"one","vendor/x":[1]}"#;
        let round = r#""requestState":"s","inputResponses":{"0":{"action":"accept"}}"#;
        for params in [
            r#"{"name":"echo"}"#.to_owned(),
            r#"{"name":"echo","arguments":{"a":[1,2.5,null,"\u00e9"],"_meta":1},"task":{}}"#
                .to_owned(),
            format!(r#"{{"name":"echo","arguments":{{}},{meta},{round}}}"#),
        ] {
            for id in ["7", "\"7\""] {
                let line = format!(
                    r#"{{"method":"tools/call","params":{params},"id":{id},"jsonrpc":"2.0"}}"#
                );
                let theirs: ClientJsonRpcMessage = serde_json::from_str(&line).unwrap();
                let Object(ours) = serde_json::from_str::<Object<Call>>(&line).unwrap();
                let ours = ours.into();
                let parts = |message: ClientJsonRpcMessage| {
                    let (request, id) = message.into_request().unwrap();
                    let meta = request.get_meta().clone();
                    (id, meta, format!("{request:?}"))
                };
                assert_eq!(parts(ours), parts(theirs));
            }
        }
    }

    #[test]
    fn what_only_looks_like_a_call_is_left_to_rmcp() {
        let call = r#""jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}"#;
        for line in [
            format!(r#"{{{call},"result":{{}}}}"#),
            format!(r#"{{{call},"id":2}}"#),
            format!(r#"{{{call}}}"#).replace("2.0", "1.0"),
            format!(r#"{{{call}}}"#).replace(r#","id":1"#, ""),
            format!(r#"{{{call}}}"#).replace("tools/call", "tools/list"),
            format!(r#"{{{call}}}"#).replace(r#"{"name":"echo"}"#, r#"[null,"echo",{}]"#),
            r#"["2.0",1,"tools/call",{"name":"echo"}]"#.to_owned(),
        ] {
            assert!(
                serde_json::from_str::<Object<Call>>(&line).is_err(),
                "{line}"
            );
        }
    }

    #[test]
    fn what_is_no_json_has_no_id() {
        for line in ["{", "nonsense", "{\"id\":1,}", "\u{0}", "{\"id\":1} {}"] {
            assert_eq!(refused(line), (None, ErrorCode::PARSE_ERROR), "{line}");
        }
        let bytes = read(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}");
        assert!(bytes.is_err());
    }

    #[test]
    fn a_batch_is_no_request() {
        let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        for line in [
            "[]".to_owned(),
            format!("[{ping}]"),
            format!("[{ping},{ping}]"),
        ] {
            assert_eq!(refused(&line), (None, ErrorCode::INVALID_REQUEST));
        }
    }

    #[test]
    fn a_request_that_can_t_be_read_is_answered_by_its_id() {
        let number = Some(NumberOrString::Number(7));
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
        let past_all_stacks = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        let beyond_f64 = r#"{"a":1e400}"#.to_owned();
        let lone_surrogate = r#"{"a":"\ud800"}"#.to_owned();
        for arguments in [deep, past_all_stacks, beyond_f64, lone_surrogate] {
            let expected = (number.clone(), ErrorCode::INVALID_REQUEST);
            assert_eq!(refused(&call(&arguments)), expected);
        }
    }

    #[test]
    fn an_id_is_a_string_or_a_whole_number() {
        for id in ["1.5", "{}", "[1]", "true", "null", "99999999999999999999"] {
            let line = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
            assert_eq!(refused(&line), (None, ErrorCode::INVALID_REQUEST), "{id}");
        }
    }

    #[test]
    fn an_object_that_is_no_message_is_refused_and_a_notification_never_answered() {
        assert_eq!(refused(r#"{"foo":1}"#), (None, ErrorCode::INVALID_REQUEST));
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        let line =
            format!(r#"{{"jsonrpc":"2.0","method":"notifications/x","params":{{"a":{deep}}}}}"#);
        assert_eq!(read(line.as_bytes()).unwrap_err(), None);
    }

    #[test]
    fn nul_is_a_character_and_a_mark_at_the_front_is_none() {
        assert!(
            read(call(r#"{"a":"\u0000"}"#).as_bytes())
                .unwrap()
                .is_some()
        );
        let marked = format!("\u{feff}{}\r", call("{}"));
        assert!(read(marked.as_bytes()).unwrap().is_some());
        assert!(read(b"  ").unwrap().is_none());
    }
}
