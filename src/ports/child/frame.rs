//! Frames between a parent and its child process: a length (4 bytes, big-endian), then that many bytes.

use std::io::{self, Read, Write};

/// The longest frame, bytes. A longer one is refused by whoever would read it.
pub const LONGEST: usize = 16 << 20;

/// The next frame; `None` at the end of the stream.
///
/// # Errors
/// - `InvalidData`: it is longer than [`LONGEST`]
/// - the stream breaks, also in the middle of a frame
pub fn read(stream: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match stream.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let mut content = vec![0; length_of(length)?];
    stream.read_exact(&mut content)?;
    Ok(Some(content))
}

/// Writes a frame and flushes it.
///
/// # Errors
/// - `InvalidData`: it is longer than [`LONGEST`]
/// - the stream breaks
pub fn write(stream: &mut impl Write, content: &[u8]) -> io::Result<()> {
    stream.write_all(&header(content)?)?;
    stream.write_all(content)?;
    stream.flush()
}

/// The length that goes before a frame.
pub(super) fn header(content: &[u8]) -> io::Result<[u8; 4]> {
    match u32::try_from(content.len()) {
        Ok(length) if content.len() <= LONGEST => Ok(length.to_be_bytes()),
        _ => Err(too_long(content.len())),
    }
}

/// The length that a header announces.
pub(super) fn length_of(header: [u8; 4]) -> io::Result<usize> {
    // OK to go to the maximum where `usize` is smaller than 32 bits: that is too long as well.
    let length = usize::try_from(u32::from_be_bytes(header)).unwrap_or(usize::MAX);
    if length <= LONGEST { Ok(length) } else { Err(too_long(length)) }
}

fn too_long(length: usize) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {length} bytes is longer than {LONGEST}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_that_announces_too_much_takes_no_memory() {
        let mut stream: &[u8] = &[0xff, 0xff, 0xff, 0xff, b'x'];
        assert_eq!(read(&mut stream).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(
            write(&mut io::sink(), &vec![0; LONGEST + 1]).unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
    }

    #[test]
    fn frames_are_read_as_they_were_written() {
        let mut written = Vec::new();
        write(&mut written, b"one").unwrap();
        write(&mut written, b"").unwrap();
        let mut stream = written.as_slice();
        assert_eq!(read(&mut stream).unwrap().as_deref(), Some(&b"one"[..]));
        assert_eq!(read(&mut stream).unwrap().as_deref(), Some(&b""[..]));
        assert_eq!(read(&mut stream).unwrap(), None);
        assert!(read(&mut &[0, 0, 0, 9, b'x'][..]).is_err(), "a frame that ends early is no frame");
    }
}
