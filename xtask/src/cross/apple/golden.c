/*
 * Answers of a Mac that never was: the bytes that sysctl and proc_info would write about a few sockets of known kind. Each
 * section becomes a file of crates/pree-wire/tests/golden/apple, and the tests say what must be read out of it. They
 * prove that members are read where Apple's compiler puts them; what a kernel puts into them is another matter.
 */
#include "private.h"

#define GOLDEN(name) __attribute__((section("__PREE," #name), used)) static const
/* Each record is padded to 8 bytes in the stream. */
#define PADDED(s, name) union { struct s name; char name##_room[(sizeof(struct s) + 7) / 8 * 8]; }

#define BE16(n) ((uint16_t)((((n) & 0xff) << 8) | ((n) >> 8)))
#define BE32(n) __builtin_bswap32(n)
#define V4(a, b, c, d) { .inp46_local = { .ia46_addr4 = { BE32((a) << 24 | (b) << 16 | (c) << 8 | (d)) } } }
#define V4F(a, b, c, d) { .inp46_foreign = { .ia46_addr4 = { BE32((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d)) } } }
/* Handles are hashes of addresses in the kernel. */
#define SO(n) (0xf00d000000000000u + (n))
#define PCB(n) (0xbeef000000000000u + (n))
#define LOOPBACK { .__u6_addr = { .__u6_addr8 = { [15] = 1 } } }
/* The scope stands in the address, as the kernel keeps it. */
#define MULTICAST(kind, scope, last) { .__u6_addr = { .__u6_addr8 = { 0xff, kind, 0, scope, [15] = last } } }
#define LINK_LOCAL(scope, last) { .__u6_addr = { .__u6_addr8 = { 0xfe, 0x80, 0, scope, [15] = last } } }

struct tcp_row {
	PADDED(xinpcb_n, pcb); PADDED(xsocket_n, socket); PADDED(xsockbuf_n, receive); PADDED(xsockbuf_n, send);
	PADDED(xsockstat_n, traffic); PADDED(xtcpcb_n, tcp);
};
struct udp_row {
	PADDED(xinpcb_n, pcb); PADDED(xsocket_n, socket); PADDED(xsockbuf_n, receive); PADDED(xsockbuf_n, send);
	PADDED(xsockstat_n, traffic);
};
struct unix_row {
	PADDED(xunpcb_n, pcb); PADDED(xsocket_n, socket); PADDED(xsockbuf_n, receive); PADDED(xsockbuf_n, send);
	PADDED(xsockstat_n, traffic);
};

#define INPCB(n, flags, lport, laddr, fport, faddr, ...) .pcb = { sizeof(struct xinpcb_n), XSO_INPCB, .xi_inpp = PCB(n), \
	.inp_gencnt = n, .inp_vflag = flags, .inp_lport = BE16(lport), .inp_dependladdr = laddr, .inp_fport = BE16(fport), \
	.inp_dependfaddr = faddr, __VA_ARGS__ }
#define SOCKET(n, kind, number, family, uid, ...) .socket = { sizeof(struct xsocket_n), XSO_SOCKET, .xso_so = SO(n), \
	.so_pcb = PCB(n), .so_type = kind, .xso_protocol = number, .xso_family = family, .so_uid = uid, .so_gencnt = 7000 + (n), \
	__VA_ARGS__ }
#define BUFFERS(received, sending) \
	.receive = { sizeof(struct xsockbuf_n), XSO_RCVBUF, received, 131072, 2048 + (received), 1048576 }, \
	.send = { sizeof(struct xsockbuf_n), XSO_SNDBUF, sending, 146988, 4096 + (sending), 1175904 }
#define TRAFFIC(...) .traffic = { sizeof(struct xsockstat_n), XSO_STATS, { __VA_ARGS__ } }
#define TCPCB(state, ...) .tcp = { sizeof(struct xtcpcb_n), XSO_TCPCB, .t_state = state, __VA_ARGS__ }
#define INFINITE (65535u << 14)
#define GIB5 (5ull << 30)

#define ANY6 { .inp6_local = { .__u6_addr = { .__u6_addr8 = { 0 } } } }
#define ANY6F { .inp6_foreign = { .__u6_addr = { .__u6_addr8 = { 0 } } } }

