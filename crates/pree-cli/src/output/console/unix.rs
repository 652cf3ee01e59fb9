//! A terminal of Unix: its driver knows the width, `TERM` what it can show.

/// Columns; `None` where it does not say.
pub(crate) fn width() -> Option<usize> {
    told(|size| size.ws_col)
}

/// Lines; `None` where it does not say.
pub(crate) fn height() -> Option<usize> {
    told(|size| size.ws_row)
}

fn told(of: fn(rustix::termios::Winsize) -> u16) -> Option<usize> {
    let told = rustix::termios::tcgetwinsize(std::io::stdout()).map_or(0, of);
    (told > 0).then_some(usize::from(told))
}

/// Whether it shows colours, without `TERM` to say so: that is not known.
pub(crate) fn show_colors() -> bool {
    false
}
