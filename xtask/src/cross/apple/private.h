/*
 * Structures of the sysctls net.*.pcblist_n, as the kernel of macOS writes them. Apple ships them in no public header.
 * Their members are stated here from the published sources of xnu (bsd/netinet/in_pcb.h, bsd/netinet/tcp_var.h,
 * bsd/sys/socketvar.h, bsd/sys/unpcb.h), where they are the same from xnu-3789 (macOS 10.12) to xnu-11417 (macOS 15) but for
 * the end of xsocket_n, which came with xnu-8792 (macOS 13), as did xunpcb_n. The compiler for Apple's processors lays
 * them out. Everything else in this folder comes from Apple's own headers.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/proc_info.h>

enum {
	XSO_SOCKET = 0x001, XSO_RCVBUF = 0x002, XSO_SNDBUF = 0x004, XSO_STATS = 0x008, XSO_INPCB = 0x010,
	XSO_TCPCB = 0x020, XSO_UNPCB = 0x200
};

#pragma pack(4)

struct in_addr_4in6 { uint32_t ia46_pad32[3]; struct in_addr ia46_addr4; };

struct xinpgen { uint32_t xig_len, xig_count; uint64_t xig_gen, xig_sogen; };

struct xinpcb_n {
	uint32_t xi_len, xi_kind;
	uint64_t xi_inpp;
	uint16_t inp_fport, inp_lport;
	uint64_t inp_ppcb, inp_gencnt;
	int32_t inp_flags;
	uint32_t inp_flow;
	uint8_t inp_vflag, inp_ip_ttl, inp_ip_p;
	union { struct in_addr_4in6 inp46_foreign; struct in6_addr inp6_foreign; } inp_dependfaddr;
	union { struct in_addr_4in6 inp46_local; struct in6_addr inp6_local; } inp_dependladdr;
	struct { uint8_t inp4_ip_tos; } inp_depend4;
	struct { uint8_t inp6_hlim; int32_t inp6_cksum; uint16_t inp6_ifindex; int16_t inp6_hops; } inp_depend6;
	uint32_t inp_flowhash, inp_flags2;
};

struct xsocket_n {
	uint32_t xso_len, xso_kind;
	uint64_t xso_so;
	int16_t so_type;
	uint32_t so_options;
	int16_t so_linger, so_state;
	uint64_t so_pcb;
	int32_t xso_protocol, xso_family;
	int16_t so_qlen, so_incqlen, so_qlimit, so_timeo;
	uint16_t so_error;
	int32_t so_pgid;
	uint32_t so_oobmark, so_uid;
	int32_t so_last_pid, so_e_pid;
	/* Since macOS 13. */
	uint64_t so_gencnt;
	uint32_t so_flags, so_flags1;
	int32_t so_usecount, so_retaincnt;
	uint32_t xso_filter_flags;
};

struct xsockbuf_n {
	uint32_t xsb_len, xsb_kind, sb_cc, sb_hiwat, sb_mbcnt, sb_mbmax;
	int32_t sb_lowat;
	int16_t sb_flags, sb_timeo;
};

struct data_stats { uint64_t rxpackets, rxbytes, txpackets, txbytes; };

struct xsockstat_n { uint32_t xst_len, xst_kind; struct data_stats xst_tc_stats[4]; };

struct xtcpcb_n {
	uint32_t xt_len, xt_kind;
	uint64_t t_segq;
	int32_t t_dupacks, t_timer[4], t_state;
	uint32_t t_flags;
	int32_t t_force;
	uint32_t snd_una, snd_max, snd_nxt, snd_up, snd_wl1, snd_wl2, iss, irs, rcv_nxt, rcv_adv, rcv_wnd, rcv_up;
	uint32_t snd_wnd, snd_cwnd, snd_ssthresh, t_maxopd, t_rcvtime, t_starttime;
	int32_t t_rtttime;
	uint32_t t_rtseq;
	int32_t t_rxtcur;
	uint32_t t_maxseg;
	int32_t t_srtt, t_rttvar, t_rxtshift;
	uint32_t t_rttmin, t_rttupdated, max_sndwnd;
	int32_t t_softerror;
	int8_t t_oobflags, t_iobc;
	uint8_t snd_scale, rcv_scale, request_r_scale, requested_s_scale;
	uint32_t ts_recent, ts_recent_age, last_ack_sent, cc_send, cc_recv, snd_recover, snd_cwnd_prev, snd_ssthresh_prev;
};

struct xunpcb_n {
	uint32_t xunp_len, xunp_kind;
	uint64_t xunp_unpp, xunp_vnode, xunp_ino, xunp_conn, xunp_refs, xunp_reflink;
	int32_t xunp_cc, xunp_mbcnt, xunp_flags;
	uint64_t xunp_gencnt;
	union { struct sockaddr_un xuu_addr; char xu_dummy1[256]; } xu_au;
	union { struct sockaddr_un xuu_caddr; char xu_dummy2[256]; } xu_cau;
};

#pragma pack()

/* Not packed in the kernel, and the same bytes. */
struct xunpgen { uint32_t xug_len, xug_count; uint64_t xug_gen, xug_sogen; };
_Static_assert(sizeof(struct xunpgen) == sizeof(struct xinpgen), "one header for both");
