//! Functions that not every Windows has, nor Wine: found by name when they are wanted. Without one, a question is
//! refused with `ERROR_PROC_NOT_FOUND`.

use std::ffi::{CStr, c_void};
use std::mem::transmute;
use std::net::{IpAddr, SocketAddr};
use std::ptr::{from_mut, null_mut};

use pree_wire::errno::windows as code;
use pree_wire::windows::tcp_statistics::TcpStatistics2;
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows_sys::w;

use super::grown::{REFUSALS, grown};
use super::tables::family;
use crate::source::{Errno, EstatsClass, Failure, OwnerClass, WindowsConnection, WindowsTable};

/// `GetPerTcpConnectionEStats`, and the same for IPv6.
pub(super) type GetEstats = unsafe extern "system" fn(
    row: *const c_void,
    class: i32,
    rw: *mut u8,
    rw_version: u32,
    rw_size: u32,
    ros: *mut u8,
    ros_version: u32,
    ros_size: u32,
    rod: *mut u8,
    rod_version: u32,
    rod_size: u32,
) -> u32;

/// `SetPerTcpConnectionEStats`, and the same for IPv6.
pub(super) type SetEstats = unsafe extern "system" fn(
    row: *const c_void,
    class: i32,
    rw: *const u8,
    rw_version: u32,
    rw_size: u32,
    offset: u32,
) -> u32;

/// `GetOwnerModuleFromTcpEntry` and its kin.
pub(super) type GetModule =
    unsafe extern "system" fn(row: *const c_void, class: i32, buffer: *mut c_void, size: *mut u32) -> u32;

/// `GetTcpStatisticsEx2`.
pub(super) type GetTcpStatistics2 = unsafe extern "system" fn(statistics: *mut c_void, family: u32) -> u32;

/// What was found. IPv4 first, where there are two.
#[derive(Clone, Copy, Default)]
pub(super) struct Functions {
    pub(super) get_estats: [Option<GetEstats>; 2],
    pub(super) set_estats: [Option<SetEstats>; 2],
    /// In the order of [`WindowsTable`].
    pub(super) get_module: [Option<GetModule>; 4],
    pub(super) get_tcp_statistics2: Option<GetTcpStatistics2>,
}

/// `TCPIP_OWNER_MODULE_INFO_BASIC`
const BASIC: i32 = 0;

/// A row of a table, as words, and how many of them it has.
type RowWords = ([u32; 13], usize);

impl Functions {
    /// Those of this system.
    pub(super) fn load() -> Self {
        macro_rules! found {
            ($name:literal as $type:ty) => {
                // SAFETY: a function of this name has this signature since it exists, by its documentation; a null pointer
                // is `None` on both sides.
                unsafe { transmute::<Option<Found>, Option<$type>>(find($name)) }
            };
        }
        Self {
            get_estats: [
                found!(c"GetPerTcpConnectionEStats" as GetEstats),
                found!(c"GetPerTcp6ConnectionEStats" as GetEstats),
            ],
            set_estats: [
                found!(c"SetPerTcpConnectionEStats" as SetEstats),
                found!(c"SetPerTcp6ConnectionEStats" as SetEstats),
            ],
            get_module: [
                found!(c"GetOwnerModuleFromTcpEntry" as GetModule),
                found!(c"GetOwnerModuleFromTcp6Entry" as GetModule),
                found!(c"GetOwnerModuleFromUdpEntry" as GetModule),
                found!(c"GetOwnerModuleFromUdp6Entry" as GetModule),
            ],
            get_tcp_statistics2: found!(c"GetTcpStatisticsEx2" as GetTcpStatistics2),
        }
    }

    /// The switch of a group of statistics, and the statistics.
    pub(super) fn estats(
        &self,
        class: EstatsClass,
        connection: WindowsConnection,
    ) -> Result<Vec<u8>, Failure> {
        let function = self.get_estats[usize::from(connection.local.is_ipv6())];
        let function = function
            .filter(|_| is_laid_out_as_described())
            .ok_or(Failure::Answer(code::ERROR_PROC_NOT_FOUND))?;
        let (row, _) = row(connection);
        // Words, so that they are aligned for both.
        let mut switch = [0_u32; 2];
        let mut statistics = vec![0_u64; class.size().div_ceil(8)];
        let switch_size = class.switch_size();
        let (rw, rod) = (from_mut(&mut switch).cast::<u8>(), statistics.as_mut_ptr().cast::<u8>());
        let size = class.size() as u32;
        // What the handshake agreed on is static, all else dynamic.
        let (ros, ros_size, rod, rod_size) = match class {
            EstatsClass::SynOpts => (rod, size, null_mut(), 0),
            _ => (null_mut(), 0, rod, size),
        };
        let rw = if switch_size == 0 { null_mut() } else { rw };
        // SAFETY: the row has the structure of this family; the three buffers are writable for their sizes, which are those
        // of version 0 of the structures of this class, or null with size 0; none is kept.
        let result = unsafe {
            function(
                row.as_ptr().cast(),
                class.number(),
                rw,
                0,
                switch_size as u32,
                ros,
                0,
                ros_size,
                rod,
                0,
                rod_size,
            )
        };
        if result != 0 {
            return Err(Failure::of_call(REFUSALS, Errno::windows(result)));
        }
        let mut answer: Vec<u8> = switch.into_iter().flat_map(u32::to_ne_bytes).take(switch_size).collect();
        answer.extend(statistics.into_iter().flat_map(u64::to_ne_bytes).take(class.size()));
        Ok(answer)
    }

