#include "slab_program.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "fusescape/plan/work.hpp"
#include "fusescape/plan/work_cost.hpp"
#include "slab_shape.hpp"

namespace fusescape {
namespace {

using Kind = SlabUse::Kind;

/// What a buffer holds now.
struct BufferState {
  std::optional<std::uint32_t> slab{};
  std::vector<Range> key;
  Box box;
  std::int64_t iteration = 0;
  std::int64_t visits = 0;
  std::map<std::vector<Range>, std::int64_t> begun;  ///< Incomplete slabs: terms added so far.
  std::set<std::vector<Range>> stored;
};

class ProgramBuilder {
 public:
  ProgramBuilder(const SlabContext& context, SlabShape shape, const std::vector<LongLoop>& loops)
      : context_{context},
        loops_{loops},
        open_(loops.size()),
        cascade_{context.cascade},
        layout_{context.layout},
        iteration_{context.cascade, context.plan},
        facts_{std::move(shape.buffers)},
        state_(context.layout.buffers.size()),
        leaves_{std::move(shape.leaves)},
        cached_(shape.pieces.size()) {
    program_.pieces = std::move(shape.pieces);
    program_.slots = std::move(shape.slots);
    program_.load_with = std::move(shape.load_with);
  }

  SlabProgram run() {
    iteration_.run([&](NodeId leaf, const Bounds& bounds) { visit(leaves_[index_of(leaf)], bounds); },
                   Hooks{.builder = *this});
    for (std::size_t i = 0; i < state_.size(); ++i) leave(i);
    return std::move(program_);
  }

 private:
  struct PieceWork {
    std::vector<std::int64_t> extent;
    std::uint32_t work = 0;
  };
  /// Notes iterations of long loops.
  struct Hooks {
    static constexpr bool kWholeChains = false;
    ProgramBuilder& builder;
    void begin(NodeId /*node*/) const {}
    void after(NodeId /*node*/, std::int32_t /*child*/) const {}
    void before(NodeId node, std::int32_t child) const {
      if (child == 0) builder.begin_iteration(node);
    }
    void end(NodeId node) const { builder.end_loop(node); }
  };

  [[nodiscard]] const Buffer& buffer(std::size_t i) const { return layout_.buffers[i]; }
  [[nodiscard]] Bytes moved(std::int64_t elements, int bits) const {
    return round_up(bytes_of(Elements{elements}, bits), context_.granule);
  }
  [[nodiscard]] std::int64_t step() const { return static_cast<std::int64_t>(program_.steps.size()) - 1; }
  [[nodiscard]] std::vector<Range> key_of(std::size_t i, const Bounds& bounds) const;
  [[nodiscard]] std::optional<std::uint32_t> slab_of(std::size_t i) const {
    const std::optional<std::uint32_t>& host = state_[facts_[i].host].slab;
    return host ? host : state_[i].slab;
  }
  void visit(const LeafFacts& leaf, const Bounds& bounds);
  void enter_carried(std::size_t i);
  void fetch(std::size_t i);
  [[nodiscard]] Kind fill(std::size_t i);
  [[nodiscard]] bool is_repeated(std::size_t i, OpId op, const Bounds& bounds) const;
  void add_terms(std::size_t i, OpId op, const Bounds& bounds);
  void leave(std::size_t i);
  void begin_slab(std::size_t i, std::int64_t elements, int bits, Bytes load);
  void use(const Touch& touch, Kind kind);
  [[nodiscard]] std::uint32_t work_of(std::uint32_t piece, const Bounds& bounds);
  void begin_iteration(NodeId node);
  void end_loop(NodeId node);

