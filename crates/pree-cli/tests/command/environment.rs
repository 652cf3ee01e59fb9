//! Places that nobody chooses: no environment, a directory that is gone, few descriptors, other languages.

use std::os::unix::ffi::OsStrExt;
use std::{ffi::OsStr, fs};

use pree_testkit::{Case, Failed, Need, Truth};

use crate::flags::same_rows;
use crate::run::{self, judge};
use crate::table::USUAL;
use crate::truth::{self, FULL, Owners, View};
use crate::{json, population, table};

pub fn cases() -> Vec<Case> {
    let lab = |name, run: fn() -> Result<(), Failed>| Case::new(name, run).lab().needs(Need::Ipv6);
    vec![
        lab("environment_changes_nothing", variables),
        lab("a_directory_that_is_gone_changes_nothing", directory_gone),
        lab("few_descriptors_lose_nothing_untold", few_descriptors),
        lab("closed_standard_descriptors_are_no_panic_and_no_silence", standard_descriptors_closed),
    ]
}

fn variables() -> Result<(), Failed> {
    let all = population::few()?;
    let plain = table::parse(&run::pree("-aiemo")?.whole()?.out, USUAL)?;
    truth::same(all.truth(), &plain, FULL)?;
    for variables in [
        &[("LANG", &b"C"[..])][..],
        &[("LC_ALL", b"POSIX"), ("TERM", b"dumb")],
        &[("LC_ALL", b"tr_TR.ISO-8859-9"), ("LANGUAGE", b"tr")],
        &[("LC_ALL", b"\xff\xfe"), ("TERM", b"\x1b[31m"), ("HOME", b"")],
        &[("TERM", b"xterm-256color"), ("COLORTERM", b"truecolor"), ("CLICOLOR_FORCE", b"0")],
        &[("COLUMNS", b"10"), ("LINES", b"1"), ("NO_COLOR", b"1"), ("PAGER", b"false")],
        &[("HOME", b"/nonexistent"), ("XDG_CONFIG_HOME", b"relative"), ("PATH", b"")],
        &[("RUST_BACKTRACE", b"full"), ("RUST_LOG", b"trace"), ("RUST_MIN_STACK", b"1")],
        &[("PREE_SOURCE", b"proc"), ("PREE_OPTIONS", b"--json"), ("POSIXLY_CORRECT", b"1")],
    ] {
        let mut command = run::command("-aiemo");
        command.envs(variables.iter().map(|(name, value)| (name, OsStr::from_bytes(value))));
        let rows = table::parse(&judge(command.output()?)?.whole()?.out, USUAL)?;
        same_rows(&format!("{variables:?}"), &plain, &rows)?;
    }
    Ok(())
}

fn directory_gone() -> Result<(), Failed> {
    let all = population::few()?;
    let folder = pree_testkit::fresh_path("gone")?;
    fs::create_dir_all(&folder)?;
    let before = format!("cd '{0}' && rmdir '{0}' &&", folder.display());
    let answer = judge(run::shell(&before, "--strict", "").output()?)?.whole()?;
    truth::same(all.truth(), &table::parse(&answer.out, USUAL)?, FULL)
}

/// With every number of descriptors: the right rows, or what is missing is told, or it fails.
fn few_descriptors() -> Result<(), Failed> {
    let all = population::few()?;
    let mut whole = None;
    for limit in 4..=16 {
        for words in ["", "--json", "--jsonl", "--source proc", "-l --source procfs", "--owners none"] {
            let what = format!("ulimit -n {limit}; pree {words}");
            let output = run::shell(&format!("ulimit -n {limit};"), words, "").output()?;
            let answer = judge(output).map_err(|failed| run::while_doing(&what, failed))?;
            let complete =
                honest(all.truth(), words, answer).map_err(|failed| run::while_doing(&what, failed))?;
            if words.is_empty() && complete {
                whole.get_or_insert(limit);
            }
        }
    }
    // Standard input and output, and a handful of our own.
    if whole.is_some_and(|limit| limit <= 8) {
        Ok(())
    } else {
        Err(format!("enough only at {whole:?}").into())
    }
}

/// True when the answer is all of it, false when it says that it is not; else an error.
fn honest(truth: &[Truth], words: &str, answer: run::Answer) -> Result<bool, Failed> {
    let form = table::Form { owners: !words.contains("none"), ..USUAL };
    let diag = !words.contains("--source");
    let waits = |truth: &&Truth| !words.contains("-l ") || matches!(truth.state, "listen" | "unconnected");
    let truth = || truth.iter().filter(waits);
    if answer.code == 4 {
        answer.tells("pree: cannot")?.silent()?;
        return Ok(false);
    }
    let (rows, complete) = match words {
        "--json" | "--jsonl" => {
            let read = if words == "--json" { json::document } else { json::lines };
            let document = read(&answer.out)?;
            (document.rows()?, document.complete)
        }
        _ => (table::parse(&answer.out, form)?, answer.err.is_empty()),
    };
    if complete != answer.err.is_empty() {
        return Err(format!("complete is {complete}, and told was {:?}", answer.err).into());
    }
    let owners = if form.owners { Owners::All } else { Owners::None };
    let lacks_rows = answer.err.contains("sockets missing");
    if answer.code != (if lacks_rows { 3 } else { 0 }) {
        return Err(format!("code {} with {:?}", answer.code, answer.err).into());
    }
    if complete {
        // Another source than the first choice is no gap, where it tells all that was asked.
        let right = truth::same(truth(), &rows, View { diag, owners });
        return right.or_else(|_| truth::same(truth(), &rows, View { diag: false, owners })).map(|()| true);
    }
    if !lacks_rows && rows.len() != truth().count() {
        return Err(
            format!("{} rows of {}, and told was {:?}", rows.len(), truth().count(), answer.err).into()
        );
    }
    Ok(false)
}

fn standard_descriptors_closed() -> Result<(), Failed> {
    let all = population::few()?;
    // What is opened first takes their numbers: a socket must not be written to as if it were stdout.
    for redirections in ["<&-", "2>&-", "<&- 2>&-"] {
        for words in ["", "--json"] {
            let answer = judge(run::shell("", words, redirections).output()?)?.whole()?;
            let rows = if words.is_empty() {
                table::parse(&answer.out, USUAL)?
            } else {
                json::document(&answer.out)?.whole()?.rows()?
            };
            truth::same(all.truth(), &rows, FULL)?;
        }
    }
    for redirections in [">&-", "<&- >&-", "<&- >&- 2>&-", ">&- 2>&-"] {
        judge(run::shell("", "", redirections).output()?)?.code(4)?;
    }
    Ok(())
}
