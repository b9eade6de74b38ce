//! Asks one server, Open-Meteo, for the weather: a request, its JSON, and an answer that a model can use.

use portcullis_guest_sdk::prelude::*;

/// Open to everyone, without a key.
const ENDPOINT: &str = "https://api.open-meteo.com";

/// What the server is asked for.
const CURRENT: &str = "temperature_2m,wind_speed_10m,weather_code";

/// The weather now.
#[plugin_type]
struct Weather {
    /// Degrees Celsius, two metres above the ground.
    temperature: f64,
    /// Kilometres per hour, ten metres above the ground.
    wind: f64,
    /// In a word or two.
    sky: String,
}

#[plugin_type]
struct Forecast {
    current: Current,
}

#[plugin_type]
struct Current {
    temperature_2m: f64,
    wind_speed_10m: f64,
    weather_code: u8,
}

/// Gives the weather at a place, now.
#[plugin_tool(read_only, open_world)]
async fn current(
    /// Degrees north of the equator.
    latitude: f64,
    /// Degrees east of Greenwich.
    longitude: f64,
) -> Result<Weather, ToolError> {
    let endpoint: Option<String> = config::get("endpoint")?;
    let url = format!("{}/v1/forecast", endpoint.as_deref().unwrap_or(ENDPOINT));
    let response = http::get(url)
        .query("latitude", latitude.to_string())
        .query("longitude", longitude.to_string())
        .query("current", CURRENT)
        .send()
        .await?;
    let forecast: Forecast = response.error_for_status()?.json().await?;
    Ok(Weather {
        temperature: forecast.current.temperature_2m,
        wind: forecast.current.wind_speed_10m,
        sky: sky(forecast.current.weather_code).to_owned(),
    })
}

/// The groups of the World Meteorological Organization's code table 4677.
fn sky(code: u8) -> &'static str {
    match code {
        0 => "clear",
        1..=2 => "partly cloudy",
        3 => "overcast",
        45..=48 => "fog",
        51..=57 => "drizzle",
        61..=67 | 80..=82 => "rain",
        71..=77 | 85..=86 => "snow",
        95..=99 => "thunderstorm",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use portcullis_guest_sdk::serde_json::Value;
    use portcullis_guest_sdk::testing::{Host, Reply, json};

    const QUERY: &str = "/v1/forecast?latitude=52.5&longitude=13.4&current=temperature_2m%2Cwind_speed_10m%2Cweather_code";

    fn reply() -> Reply {
        let current = json!({ "temperature_2m": 7.5, "wind_speed_10m": 12.0, "weather_code": 61 });
        Reply::json(json!({ "latitude": 52.5, "current": current }))
    }

    fn berlin() -> Value {
        json!({ "latitude": 52.5, "longitude": 13.4 })
    }

    #[test]
    fn the_weather_is_read_from_the_servers_answer() {
        let host = Host::new().http(&format!("GET https://api.open-meteo.com{QUERY}"), reply());
        let weather = host.call("current", berlin()).unwrap().text();
        assert_eq!(weather, r#"{"temperature":7.5,"wind":12.0,"sky":"rain"}"#);
    }

    #[test]
    fn the_operator_may_name_another_server() {
        let host = Host::new()
            .config("endpoint", "http://127.0.0.1:8080")
            .http(&format!("GET http://127.0.0.1:8080{QUERY}"), reply());
        assert!(host.call("current", berlin()).is_ok());
    }

    #[test]
    fn a_server_that_is_down_is_worth_another_try_and_a_denied_one_is_not() {
        let down = Host::new().http(
            &format!("GET https://api.open-meteo.com{QUERY}"),
            Reply::status(503),
        );
        assert!(down.call("current", berlin()).unwrap_err().retryable);
        let error = Host::new().call("current", berlin()).unwrap_err();
        assert_eq!((error.code.as_str(), error.retryable), ("denied", false));
    }
}
