//! Values stay out of what is written about a plugin: records, logs, denials and traps.

use std::sync::Arc;

use bytes::Bytes;
use portcullis_host_policy::audit::AuditRecord;
use portcullis_host_policy::decision::Denial;
use portcullis_host_policy::request::Request;

use super::forms::Forms;
use super::{Redactor, Vault};
use crate::audit::AuditSink;
use crate::log::{LogLine, LogSink};

impl Vault {
    /// The same sink, for records without values.
    pub(crate) fn audit(&self, sink: Arc<dyn AuditSink>) -> Arc<dyn AuditSink> {
        match self.written() {
            Some(forms) => Arc::new(WithoutValues { forms, sink }),
            None => sink,
        }
    }

    /// The same sink, for lines without values.
    pub(crate) fn log(&self, sink: Arc<dyn LogSink>) -> Arc<dyn LogSink> {
        match self.written() {
            Some(forms) => Arc::new(WithoutValues { forms, sink }),
            None => sink,
        }
    }

    /// The same text without values.
    pub(crate) fn blanked(&self, mut text: String) -> String {
        if let Some(forms) = self.written() {
            blank(&forms, &mut text);
        }
        text
    }

    /// The same denial without values. What would help is left out where it would repeat one.
    pub(crate) fn denial(&self, denial: &Denial) -> Denial {
        let mut denial = denial.clone();
        if let Some(forms) = self.written() {
            blank(&forms, &mut denial.reason);
            let repeats = |text: String| forms.occur_in(text.as_bytes());
            if denial
                .remedies
                .iter()
                .any(|remedy| repeats(remedy.to_string()))
            {
                denial.remedies.clear();
            }
        }
        denial
    }

    /// Whether a request holds a value.
    pub(crate) fn repeats(&self, request: &Request) -> bool {
        let text = match request {
            Request::Http(request) => request.url(),
            other => other.to_string(),
        };
        self.written()
            .is_some_and(|forms| forms.occur_in(text.as_bytes()))
    }
}

struct WithoutValues<S: ?Sized> {
    forms: Arc<Forms>,
    sink: Arc<S>,
}

impl AuditSink for WithoutValues<dyn AuditSink> {
    fn record(&self, mut record: AuditRecord) {
        blank(&self.forms, &mut record.request);
        if let Some(reason) = &mut record.reason {
            blank(&self.forms, reason);
        }
        if let Some(http) = &mut record.http {
            blank(&self.forms, &mut http.origin);
            blank(&self.forms, &mut http.path);
        }
        self.sink.record(record);
    }

    fn dropped(&self) -> u64 {
        self.sink.dropped()
    }

    fn flush(&self) {
        self.sink.flush();
    }
}

impl LogSink for WithoutValues<dyn LogSink> {
    fn log(&self, mut line: LogLine) {
        blank(&self.forms, &mut line.message);
        for (name, value) in &mut line.fields {
            blank(&self.forms, name);
            blank(&self.forms, value);
        }
        self.sink.log(line);
    }
}

fn blank(forms: &Arc<Forms>, text: &mut String) {
    if forms.occur_in(text.as_bytes()) {
        let mut redactor = Redactor::new(Arc::clone(forms));
        let mut blanked = redactor
            .push(Bytes::copy_from_slice(text.as_bytes()))
            .to_vec();
        blanked.extend(redactor.finish());
        *text = String::from_utf8_lossy(&blanked).into_owned();
    }
}
