// Is a plan legal, and which buffers does it need? The checked form of a plan that cost, exec and sim read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/plan/plan.hpp"
#include "fusescape/support/expected.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

enum class Rule : unsigned char {
  kMalformedTree,  ///< A loop tile below 1, an operator placed never or twice, a chain with inner nodes, ...
  kOrder,          ///< A consumer comes before its producer.
  kPartialSum,     ///< A consumer would read a sum that its producer has not finished.
  kRecurrenceGroup,      ///< Operators of a recurrence do not share a group and a loop over its rank.
  kRecurrenceTile,       ///< They share a tile larger than the recurrence's distance.
  kRecurrenceRecompute,  ///< A loop inside the recurrence's loop repeats an update of carried values.
  kDoubleAccumulation,   ///< A recomputing loop inside a reduction loop would add the same terms again.
  kSequentialSpatial,    ///< A rank that a recurrence runs along is mapped to hardware.
  kReductionSpatial,     ///< A reduction rank is mapped where the core cannot reduce.
  kStorage,      ///< A storage node is not above all users of the tensor in its group, or names it twice.
  kChunks,       ///< A loop cuts chunks of which it has several at once.
  kHalo,         ///< Another loop overwrites the halo that a window holds from tile to tile.
  kChain,        ///< A chain holds an operator that cannot run element by element, or on its core.
  kRegisters,    ///< A chain keeps more per PE than the PE has registers.
  kUnsupported,  ///< No core runs operators of this kind.
};
[[nodiscard]] std::string_view name_of(Rule rule);

/// Why a plan is refused: the edge (or the one operator), the rank if there is one, and the rule.
struct Violation {
  Rule rule{};
  std::optional<OpId> producer;
  std::optional<OpId> consumer;
  std::optional<RankId> rank;
  std::optional<TensorId> tensor;
  std::string detail;
  std::optional<std::size_t> storage{};    ///< Position in Plan::storages of the entry at fault, if one is;
  std::optional<std::size_t> retention{};  ///< or in Plan::retentions.
};

/// "(x_proj -> dt_proj, D, partial sum): ...".
[[nodiscard]] std::string describe(const Cascade& cascade, const Violation& violation);

enum class BufferRole : unsigned char {
  kFetched,    ///< Read from DRAM tile by tile, for `uses`.
  kProduced,   ///< Written to DRAM tile by tile; nobody in the group reads it here.
  kExchanged,  ///< Made and read in the group, or kept until older values are read; also written to DRAM if
               ///< `stored`.
  kCarried,    ///< The last `depth` slices along `carry_rank`, kept from one iteration to the next.
};

[[nodiscard]] std::string_view name_of(BufferRole role);

/// A static allocation in the on-chip memory. At each child of `node` from `first_child` to `last_child` it
/// takes slots x its largest slab, unless it lives inside another buffer.
struct Buffer {
  TensorId tensor{};
  BufferRole role{};
  NodeId node = kRoot;
  Access access{};                 ///< Which part of the tensor; a carried one lacks the carried dimension.
  std::vector<Use> uses{};         ///< Reads that it serves. A carried buffer: the shifted ones.
  std::optional<OpId> producer{};  ///< The operator that fills it, if one of this group does.
  std::optional<int> slots{};      ///< As the plan says; none: by the accelerator's buffering.
  bool stored = false;             ///< Its content also goes to DRAM.
  bool held = false;
  bool accumulates = false;  ///< Its producer leaves sums in it that further tiles go on with.
  RankId carry_rank{};
  std::int64_t depth = 0;  ///< Slices along carry_rank.
  std::int32_t first_child = 0;
  std::int32_t last_child = 0;
  std::optional<std::int32_t> inside{};  ///< Always lives in this buffer (a state updated in place).
  std::optional<std::int32_t> inside_if_in_place{};  ///< Lives in this one if the accelerator works in place.
};

struct GroupLayout {
  NodeId node = kRoot;
  std::vector<OpId> operators;  ///< In execution order.
  std::vector<Buffer> buffers;
};

/// A legal plan, resolved.
struct Layout {
  std::vector<GroupLayout> groups;
};

/// Whether a plan must run every operator of the cascade, or may be a part of a larger plan.
enum class Coverage : unsigned char { kWhole, kPart };

/// What a plan's buffers are, and all that is wrong with it.
struct Resolved {
  Layout layout;
  std::vector<Violation> violations;
};

/// True of rules without which a plan's buffers mean nothing: its tree, storage nodes and chains are not
/// sound.
[[nodiscard]] bool is_structural(Rule rule);

/// The buffers of any plan of sound structure, legal or not, so that executing it shows what goes wrong.
/// Errors: all violations, if one is structural.
[[nodiscard]] expected<Resolved, std::vector<Violation>> resolve(const Cascade& cascade, const Plan& plan,
                                                                 Coverage coverage = Coverage::kWhole);

/// Checks every rule of docs/model/plan.md and resolves storage. All violations are found, not only the
/// first.
[[nodiscard]] expected<Layout, std::vector<Violation>> lay_out(const Cascade& cascade, const Plan& plan,
                                                               Coverage coverage = Coverage::kWhole);

}  // namespace fusescape
