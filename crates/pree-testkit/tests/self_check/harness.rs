//! Labs: isolated, killed as a whole, failures told.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::{Case, Failed, Need, every, lab, wait_until};

/// Cases that this program runs in another run of itself, because they fail; named so that no usual run does.
const MEANT_TO_FAIL: &str = "PREE_TESTKIT_SELF_CHECK_FAILURES";

/// The same for a case that never ends.
const MEANT_TO_DIE: &str = "PREE_TESTKIT_SELF_CHECK_DEATH";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new("lab_is_private", lab_is_private).lab(),
        Case::new("lab_has_own_hash_table", lab_has_own_hash_table).lab_with_child_ehash(64),
        Case::new("lab_proc_can_be_covered", lab_proc_can_be_covered).lab(),
        Case::new("lab_files_are_not_another_labs", files_are_not_another_labs).lab(),
        Case::new("lab_can_be_left_without_rights", lab_without_rights).lab().needs(Need::Tool("cat")),
        Case::new("failures_are_told", failures_are_told).needs(Need::Root),
        Case::new("labs_die_with_the_program", labs_die_with_the_program).needs(Need::Root),
        Case::new("every_wants_at_least_one", every_wants_one),
    ];
    if env::var_os(MEANT_TO_FAIL).is_some() {
        cases.push(Case::new("fails_by_error", || Err("the error's words".into())).lab());
        cases.push(Case::new("fails_by_panic", || panic!("the panic's words")).lab());
        cases.push(Case::new("fails_by_time", park).lab().timeout(1));
        cases.push(Case::new("fails_by_need", || Ok(())).needs(Need::Tool("no-such-tool")));
    }
    if env::var_os(MEANT_TO_DIE).is_some() {
        cases.push(Case::new("parks_for_ever", park).lab());
    }
    cases
}

fn every_wants_one() -> Result<(), Failed> {
    let holds = |items: &'static [u8]| std::panic::catch_unwind(|| every(items, |item| **item < 5)).is_ok();
    check(holds(&[4, 3]), "true of all")?;
    check(!holds(&[4, 5]), "not true of one")?;
    check(!holds(&[]), "nothing to look at")
}

/// In every lab this is process 2, and all have one folder for temporary files: an id in a name is no name of one's own.
fn files_are_not_another_labs() -> Result<(), Failed> {
    let of_another = env::temp_dir().join(format!("pree-cover-{}", std::process::id()));
    fs::write(&of_another, "another lab's")?;
    lab::cover_file("/etc/passwd", b"covered")?;
    check(fs::read("/etc/passwd")? == b"covered", "the file is covered")?;
    let kept = fs::read(&of_another);
    check(
        kept.is_ok_and(|bytes| bytes == b"another lab's"),
        "what another lab has put there is still there",
    )?;
    fs::remove_file(&of_another)?;
    let (one, other) = (pree_testkit::fresh_path("x")?, pree_testkit::fresh_path("x")?);
    check(one != other && !one.exists(), "a fresh path is nobody's")
}

fn park() -> Result<(), Failed> {
    loop {
        std::thread::park();
    }
}

fn lab_is_private() -> Result<(), Failed> {
    let pids = fs::read_dir("/proc")?
        .flatten()
        .filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit))
        .count();
    check(pids == 2, "two processes in /proc: the first one and this")?;
    check(std::process::id() == 2, "this is process 2")?;
    check(rustix::process::geteuid().is_root(), "uid 0 inside")?;
    let devices = fs::read_to_string("/proc/net/dev")?;
    check(devices.lines().count() == 3, "two lines of heading and lo")?;
    check(std::net::TcpListener::bind("127.0.0.1:80").is_ok(), "lo is up and low ports may be bound")
}

fn lab_has_own_hash_table() -> Result<(), Failed> {
    // Negative while it is shared with the machine's.
    let buckets = fs::read_to_string("/proc/sys/net/ipv4/tcp_ehash_entries")?;
    check(buckets.trim() == "64", &format!("64 buckets, not {buckets}"))
}

fn lab_proc_can_be_covered() -> Result<(), Failed> {
    lab::hide_proc()?;
    check(!Path::new("/proc/self").exists(), "no /proc")?;
    lab::uncover_proc()?;
    lab::mount_proc("hidepid=2")?;
    check(Path::new("/proc/self").exists(), "a new /proc")?;
    lab::uncover_proc()?;
    check(Path::new("/proc/1").exists(), "the first /proc again")
}

fn failures_are_told() -> Result<(), Failed> {
    let run = |strict: &str| -> Result<String, Failed> {
        let done = Command::new("/proc/self/exe")
            .args(["fails_by", "--test-threads=1"])
            .env(MEANT_TO_FAIL, std::process::id().to_string())
            .env("PREE_TEST_STRICT", strict)
            .stdin(Stdio::null())
            .output()?;
        check(done.status.code() == Some(101), "the run has failed")?;
        Ok(String::from_utf8(done.stdout)?)
    };
    let text = run("0")?;
    for words in [
        "the error's words",
        "the panic's words",
        "killed after 1 s",
        "[skip: needs no-such-tool] fails_by_need",
        "0 passed; 3 failed; 1 ignored",
    ] {
        check(text.contains(words), &format!("{words:?} in {text}"))?;
    }
    let text = run("1")?;
    check(text.contains("0 passed; 4 failed; 0 ignored"), &text)?;
    check(text.contains("needs no-such-tool"), &text)?;
    wait_until("the end of the labs' processes", || processes_with(MEANT_TO_FAIL) == 0)
}

fn lab_without_rights() -> Result<(), Failed> {
    let holder = Holder::start(HolderSpec::hold())?;
    let descriptors = format!("/proc/{}/fd", holder.pid());
    let stdin = |folder: &str| fs::read_link(format!("{folder}/0"));
    check(stdin(&descriptors).is_ok(), "a holder can be looked into")?;
    lab::give_up_rights()?;
    // The numbers of its descriptors can be listed, for the uid is the same, but not what they are.
    check(fs::read_dir(&descriptors).is_ok(), "its descriptors can still be listed")?;
    check(stdin(&descriptors).is_err(), "but not looked at")?;
    check(stdin("/proc/self/fd").is_ok(), "those of this process can")?;
    let other = Command::new("cat").arg(format!("/proc/{}/environ", holder.pid())).output()?;
    check(!other.status.success(), "nor can a program that is started now")
}

fn labs_die_with_the_program() -> Result<(), Failed> {
    let mut program = Command::new("/proc/self/exe")
        .args(["parks_for_ever", "--exact"])
        .env(MEANT_TO_DIE, std::process::id().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    // The program, and the three processes of its lab.
    wait_until("the lab to stand", || processes_with(MEANT_TO_DIE) == 4)?;
    program.kill()?;
    program.wait()?;
    wait_until("the lab's end", || processes_with(MEANT_TO_DIE) == 0)
}

/// How many processes have this variable from this process in their environment.
fn processes_with(variable: &str) -> usize {
    let wanted = format!("{variable}={}", std::process::id());
    let has = |process: fs::DirEntry| {
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|entry| entry == wanted.as_bytes())
    };
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|process| has(process).then_some(()))
        .count()
}

fn check(truth: bool, what: &str) -> Result<(), Failed> {
    if truth { Ok(()) } else { Err(format!("not so: {what}").into()) }
}
