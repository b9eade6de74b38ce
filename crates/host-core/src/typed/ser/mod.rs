//! Serde values, JSON among them, into values of a component's types.
//!
//! Types decide, never the look of a value: a string is base64 where bytes are wanted, and a number nowhere but where the schema says
//! that strings are numbers too.

mod compound;
mod scalar;

use serde::ser::{Impossible, Serialize, Serializer};

use self::compound::{Fields, InCase, Items};
use super::mismatch::Mismatch;
use super::ty::Type;
use super::value::Value;

/// A value of this type.
pub(crate) fn to_value<T: Serialize + ?Sized>(ty: &Type, value: &T) -> Result<Value, Mismatch> {
    value.serialize(ToValue { ty })
}

/// A value for each parameter: of a struct or an object by name, of a tuple by place.
pub(crate) fn to_params<T: Serialize + ?Sized>(
    params: &[(String, Type)],
    value: &T,
) -> Result<Vec<Value>, Mismatch> {
    value.serialize(ToParams { params })
}

#[derive(Clone, Copy)]
pub(super) struct ToValue<'t> {
    ty: &'t Type,
}

impl<'t> ToValue<'t> {
    /// Puts the value into as many options as the type has around it, where they need not be told apart.
    fn inner(
        self,
        serialize: impl FnOnce(&'t Type) -> Result<Value, Mismatch>,
    ) -> Result<Value, Mismatch> {
        match self.ty {
            Type::Option(inner, false) => {
                let value = serialize(inner)?;
                Ok(Value::Case(1, Some(Box::new(value))))
            }
            ty => serialize(ty),
        }
    }

    fn variant(self, name: &str) -> Result<(u32, Option<&'t Type>), Mismatch> {
        match self.ty {
            Type::Variant(cases) => {
                // A result's cases, as serde names them.
                let name = match (name, cases.first()) {
                    ("Ok", Some((first, _))) if first == "ok" => "ok",
                    ("Err", Some((first, _))) if first == "ok" => "err",
                    _ => name,
                };
                let index = cases.iter().position(|(case, _)| case == name);
                let index =
                    index.ok_or_else(|| no_case(name, cases.iter().map(|(name, _)| name)))?;
                Ok((index as u32, cases[index].1.as_ref()))
            }
            Type::Enum(cases) => {
                let index = cases.iter().position(|case| case == name);
                let index = index.ok_or_else(|| no_case(name, cases.iter()))?;
                Ok((index as u32, None))
            }
            Type::Option(inner, true) => match name {
                "none" => Ok((0, None)),
                "some" => Ok((1, Some(&**inner))),
                _ => Err(no_case(name, ["none", "some"])),
            },
            ty => Err(unfit("a case", ty)),
        }
    }

    fn items(self, length: Option<usize>) -> Result<Items<'t>, Mismatch> {
        let (ty, wrapped) = match self.ty {
            Type::Option(inner, false) => (&**inner, true),
            ty => (ty, false),
        };
        Items::new(ty, wrapped, length.unwrap_or(0))
    }

    fn fields(self) -> Result<Fields<'t>, Mismatch> {
        let (ty, wrapped) = match self.ty {
            Type::Option(inner, false) => (&**inner, true),
            ty => (ty, false),
        };
        Fields::new(ty, wrapped)
    }
}

fn no_case<S: AsRef<str>>(name: &str, cases: impl IntoIterator<Item = S>) -> Mismatch {
    let cases: Vec<_> = cases
        .into_iter()
        .map(|case| case.as_ref().to_owned())
        .collect();
    Mismatch::shape(format!(
        "there is no case {name:?}; there are {}",
        cases.join(", ")
    ))
}

fn unfit(found: &str, ty: &Type) -> Mismatch {
    Mismatch::shape(format!("{found} where the component takes {}", ty.noun()))
}

/// Serializes by the scalar conversions.
macro_rules! scalars {
    ($($method:ident($ty:ty) => $with:ident;)*) => {
        $(fn $method(self, value: $ty) -> Result<Value, Mismatch> {
            self.inner(|ty| scalar::$with(ty, value.into()))
        })*
    };
}

impl<'t> Serializer for ToValue<'t> {
    type Ok = Value;
    type Error = Mismatch;
    type SerializeSeq = Items<'t>;
    type SerializeTuple = Items<'t>;
    type SerializeTupleStruct = Items<'t>;
    type SerializeTupleVariant = InCase<Items<'t>>;
    type SerializeMap = Fields<'t>;
    type SerializeStruct = Fields<'t>;
    type SerializeStructVariant = InCase<Fields<'t>>;

    scalars! {
        serialize_bool(bool) => boolean;
        serialize_i8(i8) => integer;
        serialize_i16(i16) => integer;
        serialize_i32(i32) => integer;
        serialize_i64(i64) => integer;
        serialize_u8(u8) => integer;
        serialize_u16(u16) => integer;
        serialize_u32(u32) => integer;
        serialize_u64(u64) => integer;
        serialize_i128(i128) => integer;
        serialize_f32(f32) => single;
        serialize_f64(f64) => float;
        serialize_char(char) => character;
        serialize_str(&str) => text;
        serialize_bytes(&[u8]) => bytes;
    }

