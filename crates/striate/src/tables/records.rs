//! The records of a CSV text: fields without their quotes and the spaces around them, and the line on which each begins. A
//! quote counts only where a field begins with it.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// All records of a text; empty lines are none.
///
/// # Errors
/// The line of a record whose last quote is never closed, so that it would swallow the rest of the text.
pub(super) fn records(text: &str, separator: u8) -> Result<Vec<(usize, Vec<String>)>, usize> {
    let mut reader: Reader = ReaderBuilder::new().delimiter(separator).build();
    let bytes = text.as_bytes();
    let (mut fields, mut ends) = (vec![0; 1 << 10], vec![0; 1 << 6]);
    let (mut at, mut written, mut count) = (0, 0, 0);
    // Where the record begins, and the line that is there.
    let (mut begin, mut line) = (0, 1);
    let mut records = vec![];
    loop {
        let (result, read, wrote, ended) = reader.read_record(&bytes[at..], &mut fields[written..], &mut ends[count..]);
        at += read;
        written += wrote;
        count += ended;
        match result {
            // The next call, with nothing left, ends the last record.
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::OutputFull => fields.resize(2 * fields.len(), 0),
            ReadRecordResult::OutputEndsFull => ends.resize(2 * ends.len(), 0),
            ReadRecordResult::End => return Ok(records),
            ReadRecordResult::Record => {
                let breaks = bytes[begin..at].iter().take_while(|byte| b"\r\n".contains(byte));
                let first = line + breaks.filter(|&&byte| byte == b'\n').count();
                // Only the last record can end within quotes; they are doubled there, or open and close.
                let quoted = at == bytes.len() && bytes[begin..at].contains(&b'\n');
                if quoted && ends_in_quotes(&bytes[begin..at], separator) {
                    return Err(first);
                }
                let starts = std::iter::once(0).chain(ends.iter().copied());
                // What is cut out between separators of a text is text.
                let field =
                    |(from, to): (usize, &usize)| String::from_utf8_lossy(&fields[from..*to]).trim().to_string();
                let record: Vec<String> = starts.zip(&ends[..count]).map(field).collect();
                line += bytes[begin..at].iter().filter(|&&byte| byte == b'\n').count();
                (begin, written, count) = (at, 0, 0);
                // A line of spaces is empty too.
                if record.len() > 1 || record.first().is_some_and(|field| !field.is_empty()) {
                    records.push((first, record));
                }
            }
        }
    }
}

/// Whether a field that begins with a quote is still open at the end of a record.
fn ends_in_quotes(record: &[u8], separator: u8) -> bool {
    let (mut open, mut begins) = (false, true);
    for &byte in record {
        match byte {
            b'"' if open || begins => (open, begins) = (!open, true),
            _ => begins = !open && (byte == separator || byte == b'\n' || byte == b'\r'),
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::records;

    #[test]
    fn fields_and_lines() {
        let found = records("a,\"b, \"\"c\"\"\" \r\n\r\n 1 ,\"2\n3\"\n\n \n4,5", b',').unwrap();
        let wanted = [(1, ["a", "b, \"c\""]), (3, ["1", "2\n3"]), (7, ["4", "5"])];
        let wanted: Vec<_> = wanted.iter().map(|(line, fields)| (*line, fields.map(String::from).to_vec())).collect();
        assert_eq!(found, wanted);
        let wide = (0..500).map(|i| format!("field{i}")).collect::<Vec<_>>().join(";");
        let found = records(&format!("{wide}\n{wide}"), b';').unwrap();
        assert_eq!((found.len(), found[1].1.len(), found[1].1[499].as_str()), (2, 500, "field499"));
        assert_eq!(records("", b','), Ok(vec![]));
        assert_eq!(records("a,b\n1,\"x\n2,y\n", b','), Err(2));
        assert_eq!(records("a,b\n1,\"x\n2,y\"", b',').map(|found| found.len()), Ok(2));
    }
}
