//! Where members of Apple's structures lie. Made by `cargo xtask cross macos --bless` from xtask/src/cross/apple/layout.c
//! and Apple's headers, the same for both processors; not to be edited.

use super::place::Place;

/// `struct xinpgen`.
pub(crate) mod xinpgen {
    pub(crate) const SIZE: usize = 24;
    pub(crate) const XIG_COUNT: super::Place = super::Place { offset: 4, size: 4 };
    pub(crate) const XIG_GEN: super::Place = super::Place { offset: 8, size: 8 };
    pub(crate) const XIG_SOGEN: super::Place = super::Place { offset: 16, size: 8 };
}

/// `struct xinpcb_n`.
pub(crate) mod xinpcb_n {
    pub(crate) const SIZE: usize = 104;
    pub(crate) const XI_INPP: super::Place = super::Place { offset: 8, size: 8 };
    pub(crate) const INP_FPORT: super::Place = super::Place { offset: 16, size: 2 };
    pub(crate) const INP_LPORT: super::Place = super::Place { offset: 18, size: 2 };
    pub(crate) const INP_GENCNT: super::Place = super::Place { offset: 28, size: 8 };
    pub(crate) const INP_FLAGS: super::Place = super::Place { offset: 36, size: 4 };
    pub(crate) const INP_VFLAG: super::Place = super::Place { offset: 44, size: 1 };
    pub(crate) const INP_IP_P: super::Place = super::Place { offset: 46, size: 1 };
    pub(crate) const INP_FADDR: super::Place = super::Place { offset: 48, size: 16 };
    pub(crate) const INP_LADDR: super::Place = super::Place { offset: 64, size: 16 };
    pub(crate) const INP_IP_TOS: super::Place = super::Place { offset: 80, size: 1 };
}

/// `struct xsocket_n`.
pub(crate) mod xsocket_n {
    pub(crate) const SIZE: usize = 104;
    pub(crate) const XSO_SO: super::Place = super::Place { offset: 8, size: 8 };
    pub(crate) const SO_TYPE: super::Place = super::Place { offset: 16, size: 2 };
    pub(crate) const SO_STATE: super::Place = super::Place { offset: 26, size: 2 };
    pub(crate) const XSO_PROTOCOL: super::Place = super::Place { offset: 36, size: 4 };
    pub(crate) const XSO_FAMILY: super::Place = super::Place { offset: 40, size: 4 };
    pub(crate) const SO_QLEN: super::Place = super::Place { offset: 44, size: 2 };
    pub(crate) const SO_INCQLEN: super::Place = super::Place { offset: 46, size: 2 };
    pub(crate) const SO_QLIMIT: super::Place = super::Place { offset: 48, size: 2 };
    pub(crate) const SO_UID: super::Place = super::Place { offset: 64, size: 4 };
    pub(crate) const SO_LAST_PID: super::Place = super::Place { offset: 68, size: 4 };
    pub(crate) const SO_GENCNT: super::Place = super::Place { offset: 76, size: 8 };
    pub(crate) const SO_FLAGS: super::Place = super::Place { offset: 84, size: 4 };
}

/// `struct xsockbuf_n`.
pub(crate) mod xsockbuf_n {
    pub(crate) const SIZE: usize = 32;
    pub(crate) const SB_CC: super::Place = super::Place { offset: 8, size: 4 };
    pub(crate) const SB_HIWAT: super::Place = super::Place { offset: 12, size: 4 };
}

/// `struct xsockstat_n`.
pub(crate) mod xsockstat_n {
    pub(crate) const SIZE: usize = 136;
    pub(crate) const XST_TC_STATS: super::Place = super::Place { offset: 8, size: 128 };
}

/// `struct data_stats`.
pub(crate) mod data_stats {
    pub(crate) const SIZE: usize = 32;
    pub(crate) const RXPACKETS: super::Place = super::Place { offset: 0, size: 8 };
    pub(crate) const RXBYTES: super::Place = super::Place { offset: 8, size: 8 };
    pub(crate) const TXBYTES: super::Place = super::Place { offset: 24, size: 8 };
}

