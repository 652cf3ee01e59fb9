//! Structures of Windows beside a C compiler that read the system's own headers: `xtask/src/cross/windows/layout.c`
//! printed where members lie, and structures that it filled with known numbers.

use std::collections::BTreeMap;

use pree_wire::windows::estats::{Bandwidth, Class, Data, Path, Rec, SndCong};
use pree_wire::windows::tables::{OwnerClass, Tcp4Row, Tcp6Row, Udp4Row, Udp6Row, first_row, port, rows};
use pree_wire::windows::{LAYOUTS, process, unix_nanos};
use proptest::prelude::*;

const TOLD: &str = include_str!("../golden/windows/layout.txt");

fn number(text: &str) -> usize {
    text.parse().unwrap()
}

/// Sizes by structure.
fn sizes() -> BTreeMap<&'static str, usize> {
    let sizes = TOLD.lines().filter_map(|line| line.strip_prefix("size "));
    sizes.map(|line| line.split_once(' ').unwrap()).map(|(name, size)| (name, number(size))).collect()
}

/// Offset and width by structure and member.
fn members() -> BTreeMap<(&'static str, &'static str), (usize, usize)> {
    let fields = TOLD.lines().filter_map(|line| line.strip_prefix("field "));
    fields
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            ((words[0], words[1]), (number(words[2]), number(words[3])))
        })
        .collect()
}

fn bytes(name: &str) -> Vec<u8> {
    let line =
        TOLD.lines().find_map(|line| line.strip_prefix("bytes ")?.strip_prefix(name)?.strip_prefix(' '));
    let hex = line.unwrap().as_bytes();
    hex.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn every_member_lies_where_the_compiler_puts_it() {
    let (sizes, members) = (sizes(), members());
    let mut compared = 0;
    for layout in LAYOUTS {
        assert_eq!(sizes.get(layout.name), Some(&layout.size), "{}", layout.name);
        for field in layout.fields {
            let told = members.get(&(layout.name, field.name));
            assert_eq!(told, Some(&(field.offset, field.width)), "{}.{}", layout.name, field.name);
            compared += 1;
        }
    }
    // Eight more: where the rows of the tables begin.
    assert_eq!(compared + 8, members.len());
}

#[test]
fn tables_begin_and_rows_end_where_the_compiler_puts_them() {
    let (sizes, members) = (sizes(), members());
    for (protocol, pid, module) in [
        ("TCP", Tcp4Row::PID_SIZE, Tcp4Row::SIZE),
        ("TCP6", Tcp6Row::PID_SIZE, Tcp6Row::SIZE),
        ("UDP", Udp4Row::PID_SIZE, Udp4Row::SIZE),
        ("UDP6", Udp6Row::PID_SIZE, Udp6Row::SIZE),
    ] {
        assert_eq!(sizes[format!("MIB_{protocol}ROW_OWNER_PID").as_str()], pid);
        assert_eq!(sizes[format!("MIB_{protocol}ROW_OWNER_MODULE").as_str()], module);
        for (class, name) in [(OwnerClass::Pid, "PID"), (OwnerClass::Module, "MODULE")] {
            let table = format!("MIB_{protocol}TABLE_OWNER_{name}");
            assert_eq!(members[&(table.as_str(), "table")].0, first_row(class), "{table}");
        }
    }
    for class in Class::ALL {
        let switch = format!("TCP_ESTATS_{}_RW_v0", class.name().to_uppercase());
        assert_eq!(sizes.get(switch.as_str()).copied().unwrap_or(0), class.switch_size(), "{switch}");
    }
}

#[test]
fn rows_of_a_table_with_modules() {
    let table = bytes("MIB_TCPTABLE_OWNER_MODULE");
    let rows: Vec<_> =
        rows(&table, OwnerClass::Module, Tcp4Row::SIZE).map(|row| Tcp4Row::new(row.unwrap())).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (rows[0].state(), rows[0].owning_pid(), rows[0].create_timestamp()),
        (Some(2), Some(4), Some(0))
    );
    assert_eq!(rows[0].local_port_bytes().map(port), Some(80));
    let row = rows[1];
    assert_eq!((row.state(), row.owning_pid()), (Some(5), Some(1234)));
    assert_eq!((row.local_address(), row.local_port_bytes().map(port)), (Some([10, 0, 0, 1]), Some(50000)));
    assert_eq!(
        (row.remote_address(), row.remote_port_bytes().map(port)),
        (Some([192, 168, 1, 2]), Some(443))
    );
    let made = row.create_timestamp().and_then(unix_nanos);
    // 2022-06-18 04:26:40 UTC.
    assert_eq!(made, Some(1_655_526_400_000_000_000));
    assert_eq!(row.owning_module_info().map(|info| info[0]), Some(77));
}

