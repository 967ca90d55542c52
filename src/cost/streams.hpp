// Which transfers do a group's buffers make, for which of its runs, and where do their visits lie?
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "fusescape/plan/buffer_flow.hpp"
#include "fusescape/plan/leaf_runs.hpp"
#include "fusescape/plan/traffic.hpp"

namespace fusescape {

/// More iterations than that are as good as endless; sums of a few still fit.
inline constexpr std::int64_t kMostIterations = std::numeric_limits<std::int64_t>::max() / 8;
[[nodiscard]] std::int64_t at_most(Elements count);
/// Iterations of a nest within `bounds` if all are equal; else one, of which there is no more to say.
[[nodiscard]] std::int64_t equal_iterations(TileBounds bounds, const std::vector<PathLoop>& loops);

struct RunRange {
  std::size_t first = 0;
  std::size_t last = 0;
  [[nodiscard]] std::size_t count() const { return last - first + 1; }
  [[nodiscard]] bool contains(std::size_t run) const { return first <= run && run <= last; }
  friend bool operator==(const RunRange&, const RunRange&) = default;
};

/// What all transfers of a buffer have in common.
struct BufferPlace {
  TensorId tensor{};
  int slots = 1;
  int depth = 0;                  ///< Loops that change its content.
  RunRange users;                 ///< From the first run that uses it to the last.
  std::int64_t first_tiles = 1;   ///< Tiles of its first visit, if one run uses all buffers.
  std::int64_t last_tiles = 1;    ///< Tiles of its last visit.
  std::int64_t passes = 1;        ///< Times that others run between two of its visits, and the start.
  bool lives_with_one = false;    ///< Where it has memory, only one run runs.
  bool lives_throughout = false;  ///< It has memory while anything below its node runs.
  bool returns = false;           ///< Sums that are not finished go out and come back.
  bool spilled = false;           ///< The group makes itself what it loads.
  bool shifted = false;           ///< By a window, or an earlier element.
  RunRange alive;                 ///< Runs during which it has memory in a turn.
  NodeId turn = kRoot;            ///< Each iteration of this node has a turn of its own,
  std::int64_t turns = 1;         ///< so many of them,
  bool in_turns = false;          ///< between which others run,
  int first_slabs = 0;            ///< and what each of them loads before it needs a slot again.
  Bytes slab;                     ///< Memory that its largest slab takes; none inside another buffer.
};

/// The transfers of one buffer in one direction.
struct BufferStream : Stream, BufferPlace {
  std::size_t run = 0;      ///< The first that needs it, or the one that makes it.
  bool concurrent = false;  ///< Its operator loads its inputs side by side.
  bool in_turn = false;     ///< In a pass, nothing else can run between two visits.
};

/// What a node of the group holds and does.
struct StreamNode {
  RunRange runs;           ///< Those at or below it; before the first one comes the last, if there are none.
  Elements iterations{1};  ///< Of the loops down to it.
};

/// All transfers of a group, and the runs that they are for.
struct GroupStreams {
  const FlowContext& context;
  const std::vector<LeafRun>& runs;   ///< In order of execution.
  std::optional<std::int64_t> tiles;  ///< Tiles of the group, if they are all equal.
  std::vector<StreamNode> nodes;      ///< Per node of the plan: nodes_of.
  std::vector<BufferStream> loads{};
  std::vector<BufferStream> stores{};
  Bytes side_by_side{};  ///< Memory with which all buffers have their own, and none waits for room.
};

[[nodiscard]] std::vector<StreamNode> nodes_of(const FlowContext& context, const std::vector<LeafRun>& runs);

void add_streams(const Buffer& buffer, const BufferFlow& flow, GroupStreams& group);

/// Bytes of `all` beyond `part`; none if `part` is as much, or does not fit 64 bits.
[[nodiscard]] inline Bytes excess(Bytes all, Bytes part) {
  return all > part ? all - part : Bytes{};
}

/// The runs at or below `node`.
[[nodiscard]] inline RunRange runs_below(const GroupStreams& group, NodeId node) {
  return group.nodes[index_of(node)].runs;
}
/// Iterations of the loops down to `node`, which is none of its leaves.
[[nodiscard]] inline std::int64_t iterations_of(const GroupStreams& group, NodeId node) {
  return at_most(group.nodes[index_of(node)].iterations);
}
/// The outermost node, at or above `node`, that holds no more than `own` runs, or the group; then the one
/// above.
[[nodiscard]] NodeId node_of_passes(const GroupStreams& group, NodeId node, std::size_t own);
/// How often `own` runs at or below `node` take turns with others.
[[nodiscard]] std::int64_t passes_of(const GroupStreams& group, NodeId node, std::size_t own);
/// Whether it moves the same bytes with every tile of a group whose tiles are all equal.
[[nodiscard]] bool is_steady(const GroupStreams& group, const BufferStream& stream);
/// Whether one run uses it, and all its visits are of equally many equal tiles.
[[nodiscard]] bool is_even(const GroupStreams& group, const BufferStream& stream);

// port_bytes.cpp
/// Whether it may come while others do, so that the port has nothing more to do for it.
[[nodiscard]] bool is_beside_others(const GroupStreams& group, const BufferStream& load);
/// How long the port is busy with a part of all loads: all of it, but only the longest of the inputs that an
/// operator loads side by side.
[[nodiscard]] Bytes port_bytes(const GroupStreams& group,
                               const std::function<Bytes(const BufferStream&)>& part);
/// What the port moves, at least, before each load of the first so many runs has its first slab. Of inputs
/// that load side by side, second slabs of those that were asked for before leave that much less to do.
[[nodiscard]] Bytes first_bytes(const GroupStreams& group, std::size_t runs);

}  // namespace fusescape
