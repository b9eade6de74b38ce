//! How much of the host's files and descriptors a plugin can use up.

use std::fs;

use portcullis_host_core::{CallOptions, DenyCode, Error, Grant};
use portcullis_test_artifacts as guests;
use serde_json::json;

use crate::support::{Stage, act, both_ways, folder, many, one, try_act};

/// The code of a quota, or what C's library for WASI 0.2 makes of every error of a stream.
fn is_quota(told: &str) -> bool {
    told == "quota" || told.contains("I/O error")
}

both_ways! {
    async fn bytes_are_counted_whichever_way_they_are_written(way) {
        let stage = Stage::new();
        let granted = stage.make("granted");
        let allow = [folder("rw", &granted, "/x")];
        let plugin = stage
            .load_with(way.files(), &allow, |limits| limits.file_bytes = Some(100))
            .await
            .unwrap();
        assert_eq!(act(&plugin, many("write", "/x/a", 40)).await, "done");
        assert_eq!(act(&plugin, many("append", "/x/a", 20)).await, "done");
        assert_eq!(act(&plugin, many("set-size", "/x/b", 30)).await, "done");
        for over in [many("write", "/x/c", 11), many("append", "/x/a", 11), many("set-size", "/x/b", 41)] {
            stage.trail.take();
            assert!(is_quota(&act(&plugin, over.clone()).await), "{over}");
            stage.trail.has_denied(DenyCode::OverLimit);
        }
        assert_eq!(act(&plugin, many("append", "/x/a", 10)).await, "done");
        let on_disk: u64 = fs::read_dir(&granted).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
        assert_eq!(on_disk, 100);
    }

    async fn a_disk_is_not_filled(way) {
        let stage = Stage::new();
        let granted = stage.make("granted");
        let allow = [folder("rw", &granted, "/x")];
        let plugin = stage
            .load_with(way.files(), &allow, |limits| limits.file_bytes = Some(1 << 20))
            .await
            .unwrap();
        assert!(is_quota(&act(&plugin, many("write", "/x/a", 32 << 20)).await));
        assert!(fs::metadata(granted.join("a")).unwrap().len() <= 1 << 20);
    }

    async fn files_and_folders_are_counted(way) {
        let stage = Stage::new();
        let granted = stage.make("granted");
        let allow = [folder("rw", &granted, "/x")];
        let plugin = stage
            .load_with(way.files(), &allow, |limits| limits.files = Some(10))
            .await
            .unwrap();
        assert_eq!(act(&plugin, one("make-folder", "/x/folder")).await, "done");
        assert_eq!(act(&plugin, one("make-folder", "/x/missing/folder")).await, "no-entry");
        stage.trail.take();
        assert_eq!(act(&plugin, many("make-many", "/x/folder", 20)).await, "9 quota");
        stage.trail.has_denied(DenyCode::OverLimit);
        assert_eq!(act(&plugin, one("make-folder", "/x/another")).await, "quota");
        // What is there can still be written.
        assert_eq!(act(&plugin, many("write", "/x/folder/0", 5)).await, "done");
    }

    async fn a_hundred_thousand_handles_are_not_had(way) {
        let stage = Stage::new();
        let granted = stage.make("granted");
        fs::write(granted.join("file"), "text").unwrap();
        let plugin = stage.load(way.files(), &[folder("ro", &granted, "/x")]).await;
        stage.trail.take();
        assert_eq!(act(&plugin, many("hold", "/x/file", 100_000)).await, "64 quota");
        stage.trail.has_denied(DenyCode::OverLimit);
        // The next call starts anew.
        assert_eq!(act(&plugin, many("hold", "/x/file", 10)).await, "10");
    }

    async fn a_large_folder_is_listed_to_the_limit(way) {
        let stage = Stage::new();
        let granted = stage.make("granted");
        for at in 0..2_000 {
            fs::write(granted.join(at.to_string()), "").unwrap();
        }
        let allow = [folder("ro", &granted, "/x")];
        let plugin = stage
            .load_with(way.files(), &allow, |limits| limits.directory_entries = Some(1_500))
            .await
            .unwrap();
        stage.trail.take();
        assert_eq!(act(&plugin, one("list", "/x")).await, "1500 quota");
        stage.trail.has_denied(DenyCode::OverLimit);
        let plugin = stage.load(way.files(), &allow).await;
        assert_eq!(act(&plugin, one("list", "/x")).await, "2000");
    }

    async fn ten_thousand_sockets_are_not_had(way) {
        let stage = Stage::new();
        let plugin = stage.load(way.sockets(), &[]).await;
        let held = act(&plugin, many("hold", "", 10_000)).await;
        assert!(held.starts_with("32 "), "{held}");
        stage.trail.has_denied(DenyCode::OverLimit);
        assert_eq!(act(&plugin, many("hold", "", 10)).await, "10");
    }

    async fn lookups_are_counted(way) {
        let stage = Stage::new();
        stage.names.set("db.example.com", &["8.8.8.8"]);
        let allow = ["tcp:db.example.com:5432".to_owned()];
        let plugin = stage
            .load_with(way.sockets(), &allow, |limits| limits.lookups = Some(0))
            .await
            .unwrap();
        assert_ne!(act(&plugin, one("look-up", "db.example.com")).await, "8.8.8.8");
        stage.trail.has_denied(DenyCode::OverLimit);
        assert!(!stage.names.asked.lock().unwrap().contains(&"db.example.com".to_owned()));
    }

    async fn a_lookup_without_end_ends_with_its_call_and_disturbs_no_neighbour(way) {
        let stage = Stage::new();
        stage.names.set("db.example.com", &["8.8.8.8"]);
        let allow = ["tcp:hangs.example.com:1".to_owned()];
        let stuck = stage
            .load_with(way.sockets(), &allow, |limits| {
                limits.wall_clock = Some(std::time::Duration::from_millis(300));
            })
            .await
            .unwrap();
        let neighbour = stage.load(way.sockets(), &["tcp:db.example.com:1".to_owned()]).await;
        let (stuck, neighbour) = tokio::join!(
            try_act(&stuck, one("look-up", "hangs.example.com")),
            act(&neighbour, one("look-up", "db.example.com")),
        );
        assert!(matches!(stuck, Err(Error::DeadlineExceeded { .. })), "{stuck:?}");
        assert_eq!(neighbour, "8.8.8.8");
    }
}

#[tokio::test]
async fn a_gigabyte_for_the_log_ends_the_call() {
    let stage = Stage::new();
    let guest = guests::HOSTILE_CALLS;
    let plugin = stage.host.load(guest, Grant::none()).await.unwrap();
    let flood = json!({"lines": 1 << 15, "length": 1 << 15});
    let error = plugin
        .call("log_lines", flood, CallOptions::default())
        .await
        .expect_err("no call carries so much");
    assert!(
        matches!(
            error,
            Error::LimitExceeded { .. } | Error::OutputTooLarge { .. }
        ),
        "{error}"
    );
    let little = json!({"lines": 1, "length": 10});
    plugin
        .call("log_lines", little, CallOptions::default())
        .await
        .unwrap();
}
