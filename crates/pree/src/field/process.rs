//! Owners. As a field of a socket it is the first one that counts; in JSON every owner has these members.

use std::time::Duration;

use super::entry::{LINUX, LINUX_MACOS, fields};
use super::{Field, Unit, Value};
use crate::model::{Container, Owner, Runtime, StartTime, Text};
use crate::needs::Needs;

/// One thing that can be known about an owner.
#[derive(Debug)]
#[non_exhaustive]
pub struct OwnerField {
    /// Its key in JSON.
    pub key: &'static str,
    /// What its values are.
    pub unit: Unit,
    /// What must be asked of the system.
    pub needs: Needs,
    /// Gets it.
    pub get: fn(&Owner) -> Value<'_>,
}

macro_rules! owner {
    ($( $name:literal $key:literal $unit:ident $needs:expr; $source:literal; $doc:literal $(, $more:ident: $value:expr)* => $get:expr; )*) => {
        pub(super) const OWNER_FIELDS: &[OwnerField] = &[$( OwnerField {
            key: $key,
            unit: Unit::$unit,
            needs: Needs::OWNERS.union($needs),
            get: $get,
        } ),*];

        pub(super) const FIELDS: &[Field] = fields! {$(
            $name Owner $key $unit Needs::OWNERS.union($needs); $doc; $source $(, $more: $value)* => |socket| {
                let get: fn(&Owner) -> Value<'_> = $get;
                socket.owners.first().map_or(Value::Unknown, get)
            };
        )*};
    };
}

fn text(text: Option<&Text>) -> Value<'_> {
    text.map(Text::as_bytes).into()
}

const NONE: Needs = Needs::empty();

owner! {
    "pid" "pid" Id NONE; "/proc"; "Process id of the first owner." => |o| Value::Number(o.pid().into());
    "process" "name" Text NONE; "/proc/PID/stat"; "Short name of the process." => |o| text(Some(&o.process.name));
    "fd" "fd" Id NONE; "/proc/PID/fd"; "Descriptor number in the process.", told_by: LINUX_MACOS => |o| o.fd.into();
    "thread" "thread" Id NONE; "/proc/PID/task"; "Thread, when the descriptor is private to it.", told_by: LINUX =>
        |o| o.thread.into();
    "io_uring" "io_uring" Bool NONE; "/proc/PID/fdinfo, Linux 6.14"; "Whether the descriptor is an io_uring that holds the socket.", told_by: LINUX =>
        |o| o.io_uring.then_some(true).into();
    "started" "start_time" UnixTime Needs::PROCESS_START; "/proc/PID/stat"; "When the process started." =>
        |o| o.process.start_time.and_then(StartTime::since_unix_epoch).map(whole_ticks).into();
    "ppid" "parent" Id NONE; "/proc/PID/stat"; "Process id of its parent." => |o| o.process.parent.into();
    "puid" "uid" Id Needs::PROCESS_UID; "/proc/PID/status"; "User id the process runs as.", told_by: LINUX_MACOS =>
        |o| o.process.uid.into();
    "puser" "user" Text Needs::PROCESS_USER; "/proc/PID/status, /etc/passwd"; "User the process runs as.", told_by: LINUX_MACOS =>
        |o| text(o.process.user.as_ref());
    "exe" "executable" Text Needs::PROCESS_EXECUTABLE; "/proc/PID/exe"; "Path of the program." =>
        |o| text(o.process.executable.as_ref());
    "cmd" "command_line" Text Needs::PROCESS_COMMAND_LINE; "/proc/PID/cmdline"; "Arguments, each ended by NUL.", told_by: LINUX_MACOS =>
        |o| o.process.command_line.as_ref().map_or(Value::Unknown, |line| Value::Arguments(line.as_bytes()));
    "pcgroup" "cgroup" Text Needs::PROCESS_CGROUP; "/proc/PID/cgroup"; "Path of the process's cgroup.", told_by: LINUX =>
        |o| text(o.process.cgroup.as_ref());
    "unit" "unit" Text Needs::PROCESS_CGROUP; "/proc/PID/cgroup"; "systemd unit of the process.", told_by: LINUX =>
        |o| text(o.process.unit.as_ref().map(|unit| &unit.name));
    "container" "container" Text Needs::PROCESS_CGROUP; "/proc/PID/cgroup"; "Container of the process: its name, or the first 12 digits of its id.",
        told_by: LINUX => |o| o.process.container.as_ref().map(Container::shown).into();
    "container_id" "container_id" Text Needs::PROCESS_CGROUP; "/proc/PID/cgroup"; "The whole id of the container.", told_by: LINUX =>
        |o| text(o.process.container.as_ref().map(|container| &container.id));
    "runtime" "runtime" Word Needs::PROCESS_CGROUP; "/proc/PID/cgroup"; "Who runs the container.", told_by: LINUX, choices: &Runtime::NAMES =>
        |o| o.process.container.as_ref().and_then(|it| it.runtime).map_or(Value::Unknown, |it| Value::Word(it.name()));
    "pod" "pod" Text Needs::PROCESS_CGROUP; "/proc/PID/cgroup"; "Id of the pod that the container is in.", told_by: LINUX =>
        |o| text(o.process.pod.as_ref());
}

/// The kernel counts the start in hundredths of a second; more digits would be those of the clock's offset.
fn whole_ticks(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis() / 10 * 10).unwrap_or(u64::MAX))
}
