//! Component types, as the bridge goes by them.

use wasmtime::component::types;

use super::value::Value;

/// Types within types that one function may have. What a person writes has dozens; types that are made of themselves twice, level by
/// level, would have any number.
const MOST_TYPES: usize = 4096;

/// Levels of types within types. Values are converted by recursion, and JSON has to stay within what parsers take.
const DEEPEST: usize = 48;

/// A type, in full.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    Bool,
    /// Signed integers of this many bits.
    Signed(u32),
    /// Unsigned integers of this many bits.
    Unsigned(u32),
    F32,
    F64,
    Char,
    String,
    /// `list<u8>`.
    Bytes,
    List(Box<Type>),
    Array(Box<Type>, u32),
    /// A list of pairs.
    Map(Box<[Type; 2]>),
    Record(Vec<(String, Type)>),
    Tuple(Vec<Type>),
    Enum(Vec<String>),
    Flags(Vec<String>),
    /// Whether nothing and something have to be told apart by name, since something may be `null` itself.
    Option(Box<Type>, bool),
    /// Variants, and results with the cases `ok` and `err`.
    Variant(Vec<(String, Option<Type>)>),
}

/// What a function gives while it runs, instead of a value at its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Flow {
    Stream(Piece),
    Future(Piece),
}

/// What flows: of these, the host can have streams.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Piece {
    /// `u8`, many at once.
    Bytes,
    /// `list<u8>`.
    Blob,
    /// `string`.
    Text,
}

/// What a function returns, the wrapping `result` taken off.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Returns {
    Nothing,
    Value(Type),
    Flow(Flow),
}

/// Reads types until there are too many.
#[derive(Default)]
pub(crate) struct Reader {
    seen: usize,
    depth: usize,
}

impl Reader {
    /// The type in full, or why values of it can't cross.
    pub(crate) fn read(&mut self, ty: &types::Type) -> Result<Type, String> {
        self.seen += 1;
        if self.seen > MOST_TYPES {
            return Err(too_many());
        }
        if self.depth == DEEPEST {
            return Err(format!("its types are nested deeper than {DEEPEST} levels"));
        }
        self.depth += 1;
        let read = self.read_one(ty);
        self.depth -= 1;
        read
    }

    fn read_one(&mut self, ty: &types::Type) -> Result<Type, String> {
        use types::Type as T;
        Ok(match ty {
            T::Bool => Type::Bool,
            T::S8 => Type::Signed(8),
            T::S16 => Type::Signed(16),
            T::S32 => Type::Signed(32),
            T::S64 => Type::Signed(64),
            T::U8 => Type::Unsigned(8),
            T::U16 => Type::Unsigned(16),
            T::U32 => Type::Unsigned(32),
            T::U64 => Type::Unsigned(64),
            T::Float32 => Type::F32,
            T::Float64 => Type::F64,
            T::Char => Type::Char,
            T::String => Type::String,
            T::List(list) if list.ty() == T::U8 => Type::Bytes,
            T::List(list) => Type::List(self.boxed(&list.ty())?),
            T::FixedLengthList(list) => {
                let element = self.boxed(&list.ty())?;
                // Each of its values is laid out by itself, like a type of its own.
                let values = element.values().saturating_mul(list.len() as usize);
                self.seen = self.seen.saturating_add(values);
                if self.seen > MOST_TYPES {
                    return Err(too_many());
                }
                Type::Array(element, list.len())
            }
            T::Map(map) => Type::Map(Box::new([self.read(&map.key())?, self.read(&map.value())?])),
            T::Record(record) => Type::Record(self.fields(record)?),
            T::Tuple(tuple) => {
                let types = tuple.types().map(|ty| self.read(&ty));
                Type::Tuple(types.collect::<Result<_, _>>()?)
            }
            T::Enum(cases) => Type::Enum(cases.names().map(str::to_owned).collect()),
            T::Flags(flags) => Type::Flags(flags.names().map(str::to_owned).collect()),
            T::Option(option) => {
                let inner = self.boxed(&option.ty())?;
                let tagged = matches!(*inner, Type::Option(_, false));
                Type::Option(inner, tagged)
            }
            T::Variant(variant) => Type::Variant(self.cases(variant)?),
            T::Result(result) => Type::Variant(vec![
                ("ok".to_owned(), self.optional(result.ok())?),
                ("err".to_owned(), self.optional(result.err())?),
            ]),
            T::Own(_) | T::Borrow(_) => {
                return Err(
                    "it takes or gives handles of resources, which live in the component"
                        .to_owned(),
                );
            }
            T::Stream(_) | T::Future(_) => {
                return Err(
                    "it has a stream or a future elsewhere than as its whole result".to_owned(),
                );
            }
            T::ErrorContext => return Err("it takes or gives error contexts".to_owned()),
        })
    }

