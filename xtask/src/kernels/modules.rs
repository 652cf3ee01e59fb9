//! Which modules of a kernel go into the machine, and in which order they can be loaded there without any tool.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::files::found;
use super::tools::{bytes as bytes_of, tool};
use crate::Result;

/// What the machine and the test kit need.
pub(super) const BASE: &[&str] = &["virtio_pci", "virtio_blk", "veth", "af_packet"];

/// What `sock_diag` is made of, and families that are modules themselves. What a kernel does not have is left out: it
/// is built in, or is not there and then the checks say so.
pub(super) const DIAG: &[&str] = &[
    "inet_diag",
    "tcp_diag",
    "udp_diag",
    "raw_diag",
    "mptcp_diag",
    "unix_diag",
    "netlink_diag",
    "af_packet_diag",
    "vsock",
    "vsock_loopback",
    "vsock_diag",
    // Asked for by SCTP at run time, which nobody answers in the machine.
    "crc32c_generic",
    "sctp",
    "sctp_diag",
    // Tunnels whose UDP sockets are the kernel's.
    "vxlan",
    "wireguard",
    "l2tp_netlink",
    "fou",
];

/// The files of a kernel's modules by their name.
pub(super) struct Modules {
    files: BTreeMap<String, PathBuf>,
}

/// A module as the kernel takes it.
pub(super) struct Module {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

impl Modules {
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for path in found(&folder)? {
                if path.is_dir() {
                    folders.push(path);
                } else if let Some(name) = name(&path) {
                    files.insert(name, path);
                }
            }
        }
        Ok(Self { files })
    }

    /// These modules, each after those it depends on, without `done` and without those that are no files.
    pub(super) fn in_order(&self, wanted: &[&str], done: &[Module]) -> Result<Vec<Module>> {
        let mut order = Vec::new();
        for name in wanted {
            self.add(name, done, &mut order)?;
        }
        Ok(order)
    }

    fn add(&self, name: &str, done: &[Module], order: &mut Vec<Module>) -> Result<()> {
        let Some(path) = self.files.get(name) else { return Ok(()) };
        if done.iter().chain(&*order).any(|module| module.name == name) {
            return Ok(());
        }
        let bytes = plain(path)?;
        for other in dependencies(&bytes) {
            self.add(&other, done, order)?;
        }
        order.push(Module { name: name.to_owned(), bytes });
        Ok(())
    }
}

/// `af_packet` of `…/af-packet.ko.xz`.
fn name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let (name, end) = name.split_once(".ko")?;
    matches!(end, "" | ".xz" | ".zst" | ".gz").then(|| name.replace('-', "_"))
}

fn plain(path: &Path) -> Result<Vec<u8>> {
    let unpack = match path.extension().and_then(|end| end.to_str()) {
        Some("xz") => "xz",
        Some("zst") => "zstd",
        Some("gz") => "gzip",
        _ => return fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display())),
    };
    bytes_of(tool(unpack).arg("-dc").arg(path))
}

/// `depends=a,b`, one of the texts that a module carries, each with a NUL at its end.
fn dependencies(module: &[u8]) -> Vec<String> {
    const KEY: &[u8] = b"\0depends=";
    let Some(at) = module.windows(KEY.len()).position(|window| window == KEY) else { return Vec::new() };
    let text = module[at + KEY.len()..].split(|&byte| byte == 0).next().unwrap_or_default();
    let text = String::from_utf8_lossy(text);
    text.split(',').filter(|name| !name.is_empty()).map(|name| name.replace('-', "_")).collect()
}

#[cfg(test)]
mod tests {
    use super::{dependencies, name};

    #[test]
    fn files_and_what_they_say_of_themselves() {
        assert_eq!(name("/a/af-packet.ko.xz".as_ref()).as_deref(), Some("af_packet"));
        assert_eq!(name("tcp_diag.ko".as_ref()).as_deref(), Some("tcp_diag"));
        assert_eq!(name("modules.dep".as_ref()), None);
        assert_eq!(name("tcp_diag.koala".as_ref()), None);
        assert_eq!(
            dependencies(b"\x7fELF\0license=GPL\0depends=inet_diag,net-core\0name=x\0"),
            ["inet_diag", "net_core"]
        );
        assert_eq!(dependencies(b"\x7fELF\0depends=\0name=x\0").len(), 0);
        assert_eq!(dependencies(b"\x7fELF").len(), 0);
    }
}
