// How is a cascade executed? A tree of loops over groups of operators, where each tensor has a storage node.
//
// The tree extends LoopTree's and AccelForge's mappings with recurrences: a loop may carry values of a tensor
// from one iteration to the next. docs/model/plan.md gives the rules; plan/layout.hpp checks them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

enum class NodeId : std::uint16_t {};
inline constexpr NodeId kRoot{0};

enum class NodeKind : unsigned char {
  kSequence,  ///< Children one after another.
  kLoop,      ///< Children one after another, for each tile of a rank.
  kChain,     ///< Operators run element by element; tensors between them stay in PE registers.
  kOperator,  ///< A leaf.
};

struct Node {
  NodeKind kind = NodeKind::kSequence;
  RankId rank{};          ///< What a loop iterates over.
  std::int64_t tile = 0;  ///< Extent of `rank` below a loop; more than the rank has means all of it.
  OpId op{};              ///< What a leaf runs.
  NodeId parent = kRoot;
  std::vector<NodeId> children{};
  friend bool operator==(const Node&, const Node&) = default;
};

/// Where a tensor's buffer lives within the group that holds `node`: one buffer per iteration of the loops
/// down to and including `node`. A tensor without an entry is stored at the lowest node that all its users in
/// the group share.
struct Storage {
  TensorId tensor{};
  NodeId node = kRoot;
  std::optional<int> slots{};  ///< 1 or 2. None: 2 if streamed and the accelerator double-buffers, else 1.
  bool spilled = false;        ///< Goes through DRAM although producer and consumer share the group.
  bool held = false;           ///< A fetched window keeps its halo on chip instead of fetching it again.
  friend bool operator==(const Storage&, const Storage&) = default;
};

/// Ranks of one operator laid over hardware. Several ranks in one place are mapped as their product, last
/// fastest.
struct SpatialMapping {
  std::vector<RankId> cores;
  std::vector<RankId> rows;
  std::vector<RankId> cols;
  std::vector<RankId> flat;  ///< Over rows x cols as one line; then rows and cols are empty.
  OperandLoads operand_loads = OperandLoads::kSerial;
  friend bool operator==(const SpatialMapping&, const SpatialMapping&) = default;
};

/// Bytes of `tensor` kept on chip between its producer's group and its last consumer's, first-produced first.
struct Retention {
  TensorId tensor{};
  Bytes bytes;
  friend bool operator==(const Retention&, const Retention&) = default;
};

/// Bits per element of a tensor while it is in DRAM, if not those of its type.
struct StorageFormat {
  TensorId tensor{};
  int bits = 0;
  friend bool operator==(const StorageFormat&, const StorageFormat&) = default;
};

struct Plan {
  std::string name;
  std::vector<Node> nodes{
      Node{}};  ///< nodes[0] is the root, a sequence whose children are the groups in order.
  std::vector<Storage> storages;
  std::vector<StorageFormat> formats;
  std::vector<Retention> retentions;
  std::vector<SpatialMapping> spatial;  ///< Per operator of the cascade; empty: nothing is spatial.

  [[nodiscard]] const Node& node(NodeId id) const { return nodes[index_of(id)]; }
  friend bool operator==(const Plan&, const Plan&) = default;
};

// Construction, top down: each returns the node it added below `parent`.
NodeId add_sequence(Plan& plan, NodeId parent);
NodeId add_loop(Plan& plan, NodeId parent, RankId rank, std::int64_t tile);
NodeId add_chain(Plan& plan, NodeId parent);
NodeId add_operator(Plan& plan, NodeId parent, OpId op);

/// One loop above a node.
struct PathLoop {
  NodeId node = kRoot;
  RankId rank{};
  std::int64_t tile = 0;
};

/// The loops from the root down to and including `node`, outermost first.
[[nodiscard]] std::vector<PathLoop> loops_above(const Plan& plan, NodeId node);

/// True if `ancestor` is `node` or above it.
[[nodiscard]] bool is_above(const Plan& plan, NodeId ancestor, NodeId node);

/// The child of the root that holds `node`. Expects node != kRoot.
[[nodiscard]] NodeId group_of(const Plan& plan, NodeId node);

/// Lowest node above (or equal to) both.
[[nodiscard]] NodeId common_ancestor(const Plan& plan, NodeId a, NodeId b);

/// The operators below `node`, in execution order.
[[nodiscard]] std::vector<OpId> operators_below(const Plan& plan, NodeId node);

/// Bits per element of `tensor` while it is in DRAM: its plan's format, or its type's.
[[nodiscard]] int dram_bits(const Cascade& cascade, const Plan& plan, TensorId tensor);

}  // namespace fusescape
