//! `portcullis verify`: whose signatures a component has, and whether they are enough here.

use super::describe::row;
use crate::args::{Format, VerifyArgs};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{self, BAD, GOOD, HEADING};
use crate::{escape, signed, trust};
use portcullis_host_policy::trust::{
    Candidate, Distrust, KeyFault, KeyId, Lock, Standing, Statement, TrustMode, TrustedKeys, fault,
    judge,
};
use serde_json::{Value, json};
use std::time::SystemTime;

/// What was found out of a component.
struct Verified {
    statement: Option<Statement>,
    /// Each signature's key, whose it is, and why it doesn't count.
    signatures: Vec<(KeyId, Option<String>, Option<KeyFault>)>,
    judged: Result<Standing, Distrust>,
}

/// Says whether the component would be loaded where signatures are required. That it would not is an answer too.
pub(crate) fn run(args: &VerifyArgs, format: Format) -> Result<Exit, CliError> {
    let folder = trust::folder(&args.trust)?;
    let (trusted, lock) = (folder.keys()?, folder.lock()?);
    let verified = verify(args, &trusted, lock.as_ref())?;
    match format {
        Format::Json => output::json(&as_json(&verified))?,
        Format::Text => output::text(&as_text(&verified))?,
    }
    Ok(match verified.judged {
        Ok(_) => Exit::Done,
        Err(_) => Exit::Denied,
    })
}

fn verify(
    args: &VerifyArgs,
    trusted: &TrustedKeys,
    lock: Option<&Lock>,
) -> Result<Verified, CliError> {
    let statement = match signed::statement(&args.file)? {
        Ok(statement) => statement,
        Err(distrust) => {
            let (statement, signatures) = (None, Vec::new());
            return Ok(Verified {
                statement,
                signatures,
                judged: Err(distrust),
            });
        }
    };
    let (signatures, _) = signed::signatures(&args.file)?;
    let approved = lock.and_then(|lock| lock.get(&statement.id));
    let known = approved.is_some_and(|approved| approved.digest == statement.digest);
    let now = SystemTime::now();
    let candidate = Candidate {
        statement: Some(&statement),
        signatures: &signatures,
        embedded: true,
        known,
    };
    let judged = judge(TrustMode::Required, trusted, &candidate, now);
    let signatures = signatures.iter().map(|signature| {
        let owner = trusted.get(&signature.key).map(|key| key.owner.clone());
        (
            signature.key,
            owner,
            fault(trusted, &statement, signature, known, now),
        )
    });
    Ok(Verified {
        signatures: signatures.collect(),
        statement: Some(statement),
        judged,
    })
}

fn as_json(verified: &Verified) -> Value {
    let statement = verified.statement.as_ref();
    let signature = |(key, owner, fault): &(KeyId, Option<String>, Option<KeyFault>)| {
        let problem = fault.as_ref().map(ToString::to_string);
        json!({ "keyId": key, "owner": owner, "counts": fault.is_none(), "problem": problem })
    };
    json!({
        "trusted": verified.judged.is_ok(),
        "problem": verified.judged.as_ref().err().map(ToString::to_string),
        "id": statement.map(|statement| &statement.id),
        "version": statement.map(|statement| &statement.version),
        "digest": statement.map(|statement| &statement.digest),
        "signatures": verified.signatures.iter().map(signature).collect::<Vec<_>>(),
    })
}

fn as_text(verified: &Verified) -> String {
    let answer = match &verified.judged {
        Ok(_) => format!("{GOOD}yes{GOOD:#}"),
        Err(distrust) => format!("{BAD}no{BAD:#}: {}", escape::line(&distrust.to_string())),
    };
    let mut text = format!("{HEADING}{:<10}{HEADING:#}{answer}\n", "trusted");
    if let Some(statement) = &verified.statement {
        text += &row(
            "plugin",
            [format!("{} {}", statement.id, statement.version)],
        );
        text += &row("digest", [statement.digest.to_string()]);
        text += &row("signed by", verified.signatures.iter().map(signature_text));
    }
    text
}

fn signature_text((key, owner, fault): &(KeyId, Option<String>, Option<KeyFault>)) -> String {
    let owner = owner
        .as_ref()
        .map(|owner| format!(" ({owner})"))
        .unwrap_or_default();
    match fault {
        None => format!("{key}{owner}: counts"),
        Some(fault) => format!("{key}{owner}: does not count, since it {fault}"),
    }
}
