//! Component types as JSON Schema 2020-12. What fits the schema converts, and what a guest gives fits it.

use serde_json::{Map, Value as Json, json};

use super::ty::Type;

/// What JSON calls the numbers that it can't write.
pub(crate) const NOT_FINITE: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// Integers beyond this are not exact in readers that have floats alone, JavaScript's among them: they go as strings.
pub(crate) const EXACT: i64 = (1 << 53) - 1;

/// The keys of a variant: which case it is, and what that carries.
pub(crate) const TAG: &str = "tag";
pub(crate) const VAL: &str = "val";

/// The schema of one type.
pub(crate) fn of(ty: &Type) -> Json {
    match ty {
        Type::Bool => json!({"type": "boolean"}),
        Type::Signed(bits) => {
            let least = i64::MIN >> (64 - bits);
            integer(*bits, json!(least), json!(!least))
        }
        Type::Unsigned(bits) => integer(*bits, json!(0), json!(u64::MAX >> (64 - bits))),
        Type::F32 | Type::F64 => json!({"anyOf": [{"type": "number"}, {"enum": NOT_FINITE}]}),
        Type::Char => json!({"type": "string", "minLength": 1, "maxLength": 1}),
        Type::String => json!({"type": "string"}),
        Type::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
        Type::List(element) => json!({"type": "array", "items": of(element)}),
        Type::Array(element, length) => {
            json!({"type": "array", "items": of(element), "minItems": length, "maxItems": length})
        }
        Type::Map(pair) => json!({"type": "array", "items": tuple(&pair[..])}),
        Type::Record(fields) => object(fields.iter().map(|(name, ty)| (&**name, ty))),
        Type::Tuple(types) => tuple(types),
        Type::Enum(cases) => json!({"type": "string", "enum": cases}),
        Type::Flags(flags) => {
            json!({"type": "array", "items": {"enum": flags}, "uniqueItems": true})
        }
        Type::Option(inner, false) => json!({"anyOf": [of(inner), {"type": "null"}]}),
        Type::Option(inner, true) => {
            json!({"oneOf": [case("none", None), case("some", Some(inner))]})
        }
        Type::Variant(cases) => {
            let cases = cases.iter().map(|(name, ty)| case(name, ty.as_ref()));
            json!({"oneOf": cases.collect::<Vec<_>>()})
        }
    }
}

/// An integer; those of 64 bits may come as decimal strings, and do where they are beyond [`EXACT`].
fn integer(bits: u32, least: Json, most: Json) -> Json {
    let number = json!({"type": "integer", "minimum": least, "maximum": most});
    if bits < 64 {
        return number;
    }
    json!({"anyOf": [number, {"type": "string", "pattern": "^-?[0-9]{1,20}$"}]})
}

fn tuple(types: &[Type]) -> Json {
    let items: Vec<_> = types.iter().map(of).collect();
    json!({"type": "array", "prefixItems": items, "items": false, "minItems": types.len()})
}

/// An object that has these properties and no others.
pub(crate) fn object<'a>(properties: impl Iterator<Item = (&'a str, &'a Type)> + Clone) -> Json {
    let required = properties.clone().filter(|(_, ty)| !ty.may_be_missing());
    let required: Vec<_> = required.map(|(name, _)| name).collect();
    let properties = properties.map(|(name, ty)| (name.to_owned(), of(ty)));
    json!({
        "type": "object",
        "properties": properties.collect::<Map<_, _>>(),
        "required": required,
        "additionalProperties": false,
    })
}

fn case(name: &str, payload: Option<&Type>) -> Json {
    let mut properties = json!({TAG: {"const": name}});
    let mut required = vec![TAG];
    if let Some(ty) = payload {
        properties[VAL] = of(ty);
        required.push(VAL);
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}
