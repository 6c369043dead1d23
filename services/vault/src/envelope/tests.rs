//! What is sealed opens where it belongs, for ever, and nowhere else.

use std::collections::HashSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use infragpt_events::{ConnectorKind, OrganizationId, credential::Sealed};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{Error, KeyRing, Owner, Secret};

fn ring(byte: u8) -> KeyRing {
    let mut key = [byte; 32];
    key[31] ^= 1;
    KeyRing::parse(&STANDARD.encode(key).into()).unwrap()
}

fn owner(organization: &str, integration: u128, connector: &str) -> Owner {
    Owner {
        organization: OrganizationId::parse(organization).unwrap(),
        integration: Uuid::from_u128(integration),
        connector: ConnectorKind::parse(connector).unwrap(),
    }
}

fn place(owner: &Owner, generation: u32, version: u32) -> Place<'_> {
    Place {
        owner,
        generation,
        version,
    }
}

/// Sealed and wrapped by another implementation of what the documentation says. Were these not to open any more, no
/// stored credential would.
#[test]
fn what_was_sealed_once_opens_for_ever() {
    let mut key = [0xfb, 0xff, 0xbf].to_vec();
    key.extend(3..32);
    let ring = KeyRing::parse(&STANDARD.encode(key).into()).unwrap();
    let wrapped = r#"{"key":"86585257409377f4","nonce":"AAECAwQFBgcICQoL","wrapped":"lZ-eSUioCCNLXjMfMNkqY2BpvScJajwqEduvLwpGT61ysFQBsGhi_Iy5s4f25wb1"}"#;
    let sealed: Sealed = serde_json::from_str(
        r#"{"algorithm": "A256GCM", "nonce": "MjM0NTY3ODk6Ozw9", "ciphertext": "g7FfJY8Rj9KE2cm2NADW7IRxKXvFSx71JnvD5bOZM3Q_gsvBZErvoMU"}"#,
    )
    .unwrap();
    let owner = owner("acme", 1, "forge");
    let place = place(&owner, 3, 7);
    assert_eq!(wrapped_under(wrapped.as_bytes()).unwrap(), ring.current_id());
    let data_key = DataKey::unwrap(&ring, &place.key_id(), wrapped.as_bytes()).unwrap();
    let secret = Ciphertext::read(&sealed).unwrap().open(&data_key, &place).unwrap();
    assert_eq!(secret.expose(), br#"{"access_token":"frozen"}"#);
}

proptest! {
    #[test]
    fn any_secret_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..4096), generation in 1_u32.., version in 1_u32..) {
        let owner = owner("acme", 1, "forge");
        let place = place(&owner, generation, version);
        let key = DataKey::draw().unwrap();
        let unwrapped = DataKey::unwrap(&ring(1), &place.key_id(), &key.wrap(&ring(1), &place.key_id()).unwrap()).unwrap();
        prop_assert_eq!(&unwrapped, &key);
        let secret = Secret::new(bytes);
        let sealed = Ciphertext::seal(&key, &place, &secret).unwrap().sealed();
        prop_assert_eq!(Ciphertext::read(&sealed).unwrap().open(&unwrapped, &place).unwrap(), secret);
    }

    #[test]
    fn in_another_place_nothing_opens(
        organization in "[a-z-]{1,64}", integration: u128, connector in "[a-z]{1,64}", generation: u32, version: u32,
    ) {
        let home = owner("acme", 1, "forge");
        let home = place(&home, 1, 1);
        let key = DataKey::draw().unwrap();
        let wrapped = key.wrap(&ring(1), &home.key_id()).unwrap();
        let sealed = Ciphertext::seal(&key, &home, &Secret::new(b"secret".to_vec())).unwrap();
        // One thing at a time, and everything at once.
        for (away, generation, version) in [
            (owner(&organization, 1, "forge"), 1, 1),
            (owner("acme", integration, "forge"), 1, 1),
            (owner("acme", 1, &connector), 1, 1),
            (owner("acme", 1, "forge"), generation, 1),
            (owner("acme", 1, "forge"), 1, version),
            (owner(&organization, integration, &connector), generation, version),
        ] {
            let away = place(&away, generation, version);
            if away == home {
                continue;
            }
            prop_assert!(matches!(sealed.open(&key, &away), Err(Error::Unreadable)));
            if away.key_id() != home.key_id() {
                prop_assert!(matches!(DataKey::unwrap(&ring(1), &away.key_id(), &wrapped), Err(Error::Unreadable)));
            }
        }
    }
}

/// Fields that run into each other: `ac` + `me` is `a` + `cme` where lengths aren't told.
#[test]
fn fields_do_not_run_into_each_other() {
    let home = owner("acmeforge", 1, "forge");
    let key = DataKey::draw().unwrap();
    let sealed = Ciphertext::seal(&key, &place(&home, 1, 1), &Secret::new(vec![1])).unwrap();
    for away in [owner("acme", 1, "forgeforge"), owner("acmeforgef", 1, "orge")] {
        assert!(matches!(sealed.open(&key, &place(&away, 1, 1)), Err(Error::Unreadable)));
    }
}

