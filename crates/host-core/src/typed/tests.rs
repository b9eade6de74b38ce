//! Values of any type go to JSON and back as they were, and the JSON fits the type's schema.

use proptest::prelude::*;
use proptest::strategy::Union;
use serde_json::{Value as Json, json};

use super::ty::Type;
use super::{Value, de, schema, ser};
use crate::Schema;

fn names(most: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set("[a-z][a-z0-9]{0,4}(-[a-z0-9]{1,3})?", 1..=most)
        .prop_map(|names| names.into_iter().collect())
}

fn any_type() -> impl Strategy<Value = Type> {
    let bits = || prop::sample::select(vec![8_u32, 16, 32, 64]);
    let leaf = prop_oneof![
        Just(Type::Bool),
        bits().prop_map(Type::Signed),
        bits().prop_map(Type::Unsigned),
        Just(Type::F32),
        Just(Type::F64),
        Just(Type::Char),
        Just(Type::String),
        Just(Type::Bytes),
        names(4).prop_map(Type::Enum),
        names(4).prop_map(Type::Flags),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let several = prop::collection::vec(inner.clone(), 1..4);
        let cases = prop::collection::vec(prop::option::of(inner.clone()), 4);
        prop_oneof![
            inner.clone().prop_map(|ty| list(ty, None)),
            (inner.clone(), 1..4_u32).prop_map(|(ty, length)| list(ty, Some(length))),
            (inner.clone(), inner.clone()).prop_map(|(key, ty)| Type::Map(Box::new([key, ty]))),
            (names(3), prop::collection::vec(inner.clone(), 3))
                .prop_map(|(names, types)| Type::Record(names.into_iter().zip(types).collect())),
            several.prop_map(Type::Tuple),
            inner.prop_map(|ty| {
                let tagged = matches!(ty, Type::Option(_, false));
                Type::Option(Box::new(ty), tagged)
            }),
            (names(4), cases)
                .prop_map(|(names, types)| Type::Variant(names.into_iter().zip(types).collect())),
        ]
    })
}

/// As types are read: a list of bytes is bytes.
fn list(element: Type, length: Option<u32>) -> Type {
    match (element, length) {
        (Type::Unsigned(8), None) => Type::Bytes,
        (element, None) => Type::List(Box::new(element)),
        (element, Some(length)) => Type::Array(Box::new(element), length),
    }
}

fn value_of(ty: &Type) -> BoxedStrategy<Value> {
    let all = |values: Vec<BoxedStrategy<Value>>| values.prop_map(Value::List).boxed();
    match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Signed(bits) => {
            let shift = 64 - bits;
            any::<i64>()
                .prop_map(move |number| Value::Signed(number >> shift))
                .boxed()
        }
        Type::Unsigned(bits) => {
            let shift = 64 - bits;
            any::<u64>()
                .prop_map(move |number| Value::Unsigned(number >> shift))
                .boxed()
        }
        Type::F32 => any::<f32>().prop_map(Value::F32).boxed(),
        Type::F64 => {
            let odd = prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0]);
            prop_oneof![any::<f64>(), odd].prop_map(Value::F64).boxed()
        }
        Type::Char => any::<char>().prop_map(Value::Char).boxed(),
        Type::String => any::<String>().prop_map(Value::String).boxed(),
        Type::Bytes => any::<Vec<u8>>().prop_map(Value::Bytes).boxed(),
        Type::List(element) => prop::collection::vec(value_of(element), 0..3)
            .prop_map(Value::List)
            .boxed(),
        Type::Array(element, length) => all((0..*length).map(|_| value_of(element)).collect()),
        Type::Map(pair) => {
            let pair = all(pair.iter().map(value_of).collect());
            prop::collection::vec(pair, 0..3)
                .prop_map(Value::List)
                .boxed()
        }
        Type::Record(fields) => all(fields.iter().map(|(_, ty)| value_of(ty)).collect()),
        Type::Tuple(types) => all(types.iter().map(value_of).collect()),
        Type::Enum(cases) => (0..cases.len())
            .prop_map(|case| Value::Case(case as u32, None))
            .boxed(),
        Type::Flags(flags) => (0..1_u32 << flags.len()).prop_map(Value::Flags).boxed(),
        Type::Option(inner, _) => {
            let some = value_of(inner).prop_map(|value| Value::Case(1, Some(Box::new(value))));
            prop_oneof![Just(Value::Case(0, None)), some].boxed()
        }
        Type::Variant(cases) => {
            let cases = cases.iter().enumerate().map(|(case, (_, ty))| match ty {
                Some(ty) => value_of(ty)
                    .prop_map(move |value| Value::Case(case as u32, Some(Box::new(value))))
                    .boxed(),
                None => Just(Value::Case(case as u32, None)).boxed(),
            });
            Union::new(cases).boxed()
        }
    }
}