    fn boxed(&mut self, ty: &types::Type) -> Result<Box<Type>, String> {
        self.read(ty).map(Box::new)
    }

    fn optional(&mut self, ty: Option<types::Type>) -> Result<Option<Type>, String> {
        ty.map(|ty| self.read(&ty)).transpose()
    }

    fn fields(&mut self, record: &types::Record) -> Result<Vec<(String, Type)>, String> {
        let fields = record.fields();
        fields
            .map(|field| Ok((field.name.to_owned(), self.read(&field.ty)?)))
            .collect()
    }

    fn cases(&mut self, variant: &types::Variant) -> Result<Vec<(String, Option<Type>)>, String> {
        let cases = variant.cases();
        cases
            .map(|case| Ok((case.name.to_owned(), self.optional(case.ty)?)))
            .collect()
    }

    /// What a function returns as its whole result, or as the good end of it.
    pub(crate) fn returns(&mut self, ty: Option<types::Type>) -> Result<Returns, String> {
        let Some(ty) = ty else {
            return Ok(Returns::Nothing);
        };
        let flow = match &ty {
            types::Type::Stream(stream) => Flow::Stream(piece(stream.ty())?),
            types::Type::Future(future) => Flow::Future(piece(future.ty())?),
            _ => return Ok(Returns::Value(self.read(&ty)?)),
        };
        Ok(Returns::Flow(flow))
    }
}

fn too_many() -> String {
    format!("its types are made of more than {MOST_TYPES} types")
}

/// What flows, where it is something of which the host can have a stream: wasmtime's streams have elements of one static type, and the
/// layout of others is known at run time only.
fn piece(ty: Option<types::Type>) -> Result<Piece, String> {
    match ty {
        Some(types::Type::U8) => Ok(Piece::Bytes),
        Some(types::Type::String) => Ok(Piece::Text),
        Some(types::Type::List(list)) if list.ty() == types::Type::U8 => Ok(Piece::Blob),
        _ => Err(
            "it returns a stream or a future of something else than bytes or strings".to_owned(),
        ),
    }
}

impl Type {
    /// How many core values it takes.
    pub(crate) fn flat(&self) -> usize {
        match self {
            Type::Bool | Type::Signed(_) | Type::Unsigned(_) | Type::F32 | Type::F64 => 1,
            Type::Char | Type::Enum(_) | Type::Flags(_) => 1,
            Type::String | Type::Bytes | Type::List(_) | Type::Map(_) => 2,
            Type::Array(element, length) => element.flat().saturating_mul(*length as usize),
            Type::Record(fields) => fields.iter().map(|(_, ty)| ty.flat()).sum(),
            Type::Tuple(types) => types.iter().map(Type::flat).sum(),
            Type::Option(inner, _) => 1 + inner.flat(),
            Type::Variant(cases) => {
                let payloads = cases.iter().flat_map(|(_, ty)| ty).map(Type::flat);
                1 + payloads.max().unwrap_or(0)
            }
        }
    }

    /// How many values it is made of at least, its arrays value by value.
    fn values(&self) -> usize {
        match self {
            Type::Array(element, length) => element.values().saturating_mul(*length as usize),
            Type::List(inner) | Type::Option(inner, _) => inner.values(),
            Type::Map(pair) => pair.iter().map(Type::values).fold(0, usize::saturating_add),
            Type::Record(fields) => {
                let values = fields.iter().map(|(_, ty)| ty.values());
                values.fold(0, usize::saturating_add)
            }
            Type::Tuple(types) => types
                .iter()
                .map(Type::values)
                .fold(0, usize::saturating_add),
            Type::Variant(cases) => {
                let payloads = cases.iter().flat_map(|(_, ty)| ty).map(Type::values);
                payloads.fold(1, usize::saturating_add)
            }
            _ => 1,
        }
    }