/* As root sees it, or anybody before macOS 27. */
GOLDEN(tcp) struct { struct xinpgen head; struct tcp_row rows[10]; struct xinpgen tail; } tcp = {
	{ sizeof(struct xinpgen), 11, 110, 7110 },
	{
		{ INPCB(101, 3, 8080, ANY6, 0, ANY6F), SOCKET(101, SOCK_STREAM, 6, AF_INET6, 501, .so_qlen = 3, .so_incqlen = 1, .so_qlimit = 128, .so_last_pid = 400),
		  BUFFERS(0, 0), TRAFFIC({ 0 }), TCPCB(TSI_S_LISTEN, .snd_ssthresh = INFINITE, .snd_cwnd = INFINITE, .t_maxseg = 512, .t_rxtcur = 1000) },
		{ INPCB(102, 1, 51002, V4(10, 0, 0, 5), 443, V4F(93, 184, 216, 34), .inp_depend4 = { 0x10 }),
		  SOCKET(102, SOCK_STREAM, 6, AF_INET, 501, .so_state = 0x182, .so_last_pid = 401),
		  BUFFERS(1000, 5000), TRAFFIC({ 210, 300000, 300, 505000 }),
		  TCPCB(TSI_S_ESTABLISHED, .t_srtt = 784, .t_rttvar = 56, .t_rxtcur = 230, .t_maxseg = 1448, .snd_cwnd = 14480, .snd_ssthresh = INFINITE,
		    .snd_wnd = 131072, .rcv_wnd = 262144, .rcv_nxt = 2300001, .rcv_adv = 2562145, .irs = 2000000, .iss = 500000, .snd_una = 1000001,
		    .snd_nxt = 1004000, .snd_max = 1004000, .snd_scale = 7, .rcv_scale = 6) },
		{ INPCB(103, 1, 8080, V4(127, 0, 0, 1), 50000, V4F(127, 0, 0, 1)), SOCKET(103, SOCK_STREAM, 6, AF_INET6, 501, .so_state = 0x32),
		  BUFFERS(0, 0), TRAFFIC({ 3, 40, 2, 99 }),
		  TCPCB(TSI_S__CLOSE_WAIT, .snd_cwnd = 32768, .snd_ssthresh = 20000, .t_maxseg = 16332, .t_rxtcur = 1000, .irs = 0xfffffff0, .rcv_nxt = 26,
		    .iss = 1, .snd_una = 2, .snd_nxt = 2, .snd_max = 2) },
		{ INPCB(90, 1, 50990, V4(10, 0, 0, 5), 80, V4F(93, 184, 216, 34)), SOCKET(90, SOCK_STREAM, 6, AF_INET, 501, .so_state = 0x2031),
		  BUFFERS(0, 0), TRAFFIC({ 0 }), TCPCB(TSI_S_TIME_WAIT, .t_srtt = 320, .t_rttvar = 32, .snd_cwnd = 14480, .snd_ssthresh = 7240, .t_maxseg = 1448) },
		{ INPCB(105, 1, 51010, V4(10, 0, 0, 5), 81, V4F(192, 0, 2, 1)), SOCKET(105, SOCK_STREAM, 6, AF_INET, 501, .so_state = 4),
		  BUFFERS(0, 0), TRAFFIC({ 0 }),
		  TCPCB(TSI_S_SYN_SENT, .t_rttvar = 1600, .t_rxtcur = 8000, .t_rxtshift = 3, .t_maxseg = 1460, .snd_cwnd = 1460, .snd_ssthresh = INFINITE,
		    .iss = 9, .snd_una = 9, .snd_nxt = 10, .snd_max = 10) },
		{ INPCB(20, 1, 631, V4(127, 0, 0, 1), 0, V4F(0, 0, 0, 0)), SOCKET(20, SOCK_STREAM, 6, AF_INET, 0, .so_qlimit = 5, .so_last_pid = 1),
		  BUFFERS(0, 0), TRAFFIC({ 0 }), TCPCB(TSI_S_LISTEN) },
		{ INPCB(106, 2, 8080, { .inp6_local = LOOPBACK }, 50100, { .inp6_foreign = LOOPBACK }),
		  SOCKET(106, SOCK_STREAM, 6, AF_INET6, 501, .so_state = 0x1003), BUFFERS(0, 0), TRAFFIC({ 0 }),
		  TCPCB(TSI_S_ESTABLISHED, .t_srtt = 32, .t_rttvar = 16, .t_rxtcur = 230, .t_maxseg = 16324, .snd_cwnd = 32648, .snd_ssthresh = INFINITE,
		    .iss = 5, .snd_una = 6, .snd_nxt = 6, .snd_max = 6, .irs = 7, .rcv_nxt = 8) },
		{ INPCB(30, 2, 22, { .inp6_local = LINK_LOCAL(4, 1) }, 60123, { .inp6_foreign = LINK_LOCAL(4, 2) }),
		  SOCKET(30, SOCK_STREAM, 6, AF_INET6, 0, .so_state = 2, .so_last_pid = 88), BUFFERS(0, 2896), TRAFFIC({ 9, 900, 9, GIB5 + 2896 }),
		  TCPCB(TSI_S_ESTABLISHED, .t_srtt = 64, .t_rttvar = 16, .t_rxtcur = 230, .t_maxseg = 1428, .snd_cwnd = 1 << 20, .snd_ssthresh = 1 << 19,
		    .iss = 0xffffff00, .snd_una = 0xffffff01u + (uint32_t)GIB5, .snd_nxt = 0xffffff01u + (uint32_t)GIB5 + 2896,
		    .irs = 100, .rcv_nxt = 1001) },
		/* A subflow of a live MPTCP connection: no descriptor leads to it (SS_NOFDREF), as its flag says (SOF_MP_SUBFLOW). */
		{ INPCB(107, 1, 51020, V4(10, 0, 0, 5), 443, V4F(17, 253, 144, 10)),
		  SOCKET(107, SOCK_STREAM, 6, AF_INET, 501, .so_state = 0x183, .so_flags = 0x01000000, .so_last_pid = 500),
		  BUFFERS(0, 0), TRAFFIC({ 0 }), TCPCB(TSI_S_ESTABLISHED, .snd_cwnd = 14480, .snd_ssthresh = INFINITE, .t_maxseg = 1448, .t_rxtcur = 230,
		    .iss = 11, .snd_una = 12, .snd_nxt = 12, .snd_max = 12, .irs = 13, .rcv_nxt = 14) },
		/* A flow of a network stack in user space: no socket, and most members stay 0. */
		{ .pcb = { sizeof(struct xinpcb_n), XSO_INPCB, .inp_vflag = 1, .inp_lport = BE16(60000), .inp_dependladdr = V4(192, 168, 1, 2),
		      .inp_fport = BE16(443), .inp_dependfaddr = V4F(17, 0, 0, 1) },
		  .socket = { sizeof(struct xsocket_n), XSO_SOCKET, .xso_protocol = 6, .so_last_pid = 500 },
		  .receive = { sizeof(struct xsockbuf_n), XSO_RCVBUF, 10, 1000 }, .send = { sizeof(struct xsockbuf_n), XSO_SNDBUF, 20, 1000 },
		  TRAFFIC({ 4, 3000, 5, 4000 }), TCPCB(TSI_S_ESTABLISHED, .snd_wnd = 65535, .snd_cwnd = 10000) },
	},
	{ sizeof(struct xinpgen), 11, 110, 7110 },
};

