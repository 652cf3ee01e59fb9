//! Filters made of values, for programs: nothing is written only to be read again.

use std::net::IpAddr;

use super::error::FilterError;
use super::expr::{End, Expr, Host, Test};
use super::lex::Op;
use super::{Filter, values};
use crate::model::Protocol;

impl Filter {
    /// Sockets that match this filter and the other one.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let parts = |expr| match expr {
            Expr::And(parts) => parts,
            one => vec![one],
        };
        let mut all = parts(self.expr);
        all.extend(parts(other.expr));
        Self { expr: Expr::And(all) }
    }

    /// Sockets that match this filter or the other one.
    ///
    /// ```
    /// use pree::{Filter, Protocol};
    ///
    /// let ports = Filter::local_port(443).or(Filter::local_port(8443));
    /// let filter = ports.and(Filter::protocol(Protocol::Tcp));
    /// assert_eq!(filter.to_string(), "(sport = 443 or sport = 8443) and proto = tcp");
    /// ```
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let parts = |expr| match expr {
            Expr::Or(parts) => parts,
            one => vec![one],
        };
        let mut all = parts(self.expr);
        all.extend(parts(other.expr));
        Self { expr: Expr::Or(all) }
    }

    /// This filter, for sockets whose local port is one of these.
    pub(crate) fn at_local_ports(&self, ports: &[u16]) -> Self {
        let port = |port: &u16| Self::local_port(*port).expr;
        self.clone().and(Self { expr: Expr::Or(ports.iter().map(port).collect()) })
    }

    /// Sockets of this protocol.
    pub fn protocol(protocol: Protocol) -> Self {
        Self { expr: Expr::Test(Test::Protocol(protocol)) }
    }

    /// Sockets with this port at their own end.
    pub fn local_port(port: u16) -> Self {
        Self { expr: Expr::Test(Test::Port(End::Local, Op::Equal, port.into())) }
    }

    /// Sockets whose own end is at this address.
    pub fn local_at(ip: IpAddr) -> Self {
        at(End::Local, ip)
    }

    /// Sockets whose other end is at this address.
    pub fn remote_at(ip: IpAddr) -> Self {
        at(End::Remote, ip)
    }

    /// Sockets whose own end is at this address or network, as the language reads it: `10.0.0.5`, `10/8`, `[fe80::1%eth0]`.
    ///
    /// # Errors
    /// It is neither, or has a port.
    pub fn local(address: &str) -> Result<Self, FilterError> {
        let host = values::host(address).and_then(|host| match host.port {
            None => Ok(host),
            Some(_) => Err(format!("{address:?} has a port, and an address is wanted")),
        });
        let host = host.map_err(|what| FilterError::new(address, 0..address.len(), what))?;
        Ok(Self { expr: Expr::Test(Test::Host(End::Local, host)) })
    }
}

fn at(end: End, ip: IpAddr) -> Filter {
    let bits = if ip.is_ipv4() { 32 } else { 128 };
    let host = Host { network: Some((ip, bits)), port: None, zone: None };
    Filter { expr: Expr::Test(Test::Host(end, host)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_of_values_is_what_is_read() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        for (made, text) in [
            (Filter::local_port(80), "sport = 80"),
            (Filter::protocol(Protocol::UdpLite), "proto = udplite"),
            (Filter::local_at(ip("::")), "src = [::]"),
            (Filter::remote_at(ip("10.0.0.1")), "dst = 10.0.0.1"),
            (
                Filter::remote_at(ip("10.0.0.1")).or(Filter::remote_at(ip("fe80::1"))),
                "dst = 10.0.0.1,[fe80::1]",
            ),
            (Filter::local("10/8").unwrap(), "src = 10/8"),
            (Filter::local("[fe80::1%eth0]").unwrap(), "src = [fe80::1%eth0]"),
            (
                Filter::local_port(1).or(Filter::local_port(2)).and(Filter::protocol(Protocol::Tcp)),
                "(sport = 1 or sport = 2) and proto = tcp",
            ),
        ] {
            assert_eq!(made, text.parse().unwrap());
            assert_eq!(made, made.to_string().parse().unwrap());
        }
        for wrong in ["", "/run", "@a", "10.0.0.1:80", "nowhere", "route:1"] {
            assert!(Filter::local(wrong).is_err(), "{wrong}");
        }
    }
}