#[test]
fn rows_without_modules_are_shorter() {
    let table = bytes("MIB_TCP6TABLE_OWNER_PID");
    let mut rows = rows(&table, OwnerClass::Pid, Tcp6Row::size(OwnerClass::Pid));
    let row = Tcp6Row::new(rows.next().unwrap().unwrap());
    assert!(rows.next().is_none());
    assert_eq!((row.local_scope(), row.remote_scope(), row.state()), (Some(9), Some(9), Some(8)));
    assert_eq!(row.local_address().map(|a| (a[0], a[15])), Some((0xfe, 1)));
    assert_eq!(row.remote_address().map(|a| (a[0], a[15])), Some((0xfe, 2)));
    assert_eq!((row.local_port_bytes().map(port), row.remote_port_bytes().map(port)), (Some(22), Some(1025)));
    assert_eq!((row.owning_pid(), row.create_timestamp()), (Some(99), None));
}

#[test]
fn rows_of_udp() {
    let table = bytes("MIB_UDP6TABLE_OWNER_MODULE");
    let row = rows(&table, OwnerClass::Module, Udp6Row::SIZE).next().unwrap().unwrap();
    let row = Udp6Row::new(row);
    assert_eq!((row.local_port_bytes().map(port), row.owning_pid()), (Some(5353), Some(7)));
    assert_eq!(row.create_timestamp(), Some(133_000_000_000_000_000));
}

#[test]
fn a_table_that_is_cut_short_says_so() {
    let table = bytes("MIB_TCPTABLE_OWNER_MODULE");
    for length in 0..table.len() {
        let told: Vec<_> = rows(&table[..length], OwnerClass::Module, Tcp4Row::SIZE).collect();
        assert!(told.last().unwrap().is_err(), "{length} bytes");
        assert!(told[..told.len() - 1].iter().all(Result::is_ok));
    }
    // A number of rows that no buffer holds ends at once.
    let mut endless = table;
    endless[..4].fill(0xff);
    assert_eq!(rows(&endless, OwnerClass::Module, Tcp4Row::SIZE).count(), 3);
    assert_eq!(rows(&[0; 4], OwnerClass::Pid, Udp4Row::PID_SIZE).count(), 0);
}

#[test]
fn statistics() {
    let told = bytes("TCP_ESTATS_PATH_ROD_v0");
    let path = Path::new(&told);
    assert_eq!((path.fast_retran(), path.pkts_retrans(), path.smoothed_rtt()), (Some(3), Some(7), Some(21)));
    assert_eq!(
        (path.cur_rto(), path.cur_mss(), path.spurious_rto_detections()),
        (Some(300), Some(1460), Some(1))
    );
    let told = bytes("TCP_ESTATS_SND_CONG_ROD_v0");
    let congestion = SndCong::new(&told);
    let limited =
        (congestion.snd_lim_time_rwin(), congestion.snd_lim_time_cwnd(), congestion.snd_lim_time_snd());
    assert_eq!(limited, (Some(11), Some(12), Some(13)));
    assert_eq!((congestion.cur_cwnd(), congestion.cur_ssthresh()), (Some(14600), Some(u32::MAX)));
    let told = bytes("TCP_ESTATS_DATA_ROD_v0");
    let data = Data::new(&told);
    assert_eq!(
        (data.data_bytes_out(), data.snd_una(), data.snd_nxt()),
        (Some(1 << 40), Some(0xffff_fff0), Some(0x10))
    );
    assert_eq!((data.rcv_nxt(), data.thru_bytes_received()), (Some(5), Some(9)));
    let told = bytes("TCP_ESTATS_REC_ROD_v0");
    let rec = Rec::new(&told);
    assert_eq!(
        (rec.cur_rwin_sent(), rec.cur_app_rqueue(), rec.win_scale_sent()),
        (Some(65535), Some(1 << 33), Some(255))
    );
    let told = bytes("TCP_ESTATS_BANDWIDTH_ROD_v0");
    let bandwidth = Bandwidth::new(&told);
    // A BOOLEAN that is neither 0 nor 1 is a byte like any other.
    assert_eq!(
        (bandwidth.outbound_bandwidth(), bandwidth.outbound_bandwidth_peaked()),
        (Some(8_000_000), Some(2))
    );
}

#[test]
fn an_answer_is_a_switch_and_statistics() {
    for class in Class::ALL {
        let mut answer = vec![0; class.switch_size() + class.size()];
        let always = class == Class::SynOpts;
        assert_eq!(class.split(&answer).unwrap(), (always, &vec![0; class.size()][..]));
        assert_eq!(class.split(&answer[1..]), None, "{class:?}");
        if !always {
            answer[class.switch_size() - 1] = 0x80;
            assert!(class.split(&answer).unwrap().0, "{class:?}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..2000), size in 0_usize..300) {
        for class in [OwnerClass::Pid, OwnerClass::Module] {
            prop_assert!(rows(&bytes, class, size.max(1)).count() <= bytes.len() + 1);
        }
        for class in Class::ALL {
            let _ = class.split(&bytes);
        }
        for entry in process::entries(&bytes) {
            let _ = entry.exe_file().map(|name| process::utf16(&name).count());
        }
    }
}
