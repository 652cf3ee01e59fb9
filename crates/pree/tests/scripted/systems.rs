//! Sources of other systems than Linux: who answers, in whose numbers, and recordings of them.

use pree::source::{Answer, Failure, Question, Recorder, Recording, Source, System};
use pree::{ErrorKind, Query};

/// A system that refuses everything.
pub(super) struct Refusing(pub(super) System);

impl Source for Refusing {
    fn system(&self) -> System {
        self.0
    }

    fn ask(&mut self, _: &Question<'_>) -> Result<Answer, Failure> {
        Err(Failure::Answer(self.0.errno(5)))
    }
}

#[test]
fn every_system_is_asked_in_its_own_way() {
    for system in System::ALL.iter().copied() {
        let mut recorder = Recorder::new(Refusing(system));
        let error = Query::new().tcp().collect_from(&mut recorder).unwrap_err();
        let recording = Recording::from_bytes(&recorder.finish().to_bytes()).unwrap();
        assert_eq!(recording.system(), system);
        // The same from the recording, wherever it is read.
        let replayed = Query::new().tcp().collect_from(&mut recording.replay()).unwrap_err();
        assert_eq!((replayed.kind(), replayed.to_string()), (error.kind(), error.to_string()));
    }
}

#[test]
fn an_error_has_the_name_that_its_system_gives_it() {
    for (system, kind, text) in [
        (System::Linux, ErrorKind::Io, "EIO (5)"),
        (System::Macos, ErrorKind::Io, "EIO (5)"),
        (System::Windows, ErrorKind::NotPermitted, "ERROR_ACCESS_DENIED (5)"),
    ] {
        assert_eq!(system.errno(5).to_string(), text);
        if system == System::Linux {
            let error = Query::new().tcp().collect_from(&mut Refusing(system)).unwrap_err();
            assert_eq!((error.kind(), error.errno()), (kind, Some(5)));
            assert!(error.to_string().contains(text), "{error}");
        }
    }
}
