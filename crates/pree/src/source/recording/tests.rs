//! What is written and read again.

use super::*;

fn recording(system: System, records: &[Record<'_>]) -> Recording {
    let mut recording = Recording::new(system, 7);
    for record in records {
        recording.push_record(*record);
    }
    recording
}

fn sample() -> Recording {
    let records = [
        Record::Question("processes"),
        Record::Batch(&[1, 0, 0, 0]),
        Record::Batch(&[2, 0, 0, 0]),
        Record::End,
        Record::Question("boot_id"),
        Record::Answered(Errno::EACCES),
        Record::Question("processes"),
        Record::Batch(&[3, 0, 0, 0]),
        Record::Failed(Errno::EINTR),
    ];
    recording(System::Linux, &records)
}

#[test]
fn bytes_round_trip() {
    assert_eq!(Recording::from_bytes(&sample().to_bytes()).unwrap(), sample());
}

#[test]
fn a_recording_says_whose_it_is() {
    for system in System::ALL.iter().copied() {
        let records = [Record::Question("time"), Record::Answered(system.errno(5))];
        let recording = recording(system, &records);
        let read = Recording::from_bytes(&recording.to_bytes()).unwrap();
        assert_eq!(read, recording);
        // Through a recorder too, and what was never recorded does not become an error of that system.
        let mut recorder = Recorder::new(read.replay());
        assert_eq!(recorder.system(), system);
        assert_eq!(recorder.ask(&Question::Time).unwrap_err(), Failure::Answer(system.errno(5)));
        assert_eq!(recorder.ask(&Question::Users).unwrap_err(), Failure::NotRecorded);
        let again = recorder.finish();
        assert_eq!((again.system(), again.replay().system()), (system, system));
        assert_eq!(again.replay().ask(&Question::Time).unwrap_err(), Failure::Answer(system.errno(5)));
        assert_eq!(again.replay().ask(&Question::Users).unwrap_err(), Failure::NotRecorded);
    }
    let mut unknown = sample().to_bytes();
    assert_eq!(unknown[13], 1);
    unknown[13] = 9;
    let error = Recording::from_bytes(&unknown).unwrap_err();
    assert!(error.to_string().contains("recording of system 9"), "{error}");
}

/// A file as earlier versions wrote it: no numbers, no times.
fn old(version: u8, records: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = Recording::MAGIC.to_vec();
    bytes.extend([version, 0, 0, 0, u8::from(cfg!(target_endian = "big")), 1, 0, 0]);
    for (kind, body) in records {
        bytes.push(*kind);
        bytes.extend((body.len() as u32).to_le_bytes());
        bytes.extend(*body);
    }
    bytes
}

/// In version 1 every error was taken for an answer, and so it still is; versions 1 and 2 tell one time.
#[test]
fn recordings_of_versions_1_and_2_replay() {
    let number = 13_i32.to_le_bytes();
    let records = |failed| {
        [
            (1, &b"time"[..]),
            (2, &[0, 0, 0, 0, 1, 0, 0, 0]),
            (3, b""),
            (1, b"boot_id"),
            (4, &number),
            (1, b"processes"),
            (2, b"1"),
            (2, b"2"),
            (failed, &number),
            (1, b"users"),
            (2, b"u"),
        ]
    };
    let refused = Recording::from_bytes(&old(1, &records(5))).unwrap_err().to_string();
    assert!(refused.contains("unknown record at byte "), "{refused}");
    let failed = Failure::Transport(Errno::EACCES);
    for (version, kind, end) in [(1, 4, Failure::Answer(Errno::EACCES)), (2, 5, failed)] {
        let bytes = old(version, &records(kind));
        let recording = Recording::from_bytes(&bytes).unwrap();
        assert_eq!(recording.as_bytes(), bytes, "as it was");
        let small = recording.only_about(&std::collections::HashSet::new());
        assert_eq!(Recording::from_bytes(small.as_bytes()).unwrap(), small);
        for recording in [recording, small] {
            let mut replay = recording.replay();
            assert_eq!(replay.now().wall, Some(Duration::from_nanos(1 << 32)));
            assert_eq!(replay.ask(&Question::BootId).unwrap_err(), Failure::Answer(Errno::EACCES));
            let mut answer = replay.ask(&Question::Processes).unwrap();
            let mut batch = Vec::new();
            for expected in [b"1", b"2"] {
                assert_eq!((replay.next(&mut answer, &mut batch), &batch[..]), (Ok(true), &expected[..]));
            }
            assert_eq!(replay.next(&mut answer, &mut batch), Err(end));
            let mut answer = replay.ask(&Question::Users).unwrap();
            assert_eq!(replay.next(&mut answer, &mut batch), Ok(true));
            assert_eq!(replay.next(&mut answer, &mut batch), Ok(false));
        }
    }
}

#[test]
fn damage_is_named_with_its_offset() {
    let bytes = sample().to_bytes();
    for (cut, offset) in [(0, "byte 0"), (15, "byte 15"), (20, "byte 20"), (26, "byte 24"), (40, "byte 24")] {
        let error = Recording::from_bytes(&bytes[..cut]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert!(error.to_string().contains(offset), "{error}");
    }
    let mut unknown = bytes.clone();
    unknown[24] = 9;
    assert!(Recording::from_bytes(&unknown).unwrap_err().to_string().contains("unknown record at byte 24"));
    let mut newer = bytes;
    newer[8] = 4;
    assert_eq!(Recording::from_bytes(&newer).unwrap_err().kind(), ErrorKind::Unsupported);
    let error = Recording::from_bytes(b"root:x").unwrap_err();
    assert!(error.to_string().contains("not a pree recording at byte 0"), "{error}");
}

/// A question whose number another one may have would have its answer.
#[test]
fn questions_are_numbered_one_after_another() {
    for numbers in [[0, 1], [1, 1], [2, 1]] {
        let mut recording = Recording::new(System::Linux, 0);
        for number in numbers {
            recording.push(Entry { record: Record::Question("time"), number, at: 0 });
        }
        let error = Recording::from_bytes(recording.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("not numbered behind the one before at byte"), "{error}");
    }
}

#[test]
fn reading_takes_no_memory_beside_the_file_s() {
    let bytes = sample().to_bytes();
    let (place, capacity) = (bytes.as_ptr(), bytes.capacity());
    let recording = Recording::from_vec(bytes).unwrap();
    assert_eq!((recording.bytes.as_ptr(), recording.bytes.capacity()), (place, capacity));
}
