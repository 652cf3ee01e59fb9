//! Answers of the running system that are read at once.

use pree::source::{NetTable, Question, Recorder, Source, live};
use pree_testkit::{Case, Failed, Family, Socket};

pub fn cases() -> Vec<Case> {
    vec![Case::new("answers_that_are_open_at_once", open_at_once).lab()]
}

/// Three answers of the running system, read in turn, give what each gives alone; and so does their recording.
fn open_at_once() -> Result<(), Failed> {
    let listener = Socket::tcp(Family::V4)?;
    listener.bind((Family::V4.loopback(), 0))?;
    listener.listen(1)?;
    let questions = [Question::NetTable(NetTable::Tcp), Question::BootId, Question::NetTable(NetTable::Tcp6)];
    let mut recorder = Recorder::new(live()?);
    let together = in_turn(&mut recorder, &questions)?;
    let recording = recorder.finish();
    assert_eq!(in_turn(&mut recording.replay(), &questions)?, together);
    for (question, together) in questions.iter().zip(&together) {
        let alone = in_turn(&mut live()?, &[*question])?;
        assert!(!together.is_empty() && alone[0] == *together, "{question}");
        assert_eq!(in_turn(&mut recording.replay(), &[*question])?, alone);
    }
    Ok(())
}

/// The bytes of each answer, all open from the start; one batch of each in turn.
fn in_turn(source: &mut dyn Source, questions: &[Question<'_>]) -> Result<Vec<Vec<u8>>, Failed> {
    let mut answers = Vec::new();
    for question in questions {
        answers.push((source.ask(question)?, Vec::new(), true));
    }
    let mut batch = Vec::new();
    while answers.iter().any(|(.., more)| *more) {
        for (answer, whole, more) in answers.iter_mut().filter(|(.., more)| *more) {
            *more = source.next(answer, &mut batch)?;
            whole.extend_from_slice(&batch);
        }
    }
    Ok(answers.into_iter().map(|(_, whole, _)| whole).collect())
}
