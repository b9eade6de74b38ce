//! Secrets and state, against the scripted host.

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::testing::Host;

#[test]
fn a_secret_is_there_or_not_and_stays_hidden_unless_revealed() {
    let host = Host::new().secret("a").revealed_secret("b", "value");
    host.run(|| {
        assert!(secrets::exists("a") && secrets::exists("b"));
        assert!(!secrets::exists("c"));
        assert_eq!(secrets::reveal("b"), Ok("value".into()));
        assert_eq!(secrets::reveal("a"), Err(HostError::Denied));
        assert_eq!(secrets::reveal("c"), Err(HostError::Denied));
    });
}

#[test]
fn entries_are_written_read_listed_and_removed() {
    let host = Host::new().state("b/1", "one");
    host.block_on(async {
        assert_eq!(state::get("b/2").await?, None);
        state::set("b/2", "two").await?;
        state::set("a", "other").await?;
        assert_eq!(state::get("b/2").await?.unwrap().value, b"two");
        assert_eq!(state::keys("b/", 9).await?, ["b/1", "b/2"]);
        assert_eq!(state::keys("", 2).await?, ["a", "b/1"]);
        state::delete("b/1").await?;
        state::delete("b/1").await
    })
    .unwrap();
    assert_eq!(host.stored("b/1"), None);
    assert_eq!(host.stored("a").unwrap(), b"other");
}

#[test]
fn a_conditional_write_fails_where_the_entry_is_another_one() {
    let host = Host::new();
    host.block_on(async {
        let first = state::set_if("a", "1", Expected::Absent).await?;
        let again = state::set_if("a", "2", Expected::Absent).await;
        assert_eq!(again, Err(HostError::Conflict));
        let second = state::set_if("a", "2", Expected::Version(&first)).await?;
        state::delete("a").await?;
        let gone = state::set_if("a", "3", Expected::Version(&second)).await;
        assert_eq!(gone, Err(HostError::Conflict));
        let anew = state::set("a", "2").await?;
        assert!(anew != first && anew != second);
        Ok::<_, HostError>(())
    })
    .unwrap();
}

#[test]
fn json_goes_in_and_comes_out() {
    let host = Host::new();
    host.block_on(async {
        state::set_json("a", &[1, 2]).await?;
        let entry = state::get_json::<Vec<u8>>("a").await?.unwrap();
        assert_eq!(entry.value, [1, 2]);
        let wrong = state::get_json::<String>("a").await.unwrap_err();
        assert_eq!(wrong.code(), "invalid", "{wrong}");
        let expected = Expected::Version(&entry.version);
        state::set_json_if("a", &[3], expected).await
    })
    .unwrap();
    assert_eq!(host.stored("a").unwrap(), b"[3]");
}

#[test]
fn a_host_error_keeps_its_code_in_the_tools_error() {
    let error = ToolError::from(HostError::Conflict);
    assert_eq!((error.code.as_str(), error.retryable), ("conflict", false));
    let busy = HostError::Unavailable {
        message: "busy".into(),
    };
    assert!(ToolError::from(busy).retryable);
}

#[test]
fn without_a_host_in_charge_nothing_is_kept() {
    let host = Host::new();
    // `block_on` puts a host in charge, so this one is polled outside.
    let set = portcullis_guest_sdk::rt::run_to_end(state::set("a", "b"));
    assert_eq!(set, Err(HostError::Denied));
    assert!(!secrets::exists("a"));
    assert_eq!(host.stored("a"), None);
}
