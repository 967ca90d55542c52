// What does a group load and store that does not fit, slab by slab?
#include <algorithm>
#include <map>

#include "group_traffic.hpp"
#include "repeat_points.hpp"

namespace fusescape {
namespace {

using Kind = SlabUse::Kind;

class SpillingGroup {
 public:
  SpillingGroup(const SlabContext& context, const SlabProgram& program, const Spilling& spilling)
      : context_{context},
        program_{program},
        spilling_{spilling},
        visits_{program},
        memory_{context.machine.capacity, spilling.page, spilling.policy},
        traffic_{context.machine},
        next_(program.uses.size(), kNeverUsed),
        state_(program.slabs.size()),
        ids_(program.slots.size()),
        on_chip_(context.cascade.tensors.size()),
        points_{program} {}

  expected<ManagedGroup, StuckStep> run() {
    set_next_uses();
    for (std::size_t k = 0; k < program_.steps.size(); ++k) {
      points_.add(static_cast<std::int64_t>(k), traffic_.made().transfers.points,
                  [&](const IterationStart& start, RepeatPoint& point) { describe(start, point); });
      const auto moved = memory_.run(uses_of(k));
      if (!moved) return unexpected{stuck(k, moved.error())};
      add_step(static_cast<std::int64_t>(k), *moved);
    }
    if (context_.machine.model.count_second_slots) limit_drains();
    return std::move(traffic_.made());
  }

 private:
  /// A slab of the program in the managed memory.
  struct SlabState {
    std::optional<SlabId> id;
    std::int64_t last_use = -1;
    std::int64_t last_store = kNoStep;  ///< Position of the transfer.
    bool stored = false;                ///< By the plan.
    Bytes shown;                        ///< On chip, as last sampled.
  };

  [[nodiscard]] std::uint32_t slab(SlabId id) const { return slab_of_[static_cast<std::size_t>(id)]; }
  void set_next_uses();
  [[nodiscard]] SlabId begin(std::uint32_t slab);
  const std::vector<SlabUse>& uses_of(std::size_t k);
  [[nodiscard]] StuckStep stuck(std::size_t k, MemoryDeadlock why) const;
  void add_step(std::int64_t k, std::span<const SlabMovement> moved);
  void add_loads(std::int64_t k, std::uint32_t slab, const SlabMovement& moved, std::uint32_t beside);
  void add_stores(std::int64_t k, std::uint32_t slab, const SlabMovement& moved, StepStore::When when);
  [[nodiscard]] std::int64_t earliest(std::int64_t k, const ProgramSlab& slab, const SlabState& state,
                                      Bytes bytes);
  [[nodiscard]] Bytes in_dram(const ProgramSlab& slab, Bytes part, bool first) const;
  void sample(std::int64_t step, std::uint32_t slab, Bytes bytes);
  void limit_drains();

  void describe(const IterationStart& start, RepeatPoint& point);
  void describe_slab(const IterationStart& start, std::uint32_t slab, RepeatPoint& point);