/// `struct xtcpcb_n`.
pub(crate) mod xtcpcb_n {
    pub(crate) const SIZE: usize = 204;
    pub(crate) const T_STATE: super::Place = super::Place { offset: 36, size: 4 };
    pub(crate) const SND_UNA: super::Place = super::Place { offset: 48, size: 4 };
    pub(crate) const SND_NXT: super::Place = super::Place { offset: 56, size: 4 };
    pub(crate) const ISS: super::Place = super::Place { offset: 72, size: 4 };
    pub(crate) const IRS: super::Place = super::Place { offset: 76, size: 4 };
    pub(crate) const RCV_NXT: super::Place = super::Place { offset: 80, size: 4 };
    pub(crate) const RCV_ADV: super::Place = super::Place { offset: 84, size: 4 };
    pub(crate) const SND_WND: super::Place = super::Place { offset: 96, size: 4 };
    pub(crate) const SND_CWND: super::Place = super::Place { offset: 100, size: 4 };
    pub(crate) const SND_SSTHRESH: super::Place = super::Place { offset: 104, size: 4 };
    pub(crate) const T_RXTCUR: super::Place = super::Place { offset: 128, size: 4 };
    pub(crate) const T_MAXSEG: super::Place = super::Place { offset: 132, size: 4 };
    pub(crate) const T_SRTT: super::Place = super::Place { offset: 136, size: 4 };
    pub(crate) const T_RTTVAR: super::Place = super::Place { offset: 140, size: 4 };
    pub(crate) const T_RXTSHIFT: super::Place = super::Place { offset: 144, size: 4 };
    pub(crate) const SND_SCALE: super::Place = super::Place { offset: 166, size: 1 };
    pub(crate) const RCV_SCALE: super::Place = super::Place { offset: 167, size: 1 };
}

/// `struct xunpcb_n`.
pub(crate) mod xunpcb_n {
    pub(crate) const SIZE: usize = 588;
    pub(crate) const XUNP_UNPP: super::Place = super::Place { offset: 8, size: 8 };
    pub(crate) const XUNP_CONN: super::Place = super::Place { offset: 32, size: 8 };
    pub(crate) const XUNP_GENCNT: super::Place = super::Place { offset: 68, size: 8 };
    pub(crate) const XUNP_ADDR: super::Place = super::Place { offset: 76, size: 256 };
    pub(crate) const XUNP_CADDR: super::Place = super::Place { offset: 332, size: 256 };
}

/// `struct sockaddr_un`.
pub(crate) mod sockaddr_un {
    pub(crate) const SUN_LEN: super::Place = super::Place { offset: 0, size: 1 };
    pub(crate) const SUN_PATH: super::Place = super::Place { offset: 2, size: 104 };
}

/// `struct proc_fdinfo`.
pub(crate) mod proc_fdinfo {
    pub(crate) const SIZE: usize = 8;
    pub(crate) const PROC_FD: super::Place = super::Place { offset: 0, size: 4 };
    pub(crate) const PROC_FDTYPE: super::Place = super::Place { offset: 4, size: 4 };
}

/// `struct proc_bsdinfo`.
pub(crate) mod proc_bsdinfo {
    pub(crate) const SIZE: usize = 136;
    pub(crate) const PBI_PID: super::Place = super::Place { offset: 12, size: 4 };
    pub(crate) const PBI_PPID: super::Place = super::Place { offset: 16, size: 4 };
    pub(crate) const PBI_UID: super::Place = super::Place { offset: 20, size: 4 };
    pub(crate) const PBI_COMM: super::Place = super::Place { offset: 48, size: 16 };
    pub(crate) const PBI_NAME: super::Place = super::Place { offset: 64, size: 32 };
    pub(crate) const PBI_START_TVSEC: super::Place = super::Place { offset: 120, size: 8 };
    pub(crate) const PBI_START_TVUSEC: super::Place = super::Place { offset: 128, size: 8 };
}

/// `struct proc_bsdshortinfo`.
pub(crate) mod proc_bsdshortinfo {
    pub(crate) const SIZE: usize = 64;
    pub(crate) const PBSI_PID: super::Place = super::Place { offset: 0, size: 4 };
    pub(crate) const PBSI_PPID: super::Place = super::Place { offset: 4, size: 4 };
    pub(crate) const PBSI_COMM: super::Place = super::Place { offset: 16, size: 16 };
    pub(crate) const PBSI_UID: super::Place = super::Place { offset: 36, size: 4 };
}

