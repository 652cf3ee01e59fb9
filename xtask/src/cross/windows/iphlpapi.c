/* A stand-in of iphlpapi.dll, beside a copy of pree.exe: it tells what Wine's never does, and refuses what no Wine
   refuses. PREE_STAND_IN says how, in words: "collected" (statistics are switched on by somebody else), "denied" (every
   table), "grows" (no buffer is ever long enough), "refused" and "unsupported" (statistics), "interrupt=N" (^C at the Nth
   switch), "later=N" (^C while pree waits that has switched so many).
   What is switched is written to the file PREE_SWITCHES, a line each: the process may not live to tell. */
#define _WIN32_WINNT 0x0A00
#include <winsock2.h>
#include <ws2ipdef.h>
#include <iprtrmib.h>
#include <tcpestats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __declspec(dllexport)
#define swapped(port) __builtin_bswap16(port)

/* 2022-06-18. */
#define MADE 133000000000000000LL

static const char *word(const char *name) {
  static char words[256];
  words[0] = 0;
  GetEnvironmentVariableA("PREE_STAND_IN", words, sizeof words);
  const char *at = strstr(words, name);
  return at ? at + strlen(name) : NULL;
}

/* Who presses ^C presses it in a console that only this process has. */
static DWORD WINAPI press(void *after) {
  Sleep((DWORD)(ULONG_PTR)after);
  FreeConsole();
  AllocConsole();
  GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0);
  return 0;
}

static void step(void) {
  static int steps;
  steps++;
  const char *at = word("interrupt="), *later = word("later=");
  if (at && steps == atoi(at)) WaitForSingleObject(CreateThread(NULL, 0, press, NULL, 0, NULL), INFINITE);
  if (later && steps == atoi(later)) CreateThread(NULL, 0, press, (void *)(ULONG_PTR)300, 0, NULL);
}

static DWORD tell(const void *table, DWORD length, void *buffer, DWORD *size) {
  if (word("denied")) return ERROR_ACCESS_DENIED;
  if (word("grows")) {
    *size += 1;
    return ERROR_INSUFFICIENT_BUFFER;
  }
  BOOL fits = *size >= length;
  *size = length;
  if (!fits) return ERROR_INSUFFICIENT_BUFFER;
  memcpy(buffer, table, length);
  return NO_ERROR;
}

static MIB_TCPROW_OWNER_MODULE tcp4(DWORD state, const char *local, int port, const char *remote, int remote_port) {
  MIB_TCPROW_OWNER_MODULE row = {.dwState = state, .dwLocalPort = swapped(port), .dwRemotePort = swapped(remote_port),
    .dwOwningPid = GetCurrentProcessId(), .liCreateTimestamp.QuadPart = MADE};
  unsigned char address[4];
  sscanf(local, "%hhu.%hhu.%hhu.%hhu", address, address + 1, address + 2, address + 3);
  memcpy(&row.dwLocalAddr, address, 4);
  sscanf(remote, "%hhu.%hhu.%hhu.%hhu", address, address + 1, address + 2, address + 3);
  memcpy(&row.dwRemoteAddr, address, 4);
  return row;
}

static MIB_TCP6ROW_OWNER_MODULE tcp6(const unsigned char start[2], DWORD scope, int port, int remote_port) {
  MIB_TCP6ROW_OWNER_MODULE row = {.dwState = MIB_TCP_STATE_ESTAB, .dwLocalPort = swapped(port),
    .dwRemotePort = swapped(remote_port), .dwLocalScopeId = scope, .dwRemoteScopeId = scope,
    .dwOwningPid = GetCurrentProcessId(), .liCreateTimestamp.QuadPart = MADE};
  memcpy(row.ucLocalAddr, start, 2);
  memcpy(row.ucRemoteAddr, start, 2);
  row.ucLocalAddr[15] = 1;
  row.ucRemoteAddr[15] = 2;
  return row;
}

