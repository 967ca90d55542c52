#include "fusescape/cost/profile.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "fusescape/plan/buffer_flow.hpp"
#include "fusescape/plan/footprint.hpp"
#include "fusescape/plan/leaf_runs.hpp"
#include "fusescape/plan/tile_classes.hpp"

namespace fusescape {
namespace {

/// Bits of an element and cycles of an operation are at most this; see count().
constexpr std::int64_t kMostBitsOrCycles = 1024;

class GroupProfiler {
 public:
  GroupProfiler(const FlowContext& context, PlanProfile& into)
      : context_{context}, cascade_{context.cascade}, plan_{context.plan}, into_{into} {}

  void run();

 private:
  void collect_bodies(NodeId node);
  [[nodiscard]] bool is_back_to_back(const Buffer& buffer) const;
  void add_class(NodeId body, const Iterations& iterations);
  void add_classes();
  void count(const TileClass& tiles);
  void add_buffer(const Buffer& buffer);
  void record(const Buffer& buffer, Bytes read, Bytes written);
  [[nodiscard]] Bytes port_bytes(const std::vector<Stream>& streams, Bytes (*part)(const Stream&)) const;
  void sum_loads();
  void sum_stores();
  [[nodiscard]] bool is_steady(const Stream& stream) const;
  [[nodiscard]] bool is_uniform() const;

