/*
 * Where members lie: a table in a section of its own, which `cargo xtask cross` reads out of the object file and makes
 * crates/pree-wire/src/apple/layout.rs of.
 */
#include "private.h"

struct entry { char structure[24], member[24]; uint32_t offset, size; };

#define WHOLE(s) { #s, "", 0, sizeof(struct s) }
#define MEMBER(s, m) NAMED(s, m, m)
#define NAMED(s, name, m) { #s, #name, offsetof(struct s, m), sizeof(((struct s *)0)->m) }
#define PSI(name, m) NAMED(socket_fdinfo, name, psi.m)

__attribute__((section("__PREE,layout"), used)) static const struct entry layout[] = {
	WHOLE(xinpgen),
	MEMBER(xinpgen, xig_count), MEMBER(xinpgen, xig_gen), MEMBER(xinpgen, xig_sogen),

	WHOLE(xinpcb_n),
	MEMBER(xinpcb_n, xi_inpp), MEMBER(xinpcb_n, inp_fport), MEMBER(xinpcb_n, inp_lport), MEMBER(xinpcb_n, inp_gencnt),
	MEMBER(xinpcb_n, inp_flags), MEMBER(xinpcb_n, inp_vflag), MEMBER(xinpcb_n, inp_ip_p),
	NAMED(xinpcb_n, inp_faddr, inp_dependfaddr), NAMED(xinpcb_n, inp_laddr, inp_dependladdr),
	NAMED(xinpcb_n, inp_ip_tos, inp_depend4.inp4_ip_tos),

	WHOLE(xsocket_n),
	MEMBER(xsocket_n, xso_so), MEMBER(xsocket_n, so_type), MEMBER(xsocket_n, so_state),
	MEMBER(xsocket_n, xso_protocol), MEMBER(xsocket_n, xso_family),
	MEMBER(xsocket_n, so_qlen), MEMBER(xsocket_n, so_incqlen), MEMBER(xsocket_n, so_qlimit),
	MEMBER(xsocket_n, so_uid), MEMBER(xsocket_n, so_last_pid),
	MEMBER(xsocket_n, so_gencnt), MEMBER(xsocket_n, so_flags),

	WHOLE(xsockbuf_n),
	MEMBER(xsockbuf_n, sb_cc), MEMBER(xsockbuf_n, sb_hiwat),

	WHOLE(xsockstat_n),
	MEMBER(xsockstat_n, xst_tc_stats),

	WHOLE(data_stats),
	MEMBER(data_stats, rxpackets), MEMBER(data_stats, rxbytes), MEMBER(data_stats, txbytes),

	WHOLE(xtcpcb_n),
	MEMBER(xtcpcb_n, t_state), MEMBER(xtcpcb_n, snd_una), MEMBER(xtcpcb_n, snd_nxt),
	MEMBER(xtcpcb_n, iss), MEMBER(xtcpcb_n, irs), MEMBER(xtcpcb_n, rcv_nxt), MEMBER(xtcpcb_n, rcv_adv),
	MEMBER(xtcpcb_n, snd_wnd), MEMBER(xtcpcb_n, snd_cwnd), MEMBER(xtcpcb_n, snd_ssthresh),
	MEMBER(xtcpcb_n, t_rxtcur), MEMBER(xtcpcb_n, t_maxseg), MEMBER(xtcpcb_n, t_srtt), MEMBER(xtcpcb_n, t_rttvar),
	MEMBER(xtcpcb_n, t_rxtshift), MEMBER(xtcpcb_n, snd_scale), MEMBER(xtcpcb_n, rcv_scale),

	WHOLE(xunpcb_n),
	MEMBER(xunpcb_n, xunp_unpp), MEMBER(xunpcb_n, xunp_conn), MEMBER(xunpcb_n, xunp_gencnt),
	NAMED(xunpcb_n, xunp_addr, xu_au), NAMED(xunpcb_n, xunp_caddr, xu_cau),

	MEMBER(sockaddr_un, sun_len), MEMBER(sockaddr_un, sun_path),

	WHOLE(proc_fdinfo),
	MEMBER(proc_fdinfo, proc_fd), MEMBER(proc_fdinfo, proc_fdtype),

	WHOLE(proc_bsdinfo),
	MEMBER(proc_bsdinfo, pbi_pid), MEMBER(proc_bsdinfo, pbi_ppid), MEMBER(proc_bsdinfo, pbi_uid),
	MEMBER(proc_bsdinfo, pbi_comm), MEMBER(proc_bsdinfo, pbi_name),
	MEMBER(proc_bsdinfo, pbi_start_tvsec), MEMBER(proc_bsdinfo, pbi_start_tvusec),

	WHOLE(proc_bsdshortinfo),
	MEMBER(proc_bsdshortinfo, pbsi_pid), MEMBER(proc_bsdshortinfo, pbsi_ppid), MEMBER(proc_bsdshortinfo, pbsi_comm),
	MEMBER(proc_bsdshortinfo, pbsi_uid),

	WHOLE(socket_fdinfo),
	PSI(soi_so, soi_so), PSI(soi_pcb, soi_pcb), PSI(soi_type, soi_type), PSI(soi_protocol, soi_protocol),
	PSI(soi_family, soi_family), PSI(soi_state, soi_state), PSI(soi_qlen, soi_qlen), PSI(soi_incqlen, soi_incqlen),
	PSI(soi_qlimit, soi_qlimit), PSI(soi_rcv_cc, soi_rcv.sbi_cc), PSI(soi_rcv_hiwat, soi_rcv.sbi_hiwat),
	PSI(soi_snd_cc, soi_snd.sbi_cc), PSI(soi_snd_hiwat, soi_snd.sbi_hiwat),
	PSI(soi_kind, soi_kind),
	PSI(insi_fport, soi_proto.pri_in.insi_fport), PSI(insi_lport, soi_proto.pri_in.insi_lport),
	PSI(insi_gencnt, soi_proto.pri_in.insi_gencnt), PSI(insi_flags, soi_proto.pri_in.insi_flags),
	PSI(insi_vflag, soi_proto.pri_in.insi_vflag), PSI(insi_faddr, soi_proto.pri_in.insi_faddr),
	PSI(insi_laddr, soi_proto.pri_in.insi_laddr), PSI(insi_ip_tos, soi_proto.pri_in.insi_v4.in4_tos),
	PSI(tcpsi_state, soi_proto.pri_tcp.tcpsi_state), PSI(tcpsi_mss, soi_proto.pri_tcp.tcpsi_mss),
	PSI(unsi_conn_so, soi_proto.pri_un.unsi_conn_so), PSI(unsi_addr, soi_proto.pri_un.unsi_addr),
	PSI(unsi_caddr, soi_proto.pri_un.unsi_caddr),

	WHOLE(tcp_connection_info),
	MEMBER(tcp_connection_info, tcpi_state), MEMBER(tcp_connection_info, tcpi_snd_wscale),
	MEMBER(tcp_connection_info, tcpi_rcv_wscale), MEMBER(tcp_connection_info, tcpi_options),
	MEMBER(tcp_connection_info, tcpi_rto), MEMBER(tcp_connection_info, tcpi_maxseg),
	MEMBER(tcp_connection_info, tcpi_snd_ssthresh), MEMBER(tcp_connection_info, tcpi_snd_cwnd),
	MEMBER(tcp_connection_info, tcpi_snd_wnd), MEMBER(tcp_connection_info, tcpi_snd_sbbytes),
	MEMBER(tcp_connection_info, tcpi_rcv_wnd), MEMBER(tcp_connection_info, tcpi_srtt),
	MEMBER(tcp_connection_info, tcpi_rttvar), MEMBER(tcp_connection_info, tcpi_txpackets),
	MEMBER(tcp_connection_info, tcpi_txbytes), NAMED(tcp_connection_info, tcpi_rxmitbytes, tcpi_txretransmitbytes),
	MEMBER(tcp_connection_info, tcpi_rxpackets), MEMBER(tcp_connection_info, tcpi_rxbytes),
	NAMED(tcp_connection_info, tcpi_rxmitpackets, tcpi_txretransmitpackets),
};

