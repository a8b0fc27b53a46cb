//! External pre-shared keys from a file.

use std::path::Path;

use tls_engine::ExternalPsk;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::files;

/// The longest file that is read, bytes.
const FILE_MAX: usize = 1 << 20;

/// The PSKs of a file: a line each, with the identity, a colon and the key in hexadecimal, as in the files of GnuTLS' `psktool` and
/// of stunnel. An identity that begins with `#` is in hexadecimal, too, as `psktool` writes those that are not plain text. Errors
/// name the line, and say nothing of what is in it.
pub(super) fn external_psks(path: &Path) -> Result<Vec<ExternalPsk>, Error> {
    let bytes = files::read_secret(path, FILE_MAX).map_err(|error| Error::read(path, error))?;
    let mut psks = Vec::new();
    for (line, number) in bytes.split(|byte| *byte == b'\n').zip(1..) {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let psk = external_psk(line);
        psks.push(psk.map_err(|why| Error::Usage(format!("{}, line {number}: {why}", path.display())))?);
    }
    if psks.is_empty() {
        return Err(Error::Usage(format!("{} has no pre-shared key: a line is IDENTITY:KEY", path.display())));
    }
    Ok(psks)
}

fn external_psk(line: &[u8]) -> Result<ExternalPsk, String> {
    // A key has no colon; an identity may have.
    let colon = line.iter().rposition(|byte| *byte == b':').ok_or("it is not IDENTITY:KEY")?;
    let (identity, digits) = (&line[..colon], &line[colon + 1..]);
    let key = from_hexadecimal(digits).ok_or("the key is not in hexadecimal")?;
    let psk = match identity.strip_prefix(b"#") {
        Some(digits) => ExternalPsk::new(&from_hexadecimal(digits).ok_or("the identity is not in hexadecimal")?, &key),
        None => ExternalPsk::new(identity, &key),
    };
    psk.map_err(|error| error.to_string())
}

/// The bytes of pairs of digits, in a place that is not moved, and wiped.
fn from_hexadecimal(digits: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; digits.len() / 2]);
    let digit = |digit: u8| char::from(digit).to_digit(16);
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
    }
    digits.len().is_multiple_of(2).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"000102030405060708090a0b0c0d0E0F";

    fn read(text: &[u8]) -> Result<Vec<ExternalPsk>, Error> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("psk");
        std::fs::write(&path, text).expect("a file");
        external_psks(&path)
    }

    fn identities(text: &[u8]) -> Vec<Vec<u8>> {
        read(text).expect("PSKs").iter().map(|psk| psk.identity().to_vec()).collect()
    }

    #[test]
    fn lines_are_identities_with_keys() {
        assert_eq!(identities(&[b"one:", KEY].concat()), [b"one"]);
        let text = [b"\r\n a b:c :", KEY, b"\r\n\n#00ff3a:", KEY, b"  \n"].concat();
        assert_eq!(identities(&text), [&b"a b:c "[..], b"\x00\xff:"]);
        assert_eq!(from_hexadecimal(KEY).expect("bytes").to_vec(), (0..16).collect::<Vec<u8>>());
    }

    #[test]
    fn what_is_wrong_is_told_without_what_is_in_the_line() {
        let long = [&b"x".repeat(1025)[..], b":", KEY].concat();
        for (text, why) in [
            (&b""[..], "has no pre-shared key"),
            (b"\n\n", "has no pre-shared key"),
            (b"sesame", "line 1: it is not IDENTITY:KEY"),
            (b"\nsesame:0001zz0304", "line 2: the key is not in hexadecimal"),
            (b"sesame:000102030405060708090a0b0c0d0e0", "the key is not in hexadecimal"),
            (b"sesame:0001", "16 to 64 bytes"),
            (b"sesame:", "16 to 64 bytes"),
            (b"#sesame:000102030405060708090a0b0c0d0e0f", "the identity is not in hexadecimal"),
            (b":000102030405060708090a0b0c0d0e0f", "1 to 1024 bytes"),
            (&long, "1 to 1024 bytes"),
        ] {
            let told = read(text).expect_err("an error").to_string();
            assert!(told.contains(why) && !told.contains("sesame") && !told.contains("0001"), "{told}");
        }
    }
}
