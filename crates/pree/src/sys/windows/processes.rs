//! Processes: a list of all, start and program of one.

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};

use pree_wire::errno::windows as code;
use pree_wire::windows::process::ProcessEntry;
use windows_sys::Win32::Foundation::{FILETIME, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW, TH32CS_SNAPPROCESS,
};
use windows_sys::Win32::System::Threading::{
    GetProcessTimes, OpenProcess, PROCESS_NAME_WIN32, PROCESS_QUERY_LIMITED_INFORMATION,
    QueryFullProcessImageNameW,
};

use super::last_error::last_error;
use crate::source::{Failure, WindowsProcessPart};

/// More processes than any machine has: a list without an end ends here.
const MOST: usize = 1 << 20;
/// Units of the longest path.
const PATH: usize = 1 << 15;

/// Every process, an entry each.
pub(super) fn list() -> Result<Vec<u8>, Failure> {
    // SAFETY: takes no pointer.
    let handle = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0) };
    if handle == INVALID_HANDLE_VALUE {
        return Err(Failure::of_call(&[code::ERROR_ACCESS_DENIED], last_error()));
    }
    // SAFETY: the handle was just opened and is nobody else's.
    let snapshot = unsafe { OwnedHandle::from_raw_handle(handle) };
    let mut entry =
        PROCESSENTRY32W { dwSize: size_of::<PROCESSENTRY32W>() as u32, ..PROCESSENTRY32W::default() };
    let mut bytes = Vec::new();
    // SAFETY: the handle is open and `entry` has its size in it; it is not kept.
    let mut more = unsafe { Process32FirstW(snapshot.as_raw_handle(), &raw mut entry) };
    for _ in 0..MOST {
        if more == 0 {
            break;
        }
        append(&entry, &mut bytes);
        // SAFETY: as above.
        more = unsafe { Process32NextW(snapshot.as_raw_handle(), &raw mut entry) };
    }
    // Only this is the end of the list: what broke off earlier is not whole.
    match last_error() {
        code::ERROR_NO_MORE_FILES if !bytes.is_empty() => Ok(bytes),
        error => Err(Failure::Transport(error)),
    }
}

/// The entry as it travels: as the structure is on 64-bit systems, what is not used left out.
fn append(entry: &PROCESSENTRY32W, bytes: &mut Vec<u8>) {
    let mut out = [0; ProcessEntry::SIZE];
    let mut put = |at: usize, value: &[u8]| {
        if let Some(place) = out.get_mut(at..at + value.len()) {
            place.copy_from_slice(value);
        }
    };
    put(0, &(ProcessEntry::SIZE as u32).to_le_bytes());
    put(8, &entry.th32ProcessID.to_le_bytes());
    put(28, &entry.cntThreads.to_le_bytes());
    put(32, &entry.th32ParentProcessID.to_le_bytes());
    for (index, unit) in entry.szExeFile.iter().enumerate() {
        put(44 + 2 * index, &unit.to_le_bytes());
    }
    bytes.extend(out);
}

/// Something of one process.
pub(super) fn ask(pid: u32, part: WindowsProcessPart) -> Result<Vec<u8>, Failure> {
    // SAFETY: takes no pointer.
    let handle = unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid) };
    if handle.is_null() {
        // The first: there is no process with this id.
        return Err(Failure::of_call(
            &[code::ERROR_INVALID_PARAMETER, code::ERROR_ACCESS_DENIED],
            last_error(),
        ));
    }
    // SAFETY: the handle was just opened and is nobody else's.
    let process = unsafe { OwnedHandle::from_raw_handle(handle) };
    match part {
        WindowsProcessPart::StartTime => start_time(&process),
        WindowsProcessPart::ImageName => image_name(&process),
    }
}

fn start_time(process: &OwnedHandle) -> Result<Vec<u8>, Failure> {
    let [mut created, mut exited, mut kernel, mut user] = [FILETIME::default(); 4];
    // SAFETY: the handle is open; the four are writable and not kept.
    let done = unsafe {
        GetProcessTimes(
            process.as_raw_handle(),
            &raw mut created,
            &raw mut exited,
            &raw mut kernel,
            &raw mut user,
        )
    };
    if done == 0 {
        return Err(Failure::of_call(&[code::ERROR_ACCESS_DENIED], last_error()));
    }
    let time = u64::from(created.dwHighDateTime) << 32 | u64::from(created.dwLowDateTime);
    Ok(time.to_le_bytes().to_vec())
}

fn image_name(process: &OwnedHandle) -> Result<Vec<u8>, Failure> {
    let mut units = vec![0_u16; PATH];
    let mut length = PATH as u32;
    // SAFETY: the handle is open; `units` is writable for `length` units; neither pointer is kept.
    let done = unsafe {
        QueryFullProcessImageNameW(
            process.as_raw_handle(),
            PROCESS_NAME_WIN32,
            units.as_mut_ptr(),
            &raw mut length,
        )
    };
    if done == 0 {
        return Err(Failure::of_call(&[code::ERROR_ACCESS_DENIED], last_error()));
    }
    let units = units.get(..length as usize).ok_or(Failure::Transport(code::ERROR_INVALID_DATA))?;
    Ok(units.iter().flat_map(|unit| unit.to_le_bytes()).collect())
}