  const SlabContext& context_;
  const std::vector<LongLoop>& loops_;
  std::vector<std::vector<std::size_t>> open_;  ///< Per long loop: its iterations so far, in program_.starts.
  const Cascade& cascade_;
  const GroupLayout& layout_;
  Iteration iteration_;
  std::vector<BufferFacts> facts_;
  std::vector<BufferState> state_;
  std::vector<LeafFacts> leaves_;  ///< Per node; of operators only.
  std::vector<PieceWork> cached_;  ///< Per piece: its last work.
  SlabProgram program_;
};

std::vector<Range> ProgramBuilder::key_of(std::size_t i, const Bounds& bounds) const {
  std::vector<Range> key;
  for (const Index& index : buffer(i).access.indices) {
    key.emplace_back(bounds.start[index_of(index.rank)], bounds.extent[index_of(index.rank)]);
    if (index.tap) key.emplace_back(bounds.start[index_of(*index.tap)], bounds.extent[index_of(*index.tap)]);
  }
  return key;
}

std::uint32_t ProgramBuilder::work_of(std::uint32_t piece, const Bounds& bounds) {
  PieceWork& known = cached_[piece];
  if (known.extent == bounds.extent) return known.work;
  WorkTable table;
  for (const NodeId leaf : program_.pieces[piece].leaves)
    append_work(cascade_, context_.plan, leaf, bounds.extent, table);
  const WorkCost sum = work_cost(table, context_.engine_of, context_.machine.model);
  StepWork work{.compute = context_.machine.scale.ticks(Cycles{sum.compute}),
                .read = sum.read(),
                .written = sum.written()};
  const Ticks reads = Ticks{work.read.value()} * context_.machine.sram_read_ticks_per_byte;
  const Ticks writes = Ticks{work.written.value()} * context_.machine.sram_write_ticks_per_byte;
  const Ticks ports =
      context_.machine.sram_ports == Ports::kShared ? reads + writes : std::max(reads, writes);
  work.time = std::max(work.compute, ports);
  known = {bounds.extent, static_cast<std::uint32_t>(program_.works.size())};
  program_.works.push_back(work);
  return known.work;
}

void ProgramBuilder::begin_iteration(NodeId node) {
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    if (loops_[i].node != node) continue;
    open_[i].push_back(program_.starts.size());
    program_.starts.push_back({.step = step() + 1,
                               .loop = static_cast<std::uint32_t>(i),
                               .index = static_cast<std::int64_t>(open_[i].size()) - 1});
  }
}

void ProgramBuilder::end_loop(NodeId node) {
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    const LongLoop& loop = loops_[i];
    if (loop.node != node) continue;
    const std::int64_t tail = static_cast<std::int64_t>(open_[i].size()) - loop.tail;
    const auto step_at = [&](std::int64_t index) {
      return program_.starts[open_[i][static_cast<std::size_t>(index)]].step;
    };
    for (const std::size_t at : open_[i]) {
      IterationStart& start = program_.starts[at];
      start.head_step = step_at(loop.head);
      start.tail_step = step_at(tail);
      start.regular = start.index >= loop.head && start.index <= tail - loop.margin;
    }
    open_[i].clear();
  }
}

void ProgramBuilder::visit(const LeafFacts& leaf, const Bounds& bounds) {
  if (leaf.first) {
    const std::uint32_t work = work_of(leaf.piece, bounds);
    program_.steps.push_back({leaf.piece, work, static_cast<std::uint32_t>(program_.uses.size()), 0});
  }
  for (const Touch& touch : leaf.touches) {
    const BufferRole role = buffer(touch.buffer).role;
    if (role == BufferRole::kCarried) enter_carried(touch.buffer);
    if (role == BufferRole::kFetched) fetch(touch.buffer);
    const bool fills = touch.made && role != BufferRole::kCarried;
    Kind kind = touch.made ? Kind::kUpdate : Kind::kRead;
    if (fills) kind = fill(touch.buffer);
    use(touch, kind);
    if (fills && buffer(touch.buffer).stored) add_terms(touch.buffer, leaf.op, bounds);
  }
}

/// Adds to the step's uses; of one slab there is one use, which says all that happens to it.
void ProgramBuilder::use(const Touch& touch, Kind kind) {
  const std::uint32_t slab = *slab_of(touch.buffer);
  program_.slabs[slab].last_step = step();
  SlabStep& now = program_.steps.back();
  for (std::uint32_t u = now.first_use; u < program_.uses.size(); ++u) {
    SlabStepUse& known = program_.uses[u];
    if (known.slab != slab) continue;
    known.whole = known.whole || touch.whole;
    if (known.kind != Kind::kMake && kind != Kind::kRead) known.kind = Kind::kUpdate;
    return;
  }
  program_.uses.push_back({slab, kind, touch.whole});
  ++now.use_count;
}

void ProgramBuilder::begin_slab(std::size_t i, std::int64_t elements, int bits, Bytes load) {
  state_[i].slab = static_cast<std::uint32_t>(program_.slabs.size());
  program_.slabs.push_back({.tensor = buffer(i).tensor,
                            .buffer = static_cast<std::uint32_t>(i),
                            .visit = state_[i].visits++,
                            .bytes = bytes_of(Elements{elements}, bits),
                            .load = load,
                            .first_step = step(),
                            .last_step = step()});
}

/// The slices that iterations hand on: loaded where the pass begins, or empty.
void ProgramBuilder::enter_carried(std::size_t i) {
  BufferState& state = state_[i];
  const NodeId node = buffer(i).node;
  if (state.slab && state.iteration == iteration_.entered(node)) return;
  leave(i);
  state.iteration = iteration_.entered(node);
  const Bounds& bounds = iteration_.bounds_at(node);
  std::int64_t slice = buffer(i).depth;
  for (const Index& index : buffer(i).access.indices) slice *= bounds.extent[index_of(index.rank)];
  begin_slab(i, slice, facts_[i].bits, facts_[i].loaded ? moved(slice, facts_[i].dram_bits) : Bytes{});
  state.key = key_of(i, bounds);
}

