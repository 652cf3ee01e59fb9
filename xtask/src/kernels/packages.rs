//! The kernels to boot: Debian's packages of them, found and fetched with apt, unpacked, never installed.
//!
//! apt is given a configuration, lists and sources of its own below the target folder, so that the machine's stay as
//! they are. Where packages come from is taken from the machine's own sources.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::files::{found, write};
use super::tools::{tool, words};
use crate::Result;

/// A line of kernels, and the suites of Debian that have it, the first choice first.
pub(super) struct Line {
    pub(super) name: &'static str,
    suites: &'static [&'static str],
}

/// To test on another kernel, add a line.
pub(super) const LINES: &[Line] = &[
    Line { name: "5.10", suites: &["bullseye-security"] },
    Line { name: "6.1", suites: &["bookworm-security"] },
    Line { name: "6.12", suites: &["trixie-security"] },
    Line { name: "newest", suites: &["trixie-backports", "sid"] },
];

/// The package whose only content is which kernel is the current one. Kernels for virtual machines suffice.
const CURRENT: &str = "linux-image-cloud-amd64";

/// An unpacked kernel.
#[derive(Debug)]
pub(super) struct Kernel {
    /// As `uname -r` says it.
    pub(super) release: String,
    /// The folder that its packages are unpacked to.
    root: PathBuf,
}

impl Kernel {
    /// The image to boot.
    pub(super) fn image(&self) -> Result<PathBuf> {
        let places = [
            self.root.join("boot").join(format!("vmlinuz-{}", self.release)),
            self.modules()?.join("vmlinuz"),
        ];
        let place = places.into_iter().find(|place| place.is_file());
        place.ok_or_else(|| format!("no kernel image in {}", self.root.display()))
    }

    /// The folder with its modules.
    pub(super) fn modules(&self) -> Result<PathBuf> {
        let places =
            ["lib/modules", "usr/lib/modules"].map(|place| self.root.join(place).join(&self.release));
        let place = places.into_iter().find(|place| place.is_dir());
        place.ok_or_else(|| format!("no modules in {}", self.root.display()))
    }
}

/// The kernel of each line, from the folder where they are or from Debian; with `update` Debian is asked in any case.
pub(super) fn kernels(folder: &Path, lines: &[&Line], update: bool) -> Result<Vec<Kernel>> {
    let mut apt = None;
    let mut kernels = Vec::new();
    for line in lines {
        let home = folder.join("linux").join(line.name);
        let kernel = match present(&home) {
            Some(kernel) if !update => kernel,
            _ => {
                if apt.is_none() {
                    apt = Some(Apt::prepare(&folder.join("apt"))?);
                }
                let Some(apt) = &apt else { continue };
                apt.newest(line, &home)?
            }
        };
        kernels.push(kernel);
    }
    Ok(kernels)
}

/// What was unpacked there; only what is whole has its name.
fn present(home: &Path) -> Option<Kernel> {
    let mut names =
        found(home).ok()?.into_iter().filter(|path| path.extension().is_none_or(|end| end != "new"));
    let root = names.next()?;
    Some(Kernel { release: root.file_name()?.to_str()?.to_owned(), root })
}