GOLDEN(udp) struct { struct xinpgen head; struct udp_row rows[5]; struct xinpgen tail; } udp = {
	{ sizeof(struct xinpgen), 5, 60, 7110 },
	{
		{ INPCB(50, 3, 5353, ANY6, 0, ANY6F), SOCKET(50, SOCK_DGRAM, 17, AF_INET6, 65, .so_last_pid = 88),
		  BUFFERS(300, 0), TRAFFIC({ 1000, 90000, 5, 400 }, { 7, 700 }) },
		{ INPCB(51, 1, 60001, V4(10, 0, 0, 5), 53, V4F(8, 8, 8, 8)), SOCKET(51, SOCK_DGRAM, 17, AF_INET, 501, .so_state = 2, .so_last_pid = 400),
		  BUFFERS(0, 0), TRAFFIC({ 1, 100, 1, 40 }) },
		{ INPCB(53, 1, 514, V4(127, 0, 0, 1), 0, V4F(0, 0, 0, 0)), SOCKET(53, SOCK_DGRAM, 17, AF_INET, 501, .so_last_pid = 400),
		  BUFFERS(0, 0), TRAFFIC({ 0 }) },
		{ INPCB(52, 2, 5354, { .inp6_local = MULTICAST(2, 4, 0xfb) }, 0, ANY6F), SOCKET(52, SOCK_DGRAM, 17, AF_INET6, 65, .so_last_pid = 88),
		  BUFFERS(0, 0), TRAFFIC({ 0 }) },
		{ .pcb = { sizeof(struct xinpcb_n), XSO_INPCB, .inp_vflag = 2, .inp_lport = BE16(60002), .inp_dependladdr = { .inp6_local = LOOPBACK },
		      .inp_fport = BE16(443), .inp_dependfaddr = { .inp6_foreign = LOOPBACK } },
		  .socket = { sizeof(struct xsocket_n), XSO_SOCKET, .xso_protocol = 17, .so_last_pid = 500 },
		  .receive = { sizeof(struct xsockbuf_n), XSO_RCVBUF, 11, 1000 }, .send = { sizeof(struct xsockbuf_n), XSO_SNDBUF },
		  TRAFFIC({ 1, 2, 3, 4 }) },
	},
	{ sizeof(struct xinpgen), 5, 60, 7110 },
};

