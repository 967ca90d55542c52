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
  GroupProfiler(const FlowContext& context, PlanProfile& into)
      : context_{context}, cascade_{context.cascade}, plan_{context.plan}, into_{into} {}

  void run();

 private:
  void add_class(const LeafRun& run, const Iterations& iterations);
  void add_runs();
  void add_run(const LeafRun& run);
  void check_counts();
  void add_transfers();
  void record(const Buffer& buffer, Bytes read, Bytes written);
  const FlowContext& context_;
  const Cascade& cascade_;
  const Plan& plan_;
  PlanProfile& into_;
  GroupProfile group_;
  std::vector<LeafRun> runs_;  ///< In order of execution.
  std::vector<Allocation> memory_;
};

/// One class of tiles of `run`.
void GroupProfiler::add_class(const LeafRun& run, const Iterations& iterations) {
  TileClass tiles;
  tiles.count = iterations.count < 0 ? std::numeric_limits<std::int64_t>::max() : iterations.count;
  tiles.first_work = static_cast<std::uint32_t>(into_.work.operators.size());
  for (const NodeId leaf : run.leaves) append_work(cascade_, plan_, leaf, iterations.extent, into_.work);
  tiles.work_count = static_cast<std::uint32_t>(into_.work.operators.size()) - tiles.first_work;
  const std::span<const OperatorWork> work{into_.work.operators.data() + tiles.first_work, tiles.work_count};
  for (const OperatorWork& one : work) group_.ops += Ops{one.ops} * tiles.count;
  group_.countable = group_.countable && is_countable(work);
  into_.classes.push_back(tiles);
}

void GroupProfiler::add_runs() {
  group_.first_class = static_cast<std::uint32_t>(into_.classes.size());
  group_.first_run = static_cast<std::uint32_t>(into_.runs.size());
  group_.run_count = static_cast<std::uint32_t>(runs_.size());
  for (const LeafRun& run : runs_) add_run(run);
  group_.class_count = static_cast<std::uint32_t>(into_.classes.size()) - group_.first_class;
}

void GroupProfiler::add_run(const LeafRun& run) {
  RunProfile made;
  made.first_class = static_cast<std::uint32_t>(into_.classes.size());
  const std::vector<PathLoop> loops = loops_above(plan_, run.parent);
  const TileBounds last = last_tile(cascade_, loops);
  const auto same = [](const RankSpan& span, std::int64_t extent) { return span.extent == extent; };
  for (const Iterations& iterations : iteration_classes(cascade_, loops)) {
    const bool is_last = std::equal(last.begin(), last.end(), iterations.extent.begin(), same);
    if (is_last) group_.last_class = static_cast<std::uint32_t>(into_.classes.size());
    add_class(run, iterations);
  }
  made.class_count = static_cast<std::uint32_t>(into_.classes.size()) - made.first_class;
  into_.runs.push_back(made);
}

void GroupProfiler::record(const Buffer& buffer, Bytes read, Bytes written) {
  group_.dram_read += read;
  group_.dram_write += written;
  const auto begin = into_.tensors.begin() + group_.first_tensor;
  const auto known = std::find_if(begin, into_.tensors.end(), [&](const TensorTraffic& traffic) {
    return traffic.tensor == buffer.tensor;
  });
  if (known != into_.tensors.end()) {
    known->read += read;
    known->written += written;
    return;
  }
  into_.tensors.push_back(
      {buffer.tensor, read, written, buffer.role, dram_bits(cascade_, plan_, buffer.tensor)});
}

void GroupProfiler::add_transfers() {
  const TileClass& first = into_.classes[group_.first_class];
  GroupStreams streams{context_, runs_, group_.class_count == 1 ? std::optional{first.count} : std::nullopt};
  for (const Buffer& buffer : context_.group.buffers) {
    const BufferFlow flow = flow_of(context_, buffer);
    add_streams(buffer, flow, streams);
    memory_.push_back(flow.memory);
    record(buffer, flow.read, flow.written);
  }
  const std::span<RunProfile> runs{into_.runs.data() + group_.first_run, runs_.size()};
  sum_up(streams, group_, runs);
  const std::vector<Bytes> alive = bytes_alive(plan_, context_.group.node, std::move(memory_));
  group_.peak = alive[index_of(context_.group.node)];
  if (runs_.size() > 1) find_places(streams, alive, runs, into_.places);
}

/// All other sums of the group are parts of these.
void GroupProfiler::check_counts() {
  const Bytes bytes = std::max(
      {group_.transfers[Ports::kShared], group_.waits[Ports::kShared], group_.across_runs.round_trips});
  group_.countable = group_.countable && !bytes.overflow() && !group_.ops.overflow();
}

void GroupProfiler::run() {
  group_.first_tensor = static_cast<std::uint32_t>(into_.tensors.size());
  runs_ = leaf_runs(cascade_, plan_, context_.group);
  add_runs();
  add_transfers();
  check_counts();
  group_.tensor_count = static_cast<std::uint32_t>(into_.tensors.size()) - group_.first_tensor;
  into_.groups.push_back(group_);
}

}  // namespace

std::array<Ops, kOpKindCount> ops_by_kind(const PlanProfile& profile, const GroupProfile& group) {
  std::array<Ops, kOpKindCount> ops{};
  for (std::uint32_t c = 0; c < group.class_count; ++c) {
    const TileClass& tiles = profile.classes[group.first_class + c];
    for (std::uint32_t w = 0; w < tiles.work_count; ++w) {
      const OperatorWork& work = profile.work.operators[tiles.first_work + w];
      ops[static_cast<std::size_t>(work.kind)] += Ops{work.ops} * tiles.count;
    }
  }
  return ops;
}

PlanProfile profile(const Cascade& cascade, const Plan& plan, const Layout& layout,
                    const ProfileOptions& options) {
  PlanProfile made;
  for (const GroupLayout& group : layout.groups) {
    const FlowContext context{cascade, plan, group, options};
    GroupProfiler{context, made}.run();
  }
  for (std::size_t g = 0; g < made.groups.size(); ++g) {
    made.groups[g].reserved = reserved_bytes(cascade, plan, layout, g);
  }
  return made;
}

}  // namespace fusescape
