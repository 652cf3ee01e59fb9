//! `pree doctor`: what is wrong on this machine, the worst first, or that all is well and what that rests on.

mod looked_for;
mod screen;

use std::io::Write as _;
use std::process::ExitCode;

use pree::quality::{Assessment, HostAssessment, Severity, assess_host, assess_host_interval};
use pree::{Namespaces, Needs, Snapshot, Socket};

use super::explain;
use super::look::{self, Seen};
use super::page::Page;
use crate::args::{Args, Format};
use crate::exit::{Failure, TROUBLE};
use crate::output;
use crate::output::environment::Environment;
use crate::output::json::verdicts;
use crate::output::screen::Screen;
use crate::session;
use crate::sys::Rights;
use looked_for::looked_for;

/// Connections and groups of them that are shown when nobody says how many.
const SHOWN: usize = 20;

pub(crate) fn run(args: &Args, rights: Rights) -> Result<ExitCode, Failure> {
    let place = session::open(args, rights)?;
    let names = if args.namespaces == Namespaces::All { Needs::NAMESPACE_NAME } else { Needs::empty() };
    let query = session::query(args, Needs::OWNERS | Needs::SEND_QUEUE | Needs::HOST | names).stats();
    let Seen { snapshot, intervals } = look::look(&place, args, &query)?;
    let host = match &intervals {
        None => assess_host(&snapshot),
        Some(intervals) => assess_host_interval(&snapshot, intervals),
    };
    let troubled = troubled(&snapshot, &host);
    let trouble =
        !troubled.is_empty() || host.findings.iter().any(|finding| finding.severity >= Severity::Warning);
    if !args.quiet {
        let text = if args.format == Format::Json {
            let limit = args.limit.unwrap_or(usize::MAX).min(troubled.len());
            verdicts::diagnosed(
                &snapshot,
                &host,
                troubled.get(..limit).unwrap_or_default(),
                &looked_for(&host),
            )
        } else {
            let screen = Screen::of_stdout(args, &Environment::read());
            let mut page = Page::new(screen.color);
            let place = session::looked_at(args, snapshot.coverage());
            screen::write(&mut page, (&snapshot, &place), &host, &troubled, args.limit.unwrap_or(SHOWN));
            page.text.into_bytes()
        };
        let mut stdout = output::stdout();
        stdout.write_all(&text)?;
        stdout.flush()?;
    }
    let code = session::end(args, snapshot.coverage());
    Ok(if trouble { ExitCode::from(TROUBLE) } else { code })
}

/// Sockets with a warning or worse, the worst first.
fn troubled<'s>(snapshot: &'s Snapshot, host: &'s HostAssessment) -> Vec<(&'s Socket, &'s Assessment)> {
    let of = |(place, judged): &'s (usize, Assessment)| Some((snapshot.sockets().get(*place)?, judged));
    let mut troubled: Vec<_> = host.troubled.iter().filter_map(of).collect();
    troubled.sort_by(|(_, a), (_, b)| explain::order(a, b));
    troubled
}
