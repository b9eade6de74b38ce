//! Hooks raise no hooks: what a handler does is not told to handlers.

tokio::task_local! {
    static HANDLING: ();
}

/// Whether hooks are raised here: not inside a handler.
pub fn raises_hooks() -> bool {
    HANDLING.try_with(|()| ()).is_err()
}

/// Runs `work` as handlers run: within it, no hooks are raised. The mark belongs to the task. Who moves a part of a handler's work to
/// another one wraps it in this.
pub async fn without_hooks<F: Future>(work: F) -> F::Output {
    HANDLING.scope((), work).await
}
