//! Values of component types, as they pass between JSON or serde types and a guest's memory.

use wasmtime::component::{FutureAny, StreamAny};

/// What a value counts against a limit beside its bytes, so that empty ones are not free.
pub(crate) const EACH: usize = 8;

/// A value. It says less than its type: a record is its fields in order, and a case is its number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    F32(f32),
    F64(f64),
    Char(char),
    String(String),
    /// Of `list<u8>`: one copy, never a value for each byte.
    Bytes(Vec<u8>),
    /// Of lists, fixed-length lists and tuples, of records by field, and of maps by pair.
    List(Vec<Value>),
    /// Of variants, enums, options and results.
    Case(u32, Option<Box<Value>>),
    Flags(u32),
    /// Only ever read from a guest.
    Stream(StreamAny),
    /// Only ever read from a guest.
    Future(FutureAny),
}

impl Value {
    /// What it counts against a limit of bytes.
    pub(crate) fn size(&self) -> u64 {
        let own = match self {
            Value::String(text) => text.len() as u64,
            Value::Bytes(bytes) => bytes.len() as u64,
            Value::List(items) => items.iter().map(Value::size).sum(),
            Value::Case(_, payload) => payload.as_ref().map_or(0, |payload| payload.size()),
            _ => 0,
        };
        EACH as u64 + own
    }
}
