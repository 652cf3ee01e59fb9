//! Who receives the rows.

use std::ops::ControlFlow;

use crate::model::Socket;

/// Receives each socket once.
pub(crate) type Visitor<'v> = dyn FnMut(&Socket) -> ControlFlow<()> + 'v;