  const FlowContext& context_;
  const Cascade& cascade_;
  const Plan& plan_;
  PlanProfile& into_;
  GroupProfile group_;
  std::vector<NodeId> bodies_;  ///< Nodes that hold operators themselves, outer ones first.
  std::vector<LeafRun> runs_;   ///< In order of execution.
  std::vector<Stream> loads_;
  std::vector<Stream> stores_;
  std::vector<Allocation> memory_;
};

void GroupProfiler::collect_bodies(NodeId node) {
  const std::vector<NodeId>& children = plan_.node(node).children;
  const bool has_leaf = std::any_of(children.begin(), children.end(), [&](NodeId child) {
    const NodeKind kind = plan_.node(child).kind;
    return kind == NodeKind::kOperator || kind == NodeKind::kChain;
  });
  if (has_leaf) bodies_.push_back(node);
  for (const NodeId child : children) {
    if (plan_.node(child).kind != NodeKind::kChain) collect_bodies(child);
  }
}

bool runs(const LeafRun& run, OpId op) {
  return std::find(run.operators.begin(), run.operators.end(), op) != run.operators.end();
}

/// Whether the tile after the last one that uses a slab is the first that uses the next one: nothing else can
/// run meanwhile.
bool GroupProfiler::is_back_to_back(const Buffer& buffer) const {
  const auto uses_it = [&](const LeafRun& run) {
    return (buffer.producer && runs(run, *buffer.producer)) ||
           std::any_of(buffer.uses.begin(), buffer.uses.end(),
                       [&](const Use& use) { return runs(run, use.op); });
  };
  return uses_it(runs_.front()) && uses_it(runs_.back());
}

/// Adds a class's operations, and checks that no count of one of its tiles can leave 64 bits: a tile takes at
/// most one step, and one access of each operand, for each operation.
void GroupProfiler::count(const TileClass& tiles) {
  Ops in_tile;
  for (std::uint32_t w = tiles.first_work; w < into_.work.operators.size(); ++w) {
    in_tile += Ops{into_.work.operators[w].ops} * std::int64_t{into_.work.operators[w].access_count};
    group_.ops += Ops{into_.work.operators[w].ops} * tiles.count;
  }
  const bool fits = !(in_tile * kMostBitsOrCycles).overflow() && !group_.ops.overflow();
  group_.countable = group_.countable && fits;
}

/// One class of tiles of `body`: the work of the operators that it holds itself.
void GroupProfiler::add_class(NodeId body, const Iterations& iterations) {
  TileClass tiles;
  tiles.count = iterations.count < 0 ? std::numeric_limits<std::int64_t>::max() : iterations.count;
  tiles.first_work = static_cast<std::uint32_t>(into_.work.operators.size());
  for (const NodeId child : plan_.node(body).children) {
    const NodeKind kind = plan_.node(child).kind;
    if (kind != NodeKind::kOperator && kind != NodeKind::kChain) continue;
    append_work(cascade_, plan_, child, iterations.extent, into_.work);
  }
  tiles.work_count = static_cast<std::uint32_t>(into_.work.operators.size()) - tiles.first_work;
  count(tiles);
  into_.classes.push_back(tiles);
}

void GroupProfiler::add_classes() {
  group_.first_class = static_cast<std::uint32_t>(into_.classes.size());
  for (const NodeId body : bodies_) {
    for (const Iterations& iterations : iteration_classes(cascade_, loops_above(plan_, body))) {
      add_class(body, iterations);
    }
  }
  group_.class_count = static_cast<std::uint32_t>(into_.classes.size()) - group_.first_class;
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

void GroupProfiler::add_buffer(const Buffer& buffer) {
  BufferFlow flow = flow_of(context_, buffer);
  if (!is_back_to_back(buffer)) {  // Other tiles may run while it waits.
    for (Stream& load : flow.loads) load.ahead = true;
    for (Stream& store : flow.stores) store.ahead = true;
  }
  loads_.insert(loads_.end(), flow.loads.begin(), flow.loads.end());
  stores_.insert(stores_.end(), flow.stores.begin(), flow.stores.end());
  memory_.push_back(flow.memory);
  record(buffer, flow.read, flow.written);
}

/// How long the port is busy with a part of some streams: all of it, but only the longest of the inputs that
/// an operator loads side by side.
Bytes GroupProfiler::port_bytes(const std::vector<Stream>& streams, Bytes (*part)(const Stream&)) const {
  std::map<OpId, Bytes> longest;
  Bytes sum;
  for (const Stream& s : streams) {
    const bool concurrent = !s.carried && !plan_.spatial.empty() &&
                            plan_.spatial[index_of(s.op)].operand_loads == OperandLoads::kConcurrent;
    if (concurrent) {
      longest[s.op] = std::max(longest[s.op], part(s));
    } else {
      sum += part(s);
    }
  }
  for (const auto& [op, bytes] : longest) sum += bytes;
  return sum;
}

/// True of a stream that moves the same bytes with every tile of a group whose tiles are all equal.
bool GroupProfiler::is_steady(const Stream& stream) const {
  if (group_.class_count != 1) return false;
  const std::int64_t tiles = into_.classes[group_.first_class].count;
  return stream.visits == tiles && stream.total == stream.first * tiles;
}

bool GroupProfiler::is_uniform() const {
  const auto hides = [&](const Stream& s) { return !s.moves || (s.ahead && is_steady(s)); };
  return runs_.size() == 1 && group_.class_count == 1 && std::all_of(loads_.begin(), loads_.end(), hides) &&
         std::all_of(stores_.begin(), stores_.end(), hides);
}

void GroupProfiler::sum_loads() {
  std::vector<Stream> leading;
  std::copy_if(loads_.begin(), loads_.end(), std::back_inserter(leading),
               [&](const Stream& s) { return runs(runs_.front(), s.op); });
  group_.lead = port_bytes(leading, [](const Stream& s) { return s.first; });
  group_.loads = port_bytes(loads_, [](const Stream& s) { return s.total; });
  group_.exposed_loads =
      port_bytes(loads_, [](const Stream& s) { return s.ahead || !s.moves ? Bytes{} : s.total - s.first; });
  std::vector<Stream> steady;
  std::copy_if(loads_.begin(), loads_.end(), std::back_inserter(steady),
               [&](const Stream& s) { return s.moves && is_steady(s); });
  group_.tile_load = port_bytes(steady, [](const Stream& s) { return s.first; });
}

void GroupProfiler::sum_stores() {
  std::int64_t silent = stores_.empty() ? 0 : std::numeric_limits<std::int64_t>::max();
  for (const Stream& s : stores_) {
    if (runs(runs_.back(), s.op) && !s.early) group_.tail += s.last;
    if (!s.ahead && s.moves && !s.early) group_.exposed_stores += s.total - s.last;
    if (group_.uniform && s.moves) group_.tile_store += s.first;
    silent = std::min(silent, s.silent);
  }
  group_.one_run = runs_.size() == 1;
  if (group_.class_count == 1) group_.silent_tiles = silent;
}

void GroupProfiler::run() {
  group_.first_tensor = static_cast<std::uint32_t>(into_.tensors.size());
  collect_bodies(context_.group.node);
  runs_ = leaf_runs(cascade_, plan_, context_.group);
  add_classes();
  for (const Buffer& buffer : context_.group.buffers) add_buffer(buffer);
  group_.uniform = is_uniform();
  sum_loads();
  sum_stores();
  group_.peak = peak_bytes(plan_, context_.group.node, memory_);
  group_.tensor_count = static_cast<std::uint32_t>(into_.tensors.size()) - group_.first_tensor;
  into_.groups.push_back(group_);
}

/// Reserves what is retained in every group from the producer's to the last consumer's.
void reserve_retained(const Cascade& cascade, const Plan& plan, const Layout& layout, PlanProfile& made) {
  std::vector<std::size_t> group_of_op(cascade.operators.size(), layout.groups.size());
  for (std::size_t g = 0; g < layout.groups.size(); ++g) {
    for (const OpId op : layout.groups[g].operators) group_of_op[index_of(op)] = g;
  }
  for (const Retention& retention : plan.retentions) {
    const std::size_t first = group_of_op[index_of(*cascade.producer[index_of(retention.tensor)])];
    std::size_t last = first;
    for (const Use& use : cascade.uses[index_of(retention.tensor)]) {
      last = std::max(last, group_of_op[index_of(use.op)]);
    }
    for (std::size_t g = first; g <= last && g < made.groups.size(); ++g)
      made.groups[g].reserved += retention.bytes;
  }
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
  reserve_retained(cascade, plan, layout, made);
  return made;
}

}  // namespace fusescape
