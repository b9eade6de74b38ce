//! What is signed, and what a signature does not hold for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey, Verifier as _};
use sha2::{Digest as _, Sha512};

use super::*;

/// The order of the group, least byte first: what may be added to half of a signature where nobody is strict.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// The neutral point's encoding.
const NEUTRAL: [u8; 32] = {
    let mut bytes = [0; 32];
    bytes[0] = 1;
    bytes
};

#[test]
fn a_statement_is_four_parts_each_after_its_length() {
    let digest = Digest::of(b"weather");
    let expected = [
        &b"\0\0\0\0\0\0\0\x17portcullis-signature-v1"[..],
        b"\0\0\0\0\0\0\0\x13org.example.weather",
        b"\0\0\0\0\0\0\0\x051.2.0",
        b"\0\0\0\0\0\0\0\x20",
        digest.as_bytes(),
    ];
    assert_eq!(weather().to_bytes(), expected.concat());
}

#[test]
fn parts_that_run_together_the_same_way_are_other_statements() {
    let of = |text: &str, number: &str| Statement {
        id: id(text),
        version: version(number),
        ..weather()
    };
    // Without lengths, both would start with `a1.1.0.0`.
    let (one, other) = (of("a", "11.0.0-x"), of("a1", "1.0.0-x"));
    assert_ne!(one.to_bytes(), other.to_bytes());
    assert!(!key(1).public().verifies(&other, &key(1).sign(&one)));
}

#[test]
fn a_signature_holds_for_its_statement_alone() {
    let signed = key(1).sign(&weather());
    assert!(key(1).public().verifies(&weather(), &signed));
    let others = [
        Statement {
            id: id("org.example.weathe"),
            ..weather()
        },
        Statement {
            version: version("1.2.1"),
            ..weather()
        },
        // Build metadata makes no version newer, and is signed all the same.
        Statement {
            version: version("1.2.0+1"),
            ..weather()
        },
        Statement {
            digest: Digest::of(b"weather!"),
            ..weather()
        },
    ];
    for other in others {
        assert!(!key(1).public().verifies(&other, &signed), "{other:?}");
    }
}

#[test]
fn a_signature_over_anything_that_is_no_statement_does_not_hold() {
    let secret = key(1);
    let (statement, bytes) = (weather(), weather().to_bytes());
    let other_domain = String::from_utf8_lossy(b"portcullis-signature-v1").replace("v1", "v2");
    let mut renamed = bytes.clone();
    renamed[8..8 + other_domain.len()].copy_from_slice(other_domain.as_bytes());
    let texts: [&[u8]; 5] = [
        &renamed,
        // Without the domain, without its length, the digest alone, and nothing.
        &bytes[8 + other_domain.len()..],
        &bytes[8..],
        statement.digest.as_bytes(),
        b"",
    ];
    for text in texts {
        let signed = Signature {
            key: secret.public().id(),
            bytes: SigningKey::sign(secret.as_ref(), text).to_bytes(),
        };
        assert!(!secret.public().verifies(&statement, &signed));
    }
}

#[test]
fn a_signature_under_another_keys_name_does_not_hold() {
    let signed = key(1).sign(&weather());
    let renamed = Signature {
        key: key(2).public().id(),
        ..signed
    };
    assert!(!key(1).public().verifies(&weather(), &renamed));
    assert!(!key(2).public().verifies(&weather(), &renamed));
}

#[test]
fn no_multiple_of_the_groups_order_makes_a_second_form() {
    let mut signed = key(1).sign(&weather());
    let mut forms = 0;
    while add(&mut signed.bytes[32..], &ORDER) {
        forms += 1;
        assert!(!key(1).public().verifies(&weather(), &signed));
    }
    assert!(forms > 10);
}

/// Adds to a number, least byte first; false where it does not fit.
fn add(number: &mut [u8], term: &[u8; 32]) -> bool {
    let carry = number.iter_mut().zip(term).fold(0, |carry, (byte, term)| {
        let sum = u16::from(*byte) + u16::from(*term) + carry;
        *byte = sum as u8;
        sum >> 8
    });
    carry == 0
}

/// Who holds the secret key can make such a signature; the lax check takes it, and with it a signature that names no nonce.
#[test]
fn a_signature_whose_point_is_of_small_order_does_not_hold() {
    let secret = key(1);
    let signing: &SigningKey = secret.as_ref();
    let statement = weather().to_bytes();
    let mut hash = Sha512::new();
    hash.update(NEUTRAL);
    hash.update(signing.verifying_key().as_bytes());
    hash.update(&statement);
    let challenge = curve25519_dalek::Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(&NEUTRAL);
    bytes[32..].copy_from_slice((challenge * signing.to_scalar()).as_bytes());

    let lax = ed25519_dalek::Signature::from_bytes(&bytes);
    assert!(signing.verifying_key().verify(&statement, &lax).is_ok());
    let key = secret.public().id();
    let signed = Signature { key, bytes };
    assert!(!secret.public().verifies(&weather(), &signed));
}

#[test]
fn signatures_of_zeros_or_ones_do_not_hold() {
    for byte in [0, 0xff] {
        let signed = Signature {
            key: key(1).public().id(),
            bytes: [byte; 64],
        };
        assert!(!key(1).public().verifies(&weather(), &signed));
    }
}

#[test]
fn no_bit_of_a_signature_can_be_flipped() {
    let signed = key(1).sign(&weather());
    for bit in 0..512 {
        let mut flipped = signed.clone();
        flipped.bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(!key(1).public().verifies(&weather(), &flipped), "bit {bit}");
    }
}