/* What Apple's headers number, stated again where the decoders need it. */
_Static_assert(AF_INET == 2 && AF_INET6 == 30 && AF_UNIX == 1, "address families");
_Static_assert(SOCKINFO_IN == 1 && SOCKINFO_TCP == 2 && SOCKINFO_UN == 3, "kinds of socket_info");
_Static_assert(INI_IPV4 == 1 && INI_IPV6 == 2, "insi_vflag");
_Static_assert(PROX_FDTYPE_SOCKET == 2, "proc_fdtype");
_Static_assert(sizeof(struct proc_fileportinfo) == sizeof(struct proc_fdinfo)
    && offsetof(struct proc_fileportinfo, proc_fileport) == offsetof(struct proc_fdinfo, proc_fd)
    && offsetof(struct proc_fileportinfo, proc_fdtype) == offsetof(struct proc_fdinfo, proc_fdtype), "one list for both");
_Static_assert(PROC_PIDLISTFILEPORTS == 14 && PROC_PIDFILEPORTSOCKETINFO == 3, "flavours");
_Static_assert(TSI_S_LISTEN == 1 && TSI_S_SYN_SENT == 2 && TSI_S_SYN_RECEIVED == 3 && TSI_S_ESTABLISHED == 4
    && TSI_S__CLOSE_WAIT == 5 && TSI_S_FIN_WAIT_1 == 6 && TSI_S_CLOSING == 7 && TSI_S_LAST_ACK == 8
    && TSI_S_FIN_WAIT_2 == 9 && TSI_S_TIME_WAIT == 10, "states");
_Static_assert(SOI_S_NOFDREF == 1 && SOI_S_CANTSENDMORE == 0x10 && SOI_S_CANTRCVMORE == 0x20 && SOI_S_INCOMP == 0x800
    && SOI_S_COMP == 0x1000, "soi_state");
_Static_assert(TCPCI_OPT_WSCALE == 4, "tcpi_options");
