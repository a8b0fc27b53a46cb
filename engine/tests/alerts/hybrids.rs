//! Shares of hybrids that no honest peer sends (draft-ietf-tls-ecdhe-mlkem 4.1, 4.2).

use std::ops::Range;

use tls_engine::codes::{AlertDescription as Alert, ExtensionType, NamedGroup};
use tls_engine::crypto::Provider;

use crate::client_hello::set_shares;
use crate::support::scripted::client::ScriptedClient;
use crate::support::scripted::draft::{numbers, share, vector16};
use crate::support::scripted::server::ScriptedServer;
use crate::support::scripted::states::{against_client, against_server};
use crate::table::Table;

/// A hybrid, where a client's share has its parts, and where a server's has the curve.
struct Hybrid {
    group: NamedGroup,
    curve: NamedGroup,
    curve_of_client: Range<usize>,
    key_of_client: Range<usize>,
    curve_of_server: Range<usize>,
    against_server: fn(&'static Provider) -> ScriptedClient,
    against_client: fn(&'static Provider) -> ScriptedServer,
}

const HYBRIDS: [Hybrid; 3] = [
    Hybrid {
        group: NamedGroup::X25519_MLKEM768,
        curve: NamedGroup::X25519,
        key_of_client: 0..1184,
        curve_of_client: 1184..1216,
        curve_of_server: 1088..1120,
        against_server: |provider| against_server(provider, |builder| builder.groups(&[NamedGroup::X25519_MLKEM768])),
        against_client: |provider| against_client(provider, |builder| builder.groups(&[NamedGroup::X25519_MLKEM768])),
    },
    Hybrid {
        group: NamedGroup::SECP256R1_MLKEM768,
        curve: NamedGroup::SECP256R1,
        curve_of_client: 0..65,
        key_of_client: 65..1249,
        curve_of_server: 0..65,
        against_server: |provider| {
            against_server(provider, |builder| builder.groups(&[NamedGroup::SECP256R1_MLKEM768]))
        },
        against_client: |provider| {
            against_client(provider, |builder| builder.groups(&[NamedGroup::SECP256R1_MLKEM768]))
        },
    },
    Hybrid {
        group: NamedGroup::SECP384R1_MLKEM1024,
        curve: NamedGroup::SECP384R1,
        curve_of_client: 0..97,
        key_of_client: 97..1665,
        curve_of_server: 0..97,
        against_server: |provider| {
            against_server(provider, |builder| builder.groups(&[NamedGroup::SECP384R1_MLKEM1024]))
        },
        against_client: |provider| {
            against_client(provider, |builder| builder.groups(&[NamedGroup::SECP384R1_MLKEM1024]))
        },
    },
];

/// How a right share is made wrong.
type Spoil = Box<dyn Fn(&mut Vec<u8>)>;

/// What is wrong whichever end a share is of. `curve` is where the part of the curve is.
fn spoiled(hybrid: &Hybrid, curve: &Range<usize>) -> Vec<(&'static str, Spoil)> {
    let at = |curve: &Range<usize>| curve.clone();
    let mut all: Vec<(&'static str, Spoil)> = vec![
        ("one byte short", Box::new(|share| share.truncate(share.len() - 1))),
        ("one byte long", Box::new(|share| share.push(0))),
        ("one byte", Box::new(|share| share.truncate(1))),
        ("half of it", Box::new(|share| share.truncate(share.len() / 2))),
        ("twice", Box::new(|share| share.extend(share.clone()))),
    ];
    let (alone, without) = (at(curve), at(curve));
    all.push(("the curve's part alone", Box::new(move |share| *share = share[alone.clone()].to_vec())));
    all.push(("ML-KEM's part alone", Box::new(move |share| drop(share.drain(without.clone())))));
    let (zero, form, hybrid_form, last) = (at(curve), curve.start, curve.start, curve.end - 1);
    if hybrid.curve == NamedGroup::X25519 {
        all.push(("a curve's part of zeros", Box::new(move |share| share[zero.clone()].fill(0))));
    } else {
        all.push(("a point of zeros", Box::new(move |share| share[zero.start + 1..zero.end].fill(0))));
        all.push(("a point in compressed form", Box::new(move |share| share[form] = 2)));
        all.push(("a point in hybrid form", Box::new(move |share| share[hybrid_form] = 6 + (share[last] & 1))));
        all.push(("a point off the curve", Box::new(move |share| share[last] ^= 1)));
    }
    all
}

#[test]
fn shares_of_clients() {
    let mut table = Table::new();
    for hybrid in &HYBRIDS {
        table.from(hybrid.against_server);
        let mut all = spoiled(hybrid, &hybrid.curve_of_client);
        let key = hybrid.key_of_client.clone();
        // FIPS 203 7.2: two coefficients of 12 bits in three bytes, each below 3329.
        for (name, place) in
            [("a first coefficient of 3329", key.start), ("one of 3329 near the end", key.end - 32 - 3)]
        {
            all.push((name, Box::new(move |share| share[place..place + 2].copy_from_slice(&[0x01, 0x0d]))));
        }
        let all_ones = key.clone();
        all.push(("coefficients of 4095", Box::new(move |share| share[all_ones.start..all_ones.end - 32].fill(0xff))));
        let curve = hybrid.curve_of_client.clone();
        all.push((
            "the parts in the other order",
            Box::new(
                move |share| {
                    if curve.start == 0 { share.rotate_left(curve.end) } else { share.rotate_left(curve.start) }
                },
            ),
        ));
        let group = hybrid.group;
        for (what, spoil) in all {
            let name = format!("a share for {group}: {what}");
            table.row("4.2.8", name, Alert::ILLEGAL_PARAMETER, "key share", move |client| {
                let mut key = client.provider.group(group).unwrap().start(client.random).unwrap().share().to_vec();
                spoil(&mut key);
                client.hello.extensions().set(ExtensionType::SUPPORTED_GROUPS, vector16(&numbers(&[group.0])));
                set_shares(client, &[(group.0, &key)]);
            });
        }
    }
    table.check(38);
}

#[test]
fn shares_of_servers() {
    let mut table = Table::new();
    for hybrid in &HYBRIDS {
        table.from(hybrid.against_client);
        let group = hybrid.group;
        let mut all = spoiled(hybrid, &hybrid.curve_of_server);
        if group != NamedGroup::SECP384R1_MLKEM1024 {
            all.push(("as long as a client's", Box::new(|share| share.resize(share.len() + 1184 - 1088, 4))));
        }
        for (what, spoil) in all {
            let name = format!("a share for {group}: {what}");
            table.row("4.2.8", name, Alert::ILLEGAL_PARAMETER, "key share", move |server| {
                let asked = server.client_share(group).expect("a share of the client's");
                let part = server.provider.group(group).unwrap();
                let mut key = part.start_and_complete(&asked, server.random).unwrap().share;
                spoil(&mut key);
                server.send_hello_with(|hello| hello.extensions().set(ExtensionType::KEY_SHARE, share(group.0, &key)));
            });
        }
    }
    table.check(31);
}
