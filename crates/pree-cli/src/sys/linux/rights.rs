//! Rights that the program's file lends to everybody who starts it: file capabilities, and the ids of a set-user-ID or
//! set-group-ID copy.
//!
//! They are lent for looking at the machine, not for what the user names: a file, a namespace, a pager. So they are put
//! aside before the first argument is read, raised for one question to the system at a time, and dropped with [`Rights`].
//! What the user has without this program (root, ambient capabilities) stays as it is.

use std::io;

use rustix::process::{getegid, geteuid, getgid, getuid};
use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, CapabilitySets, capabilities, capabilities_secure_bits,
    capability_is_in_ambient_set, set_capabilities, set_keep_capabilities, set_thread_res_gid,
    set_thread_res_uid,
};

/// What a look at the machine can need: /proc, marks, BPF, network namespaces.
const USEFUL: CapabilitySet = CapabilitySet::SYS_PTRACE
    .union(CapabilitySet::DAC_READ_SEARCH)
    .union(CapabilitySet::NET_ADMIN)
    .union(CapabilitySet::BPF)
    .union(CapabilitySet::PERFMON)
    .union(CapabilitySet::SYS_ADMIN);

/// The rights of this process, the lent ones put aside.
pub(crate) struct Rights {
    own: CapabilitySet,
    /// Beyond `own`.
    lent: CapabilitySet,
    inheritable: CapabilitySet,
}

impl Rights {
    /// Puts aside what is lent. To be called while there is only one thread: rights are a thread's.
    ///
    /// # Errors
    /// When the kernel does not say which rights there are, or does not take them: nothing may be opened then.
    pub(crate) fn put_lent_aside() -> io::Result<Self> {
        take_real_ids()?;
        let sets = capabilities(None)?;
        let own = own(sets.permitted)?;
        let rights = Self { own, lent: sets.permitted & USEFUL & !own, inheritable: sets.inheritable };
        // Whoever has nothing lent is left alone.
        if sets.permitted != own {
            rights.set(rights.own & sets.effective, rights.lent)?;
        }
        Ok(rights)
    }

    /// Does this with the lent rights. Threads that it starts have them too.
    ///
    /// # Errors
    /// When the kernel does not give or take rights; what was done is lost then.
    pub(crate) fn with_lent<T>(&self, work: impl FnOnce() -> T) -> io::Result<T> {
        if self.lent.is_empty() {
            return Ok(work());
        }
        self.set(self.own | self.lent, self.lent)?;
        let done = work();
        self.set(self.own, self.lent)?;
        Ok(done)
    }

    /// Drops what is lent: nothing needs it any more.
    pub(crate) fn end(self) {
        drop(self);
    }

    fn set(&self, effective: CapabilitySet, lent: CapabilitySet) -> io::Result<()> {
        let permitted = self.own | lent;
        Ok(set_capabilities(None, CapabilitySets { effective, permitted, inheritable: self.inheritable })?)
    }
}

impl Drop for Rights {
    /// For good.
    fn drop(&mut self) {
        if !self.lent.is_empty() {
            // Should it fail they stay aside, as they are now.
            let _ = self.set(self.own, CapabilitySet::empty());
        }
    }
}

/// Becomes whoever started a set-user-ID or set-group-ID copy. The capabilities of its owner stay, to be raised.
fn take_real_ids() -> io::Result<()> {
    let (uid, gid) = (getuid(), getgid());
    if gid != getegid() {
        set_thread_res_gid(gid, gid, gid)?;
    }
    if uid != geteuid() {
        set_keep_capabilities(true)?;
        set_thread_res_uid(uid, uid, uid)?;
        set_keep_capabilities(false)?;
    }
    Ok(())
}

/// Which of these any program has that this user starts: all where it is root, else those that are passed on through
/// execve(2). A file with capabilities ends that passing on, so with it there are none.
fn own(permitted: CapabilitySet) -> io::Result<CapabilitySet> {
    if getuid().is_root() && !capabilities_secure_bits()?.contains(CapabilitiesSecureBits::NO_ROOT) {
        return Ok(permitted);
    }
    let mut own = CapabilitySet::empty();
    for one in permitted.iter() {
        if capability_is_in_ambient_set(one)? {
            own |= one;
        }
    }
    Ok(own)
}
