//! A manifest lowers, an operator sets, and values are read as people write them.

use proptest::prelude::*;

use super::*;

fn said(key: &str, value: &str) -> LimitOverrides {
    let mut said = LimitOverrides::default();
    said.set_text(key, value).unwrap();
    said
}

#[test]
fn sizes_and_durations_are_read_as_people_write_them() {
    assert_eq!(
        said("wall-clock", "250ms").wall_clock,
        Some(Duration::from_millis(250))
    );
    assert_eq!(
        said("wall-clock", "1m 30s").wall_clock,
        Some(Duration::from_secs(90))
    );
    assert_eq!(said("memory-bytes", "64MiB").memory_bytes, Some(64 << 20));
    assert_eq!(said("memory-bytes", "64 MB").memory_bytes, Some(64_000_000));
    assert_eq!(said("memory-bytes", "65536").memory_bytes, Some(65536));
    assert_eq!(said("handles", "10").handles, Some(10));
}

#[test]
fn a_wrong_value_is_told_what_it_takes() {
    let error = |key, value| {
        LimitOverrides::default()
            .set_text(key, value)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error("wall-clock", "soon"),
        "`wall-clock` takes a duration such as \"5s\", \"250ms\" or \"2min\", not \"soon\""
    );
    assert_eq!(
        error("handles", "-1"),
        "`handles` takes a whole number from 0 to 4294967295, not \"-1\""
    );
    assert_eq!(
        error("handles", "4294967296"),
        "`handles` takes a whole number from 0 to 4294967295, not \"4294967296\""
    );
    assert!(error("memory-bytes", "64 bananas").contains("such as \"256MiB\""));
    assert_eq!(
        error("memory", "1"),
        "there is no limit `memory`; did you mean `memories`?"
    );
    assert_eq!(error("colour", "1"), "there is no limit `colour`");
}

#[test]
fn a_duration_without_a_unit_is_refused() {
    assert!(
        LimitOverrides::default()
            .set_number("wall-clock", 5)
            .is_err()
    );
    assert!(
        LimitOverrides::default()
            .set_number("memory-bytes", 5)
            .is_ok()
    );
}

#[test]
fn keys_are_the_names_of_the_fields() {
    for key in LimitOverrides::KEYS {
        // A duration needs a unit.
        let takes_number = LimitOverrides::default().set_number(key, 1).is_ok();
        let text = if takes_number { "1" } else { "1s" };
        assert_eq!(
            key.replace('-', "_"),
            format!("{:?}", said(key, text))
                .split(": Some")
                .next()
                .unwrap()
                .rsplit(' ')
                .next()
                .unwrap()
        );
    }
}

#[test]
fn fuel_is_off_until_somebody_asks_for_it() {
    assert_eq!(Limits::default().call.fuel, None);
    assert_eq!(Limits::metered().call.fuel, Some(defaults::METERED_FUEL));
    assert_eq!(
        Limits::default().lowered_by(&said("fuel", "7")).call.fuel,
        Some(7)
    );
    assert_eq!(
        Limits::metered()
            .lowered_by(&said("fuel", "20000000"))
            .call
            .fuel,
        Some(defaults::METERED_FUEL)
    );
}

#[test]
fn the_operator_raises_what_the_manifest_cannot() {
    let wish = said("wall-clock", "1h");
    assert_eq!(Limits::default().lowered_by(&wish), Limits::default());
    assert_eq!(
        Limits::default().set_by(&wish).call.wall_clock,
        Duration::from_secs(3600)
    );
}

#[test]
fn limits_survive_being_written_and_read() {
    let mut said = said("wall-clock", "1s 500ms");
    said.set_text("memory-bytes", "1GiB").unwrap();
    said.set_number("sessions", 3).unwrap();
    let json = serde_json::to_string(&said).unwrap();
    assert_eq!(
        json,
        r#"{"wall-clock":"1s 500ms","memory-bytes":1073741824,"sessions":3}"#
    );
    assert_eq!(serde_json::from_str::<LimitOverrides>(&json).unwrap(), said);
    assert!(
        serde_json::from_str::<LimitOverrides>(r#"{"session":3}"#)
            .unwrap_err()
            .to_string()
            .contains("`sessions`")
    );
}

/// Any value for any limits: numbers around the defaults, so that some are larger and some smaller.
fn overrides() -> impl Strategy<Value = LimitOverrides> {
    let entry = (
        proptest::sample::select(LimitOverrides::KEYS),
        0_u64..1 << 29,
    );
    proptest::collection::vec(entry, 0..20).prop_map(|entries| {
        let mut said = LimitOverrides::default();
        for (key, value) in entries {
            if said.set_number(key, value).is_err() {
                said.set_text(key, &format!("{value}ms")).unwrap();
            }
        }
        said
    })
}

/// All values in the order of the keys; no limit at all counts as the largest.
fn values(limits: &Limits) -> Vec<u128> {
    let Limits { call, plugin, .. } = limits;
    let small = [
        call.core_instances,
        call.memories,
        call.tables,
        call.handles,
        call.tasks_in_flight,
        plugin.concurrent_calls,
        plugin.queued_calls,
        plugin.warm_instances,
        plugin.sessions,
        plugin.calls_per_minute,
    ];
    let large = [
        call.memory_bytes,
        call.table_elements,
        call.fuel.unwrap_or(u64::MAX),
        call.argument_bytes,
        call.output_bytes,
        call.stream_bytes,
        call.log_lines,
        call.log_bytes,
        call.stdio_bytes,
        call.progress_reports,
        call.host_calls,
        call.host_call_bytes,
        plugin.warm_calls,
    ];
    let times = [call.wall_clock, call.cancel_grace, plugin.session_idle];
    let counts = small
        .into_iter()
        .map(u128::from)
        .chain(large.into_iter().map(u128::from));
    counts
        .chain(times.into_iter().map(|time| time.as_nanos()))
        .collect()
}

proptest! {
    #[test]
    fn a_manifest_never_raises_a_limit(operator in overrides(), manifest in overrides()) {
        let set = Limits::default().set_by(&operator);
        let lowered = set.lowered_by(&manifest);
        let asked = set.set_by(&manifest);
        for ((lowered, set), asked) in values(&lowered).into_iter().zip(values(&set)).zip(values(&asked)) {
            prop_assert_eq!(lowered, set.min(asked));
        }
        prop_assert_eq!(&lowered.load, &set.load);
        prop_assert_eq!(&lowered.host, &set.host);
    }

    #[test]
    fn no_value_makes_the_parser_panic(key in proptest::sample::select(LimitOverrides::KEYS), value in any::<String>(), number in any::<u64>()) {
        let _ = LimitOverrides::default().set_text(key, &value);
        let _ = LimitOverrides::default().set_text(key, &format!("{number}{value}"));
        let _ = LimitOverrides::default().set_number(key, number);
    }
}
