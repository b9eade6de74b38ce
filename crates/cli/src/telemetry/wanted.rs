//! Which signals OpenTelemetry's variables ask for.

/// What can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Traces,
    Metrics,
    Logs,
}

impl Signal {
    const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// As it stands in variables' names.
    fn word(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Metrics => "METRICS",
            Self::Logs => "LOGS",
        }
    }
}

/// What the variables ask for, and what of it there is not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) signals: Vec<Signal>,
    pub(super) problems: Vec<String>,
}

impl Wanted {
    /// Reads the variables. An empty one is as good as none.
    pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| variable(name).filter(|value| !value.is_empty());
        let mut wanted = Self::default();
        if get("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return wanted;
        }
        for signal in Signal::ALL {
            match is_wanted(signal, &get) {
                Ok(true) => wanted.signals.push(signal),
                Ok(false) => {}
                Err(problem) => wanted.problems.push(problem),
            }
        }
        wanted
    }

    pub(super) fn has(&self, signal: Signal) -> bool {
        self.signals.contains(&signal)
    }
}

/// Whether a signal has somewhere to go, by an exporter that there is.
fn is_wanted(signal: Signal, get: &dyn Fn(&str) -> Option<String>) -> Result<bool, String> {
    let word = signal.word();
    let either = |what: &str| {
        let own = format!("OTEL_EXPORTER_OTLP_{word}_{what}");
        let all = format!("OTEL_EXPORTER_OTLP_{what}");
        [own, all]
            .into_iter()
            .find_map(|name| get(&name).map(|value| (name, value)))
    };
    let exporter = format!("OTEL_{word}_EXPORTER");
    match get(&exporter).as_deref() {
        Some("none") => return Ok(false),
        Some("otlp") => {}
        None if either("ENDPOINT").is_some() => {}
        None => return Ok(false),
        Some(other) => return Err(unknown(&exporter, other, "`otlp` or `none`")),
    }
    match either("PROTOCOL") {
        Some((name, value)) if !matches!(&*value, "http/protobuf" | "grpc") => {
            Err(unknown(&name, &value, "`http/protobuf` or `grpc`"))
        }
        _ => match either("COMPRESSION") {
            Some((name, value)) if value != "none" => Err(unknown(&name, &value, "`none`")),
            _ => Ok(true),
        },
    }
}

fn unknown(name: &str, value: &str, known: &str) -> String {
    format!(
        "{name} is {value:?}, which this command can't do, and nothing is exported; set it to {known}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Wanted {
        Wanted::read(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn nothing_is_exported_unless_a_variable_says_where_to() {
        assert_eq!(read(&[]), Wanted::default());
        assert_eq!(
            read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]),
            Wanted::default()
        );
        assert_eq!(read(&[("OTEL_SERVICE_NAME", "x")]), Wanted::default());
    }

    #[test]
    fn one_endpoint_is_for_all_signals_or_for_one() {
        let all = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318")]);
        assert_eq!(all.signals, Signal::ALL);
        let one = read(&[("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://localhost:4318")]);
        assert_eq!(one.signals, [Signal::Logs]);
    }

    #[test]
    fn a_signal_is_left_out_or_sent_to_the_default_endpoint() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318");
        let without = read(&[endpoint, ("OTEL_METRICS_EXPORTER", "none")]);
        assert_eq!(without.signals, [Signal::Traces, Signal::Logs]);
        let default = read(&[("OTEL_TRACES_EXPORTER", "otlp")]);
        assert_eq!(default.signals, [Signal::Traces]);
    }

    #[test]
    fn disabled_is_disabled() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318");
        assert_eq!(
            read(&[endpoint, ("OTEL_SDK_DISABLED", "TRUE")]),
            Wanted::default()
        );
    }

    #[test]
    fn what_there_is_not_is_said_with_what_there_is() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318");
        for (name, value, remedy) in [
            ("OTEL_TRACES_EXPORTER", "zipkin", "`otlp` or `none`"),
            (
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
                "http/json",
                "`http/protobuf` or `grpc`",
            ),
            ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip", "`none`"),
        ] {
            let wanted = read(&[endpoint, (name, value)]);
            assert_eq!(wanted.signals, [Signal::Metrics, Signal::Logs], "{name}");
            let [problem] = &wanted.problems[..] else {
                panic!("{wanted:?}")
            };
            assert!(problem.contains(name) && problem.contains(value) && problem.contains(remedy));
        }
    }
}
