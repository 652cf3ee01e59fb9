//! `pree doctor`: what is wrong on this machine, the worst first, or that no problem was found and what that rests on.

mod screen;

use std::process::ExitCode;

use pree::quality::{Assessment, HostAssessment, Severity, assess_host, assess_host_interval};
use pree::source::System;
use pree::{Namespaces, Needs, Protocols, Snapshot, Socket};

use super::explain;
use super::look::{self, Question, Seen};
use super::page::Page;
use crate::args::Args;
use crate::exit::{Failure, TROUBLE};
use crate::output;
use crate::output::environment::Environment;
use crate::output::json::verdicts;
use crate::output::screen::Screen;
use crate::session::Session;
use crate::sys::Rights;

/// What there are detectors for.
const JUDGED: Protocols = Protocols::USUAL.union(Protocols::UNIX);

/// Connections and groups of them that are shown by default.
const SHOWN: usize = 20;

pub(crate) fn run(args: Args, rights: Rights) -> Result<ExitCode, Failure> {
    let fail_on = args.fail_on.unwrap_or(Severity::Warning);
    let explain::Options { asked, look_for, json, color, limit } = args.into();
    let session = Session::open(asked, rights)?;
    let asked = &session.options;
    let names = if asked.namespaces == Namespaces::All { Needs::NAMESPACE_NAME } else { Needs::empty() };
    let needs = Needs::OWNERS | Needs::SEND_QUEUE | Needs::HOST | Needs::INTERFACE_NAME | names;
    // Windows has no list of them, which is nobody's problem.
    let has_unix = session.system() != System::Windows;
    let question = Question { protocols: Some(if has_unix { JUDGED } else { Protocols::USUAL }), needs };
    let Seen { snapshot, intervals } = look::look(&session, look_for, question)?;
    let host = match &intervals {
        None => assess_host(&snapshot),
        Some(intervals) => assess_host_interval(&snapshot, intervals),
    };
    let troubled = troubled(&snapshot, &host);
    let of_sockets = troubled.iter().filter_map(|(_, assessment)| explain::worst(assessment));
    let worst = of_sockets.chain(host.findings.iter().map(|finding| finding.severity)).max();
    let trouble = worst >= Some(fail_on);
    if !asked.quiet {
        let text = if json {
            let troubled = troubled.iter().take(limit.unwrap_or(usize::MAX));
            let views = troubled.map(|(socket, judged)| look::view(intervals.as_ref(), socket, judged));
            verdicts::diagnosed(&snapshot, &host, views)
        } else {
            let screen = Screen::of_stdout(color, &Environment::read());
            let mut page = Page::new(screen);
            let place = asked.looked_at(snapshot.coverage());
            screen::write(&mut page, (&snapshot, &place), &host, &troubled, limit.unwrap_or(SHOWN));
            page.text.into_bytes()
        };
        output::print(text)?;
    }
    let code = asked.end(snapshot.coverage());
    Ok(if trouble { ExitCode::from(TROUBLE) } else { code })
}

/// Sockets with a warning or worse, the worst first.
fn troubled<'s>(snapshot: &'s Snapshot, host: &'s HostAssessment) -> Vec<(&'s Socket, &'s Assessment)> {
    let of = |(place, judged): &'s (usize, Assessment)| Some((snapshot.sockets().get(*place)?, judged));
    let mut troubled: Vec<_> = host.troubled.iter().filter_map(of).collect();
    troubled.sort_by(|(_, a), (_, b)| explain::order(a, b));
    troubled
}
