//! Guests built against other versions of the contract, and what is said of them.

use portcullis_host_core::{Error, ErrorKind};
use portcullis_test_artifacts::*;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn an_older_and_a_newer_version_are_told_with_what_is_served() {
    for (guest, needs) in [
        (CONTRACT_OLDER, "portcullis:tool/tools@0.0."),
        (CONTRACT_NEWER, "portcullis:tool/tools@0.2.0"),
    ] {
        let error = load_error(guest).await;
        let Error::ContractVersion {
            needs: found,
            serves,
        } = &error
        else {
            panic!("{error:?}")
        };
        assert!(found.starts_with(needs), "{found}");
        assert_eq!(serves, &["portcullis:tool 0.1.0"]);
        assert!(
            error
                .to_string()
                .contains("this host serves portcullis:tool 0.1.0")
        );
    }
}

#[tokio::test]
async fn a_later_patch_loads_unless_it_uses_what_is_new_in_it() {
    let plugin = load(&host(), CONTRACT_PATCH).await;
    plugin
        .call(&plugin.tools()[0].name, json!({}), Default::default())
        .await
        .unwrap();
    let error = load_error(CONTRACT_NEW_FUNCTION).await;
    assert_eq!(error.kind(), ErrorKind::ContractVersion, "{error}");
    assert!(error.to_string().contains("with its function"), "{error}");
}

#[tokio::test]
async fn what_is_in_the_contract_and_not_served_yet_is_told_in_words() {
    let error = load_error(CONTRACT_UNSERVED).await;
    assert!(
        matches!(&error, Error::NotServed { interface } if interface == "portcullis:host/recall@0.1.0"),
        "{error}"
    );
}

#[tokio::test]
async fn what_asks_the_agent_loads_where_nothing_was_granted_and_is_denied() {
    let plugin = load(&host(), CONTRACT_PLANNER).await;
    let answer = ask(&plugin, "ask", json!({})).await;
    assert!(answer.as_str().unwrap().contains("denied"), "{answer}");
}

#[tokio::test]
async fn an_import_from_elsewhere_is_told_by_name() {
    let error = load_error(CONTRACT_UNKNOWN).await;
    assert!(
        matches!(&error, Error::UnknownImport { name } if !name.starts_with("portcullis")),
        "{error:?}"
    );
}
