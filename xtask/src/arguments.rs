//! Arguments of a chore that takes a few flags and part of a name.

use crate::Result;

/// The values of these flags, and the word beside them; `takes`: what to say of anything else.
pub(crate) fn read<'a, const N: usize>(
    args: &[&'a str],
    flags: [&str; N],
    takes: &str,
) -> Result<([Option<&'a str>; N], Option<&'a str>)> {
    let (mut values, mut word) = ([None; N], None);
    let mut args = args.iter().copied();
    while let Some(arg) = args.next() {
        match values.iter_mut().zip(flags).find(|(_, flag)| *flag == arg) {
            Some((value, _)) => *value = Some(args.next().ok_or(format!("{arg} needs a value"))?),
            None if arg.starts_with('-') || word.is_some() => return Err(format!("{takes}, not {arg:?}")),
            None => word = Some(arg),
        }
    }
    Ok((values, word))
}