/// `struct socket_fdinfo`.
pub(crate) mod socket_fdinfo {
    pub(crate) const SIZE: usize = 792;
    pub(crate) const SOI_SO: super::Place = super::Place { offset: 160, size: 8 };
    pub(crate) const SOI_PCB: super::Place = super::Place { offset: 168, size: 8 };
    pub(crate) const SOI_TYPE: super::Place = super::Place { offset: 176, size: 4 };
    pub(crate) const SOI_PROTOCOL: super::Place = super::Place { offset: 180, size: 4 };
    pub(crate) const SOI_FAMILY: super::Place = super::Place { offset: 184, size: 4 };
    pub(crate) const SOI_STATE: super::Place = super::Place { offset: 192, size: 2 };
    pub(crate) const SOI_QLEN: super::Place = super::Place { offset: 194, size: 2 };
    pub(crate) const SOI_INCQLEN: super::Place = super::Place { offset: 196, size: 2 };
    pub(crate) const SOI_QLIMIT: super::Place = super::Place { offset: 198, size: 2 };
    pub(crate) const SOI_RCV_CC: super::Place = super::Place { offset: 208, size: 4 };
    pub(crate) const SOI_RCV_HIWAT: super::Place = super::Place { offset: 212, size: 4 };
    pub(crate) const SOI_SND_CC: super::Place = super::Place { offset: 232, size: 4 };
    pub(crate) const SOI_SND_HIWAT: super::Place = super::Place { offset: 236, size: 4 };
    pub(crate) const SOI_KIND: super::Place = super::Place { offset: 256, size: 4 };
    pub(crate) const INSI_FPORT: super::Place = super::Place { offset: 264, size: 4 };
    pub(crate) const INSI_LPORT: super::Place = super::Place { offset: 268, size: 4 };
    pub(crate) const INSI_GENCNT: super::Place = super::Place { offset: 272, size: 8 };
    pub(crate) const INSI_FLAGS: super::Place = super::Place { offset: 280, size: 4 };
    pub(crate) const INSI_VFLAG: super::Place = super::Place { offset: 288, size: 1 };
    pub(crate) const INSI_FADDR: super::Place = super::Place { offset: 296, size: 16 };
    pub(crate) const INSI_LADDR: super::Place = super::Place { offset: 312, size: 16 };
    pub(crate) const INSI_IP_TOS: super::Place = super::Place { offset: 328, size: 1 };
    pub(crate) const TCPSI_STATE: super::Place = super::Place { offset: 344, size: 4 };
    pub(crate) const TCPSI_MSS: super::Place = super::Place { offset: 364, size: 4 };
    pub(crate) const UNSI_CONN_SO: super::Place = super::Place { offset: 264, size: 8 };
    pub(crate) const UNSI_ADDR: super::Place = super::Place { offset: 280, size: 255 };
    pub(crate) const UNSI_CADDR: super::Place = super::Place { offset: 535, size: 255 };
}

/// `struct tcp_connection_info`.
pub(crate) mod tcp_connection_info {
    pub(crate) const SIZE: usize = 112;
    pub(crate) const TCPI_STATE: super::Place = super::Place { offset: 0, size: 1 };
    pub(crate) const TCPI_SND_WSCALE: super::Place = super::Place { offset: 1, size: 1 };
    pub(crate) const TCPI_RCV_WSCALE: super::Place = super::Place { offset: 2, size: 1 };
    pub(crate) const TCPI_OPTIONS: super::Place = super::Place { offset: 4, size: 4 };
    pub(crate) const TCPI_RTO: super::Place = super::Place { offset: 12, size: 4 };
    pub(crate) const TCPI_MAXSEG: super::Place = super::Place { offset: 16, size: 4 };
    pub(crate) const TCPI_SND_SSTHRESH: super::Place = super::Place { offset: 20, size: 4 };
    pub(crate) const TCPI_SND_CWND: super::Place = super::Place { offset: 24, size: 4 };
    pub(crate) const TCPI_SND_WND: super::Place = super::Place { offset: 28, size: 4 };
    pub(crate) const TCPI_SND_SBBYTES: super::Place = super::Place { offset: 32, size: 4 };
    pub(crate) const TCPI_RCV_WND: super::Place = super::Place { offset: 36, size: 4 };
    pub(crate) const TCPI_SRTT: super::Place = super::Place { offset: 44, size: 4 };
    pub(crate) const TCPI_RTTVAR: super::Place = super::Place { offset: 48, size: 4 };
    pub(crate) const TCPI_TXPACKETS: super::Place = super::Place { offset: 56, size: 8 };
    pub(crate) const TCPI_TXBYTES: super::Place = super::Place { offset: 64, size: 8 };
    pub(crate) const TCPI_RXMITBYTES: super::Place = super::Place { offset: 72, size: 8 };
    pub(crate) const TCPI_RXPACKETS: super::Place = super::Place { offset: 80, size: 8 };
    pub(crate) const TCPI_RXBYTES: super::Place = super::Place { offset: 88, size: 8 };
    pub(crate) const TCPI_RXMITPACKETS: super::Place = super::Place { offset: 104, size: 8 };
}
