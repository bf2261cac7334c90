//! The ledger's tree is that of RFC 6962: the same roots and proofs as another implementation (`ct-merkle`).

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;
use writ::domain::ledger::tree::{self, Edge};
use writ::domain::ledger::{LeafHash, NodeHash, NodeId, Nodes};

use crate::support;

type Reference = MemoryBackedTree<Sha256, Vec<u8>>;

/// All nodes of a tree, as a store would keep them, and its root after each leaf.
fn grow(leaves: &[Vec<u8>]) -> (Nodes, Vec<NodeHash>) {
    let mut edge = Edge::default();
    let (mut nodes, mut roots): (Vec<(NodeId, NodeHash)>, Vec<NodeHash>) =
        (Vec::new(), vec![edge.root().unwrap()]);
    for leaf in leaves {
        nodes.extend(edge.push(LeafHash::of(leaf)).unwrap());
        roots.push(edge.root().unwrap());
    }
    (nodes.into_iter().collect(), roots)
}

fn bytes(hashes: &[NodeHash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

fn leaf(index: u64) -> Vec<u8> {
    format!("leaf {index}").into_bytes()
}

#[test]
fn roots_and_proofs_are_the_reference_s_up_to_200_leaves() {
    let leaves: Vec<Vec<u8>> = (0..200).map(leaf).collect();
    let (nodes, roots) = grow(&leaves);
    let mut reference = Reference::new();
    for size in 0..=200u64 {
        let root = tree::root(size, &nodes).unwrap();
        assert_eq!(root, roots[size as usize], "from nodes and from the edge, {size}");
        assert_eq!(root.0.as_slice(), reference.root().as_bytes().as_slice(), "root of {size}");
        for index in 0..size {
            let proof = tree::prove_inclusion(index, size, &nodes).unwrap();
            let expected = reference.prove_inclusion(index as usize);
            assert_eq!(bytes(&proof), expected.as_bytes(), "leaf {index} of {size}");
            let hash = LeafHash::of(&leaves[index as usize]);
            tree::check_inclusion(index, hash, &proof, (size, root)).unwrap();
        }
        for old in 1..=size {
            let proof = tree::prove_consistency(old, size, &nodes).unwrap();
            let expected = reference.prove_consistency((size - old) as usize);
            assert_eq!(bytes(&proof), expected.as_bytes(), "{old} of {size}");
            tree::check_consistency(&proof, (old, roots[old as usize]), (size, root)).unwrap();
        }
        reference.push(leaf(size));
    }
}

#[test]
fn proving_reads_few_nodes() {
    let size = 1_000_000_007;
    for index in [0, 1, 77_777, 999_999_999, size - 1] {
        assert!(tree::wanted_for_inclusion(index, size).len() <= 2 * 30, "leaf {index}");
        assert!(tree::wanted_for_append(index).len() <= 30);
    }
    assert!(tree::wanted_for_root(size).len() <= 30);
}

#[test]
fn what_cannot_be_proven_is_refused() {
    let (nodes, roots) = grow(&(0..7).map(leaf).collect::<Vec<_>>());
    assert!(tree::prove_inclusion(7, 7, &nodes).is_err());
    assert!(tree::prove_inclusion(0, 0, &nodes).is_err());
    assert!(tree::prove_consistency(0, 7, &nodes).is_err());
    assert!(tree::prove_consistency(8, 7, &nodes).is_err());
    assert!(tree::prove_inclusion(3, 9, &nodes).is_err(), "nodes that are not there");
    assert!(tree::check_inclusion(3, LeafHash::of(b""), &[], (u64::MAX, roots[7])).is_err());
    let endless = vec![roots[1]; 100_000];
    assert!(tree::check_inclusion(3, LeafHash::of(b""), &endless, (u64::MAX, roots[7])).is_err());
    assert!(tree::check_consistency(&endless, (3, roots[3]), (u64::MAX, roots[7])).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(support::cases(64)))]

    #[test]
    fn any_leaves_give_the_reference_s_tree(
        leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..300),
        chosen in any::<prop::sample::Index>(),
        older in any::<prop::sample::Index>(),
        flipped in 0usize..256,
    ) {
        let (nodes, roots) = grow(&leaves);
        let mut reference = Reference::new();
        leaves.iter().for_each(|leaf| reference.push(leaf.clone()));
        let size = leaves.len() as u64;
        let head = (size, roots[leaves.len()]);
        let expected = reference.root();
        prop_assert_eq!(head.1.0.as_slice(), expected.as_bytes().as_slice());

        let index = chosen.index(leaves.len());
        let mut proof = tree::prove_inclusion(index as u64, size, &nodes).unwrap();
        let expected = reference.prove_inclusion(index);
        prop_assert_eq!(bytes(&proof), expected.as_bytes());
        let hash = LeafHash::of(&leaves[index]);
        prop_assert!(tree::check_inclusion(index as u64, hash, &proof, head).is_ok());
        if let Some(last) = proof.last_mut() {
            last.0[flipped / 8] ^= 1 << (flipped % 8);
            prop_assert!(tree::check_inclusion(index as u64, hash, &proof, head).is_err());
        }

        let old = older.index(leaves.len()) + 1;
        let mut proof = tree::prove_consistency(old as u64, size, &nodes).unwrap();
        let expected = reference.prove_consistency(leaves.len() - old);
        prop_assert_eq!(bytes(&proof), expected.as_bytes());
        let before = (old as u64, roots[old]);
        prop_assert!(tree::check_consistency(&proof, before, head).is_ok());
        if let Some(first) = proof.first_mut() {
            first.0[flipped / 8] ^= 1 << (flipped % 8);
            prop_assert!(tree::check_consistency(&proof, before, head).is_err());
        }
    }
}
