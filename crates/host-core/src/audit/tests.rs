use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use portcullis_host_policy::audit::Subject;
use portcullis_host_policy::decision::{DenyCode, Grants, decide};
use portcullis_host_policy::request::Request;
use portcullis_host_policy::{Grant, Identity};

use super::append::{Appender, FILES};
use super::queue::{ALLOWANCES, DENIALS, Queue};
use super::*;

fn record(capability: &str, allowed: bool) -> AuditRecord {
    let subject = Subject {
        plugin: "org.example.notes".into(),
        identity: Identity::Digest([7; 32]),
        call: Some("1-0".into()),
    };
    let capability: crate::Capability = capability.parse().unwrap();
    let grant = if allowed {
        Grant::from_caps([capability.clone()])
    } else {
        Grant::none()
    };
    let all = crate::CapabilitySet::All;
    let request = Request::Use(capability);
    let decision = decide(&Grants::new(&all, &grant, &all), &request);
    AuditRecord::new(
        SystemTime::now(),
        &subject,
        &request,
        &decision,
        Duration::ZERO,
    )
}

fn allowed(name: &str) -> AuditRecord {
    record(&format!("env:{name}"), true)
}

fn denied(name: &str) -> AuditRecord {
    record(&format!("env:{name}"), false)
}

fn lines(folder: &Path) -> Vec<AuditLine> {
    let reader = AuditReader::open(folder, AuditFilter::default()).unwrap();
    reader.collect::<Result<_, _>>().unwrap()
}

fn requests(lines: &[AuditLine]) -> Vec<String> {
    let requests = lines.iter().map(|line| match line {
        AuditLine::Record(record) => record.request.clone(),
        AuditLine::Dropped(dropped) => format!("{} dropped", dropped.dropped),
    });
    requests.collect()
}

#[test]
fn what_is_recorded_can_be_read_when_the_sink_was_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("audit");
    let sink = JsonLines::new(&folder);
    assert!(!folder.exists(), "nothing is made before the first record");
    sink.record(allowed("A"));
    sink.record(denied("B"));
    drop(sink);
    let lines = lines(&folder);
    assert_eq!(requests(&lines), ["env:A", "env:B"]);
    let AuditLine::Record(record) = &lines[1] else {
        panic!("{lines:?}")
    };
    assert_eq!(record.code, Some(DenyCode::NotGranted));
}

#[cfg(unix)]
#[test]
fn folder_and_files_are_this_user_s_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("audit");
    let sink = JsonLines::new(&folder);
    sink.record(allowed("A"));
    sink.keyed_digest(b"body").unwrap();
    drop(sink);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(
        JsonLines::open(&folder).is_err(),
        "a folder that others can read"
    );
}

#[test]
fn a_flood_of_denials_takes_no_allowance_s_place() {
    let mut queue = Queue::default();
    let now = Instant::now();
    let mut dropped = 0;
    for at in 0..ALLOWANCES + DENIALS {
        dropped += queue.push(denied(&format!("D{at}")), now);
    }
    assert_eq!(dropped, ALLOWANCES as u64);
    for at in 0..ALLOWANCES {
        assert_eq!(queue.push(allowed(&format!("A{at}")), now), 0);
    }
    assert_eq!(queue.push(allowed("TOO_MANY"), now), 1);
    let (batch, _) = queue.take(now, true);
    assert_eq!(
        (batch.allowances.len(), batch.denials.len()),
        (ALLOWANCES, DENIALS)
    );
    assert_eq!(
        (batch.dropped_allowances, batch.dropped_denials),
        (1, ALLOWANCES as u64)
    );
}

#[test]
fn equal_denials_are_one_record_with_a_count_and_others_are_their_own() {
    let mut queue = Queue::default();
    let now = Instant::now();
    for _ in 0..1_000 {
        queue.push(denied("A"), now);
        queue.push(denied("B"), now);
    }
    let counts = |batch: &queue::Batch| {
        let counts = batch
            .denials
            .iter()
            .map(|record| (record.request.clone(), record.count));
        counts.collect::<Vec<_>>()
    };
    let (first, _) = queue.take(now, false);
    assert_eq!(counts(&first), [("env:A".into(), 1), ("env:B".into(), 1)]);
    assert!(!queue.has_waiting(), "repetitions are counted for a while");
    let (later, _) = queue.take(now + Duration::from_secs(2), false);
    assert_eq!(
        counts(&later),
        [("env:A".into(), 999), ("env:B".into(), 999)]
    );
    assert_eq!(queue.due(), None);
}

#[test]
fn allowances_are_never_folded() {
    let mut queue = Queue::default();
    for _ in 0..3 {
        queue.push(allowed("A"), Instant::now());
    }
    assert_eq!(queue.take(Instant::now(), true).0.allowances.len(), 3);
}

