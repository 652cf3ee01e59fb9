//! From where a listener can be reached, as its local addresses say. What a firewall says is another matter.

use std::net::IpAddr;

use pree::Socket;

/// From where, the widest first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Reach {
    Anywhere,
    /// At every address; which interface it is bound to, if any, is not reported.
    AnyAddress,
    Interface(String),
    Address(IpAddr),
    Private(IpAddr),
    Link(IpAddr, Option<String>),
    Loopback,
}

/// The words for all of them: the widest says it all, others are named.
pub(super) fn of<'s>(sockets: impl Iterator<Item = &'s Socket>) -> String {
    let mut all: Vec<Reach> = sockets.filter_map(reach).collect();
    all.sort();
    all.dedup();
    match all.as_slice() {
        [] => "nowhere".to_owned(),
        [Reach::Anywhere, ..] => "any interface".to_owned(),
        [Reach::AnyAddress, ..] => words(&Reach::AnyAddress),
        [Reach::Loopback] => "loopback only".to_owned(),
        several => several.iter().map(words).collect::<Vec<_>>().join(", "),
    }
}

fn words(reach: &Reach) -> String {
    match reach {
        Reach::Anywhere => "any interface".to_owned(),
        Reach::AnyAddress => "any address, interface unknown".to_owned(),
        Reach::Interface(index) => format!("interface {index}"),
        Reach::Address(ip) => format!("address {ip}"),
        Reach::Private(ip) => format!("private network of {ip}"),
        Reach::Link(ip, Some(index)) => format!("the link of {ip}%{index}"),
        Reach::Link(ip, None) => format!("the link of {ip}"),
        Reach::Loopback => "loopback".to_owned(),
    }
}

fn reach(socket: &Socket) -> Option<Reach> {
    let ip = socket.local.ip()?.to_canonical();
    let (loopback, link, private) = match ip {
        IpAddr::V4(ip) => (ip.is_loopback(), ip.is_link_local(), ip.is_private()),
        IpAddr::V6(ip) => (ip.is_loopback(), ip.is_unicast_link_local(), ip.is_unique_local()),
    };
    let interface = socket.shown_interface().map(|interface| interface.to_string());
    Some(match (ip.is_unspecified(), interface) {
        (true, None) if socket.kernel_id.is_some() => Reach::Anywhere,
        // A source without ids has no interfaces either.
        (true, None) => Reach::AnyAddress,
        (true, Some(interface)) => Reach::Interface(interface),
        _ if loopback => Reach::Loopback,
        (_, interface) if link => Reach::Link(ip, interface),
        _ if private => Reach::Private(ip),
        _ => Reach::Address(ip),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    #[test]
    fn the_widest_says_it_all() {
        let all = sample::sockets();
        for (ports, words) in [
            (&[22][..], "any interface"),
            (&[53], "loopback only"),
            (&[40000], "private network of 10.0.0.5"),
            (&[40001], "address 2001:db8::1"),
            (&[53, 40000, 40001], "address 2001:db8::1, private network of 10.0.0.5, loopback"),
            (&[53, 443], "any interface"),
            (&[], "nowhere"),
        ] {
            let chosen = all.iter().filter(|socket| socket.local.port().is_some_and(|p| ports.contains(&p)));
            assert_eq!(of(chosen), words);
        }
    }
}
