/* Where the members of the structures lie, as the C compiler says of the system's own headers; and structures filled
   with known numbers, as bytes. One line each: tests compare pree's tables with them. */
#define _WIN32_WINNT 0x0A00
#define NTDDI_VERSION 0x0A000006
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mstcpip.h>
#include <iphlpapi.h>
#include <tlhelp32.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Younger than these headers; its members are those of the documentation. */
typedef struct {
  DWORD dwRtoAlgorithm, dwRtoMin, dwRtoMax, dwMaxConn, dwActiveOpens, dwPassiveOpens, dwAttemptFails, dwEstabResets,
      dwCurrEstab;
  DWORD64 dw64InSegs, dw64OutSegs;
  DWORD dwRetransSegs, dwInErrs, dwOutRsts, dwNumConns;
} MIB_TCPSTATS2;

#define SIZE(s) printf("size " #s " %zu\n", sizeof(s))
#define FIELD(s, m) printf("field " #s " " #m " %zu %zu\n", offsetof(s, m), sizeof(((s *)0)->m))

static void bytes(const char *name, const void *of, size_t length) {
  printf("bytes %s ", name);
  for (size_t i = 0; i < length; i++) printf("%02x", ((const unsigned char *)of)[i]);
  printf("\n");
}

int main(void) {
  SIZE(MIB_TCPROW_OWNER_MODULE);
  FIELD(MIB_TCPROW_OWNER_MODULE, dwState);
  FIELD(MIB_TCPROW_OWNER_MODULE, dwLocalAddr);
  FIELD(MIB_TCPROW_OWNER_MODULE, dwLocalPort);
  FIELD(MIB_TCPROW_OWNER_MODULE, dwRemoteAddr);
  FIELD(MIB_TCPROW_OWNER_MODULE, dwRemotePort);
  FIELD(MIB_TCPROW_OWNER_MODULE, dwOwningPid);
  FIELD(MIB_TCPROW_OWNER_MODULE, liCreateTimestamp);
  FIELD(MIB_TCPROW_OWNER_MODULE, OwningModuleInfo);
  SIZE(MIB_TCP6ROW_OWNER_MODULE);
  FIELD(MIB_TCP6ROW_OWNER_MODULE, ucLocalAddr);
  FIELD(MIB_TCP6ROW_OWNER_MODULE, dwLocalScopeId);
  FIELD(MIB_TCP6ROW_OWNER_MODULE, dwLocalPort);
  FIELD(MIB_TCP6ROW_OWNER_MODULE, ucRemoteAddr);
  FIELD(MIB_TCP6ROW_OWNER_MODULE, dwRemoteScopeId);
  FIELD(MIB_TCP6ROW_OWNER_MODULE, dwRemotePort);
  FIELD(MIB_TCP6ROW_OWNER_MODULE, dwState);
  FIELD(MIB_TCP6ROW_OWNER_MODULE, dwOwningPid);
  FIELD(MIB_TCP6ROW_OWNER_MODULE, liCreateTimestamp);
  FIELD(MIB_TCP6ROW_OWNER_MODULE, OwningModuleInfo);
  SIZE(MIB_UDPROW_OWNER_MODULE);
  FIELD(MIB_UDPROW_OWNER_MODULE, dwLocalAddr);
  FIELD(MIB_UDPROW_OWNER_MODULE, dwLocalPort);
  FIELD(MIB_UDPROW_OWNER_MODULE, dwOwningPid);
  FIELD(MIB_UDPROW_OWNER_MODULE, liCreateTimestamp);
  FIELD(MIB_UDPROW_OWNER_MODULE, dwFlags);
  FIELD(MIB_UDPROW_OWNER_MODULE, OwningModuleInfo);
  SIZE(MIB_UDP6ROW_OWNER_MODULE);
  FIELD(MIB_UDP6ROW_OWNER_MODULE, ucLocalAddr);
  FIELD(MIB_UDP6ROW_OWNER_MODULE, dwLocalScopeId);
  FIELD(MIB_UDP6ROW_OWNER_MODULE, dwLocalPort);
  FIELD(MIB_UDP6ROW_OWNER_MODULE, dwOwningPid);
  FIELD(MIB_UDP6ROW_OWNER_MODULE, liCreateTimestamp);
  FIELD(MIB_UDP6ROW_OWNER_MODULE, dwFlags);
  FIELD(MIB_UDP6ROW_OWNER_MODULE, OwningModuleInfo);
  SIZE(TCP_ESTATS_SYN_OPTS_ROS_v0);
  FIELD(TCP_ESTATS_SYN_OPTS_ROS_v0, ActiveOpen);
  FIELD(TCP_ESTATS_SYN_OPTS_ROS_v0, MssRcvd);
  FIELD(TCP_ESTATS_SYN_OPTS_ROS_v0, MssSent);
  SIZE(TCP_ESTATS_DATA_ROD_v0);
  FIELD(TCP_ESTATS_DATA_ROD_v0, DataBytesOut);
  FIELD(TCP_ESTATS_DATA_ROD_v0, DataSegsOut);
  FIELD(TCP_ESTATS_DATA_ROD_v0, DataBytesIn);
  FIELD(TCP_ESTATS_DATA_ROD_v0, DataSegsIn);
  FIELD(TCP_ESTATS_DATA_ROD_v0, SegsOut);
  FIELD(TCP_ESTATS_DATA_ROD_v0, SegsIn);
  FIELD(TCP_ESTATS_DATA_ROD_v0, SoftErrors);
  FIELD(TCP_ESTATS_DATA_ROD_v0, SoftErrorReason);
  FIELD(TCP_ESTATS_DATA_ROD_v0, SndUna);
  FIELD(TCP_ESTATS_DATA_ROD_v0, SndNxt);
  FIELD(TCP_ESTATS_DATA_ROD_v0, SndMax);
  FIELD(TCP_ESTATS_DATA_ROD_v0, ThruBytesAcked);
  FIELD(TCP_ESTATS_DATA_ROD_v0, RcvNxt);
  FIELD(TCP_ESTATS_DATA_ROD_v0, ThruBytesReceived);
  SIZE(TCP_ESTATS_SND_CONG_ROD_v0);
  FIELD(TCP_ESTATS_SND_CONG_ROD_v0, SndLimTransRwin);
  FIELD(TCP_ESTATS_SND_CONG_ROD_v0, SndLimTimeRwin);
  FIELD(TCP_ESTATS_SND_CONG_ROD_v0, SndLimBytesRwin);
  FIELD(TCP_ESTATS_SND_CONG_ROD_v0, SndLimTransCwnd);
  FIELD(TCP_ESTATS_SND_CONG_ROD_v0, SndLimTimeCwnd);
  FIELD(TCP_ESTATS_SND_CONG_ROD_v0, SndLimBytesCwnd);
  FIELD(TCP_ESTATS_SND_CONG_ROD_v0, SndLimTransSnd);
  FIELD(TCP_ESTATS_SND_CONG_ROD_v0, SndLimTimeSnd);
  FIELD(TCP_ESTATS_SND_CONG_ROD_v0, SndLimBytesSnd);
  FIELD(TCP_ESTATS_SND_CONG_ROD_v0, SlowStart);
  FIELD(TCP_ESTATS_SND_CONG_ROD_v0, CongAvoid);
  FIELD(TCP_ESTATS_SND_CONG_ROD_v0, OtherReductions);
  FIELD(TCP_ESTATS_SND_CONG_ROD_v0, CurCwnd);
  FIELD(TCP_ESTATS_SND_CONG_ROD_v0, MaxSsCwnd);
  FIELD(TCP_ESTATS_SND_CONG_ROD_v0, MaxCaCwnd);
  FIELD(TCP_ESTATS_SND_CONG_ROD_v0, CurSsthresh);
  FIELD(TCP_ESTATS_SND_CONG_ROD_v0, MaxSsthresh);
  FIELD(TCP_ESTATS_SND_CONG_ROD_v0, MinSsthresh);
  SIZE(TCP_ESTATS_PATH_ROD_v0);
  FIELD(TCP_ESTATS_PATH_ROD_v0, FastRetran);
  FIELD(TCP_ESTATS_PATH_ROD_v0, Timeouts);
  FIELD(TCP_ESTATS_PATH_ROD_v0, SubsequentTimeouts);
  FIELD(TCP_ESTATS_PATH_ROD_v0, CurTimeoutCount);
  FIELD(TCP_ESTATS_PATH_ROD_v0, AbruptTimeouts);
  FIELD(TCP_ESTATS_PATH_ROD_v0, PktsRetrans);
  FIELD(TCP_ESTATS_PATH_ROD_v0, BytesRetrans);
  FIELD(TCP_ESTATS_PATH_ROD_v0, DupAcksIn);
  FIELD(TCP_ESTATS_PATH_ROD_v0, SacksRcvd);
  FIELD(TCP_ESTATS_PATH_ROD_v0, SackBlocksRcvd);
  FIELD(TCP_ESTATS_PATH_ROD_v0, CongSignals);
  FIELD(TCP_ESTATS_PATH_ROD_v0, PreCongSumCwnd);
  FIELD(TCP_ESTATS_PATH_ROD_v0, PreCongSumRtt);
  FIELD(TCP_ESTATS_PATH_ROD_v0, PostCongSumRtt);
  FIELD(TCP_ESTATS_PATH_ROD_v0, PostCongCountRtt);
  FIELD(TCP_ESTATS_PATH_ROD_v0, EcnSignals);
  FIELD(TCP_ESTATS_PATH_ROD_v0, EceRcvd);
  FIELD(TCP_ESTATS_PATH_ROD_v0, SendStall);
  FIELD(TCP_ESTATS_PATH_ROD_v0, QuenchRcvd);
  FIELD(TCP_ESTATS_PATH_ROD_v0, RetranThresh);
  FIELD(TCP_ESTATS_PATH_ROD_v0, SndDupAckEpisodes);
  FIELD(TCP_ESTATS_PATH_ROD_v0, SumBytesReordered);
  FIELD(TCP_ESTATS_PATH_ROD_v0, NonRecovDa);
  FIELD(TCP_ESTATS_PATH_ROD_v0, NonRecovDaEpisodes);
  FIELD(TCP_ESTATS_PATH_ROD_v0, AckAfterFr);
  FIELD(TCP_ESTATS_PATH_ROD_v0, DsackDups);
  FIELD(TCP_ESTATS_PATH_ROD_v0, SampleRtt);
  FIELD(TCP_ESTATS_PATH_ROD_v0, SmoothedRtt);
  FIELD(TCP_ESTATS_PATH_ROD_v0, RttVar);
  FIELD(TCP_ESTATS_PATH_ROD_v0, MaxRtt);
  FIELD(TCP_ESTATS_PATH_ROD_v0, MinRtt);
  FIELD(TCP_ESTATS_PATH_ROD_v0, SumRtt);
  FIELD(TCP_ESTATS_PATH_ROD_v0, CountRtt);
  FIELD(TCP_ESTATS_PATH_ROD_v0, CurRto);
  FIELD(TCP_ESTATS_PATH_ROD_v0, MaxRto);
  FIELD(TCP_ESTATS_PATH_ROD_v0, MinRto);
  FIELD(TCP_ESTATS_PATH_ROD_v0, CurMss);
  FIELD(TCP_ESTATS_PATH_ROD_v0, MaxMss);
  FIELD(TCP_ESTATS_PATH_ROD_v0, MinMss);
  FIELD(TCP_ESTATS_PATH_ROD_v0, SpuriousRtoDetections);
  SIZE(TCP_ESTATS_SEND_BUFF_ROD_v0);
  FIELD(TCP_ESTATS_SEND_BUFF_ROD_v0, CurRetxQueue);
  FIELD(TCP_ESTATS_SEND_BUFF_ROD_v0, MaxRetxQueue);
  FIELD(TCP_ESTATS_SEND_BUFF_ROD_v0, CurAppWQueue);
  FIELD(TCP_ESTATS_SEND_BUFF_ROD_v0, MaxAppWQueue);
  SIZE(TCP_ESTATS_REC_ROD_v0);
  FIELD(TCP_ESTATS_REC_ROD_v0, CurRwinSent);
  FIELD(TCP_ESTATS_REC_ROD_v0, MaxRwinSent);
  FIELD(TCP_ESTATS_REC_ROD_v0, MinRwinSent);
  FIELD(TCP_ESTATS_REC_ROD_v0, LimRwin);
  FIELD(TCP_ESTATS_REC_ROD_v0, DupAckEpisodes);
  FIELD(TCP_ESTATS_REC_ROD_v0, DupAcksOut);
  FIELD(TCP_ESTATS_REC_ROD_v0, CeRcvd);
  FIELD(TCP_ESTATS_REC_ROD_v0, EcnSent);
  FIELD(TCP_ESTATS_REC_ROD_v0, EcnNoncesRcvd);
  FIELD(TCP_ESTATS_REC_ROD_v0, CurReasmQueue);
  FIELD(TCP_ESTATS_REC_ROD_v0, MaxReasmQueue);
  FIELD(TCP_ESTATS_REC_ROD_v0, CurAppRQueue);
  FIELD(TCP_ESTATS_REC_ROD_v0, MaxAppRQueue);
  FIELD(TCP_ESTATS_REC_ROD_v0, WinScaleSent);
  SIZE(TCP_ESTATS_OBS_REC_ROD_v0);
  FIELD(TCP_ESTATS_OBS_REC_ROD_v0, CurRwinRcvd);
  FIELD(TCP_ESTATS_OBS_REC_ROD_v0, MaxRwinRcvd);
  FIELD(TCP_ESTATS_OBS_REC_ROD_v0, MinRwinRcvd);
  FIELD(TCP_ESTATS_OBS_REC_ROD_v0, WinScaleRcvd);
  SIZE(TCP_ESTATS_BANDWIDTH_ROD_v0);
  FIELD(TCP_ESTATS_BANDWIDTH_ROD_v0, OutboundBandwidth);
  FIELD(TCP_ESTATS_BANDWIDTH_ROD_v0, InboundBandwidth);
  FIELD(TCP_ESTATS_BANDWIDTH_ROD_v0, OutboundInstability);
  FIELD(TCP_ESTATS_BANDWIDTH_ROD_v0, InboundInstability);
  FIELD(TCP_ESTATS_BANDWIDTH_ROD_v0, OutboundBandwidthPeaked);
  FIELD(TCP_ESTATS_BANDWIDTH_ROD_v0, InboundBandwidthPeaked);
  SIZE(TCP_ESTATS_FINE_RTT_ROD_v0);
  FIELD(TCP_ESTATS_FINE_RTT_ROD_v0, RttVar);
  FIELD(TCP_ESTATS_FINE_RTT_ROD_v0, MaxRtt);
  FIELD(TCP_ESTATS_FINE_RTT_ROD_v0, MinRtt);
  FIELD(TCP_ESTATS_FINE_RTT_ROD_v0, SumRtt);
  SIZE(MIB_TCPSTATS);
  FIELD(MIB_TCPSTATS, dwRtoAlgorithm);
  FIELD(MIB_TCPSTATS, dwRtoMin);
  FIELD(MIB_TCPSTATS, dwRtoMax);
  FIELD(MIB_TCPSTATS, dwMaxConn);
  FIELD(MIB_TCPSTATS, dwActiveOpens);
  FIELD(MIB_TCPSTATS, dwPassiveOpens);
  FIELD(MIB_TCPSTATS, dwAttemptFails);
  FIELD(MIB_TCPSTATS, dwEstabResets);
  FIELD(MIB_TCPSTATS, dwCurrEstab);
  FIELD(MIB_TCPSTATS, dwInSegs);
  FIELD(MIB_TCPSTATS, dwOutSegs);
  FIELD(MIB_TCPSTATS, dwRetransSegs);
  FIELD(MIB_TCPSTATS, dwInErrs);
  FIELD(MIB_TCPSTATS, dwOutRsts);
  FIELD(MIB_TCPSTATS, dwNumConns);
  SIZE(MIB_TCPSTATS2);
  FIELD(MIB_TCPSTATS2, dwRtoAlgorithm);
  FIELD(MIB_TCPSTATS2, dwRtoMin);
  FIELD(MIB_TCPSTATS2, dwRtoMax);
  FIELD(MIB_TCPSTATS2, dwMaxConn);
  FIELD(MIB_TCPSTATS2, dwActiveOpens);
  FIELD(MIB_TCPSTATS2, dwPassiveOpens);
  FIELD(MIB_TCPSTATS2, dwAttemptFails);
  FIELD(MIB_TCPSTATS2, dwEstabResets);
  FIELD(MIB_TCPSTATS2, dwCurrEstab);
  FIELD(MIB_TCPSTATS2, dw64InSegs);
  FIELD(MIB_TCPSTATS2, dw64OutSegs);
  FIELD(MIB_TCPSTATS2, dwRetransSegs);
  FIELD(MIB_TCPSTATS2, dwInErrs);
  FIELD(MIB_TCPSTATS2, dwOutRsts);
  FIELD(MIB_TCPSTATS2, dwNumConns);
  SIZE(TCP_INFO_v0);
  FIELD(TCP_INFO_v0, State);
  FIELD(TCP_INFO_v0, Mss);
  FIELD(TCP_INFO_v0, ConnectionTimeMs);
  FIELD(TCP_INFO_v0, TimestampsEnabled);
  FIELD(TCP_INFO_v0, RttUs);
  FIELD(TCP_INFO_v0, MinRttUs);
  FIELD(TCP_INFO_v0, BytesInFlight);
  FIELD(TCP_INFO_v0, Cwnd);
  FIELD(TCP_INFO_v0, SndWnd);
  FIELD(TCP_INFO_v0, RcvWnd);
  FIELD(TCP_INFO_v0, RcvBuf);
  FIELD(TCP_INFO_v0, BytesOut);
  FIELD(TCP_INFO_v0, BytesIn);
  FIELD(TCP_INFO_v0, BytesReordered);
  FIELD(TCP_INFO_v0, BytesRetrans);
  FIELD(TCP_INFO_v0, FastRetrans);
  FIELD(TCP_INFO_v0, DupAcksIn);
  FIELD(TCP_INFO_v0, TimeoutEpisodes);
  FIELD(TCP_INFO_v0, SynRetrans);
  SIZE(PROCESSENTRY32W);
  FIELD(PROCESSENTRY32W, dwSize);
  FIELD(PROCESSENTRY32W, th32ProcessID);
  FIELD(PROCESSENTRY32W, cntThreads);
  FIELD(PROCESSENTRY32W, th32ParentProcessID);
  FIELD(PROCESSENTRY32W, szExeFile);
  SIZE(MIB_TCPROW_OWNER_PID);
  FIELD(MIB_TCPTABLE_OWNER_PID, table);
  FIELD(MIB_TCPTABLE_OWNER_MODULE, table);
  SIZE(MIB_TCP6ROW_OWNER_PID);
  FIELD(MIB_TCP6TABLE_OWNER_PID, table);
  FIELD(MIB_TCP6TABLE_OWNER_MODULE, table);
  SIZE(MIB_UDPROW_OWNER_PID);
  FIELD(MIB_UDPTABLE_OWNER_PID, table);
  FIELD(MIB_UDPTABLE_OWNER_MODULE, table);
  SIZE(MIB_UDP6ROW_OWNER_PID);
  FIELD(MIB_UDP6TABLE_OWNER_PID, table);
  FIELD(MIB_UDP6TABLE_OWNER_MODULE, table);
  SIZE(TCP_ESTATS_DATA_RW_v0);
  SIZE(TCP_ESTATS_SND_CONG_RW_v0);
  SIZE(TCP_ESTATS_PATH_RW_v0);
  SIZE(TCP_ESTATS_SEND_BUFF_RW_v0);
  SIZE(TCP_ESTATS_REC_RW_v0);
  SIZE(TCP_ESTATS_OBS_REC_RW_v0);
  SIZE(TCP_ESTATS_BANDWIDTH_RW_v0);
  SIZE(TCP_ESTATS_FINE_RTT_RW_v0);
  {
    static struct {
      DWORD dwNumEntries;
      MIB_TCPROW_OWNER_MODULE table[2];
    } t = {.dwNumEntries = 2};
    t.table[0] = (MIB_TCPROW_OWNER_MODULE){.dwState = MIB_TCP_STATE_LISTEN, .dwLocalPort = htons(80), .dwOwningPid = 4};
    t.table[1] = (MIB_TCPROW_OWNER_MODULE){.dwState = MIB_TCP_STATE_ESTAB, .dwLocalAddr = htonl(0x0a000001),
      .dwLocalPort = htons(50000), .dwRemoteAddr = htonl(0xc0a80102), .dwRemotePort = htons(443), .dwOwningPid = 1234,
      .liCreateTimestamp.QuadPart = 133000000000000000LL};
    t.table[1].OwningModuleInfo[0] = 77;
    bytes("MIB_TCPTABLE_OWNER_MODULE", &t, sizeof t);
  }
  {
    static struct {
      DWORD dwNumEntries;
      MIB_TCP6ROW_OWNER_PID table[1];
    } t = {.dwNumEntries = 1};
    unsigned char here[16] = {0xfe, 0x80, [15] = 1}, there[16] = {0xfe, 0x80, [15] = 2};
    memcpy(t.table[0].ucLocalAddr, here, 16);
    memcpy(t.table[0].ucRemoteAddr, there, 16);
    t.table[0].dwLocalScopeId = t.table[0].dwRemoteScopeId = 9;
    t.table[0].dwLocalPort = htons(22);
    t.table[0].dwRemotePort = htons(1025);
    t.table[0].dwState = MIB_TCP_STATE_CLOSE_WAIT;
    t.table[0].dwOwningPid = 99;
    bytes("MIB_TCP6TABLE_OWNER_PID", &t, sizeof t);
  }
  {
    static struct {
      DWORD dwNumEntries;
      MIB_UDP6ROW_OWNER_MODULE table[1];
    } t = {.dwNumEntries = 1};
    t.table[0].dwLocalPort = htons(5353);
    t.table[0].dwOwningPid = 7;
    t.table[0].liCreateTimestamp.QuadPart = 133000000000000000LL;
    bytes("MIB_UDP6TABLE_OWNER_MODULE", &t, sizeof t);
  }
  {
    TCP_ESTATS_PATH_ROD_v0 path = {.FastRetran = 3, .PktsRetrans = 7, .SmoothedRtt = 21, .CurRto = 300, .CurMss = 1460,
      .SpuriousRtoDetections = 1};
    bytes("TCP_ESTATS_PATH_ROD_v0", &path, sizeof path);
    TCP_ESTATS_SND_CONG_ROD_v0 cong = {.SndLimTimeRwin = 11, .SndLimTimeCwnd = 12, .SndLimTimeSnd = 13,
      .CurCwnd = 14600, .CurSsthresh = 0xffffffff};
    bytes("TCP_ESTATS_SND_CONG_ROD_v0", &cong, sizeof cong);
    TCP_ESTATS_DATA_ROD_v0 data = {.DataBytesOut = 1ULL << 40, .SndUna = 0xfffffff0, .SndNxt = 0x10, .RcvNxt = 5,
      .ThruBytesReceived = 9};
    bytes("TCP_ESTATS_DATA_ROD_v0", &data, sizeof data);
    TCP_ESTATS_REC_ROD_v0 rec = {.CurRwinSent = 65535, .CurAppRQueue = 1ULL << 33, .WinScaleSent = 255};
    bytes("TCP_ESTATS_REC_ROD_v0", &rec, sizeof rec);
    TCP_ESTATS_BANDWIDTH_ROD_v0 bandwidth = {.OutboundBandwidth = 8000000, .OutboundBandwidthPeaked = 2};
    bytes("TCP_ESTATS_BANDWIDTH_ROD_v0", &bandwidth, sizeof bandwidth);
  }
  return 0;
}
