// Which tiles must have run before which, across cores and through DRAM?
#include <algorithm>

#include "compile.hpp"

namespace fusescape {
namespace {

class EdgeCompiler {
 public:
  EdgeCompiler(const SimContext& context, const GroupMap& map, GroupProgram& program)
      : context_{context}, cascade_{context.cascade}, map_{map}, program_{program} {}

  void run() {
    for (std::size_t i = 0; i < cascade_.tensors.size(); ++i) {
      const auto& producer = cascade_.producer[i];
      if (!producer || map_.tile_of[index_of(*producer)] < 0) continue;
      const TensorId tensor{static_cast<std::uint16_t>(i)};
      for (const Use& use : cascade_.uses[i]) {
        if (map_.tile_of[index_of(use.op)] >= 0) add(tensor, *producer, use);
      }
    }
    share_transfers();
    add_spills();
  }

 private:
  void add(TensorId tensor, OpId producer, const Use& use);
  void set_lag(SharedLoops& shared, RankId rank, std::int64_t distance, bool against) const;
  void add_edge(EdgeSpec edge, const Index* shifted, std::int64_t distance);
  void add_spill(std::size_t fed, std::size_t stored);
  void share_transfers();
  void add_spills();
  [[nodiscard]] bool is_spilled(TensorId tensor) const;
  [[nodiscard]] const TileSpec& tile(int id) const { return program_.tiles[static_cast<std::size_t>(id)]; }
  [[nodiscard]] const std::vector<int>& common_path(NodeId a, NodeId b) const {
    return map_.path_of(common_ancestor(context_.plan, a, b));
  }