/// apt with a configuration of its own.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn prepare(folder: &Path) -> Result<Self> {
        for name in ["lists/partial", "cache/archives/partial", "none", "packages"] {
            let name = folder.join(name);
            fs::create_dir_all(&name).map_err(|error| format!("cannot make {}: {error}", name.display()))?;
        }
        let mut sources = String::new();
        let (main, security) = archives()?;
        for suite in LINES.iter().flat_map(|line| line.suites) {
            let archive = if suite.ends_with("-security") { &security } else { &main };
            let _ = writeln!(sources, "deb [arch=amd64] {archive} {suite} main");
        }
        write(&folder.join("sources.list"), sources.as_bytes())?;
        write(&folder.join("status"), b"")?;
        let at = folder.display();
        let configuration = format!(
            "Dir::Etc::sourcelist \"{at}/sources.list\";\n\
             Dir::Etc::sourceparts \"{at}/none\";\n\
             Dir::Etc::preferences \"{at}/none/file\";\n\
             Dir::Etc::preferencesparts \"{at}/none\";\n\
             Dir::State::lists \"{at}/lists\";\n\
             Dir::State::status \"{at}/status\";\n\
             Dir::Cache \"{at}/cache\";\n\
             APT::Architecture \"amd64\";\n\
             APT::Architectures \"amd64\";\n\
             APT::Sandbox::User \"root\";\n\
             Acquire::Languages \"none\";\n"
        );
        write(&folder.join("apt.conf"), configuration.as_bytes())?;
        let apt = Self { folder: folder.to_owned() };
        println!("asking Debian for kernels");
        // One suite that is gone is no reason to miss the others; a line without any kernel is told below.
        if let Err(complaint) = words(&mut apt.command("apt-get", &["-qq", "update"])) {
            println!("apt-get update: {complaint}");
        }
        Ok(apt)
    }

    fn command(&self, program: &'static str, args: &[&str]) -> Command {
        let mut command = tool(program);
        command
            .args(args)
            .env("APT_CONFIG", self.folder.join("apt.conf"))
            .current_dir(self.folder.join("packages"));
        command
    }

    /// Fetches and unpacks the newest kernel of a line that can be had.
    fn newest(&self, line: &Line, home: &Path) -> Result<Kernel> {
        let versions = words(&mut self.command("apt-cache", &["madison", CURRENT]))?;
        let mut complaint = format!("{} of Debian has no {CURRENT}", line.suites.join(" or "));
        for suite in line.suites {
            for version in in_suite(&versions, suite) {
                match self.fetch(version, home) {
                    Ok(kernel) => return Ok(kernel),
                    // Packages vanish from mirrors before the lists do.
                    Err(error) => complaint = format!("{CURRENT} {version}: {error}"),
                }
            }
        }
        Err(format!("no kernel {}: {complaint}", line.name))
    }

    fn fetch(&self, version: &str, home: &Path) -> Result<Kernel> {
        let current = words(&mut self.command("apt-cache", &["show", &format!("{CURRENT}={version}")]))?;
        let release = release(&current).ok_or("it names no kernel")?;
        let root = home.join(release);
        let kernel = Kernel { release: release.to_owned(), root };
        if kernel.root.is_dir() {
            return Ok(kernel);
        }
        println!("fetching Linux {release}");
        let whole = [format!("linux-image-{release}={version}")];
        // From 7.x on the image and the modules have packages of their own.
        let parts = ["binary", "modules"].map(|part| format!("linux-{part}-{release}={version}"));
        let split = words(&mut self.command("apt-cache", &["show", &parts[0]])).is_ok();
        let names: &[String] = if split { &parts } else { &whole };
        let packages = self.folder.join("packages");
        let unpacked = home.join(format!("{release}.new"));
        let _ = fs::remove_dir_all(&packages);
        let _ = fs::remove_dir_all(&unpacked);
        for folder in [&packages, &unpacked] {
            fs::create_dir_all(folder)
                .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        }
        let mut command = self.command("apt-get", &["-qq", "download"]);
        words(command.args(names))?;
        for package in found(&packages)? {
            words(tool("dpkg-deb").arg("--extract").arg(&package).arg(&unpacked))?;
            let _ = fs::remove_file(package);
        }
        // Only now is the older one not needed any more.
        for older in found(home)?.into_iter().filter(|path| *path != unpacked) {
            let _ = fs::remove_dir_all(older);
        }
        fs::rename(&unpacked, &kernel.root)
            .map_err(|error| format!("cannot keep Linux {release}: {error}"))?;
        Ok(kernel)
    }
}

/// Where the machine's own packages come from, and where security updates do.
fn archives() -> Result<(String, String)> {
    let uris = words(tool("apt-get").args(["indextargets", "--format", "$(REPO_URI)"]))?;
    let ending = |end: &str| uris.lines().find(|uri| uri.ends_with(end)).map(str::to_owned);
    let main = ending("/debian/").ok_or("apt's sources name no archive of Debian: this needs Debian")?;
    let security =
        ending("/debian-security/").unwrap_or_else(|| main.replace("/debian/", "/debian-security/"));
    Ok((main, security))
}

/// The versions that a suite has, the newest first, in what `apt-cache madison` says.
fn in_suite<'t>(versions: &'t str, suite: &str) -> impl Iterator<Item = &'t str> {
    let place = format!(" {suite}/");
    versions.lines().filter_map(move |line| {
        let mut columns = line.split('|').map(str::trim);
        let (_, version, source) = (columns.next()?, columns.next()?, columns.next()?);
        source.contains(&place).then_some(version)
    })
}

/// The release of the kernel that the package of the current one depends on.
fn release(current: &str) -> Option<&str> {
    let depends = current.lines().find_map(|line| line.strip_prefix("Depends:"))?;
    let mut names = depends.split(',').map(|name| name.split_whitespace().next().unwrap_or_default());
    names.find_map(|name| {
        name.strip_prefix("linux-image-").filter(|name| name.starts_with(|c: char| c.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::{in_suite, release};

    #[test]
    fn what_apt_says_is_understood() {
        let madison = "\
 linux-image-cloud-amd64 | 7.3.4-1~bpo13+1 | http://mirror/debian trixie-backports/main amd64 Packages
 linux-image-cloud-amd64 | 6.12.117-1 | http://mirror/debian-security trixie-security/main amd64 Packages
 linux-image-cloud-amd64 | 6.12.110-1 | http://mirror/debian-security trixie-security/main amd64 Packages
";
        assert_eq!(in_suite(madison, "trixie-security").collect::<Vec<_>>(), ["6.12.117-1", "6.12.110-1"]);
        assert_eq!(in_suite(madison, "trixie-backports").collect::<Vec<_>>(), ["7.3.4-1~bpo13+1"]);
        assert_eq!(in_suite(madison, "trixie").count() + in_suite("", "sid").count(), 0);

        let old = "Package: x\nDepends: linux-image-5.10.0-46-cloud-amd64 (= 5.10.262-1)\n";
        assert_eq!(release(old), Some("5.10.0-46-cloud-amd64"));
        let new = "Depends: linux-base-cloud-amd64 (= 7.3.4-1), linux-image-7.3.4-cloud-amd64 (= 7.3.4-1)\n";
        assert_eq!(release(new), Some("7.3.4-cloud-amd64"));
        assert_eq!(release("Depends: linux-image-cloud-amd64\n"), None);
        assert_eq!(release("Package: x\n"), None);
    }
}
