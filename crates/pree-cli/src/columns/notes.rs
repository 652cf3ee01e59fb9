//! What is worth knowing about columns as a whole; help shows it.

/// A paragraph each.
pub(crate) const NOTES: [&str; 8] = [
    "A table in a pipe has fixed widths and the columns proto, state, recvq, sendq, local, remote, owner. On a terminal \
     there are rtt, score and worst too, and columns fit what is in the first 4096 rows, which wait for each other; where it is narrow sendq, recvq, rtt, proto, \
     state and score go, in this order, and names and commands are shortened in the middle (…) unless --no-trunc. Addresses, process ids and columns named with -c \
     stay.",
    "Tables have times, sizes and rates in the unit that fits, rounded down, --raw-units plain integers; recvq and sendq \
     are always plain, since a listener's are not bytes. The unknown is -, and a program called - is \"-\".",
    "-e, -o, -m and -i add name:value words after the columns, in CSV and TSV columns. -i leaves out counters and codes \
     that are 0; rtt, cwnd, windows and segment sizes are always told where they are known.",
    "--csv, --tsv and --format have the values of JSON: whole numbers in the field's unit, states as in filters. Times have \
     their unit in the heading: rtt_us. The unknown is empty, in --format -. Control characters are escaped, so a line \
     is a row. In CSV a cell that begins with = + - @ or ' has one ' before it, against formulas: take one away to read \
     the text.",
    "With --json -c names what is asked for; its members are the same. -c -quality leaves out the judgement.",
    "--sort puts the unknown last both ways, and what is equal stays as it came. -g remote counts hosts without their \
     ports; -g process counts names, of several owners the first's, and for sockets without one the reason.",
    "score, loss, bloat, issue and limited judge each socket by itself, over its lifetime; pree explain says why. issue \
     has every finding, the worst first, those that are only good to know last.",
    "Colour marks trouble: a full accept queue, CLOSE-WAIT, drops, retransmissions, owners that may not be seen. \
     NO_COLOR, CLICOLOR_FORCE and --color decide.",
];
