//! The kernel's description of its own types.

use pree_wire::btf::{Btf, Kind};

/// Every type and what can be asked of it; what is found by its number is that type.
pub(super) fn target(data: &[u8]) {
    let Ok(btf) = Btf::parse(data) else { return };
    // Each look-up goes through all types: more of them would only take longer.
    for one in btf.types().take(200).flatten() {
        let _ = (btf.name(&one), one.size(), btf.size(one.id), btf.parameters(&one));
        let _ = (btf.member(&one, "pid"), btf.member(&one, "thread"), btf.enumerator(&one, "pid"));
        assert_eq!(btf.get(one.id).map(|same| same.kind), Some(one.kind));
    }
    let [task, none] = btf.find_all([(Kind::STRUCT, "task"), (Kind::FUNC, "")]);
    let _ = (task.map(|task| btf.member(&task, "pid")), none);
}
