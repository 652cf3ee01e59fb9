//! Rows in an order: they wait for the last one. The sort is stable, so what is equal stays as it came.

use std::io;
use std::time::Duration;

use pree::field::View;
use pree::quality::Peers;
use pree::{Coverage, Socket};

use super::{Output, Request};
use crate::columns::Order;

pub(super) struct Sorted<'w> {
    orders: &'w [Order],
    /// What rows are judged with.
    peers: &'w Peers,
    limit: usize,
    /// With the look before.
    sockets: Vec<(Socket, Option<(Socket, Duration)>)>,
    rows: Box<dyn Output + 'w>,
}

impl<'w> Sorted<'w> {
    pub(super) fn new(request: &'w Request, rows: Box<dyn Output + 'w>) -> Self {
        let limit = request.options.limit.unwrap_or(usize::MAX);
        Self { orders: &request.orders, peers: &request.peers, limit, sockets: Vec::new(), rows }
    }
}

impl Output for Sorted<'_> {
    fn begin(&mut self, coverage: &Coverage) -> io::Result<()> {
        self.rows.begin(coverage)
    }

    fn row(&mut self, view: &View<'_>) -> io::Result<()> {
        let before = view.previous().map(|(before, elapsed)| (before.clone(), elapsed));
        self.sockets.push((view.socket().clone(), before));
        Ok(())
    }

    fn end(&mut self, coverage: &Coverage) -> io::Result<()> {
        let mut views = Vec::new();
        for (socket, before) in &self.sockets {
            let view = View::new(socket).among(self.peers);
            views.push(match before {
                Some((before, elapsed)) => view.since(before, *elapsed),
                None => view,
            });
        }
        Order::sort(self.orders, &mut views);
        for view in views.iter().take(self.limit) {
            self.rows.row(view)?;
        }
        self.rows.end(coverage)
    }
}
