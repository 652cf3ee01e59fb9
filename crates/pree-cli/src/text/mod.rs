//! How things are written in one piece of text: escaped, as a figure, a word, a field's value. The ground floor, which imports
//! nothing of the command.

pub(crate) mod escape;
pub(crate) mod figures;
pub(crate) mod label;
pub(crate) mod paragraph;
pub(crate) mod value;
pub(crate) mod width;
pub(crate) mod words;
