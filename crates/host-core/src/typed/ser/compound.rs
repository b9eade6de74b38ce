//! Values of several values.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};
use serde_json::Value as Json;

use super::{ToValue, to_value, unfit};
use crate::typed::mismatch::Mismatch;
use crate::typed::schema::{TAG, VAL};
use crate::typed::ty::Type;
use crate::typed::value::Value;

/// Room that is made for items before they come, however many are announced.
const ROOM: usize = 1024;

/// Values in order.
pub(in crate::typed) struct Items<'t> {
    kind: Kind<'t>,
    /// Whether the type is an option of it.
    wrapped: bool,
    values: Vec<Value>,
}

enum Kind<'t> {
    Bytes(Vec<u8>),
    List(&'t Type, Option<u32>),
    Tuple(&'t [Type]),
    Params(&'t [(String, Type)]),
    /// The pairs of a map, as tuples.
    Pairs(Type),
    /// The flags as an enum: each of them is one of its cases.
    Flags(Type),
}

impl<'t> Items<'t> {
    pub(super) fn new(ty: &'t Type, wrapped: bool, length: usize) -> Result<Self, Mismatch> {
        let kind = match ty {
            Type::Bytes => Kind::Bytes(Vec::with_capacity(length.min(ROOM))),
            Type::List(element) => Kind::List(element, None),
            Type::Array(element, length) => Kind::List(element, Some(*length)),
            Type::Tuple(types) => Kind::Tuple(types),
            Type::Map(pair) => Kind::Pairs(Type::Tuple(pair.to_vec())),
            Type::Flags(flags) => Kind::Flags(Type::Enum(flags.clone())),
            ty => return Err(unfit("a list", ty)),
        };
        Ok(Self {
            kind,
            wrapped,
            values: Vec::with_capacity(length.min(ROOM)),
        })
    }

    pub(super) fn tuple_of(params: &'t [(String, Type)], length: usize) -> Self {
        Self {
            kind: Kind::Params(params),
            wrapped: false,
            values: Vec::with_capacity(length.min(ROOM)),
        }
    }

    fn add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Mismatch> {
        let index = self.values.len();
        let too_many = |most: usize| Mismatch::shape(format!("there are more than {most} values"));
        let value = match &mut self.kind {
            Kind::Bytes(bytes) => {
                let at = bytes.len();
                match to_value(&Type::Unsigned(8), value).map_err(|error| error.within(at))? {
                    Value::Unsigned(byte) => bytes.push(byte as u8),
                    _ => return Err(Mismatch::shape("it is no byte")),
                }
                return Ok(());
            }
            Kind::List(element, _) => to_value(element, value),
            Kind::Tuple(types) => match types.get(index) {
                Some(ty) => to_value(ty, value),
                None => return Err(too_many(types.len())),
            },
            Kind::Params(params) => match params.get(index) {
                Some((_, ty)) => to_value(ty, value),
                None => return Err(too_many(params.len())),
            },
            Kind::Pairs(element) | Kind::Flags(element) => to_value(element, value),
        };
        self.values
            .push(value.map_err(|error| error.within(index))?);
        Ok(())
    }

    fn finish(self) -> Result<Value, Mismatch> {
        let found = self.values.len();
        let wanted = match &self.kind {
            Kind::List(_, Some(length)) => *length as usize,
            Kind::Tuple(types) => types.len(),
            _ => found,
        };
        if found != wanted {
            return Err(Mismatch::shape(format!("{found} values for {wanted}")));
        }
        let value = match self.kind {
            Kind::Bytes(bytes) => Value::Bytes(bytes),
            Kind::Flags(_) => {
                let mut flags = 0;
                for value in self.values {
                    if let Value::Case(flag, _) = value {
                        flags |= 1 << flag;
                    }
                }
                Value::Flags(flags)
            }
            _ => Value::List(self.values),
        };
        Ok(wrap(value, self.wrapped))
    }
}

fn wrap(value: Value, wrapped: bool) -> Value {
    if wrapped {
        Value::Case(1, Some(Box::new(value)))
    } else {
        value
    }
}

/// Values by name.
pub(in crate::typed) struct Fields<'t> {
    kind: Named<'t>,
    wrapped: bool,
    key: Option<String>,
}

enum Named<'t> {
    Record(&'t [(String, Type)], Vec<Option<Value>>),
    Map(&'t [Type; 2], Vec<Value>, Option<Value>),
    Tagged {
        ty: &'t Type,
        tag: Option<String>,
        payload: Option<Payload>,
    },
}

/// What a case carries, read once the case is known.
enum Payload {
    Read(u32, Value),
    Waiting(Json),
}

impl<'t> Fields<'t> {
    pub(super) fn new(ty: &'t Type, wrapped: bool) -> Result<Self, Mismatch> {
        let kind = match ty {
            Type::Record(fields) => {
                return Ok(Self {
                    wrapped,
                    ..Self::record_of(fields)
                });
            }
            Type::Map(pair) => Named::Map(pair, Vec::new(), None),
            Type::Variant(_) | Type::Option(_, true) => Named::Tagged {
                ty,
                tag: None,
                payload: None,
            },
            ty => return Err(unfit("an object", ty)),
        };
        Ok(Self {
            kind,
            wrapped,
            key: None,
        })
    }

    pub(super) fn record_of(fields: &'t [(String, Type)]) -> Self {
        Self {
            kind: Named::Record(fields, vec![None; fields.len()]),
            wrapped: false,
            key: None,
        }
    }

    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Mismatch> {
        match &mut self.kind {
            Named::Map(pair, pairs, waiting) => {
                let index = pairs.len();
                *waiting = Some(to_value(&pair[0], key).map_err(|error| error.within(index))?);
            }
            _ => match to_value(&Type::String, key)? {
                Value::String(key) => self.key = Some(key),
                _ => return Err(Mismatch::shape("a name is no text")),
            },
        }
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Mismatch> {
        if let Named::Map(pair, pairs, waiting) = &mut self.kind {
            let index = pairs.len();
            let value = to_value(&pair[1], value).map_err(|error| error.within(index))?;
            if let Some(key) = waiting.take() {
                pairs.push(Value::List(vec![key, value]));
            }
            return Ok(());
        }
        let key = self.key.take().unwrap_or_default();
        self.named(&key, value)
    }

    fn named<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), Mismatch> {
        match &mut self.kind {
            Named::Record(fields, values) => {
                let Some(index) = fields.iter().position(|(name, _)| name == key) else {
                    let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
                    let names = names.join(", ");
                    let problem = format!("the component has no such field; it has {names}");
                    return Err(Mismatch::shape(problem).within(key));
                };
                let value = to_value(&fields[index].1, value);
                values[index] = Some(value.map_err(|error| error.within(key))?);
            }
            Named::Map(..) => return self.key(key).and_then(|()| self.value(value)),
            Named::Tagged { tag, .. } if key == TAG => match to_value(&Type::String, value)? {
                Value::String(text) => *tag = Some(text),
                _ => return Err(Mismatch::shape("it is no text").within(TAG)),
            },
            Named::Tagged { ty, tag, payload } if key == VAL => {
                *payload = Some(match tag {
                    Some(tag) => Payload::read(ty, tag, value)?,
                    None => Payload::Waiting(serde_json::to_value(value).map_err(Mismatch::value)?),
                });
            }
            Named::Tagged { .. } => {
                let problem = format!("a case has {TAG:?} and {VAL:?} alone");
                return Err(Mismatch::shape(problem).within(key));
            }
        }
        Ok(())
    }

    fn values(self) -> Result<Vec<Value>, Mismatch> {
        let Named::Record(fields, values) = self.kind else {
            return Err(Mismatch::shape("it is no record"));
        };
        let values = fields
            .iter()
            .zip(values)
            .map(|((name, ty), value)| match value {
                Some(value) => Ok(value),
                None if ty.may_be_missing() => Ok(Value::Case(0, None)),
                None => Err(Mismatch::shape("it is missing").within(name)),
            });
        values.collect()
    }

    fn finish(self) -> Result<Value, Mismatch> {
        let wrapped = self.wrapped;
        let value = match self.kind {
            Named::Record(..) => Value::List(self.values()?),
            Named::Map(_, pairs, _) => Value::List(pairs),
            Named::Tagged { tag: None, .. } => {
                return Err(Mismatch::shape("it is missing").within(TAG));
            }
            Named::Tagged {
                ty,
                tag: Some(tag),
                payload,
            } => {
                let (case, wanted) = ToValue { ty }.variant(&tag)?;
                let read = match payload {
                    Some(Payload::Waiting(json)) => Some(Payload::read(ty, &tag, &json)?),
                    other => other,
                };
                match (wanted, read) {
                    (_, Some(Payload::Read(case, value))) => {
                        Value::Case(case, Some(Box::new(value)))
                    }
                    (Some(_), _) => return Err(Mismatch::shape("it is missing").within(VAL)),
                    (None, _) => Value::Case(case, None),
                }
            }
        };
        Ok(wrap(value, wrapped))
    }
}

impl Payload {
    fn read<T: Serialize + ?Sized>(ty: &Type, tag: &str, value: &T) -> Result<Self, Mismatch> {
        match (ToValue { ty }).variant(tag)? {
            (case, Some(ty)) => {
                let value = to_value(ty, value).map_err(|error| error.within(VAL))?;
                Ok(Payload::Read(case, value))
            }
            (_, None) => Err(Mismatch::shape("the case carries no value").within(VAL)),
        }
    }
}

/// The values of a case that has several.
pub(in crate::typed) struct InCase<C> {
    case: u32,
    name: &'static str,
    wrapped: bool,
    values: C,
}

impl<'t, C> InCase<C> {
    pub(super) fn new(
        to: ToValue<'t>,
        name: &'static str,
        values: impl FnOnce(ToValue<'t>) -> Result<C, Mismatch>,
    ) -> Result<Self, Mismatch> {
        let (ty, wrapped) = match to.ty {
            Type::Option(inner, false) => (&**inner, true),
            ty => (ty, false),
        };
        match (ToValue { ty }).variant(name)? {
            (case, Some(ty)) => Ok(Self {
                case,
                name,
                wrapped,
                values: values(ToValue { ty }).map_err(|error| error.within(name))?,
            }),
            (_, None) => Err(Mismatch::shape("the case carries no value").within(name)),
        }
    }

    fn close(self, finish: impl FnOnce(C) -> Result<Value, Mismatch>) -> Result<Value, Mismatch> {
        let value = finish(self.values).map_err(|error| error.within(self.name))?;
        Ok(wrap(
            Value::Case(self.case, Some(Box::new(value))),
            self.wrapped,
        ))
    }
}

/// The parameters of a function.
pub(in crate::typed) struct Params<C>(pub(super) C);

impl Params<Items<'_>> {
    pub(super) fn done(self) -> Result<Vec<Value>, Mismatch> {
        let Items {
            kind, mut values, ..
        } = self.0;
        let Kind::Params(params) = kind else {
            return Err(Mismatch::shape("they are no parameters"));
        };
        for (name, ty) in &params[values.len()..] {
            if !ty.may_be_missing() {
                return Err(Mismatch::shape("it is missing").within(name));
            }
            values.push(Value::Case(0, None));
        }
        Ok(values)
    }
}

/// Implements serde's traits for several values in order.
macro_rules! in_order {
    ($($trait:ident::$method:ident),*; $target:ty, $ok:ty, |$this:ident| ($items:expr, $end:expr)) => {
        $(impl $trait for $target {
            type Ok = $ok;
            type Error = Mismatch;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Mismatch> {
                let $this = self;
                $items.add(value)
            }

            fn end(self) -> Result<$ok, Mismatch> {
                let $this = self;
                $end
            }
        })*
    };
}

in_order!(
    SerializeSeq::serialize_element, SerializeTuple::serialize_element, SerializeTupleStruct::serialize_field;
    Items<'_>, Value, |this| (this, this.finish())
);
in_order!(
    SerializeSeq::serialize_element, SerializeTuple::serialize_element, SerializeTupleStruct::serialize_field;
    Params<Items<'_>>, Vec<Value>, |this| (this.0, this.done())
);
in_order!(
    SerializeTupleVariant::serialize_field;
    InCase<Items<'_>>, Value, |this| (this.values, this.close(Items::finish))
);

/// Implements serde's traits for several values by name.
macro_rules! by_name {
    ($($trait:ident),*; $target:ty, $ok:ty, |$this:ident| ($fields:expr, $end:expr)) => {
        $(impl $trait for $target {
            type Ok = $ok;
            type Error = Mismatch;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), Mismatch> {
                let $this = self;
                $fields.named(key, value)
            }

            fn end(self) -> Result<$ok, Mismatch> {
                let $this = self;
                $end
            }
        })*
    };
}

by_name!(SerializeStruct; Fields<'_>, Value, |this| (this, this.finish()));
by_name!(SerializeStruct; Params<Fields<'_>>, Vec<Value>, |this| (this.0, this.0.values()));
by_name!(SerializeStructVariant; InCase<Fields<'_>>, Value, |this| (this.values, this.close(Fields::finish)));

/// Implements serde's trait for keys and values.
macro_rules! as_map {
    ($target:ty, $ok:ty, |$this:ident| ($fields:expr, $end:expr)) => {
        impl SerializeMap for $target {
            type Ok = $ok;
            type Error = Mismatch;

            fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Mismatch> {
                let $this = self;
                $fields.key(key)
            }

            fn serialize_value<T: Serialize + ?Sized>(
                &mut self,
                value: &T,
            ) -> Result<(), Mismatch> {
                let $this = self;
                $fields.value(value)
            }

            fn end(self) -> Result<$ok, Mismatch> {
                let $this = self;
                $end
            }
        }
    };
}

as_map!(Fields<'_>, Value, |this| (this, this.finish()));
as_map!(Params<Fields<'_>>, Vec<Value>, |this| (
    this.0,
    this.0.values()
));