/* Raw sockets and those of ICMP. The protocol of one that the kernel has no entry for is in the control block alone. */
GOLDEN(raw) struct { struct xinpgen head; struct udp_row rows[4]; struct xinpgen tail; } raw = {
	{ sizeof(struct xinpgen), 4, 43, 7110 },
	{
		{ INPCB(40, 1, 0, V4(0, 0, 0, 0), 0, V4F(9, 9, 9, 9), .inp_ip_p = 1), SOCKET(40, SOCK_DGRAM, 1, AF_INET, 501, .so_last_pid = 401),
		  BUFFERS(0, 0), TRAFFIC({ 0 }) },
		{ INPCB(41, 1, 0, V4(0, 0, 0, 0), 0, V4F(0, 0, 0, 0), .inp_ip_p = 89), SOCKET(41, SOCK_RAW, 0, AF_INET, 0, .so_last_pid = 88),
		  BUFFERS(200, 0), TRAFFIC({ 0 }) },
		{ INPCB(42, 2, 0, ANY6, 0, ANY6F, .inp_ip_p = 58), SOCKET(42, SOCK_RAW, 58, AF_INET6, 0, .so_last_pid = 88),
		  BUFFERS(0, 0), TRAFFIC({ 0 }) },
		{ INPCB(43, 2, 0, ANY6, 0, ANY6F, .inp_ip_p = 58), SOCKET(43, SOCK_DGRAM, 58, AF_INET6, 0, .so_last_pid = 88),
		  BUFFERS(0, 0), TRAFFIC({ 0 }) },
	},
	{ sizeof(struct xinpgen), 4, 43, 7110 },
};

#define PATH(length, text) { .sun_len = length, .sun_family = AF_UNIX, .sun_path = text }
#define UNPCB(n, ...) .pcb = { sizeof(struct xunpcb_n), XSO_UNPCB, .xunp_unpp = PCB(n), .xunp_gencnt = n, __VA_ARGS__ }

/* The count is that of all Unix sockets, streams and datagrams together. */
GOLDEN(stream) struct { struct xunpgen head; struct unix_row rows[3]; struct xunpgen tail; } stream = {
	{ sizeof(struct xunpgen), 4, 903, 7110 },
	{
		{ UNPCB(900, .xu_au = { PATH(16, "/tmp/web.sock") }), SOCKET(900, SOCK_STREAM, 0, AF_UNIX, 501, .so_qlen = 1, .so_qlimit = 16),
		  BUFFERS(0, 0), TRAFFIC({ 0 }) },
		{ UNPCB(901, .xunp_conn = PCB(902), .xu_au = { PATH(16, "/tmp/web.sock") }), SOCKET(901, SOCK_STREAM, 0, AF_UNIX, 501, .so_state = 2),
		  BUFFERS(12, 0), TRAFFIC({ 0 }) },
		{ UNPCB(902, .xunp_conn = PCB(901), .xu_cau = { PATH(16, "/tmp/web.sock") }), SOCKET(902, SOCK_STREAM, 0, AF_UNIX, 501, .so_state = 2),
		  BUFFERS(0, 34), TRAFFIC({ 0 }) },
	},
	{ sizeof(struct xunpgen), 4, 903, 7110 },
};

GOLDEN(dgram) struct { struct xunpgen head; struct unix_row rows[1]; struct xunpgen tail; } dgram = {
	{ sizeof(struct xunpgen), 4, 903, 7110 },
	{
		{ UNPCB(800, .xu_au = { PATH(17, "/private/log\xff\n") }), SOCKET(800, SOCK_DGRAM, 0, AF_UNIX, 0), BUFFERS(5, 0), TRAFFIC({ 0 }) },
	},
	{ sizeof(struct xunpgen), 4, 903, 7110 },
};

