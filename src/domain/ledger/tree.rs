//! The Merkle tree of RFC 6962, computed from stored nodes so that appending and proving read O(log n) of them.
//!
//! Only roots of complete subtrees are nodes; they never change once written, hence a store needs no update.
//! The tree does not read: ask a function here which nodes it wants, fetch them, and pass them in as [`Nodes`].
//! Hashing, index arithmetic and proof checks are `tlog_tiles`'s.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use tlog_tiles::tlog;

use super::record::LeafHash;

/// A node's hash, or a root.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeHash(pub [u8; 32]);

/// A node's place: `level` 0 are the leaves; `position` counts the complete subtrees of that level from the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// Height above the leaves; the subtree has 2^level leaves.
    pub level: u8,
    /// Which one of its level, from 0.
    pub position: u64,
}

/// Nodes that were fetched for one computation.
#[derive(Debug, Clone, Default)]
pub struct Nodes(BTreeMap<NodeId, NodeHash>);

/// Why a tree computation or a proof did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// A node that the computation needs was not passed in: the store has lost it.
    #[error("node {} of level {} is missing", .0.position, .0.level)]
    NodeMissing(NodeId),
    /// The leaf or the older tree lies outside of the tree.
    #[error("{inner} is outside a tree of {size} leaves")]
    OutOfRange {
        /// The leaf's index, or the older tree's size.
        inner: u64,
        /// The tree's size.
        size: u64,
    },
    /// The hashes do not lead to the root.
    #[error("the hashes do not lead to the root")]
    ProofWrong,
}

/// The right edge of a growing tree: all that computing its root and its next nodes needs, O(log n).
#[derive(Debug, Clone, Default)]
pub struct Edge {
    size: u64,
    /// The newest node of each level.
    newest: Nodes,
}

/// The longest proof that a tree of at most 2^63 leaves can have.
pub const LONGEST_PROOF: usize = 64;

impl NodeHash {
    /// Base64, as in checkpoints and proofs.
    #[must_use]
    pub fn to_base64(self) -> String {
        data_encoding::BASE64.encode(&self.0)
    }

    /// Reads the base64 of 32 bytes; `None` when it is anything else.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        let bytes = data_encoding::BASE64.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Debug for NodeHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.to_base64())
    }
}

impl fmt::Display for NodeHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.to_base64())
    }
}

impl From<LeafHash> for NodeHash {
    fn from(leaf: LeafHash) -> Self {
        Self(leaf.0)
    }
}

impl Nodes {
    /// One node.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<NodeHash> {
        self.0.get(&id).copied()
    }
}

impl Edge {
    /// How many leaves the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf; the nodes that this creates, lowest first.
    ///
    /// # Errors
    /// - none in practice: the edge holds what appending asks for
    pub fn push(&mut self, leaf: LeafHash) -> Result<Vec<(NodeId, NodeHash)>, TreeError> {
        let created = append(self.size, leaf, &self.newest)?;
        for (id, hash) in &created {
            self.put(*id, *hash);
        }
        self.size += 1;
        Ok(created)
    }

    /// Goes on with another hash for the newest node of a level.
    pub fn put(&mut self, id: NodeId, hash: NodeHash) {
        self.newest.0.retain(|kept, _| kept.level != id.level);
        self.newest.0.insert(id, hash);
    }

    /// The tree's root.
    ///
    /// # Errors
    /// - none in practice: the edge holds what the root is made of
    pub fn root(&self) -> Result<NodeHash, TreeError> {
        root(self.size, &self.newest)
    }
}

impl FromIterator<(NodeId, NodeHash)> for Nodes {
    fn from_iter<I: IntoIterator<Item = (NodeId, NodeHash)>>(nodes: I) -> Self {
        Self(nodes.into_iter().collect())
    }
}

/// The nodes that appending a leaf to a tree of `size` leaves reads.
#[must_use]
pub fn wanted_for_append(size: u64) -> Vec<NodeId> {
    wanted(|reader| drop(tlog::stored_hashes_for_record_hash(size, tlog::Hash::default(), reader)))
}

/// The nodes that appending a leaf to a tree of `size` leaves creates: the leaf's own and those it completes.
///
/// # Errors
/// - `nodes` lacks one of [`wanted_for_append`]
pub fn append(size: u64, leaf: LeafHash, nodes: &Nodes) -> Result<Vec<(NodeId, NodeHash)>, TreeError> {
    let created =
        computed(nodes, |reader| tlog::stored_hashes_for_record_hash(size, tlog::Hash(leaf.0), reader))?;
    let numbered = (0u8..).zip(created);
    Ok(numbered.map(|(level, hash)| (NodeId { level, position: size >> level }, NodeHash(hash.0))).collect())
}

/// The nodes that the root of a tree of `size` leaves is made of.
#[must_use]
pub fn wanted_for_root(size: u64) -> Vec<NodeId> {
    wanted(|reader| drop(tlog::tree_hash(size, reader)))
}

/// The root of a tree of `size` leaves; of none, the hash of nothing.
///
/// # Errors
/// - `nodes` lacks one of [`wanted_for_root`]
pub fn root(size: u64, nodes: &Nodes) -> Result<NodeHash, TreeError> {
    computed(nodes, |reader| tlog::tree_hash(size, reader)).map(|hash| NodeHash(hash.0))
}

