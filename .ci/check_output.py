"""Judges what a command printed (standard input) against the sockets that population.py holds.

usage: check_output.py example|list|json|api POPULATION
"""

import json
import re
import sys

kind, path = sys.argv[1:]
known = json.load(open(path))
pid, process = known["pid"], known["process"]
output = sys.stdin.buffer.read().decode("utf-8")
lines = output.split("\n")


def must(condition, text):
    if not condition:
        print("\n".join(lines[:40]))
        sys.exit(f"check_output: {kind}: {text}")


def row(table, local, *rest):
    """The one row of the table that begins with these words; what follows the last word is free."""
    words = [local, *rest]
    found = [n for n, line in enumerate(table) if line.split()[: len(words)] == words]
    must(len(found) == 1, f"{len(found)} rows {' '.join(words)!r} instead of one")
    return found[0]


def example():
    must(len(lines) > 12, "too short")
    must(lines[:2] == ["=== Socket Information using libproc ===", ""], "not the heading and an empty line")
    found = re.fullmatch(r"Found (\d+) sockets", lines[2])
    must(found and lines[3] == "", "not `Found N sockets` and an empty line")

    def section(start, title, heading, rule):
        match = re.fullmatch(title + r" \((\d+)\):", lines[start])
        must(match, f"line {start + 1} is not `{title} (N):`")
        must(lines[start + 1] == heading, f"line {start + 2} is not the heading {heading!r}")
        must(lines[start + 2] == rule, f"line {start + 3} is not {len(rule)} dashes")
        must("" in lines[start:], f"no empty line after {title}")
        end = lines.index("", start)
        table = lines[start + 3 : end]
        rows = [line for line in table if not line.startswith("  └─ ")]
        must(len(rows) == int(match[1]), f"{title} ({match[1]}), but {len(rows)} rows")
        return table, len(rows), end + 1

    columns = f"{'Local Address':26}{'Remote Address':26}"
    tcp, tcp_rows, start = section(4, "TCP Sockets", f"{columns}{'State':16}{'PID':11}Process", "-" * 90)
    udp, udp_rows, start = section(start, "UDP Sockets", f"{columns}{'PID':11}Process", "-" * 70)
    must(int(found[1]) == tcp_rows + udp_rows, f"Found {found[1]}, but {tcp_rows} + {udp_rows} rows")

    at = row(tcp, known["listener"], "0.0.0.0:0", "Listen", str(pid), process)
    must(not "".join(tcp[at + 1 : at + 2]).startswith("  └─ "), "the listener has statistics")
    at = row(tcp, known["client"], known["listener"], "Established", str(pid), process)
    stats, quality, *_ = [*tcp[at + 1 :], "", ""]
    stats_form = r"  └─ Stats: RTT=Some\([\d.]+(ns|µs|ms|s)\), CWnd=Some\(\d+\), Retransmits=\d+"
    must(re.fullmatch(stats_form, stats), f"not a Stats line: {stats!r}")
    quality_form = r"  └─ Quality: \d+\.\d%, Packet Loss: \d+\.\d\d%"
    must(re.fullmatch(quality_form, quality), f"not a Quality line: {quality!r}")
    row(udp, known["udp"], "0.0.0.0:0", str(pid), process)

    must(lines[start] == "Listening TCP Sockets:", f"line {start + 1} is not `Listening TCP Sockets:`")
    must(
        f"  - {known['listener']} (PID: {pid}, Process: {process})" in lines[start:],
        "the listener is not among the listening sockets",
    )


def plain_list():
    def has(state, local, remote):
        # The two ends stand side by side, this one first.
        def is_it(words):
            ends = [at for at in range(len(words) - 1) if words[at : at + 2] == [local, remote]]
            return ends and state in words[: ends[0]] and any(f"[{pid}]" in word for word in words)

        rows = [line for line in lines if is_it(line.split())]
        must(len(rows) == 1, f"{len(rows)} rows {state} {local} {remote} of [{pid}] instead of one")

    has("LISTEN", known["listener"], "*")
    has("ESTAB", known["client"], known["listener"])
    has("UNCONN", known["udp"], "*")


def json_list():
    answer = json.loads(output)
    must(answer["schema"] == "pree/1", f"schema {answer['schema']!r}")
    # Some process of the machine may refuse to be looked into, even by root in a container; no socket may be missing.
    must(all(gap["what"] == "owners" for gap in answer["missing"]), f"missing: {answer['missing']}")
    must(answer["complete"] is (not answer["missing"]), "complete disagrees with missing")

    def has(protocol, state, local):
        ip, port = local.rsplit(":", 1)
        rows = [
            s
            for s in answer["sockets"]
            if (s["protocol"], s["state"]) == (protocol, state)
            and s["local"] == {"ip": ip, "port": int(port)}
            and [owner["pid"] for owner in s["owners"]] == [pid]
        ]
        must(len(rows) == 1, f"{len(rows)} {protocol} sockets {local} in {state} instead of one")
        return rows[0]

    has("tcp", "listen", known["listener"])
    has("udp", "unconnected", known["udp"])
    must(has("tcp", "established", known["client"])["tcp"]["rtt_us"] > 0, "the connection has no rtt")


def api():
    at = [n for n, line in enumerate(lines) if line == f"Socket: {known['listener']} -> 0.0.0.0:0"]
    must(len(at) == 1, f"{len(at)} listeners {known['listener']} instead of one")
    following = lines[at[0] + 1 : at[0] + 3]
    must(following == ["  State: Listen  Protocol: Tcp", f"  {process} ({pid})"], f"after the listener: {following}")
    must(f"Socket: {known['client']} -> {known['listener']}" in lines, "the connection is missing")


{"example": example, "list": plain_list, "json": json_list, "api": api}[kind]()
print(f"as it should be: {len(lines) - 1} lines")
