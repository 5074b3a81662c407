//! Bytes as text of 64 letters, RFC 4648: three bytes become four letters.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The text, filled up with `=` to a multiple of four letters.
pub(crate) fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let whole = three.iter().chain(&[0; 2]).take(3).fold(0u32, |whole, byte| whole << 8 | u32::from(*byte));
        for i in 0..4 {
            let letter = LETTERS[(whole >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_examples_of_the_standard() {
        let pairs =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        pairs.iter().for_each(|(bytes, text)| assert_eq!(super::text(bytes.as_bytes()), *text));
    }
}