EXPORT DWORD WINAPI GetExtendedTcpTable(void *buffer, DWORD *size, BOOL order, ULONG family, int class, ULONG unused) {
  (void)order, (void)unused;
  if (class != TCP_TABLE_OWNER_MODULE_ALL) return ERROR_INVALID_PARAMETER;
  if (family == AF_INET) {
    static struct {
      DWORD count;
      MIB_TCPROW_OWNER_MODULE rows[6];
    } table;
    table.count = 6;
    table.rows[0] = tcp4(MIB_TCP_STATE_LISTEN, "0.0.0.0", 135, "9.9.9.9", 9);
    table.rows[1] = tcp4(MIB_TCP_STATE_ESTAB, "10.0.0.1", 50000, "192.0.2.7", 443);
    table.rows[2] = tcp4(12, "10.0.0.1", 50002, "192.0.2.7", 443);
    table.rows[3] = tcp4(100, "0.0.0.0", 50003, "9.9.9.9", 9);
    table.rows[4] = tcp4(77, "10.0.0.1", 50004, "192.0.2.7", 443);
    /* Ends before anything is asked of it. */
    table.rows[5] = tcp4(MIB_TCP_STATE_ESTAB, "10.0.0.1", 50005, "192.0.2.7", 443);
    return tell(&table, sizeof table, buffer, size);
  }
  static struct {
    DWORD count;
    MIB_TCP6ROW_OWNER_MODULE rows[2];
  } table;
  table.count = 2;
  table.rows[0] = tcp6((const unsigned char[]){0xfe, 0x80}, 9, 22, 1025);
  /* The scope of a global address says nothing. */
  table.rows[1] = tcp6((const unsigned char[]){0x20, 0x01}, 77, 443, 1026);
  return tell(&table, sizeof table, buffer, size);
}

EXPORT DWORD WINAPI GetExtendedUdpTable(void *buffer, DWORD *size, BOOL order, ULONG family, int class, ULONG unused) {
  (void)order, (void)unused;
  if (class != UDP_TABLE_OWNER_MODULE) return ERROR_INVALID_PARAMETER;
  if (family == AF_INET) {
    static struct {
      DWORD count;
      MIB_UDPROW_OWNER_MODULE rows[1];
    } table = {.count = 1};
    table.rows[0].dwLocalPort = swapped(53);
    table.rows[0].dwOwningPid = GetCurrentProcessId();
    return tell(&table, sizeof table, buffer, size);
  }
  /* None, in no more bytes than the number takes. */
  DWORD none = 0;
  return tell(&none, sizeof none, buffer, size);
}

EXPORT ULONG WINAPI GetTcpStatisticsEx(MIB_TCPSTATS *statistics, ULONG family) {
  (void)statistics, (void)family;
  return ERROR_NOT_SUPPORTED;
}

/* Which are switched on, by the remote port, of which each connection has another, and class. */
static BOOL on[2048][16];

static DWORD connection(const void *row, BOOL six, DWORD class, BOOL **is_on) {
  if (word("unsupported")) return ERROR_NOT_SUPPORTED;
  if (word("refused")) return ERROR_ACCESS_DENIED;
  const MIB_TCPROW *four = row;
  const MIB_TCP6ROW *of_six = row;
  if (!six && swapped((USHORT)four->dwLocalPort) == 50005) return ERROR_NOT_FOUND;
  int port = swapped((USHORT)(six ? of_six->dwRemotePort : four->dwRemotePort));
  if (port >= 2048 || class >= 16) return ERROR_INVALID_PARAMETER;
  *is_on = &on[port][class];
  return NO_ERROR;
}

