//! The structures that `pree-wire` describes are as long as the system's own: checked when this is built, on every
//! processor with a `SIZE_T` of 64 bits.
#![cfg(target_pointer_width = "64")]

use pree_wire::windows::estats::{Bandwidth, Data, FineRtt, ObsRec, Path, Rec, SendBuff, SndCong, SynOpts};
use pree_wire::windows::process::ProcessEntry;
use pree_wire::windows::tables::{Tcp4Row, Tcp6Row, Udp4Row, Udp6Row};
use pree_wire::windows::tcp_info::TcpInfo;
use pree_wire::windows::tcp_statistics::{TcpStatistics, TcpStatistics2};
use windows_sys::Win32::NetworkManagement::IpHelper as ip;
use windows_sys::Win32::Networking::WinSock::TCP_INFO_v0;
use windows_sys::Win32::System::Diagnostics::ToolHelp::PROCESSENTRY32W;

macro_rules! as_long {
    ($($ours:expr => $theirs:ty;)*) => {
        $( const _: () = assert!($ours == size_of::<$theirs>(), stringify!($theirs)); )*
    };
}

as_long! {
    Tcp4Row::SIZE => ip::MIB_TCPROW_OWNER_MODULE;
    Tcp4Row::PID_SIZE => ip::MIB_TCPROW_OWNER_PID;
    Tcp6Row::SIZE => ip::MIB_TCP6ROW_OWNER_MODULE;
    Tcp6Row::PID_SIZE => ip::MIB_TCP6ROW_OWNER_PID;
    Udp4Row::SIZE => ip::MIB_UDPROW_OWNER_MODULE;
    Udp4Row::PID_SIZE => ip::MIB_UDPROW_OWNER_PID;
    Udp6Row::SIZE => ip::MIB_UDP6ROW_OWNER_MODULE;
    Udp6Row::PID_SIZE => ip::MIB_UDP6ROW_OWNER_PID;
    SynOpts::SIZE => ip::TCP_ESTATS_SYN_OPTS_ROS_v0;
    Data::SIZE => ip::TCP_ESTATS_DATA_ROD_v0;
    SndCong::SIZE => ip::TCP_ESTATS_SND_CONG_ROD_v0;
    Path::SIZE => ip::TCP_ESTATS_PATH_ROD_v0;
    SendBuff::SIZE => ip::TCP_ESTATS_SEND_BUFF_ROD_v0;
    Rec::SIZE => ip::TCP_ESTATS_REC_ROD_v0;
    ObsRec::SIZE => ip::TCP_ESTATS_OBS_REC_ROD_v0;
    Bandwidth::SIZE => ip::TCP_ESTATS_BANDWIDTH_ROD_v0;
    FineRtt::SIZE => ip::TCP_ESTATS_FINE_RTT_ROD_v0;
    TcpStatistics::SIZE => ip::MIB_TCPSTATS_LH;
    TcpStatistics2::SIZE => ip::MIB_TCPSTATS2;
    TcpInfo::SIZE => TCP_INFO_v0;
    ProcessEntry::SIZE => PROCESSENTRY32W;
}
