#include "fusescape/cost/profile.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "fusescape/plan/buffer_flow.hpp"
#include "fusescape/plan/leaf_runs.hpp"
#include "fusescape/plan/places.hpp"
#include "fusescape/plan/retention.hpp"
#include "fusescape/plan/tile_classes.hpp"
#include "fusescape/plan/traffic.hpp"
#include "transfers.hpp"

namespace fusescape {
namespace {

class GroupProfiler {
 public:
  explicit GroupProfiler(const FlowContext& context)
      : context_{context}, cascade_{context.cascade}, plan_{context.plan} {}

  /// Fills `memory`, if it is there.
  [[nodiscard]] GroupProfile run(HeldOnChip* memory) &&;

 private:
  void add_class(const std::vector<WorkShape>& shapes, const Iterations& iterations);
  void add_run(const LeafRun& run);
  void check_counts();
  void add_transfers(HeldOnChip& memory);
  void record(const Buffer& buffer, Bytes read, Bytes written);
  const FlowContext& context_;
  const Cascade& cascade_;
  const Plan& plan_;
  GroupProfile group_;
  std::vector<LeafRun> runs_;  ///< In order of execution.
};

/// One class of tiles of a run whose operators have these shapes.
void GroupProfiler::add_class(const std::vector<WorkShape>& shapes, const Iterations& iterations) {
  TileClass tiles;
  tiles.count = iterations.count < 0 ? std::numeric_limits<std::int64_t>::max() : iterations.count;
  WorkTable& table = group_.work;
  tiles.first_work = static_cast<std::uint32_t>(table.operators.size());
  for (const WorkShape& shape : shapes) shape.append(iterations.extent, table);
  tiles.work_count = static_cast<std::uint32_t>(table.operators.size()) - tiles.first_work;
  const std::span<const OperatorWork> work{table.operators.data() + tiles.first_work, tiles.work_count};
  for (const OperatorWork& one : work) group_.ops += Ops{one.ops} * tiles.count;
  group_.countable = group_.countable && is_countable(work);
  group_.classes.push_back(tiles);
}

void GroupProfiler::add_run(const LeafRun& run) {
  RunProfile made;
  made.first_class = static_cast<std::uint32_t>(group_.classes.size());
  const std::vector<PathLoop> loops = loops_above(plan_, run.parent);
  const TileBounds last = last_tile(cascade_, loops);
  std::vector<WorkShape> shapes;
  shapes.reserve(run.operators.size());
  for (const NodeId leaf : run.leaves) append_shapes(cascade_, plan_, leaf, shapes);
  const auto same = [](const RankSpan& span, std::int64_t extent) { return span.extent == extent; };
  for (const Iterations& iterations : iteration_classes(cascade_, loops)) {
    const bool is_last = std::equal(last.begin(), last.end(), iterations.extent.begin(), same);
    if (is_last) group_.last_class = static_cast<std::uint32_t>(group_.classes.size());
    add_class(shapes, iterations);
  }
  made.class_count = static_cast<std::uint32_t>(group_.classes.size()) - made.first_class;
  group_.runs.push_back(made);
}

void GroupProfiler::record(const Buffer& buffer, Bytes read, Bytes written) {
  group_.dram_read += read;
  group_.dram_write += written;
  const auto known =
      std::find_if(group_.tensors.begin(), group_.tensors.end(),
                   [&](const TensorTraffic& traffic) { return traffic.tensor == buffer.tensor; });
  if (known != group_.tensors.end()) {
    known->read += read;
    known->written += written;
    return;
  }
  group_.tensors.push_back(
      {buffer.tensor, read, written, buffer.role, dram_bits(cascade_, plan_, buffer.tensor)});
}

void GroupProfiler::add_transfers(HeldOnChip& memory) {
  const std::vector<TileClass>& classes = group_.classes;
  GroupStreams streams{context_, runs_,
                       classes.size() == 1 ? std::optional{classes.front().count} : std::nullopt,
                       nodes_of(context_, runs_)};
  memory.allocations.clear();
  for (const Buffer& buffer : context_.group.buffers) {
    const BufferFlow flow = flow_of(context_, buffer);
    add_streams(buffer, flow, streams);
    memory.allocations.push_back(flow.memory);
    record(buffer, flow.read, flow.written);
  }
  sum_up(streams, group_);
  memory.alive = bytes_alive(plan_, context_.group.node, memory.allocations);
  group_.peak = memory.alive[index_of(context_.group.node)];
  if (runs_.size() == 1) return;
  find_places(streams, memory.alive, group_.runs, group_.places);
  group_.single_slots = single_slots(streams, memory.alive, group_);
}

/// All other sums of the group are parts of these.
void GroupProfiler::check_counts() {
  const Bytes bytes = std::max(
      {group_.transfers[Ports::kShared], group_.waits[Ports::kShared], group_.across_runs.round_trips});
  group_.countable = group_.countable && !bytes.overflow() && !group_.ops.overflow();
  const auto all = [](auto count) { return static_cast<double>(count.value()); };
  group_.most_bytes = all(bytes) + all(group_.dram_read) + all(group_.dram_write);
  group_.most_ops = 0.0;
  double tiles = 0.0;
  for (const TileClass& one : group_.classes) {
    double ops = 0.0;
    for (std::uint32_t w = 0; w < one.work_count; ++w) {
      ops += static_cast<double>(group_.work.operators[one.first_work + w].ops);
    }
    group_.most_ops = std::max(group_.most_ops, ops);
    tiles += static_cast<double>(one.count);
  }
  group_.most_ops *= tiles;
}

GroupProfile GroupProfiler::run(HeldOnChip* memory) && {
  runs_ = leaf_runs(cascade_, plan_, context_.group);
  for (const LeafRun& run : runs_) add_run(run);
  HeldOnChip own;
  add_transfers(memory != nullptr ? *memory : own);
  check_counts();
  return std::move(group_);
}

}  // namespace

std::array<Ops, kOpKindCount> ops_by_kind(const GroupProfile& group) {
  std::array<Ops, kOpKindCount> ops{};
  for (const TileClass& tiles : group.classes) {
    for (std::uint32_t w = 0; w < tiles.work_count; ++w) {
      const OperatorWork& work = group.work.operators[tiles.first_work + w];
      ops[static_cast<std::size_t>(work.kind)] += Ops{work.ops} * tiles.count;
    }
  }
  return ops;
}

GroupProfile profile_group(const Cascade& cascade, const Plan& plan, const GroupLayout& group,
                           const ProfileOptions& options, HeldOnChip* memory) {
  const FlowContext context{cascade, plan, group, options};
  return GroupProfiler{context}.run(memory);
}

PlanProfile profile(const Cascade& cascade, const Plan& plan, const Layout& layout,
                    const ProfileOptions& options) {
  PlanProfile made;
  made.groups.reserve(layout.groups.size());
  for (const GroupLayout& group : layout.groups) {
    made.groups.push_back(profile_group(cascade, plan, group, options));
    made.groups.back().reserved = reserved_bytes(cascade, plan, layout, made.groups.size() - 1);
  }
  return made;
}

}  // namespace fusescape
