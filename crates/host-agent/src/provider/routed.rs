//! Which provider answers for which model.

use std::sync::Arc;

use async_trait::async_trait;
use futures::future::join_all;
use portcullis_contract::chat::{ChatError, ChatRequest, ModelInfo, codes};
use portcullis_host_policy::capability::{CapabilityError, Glob};
use portcullis_host_policy::escape;

use super::{ChatProvider, ChatStream, Providers, UnknownProvider};
use crate::nearest::{hint, nearest};

/// A route that can't be used. The others are there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RouteError {
    /// The pattern can't be read.
    #[error("the route {pattern:?} = {provider:?} is left out: {reason}")]
    Pattern {
        /// As it was written.
        pattern: String,
        /// Where it leads to.
        provider: String,
        /// Why it is no pattern.
        reason: Box<CapabilityError>,
    },
    /// It leads nowhere.
    #[error("the route {pattern:?} is left out: {unknown}")]
    Provider {
        /// As it was written.
        pattern: String,
        /// What there is no provider for.
        unknown: UnknownProvider,
    },
    /// An earlier route has the same pattern.
    #[error("the route {pattern:?} = {provider:?} is left out: it leads to {first:?} already")]
    Twice {
        /// As it was written.
        pattern: String,
        /// Where it would have led to.
        provider: String,
        /// Where it leads to.
        first: String,
    },
}

struct Route {
    pattern: Glob,
    name: String,
    provider: Arc<dyn ChatProvider>,
}

/// Sends each request to the provider that its model's name leads to: of several patterns that match, the narrowest.
pub struct Routed {
    routes: Vec<Route>,
}

impl Routed {
    /// Begins with no route to any of `providers`.
    pub fn builder(providers: &Providers) -> RoutedBuilder<'_> {
        RoutedBuilder {
            providers,
            routes: Vec::new(),
            errors: Vec::new(),
        }
    }

    fn route(&self, model: &str) -> Option<&Route> {
        let matching = self
            .routes
            .iter()
            .filter(|route| route.pattern.matches(model));
        matching.reduce(|narrowest, route| {
            if narrowest.pattern.covers(&route.pattern) {
                route
            } else {
                narrowest
            }
        })
    }

    fn no_route(&self, model: &str) -> ChatError {
        let patterns: Vec<String> = self
            .routes
            .iter()
            .map(|route| route.pattern.to_string())
            .collect();
        let nearest = nearest(model, patterns.iter().map(String::as_str));
        let problem = format!(
            "no provider has a route for the model {model:?}{}",
            hint(nearest)
        );
        ChatError::new(codes::NOT_FOUND, problem)
    }
}

#[async_trait]
impl ChatProvider for Routed {
    /// The models of all providers that can be asked by their name here. A provider that fails is left out, with a warning
    /// in the log, unless all do.
    async fn models(&self) -> Result<Vec<ModelInfo>, ChatError> {
        let mut providers: Vec<&Route> = self.routes.iter().collect();
        providers.sort_by(|one, other| one.name.cmp(&other.name));
        providers.dedup_by(|one, other| one.name == other.name);
        let asked = providers
            .into_iter()
            .map(|route| async move { (route, route.provider.models().await) });
        let (mut all, mut failed, mut answered) = (Vec::new(), None, false);
        for (asked, models) in join_all(asked).await {
            match models {
                Ok(models) => {
                    answered = true;
                    let leads_here = |model: &ModelInfo| {
                        self.route(&model.id)
                            .is_some_and(|route| route.name == asked.name)
                    };
                    all.extend(models.into_iter().filter(leads_here));
                }
                Err(error) => {
                    let reason = escape::line(&error.to_string());
                    tracing::warn!(
                        provider = asked.name,
                        reason,
                        "a provider does not tell its models"
                    );
                    failed.get_or_insert(error);
                }
            }
        }
        match failed {
            Some(error) if !answered => Err(error),
            _ => Ok(all),
        }
    }

    async fn chat(&self, request: ChatRequest) -> Result<ChatStream, ChatError> {
        match self.route(&request.model) {
            Some(route) => route.provider.chat(request).await,
            None => Err(self.no_route(&request.model)),
        }
    }
}

/// Puts routes together.
pub struct RoutedBuilder<'a> {
    providers: &'a Providers,
    routes: Vec<Route>,
    errors: Vec<RouteError>,
}