    fn serialize_none(self) -> Result<Value, Mismatch> {
        match self.ty {
            Type::Option(..) => Ok(Value::Case(0, None)),
            ty => Err(unfit("nothing", ty)),
        }
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Mismatch> {
        match self.ty {
            Type::Option(inner, _) => {
                let value = to_value(inner, value)?;
                Ok(Value::Case(1, Some(Box::new(value))))
            }
            _ => value.serialize(self),
        }
    }

    fn serialize_unit(self) -> Result<Value, Mismatch> {
        match self.ty {
            Type::Option(_, false) => Ok(Value::Case(0, None)),
            ty => Err(unfit("nothing", ty)),
        }
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, Mismatch> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Value, Mismatch> {
        self.inner(|ty| match (ToValue { ty }).variant(variant)? {
            (case, None) => Ok(Value::Case(case, None)),
            (_, Some(_)) => Err(Mismatch::shape("the case carries a value").within(variant)),
        })
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Value, Mismatch> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, Mismatch> {
        self.inner(|ty| {
            let (case, payload) = (ToValue { ty }).variant(variant)?;
            let payload = match payload {
                Some(ty) => {
                    let value = to_value(ty, value).map_err(|error| error.within(variant))?;
                    Some(Box::new(value))
                }
                // `Ok(())` of a result without a value.
                None => {
                    value
                        .serialize(Nothing)
                        .map_err(|error| error.within(variant))?;
                    None
                }
            };
            Ok(Value::Case(case, payload))
        })
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Items<'t>, Mismatch> {
        self.items(length)
    }

    fn serialize_tuple(self, length: usize) -> Result<Items<'t>, Mismatch> {
        self.items(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Items<'t>, Mismatch> {
        self.items(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleVariant, Mismatch> {
        InCase::new(self, variant, |payload| payload.items(Some(length)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields<'t>, Mismatch> {
        self.fields()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'t>, Mismatch> {
        self.fields()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Mismatch> {
        InCase::new(self, variant, ToValue::fields)
    }
}

/// Takes a unit, and nothing else.
struct Nothing;

/// Parameters, taken from a struct, an object or a tuple.
struct ToParams<'t> {
    params: &'t [(String, Type)],
}

/// A serializer that refuses what it has no method of its own for.
macro_rules! refuse {
    ($ok:ty, $what:literal: $($method:ident($($argument:ty),*);)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$ok, Mismatch> {
            Err(Mismatch::shape($what))
        })*
    };
}

macro_rules! refuse_scalars {
    ($ok:ty, $what:literal) => {
        refuse! { $ok, $what:
            serialize_bool(bool); serialize_i8(i8); serialize_i16(i16); serialize_i32(i32); serialize_i64(i64);
            serialize_u8(u8); serialize_u16(u16); serialize_u32(u32); serialize_u64(u64);
            serialize_f32(f32); serialize_f64(f64); serialize_char(char); serialize_str(&str); serialize_bytes(&[u8]);
            serialize_none(); serialize_unit_variant(&'static str, u32, &'static str);
        }

        fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<$ok, Mismatch> {
            value.serialize(self)
        }

        fn serialize_newtype_struct<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            value: &T,
        ) -> Result<$ok, Mismatch> {
            value.serialize(self)
        }

        fn serialize_newtype_variant<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: &T,
        ) -> Result<$ok, Mismatch> {
            Err(Mismatch::shape($what))
        }

        fn serialize_unit_struct(self, _: &'static str) -> Result<$ok, Mismatch> {
            self.serialize_unit()
        }
    };
}

impl Serializer for Nothing {
    type Ok = ();
    type Error = Mismatch;
    type SerializeSeq = Impossible<(), Mismatch>;
    type SerializeTuple = Impossible<(), Mismatch>;
    type SerializeTupleStruct = Impossible<(), Mismatch>;
    type SerializeTupleVariant = Impossible<(), Mismatch>;
    type SerializeMap = Impossible<(), Mismatch>;
    type SerializeStruct = Impossible<(), Mismatch>;
    type SerializeStructVariant = Impossible<(), Mismatch>;

    refuse_scalars!((), "the case carries no value");

    fn serialize_unit(self) -> Result<(), Mismatch> {
        Ok(())
    }

    refuse! { Impossible<(), Mismatch>, "the case carries no value":
        serialize_seq(Option<usize>); serialize_tuple(usize); serialize_tuple_struct(&'static str, usize);
        serialize_tuple_variant(&'static str, u32, &'static str, usize); serialize_map(Option<usize>);
        serialize_struct(&'static str, usize); serialize_struct_variant(&'static str, u32, &'static str, usize);
    }
}

impl<'t> Serializer for ToParams<'t> {
    type Ok = Vec<Value>;
    type Error = Mismatch;
    type SerializeSeq = compound::Params<Items<'t>>;
    type SerializeTuple = compound::Params<Items<'t>>;
    type SerializeTupleStruct = compound::Params<Items<'t>>;
    type SerializeTupleVariant = Impossible<Vec<Value>, Mismatch>;
    type SerializeMap = compound::Params<Fields<'t>>;
    type SerializeStruct = compound::Params<Fields<'t>>;
    type SerializeStructVariant = Impossible<Vec<Value>, Mismatch>;

    refuse_scalars!(Vec<Value>, "arguments are a tuple, a struct or an object");

    fn serialize_unit(self) -> Result<Vec<Value>, Mismatch> {
        compound::Params(Items::tuple_of(self.params, 0)).done()
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self::SerializeSeq, Mismatch> {
        Ok(compound::Params(Items::tuple_of(
            self.params,
            length.unwrap_or(0),
        )))
    }

    fn serialize_tuple(self, length: usize) -> Result<Self::SerializeTuple, Mismatch> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleStruct, Mismatch> {
        self.serialize_seq(Some(length))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Mismatch> {
        Ok(compound::Params(Fields::record_of(self.params)))
    }

    fn serialize_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStruct, Mismatch> {
        self.serialize_map(None)
    }

    refuse! { Impossible<Vec<Value>, Mismatch>, "arguments are a tuple, a struct or an object":
        serialize_tuple_variant(&'static str, u32, &'static str, usize);
        serialize_struct_variant(&'static str, u32, &'static str, usize);
    }
}
