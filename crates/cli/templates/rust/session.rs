//! A plugin that remembers: its manifest asks for `policy = "session"`, so calls of one session share this memory.

use std::sync::Mutex;

use portcullis_guest_sdk::prelude::*;

static ITEMS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Adds an item to the list and gives the whole list.
#[plugin_tool]
fn add(
    /// What to add.
    item: String,
) -> Result<Vec<String>, ToolError> {
    // A panic while the list is held ends the instance, so nobody ever finds the lock poisoned.
    let mut items = ITEMS
        .lock()
        .map_err(|_| ToolError::internal("the list is lost"))?;
    items.push(item);
    Ok(items.clone())
}

#[cfg(test)]
mod tests {
    use portcullis_guest_sdk::testing::{self, json};

    #[test]
    fn the_list_grows_from_call_to_call() {
        testing::call("add", json!({ "item": "milk" })).unwrap();
        let output = testing::call("add", json!({ "item": "bread" })).unwrap();
        assert_eq!(output.text(), r#"["milk","bread"]"#);
    }
}
