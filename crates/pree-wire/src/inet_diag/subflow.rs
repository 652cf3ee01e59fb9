//! The attributes about an MPTCP subflow, below `INET_DIAG_ULP_INFO` of its TCP row.

use crate::bytes::Native;
use crate::netlink::attributes;

/// What the kernel tells of one subflow (`MPTCP_SUBFLOW_ATTR_*`, Linux 5.7), to holders of `CAP_NET_ADMIN` only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subflow {
    /// Token by which the other end knows the connection.
    pub remote_token: Option<u32>,
    /// Token of the connection here: [`MptcpInfo::token`](crate::mptcp_info::MptcpInfo::token) of its own row.
    pub local_token: Option<u32>,
    /// Bytes written to the subflow, modulo 2³².
    pub relative_write_sequence: Option<u32>,
    /// Data sequence number at which the current mapping begins.
    pub map_sequence: Option<u64>,
    /// Subflow sequence number at which the current mapping begins.
    pub map_subflow_sequence: Option<u32>,
    /// Where the subflow's relative sequence numbers begin.
    pub sequence_offset: Option<u32>,
    /// Length of the current mapping in bytes.
    pub map_length_bytes: Option<u16>,
    /// What was agreed on, see the constants.
    pub flags: Option<u32>,
    /// Id of the remote address; 0 for the address of the first subflow.
    pub remote_id: Option<u8>,
    /// Id of the local address.
    pub local_id: Option<u8>,
}

impl Subflow {
    /// Both ends speak MPTCP (`MPTCP_SUBFLOW_FLAG_MCAP_REM`).
    pub const CAPABLE_REMOTE: u32 = 1;
    /// This end connected and asked for MPTCP (`MPTCP_SUBFLOW_FLAG_MCAP_LOC`).
    pub const CAPABLE_LOCAL: u32 = 1 << 1;
    /// It was joined to a connection (`MPTCP_SUBFLOW_FLAG_JOIN_REM`).
    pub const JOIN_REMOTE: u32 = 1 << 2;
    /// This end connected it to join a connection (`MPTCP_SUBFLOW_FLAG_JOIN_LOC`).
    pub const JOIN_LOCAL: u32 = 1 << 3;
    /// The peer wants it as a backup only (`MPTCP_SUBFLOW_FLAG_BKUP_REM`).
    pub const BACKUP_REMOTE: u32 = 1 << 4;
    /// This end wants it as a backup only (`MPTCP_SUBFLOW_FLAG_BKUP_LOC`).
    pub const BACKUP_LOCAL: u32 = 1 << 5;
    /// The MPTCP handshake is finished (`MPTCP_SUBFLOW_FLAG_FULLY_ESTABLISHED`).
    pub const FULLY_ESTABLISHED: u32 = 1 << 6;
    /// Connected (`MPTCP_SUBFLOW_FLAG_CONNECTED`).
    pub const CONNECTED: u32 = 1 << 7;
    /// There is a current mapping (`MPTCP_SUBFLOW_FLAG_MAPVALID`).
    pub const MAP_VALID: u32 = 1 << 8;

    /// Reads the attributes; unknown ones and those too short are left out.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut subflow = Self::default();
        for attribute in attributes(bytes).map_while(Result::ok) {
            let value = attribute.payload;
            match attribute.kind {
                1 => subflow.remote_token = u32::at(value, 0),
                2 => subflow.local_token = u32::at(value, 0),
                3 => subflow.relative_write_sequence = u32::at(value, 0),
                4 => subflow.map_sequence = u64::at(value, 0),
                5 => subflow.map_subflow_sequence = u32::at(value, 0),
                6 => subflow.sequence_offset = u32::at(value, 0),
                7 => subflow.map_length_bytes = u16::at(value, 0),
                8 => subflow.flags = u32::at(value, 0),
                9 => subflow.remote_id = u8::at(value, 0),
                10 => subflow.local_id = u8::at(value, 0),
                _ => {}
            }
        }
        subflow
    }
}
