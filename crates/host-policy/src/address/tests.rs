//! The table of the documentation, walked, and what the surroundings change.

use proptest::prelude::*;

use super::*;

fn plain(address: &str) -> AddressClass {
    classify(address.parse().unwrap(), &Surroundings::default())
}

#[test]
fn each_address_of_the_documentation_has_its_class() {
    let rows = include_str!("mod.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! | `")?.strip_suffix(" |"));
    let mut count = 0;
    for row in rows {
        let (address, class) = row.split_once("` | ").unwrap();
        assert_eq!(plain(address).to_string(), class, "{address}");
        count += 1;
    }
    assert!(count > 50);
}

#[test]
fn both_ends_of_every_block_are_judged_by_the_narrowest_block_around() {
    // A mapped address never reaches the table: it is unwrapped before.
    let mapped: IpNet = "::ffff:0:0/96".parse().unwrap();
    for block in table::SPECIAL
        .iter()
        .filter(|block| block.network != mapped)
    {
        for end in [block.network.network(), block.network.broadcast()] {
            let around = table::SPECIAL
                .iter()
                .filter(|other| other.network.contains(&end));
            let narrowest = around
                .max_by_key(|other| other.network.prefix_len())
                .unwrap();
            assert_eq!(by_registry(end).is_public(), narrowest.reachable, "{end}");
        }
    }
}

#[test]
fn the_host_itself_and_its_networks_are_not_public() {
    let around = Surroundings {
        own: vec![
            "8.8.4.4".parse().unwrap(),
            "::ffff:9.9.9.9".parse().unwrap(),
        ],
        on_link: vec![
            "1.1.1.0/24".parse().unwrap(),
            "2606:4700::/64".parse().unwrap(),
        ],
        nat64: Vec::new(),
    };
    let class = |address: &str| classify(address.parse().unwrap(), &around);
    assert_eq!(class("8.8.4.4"), AddressClass::Own);
    assert_eq!(class("9.9.9.9"), AddressClass::Own);
    assert_eq!(class("::ffff:8.8.4.4"), AddressClass::Own);
    assert_eq!(class("2002:808:404::1"), AddressClass::Own);
    assert_eq!(class("1.1.1.1"), AddressClass::OnLink);
    assert_eq!(class("64:ff9b::1.1.1.1"), AddressClass::OnLink);
    assert_eq!(class("2606:4700::1111"), AddressClass::OnLink);
    assert_eq!(class("8.8.8.8"), AddressClass::Public);
}

#[test]
fn a_discovered_prefix_is_judged_by_the_address_behind_it() {
    // The examples of RFC 6052, section 2.4, for 192.0.2.33.
    let examples = [
        ("2001:db8::/32", "2001:db8:c000:221::"),
        ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
        ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
        ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
        ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
        ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"),
    ];
    for (prefix, address) in examples {
        let around = Surroundings {
            nat64: vec![prefix.parse().unwrap()],
            ..Surroundings::default()
        };
        let inner = inside(address.parse().unwrap(), &around);
        assert_eq!(inner, [Ipv4Addr::new(192, 0, 2, 33)], "{prefix}");
    }
    let around = Surroundings {
        nat64: vec!["64:ff9b:1::/96".parse().unwrap()],
        ..Surroundings::default()
    };
    assert!(classify("64:ff9b:1::8.8.8.8".parse().unwrap(), &around).is_public());
    assert!(!classify("64:ff9b:1::10.0.0.1".parse().unwrap(), &around).is_public());
}

#[test]
fn metadata_services_are_found_inside_other_addresses_too() {
    for address in [
        "168.63.129.16",
        "64:ff9b::168.63.129.16",
        "2002:a83f:8110::1",
        "::ffff:169.254.169.254",
    ] {
        assert!(
            is_metadata(address.parse().unwrap(), &Surroundings::default()),
            "{address}"
        );
    }
    assert!(!is_metadata(
        "8.8.8.8".parse().unwrap(),
        &Surroundings::default()
    ));
}

proptest! {
    #[test]
    fn a_mapped_address_has_the_class_of_the_address_inside(bits in any::<u32>()) {
        let v4 = Ipv4Addr::from_bits(bits);
        let around = Surroundings::default();
        prop_assert_eq!(classify(v4.to_ipv6_mapped().into(), &around), classify(v4.into(), &around));
    }

    #[test]
    fn an_address_that_the_standard_library_calls_special_is_not_public(bits in any::<u32>()) {
        let v4 = Ipv4Addr::from_bits(bits);
        let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast()
            || v4.is_broadcast() || v4.is_documentation() || v4.is_unspecified();
        prop_assert!(!special || !classify(v4.into(), &Surroundings::default()).is_public());
    }

    #[test]
    fn any_address_has_a_class(bits in any::<u128>(), prefix in 0_u8..=128) {
        let nat64 = vec![Ipv6Net::new(Ipv6Addr::from_bits(bits), prefix).unwrap().trunc()];
        let around = Surroundings { nat64, ..Surroundings::default() };
        let _ = classify(Ipv6Addr::from_bits(bits).into(), &around);
    }
}
