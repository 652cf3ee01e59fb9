//! The first owner. All owners are in [`Socket::owners`].

use std::time::Duration;

use super::{Field, Section, Unit, Value};
use crate::model::{Process, Socket, Text};
use crate::query::Needs;

macro_rules! owner {
    ($( $name:literal $key:literal $unit:ident $needs:expr; $source:literal; $doc:literal => $get:expr; )*) => {
        &[$( Field {
            name: $name,
            section: Section::Owner,
            key: $key,
            unit: Unit::$unit,
            needs: Needs::OWNERS.union($needs),
            doc: $doc,
            source: $source,
            get: $get,
        } ),*]
    };
}

fn process(socket: &Socket) -> Option<&Process> {
    socket.owners.first().map(|owner| &*owner.process)
}

fn text(text: Option<&Text>) -> Value<'_> {
    text.map(Text::as_bytes).into()
}

const NONE: Needs = Needs::empty();

pub(super) const FIELDS: &[Field] = owner! {
    "pid" "pid" None NONE; "/proc"; "Process id." => |s| process(s).map(|p| p.pid).into();
    "process" "name" None NONE; "/proc/PID/stat"; "Short name of the process." =>
        |s| text(process(s).map(|p| &p.name));
    "fd" "fd" None NONE; "/proc/PID/fd"; "Descriptor number in the process." =>
        |s| s.owners.first().and_then(|owner| owner.fd).into();
    "started" "start_time" UnixTime NONE; "/proc/PID/stat"; "When the process started." =>
        |s| process(s).and_then(|p| p.start_time?.since_unix_epoch()).map(whole_ticks).into();
    "ppid" "parent" None NONE; "/proc/PID/stat"; "Id of its parent." => |s| process(s).and_then(|p| p.parent).into();
    "user" "user" None Needs::PROCESS_USER; "/proc/PID/status"; "User the process runs as." =>
        |s| text(process(s).and_then(|p| p.user.as_ref()));
    "exe" "executable" None Needs::PROCESS_EXECUTABLE; "/proc/PID/exe"; "Path of the program." =>
        |s| text(process(s).and_then(|p| p.executable.as_ref()));
    "cmd" "command_line" None Needs::PROCESS_COMMAND_LINE; "/proc/PID/cmdline"; "Arguments, each ended by NUL." =>
        |s| text(process(s).and_then(|p| p.command_line.as_ref()));
    "cgroup" "cgroup" None Needs::PROCESS_CGROUP; "/proc/PID/cgroup"; "Path of its cgroup." =>
        |s| text(process(s).and_then(|p| p.cgroup.as_ref()));
};

/// The kernel counts the start in hundredths of a second; more digits would be those of the clock's offset.
fn whole_ticks(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis() / 10 * 10).unwrap_or(u64::MAX))
}
