//! Keys that stand for one secret key, and what looks like a key and is none.

use ed25519_dalek::VerifyingKey;

use super::*;

/// The eight points of small order, each in its own encoding.
const SMALL: [&str; 8] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];

/// The same points in encodings that they should not have.
const SMALL_AGAIN: [&str; 6] = [
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

fn bytes(digits: &str) -> [u8; 32] {
    crate::text::read_hex(digits).expect("hexadecimal digits of these tests")
}

#[test]
fn keys_of_small_order_are_refused() {
    for digits in SMALL {
        let library = VerifyingKey::from_bytes(&bytes(digits));
        assert!(library.is_ok_and(|key| key.is_weak()), "{digits}");
        let read = PublicKey::from_bytes(&bytes(digits));
        assert_eq!(read, Err(PublicKeyError::Weak), "{digits}");
    }
    for digits in SMALL_AGAIN {
        let read = PublicKey::from_bytes(&bytes(digits));
        assert_eq!(read, Err(PublicKeyError::NotAPoint), "{digits}");
    }
}

/// Numbers from the field's prime up to 2²⁵⁵ stand for small ones, which have an encoding already.
#[test]
fn no_key_has_a_second_encoding() {
    let mut taken_by_the_library = 0;
    for (least, most) in (0xed..=0xff).flat_map(|least| [(least, 0x7f), (least, 0xff)]) {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (least, most);
        taken_by_the_library += usize::from(VerifyingKey::from_bytes(&bytes).is_ok());
        assert_eq!(
            PublicKey::from_bytes(&bytes),
            Err(PublicKeyError::NotAPoint)
        );
    }
    assert!(taken_by_the_library > 4, "{taken_by_the_library}");
}

#[test]
fn bytes_that_are_no_point_are_refused() {
    let mut bytes = [0; 32];
    bytes[0] = 2;
    assert_eq!(
        PublicKey::from_bytes(&bytes),
        Err(PublicKeyError::NotAPoint)
    );
}

/// RFC 8032, 7.1, the first of its keys.
#[test]
fn a_key_and_its_id_are_written_in_one_way() {
    let public = PublicKey::from_bytes(&bytes(
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    ))
    .unwrap();
    let secret = SecretKey::from_seed(bytes(
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    ));
    assert_eq!(secret.public(), public);
    let text = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    assert_eq!(public.to_string(), text);
    assert_eq!(text.parse(), Ok(public));
    let id = "21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9";
    assert_eq!(public.id().to_string(), id);
    assert_eq!(id.parse(), Ok(public.id()));
}

#[test]
fn other_spellings_of_a_key_are_refused() {
    let wrongs = [
        "",
        "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        "ED25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        "ed25519: 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        // Bits that no byte has, a byte less, a byte more.
        "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURp=",
        "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUQ==",
        "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURoA",
    ];
    for wrong in wrongs {
        assert_eq!(wrong.parse::<PublicKey>(), Err(PublicKeyError::Form));
    }
    let digits = key(1).public().id().to_string();
    for wrong in [
        "",
        &digits[1..],
        &format!("{digits}0"),
        &digits.to_uppercase(),
        &format!("+{}", &digits[1..]),
    ] {
        assert_eq!(wrong.parse::<KeyId>(), Err(PublicKeyError::Id));
    }
}

#[test]
fn a_secret_key_is_never_shown() {
    assert_eq!(format!("{:?}", key(7)), "SecretKey(..)");
}

proptest! {
    #[test]
    fn every_key_reads_back(seed in any::<[u8; 32]>()) {
        let public = SecretKey::from_seed(seed).public();
        prop_assert_eq!(public.to_string().parse(), Ok(public));
        prop_assert_eq!(public.id().to_string().parse(), Ok(public.id()));
    }

    #[test]
    fn bytes_that_are_taken_are_the_keys_own(bytes in any::<[u8; 32]>()) {
        if let Ok(public) = PublicKey::from_bytes(&bytes) {
            prop_assert_eq!(public.to_string().parse(), Ok(public));
            prop_assert_eq!(public.to_string(), format!("ed25519:{}", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes)));
        }
    }

    #[test]
    fn no_text_makes_the_parser_of_keys_panic(text in any::<String>(), encoded in "[A-Za-z0-9+/=]{40,48}") {
        let _ = text.parse::<PublicKey>();
        let _ = text.parse::<KeyId>();
        let _ = format!("ed25519:{encoded}").parse::<PublicKey>();
    }
}
