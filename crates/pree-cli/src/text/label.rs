//! A short text of ours that stands in every row: a key, the name of a statistic.

/// Most labels have room in this. A copy of a size that the compiler knows is a few instructions, another one a call.
const ROOM: usize = 32;

pub(crate) struct Label {
    text: Box<[u8]>,
    padded: [u8; ROOM],
}

impl Label {
    pub(crate) fn new(text: &str) -> Self {
        let mut padded = [0; ROOM];
        padded.iter_mut().zip(text.bytes()).for_each(|(to, byte)| *to = byte);
        Self { text: text.as_bytes().into(), padded }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        if self.text.len() > ROOM {
            return out.extend_from_slice(&self.text);
        }
        let end = out.len() + self.text.len();
        out.extend_from_slice(&self.padded);
        out.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_length() {
        for length in [0, 1, ROOM - 1, ROOM, ROOM + 1, 3 * ROOM] {
            let text = "x".repeat(length);
            let mut out = b"before".to_vec();
            Label::new(&text).write(&mut out);
            assert_eq!(String::from_utf8_lossy(&out), format!("before{text}"));
        }
    }
}