void ProgramBuilder::fetch(std::size_t i) {
  BufferState& state = state_[i];
  const Bounds& bounds = iteration_.bounds_at(buffer(i).node);
  std::vector<Range> key = key_of(i, bounds);
  if (state.slab && key == state.key) return;
  Box box = box_of(cascade_, buffer(i).access, bounds, facts_[i].loaded);
  const std::int64_t all = volume(box);
  const std::int64_t needed = buffer(i).held ? volume(beyond_halo(buffer(i).access, bounds, box)) : all;
  begin_slab(i, all, facts_[i].bits, moved(needed, facts_[i].dram_bits));
  program_.slabs.back().box = std::move(box);
  state.key = std::move(key);
}

/// New content, or more terms of a sum.
Kind ProgramBuilder::fill(std::size_t i) {
  BufferState& state = state_[i];
  if (slab_of(i) && facts_[i].host != i) return Kind::kUpdate;
  const Bounds& bounds = iteration_.bounds_at(buffer(i).node);
  std::vector<Range> key = key_of(i, bounds);
  const std::int64_t iteration = std::exchange(state.iteration, iteration_.entered(buffer(i).node));
  const bool same = state.slab && state.key == key;
  if (same && (buffer(i).stored || state.iteration == iteration)) return Kind::kUpdate;
  leave(i);
  Box box = box_of(cascade_, buffer(i).access, bounds, false);
  const std::int64_t elements = volume(box);
  const bool returns = state.begun.contains(key);
  begin_slab(i, elements, facts_[i].bits, returns ? moved(elements, facts_[i].wide_bits) : Bytes{});
  program_.slabs.back().box = box;
  state.key = std::move(key);
  state.box = std::move(box);
  return returns ? Kind::kUpdate : Kind::kMake;
}

/// Whether a loop below the buffer's node makes its operator do the same again.
bool ProgramBuilder::is_repeated(std::size_t i, OpId op, const Bounds& bounds) const {
  const Bounds& outer = iteration_.bounds_at(buffer(i).node);
  for (std::size_t rank = 0; rank < bounds.start.size(); ++rank) {
    const bool first = bounds.start[rank] == outer.start[rank];
    if (!first && !has_rank(cascade_.op(op).ranks, RankId{static_cast<std::uint16_t>(rank)})) return true;
  }
  return false;
}

/// What is complete for the first time is stored.
void ProgramBuilder::add_terms(std::size_t i, OpId op, const Bounds& bounds) {
  BufferState& state = state_[i];
  if (!facts_[i].at_once) {
    if (is_repeated(i, op, bounds)) return;
    std::int64_t terms = 1;
    for (const RankId rank : cascade_.op(op).ranks) terms *= bounds.extent[index_of(rank)];
    std::int64_t& begun = state.begun[state.key];
    if ((begun += terms) < volume(state.box) * facts_[i].terms) return;
    state.begun.erase(state.key);
    if (!state.stored.insert(state.key).second) return;  // Computed again.
  }
  ProgramSlab& slab = program_.slabs[*state.slab];
  slab.store = moved(volume(state.box), facts_[i].dram_bits);
  slab.stored_step = step();
}

/// The content of a buffer is over: sums that are incomplete go to DRAM, and so do the last values of a
/// state.
void ProgramBuilder::leave(std::size_t i) {
  BufferState& state = state_[i];
  if (!state.slab) return;
  ProgramSlab& slab = program_.slabs[*state.slab];
  const bool incomplete = buffer(i).stored && state.begun.contains(state.key);
  const bool final = facts_[i].finals && state.stored.insert(state.key).second;
  if (incomplete) slab.store = moved(volume(state.box), facts_[i].wide_bits);
  if (final) {
    std::int64_t last = std::min(buffer(i).depth, cascade_.extent(buffer(i).carry_rank).value());
    for (const Range& range : state.key) last *= range.second;  // Starts and extents.
    slab.store = moved(last, facts_[i].dram_bits);
  }
  if (incomplete || final) slab.stored_step = slab.last_step;
  state.slab.reset();
}

}  // namespace

SlabProgram slab_program(const SlabContext& context, StepSize size, const std::vector<LongLoop>& loops) {
  return ProgramBuilder{context, slab_shape(context, size), loops}.run();
}

WorkTotals work_totals(const SlabProgram& program, const std::vector<std::int64_t>& runs) {
  WorkTotals totals{.runs = std::vector<std::int64_t>(program.pieces.size()),
                    .compute = std::vector<Ticks>(program.pieces.size())};
  for (std::size_t k = 0; k < program.steps.size(); ++k) {
    const SlabStep& step = program.steps[k];
    const StepWork& work = program.works[step.work];
    totals.runs[step.piece] += runs[k];
    totals.compute[step.piece] += work.compute * runs[k];
    totals.onchip += (work.time - work.compute) * runs[k];
    totals.read += work.read * runs[k];
    totals.written += work.written * runs[k];
  }
  return totals;
}

}  // namespace fusescape