  const SlabContext& context_;
  const SlabProgram& program_;
  const Spilling& spilling_;
  BufferVisits visits_;
  ManagedMemory memory_;
  GroupTraffic traffic_;
  std::vector<std::int64_t> next_;        ///< Per use of the program.
  std::vector<SlabState> state_;          ///< Per slab of the program.
  std::vector<std::vector<SlabId>> ids_;  ///< Per buffer, of its slabs, turn by turn.
  std::vector<SlabUse> uses_;             ///< Of the current step.
  std::vector<std::uint32_t> slab_of_;    ///< Of the program, per slab of the memory.
  std::map<TensorId, std::int64_t>
      tensor_stored_;           ///< Position of the last store of it that the plan asks for.
  std::vector<Bytes> room_;     ///< Per step: free while it runs.
  std::vector<Bytes> on_chip_;  ///< Per tensor, as sampled.
  Bytes total_;
  RepeatPoints points_;
};

void SpillingGroup::set_next_uses() {
  std::vector<std::int64_t> seen(program_.slabs.size(), kNeverUsed);
  for (std::size_t k = program_.steps.size(); k-- > 0;) {
    const SlabStep& step = program_.steps[k];
    for (std::uint32_t u = step.first_use; u < step.first_use + step.use_count; ++u) {
      next_[u] = std::exchange(seen[program_.uses[u].slab], static_cast<std::int64_t>(k));
    }
  }
}

/// A buffer's slabs have the same number in the memory again, so that what gives way among equals does not
/// depend on who was released first.
SlabId SpillingGroup::begin(std::uint32_t s) {
  points_.begin(s);
  const ProgramSlab& slab = program_.slabs[s];
  std::vector<SlabId>& ids = ids_[slab.buffer];
  const auto free =
      std::find_if(ids.begin(), ids.end(), [&](SlabId id) { return memory_.next_use(id) == kNeverUsed; });
  if (free != ids.end()) {
    memory_.renew(*free, slab.bytes);
    slab_of_[static_cast<std::size_t>(*free)] = s;
    return *free;
  }
  slab_of_.push_back(s);
  return ids.emplace_back(memory_.add(slab.bytes));
}

const std::vector<SlabUse>& SpillingGroup::uses_of(std::size_t k) {
  uses_.clear();
  const SlabStep& step = program_.steps[k];
  for (std::uint32_t u = step.first_use; u < step.first_use + step.use_count; ++u) {
    const SlabStepUse& use = program_.uses[u];
    const ProgramSlab& slab = program_.slabs[use.slab];
    SlabState& state = state_[use.slab];
    Kind kind = use.kind;
    if (!state.id) {
      state.id = begin(use.slab);
      if (slab.load == Bytes{}) kind = Kind::kMake;  // Zeros, if nobody makes it.
    }
    state.stored = slab.stored_step == static_cast<std::int64_t>(k);
    uses_.push_back(
        {.kind = kind, .slab = *state.id, .next_use = next_[u], .whole = use.whole, .stored = state.stored});
  }
  return uses_;
}

StuckStep SpillingGroup::stuck(std::size_t k, MemoryDeadlock why) const {
  StuckStep found{program_.steps[k].piece, std::move(why), {}};
  for (const SlabId id : found.why.held) {
    const ProgramSlab& held = program_.slabs[slab(id)];
    found.held.push_back({held.tensor, held.bytes});
  }
  return found;
}

/// What a part of a slab takes on the way to or from DRAM.
Bytes SpillingGroup::in_dram(const ProgramSlab& slab, Bytes part, bool first) const {
  const Bytes whole = first ? slab.load : slab.store;
  const Bytes packed = round_up(part, context_.granule);
  if (whole == Bytes{}) return packed;
  return part == slab.bytes ? whole : std::min(packed, whole);
}

/// The first step with which the load may start: there is room for it until it is needed. A second slot that
/// takes no memory needs none.
std::int64_t SpillingGroup::earliest(std::int64_t k, const ProgramSlab& slab, const SlabState& state,
                                     Bytes bytes) {
  const bool first = state.last_use < 0;
  if (spilling_.ahead == 0) return k;
  const std::int64_t from = first ? visits_.free_from(slab) : state.last_use + 1;
  const bool uncounted = !context_.machine.model.count_second_slots && program_.slots[slab.buffer] == 2;
  if (first && uncounted) return std::min(from, k);
  std::int64_t start = k;
  while (start > std::max(from, k - spilling_.ahead) && room_[static_cast<std::size_t>(start) - 1] >= bytes)
    --start;
  for (std::int64_t i = start; i < k; ++i) room_[static_cast<std::size_t>(i)] -= bytes;
  return start;
}

void SpillingGroup::add_loads(std::int64_t k, std::uint32_t s, const SlabMovement& moved,
                              std::uint32_t beside) {
  const ProgramSlab& slab = program_.slabs[s];
  const SlabState& state = state_[s];
  const bool first = state.last_use < 0;
  StepLoad load{.tensor = slab.tensor, .step = k, .from_step = k, .after_store = state.last_store};
  load.beside = beside;
  if (first && tensor_stored_.contains(slab.tensor)) load.after_store = tensor_stored_.at(slab.tensor);
  const Bytes all = in_dram(slab, moved.loaded + moved.streamed, first);
  load.bytes = moved.streamed == Bytes{} ? all : std::min(round_up(moved.loaded, context_.granule), all);
  if (load.bytes > Bytes{}) load.from_step = earliest(k, slab, state, load.bytes);
  traffic_.load(load, !first);
  load.bytes = all - load.bytes;
  load.from_step = k;
  load.while_running = true;
  traffic_.load(load, !first);
}

void SpillingGroup::add_stores(std::int64_t k, std::uint32_t s, const SlabMovement& moved,
                               StepStore::When when) {
  const ProgramSlab& slab = program_.slabs[s];
  SlabState& state = state_[s];
  StepStore store{.tensor = slab.tensor, .step = k, .when = when};
  const bool planned = state.stored && when != StepStore::When::kBefore;
  if (when == StepStore::When::kBefore) {
    store.bytes = round_up(moved.evicted, context_.granule);
    store.wait_step = k;
  } else {
    const Bytes all = planned ? in_dram(slab, moved.copied + moved.passed, false)
                              : round_up(moved.passed, context_.granule);
    const Bytes passed = std::min(round_up(moved.passed, context_.granule), all);
    store.bytes = when == StepStore::When::kWhileRunning ? passed : all - passed;
    if (when == StepStore::When::kAfter) store.wait_step = visits_.needed_again(slab);
  }
  const std::int64_t position = traffic_.store(store, planned);
  if (position == kNoStep) return;
  state.last_store = position;
  if (planned) tensor_stored_[slab.tensor] = position;
}

void SpillingGroup::sample(std::int64_t step, std::uint32_t s, Bytes bytes) {
  SlabState& state = state_[s];
  if (state.shown == bytes) return;
  const TensorId tensor = program_.slabs[s].tensor;
  on_chip_[index_of(tensor)] += bytes - state.shown;
  total_ += bytes - state.shown;
  state.shown = bytes;
  traffic_.made().memory.push_back({step, tensor, on_chip_[index_of(tensor)], total_});
}

void SpillingGroup::add_step(std::int64_t k, std::span<const SlabMovement> moved) {
  const SlabStep& step = program_.steps[static_cast<std::size_t>(k)];
  traffic_.made().transfers.steps.push_back(program_.works[step.work].time);
  room_.push_back(memory_.capacity() - memory_.held_while_running());
  traffic_.made().peak = std::max(traffic_.made().peak, memory_.held_while_running());
  for (const SlabMovement& one : moved) add_stores(k, slab(one.slab), one, StepStore::When::kBefore);
  const OpId op = program_.pieces[step.piece].operators.front();
  const bool beside = !context_.plan.spatial.empty() &&
                      context_.plan.spatial[index_of(op)].operand_loads == OperandLoads::kConcurrent;
  for (std::size_t i = 0; i < uses_.size(); ++i) {
    const std::uint32_t s = slab(uses_[i].slab);
    add_loads(k, s, moved[i], beside ? 1 : 0);
  }
  for (const auto when : {StepStore::When::kWhileRunning, StepStore::When::kAfter}) {
    for (std::size_t i = 0; i < uses_.size(); ++i) add_stores(k, slab(uses_[i].slab), moved[i], when);
  }
  for (std::size_t i = uses_.size(); i < moved.size(); ++i)
    sample(k, slab(moved[i].slab), memory_.resident(moved[i].slab));
  for (std::size_t i = 0; i < uses_.size(); ++i) {
    const std::uint32_t s = slab(uses_[i].slab);
    state_[s].last_use = k;
    sample(k, s, std::min(state_[s].shown, Bytes{memory_.places()[i]}));  // What shrinks first makes room.
  }
  for (std::size_t i = 0; i < uses_.size(); ++i) sample(k, slab(uses_[i].slab), Bytes{memory_.places()[i]});
  for (const SlabUse& use : uses_) sample(k + 1, slab(use.slab), memory_.resident(use.slab));
  traffic_.end_loads();
}

/// What leaves after its step stays on chip until it is stored: while there is room.
void SpillingGroup::limit_drains() {
  for (StepStore& store : traffic_.made().transfers.stores) {
    if (store.when != StepStore::When::kAfter) continue;
    const auto count = static_cast<std::int64_t>(room_.size());
    const std::int64_t until = store.wait_step == kNoStep ? count : store.wait_step;
    std::int64_t k = store.step + 1;
    while (k < until && room_[static_cast<std::size_t>(k)] >= store.bytes) {
      room_[static_cast<std::size_t>(k++)] -= store.bytes;
    }
    if (k < count) store.wait_step = k;
  }
}

void SpillingGroup::describe_slab(const IterationStart& start, std::uint32_t s, RepeatPoint& point) {
  const ProgramSlab& slab = program_.slabs[s];
  const SlabState& state = state_[s];
  const SlabId id = *state.id;
  const Bytes resident = memory_.resident(id);
  for (const Bytes bytes : {slab.bytes, slab.load, slab.store, resident, memory_.dirty(id)})
    points_.add_word(bytes.value());
  points_.add_word(id == ids_[slab.buffer].front() ? 0 : 1);
  points_.add_step(start, slab.stored_step);
  points_.add_step(start, memory_.next_use(id));
  points_.add_step(start, state.last_use);
  point.stores.push_back(state.last_store);
}

/// All that decisions from here on depend on.
void SpillingGroup::describe(const IterationStart& start, RepeatPoint& point) {
  for (const RepeatPoints::Visits& visits : points_.visits()) {
    const bool lives = visits.last && program_.slabs[*visits.last].last_step >= start.step;
    points_.add_word(lives ? 1 : 0);
    if (lives) describe_slab(start, *visits.last, point);
  }
  for (const auto& [tensor, position] : tensor_stored_) {
    points_.add_word(static_cast<std::int64_t>(tensor));
    point.stores.push_back(position);
  }
  for (std::int64_t k = std::max<std::int64_t>(start.step - spilling_.ahead, 0); k < start.step; ++k)
    points_.add_word(room_[static_cast<std::size_t>(k)].value());
  if (spilling_.policy != Eviction::kLru) return;
  for (const auto& [rank, id] : memory_.residents()) points_.add_word(static_cast<std::int64_t>(id));
}

}  // namespace

expected<ManagedGroup, StuckStep> spilling_group(const SlabContext& context, const SlabProgram& program,
                                                 const Spilling& spilling) {
  return SpillingGroup{context, program, spilling}.run();
}

}  // namespace fusescape
