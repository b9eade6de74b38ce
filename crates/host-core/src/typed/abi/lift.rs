//! Values out of a guest's results and memory.

use wasmtime::component::__internal::wasmtime_environ::component::VariantInfo;
use wasmtime::component::__internal::{ComponentTypes, InterfaceType, LiftContext};
use wasmtime::component::{FutureAny, Lift, StreamAny};
use wasmtime::{Result, ValRaw, bail};

use crate::typed::Value;
use crate::typed::value::EACH;

/// The result of a function, which is in core values.
pub(super) fn flat_results(
    cx: &mut LiftContext<'_>,
    ty: InterfaceType,
    src: &[ValRaw],
) -> Result<Option<Value>> {
    let mut src = src.iter();
    let result = result_type(cx.types, ty)?;
    result.map(|ty| from_flat(cx, ty, &mut src)).transpose()
}

/// The result of a function, which starts at `start` in memory.
pub(super) fn stored_results(
    cx: &mut LiftContext<'_>,
    ty: InterfaceType,
    start: usize,
) -> Result<Option<Value>> {
    let result = result_type(cx.types, ty)?;
    let stored = result.map(|ty| {
        let abi = cx.types.canonical_abi(&ty);
        let bytes = region(cx, start, abi.size32 as usize, abi.align32)?;
        from_memory(cx, ty, bytes)
    });
    stored.transpose()
}

/// A function has one result, or none.
fn result_type(types: &ComponentTypes, ty: InterfaceType) -> Result<Option<InterfaceType>> {
    match ty {
        InterfaceType::Tuple(index) => Ok(types[index].types.first().copied()),
        _ => bail!("results are no tuple"),
    }
}

fn region<'a>(cx: &LiftContext<'a>, start: usize, bytes: usize, align: u32) -> Result<&'a [u8]> {
    if !start.is_multiple_of(align as usize) {
        bail!("a pointer is not aligned");
    }
    let end = start.checked_add(bytes);
    match end.and_then(|end| cx.memory().get(start..end)) {
        Some(bytes) => Ok(bytes),
        None => bail!("a pointer is out of bounds of memory"),
    }
}

fn next<'a>(src: &mut std::slice::Iter<'a, ValRaw>) -> Result<&'a ValRaw> {
    match src.next() {
        Some(value) => Ok(value),
        None => bail!("fewer core values than the type has"),
    }
}

/// Lifts a value by the typed implementation of wasmtime, from flat or from memory.
macro_rules! scalar {
    ($cx:ident, $ty:ident, $lift:ident, $src:expr) => {
        match $ty {
            InterfaceType::Bool => Value::Bool(bool::$lift($cx, $ty, $src)?),
            InterfaceType::S8 => Value::Signed(i8::$lift($cx, $ty, $src)?.into()),
            InterfaceType::S16 => Value::Signed(i16::$lift($cx, $ty, $src)?.into()),
            InterfaceType::S32 => Value::Signed(i32::$lift($cx, $ty, $src)?.into()),
            InterfaceType::S64 => Value::Signed(i64::$lift($cx, $ty, $src)?),
            InterfaceType::U8 => Value::Unsigned(u8::$lift($cx, $ty, $src)?.into()),
            InterfaceType::U16 => Value::Unsigned(u16::$lift($cx, $ty, $src)?.into()),
            InterfaceType::U32 => Value::Unsigned(u32::$lift($cx, $ty, $src)?.into()),
            InterfaceType::U64 => Value::Unsigned(u64::$lift($cx, $ty, $src)?),
            InterfaceType::Float32 => Value::F32(f32::$lift($cx, $ty, $src)?),
            InterfaceType::Float64 => Value::F64(f64::$lift($cx, $ty, $src)?),
            InterfaceType::Char => Value::Char(char::$lift($cx, $ty, $src)?),
            InterfaceType::Stream(_) => Value::Stream(StreamAny::$lift($cx, $ty, $src)?),
            InterfaceType::Future(_) => Value::Future(FutureAny::$lift($cx, $ty, $src)?),
            _ => bail!("a type that does not cross to the host"),
        }
    };
}

