//! What it asks of the heap to compress certificates and to decompress them: to send one costs nothing once it is compressed, and what
//! a peer sends has a bound.

use tls_engine::Error;
use tls_engine::codes::{HandshakeType, NamedGroup};
use tls_engine::error::CertificateError;
use tls_engine::pki::compression::{BROTLI, CertificateCompression, ZLIB};
use tls_engine::switches::Switches;

use crate::support::providers;
use crate::support::scripted::Script;
use crate::support::scripted::draft::{compressed_certificate, message};
use crate::support::scripted::states::against_client;
use crate::{Case, Endpoints, bare, least};

/// The longest body of a Certificate.
const LONGEST: usize = (1 << 16) - 4;

#[test]
fn to_send_a_compressed_certificate_asks_for_no_more_than_to_send_it_as_it_is() {
    let case = Case::all()[0];
    for algorithm in [ZLIB, BROTLI] {
        let ends = Endpoints::with(
            &case,
            Switches::all(),
            |builder| builder.certificate_compression(&[algorithm]),
            |builder| builder.certificate_compression(&[algorithm]),
        );
        let bare = bare::Handshake::new(&case);
        let [ours, bare] = least([&mut || ends.handshake(&case), &mut || bare.run()]);
        assert_eq!(ours.server, bare.server, "{}", algorithm.algorithm());
        assert!(ours.client > bare.client, "nothing was decompressed");
    }
}

/// What a client says to a CompressedCertificate, and how many bytes of the heap it has at once.
fn decompress(algorithm: &'static dyn CertificateCompression, said_len: usize, compressed: &[u8]) -> (Error, i64) {
    let mut server = against_client(providers()[0], |builder| builder.certificate_compression(&[ZLIB, BROTLI]));
    server.accept(NamedGroup::X25519, usize::MAX);
    server.send_flight(1);
    let body = compressed_certificate(algorithm.algorithm().0, said_len as u32, compressed);
    let message = message(HandshakeType::COMPRESSED_CERTIFICATE, &body);
    let records: Vec<u8> = message
        .chunks(16_000)
        .flat_map(|piece| server.protect(tls_engine::codes::ContentType::HANDSHAKE, piece))
        .collect();
    let (result, counts) = heap_meter::count(|| server.wire.subject.feed(&records));
    (result.expect_err("no certificates"), counts.peak_bytes)
}

fn is_bad(error: &Error, why: &str) -> bool {
    matches!(error, Error::Certificate(CertificateError::Bad(told)) if told.contains(why))
}

#[test]
fn a_bomb_takes_no_more_memory_than_a_certificate_may() {
    let zeros = vec![0; 1 << 25];
    for algorithm in [ZLIB, BROTLI] {
        let bomb = algorithm.compress(&zeros).expect("zeros are compressed");
        assert!(bomb.len() < LONGEST, "{} bytes", bomb.len());
        let name = algorithm.algorithm();
        // The received message is about as long, and kept until it is whole.
        let received = 3 * bomb.len() as i64;
        for said in [1, 1000, LONGEST] {
            let (error, peak_bytes) = decompress(algorithm, said, &bomb);
            assert!(is_bad(&error, "does not decompress"), "{name}: {error}");
            assert!(peak_bytes < received + 600_000, "{name}: {peak_bytes} bytes for {said}");
        }
        // What is too large as it says itself gets no memory at all.
        for said in [LONGEST + 1, zeros.len() >> 2, (1 << 24) - 1] {
            let (error, peak_bytes) = decompress(algorithm, said, &bomb);
            assert!(is_bad(&error, "too large"), "{name}: {error}");
            assert!(peak_bytes < received + 10_000, "{name}: {peak_bytes} bytes for {said}");
        }
    }
}

/// A brotli stream of `len` zeros that are not compressed, in blocks of 2^15, with a window of 2^24 bytes (RFC 7932 9.1, 9.2).
fn stored(len: usize) -> Vec<u8> {
    let mut stream = Vec::new();
    for (index, block) in vec![0; len].chunks(1 << 15).enumerate() {
        let length = block.len() as u32 - 1;
        // ISLAST 0, MNIBBLES 4, MLEN - 1, ISUNCOMPRESSED 1: 20 bits; behind them, or behind WBITS, up to a whole byte.
        let header = length << 3 | 1 << 19;
        let bits = if index == 0 { header << 4 | 0b1111 } else { header };
        stream.extend_from_slice(&bits.to_le_bytes()[..3]);
        stream.extend_from_slice(block);
    }
    // ISLAST, ISLASTEMPTY.
    stream.push(0b11);
    stream
}

/// The decoder would allocate the window that the stream names: 16 MiB, however short it is.
#[test]
fn the_window_of_a_brotli_stream_takes_no_more_memory_than_a_message_needs() {
    for len in [40_000, 1000, 1 << 15, LONGEST] {
        let (stream, mut out) = (stored(len), vec![1; len]);
        let (is_right, counts) = heap_meter::count(|| BROTLI.decompress(&stream, &mut out));
        assert!(is_right && out.iter().all(|byte| *byte == 0), "{len} bytes");
        assert!(counts.peak_bytes < 500_000, "{} bytes of the heap", counts.peak_bytes);
    }
}
