//! What a hook does raises no hooks.

use super::*;

/// Calls a tool, as an agent would: raises the same event, and counts what came of it.
fn calls_a_tool(
    runner: &HookRunner,
    inner: &Arc<HookTable>,
    quiet: &Arc<AtomicUsize>,
) -> Arc<dyn HookHandler> {
    let (runner, inner, quiet) = (runner.clone(), inner.clone(), quiet.clone());
    handler(move |_| {
        let (runner, inner, quiet) = (runner.clone(), inner.clone(), quiet.clone());
        async move {
            let typed = runner.run(&inner, call).await;
            let raised = runner
                .raise(&inner, point("before-tool-call"), || json!({}))
                .await;
            if typed == Passed::default() && raised == Raised::default() {
                quiet.fetch_add(1, Ordering::Relaxed);
            }
            Ok(HookOutcome::default())
        }
    })
}

#[tokio::test]
async fn a_hook_that_raises_the_same_hook_is_not_asked_again() {
    for mode in [Mode::Gate, Mode::Modify, Mode::Observe] {
        let (runner, quiet) = (runner(), counter());
        let inner = table(vec![native("inner", Mode::Gate, cancels("asked again"))]);
        let outer = table(vec![native(
            "outer",
            mode,
            calls_a_tool(&runner, &inner, &quiet),
        )]);
        runner.run(&outer, call).await;
        runner.drain().await;
        assert_eq!(seen(&quiet), 1, "{mode}");
        assert_eq!(runner.status().len(), 1, "{mode}");
        // Outside of it they are asked.
        assert!(runner.run(&inner, call).await.cancelled.is_some());
    }
}

#[tokio::test]
async fn work_that_moves_to_another_task_takes_the_mark_along() {
    let raises = || async { raises_hooks() };
    assert!(raises().await);
    assert!(!without_hooks(raises()).await);
    let moved =
        without_hooks(async { tokio::spawn(without_hooks(async { raises_hooks() })).await });
    assert!(!moved.await.unwrap());
}
