//! How an answer is written: one file a format, and one function that escapes.

mod answer;
mod console;
pub(crate) mod environment;
mod group_keys;
mod group_order;
mod groups;
pub(crate) mod json;
pub(crate) mod options;
pub(crate) mod pager;
mod request;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod screen;
mod separated;
mod sorted;
mod stdout;
mod table;
mod template;
#[cfg(test)]
mod tests;
pub(crate) mod windows;

use std::io::Write;

pub(crate) use answer::Output;
pub(crate) use options::{Format, Options, When};
pub(crate) use request::Request;
pub(crate) use stdout::{not_writable, print, stdout};

/// The output that was asked for.
pub(crate) fn of<'w>(request: &'w Request, writer: impl Write + 'w) -> Box<dyn Output + 'w> {
    if !request.group_by.is_empty() {
        let (by, orders) = (request.group_by.clone(), request.group_orders.clone());
        return Box::new(groups::Groups::new(by, orders, &request.options, writer));
    }
    if request.options.count {
        return Box::new(groups::Count::new(request.options.format, writer));
    }
    let rows: Box<dyn Output + 'w> = match request.options.format {
        Format::Table => table::of(request, writer),
        Format::Csv => Box::new(separated::Separated::csv(request, writer)),
        Format::Tsv => Box::new(separated::Separated::tsv(request, writer)),
        Format::Template => Box::new(template::Filled::new(&request.template, writer)),
        Format::Json => Box::new(json::document::Document::new(request.quality, writer)),
        Format::Jsonl => Box::new(json::document::Lines::new(request.quality, writer)),
    };
    if request.orders.is_empty() {
        return rows;
    }
    Box::new(sorted::Sorted::new(request, rows))
}
