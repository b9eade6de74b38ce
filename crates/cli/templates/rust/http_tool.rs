//! A plugin that asks a server. `plugin.toml` says which one it wants to ask; the operator grants it.

use portcullis_guest_sdk::prelude::*;

/// Where requests go.
const SERVER: &str = "https://api.example.com";

/// What the server says of a city. What else it says is left out.
#[plugin_type]
struct City {
    /// In what country it lies.
    country: String,
    /// How many live there.
    population: u64,
}

/// Tells about a city.
#[plugin_tool(read_only, open_world)]
async fn city(
    /// Its name.
    name: String,
) -> Result<City, ToolError> {
    let request = http::get(format!("{SERVER}/cities")).query("name", name);
    Ok(request.send().await?.error_for_status()?.json().await?)
}

#[cfg(test)]
mod tests {
    use portcullis_guest_sdk::testing::{Host, Reply, json};

    #[test]
    fn tells_what_the_server_says() {
        let berlin = json!({ "country": "Germany", "population": 3_700_000 });
        let host = Host::new().http(
            "GET https://api.example.com/cities?name=Berlin",
            Reply::json(berlin.clone()),
        );
        let output = host.call("city", json!({ "name": "Berlin" })).unwrap();
        assert_eq!(output.text(), berlin.to_string());
    }
}
