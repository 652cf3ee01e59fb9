//! Datagrams: messages, netlink's own messages, attributes.

use pree_wire::diag_request::Narrowing;
use pree_wire::generic_netlink::{L2tpTunnel, family, fou_ports, listen_port};
use pree_wire::inet_diag::md5::blot_out_keys;
use pree_wire::links::Link;
use pree_wire::netlink::{Body, attributes, messages};
use pree_wire::{own_addresses, rtnetlink};

/// Everything lies inside the datagram, in order, and the kinds say what the bytes say.
pub(super) fn target(data: &[u8]) {
    let inside = |part: &[u8]| {
        let (whole, part) = (data.as_ptr_range(), part.as_ptr_range());
        assert!(part.start == part.end || (whole.start <= part.start && part.end <= whole.end));
    };
    let mut payload_bytes = 0;
    let mut failed = false;
    for message in messages(data) {
        assert!(!failed, "nothing comes after what makes no sense");
        let Ok(message) = message else {
            failed = true;
            continue;
        };
        inside(message.payload);
        payload_bytes += message.payload.len() + 16;
        let _ = (message.interrupted(), message.error_text().map(inside));
        if let Body::Data(payload) = message.body() {
            assert_eq!(payload, message.payload);
            if let Err(broken) = own_addresses::address(payload) {
                assert!(broken.offset <= payload.len());
            }
            let _ = L2tpTunnel::parse(payload);
            if let Ok(link) = Link::parse(payload) {
                inside(link.name);
            }
            let mut values = 0;
            for attribute in attributes(payload).flatten() {
                inside(attribute.payload);
                assert!(attribute.kind < 0x4000);
                values += attribute.payload.len() + 4;
            }
            assert!(values <= payload.len());
        }
    }
    assert!(payload_bytes <= data.len());
    let mut blotted = data.to_vec();
    blot_out_keys(&mut blotted);
    assert_eq!(messages(&blotted).count(), messages(data).count());
    let narrowing = Narrowing::of(data);
    if let Some(program) = narrowing.program {
        inside(program);
    }
    let _ = narrowing.asks_the_kernel();
    assert!(attributes(data).count() <= data.len());
    let _ = (family(data, b"l2tp"), listen_port(data), fou_ports(data).count());
    // What breaks off has no other end.
    assert!(rtnetlink::ends(data) || !failed);
}
