//! Resources: a text, an image, one that its readers can watch, and a template.

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::resource;
use portcullis_guest_sdk::serde_json::json;

use crate::PIXEL;

const WATCHED: &str = "test://watched-resource";

/// A text that never changes.
#[plugin_resource(uri = "test://static-text", media_type = "text/plain")]
fn static_text() -> &'static str {
    "This is the content of the static text resource."
}

/// An image that never changes.
#[plugin_resource(uri = "test://static-binary", media_type = "image/png")]
fn static_binary() -> Vec<u8> {
    PIXEL.to_vec()
}

/// A text that `test_touch_watched_resource` says has changed.
#[plugin_resource(uri = "test://watched-resource", media_type = "text/plain")]
fn watched_resource() -> &'static str {
    "This is the content of the watched resource."
}

/// Data by its id.
#[plugin_resource(
    template = "test://template/{id}/data",
    media_type = "application/json"
)]
fn template_data(
    /// Which data.
    id: String,
) -> String {
    let data = format!("Data for ID: {id}");
    json!({ "id": id, "templateTest": true, "data": data }).to_string()
}

/// Tells who watches the watched resource that it has changed.
#[plugin_tool(idempotent)]
fn test_touch_watched_resource() -> &'static str {
    resource::changed(WATCHED);
    "The watched resource has changed"
}

#[cfg(test)]
mod tests {
    use portcullis_guest_sdk::resource::ResourceBody;
    use portcullis_guest_sdk::testing::{self, Host, json};

    use super::*;

    #[test]
    fn a_template_puts_the_id_into_its_data() {
        let contents = Host::new().read("test://template/123/data").unwrap();
        let text = contents[0].as_text().unwrap();
        assert_eq!(
            text,
            r#"{"data":"Data for ID: 123","id":"123","templateTest":true}"#
        );
        assert_eq!(contents[0].media_type.as_deref(), Some("application/json"));
    }

    #[test]
    fn every_resource_can_be_read() {
        let host = Host::new();
        let resources = testing::resources();
        assert_eq!(resources.len(), 3);
        for resource in resources {
            let contents = host.read(&resource.uri).unwrap();
            assert_eq!(contents[0].media_type, resource.media_type);
        }
        let image = host.read("test://static-binary").unwrap();
        assert_eq!(image[0].body, ResourceBody::Blob(PIXEL.to_vec()));
    }

    #[test]
    fn who_watches_is_told() {
        let host = Host::new();
        host.call("test_touch_watched_resource", json!({})).unwrap();
        assert_eq!(host.changed(), [WATCHED]);
    }
}
