//! Rows in an order: they wait for the last one. The sort is stable, so what is equal stays as it came.

use std::io;

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
    sockets: Vec<Socket>,
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
        self.sockets.push(view.socket().clone());
        Ok(())
    }

    fn end(&mut self, coverage: &Coverage) -> io::Result<()> {
        let mut views: Vec<View<'_>> =
            self.sockets.iter().map(|socket| View::new(socket).among(self.peers)).collect();
        Order::sort(self.orders, &mut views);
        for view in views.iter().take(self.limit) {
            self.rows.row(view)?;
        }
        self.rows.end(coverage)
    }
}