fn from_flat(
    cx: &mut LiftContext<'_>,
    ty: InterfaceType,
    src: &mut std::slice::Iter<'_, ValRaw>,
) -> Result<Value> {
    use InterfaceType as I;
    let types = std::sync::Arc::clone(cx.types);
    Ok(match ty {
        I::String => Value::String(String::linear_lift_from_flat(
            cx,
            ty,
            &[*next(src)?, *next(src)?],
        )?),
        I::List(_) | I::Map(_) => {
            let (start, length) = (next(src)?.get_u32(), next(src)?.get_u32());
            list(cx, ty, start, length)?
        }
        I::Record(index) => {
            let fields = types[index].fields.iter().map(|field| field.ty);
            several_flat(cx, fields, src)?
        }
        I::Tuple(index) => several_flat(cx, types[index].types.iter().copied(), src)?,
        I::FixedLengthList(index) => {
            let list = &types[index];
            let items = std::iter::repeat_n(list.element, list.size as usize);
            several_flat(cx, items, src)?
        }
        I::Flags(_) => Value::Flags(next(src)?.get_u32()),
        I::Variant(_) | I::Enum(_) | I::Option(_) | I::Result(_) => {
            let flat = |ty: &I| types.canonical_abi(ty).flat_count(usize::MAX).unwrap_or(0);
            let case = next(src)?.get_u32();
            let mut unused = flat(&ty).saturating_sub(1);
            let payload = match payload_type(&types, ty, case)? {
                Some(ty) => {
                    unused = unused.saturating_sub(flat(&ty));
                    Some(Box::new(from_flat(cx, ty, src)?))
                }
                None => None,
            };
            src.by_ref().take(unused).for_each(drop);
            cx.consume_fuel(EACH)?;
            Value::Case(case, payload)
        }
        _ => scalar!(cx, ty, linear_lift_from_flat, next(src)?),
    })
}

fn several_flat(
    cx: &mut LiftContext<'_>,
    types: impl Iterator<Item = InterfaceType>,
    src: &mut std::slice::Iter<'_, ValRaw>,
) -> Result<Value> {
    let values = types.map(|ty| from_flat(cx, ty, src));
    Ok(Value::List(values.collect::<Result<_>>()?))
}

fn from_memory(cx: &mut LiftContext<'_>, ty: InterfaceType, bytes: &[u8]) -> Result<Value> {
    use InterfaceType as I;
    let types = std::sync::Arc::clone(cx.types);
    Ok(match ty {
        I::String => Value::String(String::linear_lift_from_memory(cx, ty, bytes)?),
        I::List(_) | I::Map(_) => {
            let (start, length) = (unsigned(bytes, 4)?, unsigned(part(bytes, 4, 4)?, 4)?);
            list(cx, ty, start, length)?
        }
        I::Record(index) => {
            let fields = types[index].fields.iter().map(|field| field.ty);
            several(cx, fields, bytes)?
        }
        I::Tuple(index) => several(cx, types[index].types.iter().copied(), bytes)?,
        I::FixedLengthList(index) => {
            let list = &types[index];
            let items = std::iter::repeat_n(list.element, list.size as usize);
            several(cx, items, bytes)?
        }
        I::Flags(_) => Value::Flags(unsigned(bytes, types.canonical_abi(&ty).size32)?),
        I::Variant(_) | I::Enum(_) | I::Option(_) | I::Result(_) => {
            let info = variant_info(&types, ty)?;
            let case = unsigned(bytes, u32::from(info.size))?;
            let payload = match payload_type(&types, ty, case)? {
                Some(ty) => {
                    let size = types.canonical_abi(&ty).size32 as usize;
                    let bytes = part(bytes, info.payload_offset32 as usize, size)?;
                    Some(Box::new(from_memory(cx, ty, bytes)?))
                }
                None => None,
            };
            cx.consume_fuel(EACH)?;
            Value::Case(case, payload)
        }
        _ => scalar!(cx, ty, linear_lift_from_memory, bytes),
    })
}

