use std::fs;

use serde_json::json;

use super::*;

async fn start(source: Source) -> Result<Vec<String>, HookError> {
    let mut hooks = BootScript::new(source).hooks();
    let hook = hooks.pop().unwrap();
    assert!(hook.point.takes(hook.mode));
    let event = HookEvent {
        point: hook.point,
        id: "1".into(),
        payload: Arc::new(json!({"session": "s", "resumed": false, "context": ["first"]})),
    };
    let outcome = hook.handler.handle(event).await?;
    Ok(match outcome.verdict {
        Verdict::Replace(payload) => {
            let start: SessionStart = serde_json::from_value(payload).unwrap();
            assert_eq!(start.session, "s");
            start.context
        }
        Verdict::Proceed => vec!["first".to_owned()],
        Verdict::Cancel(reason) => panic!("{reason}"),
    })
}

#[tokio::test]
async fn a_text_comes_after_what_is_there() {
    let context = start(Source::Text("Be brief.\n".to_owned())).await;
    assert_eq!(context.unwrap(), ["first", "Be brief."]);
    let context = start(Source::Text(" \n".to_owned())).await;
    assert_eq!(context.unwrap(), ["first"]);
}

#[tokio::test]
async fn a_file_is_read_at_each_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("boot.md");
    for text in ["one", "two"] {
        fs::write(&path, text).unwrap();
        let context = start(Source::File(path.clone())).await;
        assert_eq!(context.unwrap(), ["first", text]);
    }
}

#[tokio::test]
async fn a_file_that_can_not_be_used_is_told_with_its_path_and_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("boot.md");
    let error = async |path: &Path| {
        let error = start(Source::File(path.to_owned())).await.unwrap_err();
        assert_eq!(error.code, "boot-script");
        assert!(error.message.contains(&path.display().to_string()));
        error.message
    };
    assert!(error(&path).await.contains("Put it there"));
    assert!(error(folder.path()).await.contains("no regular file"));
    fs::write(&path, vec![b'x'; MAX_BYTES + 1]).unwrap();
    assert!(error(&path).await.contains("64 KiB"));
    fs::write(&path, b"good \xff").unwrap();
    assert!(error(&path).await.contains("from byte 5"));
}

#[tokio::test]
async fn a_configured_text_has_the_same_limit() {
    let error = start(Source::Text("x".repeat(MAX_BYTES + 1))).await;
    assert!(error.unwrap_err().message.contains("the configured text"));
}

#[cfg(unix)]
mod programs {
    use super::*;

    fn shell(script: &str, timeout: Duration) -> Source {
        Source::Run(Program {
            program: "sh".into(),
            args: vec!["-c".to_owned(), script.to_owned()],
            timeout,
        })
    }

    /// Long enough for any machine.
    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_programs_output_is_added_and_its_arguments_meet_no_shell() {
        let context = start(Source::Run(Program {
            program: "printf".into(),
            args: vec!["%s".to_owned(), "$HOME; `id`".to_owned()],
            timeout: MINUTE,
        }));
        assert_eq!(context.await.unwrap(), ["first", "$HOME; `id`"]);
    }

    #[tokio::test]
    async fn a_program_that_fails_is_told_with_what_it_said() {
        let error = start(shell(
            "echo half; printf 'no \\033 disk' >&2; exit 3",
            MINUTE,
        ))
        .await;
        let message = error.unwrap_err().message;
        assert!(
            message.contains("exit status: 3: no \\u{1b} disk"),
            "{message}"
        );
        let error = start(Source::Run(Program {
            program: "/no/such/program".into(),
            args: vec![],
            timeout: MINUTE,
        }));
        let message = error.await.unwrap_err().message;
        assert!(message.contains("/no/such/program can't be run"));
    }

    #[tokio::test]
    async fn a_program_that_writes_too_much_is_stopped() {
        let script = "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxx; done";
        let message = start(shell(script, MINUTE)).await.unwrap_err().message;
        assert!(message.contains("the output of sh has more than 64 KiB"));
    }

    // The clock stands still but for timeouts, so that these take no minute.
    #[tokio::test(start_paused = true)]
    async fn a_program_that_takes_too_long_is_stopped() {
        for script in ["sleep 1000", "while :; do echo xxxxxxxxxxxx >&2; done"] {
            let message = start(shell(script, MINUTE)).await.unwrap_err().message;
            assert!(message.contains("sh was killed since it took longer than 60s"));
        }
    }

    #[tokio::test]
    async fn a_program_is_killed_with_what_it_started_when_nobody_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let script = format!(
            "exec 3>'{}'; sleep 1000 & echo started >&3; wait",
            pipe.display()
        );
        let (started, has_started) = tokio::sync::oneshot::channel();
        let reader = std::thread::spawn(move || {
            use std::io::BufRead as _;
            let mut lines = std::io::BufReader::new(fs::File::open(pipe).unwrap()).lines();
            started.send(lines.next().unwrap().unwrap()).unwrap();
            // The end comes when nobody has the pipe open for writing any more: neither the shell nor what it started.
            lines.count()
        });
        tokio::select! {
            ended = start(shell(&script, MINUTE)) => panic!("{ended:?}"),
            started = has_started => assert_eq!(started.unwrap(), "started"),
        }
        assert_eq!(reader.join().unwrap(), 0);
    }
}
