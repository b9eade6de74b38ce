//! Single values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{no_case, unfit};
use crate::typed::mismatch::Mismatch;
use crate::typed::schema::NOT_FINITE;
use crate::typed::ty::Type;
use crate::typed::value::Value;

/// Below this, every integral `f64` is an `i128`.
const INTEGRAL: f64 = 1e30;

pub(super) fn boolean(ty: &Type, value: bool) -> Result<Value, Mismatch> {
    match ty {
        Type::Bool => Ok(Value::Bool(value)),
        ty => Err(unfit("a boolean", ty)),
    }
}

pub(super) fn integer(ty: &Type, value: i128) -> Result<Value, Mismatch> {
    let beyond = || Mismatch::value(format!("{value} is beyond {}", ty.noun()));
    match ty {
        Type::Signed(bits) => {
            let number = i64::try_from(value).map_err(|_| beyond())?;
            let least = i64::MIN >> (64 - bits);
            let within = (least..=!least).contains(&number);
            within.then_some(Value::Signed(number)).ok_or_else(beyond)
        }
        Type::Unsigned(bits) => {
            let number = u64::try_from(value).map_err(|_| beyond())?;
            let within = number <= u64::MAX >> (64 - bits);
            within.then_some(Value::Unsigned(number)).ok_or_else(beyond)
        }
        Type::F32 => Ok(Value::F32(value as f32)),
        Type::F64 => Ok(Value::F64(value as f64)),
        ty => Err(unfit("an integer", ty)),
    }
}

pub(super) fn single(ty: &Type, value: f32) -> Result<Value, Mismatch> {
    match ty {
        Type::F32 => Ok(Value::F32(value)),
        ty => float(ty, value.into()),
    }
}

pub(super) fn float(ty: &Type, value: f64) -> Result<Value, Mismatch> {
    match ty {
        Type::F64 => Ok(Value::F64(value)),
        Type::F32 if value.is_finite() && (value as f32).is_infinite() => {
            Err(Mismatch::value(format!("{value} is beyond {}", ty.noun())))
        }
        Type::F32 => Ok(Value::F32(value as f32)),
        // To JSON Schema, 1.0 is an integer.
        Type::Signed(_) | Type::Unsigned(_) if value.fract() == 0.0 && value.abs() < INTEGRAL => {
            integer(ty, value as i128)
        }
        ty => Err(unfit("a number with a fraction", ty)),
    }
}

pub(super) fn character(ty: &Type, value: char) -> Result<Value, Mismatch> {
    match ty {
        Type::Char => Ok(Value::Char(value)),
        ty => text(ty, value.encode_utf8(&mut [0; 4])),
    }
}

/// Text stands for what JSON has no other way to write, where the type says so.
pub(super) fn text(ty: &Type, value: &str) -> Result<Value, Mismatch> {
    match ty {
        Type::String => Ok(Value::String(value.to_owned())),
        Type::Char => {
            let mut chars = value.chars();
            let only = chars.next().filter(|_| chars.next().is_none());
            let only = only.ok_or_else(|| Mismatch::value("it is not one character"))?;
            Ok(Value::Char(only))
        }
        Type::Bytes => match STANDARD.decode(value) {
            Ok(bytes) => Ok(Value::Bytes(bytes)),
            Err(error) => Err(Mismatch::value(format!("it is no base64: {error}"))),
        },
        Type::Enum(cases) => match cases.iter().position(|case| case == value) {
            Some(index) => Ok(Value::Case(index as u32, None)),
            None => Err(no_case(value, cases.iter())),
        },
        Type::Signed(64) | Type::Unsigned(64) => match value.parse::<i128>() {
            Ok(number) if !value.starts_with('+') => integer(ty, number),
            _ => Err(Mismatch::value("it is no decimal integer")),
        },
        Type::F32 | Type::F64 => {
            let [nan, infinity, negative] = NOT_FINITE;
            let number = match value {
                value if value == nan => f64::NAN,
                value if value == infinity => f64::INFINITY,
                value if value == negative => f64::NEG_INFINITY,
                _ => return Err(unfit("a text", ty)),
            };
            float(ty, number)
        }
        ty => Err(unfit("a text", ty)),
    }
}

pub(super) fn bytes(ty: &Type, value: &[u8]) -> Result<Value, Mismatch> {
    match ty {
        Type::Bytes => Ok(Value::Bytes(value.to_vec())),
        ty => Err(unfit("bytes", ty)),
    }
}
