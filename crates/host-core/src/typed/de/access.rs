//! Values within values, as serde asks for them one by one.

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::{FromValue, confused};
use crate::typed::mismatch::Mismatch;
use crate::typed::schema::{TAG, VAL};
use crate::typed::ty::Type;
use crate::typed::value::Value;

pub(super) enum Types<'t> {
    Same(&'t Type),
    Each(std::slice::Iter<'t, Type>),
}

pub(super) struct Seq<'t, 'i> {
    pub(super) types: Types<'t>,
    pub(super) values: std::vec::IntoIter<Value>,
    pub(super) index: &'i mut usize,
}

impl<'de> SeqAccess<'de> for &mut Seq<'_, '_> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Mismatch> {
        let Some(value) = self.values.next() else {
            return Ok(None);
        };
        let ty = match &mut self.types {
            Types::Same(ty) => ty,
            Types::Each(types) => types.next().ok_or_else(confused)?,
        };
        let index = *self.index;
        *self.index += 1;
        let read = seed.deserialize(FromValue { ty, value });
        read.map(Some).map_err(|error| error.within(index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.values.len())
    }
}

pub(super) struct Record<'t, I> {
    pub(super) fields: I,
    pub(super) waiting: Option<(&'t str, FromValue<'t>)>,
}

impl<'de, 't, I: Iterator<Item = (&'t (String, Type), Value)>> MapAccess<'de> for Record<'t, I> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Mismatch> {
        let Some(((name, ty), value)) = self.fields.next() else {
            return Ok(None);
        };
        self.waiting = Some((name, FromValue { ty, value }));
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mismatch> {
        let (name, value) = self.waiting.take().ok_or_else(confused)?;
        seed.deserialize(value).map_err(|error| error.within(name))
    }
}

pub(super) struct Pairs<'t> {
    pub(super) pair: &'t [Type; 2],
    pub(super) values: std::vec::IntoIter<Value>,
    pub(super) index: usize,
    pub(super) waiting: Option<Value>,
}

impl<'de> MapAccess<'de> for Pairs<'_> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Mismatch> {
        let mut entry = match self.values.next() {
            Some(Value::List(entry)) => entry.into_iter(),
            Some(_) => return Err(confused()),
            None => return Ok(None),
        };
        let (key, value) = (entry.next(), entry.next());
        self.waiting = value;
        let value = key.ok_or_else(confused)?;
        let read = seed.deserialize(FromValue {
            ty: &self.pair[0],
            value,
        });
        read.map(Some).map_err(|error| error.within(self.index))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mismatch> {
        let value = self.waiting.take().ok_or_else(confused)?;
        let read = seed.deserialize(FromValue {
            ty: &self.pair[1],
            value,
        });
        let read = read.map_err(|error| error.within(self.index));
        self.index += 1;
        read
    }
}

/// A case as an object of tag and value.
pub(super) struct Tagged<'t> {
    pub(super) name: Option<&'t str>,
    pub(super) payload: Option<FromValue<'t>>,
}

impl<'de> MapAccess<'de> for Tagged<'_> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Mismatch> {
        let key = match (self.name, &self.payload) {
            (Some(_), _) => TAG,
            (None, Some(_)) => VAL,
            (None, None) => return Ok(None),
        };
        seed.deserialize(StrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mismatch> {
        match self.name.take() {
            Some(name) => seed.deserialize(StrDeserializer::new(name)),
            None => {
                let payload = self.payload.take().ok_or_else(confused)?;
                seed.deserialize(payload).map_err(|error| error.within(VAL))
            }
        }
    }
}

/// A case as a case of a Rust enum.
pub(super) struct Case<'t> {
    pub(super) name: &'t str,
    pub(super) payload: Option<FromValue<'t>>,
}

impl<'de, 't> EnumAccess<'de> for Case<'t> {
    type Error = Mismatch;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Mismatch> {
        let name = seed.deserialize(StrDeserializer::new(self.name))?;
        Ok((name, self))
    }
}

impl<'t> Case<'t> {
    fn payload(self) -> Result<FromValue<'t>, Mismatch> {
        let missing = || Mismatch::shape("the component's case carries no value").within(self.name);
        self.payload.ok_or_else(missing)
    }
}

impl<'de> VariantAccess<'de> for Case<'_> {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        match self.payload {
            None => Ok(()),
            Some(_) => {
                Err(Mismatch::shape("the component's case carries a value").within(self.name))
            }
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Mismatch> {
        let name = self.name;
        let read = match self.payload {
            Some(payload) => seed.deserialize(payload),
            // `Ok(())` of a result without a value.
            None => seed.deserialize(de::value::UnitDeserializer::new()),
        };
        read.map_err(|error| error.within(name))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Mismatch> {
        let name = self.name;
        let read = self.payload()?.deserialize_seq(visitor);
        read.map_err(|error| error.within(name))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let name = self.name;
        let read = self.payload()?.deserialize_any(visitor);
        read.map_err(|error| error.within(name))
    }
}
