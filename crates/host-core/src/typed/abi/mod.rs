//! Calls of functions whose types are known at run time only, by the canonical ABI.
//!
//! Wasmtime's own way to do that, `Func::call` with `Val`, has a value of forty bytes for each byte of a list. Here, strings and
//! byte lists are copied by wasmtime's typed implementations, and what is around them is laid out by the
//! component's own types.
//!
//! The traits are wasmtime's and are implemented by hand in no other place; their methods are not covered by its stability, which
//! is one of the reasons why its version is pinned to the patch.

#![allow(unsafe_code)]

mod lift;
mod lower;

use std::mem::MaybeUninit;

use wasmtime::component::__internal::{
    CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext, LowerContext,
};
use wasmtime::component::{Accessor, ComponentNamedList, ComponentType, Func, Lift, Lower};
use wasmtime::{Result, ValRaw, bail};

use super::Value;
use crate::state::State;

/// Core parameters that a function has at most; beyond that, they go through memory.
const MAX_FLAT_PARAMS: usize = 16;

/// Stands for results that are beyond what fits in core results.
const NOT_FLAT: usize = MAX_FLAT_PARAMS + 1;

/// What the host's types say of their layout: nothing, since the component's own types do.
const BY_TYPE: CanonicalAbiInfo = CanonicalAbiInfo {
    size32: 0,
    align32: 1,
    size64: 0,
    align64: 1,
    flat_count: None,
};

/// Calls `func` with values that fit its parameters. `flat` is how many core values its result takes.
pub(super) async fn call(
    accessor: &Accessor<State>,
    func: Func,
    params: Vec<Value>,
    flat: usize,
) -> Result<Option<Value>> {
    macro_rules! by_count {
        ($($count:literal)*) => {
            match flat {
                $($count => call_with::<$count>(accessor, func, params).await,)*
                _ => call_with::<NOT_FLAT>(accessor, func, params).await,
            }
        };
    }
    by_count!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
}

async fn call_with<const N: usize>(
    accessor: &Accessor<State>,
    func: Func,
    params: Vec<Value>,
) -> Result<Option<Value>> {
    let typed = accessor.with(|store| func.typed::<Params, Results<N>>(store))?;
    let results = typed.call_concurrent(accessor, Params(params)).await?;
    Ok(results.0)
}

/// The parameters of a function, whatever they are.
struct Params(Vec<Value>);

// SAFETY: `Lower` is an array of `ValRaw`, as many as there are core parameters at most, all of which are always written; wasmtime's own
// dynamic calls pass the same. What is beyond the function's own parameters is not read.
unsafe impl ComponentType for Params {
    type Lower = [ValRaw; MAX_FLAT_PARAMS];

    const ABI: CanonicalAbiInfo = BY_TYPE;

    fn typecheck(ty: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        match ty {
            InterfaceType::Tuple(_) => Ok(()),
            _ => bail!("the parameters of a function are no tuple"),
        }
    }
}

// SAFETY: it is what parameters are: checked above to be a tuple.
unsafe impl ComponentNamedList for Params {}

// SAFETY: all of `dst` is written. Memory is written through `LowerContext` alone, which checks where.
unsafe impl Lower for Params {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        dst: &mut MaybeUninit<Self::Lower>,
    ) -> Result<()> {
        let mut flat = lower::Flat::default();
        lower::params(cx, ty, &self.0, &mut flat)?;
        dst.write(flat.into_slots());
        Ok(())
    }

    fn linear_lower_to_memory<T>(
        &self,
        _: &mut LowerContext<'_, T>,
        _: InterfaceType,
        _: usize,
    ) -> Result<()> {
        bail!("parameters are not stored as they are")
    }
}

/// The pointer and the length that `value` has once it is in the guest's memory.
fn lower_pointer_pair<T, V>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    value: &V,
) -> Result<[ValRaw; 2]>
where
    V: Lower + ComponentType<Lower = [ValRaw; 2]> + ?Sized,
{
    let mut pair = MaybeUninit::new([ValRaw::u64(0); 2]);
    value.linear_lower_to_flat(cx, ty, &mut pair)?;
    // SAFETY: it was initialised, whatever has been written to it since.
    Ok(unsafe { pair.assume_init() })
}

/// The result of a function, if it has one, in `N` core values – or in memory, where `N` is more than fit.
struct Results<const N: usize>(Option<Value>);

// SAFETY: `Lower` is an array of as many `ValRaw` as the result has core values, which is checked.
unsafe impl<const N: usize> ComponentType for Results<N> {
    type Lower = [ValRaw; N];

    const ABI: CanonicalAbiInfo = BY_TYPE;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        let InterfaceType::Tuple(_) = ty else {
            bail!("the results of a function are no tuple");
        };
        let abi = types.types.canonical_abi(ty);
        let flat = abi.flat_count(MAX_FLAT_PARAMS).unwrap_or(NOT_FLAT);
        if flat != N {
            bail!("the result has {flat} core values, and not {N}");
        }
        Ok(())
    }
}

// SAFETY: it is what results are: checked above to be a tuple.
unsafe impl<const N: usize> ComponentNamedList for Results<N> {}

// SAFETY: `src` and memory are read as the component's types say, within bounds that are checked.
unsafe impl<const N: usize> Lift for Results<N> {
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        src: &Self::Lower,
    ) -> Result<Self> {
        lift::flat_results(cx, ty, src).map(Self)
    }

    fn linear_lift_from_memory(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        bytes: &[u8],
    ) -> Result<Self> {
        // `bytes` starts at the results and, for want of a size that is known here, has none of them.
        let start = bytes.as_ptr().addr() - cx.memory().as_ptr().addr();
        lift::stored_results(cx, ty, start).map(Self)
    }
}
