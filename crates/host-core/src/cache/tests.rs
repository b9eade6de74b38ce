use super::*;
use crate::Digest;

struct Fixture {
    cache: Cache,
    engine: Engine,
    key: CacheKey,
    folder: tempfile::TempDir,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(&folder.path().join("cache"), 1 << 20).unwrap();
    let engine = Engine::default();
    let key = CacheKey::new(&Digest::of(b"component"), &engine);
    Fixture {
        cache,
        engine,
        key,
        folder,
    }
}

impl Fixture {
    fn store(&self) -> PathBuf {
        let component =
            Component::new(&self.engine, wat::parse_str("(component)").unwrap()).unwrap();
        self.cache
            .put(&self.key, &component.serialize().unwrap(), b"notes");
        self.cache.path(Part::Code, &self.key)
    }

    fn hit(&self) -> bool {
        self.cache.code(&self.engine, &self.key).is_some()
    }

    fn notes(&self) -> Option<Vec<u8>> {
        self.cache.notes(&self.key)
    }
}

#[test]
fn an_entry_comes_back_with_its_notes() {
    let fixture = fixture();
    assert!(!fixture.hit() && fixture.notes().is_none());
    fixture.store();
    assert!(fixture.hit());
    assert_eq!(fixture.notes().unwrap(), b"notes");
}

#[test]
fn an_entry_is_found_by_another_process_with_the_same_folder() {
    let fixture = fixture();
    fixture.store();
    let other = Cache::open(&fixture.folder.path().join("cache"), 1 << 20).unwrap();
    assert!(other.code(&fixture.engine, &fixture.key).is_some());
}

#[test]
fn a_changed_truncated_or_foreign_entry_is_a_miss_and_is_removed() {
    let fixture = fixture();
    let whole = fs::read(fixture.store()).unwrap();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let damaged = [
        flipped(100),
        flipped(whole.len() - 50),
        flipped(whole.len() - 1),
        whole[..whole.len() / 2].to_vec(),
        whole[..10].to_vec(),
        Vec::new(),
        [&whole[..], b"more"].concat(),
    ];
    for bytes in damaged {
        let path = fixture.cache.path(Part::Code, &fixture.key);
        fs::write(&path, bytes).unwrap();
        assert!(!fixture.hit());
        assert!(!path.exists());
    }
}

#[test]
fn every_flipped_bit_of_the_notes_is_a_miss() {
    let fixture = fixture();
    fixture.store();
    let path = fixture.cache.path(Part::Notes, &fixture.key);
    let whole = fs::read(&path).unwrap();
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, bytes).unwrap();
        assert_eq!(fixture.notes(), None, "bit {bit}");
    }
}

#[test]
fn one_part_does_not_stand_for_the_other() {
    let fixture = fixture();
    let code = fixture.store();
    let notes = fixture.cache.path(Part::Notes, &fixture.key);
    fs::copy(&code, &notes).unwrap();
    assert_eq!(fixture.notes(), None);
    fixture.store();
    fs::copy(&notes, &code).unwrap();
    assert!(!fixture.hit());
}

#[test]
fn an_entry_under_another_key_is_a_miss() {
    let fixture = fixture();
    let other = CacheKey::new(&Digest::of(b"other"), &fixture.engine);
    fs::rename(fixture.store(), fixture.cache.path(Part::Code, &other)).unwrap();
    assert!(fixture.cache.code(&fixture.engine, &other).is_none());
}

#[test]
fn an_entry_of_another_engine_configuration_has_another_key() {
    let engine = Engine::new(wasmtime::Config::new().consume_fuel(true)).unwrap();
    let digest = Digest::of(b"component");
    assert_ne!(
        CacheKey::new(&digest, &engine),
        CacheKey::new(&digest, &Engine::default())
    );
}

#[test]
fn a_right_code_over_wrong_bytes_is_never_loaded() {
    // Authentic, and still no code: what is written by this cache is loaded only if wasmtime takes it too.
    let fixture = fixture();
    fixture.cache.put(&fixture.key, b"not native code", b"");
    assert!(!fixture.hit());
}

#[test]
fn the_oldest_entries_make_room() {
    let mut fixture = fixture();
    let first = fixture.store();
    fixture.cache.limit = fs::metadata(&first).unwrap().len() + 100;
    let second = CacheKey::new(&Digest::of(b"second"), &fixture.engine);
    fixture.cache.put(&second, &[0; 200], b"");
    assert!(!first.exists());
    assert!(fixture.cache.path(Part::Code, &second).exists());
}

#[cfg(unix)]
mod private {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn folder_and_key_are_the_users_alone() {
        let fixture = fixture();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&fixture.cache.folder), 0o700);
        assert_eq!(mode(&fixture.cache.folder.join("mac.key")), 0o600);
        assert_eq!(mode(&fixture.store()), 0o600);
    }

    #[test]
    fn a_folder_that_is_open_to_others_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(
            Cache::open(folder.path(), 1)
                .unwrap_err()
                .to_string()
                .contains("chmod 700")
        );
    }

    #[test]
    fn a_link_is_not_followed() {
        let fixture = fixture();
        let path = fixture.store();
        let elsewhere = fixture.folder.path().join("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        symlink(&elsewhere, &path).unwrap();
        assert!(!fixture.hit());
    }
}
