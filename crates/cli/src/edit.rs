//! Changes to the operator's TOML files, which leave the rest as it was written.

use toml_edit::{Item, TableLike, Value};

/// Sets a key; a comment beside it stays.
pub(crate) fn set(table: &mut dyn TableLike, key: &str, value: impl Into<Value>) {
    let mut value = value.into();
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(before) => {
            value.decor_mut().clone_from(before.decor());
            *before = value;
        }
        None => {
            table.insert(key, Item::Value(value));
        }
    }
}
