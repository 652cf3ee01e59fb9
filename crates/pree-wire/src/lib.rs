//! Bytes to values.
#![no_std]
#![forbid(unsafe_code)]