fn typed_value() -> impl Strategy<Value = (Type, Value)> {
    any_type().prop_flat_map(|ty| {
        let value = value_of(&ty);
        (Just(ty), value)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_value_comes_back_from_json_as_it_was((ty, value) in typed_value()) {
        let json: Json = de::from_value(&ty, value.clone()).unwrap();
        let mistakes = Schema::compile(&schema::of(&ty)).unwrap().mistakes(&json);
        prop_assert_eq!(&mistakes, &Vec::new(), "{} does not fit the schema of {:?}", json, ty);
        let text = json.to_string();
        let back: Json = serde_json::from_str(&text).unwrap();
        let back = ser::to_value(&ty, &back).unwrap();
        // By text: a number that is none is not equal to itself.
        prop_assert_eq!(format!("{back:?}"), format!("{value:?}"));
    }

    #[test]
    fn a_sample_is_a_value_of_its_type(ty in any_type(), round in 0..8_usize) {
        let json: Json = de::from_value(&ty, ty.sample(round)).unwrap();
        prop_assert_eq!(ser::to_value(&ty, &json).unwrap(), ty.sample(round));
    }

    #[test]
    fn json_of_another_shape_is_a_mismatch_and_no_panic((ty, _) in typed_value(), (other, value) in typed_value()) {
        let json: Json = de::from_value(&other, value).unwrap();
        let _ = ser::to_value(&ty, &json);
    }
}

/// A case whose value comes before its tag: objects have no order to rely on.
struct ValueFirst;

impl serde::Serialize for ValueFirst {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([("val", "AQ=="), ("tag", "a")])
    }
}

#[test]
fn the_tag_may_come_after_the_value() {
    let ty = Type::Variant(vec![("a".into(), Some(Type::Bytes)), ("b".into(), None)]);
    let bytes = Value::Case(0, Some(Box::new(Value::Bytes(vec![1]))));
    assert_eq!(ser::to_value(&ty, &ValueFirst).unwrap(), bytes);
}

#[test]
fn what_json_cannot_hold_is_told_with_its_place() {
    let ty = Type::Record(vec![
        ("n".into(), Type::List(Box::new(Type::Unsigned(64)))),
        ("c".into(), Type::Char),
    ]);
    for (json, said) in [
        (
            json!({"n": [1, "2", "-3"], "c": "x"}),
            "/n/2: -3 is beyond an unsigned integer of 64 bits",
        ),
        (
            json!({"n": [1.5], "c": "x"}),
            "/n/0: a number with a fraction where the component takes an unsigned integer of 64 bits",
        ),
        (json!({"n": [], "c": "xy"}), "/c: it is not one character"),
        (json!({"n": []}), "/c: it is missing"),
        (
            json!({"n": [], "c": "x", "d": 1}),
            "/d: the component has no such field; it has n, c",
        ),
        (json!([]), "a list where the component takes a record"),
    ] {
        assert_eq!(ser::to_value(&ty, &json).unwrap_err().to_string(), said);
    }
}
