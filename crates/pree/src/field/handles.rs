//! Entries that code asks for one by one. Each is found when pree is built: a name that no entry has does not compile.

use super::entry::{Field, is_same};
use super::tables::TABLES;

macro_rules! handles {
    ($( $handle:ident $name:literal; )*) => {$(
        #[doc = concat!("The entry `", $name, "`.")]
        pub const $handle: &Field = entry($name);
    )*};
}

handles! {
    ABSTRACT "abstract";
    BACKLOG "backlog";
    BACKLOG_LIMIT "backlog_limit";
    BLOAT "bloat";
    BYTES_RETRANS "bytes_retrans";
    CGROUP_ID "cgroup_id";
    CID "cid";
    CMD "cmd";
    CWND "cwnd";
    DATA_SEGS_OUT "data_segs_out";
    DEV "dev";
    DEV_NAME "dev_name";
    DPORT "dport";
    DROPS "drops";
    DSACK_DUPS "dsack_dups";
    EFFICIENCY "efficiency";
    EVENT "event";
    EXE "exe";
    FAMILY "family";
    FWMARK "fwmark";
    LIMITED "limited";
    LOSS "loss";
    MD5 "md5";
    MIN_RTT "minrtt";
    MONOTONIC "monotonic";
    NETNS "netns";
    NETNS_NAME "netns_name";
    OPTIONS "options";
    OVER "over";
    PATH "path";
    PEER "peer";
    PEER_INODE "peer_inode";
    PID "pid";
    PMTU "pmtu";
    PORT_ID "port_id";
    PROCESS "process";
    PROTOCOL "protocol";
    PROVENANCE "provenance";
    PROVISIONAL "provisional";
    RECVQ "recvq";
    RETRANS "retrans";
    RETRANS_RATE "retrans_rate";
    RTT "rtt";
    RTT_BEFORE "rtt_before";
    RX "rx";
    RX_BYTES "rx_bytes";
    SCORE "score";
    SEGS_IN "segs_in";
    SEGS_OUT "segs_out";
    SENDQ "sendq";
    SSTHRESH "ssthresh";
    STATE "state";
    TCLASS "tclass";
    THREAD "thread";
    TIME "time";
    TOS "tos";
    TX "tx";
    TX_BYTES "tx_bytes";
    UID "uid";
    UTILISATION "utilisation";
    V6ONLY "v6only";
    WORST "worst";
}

const fn entry(name: &str) -> &'static Field {
    let (mut table, mut at) = (0, 0);
    while table < TABLES.len() {
        if at == TABLES[table].len() {
            (table, at) = (table + 1, 0);
        } else if is_same(TABLES[table][at].name.as_bytes(), name.as_bytes()) {
            return &TABLES[table][at];
        } else {
            at += 1;
        }
    }
    panic!("no entry has this name")
}
