//! Values into a guest's parameters and memory.

use wasmtime::component::__internal::{InterfaceType, LowerContext};
use wasmtime::{Result, ValRaw, bail};

use super::{MAX_FLAT_PARAMS, lower_pointer_pair};
use crate::typed::Value;

/// Core parameters as they are filled.
pub(super) struct Flat {
    slots: [ValRaw; MAX_FLAT_PARAMS],
    used: usize,
}

impl Default for Flat {
    fn default() -> Self {
        Self {
            slots: [ValRaw::u64(0); MAX_FLAT_PARAMS],
            used: 0,
        }
    }
}

impl Flat {
    fn push(&mut self, value: ValRaw) -> Result<()> {
        let Some(slot) = self.slots.get_mut(self.used) else {
            bail!("more core parameters than a function has");
        };
        *slot = value;
        self.used += 1;
        Ok(())
    }

    pub(super) fn into_slots(self) -> [ValRaw; MAX_FLAT_PARAMS] {
        self.slots
    }
}

/// Lowers all parameters: flat where they fit, and otherwise through memory.
pub(super) fn params<T>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    params: &[Value],
    flat: &mut Flat,
) -> Result<()> {
    let InterfaceType::Tuple(tuple) = ty else {
        bail!("parameters are no tuple");
    };
    let types = &cx.types[tuple].types;
    if types.len() != params.len() {
        bail!("{} parameters for {}", params.len(), types.len());
    }
    let abi = cx.types.canonical_abi(&ty);
    if abi.flat_count(MAX_FLAT_PARAMS).is_some() {
        for (ty, value) in types.iter().zip(params) {
            to_flat(cx, *ty, value, flat)?;
        }
        return Ok(());
    }
    let start = cx.realloc(0, 0, abi.align32, abi.size32 as usize)?;
    fields(cx, types.iter().copied(), params, start)?;
    flat.push(ValRaw::u64(start as u64))
}

/// A value of each type, one after the other.
fn fields<'a, T>(
    cx: &mut LowerContext<'_, T>,
    types: impl Iterator<Item = InterfaceType>,
    values: impl IntoIterator<Item = &'a Value>,
    mut offset: usize,
) -> Result<()> {
    for (ty, value) in types.zip(values) {
        let place = cx.types.canonical_abi(&ty).next_field32_size(&mut offset);
        to_memory(cx, ty, value, place)?;
    }
    Ok(())
}

fn to_flat<T>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    value: &Value,
    flat: &mut Flat,
) -> Result<()> {
    use InterfaceType as I;
    let types = cx.types;
    match (ty, value) {
        (I::Bool, Value::Bool(value)) => flat.push(ValRaw::u32((*value).into())),
        (I::S8 | I::S16 | I::S32, Value::Signed(value)) => flat.push(ValRaw::i32(*value as i32)),
        (I::S64, Value::Signed(value)) => flat.push(ValRaw::i64(*value)),
        (I::U8 | I::U16 | I::U32, Value::Unsigned(value)) => flat.push(ValRaw::u32(*value as u32)),
        (I::U64, Value::Unsigned(value)) => flat.push(ValRaw::u64(*value)),
        (I::Float32, Value::F32(value)) => flat.push(ValRaw::f32(value.to_bits())),
        (I::Float64, Value::F64(value)) => flat.push(ValRaw::f64(value.to_bits())),
        (I::Char, Value::Char(value)) => flat.push(ValRaw::u32((*value).into())),
        (I::Flags(_), Value::Flags(flags)) => flat.push(ValRaw::u32(*flags)),
        (I::String | I::List(_) | I::Map(_), _) => {
            let pair = pointer_pair(cx, ty, value)?;
            pair.into_iter().try_for_each(|one| flat.push(one))
        }
        (I::Record(index), Value::List(values)) => {
            let fields = types[index].fields.iter().zip(values);
            fields
                .into_iter()
                .try_for_each(|(field, value)| to_flat(cx, field.ty, value, flat))
        }
        (I::Tuple(index), Value::List(values)) => {
            let mut items = types[index].types.iter().zip(values);
            items.try_for_each(|(ty, value)| to_flat(cx, *ty, value, flat))
        }
        (I::FixedLengthList(index), Value::List(values)) => {
            let element = types[index].element;
            let mut items = values.iter();
            items.try_for_each(|value| to_flat(cx, element, value, flat))
        }
        (_, Value::Case(case, payload)) => {
            let end = flat.used + types.canonical_abi(&ty).flat_count(usize::MAX).unwrap_or(0);
            flat.push(ValRaw::u32(*case))?;
            if let (Some(ty), Some(payload)) = (payload_type(cx, ty, *case)?, payload) {
                to_flat(cx, ty, payload, flat)?;
            }
            while flat.used < end {
                flat.push(ValRaw::u64(0))?;
            }
            Ok(())
        }
        _ => unfit(value),
    }
}