/// The nodes that proving leaf `index` in a tree of `size` leaves reads.
#[must_use]
pub fn wanted_for_inclusion(index: u64, size: u64) -> Vec<NodeId> {
    wanted(|reader| drop(tlog::prove_record(size, index, reader)))
}

/// The inclusion proof of leaf `index` in the tree of `size` leaves, from the leaf's sibling up.
///
/// # Errors
/// - `index` is not below `size`
/// - `nodes` lacks one of [`wanted_for_inclusion`]
pub fn prove_inclusion(index: u64, size: u64, nodes: &Nodes) -> Result<Vec<NodeHash>, TreeError> {
    if index >= size {
        return Err(TreeError::OutOfRange { inner: index, size });
    }
    computed(nodes, |reader| tlog::prove_record(size, index, reader)).map(from_tlog)
}

/// Checks that `proof` leads from the leaf at `index` to the root of a tree of `size` leaves.
///
/// # Errors
/// - `index` is not below `size`
/// - the proof does not lead to `root`
pub fn check_inclusion(
    index: u64,
    leaf: LeafHash,
    proof: &[NodeHash],
    (size, root): (u64, NodeHash),
) -> Result<(), TreeError> {
    if index >= size {
        return Err(TreeError::OutOfRange { inner: index, size });
    }
    if proof.len() > LONGEST_PROOF {
        return Err(TreeError::ProofWrong);
    }
    tlog::check_record(&to_tlog(proof), size, tlog::Hash(root.0), index, tlog::Hash(leaf.0))
        .map_err(|_| TreeError::ProofWrong)
}

/// The nodes that proving a tree of `old` leaves to be the beginning of one of `new` leaves reads.
#[must_use]
pub fn wanted_for_consistency(old: u64, new: u64) -> Vec<NodeId> {
    wanted(|reader| drop(tlog::prove_tree(new, old, reader)))
}

/// The proof that the tree of `old` leaves is the beginning of the tree of `new` leaves.
///
/// # Errors
/// - `old` is 0 or above `new`
/// - `nodes` lacks one of [`wanted_for_consistency`]
pub fn prove_consistency(old: u64, new: u64, nodes: &Nodes) -> Result<Vec<NodeHash>, TreeError> {
    if old == 0 || old > new {
        return Err(TreeError::OutOfRange { inner: old, size: new });
    }
    computed(nodes, |reader| tlog::prove_tree(new, old, reader)).map(from_tlog)
}

/// Checks that the tree with the head `old` (size, root) is the beginning of the tree with the head `new`.
///
/// # Errors
/// - the older size is 0 or above the newer one
/// - the proof does not lead to both roots
pub fn check_consistency(
    proof: &[NodeHash],
    old: (u64, NodeHash),
    new: (u64, NodeHash),
) -> Result<(), TreeError> {
    if old.0 == 0 || old.0 > new.0 {
        return Err(TreeError::OutOfRange { inner: old.0, size: new.0 });
    }
    if proof.len() > LONGEST_PROOF {
        return Err(TreeError::ProofWrong);
    }
    tlog::check_tree(&to_tlog(proof), new.0, tlog::Hash(new.1.0), old.0, tlog::Hash(old.1.0))
        .map_err(|_| TreeError::ProofWrong)
}

/// Runs a computation for nothing but the nodes that it asks for.
fn wanted(computation: impl FnOnce(&Asked)) -> Vec<NodeId> {
    let asked = Asked::default();
    computation(&asked);
    asked.0.into_inner().into_iter().map(node_id).collect()
}

/// Runs a computation on the nodes that were fetched.
fn computed<T>(
    nodes: &Nodes,
    computation: impl FnOnce(&FetchedNodes<'_>) -> Result<T, tlog::Error>,
) -> Result<T, TreeError> {
    let found = FetchedNodes { nodes, missing: RefCell::new(None) };
    computation(&found)
        .map_err(|_| found.missing.take().map_or(TreeError::ProofWrong, TreeError::NodeMissing))
}

/// A reader that notes what it is asked for and gives nothing.
#[derive(Default)]
struct Asked(RefCell<Vec<u64>>);

impl tlog::HashReader for Asked {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        self.0.borrow_mut().extend_from_slice(indexes);
        Err(tlog::Error::IndexesNotInTree)
    }
}

/// A reader that gives what was fetched.
struct FetchedNodes<'a> {
    nodes: &'a Nodes,
    missing: RefCell<Option<NodeId>>,
}

impl tlog::HashReader for FetchedNodes<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        let read = |index: &u64| {
            let id = node_id(*index);
            let hash = self.nodes.0.get(&id).map(|hash| tlog::Hash(hash.0));
            hash.ok_or_else(|| {
                *self.missing.borrow_mut() = Some(id);
                tlog::Error::IndexesNotInTree
            })
        };
        indexes.iter().map(read).collect()
    }
}

fn node_id(index: u64) -> NodeId {
    let (level, position) = tlog::split_stored_hash_index(index);
    NodeId { level, position }
}

fn from_tlog(hashes: Vec<tlog::Hash>) -> Vec<NodeHash> {
    hashes.into_iter().map(|hash| NodeHash(hash.0)).collect()
}

fn to_tlog(hashes: &[NodeHash]) -> Vec<tlog::Hash> {
    hashes.iter().map(|hash| tlog::Hash(hash.0)).collect()
}
