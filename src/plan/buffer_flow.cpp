#include "fusescape/plan/buffer_flow.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "double_buffering.hpp"
#include "fusescape/plan/dram_bursts.hpp"
#include "fusescape/plan/traffic.hpp"
#include "fusescape/workload/resident.hpp"
#include "placement.hpp"

namespace fusescape {
namespace {

/// Bytes of `tensor` that stay on chip between groups.
Bytes kept_bytes(const Plan& plan, TensorId tensor) {
  Bytes kept;
  for (const Retention& retention : plan.retentions) {
    if (retention.tensor == tensor) kept += retention.bytes;
  }
  return kept;
}

/// Takes away what does not travel when `saved` of the `once` bytes of each whole pass stay on chip, the
/// first ones.
void save(Stream& stream, Bytes saved, Bytes once, std::int64_t passes) {
  if (saved == Bytes{0}) return;
  stream.once = once;
  stream.saved = saved;
  stream.total -= saved * passes;
  if (stream.first > Bytes{0}) stream.silent = saved.value() / stream.first.value();
  stream.second -= std::min(stream.second, std::max(saved - stream.first, Bytes{}));
  stream.first -= std::min(stream.first, saved);
  stream.last = std::min(stream.last, once - saved);
}

/// Endless, if they do not fit: a plan with so many is refused, since each is at least an operation.
std::int64_t bounded(Visits visits) {
  return visits.overflow() ? std::numeric_limits<std::int64_t>::max() / 8 : visits.value();
}

/// Which loops above a buffer count.
enum class Over : unsigned char {
  kAll,       ///< Every one.
  kFinished,  ///< All but those over ranks that the producer sums over.
  kOwn,       ///< Only those over ranks of the tensor.
};

class FlowBuilder {
 public:
  FlowBuilder(const FlowContext& context, const Buffer& buffer)
      : context_{context}, buffer_{buffer}, live_{live_loops(context.cascade, context.plan, buffer.node)} {
    const Tensor& tensor = context.cascade.tensor(buffer.tensor);
    slab_ = {.access = buffer.access, .bits = bits_of(tensor.type), .held = buffer.held};
    slab_.before_start = tensor.initial != Initial::kZero;
    resident_ = is_resident(context.cascade, buffer.tensor);
    whole_ = bytes_of(elements_of(context.cascade, buffer.tensor), slab_.bits);
    packed_ = slab_;
    packed_.bits = dram_bits(context.cascade, context.plan, buffer.tensor);
    packed_.before_start = tensor.initial == Initial::kLoaded;
    sums_ = slab_;
    sums_.bits = bits_of(accumulator_of(tensor));
    flow_.memory = {.bytes = in_first_tile(buffer.accumulates ? sums_ : slab_),
                    .node = buffer.node,
                    .first_child = buffer.first_child,
                    .last_child = buffer.last_child,
                    .inside = buffer.inside};
    if (!buffer.inside && context.options.in_place) flow_.memory.inside = buffer.inside_if_in_place;
  }

  BufferFlow run() {
    set_depth();
    switch (buffer_.role) {
      case BufferRole::kFetched:
        fetch();
        break;
      case BufferRole::kProduced:
      case BufferRole::kExchanged:
        buffer_.stored ? make_stored() : make_exchanged();
        break;
      case BufferRole::kCarried:
        carry();
        break;
    }
    return std::move(flow_);
  }

 private:
  void fetch();
  void make_exchanged();
  void make_stored();
  void carry();
  void load_state(const Slab& state);
  void store_state(Slab state);
  void keep_loads(Stream& load, Visits passes) const;
  void keep_stores(Stream& store, Bytes once) const;
  [[nodiscard]] Bytes saved_of(Bytes once) const;

  [[nodiscard]] const std::vector<PathLoop>& loops(Over over) const {
    auto& nest = nests_[static_cast<std::size_t>(over)];
    if (!nest) nest = counted_loops(over);
    return *nest;
  }
  [[nodiscard]] std::vector<PathLoop> counted_loops(Over over) const;
  [[nodiscard]] Movement moved(Over over, const Slab& slab, Refetch refetch = Refetch::kWhenChanged) const {
    return movement(context_.cascade, loops(over), slab, context_.options.granule, refetch);
  }
  [[nodiscard]] Stream stream(Over over, const Slab& slab, const Movement& movement, OpId op) const;
  /// No tile is larger than the first one; only a window's slabs may be.
  [[nodiscard]] Bytes in_first_tile(const Slab& slab) const {
    return slab_bytes(context_.cascade, slab, first_tile(context_.cascade, loops(Over::kAll)));
  }
  [[nodiscard]] int slots(bool moves) const { return slots_of(buffer_, moves, context_.options); }
  [[nodiscard]] int counted(int slots) const { return slots_in_memory(slots, context_.options); }
  void live_throughout(NodeId node);
  void outlast(const Movement& movement, const std::vector<RankId>* over);
  void outlast_halo();
  [[nodiscard]] bool is_repeated() const;
  void set_depth();
  [[nodiscard]] Bytes in_second_tile(const Slab& slab) const;