impl RoutedBuilder<'_> {
    /// Leads models of this name – exactly, or up to a `*` at its end – to a provider.
    #[must_use]
    pub fn route(mut self, pattern: &str, provider: &str) -> Self {
        match self.checked(pattern, provider) {
            Ok(route) => self.routes.push(route),
            Err(error) => self.errors.push(error),
        }
        self
    }

    fn checked(&self, text: &str, name: &str) -> Result<Route, RouteError> {
        let pattern: Glob = text.parse().map_err(|reason| RouteError::Pattern {
            pattern: text.to_owned(),
            provider: name.to_owned(),
            reason: Box::new(reason),
        })?;
        if let Some(first) = self.routes.iter().find(|route| route.pattern == pattern) {
            return Err(RouteError::Twice {
                pattern: text.to_owned(),
                provider: name.to_owned(),
                first: first.name.clone(),
            });
        }
        let provider = self
            .providers
            .get(name)
            .map_err(|unknown| RouteError::Provider {
                pattern: text.to_owned(),
                unknown,
            })?;
        Ok(Route {
            pattern,
            name: name.to_owned(),
            provider: Arc::clone(provider),
        })
    }

    /// The routes that are, and those that are not: log or show the errors.
    #[must_use = "the errors name routes that are left out"]
    pub fn build(self) -> (Routed, Vec<RouteError>) {
        let routed = Routed {
            routes: self.routes,
        };
        (routed, self.errors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{Scripted, Turn, collect};

    fn providers() -> Providers {
        let named = |name: &'static str, models: &[&str]| {
            Arc::new(
                Scripted::reacting(move |_| Turn::new().text(name)).models(models.iter().copied()),
            )
        };
        let broken = Scripted::new([]);
        let (providers, errors) = Providers::builder()
            .native(
                "openai",
                named("openai", &["gpt-4o", "gpt-4o-mini", "whisper"]),
            )
            .native("local", named("local", &["gpt-4o", "llama"]))
            .native("broken", Arc::new(broken))
            .build();
        assert_eq!(errors, []);
        providers
    }

    async fn ask(routed: &Routed, model: &str) -> Result<String, ChatError> {
        let request = ChatRequest {
            model: model.to_owned(),
            ..ChatRequest::default()
        };
        Ok(collect(routed.chat(request).await?).await?.0.text())
    }

    #[tokio::test]
    async fn the_narrowest_pattern_wins_whatever_the_order() {
        let providers = providers();
        let mut routes = [
            ("*", "broken"),
            ("gpt-*", "openai"),
            ("gpt-4o", "local"),
            ("gpt-4o*", "openai"),
        ];
        for _ in 0..routes.len() {
            routes.rotate_left(1);
            let builder = routes
                .iter()
                .fold(Routed::builder(&providers), |builder, (pattern, to)| {
                    builder.route(pattern, to)
                });
            let (routed, errors) = builder.build();
            assert_eq!(errors, []);
            assert_eq!(ask(&routed, "gpt-4o").await.as_deref(), Ok("local"));
            assert_eq!(ask(&routed, "gpt-4o-mini").await.as_deref(), Ok("openai"));
            assert_eq!(
                ask(&routed, "other").await.unwrap_err().code,
                codes::INTERNAL
            );
        }
    }

    #[tokio::test]
    async fn a_bad_route_is_told_by_name_and_leaves_the_others_usable() {
        let providers = providers();
        let (routed, errors) = Routed::builder(&providers)
            .route("gpt-*", "openai")
            .route("claude-*", "opnai")
            .route("g*t", "local")
            .route("gpt-*", "local")
            .route("llama", "local")
            .build();
        let [unknown, unread, twice] = errors.as_slice() else {
            panic!("{errors:?}")
        };
        let told = unknown.to_string();
        assert!(
            told.contains("\"claude-*\"") && told.contains("did you mean \"openai\"?"),
            "{told}"
        );
        assert!(matches!(unread, RouteError::Pattern { pattern, .. } if pattern == "g*t"));
        assert!(matches!(twice, RouteError::Twice { first, .. } if first == "openai"));
        assert_eq!(ask(&routed, "gpt-4o").await.as_deref(), Ok("openai"));
        assert_eq!(ask(&routed, "llama").await.as_deref(), Ok("local"));
    }

    #[tokio::test]
    async fn a_model_without_a_route_is_not_found_and_told_with_the_nearest() {
        let providers = providers();
        let (routed, _) = Routed::builder(&providers)
            .route("gpt-4o", "openai")
            .build();
        let error = ask(&routed, "gpt4o").await.unwrap_err();
        assert_eq!(
            (error.code.as_str(), error.retryable),
            (codes::NOT_FOUND, false)
        );
        assert!(
            error.message.contains("did you mean \"gpt-4o\"?"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn models_are_those_that_their_name_leads_to() {
        let providers = providers();
        let (routed, _) = Routed::builder(&providers)
            .route("gpt-*", "openai")
            .route("gpt-4o", "local")
            .route("llama", "local")
            .build();
        let models: Vec<_> = routed
            .models()
            .await
            .unwrap()
            .into_iter()
            .map(|model| model.id)
            .collect();
        assert_eq!(models, ["gpt-4o", "llama", "gpt-4o-mini"]);
    }
}