fn to_memory<T>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    value: &Value,
    place: usize,
) -> Result<()> {
    use InterfaceType as I;
    let types = cx.types;
    match (ty, value) {
        (I::Bool, Value::Bool(value)) => *cx.get(place) = [(*value).into()],
        (I::S8, Value::Signed(value)) => *cx.get(place) = (*value as i8).to_le_bytes(),
        (I::S16, Value::Signed(value)) => *cx.get(place) = (*value as i16).to_le_bytes(),
        (I::S32, Value::Signed(value)) => *cx.get(place) = (*value as i32).to_le_bytes(),
        (I::S64, Value::Signed(value)) => *cx.get(place) = value.to_le_bytes(),
        (I::U8, Value::Unsigned(value)) => *cx.get(place) = (*value as u8).to_le_bytes(),
        (I::U16, Value::Unsigned(value)) => *cx.get(place) = (*value as u16).to_le_bytes(),
        (I::U32, Value::Unsigned(value)) => *cx.get(place) = (*value as u32).to_le_bytes(),
        (I::U64, Value::Unsigned(value)) => *cx.get(place) = value.to_le_bytes(),
        (I::Float32, Value::F32(value)) => *cx.get(place) = value.to_le_bytes(),
        (I::Float64, Value::F64(value)) => *cx.get(place) = value.to_le_bytes(),
        (I::Char, Value::Char(value)) => *cx.get(place) = u32::from(*value).to_le_bytes(),
        (I::Flags(_), Value::Flags(flags)) => {
            unsigned(cx, types.canonical_abi(&ty).size32, *flags, place);
        }
        (I::String | I::List(_) | I::Map(_), _) => {
            let [pointer, length] = pointer_pair(cx, ty, value)?;
            *cx.get(place) = pointer.get_u32().to_le_bytes();
            *cx.get(place + 4) = length.get_u32().to_le_bytes();
        }
        (I::Record(index), Value::List(values)) => {
            let types = types[index].fields.iter().map(|field| field.ty);
            fields(cx, types, values, place)?;
        }
        (I::Tuple(index), Value::List(values)) => {
            fields(cx, types[index].types.iter().copied(), values, place)?;
        }
        (I::FixedLengthList(index), Value::List(values)) => {
            fields(cx, std::iter::repeat(types[index].element), values, place)?;
        }
        (_, Value::Case(case, payload)) => {
            let info = super::lift::variant_info(types, ty)?;
            unsigned(cx, info.size.into(), *case, place);
            if let (Some(ty), Some(payload)) = (payload_type(cx, ty, *case)?, payload) {
                to_memory(cx, ty, payload, place + info.payload_offset32 as usize)?;
            }
        }
        _ => return unfit(value),
    }
    Ok(())
}

/// An unsigned number of one, two or four bytes.
fn unsigned<T>(cx: &mut LowerContext<'_, T>, bytes: u32, value: u32, place: usize) {
    match bytes {
        1 => *cx.get(place) = (value as u8).to_le_bytes(),
        2 => *cx.get(place) = (value as u16).to_le_bytes(),
        _ => *cx.get(place) = value.to_le_bytes(),
    }
}

/// Puts what a pointer and a length stand for into memory.
fn pointer_pair<T>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    value: &Value,
) -> Result<[ValRaw; 2]> {
    match (ty, value) {
        (InterfaceType::String, Value::String(text)) => lower_pointer_pair(cx, ty, text.as_str()),
        (InterfaceType::List(_), Value::Bytes(bytes)) => {
            lower_pointer_pair(cx, ty, bytes.as_slice())
        }
        (InterfaceType::List(index), Value::List(values)) => {
            let element = cx.types[index].element;
            let (size, align) = {
                let abi = cx.types.canonical_abi(&element);
                (abi.size32 as usize, abi.align32)
            };
            list(cx, values, size, align, |cx, value, place| {
                to_memory(cx, element, value, place)
            })
        }
        (InterfaceType::Map(index), Value::List(values)) => {
            let map = &cx.types[index];
            let (size, align) = (map.entry_abi.size32 as usize, map.entry_abi.align32);
            let pair = [map.key, map.value];
            list(cx, values, size, align, |cx, value, place| match value {
                Value::List(entry) => fields(cx, pair.into_iter(), entry, place),
                other => unfit(other),
            })
        }
        _ => unfit(value),
    }
}

fn list<T>(
    cx: &mut LowerContext<'_, T>,
    values: &[Value],
    size: usize,
    align: u32,
    mut store: impl FnMut(&mut LowerContext<'_, T>, &Value, usize) -> Result<()>,
) -> Result<[ValRaw; 2]> {
    let Some(bytes) = values.len().checked_mul(size) else {
        bail!("a list is larger than memory");
    };
    let start = cx.realloc(0, 0, align, bytes)?;
    for (index, value) in values.iter().enumerate() {
        store(cx, value, start + index * size)?;
    }
    Ok([ValRaw::u64(start as u64), ValRaw::u64(values.len() as u64)])
}

fn payload_type<T>(
    cx: &LowerContext<'_, T>,
    ty: InterfaceType,
    case: u32,
) -> Result<Option<InterfaceType>> {
    super::lift::payload_type(cx.types, ty, case)
}

/// Values are made for their types: to come here is a mistake of this host.
fn unfit<R>(value: &Value) -> Result<R> {
    bail!("a value does not fit its type: {value:?}")
}
