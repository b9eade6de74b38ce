//! The bindings are wit-bindgen's, as they come.

wit_bindgen::generate!({ path: "../wit" });

use exports::local::inventory::stock::{Guest as Stock, Item, Problem};

struct Inventory;

impl Stock for Inventory {
    fn total(items: Vec<Item>) -> Result<f64, Problem> {
        let costs = items
            .iter()
            .map(|item| Some(f64::from(item.count) * item.price?));
        costs.sum::<Option<f64>>().ok_or(Problem::Priceless)
    }

    fn find(items: Vec<Item>, tag: String) -> Option<Item> {
        items.into_iter().find(|item| item.tags.contains(&tag))
    }

    fn take(item: Item, count: u32) -> Result<Item, Problem> {
        match item.count.checked_sub(count) {
            Some(count) => Ok(Item { count, ..item }),
            None => Err(Problem::Short(count - item.count)),
        }
    }

    fn reverse(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.reverse();
        bytes
    }
}

impl Guest for Inventory {
    fn describe(name: String, count: u32) -> String {
        format!("{count} x {name}")
    }
}

export!(Inventory);
