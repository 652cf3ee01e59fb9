//! Numbers by which the kernel means "none" or "unknown": none of them becomes a value.

use pree_wire::inet_diag::{self, Subflow};
use pree_wire::mptcp_info::MptcpInfo;
use pree_wire::{packet_diag, vsock_diag};

use super::{Decoder, decode_table};
use crate::field::{Value, View, named};
use crate::model::{Address, Family, MptcpDetail, Protocol, Socket, SubflowDetail};

fn decoder() -> Decoder {
    Decoder::new(b"00112233-4455-6677-8899-aabbccddeeff", b"net:[4026531840]", b"6.18.0")
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// A row of `packet_diag` on the interface with this index.
fn packet(index: u32) -> Socket {
    let mut bytes = vec![17, 3];
    bytes.extend(3_u16.to_ne_bytes());
    bytes.extend(words(&[700, 41, 0]));
    // PACKET_DIAG_INFO
    bytes.extend(28_u16.to_ne_bytes());
    bytes.extend(0_u16.to_ne_bytes());
    bytes.extend(words(&[index, 0, 0, 0, 0, 0]));
    let mut socket = None;
    decoder().decode_packet(&packet_diag::Row::parse(&bytes).unwrap(), &mut socket);
    socket.unwrap()
}

#[test]
fn an_interface_that_is_gone_is_none_and_the_socket_stays() {
    let of_proc = |index: &str| {
        let line = format!("sk RefCnt Type Proto Iface R Rmem User Inode\n0 2 3 0003 {index} 0 0 0 700\n");
        decode_table(line.as_bytes(), Protocol::Packet, Family::Packet)
    };
    for (index, text, interface, shown) in
        [(u32::MAX, "-1", None, "*%gone"), (0, "0", Some(0), "*%*"), (5, "5", Some(5), "*%5")]
    {
        let (rows, broken) = of_proc(text);
        assert_eq!((rows.len(), broken), (1, 0), "{text}");
        for socket in [&packet(index), &rows[0]] {
            assert_eq!(socket.local, Address::Packet { protocol: 3, interface });
            assert_eq!(socket.local.to_string(), shown);
            assert_eq!(socket.interface, interface.filter(|index| *index != 0));
            let told = (named("dev").unwrap().get)(&View::new(socket));
            assert_eq!(told, socket.interface.map_or(Value::Unknown, |index| Value::Number(index.into())));
        }
    }
}

/// A row of `inet_diag`: its port in host order, its inode and cookie.
fn inet(protocol: Protocol, port: u16, inode: u32, cookie: [u32; 2]) -> Socket {
    let mut bytes = vec![2, 7, 0, 0];
    bytes.extend(port.to_be_bytes());
    bytes.extend(0_u16.to_be_bytes());
    bytes.extend([0; 32]);
    bytes.extend(words(&[0, cookie[0], cookie[1], 0, 0, 0, 0, inode]));
    let mut socket = None;
    decoder().decode(&inet_diag::Row::parse(&bytes).unwrap(), protocol, &mut socket);
    socket.unwrap()
}

#[test]
fn the_protocol_of_a_raw_socket_is_no_port() {
    let line = "  sl  local_address rem_address\n   1: 00000000:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 700 2 0 0\n";
    let (rows, broken) = decode_table(line.as_bytes(), Protocol::Raw, Family::Ipv4);
    assert_eq!((rows.len(), broken), (1, 0));
    for socket in [&inet(Protocol::Raw, 1, 700, [1, 0]), &rows[0]] {
        assert_eq!((socket.local.port(), socket.local.socket_addr()), (None, None));
        assert_eq!((socket.local.is_wildcard(), socket.local.to_string()), (true, "0.0.0.0:icmp".to_owned()));
        assert_eq!((named("sport").unwrap().get)(&View::new(socket)), Value::Unknown);
        assert_eq!(socket.remote, None);
    }
    assert_eq!(inet(Protocol::Udp, 1, 700, [1, 0]).local.port(), Some(1));
}

#[test]
fn no_inode_no_cookie_no_interface() {
    let bare = inet(Protocol::Udp, 53, 0, [u32::MAX, u32::MAX]);
    assert_eq!(
        (bare.inode, bare.uid, bare.kernel_id, bare.interface, bare.timer),
        (None, None, None, None, None)
    );
    assert_eq!(inet(Protocol::Udp, 53, 7, [0, 0]).kernel_id, None);
    let full = inet(Protocol::Udp, 53, 7, [0, 1]);
    assert_eq!((full.inode, full.uid, full.kernel_id.map(|id| id.cookie)), (Some(7), Some(0), Some(1 << 32)));
}

#[test]
fn tokens_that_are_not_known() {
    let subflow = |local, remote| {
        let mut told = Subflow::default();
        (told.local_token, told.remote_token) = (Some(local), Some(remote));
        let detail = SubflowDetail::from(told);
        (detail.token, detail.remote_token)
    };
    assert_eq!((subflow(0, 0), subflow(8, 9)), ((None, None), (Some(8), Some(9))));
    let connection = |token: u32| {
        let mut bytes = vec![0; MptcpInfo::SIZE];
        let at = pree_wire::mptcp_info::FIELDS.iter().find(|field| field.name == "token").unwrap().offset;
        bytes[at..at + 4].copy_from_slice(&token.to_ne_bytes());
        MptcpDetail::from(MptcpInfo::new(&bytes)).token
    };
    assert_eq!((connection(0), connection(8)), (None, Some(8)));
}

#[test]
fn any_end_of_vsock_is_no_number() {
    let socket = |cid: u32, port: u32| {
        let mut bytes = vec![40, 1, 10, 0];
        bytes.extend(words(&[cid, port, u32::MAX, u32::MAX, 700, 1, 0]));
        let mut socket = None;
        decoder().decode_vsock(&vsock_diag::Row::parse(&bytes).unwrap(), &mut socket);
        socket.unwrap()
    };
    let any = socket(u32::MAX, 1024);
    assert_eq!((any.remote.clone(), any.local.to_string()), (None, "*:1024".to_owned()));
    assert_eq!((named("cid").unwrap().get)(&View::new(&any)), Value::Unknown);
    assert_eq!((named("cid").unwrap().get)(&View::new(&socket(2, 1024))), Value::Number(2));
}
