//! `portcullis:host/ask` and its sync-typed twin.

use std::sync::Arc;

use portcullis_host_policy::capability::Capability;
use portcullis_host_policy::decision::GuestCode;
use portcullis_host_policy::request::Request;
use wasmtime::Result;
use wasmtime::component::{Accessor, HasSelf};

use super::form::Form;
use super::guest::refused;
use super::{Ask, AskAnswer, ServiceCaller, ServiceError};
use crate::bindings::v0_1::portcullis::host::host_types::{Answer as Answered, HostError};
use crate::bindings::v0_1::portcullis::host::{ask, ask_sync};
use crate::call::Aside;
use crate::state::State;

type Answer = std::result::Result<Answered, HostError>;

/// Bytes of a question. A person reads a paragraph; what is longer hides something.
const MESSAGE_BYTES: usize = 4 * 1024;

/// Questions of one call. A dialogue has a few; a flood wears a person down until the answer is yes.
const MOST_QUESTIONS: u32 = 16;

/// A question that may be put.
struct Question {
    service: Arc<dyn Ask>,
    caller: ServiceCaller,
    aside: Aside,
    message: String,
    form: Form,
}

impl State {
    fn begin_ask(
        &mut self,
        message: String,
        schema: &str,
    ) -> Result<std::result::Result<Question, HostError>> {
        self.call.spend(message.len() + schema.len())?;
        Ok(self.question(message, schema))
    }

    fn question(
        &mut self,
        message: String,
        schema: &str,
    ) -> std::result::Result<Question, HostError> {
        let decided = self.call.caller.decide(&Request::Use(Capability::Ask));
        decided.map_err(|denial| refused(denial.code.guest()))?;
        if message.trim().is_empty() || message.len() > MESSAGE_BYTES {
            let rule = format!("a question is a text of at most {MESSAGE_BYTES} bytes");
            return Err(ServiceError::invalid(rule).into());
        }
        let form = Form::parse(schema).map_err(ServiceError::invalid)?;
        let Some(service) = self.service(|services| &services.ask) else {
            let message = "there is nobody to ask";
            return Err(ServiceError::unavailable(message, false).into());
        };
        self.call.questions += 1;
        if self.call.questions > MOST_QUESTIONS {
            return Err(HostError {
                code: GuestCode::QuotaExceeded.as_str().to_owned(),
                message: format!("a call asks at most {MOST_QUESTIONS} times"),
                retryable: false,
            });
        }
        Ok(Question {
            service,
            caller: self.service_caller(),
            aside: self.call.aside.clone(),
            message,
            form,
        })
    }
}

impl Question {
    async fn put(self) -> Result<Answer> {
        let aside = self.aside.clone();
        let answer = aside.run(async move {
            let (service, form) = (&self.service, self.form);
            let answer = service.ask(&self.caller, &self.message, &form.schema).await;
            answer.and_then(|answer| answered(&form, answer))
        });
        Ok(answer.await?.map_err(HostError::from))
    }
}

/// What the guest is told. That an answer does not fit is the fault of the person's program, not the guest's.
fn answered(form: &Form, answer: AskAnswer) -> std::result::Result<Answered, ServiceError> {
    match answer {
        AskAnswer::Declined => Ok(Answered::Declined),
        AskAnswer::Cancelled => Ok(Answered::Cancelled),
        AskAnswer::Accepted(value) => match form.accept(value) {
            Ok(text) => Ok(Answered::Accepted(text)),
            Err(problem) => {
                tracing::debug!(%problem, "an answer does not fit what was asked for");
                let message = "the answer does not fit what was asked for";
                Err(ServiceError::unavailable(message, true))
            }
        },
    }
}

/// Bytes that an answer carries to the guest.
fn bytes(answer: &Answer) -> usize {
    match answer {
        Ok(Answered::Accepted(text)) => text.len(),
        _ => 0,
    }
}

impl ask::Host for State {}

impl ask::HostWithStore<State> for HasSelf<State> {
    async fn ask(
        accessor: &Accessor<State, Self>,
        message: String,
        schema: String,
    ) -> Result<Answer> {
        let begun = accessor.with(|mut access| access.get().begin_ask(message, &schema))?;
        let answer = match begun {
            Ok(question) => question.put().await?,
            Err(refused) => Err(refused),
        };
        accessor.with(|mut access| access.get().call.spend_bytes(bytes(&answer)))?;
        Ok(answer)
    }
}

impl ask_sync::Host for State {
    async fn ask(&mut self, message: String, schema: String) -> Result<Answer> {
        let answer = match self.begin_ask(message, &schema)? {
            Ok(question) => question.put().await?,
            Err(refused) => Err(refused),
        };
        self.call.spend_bytes(bytes(&answer))?;
        Ok(answer)
    }
}