static ULONG get(const void *row, BOOL six, DWORD class, UCHAR *rw, ULONG rw_size, UCHAR *ros, ULONG ros_size,
                 UCHAR *rod, ULONG rod_size) {
  BOOL *is_on;
  DWORD refused = connection(row, six, class, &is_on);
  if (refused) return refused;
  if (ros) memset(ros, 0, ros_size);
  if (rod) memset(rod, 0, rod_size);
  BOOL told = *is_on || word("collected");
  if (rw) memset(rw, 0, rw_size), rw[0] = told;
  if (class == TcpConnectionEstatsSynOpts && ros)
    *(TCP_ESTATS_SYN_OPTS_ROS_v0 *)ros = (TCP_ESTATS_SYN_OPTS_ROS_v0){.ActiveOpen = TRUE, .MssRcvd = 1460, .MssSent = 1460};
  if (!told || !rod) return NO_ERROR;
  switch (class) {
  case TcpConnectionEstatsData:
    *(TCP_ESTATS_DATA_ROD_v0 *)rod = (TCP_ESTATS_DATA_ROD_v0){.DataBytesOut = 100000, .DataSegsOut = 80, .SegsOut = 90,
      .ThruBytesAcked = 99000, .ThruBytesReceived = 500, .DataSegsIn = 5, .SegsIn = 50, .SndUna = 77, .SndNxt = 1077, .RcvNxt = 99};
    break;
  case TcpConnectionEstatsPath:
    *(TCP_ESTATS_PATH_ROD_v0 *)rod = (TCP_ESTATS_PATH_ROD_v0){.SmoothedRtt = 21, .MinRtt = 19, .MaxRtt = 25, .PktsRetrans = 3,
      .BytesRetrans = 4000, .CurRto = 300, .CurMss = 1460};
    break;
  case TcpConnectionEstatsSndCong:
    *(TCP_ESTATS_SND_CONG_ROD_v0 *)rod = (TCP_ESTATS_SND_CONG_ROD_v0){.CurCwnd = 14600, .CurSsthresh = 0x7fffffff};
    break;
  case TcpConnectionEstatsSendBuff:
    *(TCP_ESTATS_SEND_BUFF_ROD_v0 *)rod = (TCP_ESTATS_SEND_BUFF_ROD_v0){.CurRetxQueue = 1000, .CurAppWQueue = 20};
    break;
  case TcpConnectionEstatsRec:
    *(TCP_ESTATS_REC_ROD_v0 *)rod = (TCP_ESTATS_REC_ROD_v0){.CurRwinSent = 65535, .CurAppRQueue = 7, .WinScaleSent = 8};
    break;
  }
  return NO_ERROR;
}

static ULONG set(const void *row, BOOL six, DWORD class, const UCHAR *rw) {
  BOOL *is_on;
  DWORD refused = connection(row, six, class, &is_on);
  if (refused) return refused;
  *is_on = rw[0] == 1;
  char path[MAX_PATH];
  if (GetEnvironmentVariableA("PREE_SWITCHES", path, sizeof path)) {
    FILE *file = fopen(path, "a");
    if (!file) return ERROR_GEN_FAILURE;
    fprintf(file, "%s %d %d\n", *is_on ? "on" : "off", (int)(is_on - on[0]) / 16, (int)class);
    fclose(file);
  }
  step();
  return NO_ERROR;
}

EXPORT ULONG WINAPI GetPerTcpConnectionEStats(void *row, int class, UCHAR *rw, ULONG rw_version, ULONG rw_size, UCHAR *ros,
                                              ULONG ros_version, ULONG ros_size, UCHAR *rod, ULONG rod_version, ULONG rod_size) {
  (void)rw_version, (void)ros_version, (void)rod_version;
  return get(row, FALSE, class, rw, rw_size, ros, ros_size, rod, rod_size);
}

EXPORT ULONG WINAPI GetPerTcp6ConnectionEStats(void *row, int class, UCHAR *rw, ULONG rw_version, ULONG rw_size, UCHAR *ros,
                                               ULONG ros_version, ULONG ros_size, UCHAR *rod, ULONG rod_version, ULONG rod_size) {
  (void)rw_version, (void)ros_version, (void)rod_version;
  return get(row, TRUE, class, rw, rw_size, ros, ros_size, rod, rod_size);
}

EXPORT ULONG WINAPI SetPerTcpConnectionEStats(void *row, int class, UCHAR *rw, ULONG version, ULONG size, ULONG offset) {
  (void)version, (void)size, (void)offset;
  return set(row, FALSE, class, rw);
}

EXPORT ULONG WINAPI SetPerTcp6ConnectionEStats(void *row, int class, UCHAR *rw, ULONG version, ULONG size, ULONG offset) {
  (void)version, (void)size, (void)offset;
  return set(row, TRUE, class, rw);
}
