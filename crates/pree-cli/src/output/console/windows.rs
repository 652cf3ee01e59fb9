//! A console of Windows: it knows its window, and shows colours once that is switched on (Windows 10 1511).
//!
//! Text needs nothing: std writes UTF-16 to a console, whatever its code page, and bytes to anything else.

use windows_sys::Win32::System::Console::{
    CONSOLE_MODE, CONSOLE_SCREEN_BUFFER_INFO, ENABLE_PROCESSED_OUTPUT, ENABLE_VIRTUAL_TERMINAL_PROCESSING,
    GetConsoleMode, GetConsoleScreenBufferInfo, GetStdHandle, SMALL_RECT, STD_OUTPUT_HANDLE, SetConsoleMode,
};

/// Columns of the window, not of what can be scrolled to; `None` where it is no console.
pub(crate) fn width() -> Option<usize> {
    let window = window()?;
    let columns = i32::from(window.Right) - i32::from(window.Left) + 1;
    usize::try_from(columns).ok().filter(|columns| *columns > 0)
}

/// The same of its lines.
pub(crate) fn height() -> Option<usize> {
    let window = window()?;
    let lines = i32::from(window.Bottom) - i32::from(window.Top) + 1;
    usize::try_from(lines).ok().filter(|lines| *lines > 0)
}

fn window() -> Option<SMALL_RECT> {
    let mut told = CONSOLE_SCREEN_BUFFER_INFO::default();
    // SAFETY: takes no pointer; the handle is not ours to close.
    let console = unsafe { GetStdHandle(STD_OUTPUT_HANDLE) };
    // SAFETY: `told` is writable and not kept; a handle that is no console is refused.
    let known = unsafe { GetConsoleScreenBufferInfo(console, &raw mut told) } != 0;
    known.then_some(told.srWindow)
}

/// Switches colours on. False where the console does not know them, or there is none.
pub(crate) fn show_colors() -> bool {
    let mut mode: CONSOLE_MODE = 0;
    // SAFETY: takes no pointer; the handle is not ours to close.
    let console = unsafe { GetStdHandle(STD_OUTPUT_HANDLE) };
    // SAFETY: `mode` is writable and not kept; a handle that is no console is refused.
    if unsafe { GetConsoleMode(console, &raw mut mode) } == 0 {
        return false;
    }
    let wanted = mode | ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING;
    // SAFETY: takes no pointer; the handle was just seen to be a console.
    mode == wanted || unsafe { SetConsoleMode(console, wanted) } != 0
}
