//! Files in granted folders.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use portcullis_host_core::DenyCode;
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::support::{Stage, act, both_ways, folder, many, one, two};

both_ways! {
    async fn a_folder_is_read_and_written_as_it_was_granted(way) {
        let stage = Stage::new();
        let (read, written) = (stage.make("read"), stage.make("written"));
        fs::write(read.join("file"), "text").unwrap();
        let allow = [folder("ro", &read, "/read"), folder("rw", &written, "/written")];
        let plugin = stage.load(way.files(), &allow).await;

        assert_eq!(act(&plugin, one("read", "/read/file")).await, "text");
        assert!(stage.trail.rules().contains(&allow[0]));
        assert_eq!(act(&plugin, many("write", "/written/new", 3)).await, "done");
        assert_eq!(act(&plugin, many("append", "/written/new", 2)).await, "done");
        assert_eq!(fs::read(written.join("new")).unwrap(), b"xxxxx");
        assert!(stage.trail.rules().contains(&allow[1]));
        assert_eq!(act(&plugin, one("list", "/read")).await, "1");
    }

    async fn a_folder_for_reading_is_not_changed_in_any_way(way) {
        let stage = Stage::new();
        let read = stage.make("read");
        fs::write(read.join("file"), "text").unwrap();
        let before = fs::metadata(read.join("file")).unwrap().modified().unwrap();
        let plugin = stage.load(way.files(), &[folder("ro", &read, "/read")]).await;
        let attacks = [
            many("write", "/read/file", 1),
            many("write", "/read/new", 1),
            many("append", "/read/file", 1),
            many("set-size", "/read/file", 0),
            one("touch", "/read/file"),
            one("make-folder", "/read/new"),
            one("remove", "/read/file"),
            two("rename", "/read/file", "/read/new"),
            two("hard-link", "/read/file", "/read/new"),
            two("symlink", "file", "/read/new"),
        ];
        for attack in attacks {
            stage.trail.take();
            assert_eq!(act(&plugin, attack.clone()).await, "not-permitted", "{attack}");
            stage.trail.has_denied(DenyCode::NotGranted);
        }
        assert_eq!(fs::read_dir(&read).unwrap().count(), 1);
        assert_eq!(fs::read(read.join("file")).unwrap(), b"text");
        assert_eq!(fs::metadata(read.join("file")).unwrap().modified().unwrap(), before);
        assert_eq!(act(&plugin, one("read", "/read/file")).await, "text");
    }

    async fn no_path_leads_out_of_a_folder(way) {
        let stage = Stage::new();
        let granted = stage.make("granted");
        fs::write(stage.path("secret"), "secret").unwrap();
        fs::write(granted.join("file"), "text").unwrap();
        symlink(stage.path("secret"), granted.join("absolute")).unwrap();
        symlink("../secret", granted.join("relative")).unwrap();
        symlink("..", granted.join("parent")).unwrap();
        symlink("/proc/self", granted.join("process")).unwrap();
        symlink("file", granted.join("inside")).unwrap();
        let plugin = stage.load(way.files(), &[folder("rw", &granted, "/granted")]).await;

        assert_eq!(act(&plugin, one("read", "/granted/inside")).await, "text");
        symlink("../secret", granted.join("later")).unwrap();
        let long = format!("/granted/{}", "x".repeat(4096));
        let paths = [
            "/granted/absolute",
            "/granted/relative",
            "/granted/later",
            "/granted/parent/secret",
            "/granted/process/environ",
            "/granted/../secret",
            "/granted/./x/../../secret",
            "/proc/self/environ",
            "/etc/passwd",
            "",
            long.as_str(),
        ];
        for path in paths {
            for attack in [one("read", path), many("write", path, 1), one("remove", &format!("{path}/"))] {
                let told = act(&plugin, attack.clone()).await;
                assert!(!told.contains("secret") && told != "done", "{attack}: {told}");
            }
        }
        assert_eq!(fs::read(stage.path("secret")).unwrap(), b"secret");
        assert_eq!(act(&plugin, one("read", "/granted/file")).await, "text");
    }

    async fn no_links_are_made(way) {
        let stage = Stage::new();
        let granted = stage.make("granted");
        fs::write(granted.join("file"), "text").unwrap();
        let plugin = stage.load(way.files(), &[folder("rw", &granted, "/granted")]).await;
        for attack in [
            two("hard-link", "/granted/file", "/granted/new"),
            two("symlink", "file", "/granted/new"),
            two("symlink", "/etc", "/granted/new"),
        ] {
            stage.trail.take();
            assert_eq!(act(&plugin, attack).await, "not-permitted");
            stage.trail.has_denied(DenyCode::Forbidden);
        }
        assert_eq!(fs::read_dir(&granted).unwrap().count(), 1);
    }

    async fn what_is_neither_file_nor_folder_is_not_opened(way) {
        let stage = Stage::new();
        let granted = stage.make("granted");
        mknodat(CWD, granted.join("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let _socket = UnixListener::bind(granted.join("socket")).unwrap();
        symlink("pipe", granted.join("to-pipe")).unwrap();
        let plugin = stage.load(way.files(), &[folder("rw", &granted, "/granted")]).await;
        for name in ["pipe", "socket", "to-pipe"] {
            let path = format!("/granted/{name}");
            for attack in [one("read", &path), many("append", &path, 1)] {
                stage.trail.take();
                assert_eq!(act(&plugin, attack).await, "not-permitted", "{name}");
                stage.trail.has_denied(DenyCode::Forbidden);
            }
        }
        assert_eq!(act(&plugin, one("list", "/granted")).await, "3");
    }

    async fn devices_are_not_opened(way) {
        let stage = Stage::new();
        let plugin = stage.load(way.files(), &["fs:rw:/dev=>/granted".to_owned()]).await;
        for name in ["null", "zero", "random"] {
            let path = format!("/granted/{name}");
            for attack in [one("read", &path), many("append", &path, 1)] {
                stage.trail.take();
                assert_eq!(act(&plugin, attack).await, "not-permitted", "{name}");
                stage.trail.has_denied(DenyCode::Forbidden);
            }
        }
    }

    async fn nothing_is_moved_from_one_grant_to_another(way) {
        let stage = Stage::new();
        let (one_folder, other) = (stage.make("one"), stage.make("other"));
        fs::write(one_folder.join("file"), "text").unwrap();
        let allow = [folder("rw", &one_folder, "/one"), folder("rw", &other, "/other")];
        let plugin = stage.load(way.files(), &allow).await;
        let moved = act(&plugin, two("rename", "/one/file", "/other/file")).await;
        assert_eq!(moved, "cross-device");
        assert_eq!(act(&plugin, two("rename", "/one/file", "/one/new")).await, "done");
        assert!(one_folder.join("new").exists());
    }

    async fn what_was_taken_back_is_gone(way) {
        let stage = Stage::new();
        let granted = stage.make("granted");
        fs::write(granted.join("file"), "text").unwrap();
        let plugin = stage.load(way.files(), &[folder("ro", &granted, "/granted")]).await;
        assert_eq!(act(&plugin, one("read", "/granted/file")).await, "text");
        plugin.revoke();
        stage.trail.take();
        assert_ne!(act(&plugin, one("read", "/granted/file")).await, "text");
        stage.trail.has_denied(DenyCode::NotGranted);
    }

    async fn a_call_cut_off_in_the_middle_leaves_the_plugin_well(way) {
        let stage = Stage::new();
        let granted = stage.make("granted");
        fs::write(granted.join("file"), "text").unwrap();
        let plugin = stage.load(way.files(), &[folder("rw", &granted, "/granted")]).await;
        let cut = tokio::time::timeout(
            std::time::Duration::from_millis(5),
            act(&plugin, many("make-many", "/granted", 100_000)),
        );
        assert!(cut.await.is_err(), "it takes longer");
        assert_eq!(act(&plugin, one("read", "/granted/file")).await, "text");
    }
}