    /// Switches a group of statistics on or off.
    pub(super) fn switch_estats(
        &self,
        class: EstatsClass,
        connection: WindowsConnection,
        on: bool,
    ) -> Result<(), Failure> {
        let function = self.set_estats[usize::from(connection.local.is_ipv6())];
        let function = function.ok_or(Failure::Answer(code::ERROR_PROC_NOT_FOUND))?;
        let (row, _) = row(connection);
        // A `BOOLEAN`; of bandwidth two `TCP_BOOLEAN_OPTIONAL`, whose words are the same two numbers.
        let switch = [u32::from(on); 2];
        // SAFETY: the row has the structure of this family; the switch is readable for its size; neither is kept.
        let result = unsafe {
            function(
                row.as_ptr().cast(),
                class.number(),
                switch.as_ptr().cast(),
                0,
                class.switch_size() as u32,
                0,
            )
        };
        if result == 0 { Ok(()) } else { Err(Failure::of_call(REFUSALS, Errno::windows(result))) }
    }

    /// The name of the module of a row, in UTF-16.
    pub(super) fn module(&self, table: WindowsTable, row: &[u8]) -> Result<Vec<u8>, Failure> {
        let function = self.get_module[table as usize].ok_or(Failure::Answer(code::ERROR_PROC_NOT_FOUND))?;
        let size = table.row_size(OwnerClass::Module);
        let row = row.get(..size).ok_or(Failure::Transport(code::ERROR_INVALID_DATA))?;
        // Aligned as the structure is.
        let row: Vec<u64> =
            row.chunks(8).map(|chunk| chunk.try_into().map_or(0, u64::from_ne_bytes)).collect();
        let mut base = 0;
        let answer = grown(|buffer, size| {
            base = buffer.as_ptr().addr();
            // SAFETY: the row is a whole one of this table; `buffer` is writable for `size` bytes; no pointer is kept.
            unsafe { function(row.as_ptr().cast(), BASIC, buffer.as_mut_ptr().cast(), size) }
        })?;
        // TCPIP_OWNER_MODULE_BASIC_INFO: two pointers into the buffer, the name and the path.
        let pointer = answer.first_chunk().map(|bytes| usize::from_ne_bytes(*bytes));
        let at = pointer
            .and_then(|pointer| pointer.checked_sub(base))
            .ok_or(Failure::Transport(code::ERROR_INVALID_DATA))?;
        let name = answer.get(at..).ok_or(Failure::Transport(code::ERROR_INVALID_DATA))?;
        let end = name
            .chunks_exact(2)
            .position(|unit| unit == [0, 0])
            .ok_or(Failure::Transport(code::ERROR_INVALID_DATA))?;
        Ok(name[..end * 2].to_vec())
    }

    /// `MIB_TCPSTATS2` of one family.
    pub(super) fn tcp_statistics2(&self, v6: bool) -> Result<Vec<u8>, Failure> {
        let function = self.get_tcp_statistics2.ok_or(Failure::Answer(code::ERROR_PROC_NOT_FOUND))?;
        let mut words = [0_u64; TcpStatistics2::SIZE / 8];
        // SAFETY: the words are writable for the whole structure, and the pointer is not kept.
        let result = unsafe { function(from_mut(&mut words).cast(), family(v6)) };
        match result {
            0 => Ok(words.into_iter().flat_map(u64::to_ne_bytes).collect()),
            refused => Err(Failure::of_call(REFUSALS, Errno::windows(refused))),
        }
    }
}

/// The structures are described with a `SIZE_T` of 64 bits.
const fn is_laid_out_as_described() -> bool {
    size_of::<usize>() == 8
}

type Found = unsafe extern "system" fn() -> isize;

/// A function of IP Helper, which the program is linked with.
fn find(name: &CStr) -> Option<Found> {
    // SAFETY: the name is a literal that ends in 0.
    let library = unsafe { GetModuleHandleW(w!("iphlpapi.dll")) };
    if library.is_null() {
        return None;
    }
    // SAFETY: the library stays loaded, and the name ends in 0.
    unsafe { GetProcAddress(library, name.as_ptr().cast()) }
}

/// `MIB_TCPROW` or `MIB_TCP6ROW`: what the statistics of a connection are asked by.
fn row(connection: WindowsConnection) -> RowWords {
    let mut words = [0; 13];
    words[0] = connection.state;
    let mut length = 1;
    for end in [connection.local, connection.remote] {
        let octets = match end.ip() {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        let mut push = |bytes: [u8; 4]| {
            words[length] = u32::from_ne_bytes(bytes);
            length += 1;
        };
        for word in octets.chunks_exact(4) {
            push([word[0], word[1], word[2], word[3]]);
        }
        if let SocketAddr::V6(end) = end {
            push(end.scope_id().to_ne_bytes());
        }
        let [high, low] = end.port().to_be_bytes();
        push([high, low, 0, 0]);
    }
    (words, length)
}