  const SimContext& context_;
  const Cascade& cascade_;
  const GroupMap& map_;
  GroupProgram& program_;
};

/// Made here, and fetched back from DRAM.
bool EdgeCompiler::is_spilled(TensorId tensor) const {
  return std::any_of(program_.buffers.begin(), program_.buffers.end(), [&](const BufferSpec& buffer) {
    return buffer.tensor == tensor && buffer.role == BufferRole::kFetched;
  });
}

/// How far back a read of `rank` at `distance` reaches; at least one iteration if it goes `against` the order
/// of execution.
void EdgeCompiler::set_lag(SharedLoops& shared, RankId rank, std::int64_t distance, bool against) const {
  for (int depth = static_cast<int>(shared.path.size()) - 1; depth >= 0; --depth) {
    const NestLoop& loop = program_.loop(shared.path, depth);
    if (loop.rank != rank) continue;
    shared.lag = std::max<std::int64_t>(distance / loop.tile, against ? 1 : 0);
    shared.lag_loop = depth;
    return;
  }
}

void EdgeCompiler::add_edge(EdgeSpec edge, const Index* shifted, std::int64_t distance) {
  if (shifted != nullptr) {
    set_lag(edge.shared, shifted->rank, distance, edge.from > edge.to);
    if (edge.shared.lag_loop == kNoLoop && edge.from > edge.to) return;  // It reads nothing made here.
  }
  const int id = static_cast<int>(program_.edges.size());
  program_.tiles[static_cast<std::size_t>(edge.from)].out.push_back(id);
  program_.tiles[static_cast<std::size_t>(edge.to)].in.push_back(id);
  program_.edges.push_back(std::move(edge));
}

/// The index of an access through which it reads earlier elements only.
const Index* earlier_of(const Access& access) {
  const auto found = std::find_if(access.indices.begin(), access.indices.end(),
                                  [](const Index& index) { return index.distance > 0; });
  return found == access.indices.end() ? nullptr : &*found;
}

void EdgeCompiler::add(TensorId tensor, OpId producer, const Use& use) {
  const int from = map_.tile_of[index_of(producer)];
  const int to = map_.tile_of[index_of(use.op)];
  if (tile(from).core == tile(to).core) return;  // It runs its tiles in order.
  const Access& access = cascade_.op(use.op).inputs[static_cast<std::size_t>(use.input)];
  const Index* earlier = earlier_of(access);
  if (is_spilled(tensor)) return;  // Its load waits for the store.
  EdgeSpec edge{.from = from, .to = to, .tensor = tensor};
  edge.shared.path = common_path(map_.leaf_of[index_of(producer)], map_.leaf_of[index_of(use.op)]);
  // New values must not take the place of old ones that are still to be read.
  EdgeSpec back{.from = to, .to = from, .shared = edge.shared, .tensor = tensor};
  edge.link = context_.link(tile(from).core, tile(to).core);
  Access whole{tensor, {}};
  for (const RankId rank : cascade_.tensor(tensor).ranks) whole.indices.push_back({.rank = rank});
  edge.slab = slab_spec(cascade_, program_, edge.shared.path,
                        {.access = whole, .bits = bits_of(cascade_.tensor(tensor).type)}, Bytes{1});
  add_edge(std::move(edge), earlier, earlier == nullptr ? 0 : earlier->distance);
  if (earlier != nullptr) add_edge(std::move(back), earlier, 0);
}

/// A tensor goes from core to core once: along with the edge that asks for it in the smallest pieces.
void EdgeCompiler::share_transfers() {
  for (std::size_t i = 0; i < program_.edges.size(); ++i) {
    EdgeSpec& edge = program_.edges[i];
    if (!edge.slab) continue;
    for (std::size_t j = 0; j < program_.edges.size(); ++j) {
      const EdgeSpec& other = program_.edges[j];
      if (i == j || !other.slab || other.tensor != edge.tensor || other.from != edge.from) continue;
      if (tile(other.to).core != tile(edge.to).core) continue;
      if (other.shared.path.size() < edge.shared.path.size()) continue;
      edge.slab.reset();
      break;
    }
  }
}

/// A loop over the rank that is read shifted must be there for anything made in this group to be read.
void EdgeCompiler::add_spill(std::size_t fed, std::size_t stored) {
  const Buffer& buffer = context_.layout.groups[program_.group].buffers[fed];
  const OpId producer = *cascade_.producer[index_of(buffer.tensor)];
  const int maker = map_.tile_of[index_of(producer)];
  const auto& touches = tile(maker).touches;
  SpillSpec spill{.stored = static_cast<int>(stored), .fed = static_cast<int>(fed), .producer = maker};
  spill.touch = *std::find_if(touches.begin(), touches.end(), [&](const TouchSpec& touch) {
    return touch.buffer == static_cast<int>(stored);
  });
  spill.shared.path = common_path(map_.leaf_of[index_of(producer)], buffer.node);
  if (const Index* earlier = earlier_of(buffer.access)) {
    const bool against = std::any_of(buffer.uses.begin(), buffer.uses.end(),
                                     [&](const Use& use) { return map_.tile_of[index_of(use.op)] <= maker; });
    set_lag(spill.shared, earlier->rank, earlier->distance, against);
    const bool beyond = earlier->distance >= cascade_.extent(earlier->rank).value();
    if (spill.shared.lag_loop == kNoLoop && (against || beyond)) return;
  }
  program_.buffers[fed].spills.push_back(static_cast<int>(program_.spills.size()));
  program_.spills.push_back(spill);
  program_.buffers[fed].urgent = program_.buffers[stored].urgent = true;
}

void EdgeCompiler::add_spills() {
  for (std::size_t fed = 0; fed < program_.buffers.size(); ++fed) {
    if (program_.buffers[fed].role != BufferRole::kFetched) continue;
    for (std::size_t stored = 0; stored < program_.buffers.size(); ++stored) {
      const BufferSpec& source = program_.buffers[stored];
      const bool spills = source.tensor == program_.buffers[fed].tensor && source.stored;
      if (spills && source.role != BufferRole::kCarried) add_spill(fed, stored);
    }
  }
}

}  // namespace

void compile_edges(const SimContext& context, const GroupMap& map, GroupProgram& program) {
  EdgeCompiler{context, map, program}.run();
  // What goes out only to come back holds up the next tile: it goes before all that comes and goes ahead of
  // time.
  constexpr int kAheadOfAll = 1 << 20;  // More loops than a plan file has room for.
  for (BufferSpec& buffer : program.buffers) buffer.depth += buffer.urgent ? kAheadOfAll : 0;
}

}  // namespace fusescape