fn several(
    cx: &mut LiftContext<'_>,
    types: impl Iterator<Item = InterfaceType>,
    bytes: &[u8],
) -> Result<Value> {
    let mut offset = 0;
    let values = types.map(|ty| {
        let abi = cx.types.canonical_abi(&ty);
        let place = abi.next_field32_size(&mut offset);
        let bytes = part(bytes, place, abi.size32 as usize)?;
        from_memory(cx, ty, bytes)
    });
    Ok(Value::List(values.collect::<Result<_>>()?))
}

/// A list of bytes as they are; of other elements, and of the pairs of a map, a value for each.
fn list(cx: &mut LiftContext<'_>, ty: InterfaceType, start: u32, length: u32) -> Result<Value> {
    let types = std::sync::Arc::clone(cx.types);
    let (start, length) = (start as usize, length as usize);
    let (elements, abi) = match ty {
        InterfaceType::List(index) => {
            let element = types[index].element;
            if matches!(element, InterfaceType::U8) {
                let bytes = region(cx, start, length, 1)?;
                cx.consume_fuel(length)?;
                return Ok(Value::Bytes(bytes.to_vec()));
            }
            ([Some(element), None], types.canonical_abi(&element))
        }
        InterfaceType::Map(index) => {
            let map = &types[index];
            ([Some(map.key), Some(map.value)], &map.entry_abi)
        }
        _ => bail!("neither a list nor a map"),
    };
    let size = abi.size32 as usize;
    let Some(all) = length.checked_mul(size) else {
        bail!("a list is out of bounds of memory");
    };
    let bytes = region(cx, start, all, abi.align32)?;
    cx.consume_fuel_array(length, size.max(EACH))?;
    let mut values = Vec::with_capacity(length);
    for bytes in bytes.chunks_exact(size.max(1)) {
        values.push(match elements {
            [Some(element), None] => from_memory(cx, element, bytes)?,
            pair => several(cx, pair.into_iter().flatten(), bytes)?,
        });
    }
    Ok(Value::List(values))
}

fn part(bytes: &[u8], start: usize, length: usize) -> Result<&[u8]> {
    match bytes.get(start..start + length) {
        Some(part) => Ok(part),
        None => bail!("a value is smaller than its type"),
    }
}

/// An unsigned number of one, two or four bytes.
fn unsigned(bytes: &[u8], size: u32) -> Result<u32> {
    let mut number = [0; 4];
    let bytes = part(bytes, 0, (size as usize).min(4))?;
    number[..bytes.len()].copy_from_slice(bytes);
    Ok(u32::from_le_bytes(number))
}

/// How the cases of a type are laid out.
pub(super) fn variant_info(types: &ComponentTypes, ty: InterfaceType) -> Result<&VariantInfo> {
    match ty {
        InterfaceType::Variant(index) => Ok(&types[index].info),
        InterfaceType::Enum(index) => Ok(&types[index].info),
        InterfaceType::Option(index) => Ok(&types[index].info),
        InterfaceType::Result(index) => Ok(&types[index].info),
        _ => bail!("a type without cases"),
    }
}

/// What a case carries.
pub(super) fn payload_type(
    types: &ComponentTypes,
    ty: InterfaceType,
    case: u32,
) -> Result<Option<InterfaceType>> {
    let at = case as usize;
    let payload = match ty {
        InterfaceType::Variant(index) => {
            let cases = &types[index].cases;
            cases.get_index(at).map(|(_, payload)| *payload)
        }
        InterfaceType::Enum(index) => (at < types[index].names.len()).then_some(None),
        InterfaceType::Option(index) => [None, Some(types[index].ty)].get(at).copied(),
        InterfaceType::Result(index) => {
            let result = &types[index];
            [result.ok, result.err].get(at).copied()
        }
        _ => bail!("a type without cases"),
    };
    match payload {
        Some(payload) => Ok(payload),
        None => bail!("case {case} of a type that has fewer"),
    }
}