    /// Whether a record may leave it out.
    pub(crate) fn may_be_missing(&self) -> bool {
        matches!(self, Type::Option(_, false))
    }
}

impl Type {
    /// What it is, in words.
    pub(crate) fn noun(&self) -> String {
        match self {
            Type::Bool => "a boolean".to_owned(),
            Type::Signed(bits) => format!("a signed integer of {bits} bits"),
            Type::Unsigned(bits) => format!("an unsigned integer of {bits} bits"),
            Type::F32 => "a number of 32 bits".to_owned(),
            Type::F64 => "a number of 64 bits".to_owned(),
            Type::Char => "a character".to_owned(),
            Type::String => "a text".to_owned(),
            Type::Bytes => "bytes".to_owned(),
            Type::List(_) => "a list".to_owned(),
            Type::Array(_, length) => format!("a list of {length}"),
            Type::Map(_) => "a map".to_owned(),
            Type::Record(_) => "a record".to_owned(),
            Type::Tuple(types) => format!("a tuple of {}", types.len()),
            Type::Enum(_) => "one of some names".to_owned(),
            Type::Flags(_) => "flags".to_owned(),
            Type::Option(inner, _) => format!("{}, or nothing", inner.noun()),
            Type::Variant(_) => "a variant".to_owned(),
        }
    }

    /// Some value of it, with something in everything that can be empty; `round` chooses among cases.
    pub(crate) fn sample(&self, round: usize) -> Value {
        let boxed = |ty: &Type| Some(Box::new(ty.sample(round)));
        match self {
            Type::Bool => Value::Bool(true),
            Type::Signed(_) => Value::Signed(1),
            Type::Unsigned(_) => Value::Unsigned(1),
            Type::F32 => Value::F32(1.0),
            Type::F64 => Value::F64(1.0),
            Type::Char => Value::Char('a'),
            Type::String => Value::String("a".to_owned()),
            Type::Bytes => Value::Bytes(vec![1]),
            Type::List(element) => Value::List(vec![element.sample(round)]),
            Type::Array(element, length) => {
                Value::List((0..*length).map(|_| element.sample(round)).collect())
            }
            Type::Map(pair) => {
                let pair = pair.iter().map(|ty| ty.sample(round)).collect();
                Value::List(vec![Value::List(pair)])
            }
            Type::Record(fields) => {
                Value::List(fields.iter().map(|(_, ty)| ty.sample(round)).collect())
            }
            Type::Tuple(types) => Value::List(types.iter().map(|ty| ty.sample(round)).collect()),
            Type::Enum(cases) => Value::Case((round % cases.len()) as u32, None),
            Type::Flags(_) => Value::Flags(1),
            Type::Option(inner, _) => Value::Case(1, boxed(inner)),
            Type::Variant(cases) => {
                let case = round % cases.len();
                Value::Case(case as u32, cases[case].1.as_ref().and_then(boxed))
            }
        }
    }

    /// The most cases that a type in it has.
    pub(crate) fn cases(&self) -> usize {
        match self {
            Type::List(inner) | Type::Array(inner, _) | Type::Option(inner, _) => inner.cases(),
            Type::Map(pair) => pair.iter().map(Type::cases).max().unwrap_or(1),
            Type::Record(fields) => fields.iter().map(|(_, ty)| ty.cases()).max().unwrap_or(1),
            Type::Tuple(types) => types.iter().map(Type::cases).max().unwrap_or(1),
            Type::Enum(cases) => cases.len(),
            Type::Variant(cases) => {
                let inner = cases.iter().flat_map(|(_, ty)| ty).map(Type::cases);
                inner.max().unwrap_or(1).max(cases.len())
            }
            _ => 1,
        }
    }
}
