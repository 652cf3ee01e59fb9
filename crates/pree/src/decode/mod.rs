//! Wire views → [`Socket`](crate::Socket). No I/O and no cfg: every platform's decoding is compiled and tested on
//! every platform.

pub(crate) mod apple;
pub(crate) mod linux;
pub(crate) mod windows;