#[test]
fn one_bit_off_in_the_place_is_another_place() {
    let home = owner("acme", 1, "forge");
    let key = DataKey::draw().unwrap();
    let wrapped = key.wrap(&ring(1), &place(&home, 1, 1).key_id()).unwrap();
    let sealed = Ciphertext::seal(&key, &place(&home, 1, 1), &Secret::new(vec![1])).unwrap();
    let mut places: Vec<(Owner, u32, u32)> = (0..32)
        .flat_map(|bit| [(home.clone(), 1 ^ (1 << bit), 1), (home.clone(), 1, 1 ^ (1 << bit))])
        .collect();
    places.extend((0..128).map(|bit| (owner("acme", 1 ^ (1 << bit), "forge"), 1, 1)));
    for text in one_bit_off("acme") {
        places.extend(OrganizationId::parse(&text).map(|organization| {
            (
                Owner {
                    organization,
                    ..home.clone()
                },
                1,
                1,
            )
        }));
    }
    for text in one_bit_off("forge") {
        places.extend(ConnectorKind::parse(&text).map(|connector| {
            (
                Owner {
                    connector,
                    ..home.clone()
                },
                1,
                1,
            )
        }));
    }
    assert!(places.len() > 220, "only {}", places.len());
    for (owner, generation, version) in &places {
        let away = place(owner, *generation, *version);
        assert!(matches!(sealed.open(&key, &away), Err(Error::Unreadable)), "{away:?}");
        let opened = DataKey::unwrap(&ring(1), &away.key_id(), &wrapped);
        assert_eq!(opened.is_ok(), away.key_id() == place(&home, 1, 1).key_id(), "{away:?}");
    }
}

/// Every text that differs from `text` in one bit and is text still.
fn one_bit_off(text: &str) -> Vec<String> {
    (0..text.len() * 8)
        .filter_map(|bit| {
            let mut bytes = text.as_bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            String::from_utf8(bytes).ok()
        })
        .collect()
}

#[test]
fn a_credential_with_one_bit_off_does_not_open() {
    let owner = owner("acme", 1, "forge");
    let place = place(&owner, 1, 1);
    let key = DataKey::draw().unwrap();
    let good = Ciphertext::seal(&key, &place, &Secret::new(b"xoxb-secret".to_vec()))
        .unwrap()
        .sealed();
    let altered = one_bit_off(&good.algorithm)
        .into_iter()
        .map(|algorithm| Sealed {
            algorithm,
            ..good.clone()
        })
        .chain(
            one_bit_off(&good.nonce)
                .into_iter()
                .map(|nonce| Sealed { nonce, ..good.clone() }),
        )
        .chain(one_bit_off(&good.ciphertext).into_iter().map(|ciphertext| Sealed {
            ciphertext,
            ..good.clone()
        }));
    let mut tried = 0;
    for sealed in altered {
        let opened = Ciphertext::read(&sealed).and_then(|ciphertext| ciphertext.open(&key, &place));
        assert!(matches!(opened, Err(Error::Unreadable)), "{sealed:?}");
        tried += 1;
    }
    assert!(tried > 300, "only {tried} were tried");
    for bit in 0..256 {
        let mut other = key.clone();
        other.0[bit / 8] ^= 1 << (bit % 8);
        let opened = Ciphertext::read(&good).unwrap().open(&other, &place);
        assert!(matches!(opened, Err(Error::Unreadable)), "bit {bit} of the data key");
    }
}

#[test]
fn a_wrapped_key_with_one_bit_off_does_not_open() {
    let owner = owner("acme", 1, "forge");
    let id = place(&owner, 1, 1).key_id();
    let good = DataKey::draw().unwrap().wrap(&ring(1), &id).unwrap();
    let good = std::str::from_utf8(&good).unwrap();
    let mut missing = 0;
    for entry in one_bit_off(good) {
        match DataKey::unwrap(&ring(1), &id, entry.as_bytes()) {
            Err(Error::Unreadable) => {}
            // Only a bit of the identifier can make it another one's.
            Err(Error::KeyMissing { key }) => {
                assert!(!ring(1).ids().contains(&key));
                missing += 1;
            }
            other => panic!("{entry}: {other:?}"),
        }
    }
    assert!((1..=16 * 8).contains(&missing), "{missing}");
}

#[test]
fn a_wrapped_key_says_which_key_is_missing() {
    let owner = owner("acme", 1, "forge");
    let id = place(&owner, 1, 1).key_id();
    let wrapped = DataKey::draw().unwrap().wrap(&ring(1), &id).unwrap();
    let error = DataKey::unwrap(&ring(2), &id, &wrapped).unwrap_err();
    assert!(matches!(&error, Error::KeyMissing { key } if key == ring(1).current_id()));
    assert!(
        error.to_string().contains("wrapped under a key that is not configured"),
        "{error}"
    );
    let renamed = String::from_utf8(wrapped.to_vec())
        .unwrap()
        .replace(ring(1).current_id(), ring(2).current_id());
    let error = DataKey::unwrap(&ring(2), &id, renamed.as_bytes()).unwrap_err();
    assert!(matches!(error, Error::Unreadable), "it is not under that key");
}

#[test]
fn no_nonce_comes_twice() {
    let owner = owner("acme", 1, "forge");
    let place = place(&owner, 1, 1);
    let key = DataKey::draw().unwrap();
    let secret = Secret::new(vec![0; 32]);
    let mut nonces = HashSet::new();
    let mut keys = HashSet::new();
    for _ in 0..10_000 {
        let sealed = Ciphertext::seal(&key, &place, &secret).unwrap().sealed();
        assert!(nonces.insert(sealed.nonce));
        assert!(keys.insert(DataKey::draw().unwrap().0.to_vec()));
    }
}

#[test]
fn nothing_secret_is_shown() {
    assert_eq!(format!("{:?}", DataKey::draw().unwrap()), "DataKey(..)");
}
