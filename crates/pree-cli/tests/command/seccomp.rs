//! Starts the command under a filter that makes one system call fail, or end the program. The filter is set by Python, which needs no
//! unsafe code of ours for it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use pree_testkit::{Failed, need};
use rustix::io::Errno;

use crate::run::{self, PREE};

/// The module that a machine must have for this.
pub const MODULE: &str = "ctypes";

/// What fails.
#[derive(Debug, Clone, Copy)]
pub struct Refusal {
    /// The number of the call.
    pub call: libc::c_long,
    /// Only where the argument with this number has this value.
    pub argument: Option<(u32, u32)>,
    /// Without an error it ends the program.
    pub errno: Option<Errno>,
}

/// Its arguments: the filter in hex, the program, the program's arguments.
const SCRIPT: &str = r#"
import ctypes, os, signal, sys
code = bytes.fromhex(sys.argv[1])
class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_char_p)]
program = Program(len(code) // 8, code)
prctl = ctypes.CDLL(None, use_errno=True).prctl
number = ctypes.c_ulong
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
for arguments in ((PR_SET_NO_NEW_PRIVS, number(1), number(0)), (PR_SET_SECCOMP, number(SECCOMP_MODE_FILTER), ctypes.byref(program))):
    if prctl(*arguments, number(0), number(0)):
        sys.exit("prctl: " + os.strerror(ctypes.get_errno()))
# Python ignores it, and so would the program.
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
os.execv(sys.argv[2], sys.argv[2:])
"#;

/// `pree` with these words, under the filter.
pub fn command(refusal: Refusal, words: &str) -> Result<Command, Failed> {
    static PYTHON: LazyLock<Option<PathBuf>> = LazyLock::new(|| need::python(MODULE));
    let python = PYTHON.as_ref().and_then(|path| path.to_str()).ok_or("no Python with ctypes")?;
    let mut command = run::hermetic(python);
    command.args(["-I", "-S", "-c", SCRIPT]).arg(refusal.program()?).arg(PREE);
    command.args(words.split_whitespace());
    Ok(command)
}

impl Refusal {
    /// A classic BPF program (`struct sock_filter`), in hex.
    fn program(self) -> Result<String, Failed> {
        const LOAD_WORD: u16 = 0x20;
        const JUMP_IF_EQUAL: u16 = 0x15;
        const RETURN: u16 = 0x06;
        // Where `struct seccomp_data` has the number, and the lower half of the first argument of 8 bytes.
        const CALL: u32 = 0;
        const ARGUMENT: u32 = if cfg!(target_endian = "big") { 20 } else { 16 };
        const KILL_PROCESS: u32 = 0x8000_0000;
        const FAIL: u32 = 0x0005_0000;
        const ALLOW: u32 = 0x7fff_0000;
        let call = u32::try_from(self.call)?;
        let refused = match self.errno {
            Some(errno) => FAIL | u32::try_from(errno.raw_os_error())?,
            None => KILL_PROCESS,
        };
        let mut steps = vec![(LOAD_WORD, 0, CALL)];
        match self.argument {
            // The third number: how many steps to skip when it is not equal.
            Some((index, value)) => {
                steps.push((JUMP_IF_EQUAL, 3, call));
                steps.push((LOAD_WORD, 0, ARGUMENT + 8 * index));
                steps.push((JUMP_IF_EQUAL, 1, value));
            }
            None => steps.push((JUMP_IF_EQUAL, 1, call)),
        }
        steps.push((RETURN, 0, refused));
        steps.push((RETURN, 0, ALLOW));
        let mut hex = String::new();
        for (code, skip, value) in steps {
            let bytes = code.to_ne_bytes().into_iter().chain([0, skip]).chain(value.to_ne_bytes());
            for byte in bytes {
                write!(hex, "{byte:02x}")?;
            }
        }
        Ok(hex)
    }
}