  const FlowContext& context_;
  const Buffer& buffer_;
  std::vector<LiveLoop> live_;                                         ///< Above the buffer's node.
  mutable std::array<std::optional<std::vector<PathLoop>>, 3> nests_;  ///< By Over.
  Slab slab_;                                                          ///< On chip.
  Slab packed_;                                                        ///< In DRAM.
  Slab sums_;                                                          ///< Incomplete, on chip or in DRAM.
  Bytes whole_;                                                        ///< Of the tensor, on chip.
  bool resident_ = false;                                              ///< All of it: it does not travel.
  BufferFlow flow_;
};

std::vector<PathLoop> FlowBuilder::counted_loops(Over over) const {
  std::vector<PathLoop> found = loops_above(context_.plan, buffer_.node);
  if (over == Over::kAll) return found;
  const auto dropped = [&](const PathLoop& loop) {
    const auto& producer = buffer_.producer;
    if (producer && has_rank(context_.cascade.op(*producer).reduction_ranks, loop.rank)) return true;
    return over == Over::kOwn && !names(buffer_.access, loop.rank);
  };
  found.erase(std::remove_if(found.begin(), found.end(), dropped), found.end());
  return found;
}

Stream FlowBuilder::stream(Over over, const Slab& slab, const Movement& movement, OpId op) const {
  const std::vector<PathLoop>& nest = loops(over);
  const Cascade& cascade = context_.cascade;
  return {.total = movement.bytes,
          .first = in_bursts(slab_bytes(cascade, slab, first_tile(cascade, nest)), context_.options.granule),
          .last = in_bursts(slab_bytes(cascade, slab, last_tile(cascade, nest)), context_.options.granule),
          .second = in_second_tile(slab),
          .most = in_bursts(bytes_of(movement.largest, slab.bits), context_.options.granule),
          .visits = bounded(movement.visits),
          .moves = movement.moves,
          .op = op};
}

void FlowBuilder::live_throughout(NodeId node) {
  flow_.memory.node = node;
  flow_.memory.first_child = 0;
  flow_.memory.last_child = static_cast<std::int32_t>(context_.plan.node(node).children.size()) - 1;
}

/// Where an iteration finds its slab left there by the one before, nothing else may use the memory in
/// between: not below its node, and not beside it in the loop that iterates. Counts loops over the ranks
/// `over`, or all.
void FlowBuilder::outlast(const Movement& movement, const std::vector<RankId>* over) {
  const std::vector<PathLoop>& above = loops(Over::kAll);
  for (std::size_t depth = 0; depth < above.size(); ++depth) {
    const bool counts = over == nullptr || has_rank(*over, above[depth].rank);
    if (counts && movement.keeps_over(depth)) return live_throughout(above[depth].node);
  }
}

/// Each tile of a held window finds its halo left there by the one before.
void FlowBuilder::outlast_halo() {
  const std::vector<LiveLoop> live = live_loops(context_.cascade, context_.plan, flow_.memory.node);
  for (const LiveLoop& loop : live) {
    const bool along =
        std::any_of(buffer_.access.indices.begin(), buffer_.access.indices.end(), [&](const Index& index) {
          return index.rank == loop.rank && index.tap &&
                 tile_extent(context_.cascade, context_.plan, buffer_.node, *index.tap) > 1;
        });
    if (along) return live_throughout(loop.node);
  }
}

/// Whether some loop makes the producer do the same again: what it stores may leave after the first time.
bool FlowBuilder::is_repeated() const {
  const auto& nodes = context_.plan.nodes;
  const OpId producer = *buffer_.producer;
  const auto leaf = std::find_if(nodes.begin(), nodes.end(), [&](const Node& node) {
    return node.kind == NodeKind::kOperator && node.op == producer;
  });
  const std::vector<LiveLoop> loops = live_loops(context_.cascade, context_.plan, leaf->parent);
  return std::any_of(loops.begin(), loops.end(), [&](const LiveLoop& loop) {
    return !has_rank(context_.cascade.op(producer).ranks, loop.rank);
  });
}

void FlowBuilder::set_depth() {
  const std::vector<PathLoop>& all = loops(Over::kAll);
  for (std::size_t i = 0; i < live_.size(); ++i) {
    if (!names(buffer_.access, live_[i].rank) && buffer_.role != BufferRole::kCarried) continue;
    const auto same = [&](const PathLoop& loop) { return loop.node == live_[i].node; };
    flow_.changed_by = static_cast<int>(std::find_if(all.begin(), all.end(), same) - all.begin()) + 1;
    flow_.depth = static_cast<int>(i) + 1;
  }
}

/// What the second visit needs: the next iteration of the loop that changes the slab.
Bytes FlowBuilder::in_second_tile(const Slab& slab) const {
  if (flow_.changed_by == 0) return {};
  const std::vector<PathLoop>& nest = loops(Over::kAll);
  const auto changing = nest.begin() + flow_.changed_by - 1;
  TileBounds tile = first_tile(context_.cascade, {nest.begin(), changing});
  RankSpan& span = tile[index_of(changing->rank)];
  span.start += changing->tile;
  span.extent -= changing->tile;
  for (auto loop = changing; loop != nest.end(); ++loop) {
    std::int64_t& extent = tile[index_of(loop->rank)].extent;
    extent = std::min(extent, loop->tile);
  }
  return in_bursts(slab_bytes(context_.cascade, slab, tile), context_.options.granule);
}

void FlowBuilder::fetch() {
  const Movement all = moved(Over::kAll, packed_);
  const int held_slots = slots(all.moves);
  flow_.slots = held_slots;
  const bool more_held = slab_.before_start != packed_.before_start;
  const Elements largest = more_held ? moved(Over::kAll, slab_).largest : all.largest;
  flow_.memory.bytes = bytes_of(largest, slab_.bits) * counted(held_slots);
  if (counted(held_slots) == 2) live_throughout(buffer_.node);
  outlast(all, nullptr);
  if (buffer_.held) outlast_halo();
  Stream load = stream(Over::kAll, packed_, all, buffer_.uses.front().op);
  load.ahead = held_slots == 2;
  keep_loads(load, all.passes);
  flow_.read = load.total;
  flow_.loads.push_back(load);
}

/// Of the `once` bytes that a whole pass moves, those that stay on chip: all, or the retained share in whole
/// granules.
Bytes FlowBuilder::saved_of(Bytes once) const {
  const Bytes kept = kept_bytes(context_.plan, buffer_.tensor);
  if (kept == whole_ || once.overflow() || whole_.overflow()) return once;
  const Int128 share = static_cast<Int128>(once.value()) * kept.value() / whole_.value();
  const std::int64_t granule = context_.options.granule.value();
  return Bytes{static_cast<std::int64_t>(share) / granule * granule};
}

/// Nothing of a tensor that is retained or resident whole is fetched but its initial values; of a part, the
/// first bytes of each pass are not.
void FlowBuilder::keep_loads(Stream& load, Visits passes) const {
  const Bytes kept = kept_bytes(context_.plan, buffer_.tensor);
  if (kept == Bytes{0} && !resident_) return;
  if (kept == whole_ || resident_) {
    Slab history = packed_;
    history.history_only = true;
    const bool ahead = load.ahead;
    load = stream(Over::kAll, history, moved(Over::kAll, history), load.op);
    load.ahead = ahead;
    load.made_stays = true;
    return;
  }
  const Bytes once = moved(Over::kOwn, packed_).bytes;
  if (once > Bytes{0}) save(load, saved_of(once), once, bounded(passes));
}

/// What is retained is not written, unless it outlives the cascade in DRAM: outputs, and the last slices of a
/// state.
void FlowBuilder::keep_stores(Stream& store, Bytes once) const {
  if (resident_) return save(store, once, once, 1);
  const Bytes kept = kept_bytes(context_.plan, buffer_.tensor);
  if (kept == Bytes{0} || context_.cascade.tensor(buffer_.tensor).kind == TensorKind::kOutput) return;
  const bool is_stored = context_.cascade.tensor(buffer_.tensor).final_value == Final::kStored;
  const Elements outlive = is_stored ? outliving_elements(context_.cascade, buffer_.tensor) : Elements{0};
  const Bytes last = in_bursts(bytes_of(outlive, packed_.bits), context_.options.granule);
  save(store, std::min(saved_of(once), once - std::min(once, last)), once, 1);
}

void FlowBuilder::make_exchanged() {
  flow_.slots = buffer_.slots.value_or(1);
  flow_.memory.bytes = flow_.memory.bytes * counted(flow_.slots);
}

/// What the producer fills goes to DRAM once; sums that leave the chip unfinished go out and come back, in
/// the accumulator's type, once for each further visit.
void FlowBuilder::make_stored() {
  const Movement once = moved(Over::kOwn, packed_);
  const Movement visits = moved(Over::kAll, sums_);
  const Movement finished = moved(Over::kFinished, sums_);
  const Bytes unfinished = visits.bytes - finished.bytes;
  const bool streams = buffer_.role == BufferRole::kProduced;
  const int held_slots = streams ? slots(visits.moves) : buffer_.slots.value_or(1);
  flow_.slots = held_slots;

  Allocation& memory = flow_.memory;
  memory.bytes = memory.bytes * counted(held_slots);
  if (streams && counted(held_slots) == 2) live_throughout(buffer_.node);
  outlast(visits, &context_.cascade.op(*buffer_.producer).reduction_ranks);

  Stream store = stream(Over::kOwn, packed_, once, *buffer_.producer);
  store.total = once.bytes + unfinished;
  store.visits = bounded(visits.visits);
  store.moves = visits.moves;
  store.ahead = held_slots == 2;
  store.early = is_repeated();
  keep_stores(store, once.bytes);
  const Bytes incomplete = in_bursts(in_first_tile(sums_), context_.options.granule);
  if (unfinished > Bytes{0}) store.most = std::max(store.most, incomplete);
  flow_.stores.push_back(store);
  if (unfinished > Bytes{0}) {
    flow_.loads.push_back({.total = unfinished,
                           .most = incomplete,
                           .visits = bounded(visits.visits - finished.visits),
                           .moves = true,
                           .ahead = store.ahead,
                           .op = store.op});
  }
  flow_.read = unfinished;
  flow_.written = store.total;
}

/// Slices that one iteration hands to the next travel only at the ends.
void FlowBuilder::carry() {
  const Tensor& tensor = context_.cascade.tensor(buffer_.tensor);
  Slab state = buffer_.accumulates ? sums_ : slab_;
  state.fixed_elements = buffer_.depth;
  flow_.memory.bytes = in_first_tile(state);
  state.bits = packed_.bits;
  if (tensor.initial == Initial::kLoaded) load_state(state);
  if (tensor.final_value == Final::kStored) store_state(state);
}

/// A loaded state comes in at the start of every pass: the last pass overwrote it.
void FlowBuilder::load_state(const Slab& state) {
  const Movement all = moved(Over::kAll, state, Refetch::kAlways);
  Stream load = stream(Over::kAll, state, all, buffer_.uses.front().op);
  load.carried = true;
  flow_.loads.push_back(load);
  flow_.read = all.bytes;
}

/// A stored one goes out once, unless the whole tensor is in DRAM anyway; of a pass shorter than the state,
/// only the new slices.
void FlowBuilder::store_state(Slab state) {
  const auto& buffers = context_.group.buffers;
  const bool there_anyway = std::any_of(buffers.begin(), buffers.end(), [&](const Buffer& other) {
    return other.tensor == buffer_.tensor && other.stored;
  });
  if (there_anyway) return;
  state.fixed_elements = std::min(buffer_.depth, context_.cascade.extent(buffer_.carry_rank).value());
  const Movement once = moved(Over::kOwn, state);
  Stream store = stream(Over::kOwn, state, once, *buffer_.producer);
  store.ahead = true;
  store.early = is_repeated();
  flow_.stores.push_back(store);
  flow_.written = once.bytes;
}

}  // namespace

ProfileOptions profile_options(const Accelerator& accelerator) {
  return {.granule = accelerator.dram.granule,
          .double_buffering = accelerator.model.double_buffering,
          .count_second_slots = accelerator.model.count_second_slots,
          .in_place = accelerator.model.in_place,
          .sections = accelerator.cores.size() > 1};
}

BufferFlow flow_of(const FlowContext& context, const Buffer& buffer) {
  return FlowBuilder{context, buffer}.run();
}

}  // namespace fusescape