#[test]
fn what_can_t_be_written_is_counted_and_said_once_it_can() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("audit");
    fs::write(&folder, "in the way").unwrap();
    let sink = JsonLines::new(&folder);
    sink.record(allowed("A"));
    sink.flush();
    sink.record(allowed("B"));
    sink.flush();
    assert_eq!(sink.dropped(), 2);
    fs::remove_file(&folder).unwrap();
    sink.record(allowed("C"));
    sink.flush();
    assert_eq!(requests(&lines(&folder)), ["2 dropped", "env:C"]);
    assert_eq!(sink.dropped(), 2);
}

#[test]
fn full_files_move_on_and_the_oldest_goes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("audit");
    // Two processes, each with the file open while the other moves it on.
    let mut writers = [
        Appender::new(folder.clone(), "allow", 100),
        Appender::new(folder.clone(), "allow", 100),
    ];
    let line = |at: usize| format!("{at:049}\n");
    for at in 0..100 {
        writers[at % 2].append(line(at).as_bytes()).unwrap();
    }
    let mut kept = String::new();
    for number in (0..FILES).rev() {
        kept += &fs::read_to_string(append::path(&folder, "allow", number)).unwrap();
    }
    let last: String = (100 - 2 * FILES..100).map(line).collect();
    assert_eq!(kept, last);
    assert!(!append::path(&folder, "allow", FILES).exists());
}

#[test]
fn several_writers_share_a_folder_without_breaking_lines() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("audit");
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                let sink = JsonLines::new(&folder);
                for at in 0..250 {
                    sink.record(allowed(&format!("A{at}")));
                }
            });
        }
    });
    assert_eq!(lines(&folder).len(), 1_000);
}

#[test]
fn a_torn_line_costs_itself_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("audit");
    JsonLines::new(&folder).record(allowed("A"));
    let file = append::path(&folder, "allow", 0);
    let whole = fs::read(&file).unwrap();
    let mut torn = fs::OpenOptions::new().append(true).open(&file).unwrap();
    torn.write_all(&whole[..whole.len() / 2]).unwrap();
    assert_eq!(requests(&lines(&folder)), ["env:A"]);
    JsonLines::new(&folder).record(allowed("B"));
    assert_eq!(requests(&lines(&folder)), ["env:A", "env:B"]);
}

#[test]
fn a_filter_wants_what_fits_all_it_says() {
    let wants = |filter: AuditFilter, record: &AuditRecord| {
        filter.wants(&AuditLine::Record(Box::new(record.clone())))
    };
    let record = denied("A");
    let fitting = AuditFilter {
        plugin: Some("org.example.notes".into()),
        decision: Some(Verdict::Deny),
        code: Some(DenyCode::NotGranted),
        capability: Some("env".into()),
        call: Some("1-0".into()),
        since: Some(record.time),
    };
    assert!(wants(fitting.clone(), &record));
    let by_identity = AuditFilter {
        plugin: Some(record.identity.to_string()),
        ..AuditFilter::default()
    };
    assert!(wants(by_identity, &record));
    let changes: [fn(&mut AuditFilter); 6] = [
        |filter| filter.plugin = Some("org.example".into()),
        |filter| filter.decision = Some(Verdict::Allow),
        |filter| filter.code = Some(DenyCode::Offline),
        |filter| filter.capability = Some("http".into()),
        |filter| filter.call = Some("1-1".into()),
        |filter| filter.since = Some(SystemTime::now() + Duration::from_secs(9)),
    ];
    for change in changes {
        let mut filter = fitting.clone();
        change(&mut filter);
        assert!(!wants(filter, &record));
    }
}

#[test]
fn a_tail_gives_what_is_added_and_follows_files_that_move_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("audit");
    let mut early = AuditTail::new(&folder, AuditFilter::default()).unwrap();
    let sink = JsonLines::new(&folder);
    sink.record(allowed("OLD"));
    sink.flush();
    assert_eq!(requests(&early.poll().unwrap()), ["env:OLD"]);
    let mut tail = AuditTail::new(&folder, AuditFilter::default()).unwrap();
    assert_eq!(tail.poll().unwrap(), []);
    sink.record(allowed("A"));
    sink.flush();
    fs::rename(
        append::path(&folder, "allow", 0),
        append::path(&folder, "allow", 1),
    )
    .unwrap();
    sink.record(allowed("B"));
    sink.record(denied("C"));
    sink.flush();
    assert_eq!(requests(&tail.poll().unwrap()), ["env:A", "env:B", "env:C"]);
    assert_eq!(tail.poll().unwrap(), []);
}

#[test]
fn digests_are_equal_for_equal_contents_and_under_one_key_alone() {
    let [one, other] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let digest = |folder: &tempfile::TempDir, content: &[u8]| {
        let sink = JsonLines::new(folder.path().join("audit"));
        sink.keyed_digest(content).unwrap()
    };
    assert_eq!(digest(&one, b"body"), digest(&one, b"body"));
    assert_ne!(digest(&one, b"body"), digest(&one, b"bodies"));
    assert_ne!(digest(&one, b"body"), digest(&other, b"body"));
}
