// When do a group's transfers travel? What comes before its first tile, what after its last, and what tiles
// wait for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "fusescape/cost/profile.hpp"
#include "fusescape/plan/buffer_flow.hpp"
#include "fusescape/plan/leaf_runs.hpp"
#include "fusescape/plan/traffic.hpp"

namespace fusescape {

/// More iterations than that are as good as endless; sums of a few still fit.
inline constexpr std::int64_t kMostIterations = std::numeric_limits<std::int64_t>::max() / 8;
[[nodiscard]] std::int64_t at_most(Elements count);
/// Iterations of a nest within `bounds` if all are equal; else one, of which there is no more to say.
[[nodiscard]] std::int64_t equal_iterations(TileBounds bounds, const std::vector<PathLoop>& loops);
/// Bytes that the busier port moves.
[[nodiscard]] PerPorts both_ways(Bytes reads, Bytes writes);

/// The transfers of one buffer in one direction, and where its visits lie.
struct BufferStream : Stream {
  TensorId tensor{};
  int slots = 1;
  int depth = 0;
  std::int64_t first_tiles = 1;  ///< Of its first visit, if one run uses all buffers.
  std::int64_t last_tiles = 1;   ///< Of its last visit.
  std::int64_t passes = 1;       ///< Times that others run between two of its visits, and the start.
  std::size_t first_run = 0;     ///< Of those that use its buffer.
  std::size_t last_run = 0;
  bool lives_with_one = false;    ///< Where it has memory, only one run runs.
  bool lives_throughout = false;  ///< It has memory while anything below its node runs.
  bool returns = false;           ///< Sums that are not finished go out and come back.
  bool spilled = false;           ///< The group makes itself what it loads.
  bool shifted = false;           ///< By a window, or an earlier element.
  bool in_turn = false;           ///< In a pass, nothing else can run between two visits.
};

/// Collects the flows of a group's buffers, and derives from them what the closed form of latency needs
/// (docs/model/latency.md). waits.cpp: what tiles wait for; turns.cpp: several runs.
class GroupTransfers {
 public:
  /// `tiles`: of the group, if they are all equal.
  GroupTransfers(const FlowContext& context, const std::vector<LeafRun>& runs,
                 std::optional<std::int64_t> tiles)
      : context_{context}, cascade_{context.cascade}, plan_{context.plan}, runs_{runs}, tiles_{tiles} {}

  void add(const Buffer& buffer, const BufferFlow& flow);
  /// After all buffers. `runs` are the profiles of the group's runs.
  void sum_up(GroupProfile& group, std::span<RunProfile> runs) const;

 private:
  struct RunRange {
    std::size_t first = 0;
    std::size_t last = 0;
    [[nodiscard]] std::size_t count() const { return last - first + 1; }
  };
  /// What tiles wait for, by what it is.
  struct Exposed {
    Bytes loads;
    Bytes stores;
    Bytes before_loads;  ///< Stores that a shared port serves before loads that tiles wait for.
    Bytes round_trip;    ///< Of the sum with the most that leaves unfinished: out and back.
  };
  using Part = Bytes (*)(const BufferStream&);
  [[nodiscard]] bool is_made_here(const Buffer& buffer) const;
  [[nodiscard]] RunRange runs_below(NodeId node) const;
  [[nodiscard]] std::int64_t passes_of(NodeId node, std::size_t own) const;
  void set_users(const Buffer& buffer, const RunRange& below, BufferStream& stream) const;
  void set_visit_tiles(const Buffer& buffer, const BufferFlow& flow, BufferStream& stream) const;
  [[nodiscard]] std::int64_t tiles_in_a_pass(const LeafRun& run, const LeafRun& other) const;
  [[nodiscard]] std::size_t run_of(OpId op) const;
  [[nodiscard]] bool is_concurrent(const Stream& stream) const;
  [[nodiscard]] Bytes first_bytes(const std::vector<BufferStream>& streams) const;
  [[nodiscard]] bool is_beside_others(const BufferStream& load) const;
  [[nodiscard]] Bytes port_bytes(const std::vector<BufferStream>& streams, Part part) const;
  [[nodiscard]] bool is_steady(const Stream& stream) const;
  [[nodiscard]] bool is_uniform() const;
  [[nodiscard]] bool is_even(const BufferStream& stream) const;
  [[nodiscard]] Bytes before_exposed(const BufferStream& stream, bool is_store) const;
  [[nodiscard]] Bytes exposed_load(const BufferStream& stream) const;
  [[nodiscard]] Bytes exposed_store(const BufferStream& stream) const;
  [[nodiscard]] Exposed exposed_in(std::size_t run) const;
  [[nodiscard]] bool has_second_at_once(const BufferStream& stream) const;
  [[nodiscard]] std::optional<int> outermost_lead() const;
  [[nodiscard]] Bytes ahead_of_lead() const;
  [[nodiscard]] Bytes later_leads() const;
  [[nodiscard]] Bytes early_loads(std::int64_t tiles) const;
  [[nodiscard]] Bytes late_stores(std::int64_t tiles) const;
  void sum_loads(GroupProfile& group) const;
  void sum_stores(GroupProfile& group) const;
  [[nodiscard]] bool waits_for(const BufferStream& load, const BufferStream& store) const;
  [[nodiscard]] Bytes round_trips() const;
  void sum_both(GroupProfile& group) const;
  void find_last_visit(GroupProfile& group) const;
  void find_returns(GroupProfile& group) const;
  void find_ends(GroupProfile& group) const;
  void find_leads(GroupProfile& group, std::span<RunProfile> runs) const;
  void sum_runs(std::span<RunProfile> runs) const;
  void sum_before_and_after(std::span<RunProfile> runs) const;

  const FlowContext& context_;
  const Cascade& cascade_;
  const Plan& plan_;
  const std::vector<LeafRun>& runs_;  ///< In order of execution.
  std::optional<std::int64_t> tiles_;
  std::vector<BufferStream> loads_;
  std::vector<BufferStream> stores_;
};

}  // namespace fusescape