/* --- processes --------------------------------------------------------------------------------------------------- */

GOLDEN(fds_400) struct proc_fdinfo fds_400[] = {
	{ 0, PROX_FDTYPE_VNODE }, { 4, PROX_FDTYPE_KQUEUE }, { 5, PROX_FDTYPE_SOCKET }, { 6, PROX_FDTYPE_SOCKET },
	{ 7, PROX_FDTYPE_SOCKET }, { 8, PROX_FDTYPE_SOCKET }, { 9, PROX_FDTYPE_SOCKET }, { 10, PROX_FDTYPE_SOCKET },
};
/* Ports that stand for open files: of a socket that no descriptor of the process leads to, of one that one does, of a file. */
GOLDEN(ports_400) struct proc_fileportinfo ports_400[] = {
	{ 0x1a03, PROX_FDTYPE_VNODE }, { 0x1b07, PROX_FDTYPE_SOCKET }, { 0x1c0b, PROX_FDTYPE_SOCKET },
};
GOLDEN(fds_401) struct proc_fdinfo fds_401[] = {
	{ 3, PROX_FDTYPE_SOCKET }, { 4, PROX_FDTYPE_SOCKET }, { 5, PROX_FDTYPE_SOCKET }, { 6, PROX_FDTYPE_SOCKET },
};

#define PROCESS(id, parent, user, command, long_name) { .pbi_pid = id, .pbi_ppid = parent, .pbi_uid = user, .pbi_ruid = user, \
	.pbi_comm = command, .pbi_name = long_name, .pbi_nfiles = 20, .pbi_start_tvsec = 1700000100, .pbi_start_tvusec = 250000 }
GOLDEN(bsd_400) struct proc_bsdinfo bsd_400 = PROCESS(400, 1, 501, "webserver-with-", "webserver-with-a-name");
GOLDEN(bsd_401) struct proc_bsdinfo bsd_401 = PROCESS(401, 400, 501, "worker", "");
GOLDEN(bsd_500) struct proc_bsdinfo bsd_500 = PROCESS(500, 1, 502, "Safari", "");
GOLDEN(short_500) struct proc_bsdshortinfo short_500 = { 500, 1, 500, 2, "Safari", 0, 502, 20, 502, 20, 502, 20 };

#define INFO(n, kind, number, family, shape, ...) { .psi = { .soi_so = SO(n), .soi_pcb = PCB(n), .soi_type = kind, \
	.soi_protocol = number, .soi_family = family, .soi_kind = shape, __VA_ARGS__ } }
#define IN_INFO(n, flags, lport, laddr, fport, faddr) { .insi_gencnt = n, .insi_vflag = flags, .insi_lport = BE16(lport), \
	.insi_laddr = laddr, .insi_fport = BE16(fport), .insi_faddr = faddr }
#define IN4(a, b, c, d) { .ina_46 = { .i46a_addr4 = { BE32((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d)) } } }
#define BUFFER_INFO(received, sending) .soi_rcv = { received, 131072, 2048 + (received) }, .soi_snd = { sending, 146988, 4096 + (sending) }
#define TCP_INFO_(state, mss, ...) .soi_proto = { .pri_tcp = { .tcpsi_ini = __VA_ARGS__, .tcpsi_state = state, .tcpsi_mss = mss } }

#define ESTABLISHED INFO(102, SOCK_STREAM, 6, AF_INET, SOCKINFO_TCP, .soi_state = 0x182, BUFFER_INFO(1000, 5000), \
	TCP_INFO_(TSI_S_ESTABLISHED, 1448, IN_INFO(102, 1, 51002, IN4(10, 0, 0, 5), 443, IN4(93, 184, 216, 34))))

GOLDEN(socket_400_5) struct socket_fdinfo socket_400_5 = INFO(101, SOCK_STREAM, 6, AF_INET6, SOCKINFO_TCP, .soi_qlen = 3, .soi_incqlen = 1,
	.soi_qlimit = 128, BUFFER_INFO(0, 0), TCP_INFO_(TSI_S_LISTEN, 512, IN_INFO(101, 3, 8080, { 0 }, 0, { 0 })));
GOLDEN(socket_400_6) struct socket_fdinfo socket_400_6 = ESTABLISHED;
GOLDEN(socket_400_7) struct socket_fdinfo socket_400_7 = INFO(51, SOCK_DGRAM, 17, AF_INET, SOCKINFO_IN, .soi_state = 2, BUFFER_INFO(0, 0),
	.soi_proto = { .pri_in = IN_INFO(51, 1, 60001, IN4(10, 0, 0, 5), 53, IN4(8, 8, 8, 8)) });
