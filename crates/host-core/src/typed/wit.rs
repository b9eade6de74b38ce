//! Types as WIT would say them, for people.

use std::fmt;

use super::function::Function;
use super::ty::{Flow, Piece, Returns, Type};

/// A function without its name: `func(a: u32) -> string`.
pub(crate) struct Signature<'a>(pub(crate) &'a Function);

impl fmt::Display for Signature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function = self.0;
        f.write_str("func(")?;
        for (index, (name, ty)) in function.params.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{name}: {ty}")?;
        }
        f.write_str(")")?;
        match (&function.returns, &function.error) {
            (Returns::Nothing, None) => Ok(()),
            (Returns::Nothing, Some(None)) => f.write_str(" -> result"),
            (Returns::Nothing, Some(Some(error))) => write!(f, " -> result<_, {error}>"),
            (returns, None) => write!(f, " -> {returns}"),
            (returns, Some(None)) => write!(f, " -> result<{returns}>"),
            (returns, Some(Some(error))) => write!(f, " -> result<{returns}, {error}>"),
        }
    }
}

impl fmt::Display for Returns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let piece = |piece: &Piece| match piece {
            Piece::Bytes => "u8",
            Piece::Blob => "list<u8>",
            Piece::Text => "string",
        };
        match self {
            Returns::Nothing => f.write_str("_"),
            Returns::Value(ty) => ty.fmt(f),
            Returns::Flow(Flow::Stream(of)) => write!(f, "stream<{}>", piece(of)),
            Returns::Flow(Flow::Future(of)) => write!(f, "future<{}>", piece(of)),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Bool => f.write_str("bool"),
            Type::Signed(bits) => write!(f, "s{bits}"),
            Type::Unsigned(bits) => write!(f, "u{bits}"),
            Type::F32 => f.write_str("f32"),
            Type::F64 => f.write_str("f64"),
            Type::Char => f.write_str("char"),
            Type::String => f.write_str("string"),
            Type::Bytes => f.write_str("list<u8>"),
            Type::List(element) => write!(f, "list<{element}>"),
            Type::Array(element, length) => write!(f, "list<{element}, {length}>"),
            Type::Map(pair) => write!(f, "map<{}, {}>", pair[0], pair[1]),
            Type::Option(inner, _) => write!(f, "option<{inner}>"),
            Type::Enum(cases) => write!(f, "enum {{ {} }}", cases.join(", ")),
            Type::Flags(flags) => write!(f, "flags {{ {} }}", flags.join(", ")),
            Type::Tuple(types) => {
                let types: Vec<_> = types.iter().map(Type::to_string).collect();
                write!(f, "tuple<{}>", types.join(", "))
            }
            Type::Record(fields) => {
                let fields = fields.iter().map(|(name, ty)| format!("{name}: {ty}"));
                let fields: Vec<_> = fields.collect();
                write!(f, "record {{ {} }}", fields.join(", "))
            }
            Type::Variant(cases) => {
                let cases = cases.iter().map(|(name, ty)| match ty {
                    Some(ty) => format!("{name}({ty})"),
                    None => name.clone(),
                });
                let cases: Vec<_> = cases.collect();
                write!(f, "variant {{ {} }}", cases.join(", "))
            }
        }
    }
}
