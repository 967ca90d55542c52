#include "fusescape/cost/profile.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "footprint.hpp"
#include "operator_work.hpp"
#include "tile_classes.hpp"
#include "traffic.hpp"

namespace fusescape {
namespace {

/// Bits of an element and cycles of an operation are at most this; see count().
constexpr std::int64_t kMostBitsOrCycles = 1024;

/// DRAM transfers of one buffer in one direction.
struct Stream {
  Bytes total{};
  Bytes first{};
  Bytes last{};
  std::int64_t visits = 0;
  bool moves = false;
  bool ahead = false;    ///< It has a second slot: a transfer hides behind compute.
  std::size_t body = 0;  ///< The innermost loop body that needs or makes it.
  OpId op{};             ///< The operator that needs it first, or makes it.
};

class GroupProfiler {
 public:
  GroupProfiler(const Cascade& cascade, const Plan& plan, const GroupLayout& layout,
                const ProfileOptions& options, PlanProfile& into)
      : cascade_{cascade}, plan_{plan}, layout_{layout}, options_{options}, into_{into} {}

  void run();

 private:
  void collect_bodies(NodeId node);
  void add_classes();
  void count(const TileClass& tiles);
  [[nodiscard]] std::size_t body_of(OpId op) const;
  void set_user(Stream& stream, OpId op) const;
  [[nodiscard]] bool outlives_iterations(const Buffer& buffer, std::int64_t visits) const;

  void add_buffer(const Buffer& buffer);
  void add_fetched(const Buffer& buffer, const Slab& slab, Allocation& memory);
  void add_made(const Buffer& buffer, const Slab& slab, Allocation& memory);
  void add_carried(const Buffer& buffer, Allocation& memory);
  [[nodiscard]] int slots(const Buffer& buffer, bool moves) const;
  [[nodiscard]] int counted(int slots) const { return options_.count_second_slots ? slots : 1; }
  [[nodiscard]] Slab slab_of(const Buffer& buffer) const;
  void live_throughout(Allocation& memory) const;
  [[nodiscard]] std::vector<PathLoop> loops_of(const Buffer& buffer, bool over_its_ranks,
                                               bool over_sums) const;
  [[nodiscard]] Stream stream(const std::vector<PathLoop>& loops, const Slab& slab,
                              const Movement& moved) const;
  void record(const Buffer& buffer, Bytes read, Bytes written);

  void sum_transfers();
  [[nodiscard]] bool is_uniform() const;
  [[nodiscard]] Bytes port_bytes(const std::vector<Stream>& streams, Bytes (*part)(const Stream&)) const;

