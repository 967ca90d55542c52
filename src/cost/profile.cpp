#include "fusescape/cost/profile.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "fusescape/plan/buffer_flow.hpp"
#include "fusescape/plan/footprint.hpp"
#include "fusescape/plan/leaf_runs.hpp"
#include "fusescape/plan/tile_classes.hpp"
#include "fusescape/plan/traffic.hpp"

namespace fusescape {
namespace {

/// Bits of an element and cycles of an operation are at most this; see count().
constexpr std::int64_t kMostBitsOrCycles = 1024;

/// The transfers of one buffer in one direction, and where its visits lie.
struct BufferStream : Stream {
  int slots = 1;
  int depth = 0;
  std::int64_t first_tiles = 1;  ///< Of its first visit, if one run uses all buffers.
  std::int64_t last_tiles = 1;   ///< Of its last visit.
  std::int64_t passes = 1;       ///< Times that others run between two of its visits, and the start.
  std::size_t first_run = 0;     ///< Of those that use its buffer.
  std::size_t last_run = 0;
  bool spilled = false;  ///< The group makes itself what it loads.
  bool in_turn = false;  ///< In a pass, nothing else can run between two visits.
};

class GroupProfiler {
 public:
  GroupProfiler(const FlowContext& context, PlanProfile& into)
      : context_{context}, cascade_{context.cascade}, plan_{context.plan}, into_{into} {}

  void run();

 private:
  struct RunRange {
    std::size_t first = 0;
    std::size_t last = 0;
    [[nodiscard]] std::size_t count() const { return last - first + 1; }
  };
  [[nodiscard]] RunRange runs_below(NodeId node) const;
  [[nodiscard]] std::int64_t passes_of(NodeId node, std::size_t own) const;
  void add_class(const LeafRun& run, const Iterations& iterations);
  void add_runs();
  void count(const TileClass& tiles);
  void set_visit_tiles(const Buffer& buffer, const BufferFlow& flow, BufferStream& stream) const;
  void add_buffer(const Buffer& buffer);
  void record(const Buffer& buffer, Bytes read, Bytes written);
  using Part = Bytes (*)(const BufferStream&);
  [[nodiscard]] bool is_concurrent(const Stream& stream) const;
  [[nodiscard]] Bytes ahead_of_lead() const;
  [[nodiscard]] Bytes port_bytes(const std::vector<BufferStream>& streams, Part part) const;
  void sum_loads();
  void sum_stores();
  void sum_runs();
  void find_ends();
  void find_leads();
  [[nodiscard]] std::int64_t tiles_in_a_pass(const LeafRun& run, const LeafRun& other) const;
  [[nodiscard]] Bytes early_loads() const;
  [[nodiscard]] Bytes late_stores() const;
  [[nodiscard]] bool is_steady(const Stream& stream) const;
  [[nodiscard]] bool is_uniform() const;