#[test]
fn a_file_of_signatures_reads_back_as_it_was_written() {
    let signatures = signed_by(&weather(), &[&key(2), &key(1)]);
    let text = signatures.to_string();
    assert_eq!(Signatures::parse(&text).as_ref(), Ok(&signatures));
    assert_eq!(text.matches("[[signature]]").count(), 2);
    assert!(Signatures::parse("").is_ok_and(|none| none.is_empty()));
}

#[test]
fn a_key_that_signs_again_replaces_its_signature() {
    let mut signatures = signed_by(&weather(), &[&key(1), &key(2)]);
    let newer = Statement {
        version: version("2.0.0"),
        ..weather()
    };
    signatures.add(key(1).sign(&newer));
    let keys: Vec<_> = signatures.iter().map(|signature| signature.key).collect();
    assert_eq!(keys, [key(2).public().id(), key(1).public().id()]);
    let last = signatures.iter().last().expect("two are there");
    assert!(key(1).public().verifies(&newer, last));
}

#[test]
fn all_mistakes_of_a_file_of_signatures_are_told_at_once() {
    let id = key(1).public().id();
    let good = STANDARD.encode([1; 64]);
    let short = STANDARD.encode([1; 63]);
    let text = format!(
        "[[signature]]\nkey = \"{id}\"\nsignature = \"{good}\"\n\
         [[signature]]\nkey = \"{id}\"\nsignature = \"{good}\"\n\
         [[signature]]\nkey = \"ABC\"\nsignature = \"{short}\"\n\
         [[signature]]\nky = \"\"\n\
         [signer]\n"
    );
    assert_eq!(
        mistakes(Signatures::parse(&text)),
        [
            &format!("line 4, column 1: the key {id} signed already"),
            "line 8, column 7: a key id is 64 hexadecimal digits in lower case",
            "line 9, column 13: a signature is 64 bytes in base64",
            "line 10, column 1: `key` is missing",
            "line 10, column 1: `signature` is missing",
            "line 11, column 1: `ky` is not known here; write `key`",
            "line 12, column 2: `signer` is not known here",
        ]
    );
}

#[test]
fn a_signature_has_one_spelling() {
    let text = signed_by(&weather(), &[&key(1)]).to_string();
    assert!(text.contains("==\""));
    // Without padding, in the other alphabet, with bits that no byte has, and with a line break.
    let encoded = STANDARD.encode(key(1).sign(&weather()).bytes);
    let bare = encoded.trim_end_matches('=');
    let (head, last) = bare.split_at(bare.len() - 1);
    let next = char::from(last.as_bytes()[0] + 1);
    let wrongs = [
        bare.to_owned(),
        format!("{head}{next}=="),
        format!("{head}\\n{last}=="),
        encoded.replace(['+', '/'], "_"),
    ];
    for wrong in wrongs {
        let read = Signatures::parse(&text.replace(&encoded, &wrong));
        assert!(read.is_err(), "{wrong}");
    }
}

#[test]
fn a_file_has_at_most_32_signatures() {
    let write = |count: u8| {
        let mut signatures = Signatures::default();
        for seed in 0..count {
            let (key, bytes) = (key(seed).public().id(), [seed; 64]);
            signatures.add(Signature { key, bytes });
        }
        signatures.to_string()
    };
    assert!(Signatures::parse(&write(32)).is_ok());
    assert_eq!(
        mistakes(Signatures::parse(&write(33))),
        ["line 129, column 1: a file has at most 32 signatures"]
    );
}

proptest! {
    #[test]
    fn different_statements_are_different_bytes(one in statements(), other in statements()) {
        prop_assert_eq!(one == other, one.to_bytes() == other.to_bytes());
    }

    #[test]
    fn a_key_signs_one_statement_at_a_time(one in statements(), other in statements(), seed in any::<u8>()) {
        let secret = key(seed);
        let signed = secret.sign(&one);
        prop_assert!(secret.public().verifies(&one, &signed));
        prop_assert_eq!(secret.public().verifies(&other, &signed), one == other);
        prop_assert!(!key(seed.wrapping_add(1)).public().verifies(&one, &signed));
    }

    #[test]
    fn no_bit_of_a_key_or_digest_can_be_flipped(seed in any::<u8>(), bit in 0_usize..256) {
        let flip = |mut bytes: [u8; 32]| {
            bytes[bit / 8] ^= 1 << (bit % 8);
            bytes
        };
        let secret = key(seed);
        let signed = secret.sign(&weather());
        let digest = Digest::from_bytes(flip(*weather().digest.as_bytes()));
        let other = Statement { digest, ..weather() };
        prop_assert!(!secret.public().verifies(&other, &signed));
        let signing: &SigningKey = secret.as_ref();
        if let Ok(other) = PublicKey::from_bytes(&flip(signing.verifying_key().to_bytes())) {
            let renamed = Signature { key: other.id(), ..signed };
            prop_assert!(!other.verifies(&weather(), &renamed));
        }
    }

    #[test]
    fn no_text_makes_the_parser_of_signatures_panic(text in any::<String>()) {
        let _ = Signatures::parse(&text).map_err(|errors| errors.report("a.wasm.sig"));
    }

    #[test]
    fn no_value_makes_the_parser_of_signatures_panic(key in any::<String>(), value in any::<String>()) {
        let text = format!("[[signature]]\nkey = {key:?}\nsignature = {value:?}");
        let _ = Signatures::parse(&text).map_err(|errors| errors.report("a.wasm.sig"));
    }
}