  const Cascade& cascade_;
  const Plan& plan_;
  const GroupLayout& layout_;
  const ProfileOptions& options_;
  PlanProfile& into_;
  GroupProfile group_;
  std::vector<NodeId> bodies_;
  std::vector<Stream> loads_;
  std::vector<Stream> stores_;
  std::vector<Allocation> memory_;
};

TileBounds first_tile(const Cascade& cascade, const std::vector<PathLoop>& loops) {
  TileBounds tile = whole_bounds(cascade);
  for (const PathLoop& loop : loops) {
    std::int64_t& extent = tile.extent[index_of(loop.rank)];
    extent = std::min(extent, loop.tile);
  }
  return tile;
}

TileBounds last_tile(const Cascade& cascade, const std::vector<PathLoop>& loops) {
  TileBounds tile = whole_bounds(cascade);
  for (const PathLoop& loop : loops) {
    std::int64_t& extent = tile.extent[index_of(loop.rank)];
    const std::int64_t before = (extent - 1) / loop.tile * loop.tile;
    tile.start[index_of(loop.rank)] += before;
    extent -= before;
  }
  return tile;
}

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

std::size_t GroupProfiler::body_of(OpId op) const {
  for (std::size_t i = bodies_.size(); i-- > 0;) {
    const std::vector<OpId> below = operators_below(plan_, bodies_[i]);
    if (std::find(below.begin(), below.end(), op) != below.end()) return i;  // Inner bodies come later.
  }
  return 0;
}

void GroupProfiler::set_user(Stream& stream, OpId op) const {
  stream.body = body_of(op);
  stream.op = op;
}

/// True if some iteration finds its slab left there by the one before: then nothing else may use the memory.
bool GroupProfiler::outlives_iterations(const Buffer& buffer, std::int64_t visits) const {
  Elements iterations;
  for (const Iterations& some : iteration_classes(cascade_, loops_above(plan_, buffer.node))) {
    iterations += some.count < 0 ? Elements::overflowed() : Elements{some.count};
  }
  return Elements{visits} < iterations;
}

/// Adds a class's operations, and checks that no count of one of its tiles can leave 64 bits: a tile takes at
/// most one step, and one access of each operand, for each operation.
void GroupProfiler::count(const TileClass& tiles) {
  Ops in_tile;
  for (std::uint32_t w = tiles.first_work; w < into_.work.size(); ++w) {
    in_tile += Ops{into_.work[w].ops} * std::int64_t{into_.work[w].access_count};
    group_.ops += Ops{into_.work[w].ops} * tiles.count;
  }
  const bool fits = !(in_tile * kMostBitsOrCycles).overflow() && !group_.ops.overflow();
  group_.countable = group_.countable && fits;
}

void GroupProfiler::add_classes() {
  group_.first_class = static_cast<std::uint32_t>(into_.classes.size());
  for (const NodeId body : bodies_) {
    for (const Iterations& iterations : iteration_classes(cascade_, loops_above(plan_, body))) {
      TileClass tiles;
      tiles.count = iterations.count < 0 ? std::numeric_limits<std::int64_t>::max() : iterations.count;
      tiles.first_work = static_cast<std::uint32_t>(into_.work.size());
      for (const NodeId child : plan_.node(body).children) {
        const NodeKind kind = plan_.node(child).kind;
        if (kind != NodeKind::kOperator && kind != NodeKind::kChain) continue;
        append_work(cascade_, plan_, child, iterations.extent, into_);
      }
      tiles.work_count = static_cast<std::uint32_t>(into_.work.size()) - tiles.first_work;
      count(tiles);
      into_.classes.push_back(tiles);
    }
  }
  group_.class_count = static_cast<std::uint32_t>(into_.classes.size()) - group_.first_class;
}

int GroupProfiler::slots(const Buffer& buffer, bool moves) const {
  return buffer.slots.value_or(moves && options_.double_buffering ? 2 : 1);
}

Slab GroupProfiler::slab_of(const Buffer& buffer) const {
  const Tensor& tensor = cascade_.tensor(buffer.tensor);
  Slab slab{.access = buffer.access, .bits = bits_of(tensor.type), .held = buffer.held};
  slab.before_start = tensor.initial == Initial::kLoaded;
  return slab;
}

void GroupProfiler::live_throughout(Allocation& memory) const {
  memory.first_child = 0;
  memory.last_child = static_cast<std::int32_t>(plan_.node(memory.node).children.size()) - 1;
}

/// In DRAM a tensor may have a format of its own.
Slab in_dram(const Plan& plan, Slab slab, TensorId tensor) {
  for (const StorageFormat& format : plan.formats) {
    if (format.tensor == tensor) slab.bits = format.bits;
  }
  return slab;
}

/// The loops above a buffer: all of them, or only those over ranks of its tensor and, if asked, over ranks
/// that its producer sums over.
std::vector<PathLoop> GroupProfiler::loops_of(const Buffer& buffer, bool over_its_ranks,
                                              bool over_sums) const {
  std::vector<PathLoop> loops = loops_above(plan_, buffer.node);
  const auto dropped = [&](const PathLoop& loop) {
    const bool sums = buffer.producer && has_rank(cascade_.op(*buffer.producer).reduction_ranks, loop.rank);
    if (sums) return !over_sums;
    const auto& indices = buffer.access.indices;
    const bool its =
        std::any_of(indices.begin(), indices.end(), [&](const Index& i) { return i.rank == loop.rank; });
    return over_its_ranks && !its;
  };
  loops.erase(std::remove_if(loops.begin(), loops.end(), dropped), loops.end());
  return loops;
}

Stream GroupProfiler::stream(const std::vector<PathLoop>& loops, const Slab& slab,
                             const Movement& moved) const {
  return {.total = moved.bytes,
          .first = round_up(slab_bytes(cascade_, slab, first_tile(cascade_, loops)), options_.granule),
          .last = round_up(slab_bytes(cascade_, slab, last_tile(cascade_, loops)), options_.granule),
          .visits = moved.visits,
          .moves = moved.moves};
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
  const Slab slab = in_dram(plan_, slab_of(buffer), buffer.tensor);
  into_.tensors.push_back({buffer.tensor, read, written, buffer.role, slab.bits});
}

void GroupProfiler::add_fetched(const Buffer& buffer, const Slab& slab, Allocation& memory) {
  const std::vector<PathLoop> loops = loops_above(plan_, buffer.node);
  const Slab packed = in_dram(plan_, slab, buffer.tensor);
  const Movement moved = movement(cascade_, loops, packed, options_.granule);
  const int held_slots = slots(buffer, moved.moves);
  memory.bytes = memory.bytes * counted(held_slots);
  if (outlives_iterations(buffer, moved.visits) || counted(held_slots) == 2) live_throughout(memory);
  Stream load = stream(loops, packed, moved);
  load.ahead = held_slots == 2;
  set_user(load, buffer.uses.front().op);
  loads_.push_back(load);
  record(buffer, moved.bytes, Bytes{});
}

/// What the producer fills goes to DRAM once; sums that leave the chip unfinished go out and come back, in
/// the accumulator's type, once for each further visit.
void GroupProfiler::add_made(const Buffer& buffer, const Slab& slab, Allocation& memory) {
  if (!buffer.stored) {
    memory.bytes = memory.bytes * buffer.slots.value_or(1);
    record(buffer, Bytes{}, Bytes{});
    return;
  }
  const Slab packed = in_dram(plan_, slab, buffer.tensor);
  const std::vector<PathLoop> own_loops = loops_of(buffer, true, false);
  const Movement once = movement(cascade_, own_loops, packed, options_.granule);
  Slab partial = slab;
  partial.bits = bits_of(facts(cascade_.tensor(buffer.tensor).type).accumulator);
  const std::vector<PathLoop> all_loops = loops_of(buffer, false, true);
  const Movement visits = movement(cascade_, all_loops, partial, options_.granule);
  const Movement final_visits = movement(cascade_, loops_of(buffer, false, false), partial, options_.granule);
  const Bytes unfinished = visits.bytes - final_visits.bytes;

  const bool streams = buffer.role == BufferRole::kProduced;
  const int held_slots = streams ? slots(buffer, visits.moves) : buffer.slots.value_or(1);
  if (unfinished > Bytes{0})
    memory.bytes =
        std::max(memory.bytes, largest_slab_bytes(cascade_, partial, first_tile(cascade_, all_loops)));
  memory.bytes = memory.bytes * counted(held_slots);
  if (outlives_iterations(buffer, visits.visits) || (streams && counted(held_slots) == 2))
    live_throughout(memory);
  Stream store = stream(own_loops, packed, once);
  store.total = once.bytes + unfinished;
  store.visits = visits.visits;
  store.moves = visits.moves;
  store.ahead = held_slots == 2 || !streams;
  set_user(store, *buffer.producer);
  stores_.push_back(store);
  if (unfinished > Bytes{0}) {
    loads_.push_back({.total = unfinished,
                      .visits = visits.visits - final_visits.visits,
                      .moves = true,
                      .ahead = store.ahead,
                      .body = store.body,
                      .op = store.op});
  }
  record(buffer, unfinished, once.bytes + unfinished);
}

/// Slices that one iteration hands to the next. They travel only at the ends: a loaded state comes in at the
/// start of every pass, a stored one goes out once, unless the whole tensor is in DRAM anyway.
void GroupProfiler::add_carried(const Buffer& buffer, Allocation& memory) {
  const Tensor& tensor = cascade_.tensor(buffer.tensor);
  Slab slab = slab_of(buffer);
  slab.fixed_elements = buffer.depth;
  const std::vector<PathLoop> loops = loops_above(plan_, buffer.node);
  memory.bytes = largest_slab_bytes(cascade_, slab, first_tile(cascade_, loops));
  const Slab packed = in_dram(plan_, slab, buffer.tensor);
  Bytes read;
  Bytes written;
  if (tensor.initial == Initial::kLoaded) {
    const Movement moved = movement(cascade_, loops, packed, options_.granule, Refetch::kAlways);
    Stream load = stream(loops, packed, moved);
    set_user(load, buffer.uses.front().op);
    loads_.push_back(load);
    read = moved.bytes;
  }
  const bool in_dram_anyway =
      std::any_of(layout_.buffers.begin(), layout_.buffers.end(),
                  [&](const Buffer& other) { return other.tensor == buffer.tensor && other.stored; });
  if (tensor.final_value == Final::kStored && !in_dram_anyway) {
    Slab fresh = packed;
    fresh.fixed_elements = std::min(buffer.depth, cascade_.extent(buffer.carry_rank).value());
    const std::vector<PathLoop> own_loops = loops_of(buffer, true, false);
    const Movement moved = movement(cascade_, own_loops, fresh, options_.granule);
    Stream store = stream(own_loops, fresh, moved);
    store.ahead = true;
    set_user(store, *buffer.producer);
    stores_.push_back(store);
    written = moved.bytes;
  }
  record(buffer, read, written);
}

void GroupProfiler::add_buffer(const Buffer& buffer) {
  const Slab slab = slab_of(buffer);
  const TileBounds tile = first_tile(cascade_, loops_above(plan_, buffer.node));
  Allocation memory{.bytes = largest_slab_bytes(cascade_, slab, tile),
                    .node = buffer.node,
                    .first_child = buffer.first_child,
                    .last_child = buffer.last_child,
                    .inside = buffer.inside};
  if (!memory.inside && options_.in_place) memory.inside = buffer.inside_if_in_place;
  switch (buffer.role) {
    case BufferRole::kFetched:
      add_fetched(buffer, slab, memory);
      break;
    case BufferRole::kProduced:
    case BufferRole::kExchanged:
      add_made(buffer, slab, memory);
      break;
    case BufferRole::kCarried:
      add_carried(buffer, memory);
      break;
  }
  memory_.push_back(memory);
}

/// How long the port is busy with a part of some streams: all of it, but only the longest of the inputs that
/// an operator loads side by side.
Bytes GroupProfiler::port_bytes(const std::vector<Stream>& streams, Bytes (*part)(const Stream&)) const {
  std::map<OpId, Bytes> longest;
  Bytes sum;
  for (const Stream& s : streams) {
    const bool concurrent =
        !plan_.spatial.empty() && plan_.spatial[index_of(s.op)].operand_loads == OperandLoads::kConcurrent;
    if (concurrent) {
      longest[s.op] = std::max(longest[s.op], part(s));
    } else {
      sum += part(s);
    }
  }
  for (const auto& [op, bytes] : longest) sum += bytes;
  return sum;
}

bool GroupProfiler::is_uniform() const {
  if (group_.class_count != 1) return false;
  const std::int64_t tiles = into_.classes[group_.first_class].count;
  const auto steady = [&](const Stream& s) {
    return !s.moves || (s.ahead && s.visits == tiles && s.total == s.first * tiles);
  };
  return std::all_of(loads_.begin(), loads_.end(), steady) &&
         std::all_of(stores_.begin(), stores_.end(), steady);
}

void GroupProfiler::sum_transfers() {
  const std::size_t last_body = bodies_.size() - 1;
  std::vector<Stream> leading;
  std::copy_if(loads_.begin(), loads_.end(), std::back_inserter(leading),
               [](const Stream& s) { return s.body == 0; });
  group_.lead = port_bytes(leading, [](const Stream& s) { return s.first; });
  group_.loads = port_bytes(loads_, [](const Stream& s) { return s.total; });
  group_.exposed_loads =
      port_bytes(loads_, [](const Stream& s) { return s.ahead || !s.moves ? Bytes{} : s.total - s.first; });
  for (const Stream& s : stores_) {
    if (s.body == last_body) group_.tail += s.last;
    if (!s.ahead && s.moves) group_.exposed_stores += s.total - s.last;
  }
  group_.uniform = is_uniform();
  if (!group_.uniform) return;
  group_.tile_load = port_bytes(loads_, [](const Stream& s) { return s.moves ? s.first : Bytes{}; });
  for (const Stream& s : stores_) group_.tile_store += s.moves ? s.first : Bytes{};
}

void GroupProfiler::run() {
  group_.first_tensor = static_cast<std::uint32_t>(into_.tensors.size());
  collect_bodies(layout_.node);
  add_classes();
  for (const Buffer& buffer : layout_.buffers) add_buffer(buffer);
  sum_transfers();
  group_.peak = peak_bytes(plan_, layout_.node, memory_);
  group_.tensor_count = static_cast<std::uint32_t>(into_.tensors.size()) - group_.first_tensor;
  into_.groups.push_back(group_);
}

}  // namespace

PlanProfile profile(const Cascade& cascade, const Plan& plan, const Layout& layout,
                    const ProfileOptions& options) {
  PlanProfile made;
  for (const GroupLayout& group : layout.groups) GroupProfiler{cascade, plan, group, options, made}.run();
  return made;
}

}  // namespace fusescape