GOLDEN(socket_400_8) struct socket_fdinfo socket_400_8 = INFO(900, SOCK_STREAM, 0, AF_UNIX, SOCKINFO_UN, .soi_qlen = 1, .soi_qlimit = 16,
	BUFFER_INFO(0, 0), .soi_proto = { .pri_un = { .unsi_addr = { .ua_sun = PATH(16, "/tmp/web.sock") } } });
GOLDEN(socket_400_9) struct socket_fdinfo socket_400_9 = INFO(901, SOCK_STREAM, 0, AF_UNIX, SOCKINFO_UN, .soi_state = 2, BUFFER_INFO(12, 0),
	.soi_proto = { .pri_un = { .unsi_conn_so = SO(902), .unsi_conn_pcb = PCB(902), .unsi_addr = { .ua_sun = PATH(16, "/tmp/web.sock") } } });
GOLDEN(socket_400_10) struct socket_fdinfo socket_400_10 = INFO(105, SOCK_STREAM, 6, AF_INET, SOCKINFO_TCP, .soi_state = 4, BUFFER_INFO(0, 0),
	TCP_INFO_(TSI_S_SYN_SENT, 1460, IN_INFO(105, 1, 51010, IN4(10, 0, 0, 5), 81, IN4(192, 0, 2, 1))));
GOLDEN(socket_401_3) struct socket_fdinfo socket_401_3 = INFO(902, SOCK_STREAM, 0, AF_UNIX, SOCKINFO_UN, .soi_state = 2, BUFFER_INFO(0, 34),
	.soi_proto = { .pri_un = { .unsi_conn_so = SO(901), .unsi_conn_pcb = PCB(901), .unsi_caddr = { .ua_sun = PATH(16, "/tmp/web.sock") } } });
GOLDEN(socket_401_4) struct socket_fdinfo socket_401_4 = INFO(103, SOCK_STREAM, 6, AF_INET6, SOCKINFO_TCP, .soi_state = 0x32, BUFFER_INFO(0, 0),
	TCP_INFO_(TSI_S__CLOSE_WAIT, 16332, IN_INFO(103, 1, 8080, IN4(127, 0, 0, 1), 50000, IN4(127, 0, 0, 1))));
GOLDEN(socket_401_5) struct socket_fdinfo socket_401_5 = INFO(40, SOCK_DGRAM, 1, AF_INET, SOCKINFO_IN, BUFFER_INFO(0, 0),
	.soi_proto = { .pri_in = IN_INFO(40, 1, 0, IN4(0, 0, 0, 0), 0, IN4(9, 9, 9, 9)) });
GOLDEN(socket_401_6) struct socket_fdinfo socket_401_6 = ESTABLISHED;
/* A UDP socket that launchd-like programs keep without a descriptor. */
GOLDEN(port_400_1b07) struct socket_fdinfo port_400_1b07 = INFO(53, SOCK_DGRAM, 17, AF_INET, SOCKINFO_IN, BUFFER_INFO(0, 0),
	.soi_proto = { .pri_in = IN_INFO(53, 1, 514, IN4(127, 0, 0, 1), 0, IN4(0, 0, 0, 0)) });
GOLDEN(port_400_1c0b) struct socket_fdinfo port_400_1c0b = ESTABLISHED;

GOLDEN(connection) struct tcp_connection_info connection = {
	.tcpi_state = TSI_S_ESTABLISHED, .tcpi_snd_wscale = 7, .tcpi_rcv_wscale = 6, .tcpi_options = TCPCI_OPT_WSCALE | TCPCI_OPT_SACK,
	.tcpi_rto = 230, .tcpi_maxseg = 1448, .tcpi_snd_ssthresh = INFINITE, .tcpi_snd_cwnd = 14480, .tcpi_snd_wnd = 131072,
	.tcpi_snd_sbbytes = 5000, .tcpi_rcv_wnd = 262144, .tcpi_rttcur = 20, .tcpi_srtt = 24, .tcpi_rttvar = 3,
	.tcpi_txpackets = 350, .tcpi_txbytes = 505000, .tcpi_txretransmitbytes = 2896, .tcpi_rxpackets = 210, .tcpi_rxbytes = 300000,
	.tcpi_rxoutoforderbytes = 1448, .tcpi_txretransmitpackets = 2,
};
