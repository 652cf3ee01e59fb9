//! Tables, statistics and processes of Windows; and collections whose answers are the input.

use std::time::Duration;

use pree::source::{
    Answer, Errno, Failure, OwnerClass, Question, Source, System, WindowsQuestion, WindowsTable,
};
use pree::{Needs, Query};
use pree_wire::windows::estats::Class;
use pree_wire::windows::{process, tables};

/// The decoders by themselves, then a collection.
pub(super) fn target(data: &[u8]) {
    for (table, class) in TABLES.into_iter().flat_map(|t| [(t, OwnerClass::Pid), (t, OwnerClass::Module)]) {
        let size = table.row_size(class);
        let rows: Vec<_> = tables::rows(data, class, size).collect();
        assert!(rows.len() <= data.len() / size + 1, "more rows than there is room for");
        let whole = rows.iter().filter(|row| row.is_ok()).count();
        assert!(whole + 1 >= rows.len(), "damage is the last item");
    }
    for class in Class::ALL {
        let told = class.split(data);
        assert_eq!(told.is_some(), data.len() >= class.switch_size() + class.size());
    }
    for entry in process::entries(data) {
        let _ = (entry.process_id(), entry.exe_file().map(|name| process::utf16(&name).count()));
    }
    let mut source = Scripted { data, at: 0, asked: 0 };
    let query = Query::new().tcp().udp().stats().owners().needs(Needs::MODULE | Needs::PROCESS_EXECUTABLE);
    let query = if data.first().is_some_and(|byte| byte & 1 == 1) {
        query.collect_estats(Duration::from_millis(1))
    } else {
        query
    };
    if let Ok(snapshot) = query.collect_from(&mut source) {
        assert!(snapshot.sockets().len() <= data.len(), "rows out of nothing");
    }
}

const TABLES: [WindowsTable; 4] =
    [WindowsTable::Tcp4, WindowsTable::Tcp6, WindowsTable::Udp4, WindowsTable::Udp6];

/// Answers with parts of the input: a length in 16 bits, or an error where its first bit is set.
struct Scripted<'d> {
    data: &'d [u8],
    at: usize,
    asked: usize,
}

impl Source for Scripted<'_> {
    fn system(&self) -> System {
        System::Windows
    }

    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        self.asked += 1;
        assert!(self.asked < 100 * (self.data.len() + 10), "it asks for ever");
        if matches!(question, Question::Windows(WindowsQuestion::Wait(_))) {
            return Ok(Answer::batches([]));
        }
        let head = self.data.get(self.at..self.at + 2).ok_or(Failure::Answer(Errno::windows(50)))?;
        let head = u16::from_le_bytes([head[0], head[1]]);
        self.at += 2;
        if head & 0x8000 != 0 {
            return Err(Failure::Answer(Errno::windows((head & 0x7fff).into())));
        }
        let end = self.data.len().min(self.at + usize::from(head));
        let answer = self.data[self.at..end].to_vec();
        self.at = end;
        Ok(Answer::whole(answer))
    }
}
