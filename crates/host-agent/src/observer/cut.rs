//! What goes over the bridge has a size, and no secrets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::Redactor;

/// Most bytes of one text: a long page, enough to see what it is about.
pub(super) const TEXT_BYTES: usize = 16 * 1024;

/// About the most bytes of one event: a long conversation of ordinary messages.
pub(super) const EVENT_BYTES: usize = 256 * 1024;

/// What each value counts beside its text, so that a million empty ones are not free.
const VALUE_BYTES: usize = 16;

/// How many fields of an object always stay. No type of the contract has as many, so what is cut still fits its schema.
const FIELDS: usize = 64;

/// Takes secrets out of a payload, and cuts it: texts behind their first 16 KiB; from where all together has no room, lists
/// before their last elements, and texts whole. Names of fields are looked at as well.
pub(super) fn fit(payload: &mut Value, redactor: &Redactor) {
    let left = EVENT_BYTES;
    Cutter { redactor, left }.value(payload);
}

struct Cutter<'a> {
    redactor: &'a Redactor,
    left: usize,
}

impl Cutter<'_> {
    fn value(&mut self, value: &mut Value) {
        self.spend(VALUE_BYTES);
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::String(text) => self.text(text),
            Value::Array(list) => self.list(list),
            Value::Object(fields) => {
                if !self.media(fields) {
                    self.fields(fields);
                }
            }
        }
    }

    fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }

    fn text(&mut self, text: &mut String) {
        let limit = TEXT_BYTES.min(self.left);
        if let Some(cleaned) = self.redactor.clean(text, limit) {
            *text = cleaned;
        }
        self.spend(text.len());
    }

    /// From the end, since what comes last in a conversation is what is new.
    fn list(&mut self, list: &mut Vec<Value>) {
        let mut kept = list.len();
        while kept > 0 && self.left > 0 {
            kept -= 1;
            self.value(&mut list[kept]);
        }
        list.drain(..kept);
    }

    fn fields(&mut self, fields: &mut Map<String, Value>) {
        let all = std::mem::take(fields);
        for (index, (mut name, mut value)) in all.into_iter().enumerate() {
            if index >= FIELDS && self.left == 0 {
                break;
            }
            if let Some(cleaned) = self.redactor.clean(&name, TEXT_BYTES) {
                name = cleaned;
            }
            self.spend(name.len());
            self.value(&mut value);
            fields.insert(name, value);
        }
    }

    /// Bytes in base64 can't be cut and stay what they are: too many of them, or with a secret among them, they go.
    fn media(&mut self, fields: &mut Map<String, Value>) -> bool {
        let is_media = fields.len() == 2 && fields.get("media_type").is_some_and(Value::is_string);
        let Some(Value::String(data)) = fields.get_mut("data").filter(|_| is_media) else {
            return false;
        };
        let fits = data.len() <= TEXT_BYTES.min(self.left);
        let decoded = fits.then(|| STANDARD.decode(&*data).ok()).flatten();
        match decoded {
            Some(bytes) if !self.redactor.finds(&bytes) => self.spend(data.len()),
            _ => data.clear(),
        }
        // What is called so and is no base64 is a text like any other, and gone as well.
        if let Some(Value::String(media_type)) = fields.get_mut("media_type") {
            self.text(media_type);
        }
        true
    }
}