  const FlowContext& context_;
  const Cascade& cascade_;
  const Plan& plan_;
  PlanProfile& into_;
  GroupProfile group_;
  std::vector<LeafRun> runs_;  ///< In order of execution.
  std::vector<BufferStream> loads_;
  std::vector<BufferStream> stores_;
  std::vector<Allocation> memory_;
};

std::int64_t at_most(Elements count) {
  return count.overflow() ? std::numeric_limits<std::int64_t>::max() : count.value();
}

bool runs(const LeafRun& run, OpId op) {
  return std::find(run.operators.begin(), run.operators.end(), op) != run.operators.end();
}

GroupProfiler::RunRange GroupProfiler::runs_below(NodeId node) const {
  const auto below = [&](const LeafRun& run) { return is_above(plan_, node, run.parent); };
  const auto first = std::find_if(runs_.begin(), runs_.end(), below);
  const auto end = std::find_if_not(first, runs_.end(), below);
  return {static_cast<std::size_t>(first - runs_.begin()), static_cast<std::size_t>(end - runs_.begin()) - 1};
}

/// How often `own` runs at or below `node` take turns with others.
std::int64_t GroupProfiler::passes_of(NodeId node, std::size_t own) const {
  while (node != context_.group.node && runs_below(node).count() == own) node = plan_.node(node).parent;
  if (runs_below(node).count() == own) return 1;
  return at_most(iteration_count(cascade_, loops_above(plan_, node)));
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

/// One class of tiles of `run`.
void GroupProfiler::add_class(const LeafRun& run, const Iterations& iterations) {
  TileClass tiles;
  tiles.count = iterations.count < 0 ? std::numeric_limits<std::int64_t>::max() : iterations.count;
  tiles.first_work = static_cast<std::uint32_t>(into_.work.operators.size());
  for (const NodeId leaf : run.leaves) append_work(cascade_, plan_, leaf, iterations.extent, into_.work);
  tiles.work_count = static_cast<std::uint32_t>(into_.work.operators.size()) - tiles.first_work;
  count(tiles);
  into_.classes.push_back(tiles);
}

void GroupProfiler::add_runs() {
  group_.first_class = static_cast<std::uint32_t>(into_.classes.size());
  group_.first_run = static_cast<std::uint32_t>(into_.runs.size());
  group_.run_count = static_cast<std::uint32_t>(runs_.size());
  for (const LeafRun& run : runs_) {
    RunProfile made;
    made.first_class = static_cast<std::uint32_t>(into_.classes.size());
    const std::vector<PathLoop> loops = loops_above(plan_, run.parent);
    const TileBounds last = last_tile(cascade_, loops);
    for (const Iterations& iterations : iteration_classes(cascade_, loops)) {
      const bool is_last =
          std::equal(last.begin(), last.end(), iterations.extent.begin(),
                     [](const RankSpan& span, std::int64_t extent) { return span.extent == extent; });
      if (is_last) group_.last_class = static_cast<std::uint32_t>(into_.classes.size());
      add_class(run, iterations);
    }
    made.class_count = static_cast<std::uint32_t>(into_.classes.size()) - made.first_class;
    into_.runs.push_back(made);
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

/// Iterations of a nest within `bounds` if all are equal; else one, of which there is no more to say.
std::int64_t equal_iterations(TileBounds bounds, const std::vector<PathLoop>& loops) {
  Elements count{1};
  for (const PathLoop& loop : loops) {
    std::int64_t& extent = bounds[index_of(loop.rank)].extent;
    const std::int64_t tile = std::min(extent, loop.tile);
    if (extent % tile != 0) return 1;
    count = count * (extent / tile);
    extent = tile;
  }
  return at_most(count);
}

/// Tiles of the first visit until it is complete for the first time, and of the last one.
void GroupProfiler::set_visit_tiles(const Buffer& buffer, const BufferFlow& flow,
                                    BufferStream& stream) const {
  if (runs_.size() > 1) return;
  std::vector<PathLoop> nest = loops_above(plan_, runs_.front().parent);
  const auto inner = nest.begin() + flow.changed_by;
  const std::vector<PathLoop> outer{nest.begin(), inner};
  stream.last_tiles = equal_iterations(last_tile(cascade_, outer), {inner, nest.end()});
  const auto repeats = [&](const PathLoop& loop) {
    return buffer.producer && !has_rank(cascade_.op(*buffer.producer).ranks, loop.rank);
  };
  nest.erase(std::remove_if(inner, nest.end(), repeats), nest.end());
  const auto making = nest.begin() + flow.changed_by;
  stream.first_tiles = equal_iterations(first_tile(cascade_, outer), {making, nest.end()});
}

void GroupProfiler::add_buffer(const Buffer& buffer) {
  const BufferFlow flow = flow_of(context_, buffer);
  BufferStream place;
  place.slots = flow.slots;
  place.depth = flow.depth;
  const std::vector<OpId>& own = context_.group.operators;
  const auto& maker = cascade_.producer[index_of(buffer.tensor)];
  place.spilled =
      buffer.role == BufferRole::kFetched && maker && std::find(own.begin(), own.end(), *maker) != own.end();
  const RunRange below = runs_below(buffer.node);
  place.passes = passes_of(buffer.node, below.count());
  place.first_run = below.last;
  place.last_run = below.first;
  const auto used_by = [&](OpId op) {
    for (std::size_t i = below.first; i <= below.last; ++i) {
      if (!runs(runs_[i], op)) continue;
      place.first_run = std::min(place.first_run, i);
      place.last_run = std::max(place.last_run, i);
    }
  };
  if (buffer.producer) used_by(*buffer.producer);
  for (const Use& use : buffer.uses) used_by(use.op);
  set_visit_tiles(buffer, flow, place);
  const auto placed = [&](const Stream& stream, bool in_turn) {
    BufferStream made{place};
    static_cast<Stream&>(made) = stream;
    made.in_turn = in_turn;
    return made;
  };
  for (const Stream& load : flow.loads)
    loads_.push_back(placed(load, place.first_run == below.first && place.last_run == below.last));
  for (const Stream& store : flow.stores) stores_.push_back(placed(store, below.count() == 1));
  memory_.push_back(flow.memory);
  record(buffer, flow.read, flow.written);
}

bool GroupProfiler::is_concurrent(const Stream& stream) const {
  return !stream.carried && !plan_.spatial.empty() &&
         plan_.spatial[index_of(stream.op)].operand_loads == OperandLoads::kConcurrent;
}

/// How long the port is busy with a part of some streams: all of it, but only the longest of the inputs that
/// an operator loads side by side.
Bytes GroupProfiler::port_bytes(const std::vector<BufferStream>& streams, Part part) const {
  std::map<OpId, Bytes> longest;
  Bytes sum;
  for (const BufferStream& s : streams) {
    if (is_concurrent(s)) {
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
  const auto hides = [&](const Stream& s) { return s.moves ? s.ahead && is_steady(s) : !s.early; };
  return runs_.size() == 1 && group_.class_count == 1 && std::all_of(loads_.begin(), loads_.end(), hides) &&
         std::all_of(stores_.begin(), stores_.end(), hides);
}

/// What single slots make the core wait for: all but the first visits of each pass.
Bytes exposed(const BufferStream& stream) {
  if (stream.ahead || !stream.in_turn || !stream.moves) return {};
  if (stream.passes == 1) return stream.total - stream.first;
  return std::max(stream.total - stream.most * stream.passes, Bytes{});
}

/// Second slabs that the port serves before the last slab that the first tile needs, since inner loops' loads
/// go first. Known where one run uses all buffers.
Bytes GroupProfiler::ahead_of_lead() const {
  const auto concurrent = [&](const Stream& s) { return is_concurrent(s); };
  const auto spilled = [&](const BufferStream& s) { return s.spilled; };  // These come before all others.
  if (runs_.size() > 1 || std::any_of(loads_.begin(), loads_.end(), concurrent) ||
      std::any_of(loads_.begin(), loads_.end(), spilled)) {
    return {};
  }
  int outermost = std::numeric_limits<int>::max();
  for (const BufferStream& s : loads_) {
    if (s.first > Bytes{0}) outermost = std::min(outermost, s.depth);
  }
  Bytes sum;
  for (const BufferStream& s : loads_) {
    if (s.depth > outermost && s.slots > 1) sum += s.second;
  }
  return sum;
}

/// All that slots let come before the tile ends that makes the first store possible.
Bytes GroupProfiler::early_loads() const {
  const std::int64_t tiles = group_.tiles_before_stores;
  std::vector<BufferStream> early = loads_;
  for (BufferStream& s : early) {
    const Bytes one_visit = s.first + s.second * (s.slots - 1);
    if (is_steady(s)) {
      s.total = std::min(s.total, s.first * (tiles + s.slots - 1));
    } else if (s.first_tiles >= tiles) {
      s.total = std::min(s.total, one_visit);
    }
  }
  return port_bytes(early, [](const BufferStream& s) { return s.total; });
}

/// All that slots let leave after the tile has started that needs the last load, but for what the last one
/// makes.
Bytes GroupProfiler::late_stores() const {
  const std::int64_t tiles = group_.tiles_after_loads;
  Bytes sum;
  for (const BufferStream& s : stores_) {
    const bool ends = runs(runs_.back(), s.op) && !s.early;
    const Bytes others = s.total - (ends ? s.last : Bytes{});
    if (ends && is_steady(s)) {
      sum += std::min(others, s.first * (tiles + s.slots - 2));
    } else if (s.last_tiles >= tiles) {
      sum += std::min(others, s.most * (s.slots - (ends ? 1 : 0)));
    } else {
      sum += others;
    }
  }
  return sum;
}

/// The last run that needs loads for its first tile, and the first that makes stores with its last one; in
/// how many tiles the others come before and after.
void GroupProfiler::find_leads() {
  const std::size_t none = runs_.size();
  const auto run_of = [&](const Stream& s) {
    const auto found =
        std::find_if(runs_.begin(), runs_.end(), [&](const LeafRun& run) { return runs(run, s.op); });
    return static_cast<std::size_t>(found - runs_.begin());
  };
  std::size_t leads = 0;
  std::size_t tails = none - 1;
  for (const BufferStream& s : loads_) {
    if (s.first > Bytes{0} && run_of(s) < none) leads = std::max(leads, run_of(s));
  }
  for (const BufferStream& s : stores_) {
    if (!s.early && s.last > Bytes{0} && run_of(s) < none) tails = std::min(tails, run_of(s));
  }
  group_.last_lead = port_bytes(loads_, [](const BufferStream& s) { return s.first; });
  for (const BufferStream& s : stores_) group_.first_tail += s.early ? Bytes{} : s.last;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    RunProfile& made = into_.runs[group_.first_run + i];
    if (i < leads) made.before_lead = tiles_in_a_pass(runs_[i], runs_[leads]);
    if (i > tails) made.after_tail = tiles_in_a_pass(runs_[i], runs_[tails]);
  }
}

/// Of `run`, while the innermost node that holds both it and `other` does one iteration; at most.
std::int64_t GroupProfiler::tiles_in_a_pass(const LeafRun& run, const LeafRun& other) const {
  const std::vector<PathLoop> nest = loops_above(plan_, run.parent);
  const std::size_t shared = loops_above(plan_, common_ancestor(plan_, run.parent, other.parent)).size();
  const auto inner = nest.begin() + static_cast<std::ptrdiff_t>(shared);
  return at_most(iteration_count(first_tile(cascade_, {nest.begin(), inner}), {inner, nest.end()}));
}

void GroupProfiler::sum_loads() {
  std::vector<BufferStream> leading;
  std::copy_if(loads_.begin(), loads_.end(), std::back_inserter(leading),
               [&](const BufferStream& s) { return runs(runs_.front(), s.op); });
  group_.lead = port_bytes(leading, [](const BufferStream& s) { return s.first; });
  group_.ahead_of_lead = ahead_of_lead();
  group_.lead += group_.ahead_of_lead;
  group_.loads = port_bytes(loads_, [](const BufferStream& s) { return s.total; });
  group_.exposed_loads = port_bytes(loads_, exposed);
  std::vector<BufferStream> steady;
  std::copy_if(loads_.begin(), loads_.end(), std::back_inserter(steady),
               [&](const BufferStream& s) { return s.moves && is_steady(s); });
  group_.tile_load = port_bytes(steady, [](const BufferStream& s) { return s.first; });
}

void GroupProfiler::sum_stores() {
  for (const BufferStream& s : stores_) {
    if (runs(runs_.back(), s.op) && !s.early) group_.tail += s.last;
    if (!s.early) group_.exposed_stores += exposed(s);
    if (group_.uniform && s.moves) group_.tile_store += s.first;
  }
}

/// When the port must wait for tiles.
void GroupProfiler::find_ends() {
  const std::int64_t tiles = group_.class_count == 1 ? into_.classes[group_.first_class].count : 1;
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  std::int64_t after = before;
  for (const BufferStream& s : stores_) {
    const std::int64_t silent = runs_.size() == 1 ? std::min(s.silent, tiles - 1) : 0;
    before = std::min(before, std::max(s.first_tiles, silent + 1));
  }
  for (const BufferStream& s : loads_) after = std::min(after, s.last_tiles);
  group_.tiles_before_stores = stores_.empty() ? tiles : before;
  group_.tiles_after_loads = loads_.empty() ? tiles : after;
  group_.early_loads = early_loads();
  group_.late_stores = late_stores();
}

/// A run that takes turns with others has the port's help only so far ahead as its slots reach.
void GroupProfiler::sum_runs() {
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    const std::int64_t passes = passes_of(runs_[i].parent, 1);
    const auto elsewhere = [&](const BufferStream& s) { return s.most * s.slots * passes; };
    const auto belongs = [&](const BufferStream& s) {
      return s.first_run == i && s.last_run == i && s.total > elsewhere(s);
    };
    std::vector<BufferStream> own;
    Bytes ahead;
    for (const BufferStream& s : loads_) {
      if (!belongs(s)) continue;
      own.push_back(s);
      ahead += elsewhere(s);
    }
    RunProfile& made = into_.runs[group_.first_run + i];
    made.loads = std::max(port_bytes(own, [](const BufferStream& s) { return s.total; }) - ahead, Bytes{});
    for (const BufferStream& s : stores_) {
      if (belongs(s) && !s.early) made.stores += s.total - elsewhere(s);
    }
  }
}

void GroupProfiler::run() {
  group_.first_tensor = static_cast<std::uint32_t>(into_.tensors.size());
  runs_ = leaf_runs(cascade_, plan_, context_.group);
  add_runs();
  for (const Buffer& buffer : context_.group.buffers) add_buffer(buffer);
  group_.uniform = is_uniform();
  sum_loads();
  sum_stores();
  sum_runs();
  find_ends();
  if (runs_.size() > 1) find_leads();
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
