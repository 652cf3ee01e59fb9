//! Rows in an order: they wait for the last one. The sort is stable, so what is equal stays as it came.

use std::io;

use pree::{Coverage, Socket};

use super::Output;
use crate::columns::{Order, Ranks};

pub(super) struct Sorted<'w> {
    orders: &'w [Order],
    limit: usize,
    sockets: Vec<Socket>,
    rows: Box<dyn Output + 'w>,
}

impl<'w> Sorted<'w> {
    pub(super) fn new(orders: &'w [Order], limit: Option<usize>, rows: Box<dyn Output + 'w>) -> Self {
        Self { orders, limit: limit.unwrap_or(usize::MAX), sockets: Vec::new(), rows }
    }
}

impl Output for Sorted<'_> {
    fn begin(&mut self, coverage: &Coverage) -> io::Result<()> {
        self.rows.begin(coverage)
    }

    fn row(&mut self, socket: &Socket) -> io::Result<()> {
        self.sockets.push(socket.clone());
        Ok(())
    }

    fn end(&mut self, coverage: &Coverage) -> io::Result<()> {
        let ranks = Ranks::of(self.orders.iter().map(|order| order.column), &self.sockets);
        self.sockets.sort_by(|a, b| Order::compare_all(self.orders, &ranks, a, b));
        for socket in self.sockets.iter().take(self.limit) {
            self.rows.row(socket)?;
        }
        self.rows.end(coverage)
    }
}
