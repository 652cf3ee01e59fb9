//! What leaves the machine: recordings of the command, and the raw answers that the tests of `pree-wire` know.

use std::fs;
use std::io;
use std::process::Command;

use pree_testkit::Failed;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use crate::OUT;
use crate::checks::everything;
use crate::json;
use crate::pree::pree;
use crate::truth::{self, FULL};

/// A recording of every kind of socket, played again here; the host plays it once more and gets the same bytes.
pub fn capture_and_replay() -> Result<(), Failed> {
    let all = everything()?;
    let file = format!("{OUT}/everything.pree");
    let captured = pree(&format!("capture {file} -q"))?;
    if captured.code != 0 {
        return Err(format!("code {}: {}", captured.code, captured.err).into());
    }
    let replayed = pree(&format!("--replay {file} --json"))?;
    fs::write(format!("{OUT}/everything.json"), &replayed.out)?;
    let document = json::document(std::str::from_utf8(&replayed.out)?)?.whole()?;
    truth::same(all.truth(), &document.rows()?, FULL)?;
    let from_proc =
        json::document(std::str::from_utf8(&pree(&format!("--replay {file} --json --source proc"))?.out)?)?;
    truth::same(all.truth(), &from_proc.rows()?, truth::View { diag: false, ..FULL })
}

/// The population that `pree-wire`'s tests know, as this kernel tells of it.
pub fn golden() -> Result<(), Failed> {
    unreachable_net()?;
    let folder = format!("{OUT}/golden");
    fs::create_dir_all(&folder)?;
    let output = Command::new("/capture_golden").arg(&folder).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)).into())
}

/// `ip route add 10.2.2.0/24 dev lo`: what is sent there is lost.
fn unreachable_net() -> io::Result<()> {
    const NEW_ROUTE: u16 = 24;
    const REQUEST_ACKNOWLEDGE_CREATE: u16 = 0x1 | 0x4 | 0x400;
    const LOOPBACK: u32 = 1;
    let mut message = Vec::new();
    // `struct rtmsg`: family, prefixes, service, table main, by boot, scope link, unicast; then destination, interface.
    message.extend([2, 24, 0, 0, 254, 3, 253, 1, 0, 0, 0, 0]);
    for (kind, value) in [(1_u16, [10, 2, 2, 0]), (4, LOOPBACK.to_ne_bytes())] {
        message.extend([8_u16.to_ne_bytes(), kind.to_ne_bytes()].concat());
        message.extend(value);
    }
    let mut request = (16 + message.len() as u32).to_ne_bytes().to_vec();
    request.extend([NEW_ROUTE.to_ne_bytes(), REQUEST_ACKNOWLEDGE_CREATE.to_ne_bytes()].concat());
    request.extend([0; 8]);
    request.extend(message);
    let socket =
        rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    rustix::net::send(&socket, &request, SendFlags::empty())?;
    let mut answer = [0; 1024];
    rustix::net::recv(&socket, &mut answer, RecvFlags::empty())?;
    match i32::from_ne_bytes([answer[16], answer[17], answer[18], answer[19]]) {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(-errno)),
    }
}
