// How are a group's transfers collected? In step order, each with its time on the port.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "managed_group.hpp"

namespace fusescape {

/// The transfers of a group while it is being built.
class GroupTraffic {
 public:
  explicit GroupTraffic(const Machine& machine) : ticks_per_byte_{machine.dram_ticks_per_byte} {}

  /// Does nothing if no bytes move. `again`: it was on chip before.
  void load(StepLoad load, bool again = false) {
    if (load.bytes == Bytes{}) return;
    load.time = Ticks{load.bytes.value()} * ticks_per_byte_;
    load.again = again;
    loads_.push_back(load);
  }

  /// Likewise. `planned`: the plan stores it in any case. Returns its position, or kNoStep.
  std::int64_t store(StepStore store, bool planned) {
    if (store.bytes == Bytes{}) return kNoStep;
    store.time = Ticks{store.bytes.value()} * ticks_per_byte_;
    store.planned = planned;
    made_.transfers.stores.push_back(store);
    return static_cast<std::int64_t>(made_.transfers.stores.size()) - 1;
  }

  /// Ends a step's loads: what must be there before it runs comes first, and of those that are loaded side by
  /// side only the longest takes time.
  void end_loads() {
    const auto first = static_cast<std::ptrdiff_t>(made_.transfers.loads.size());
    for (std::size_t i = 0; i < loads_.size(); ++i) {
      for (std::size_t j = 0; j < loads_.size(); ++j) {
        const bool side_by_side = i != j && loads_[i].beside != 0 && loads_[i].beside == loads_[j].beside &&
                                  loads_[i].while_running == loads_[j].while_running;
        const bool longer =
            loads_[j].bytes > loads_[i].bytes || (loads_[j].bytes == loads_[i].bytes && j < i);
        if (side_by_side && longer) loads_[i].time = {};
      }
    }
    auto& all = made_.transfers.loads;
    all.insert(all.end(), loads_.begin(), loads_.end());
    std::stable_partition(all.begin() + first, all.end(),
                          [](const StepLoad& load) { return !load.while_running; });
    loads_.clear();
  }

  [[nodiscard]] ManagedGroup& made() { return made_; }

 private:
  std::int64_t ticks_per_byte_ = 0;
  std::vector<StepLoad> loads_;  ///< Of the current step.
  ManagedGroup made_;
};

/// The visits of each buffer of a program.
class BufferVisits {
 public:
  explicit BufferVisits(const SlabProgram& program) : program_{program}, slabs_(program.slots.size()) {
    for (const ProgramSlab& slab : program.slabs) slabs_[slab.buffer].push_back(&slab);
  }

  /// The step from which on the place of `slab` is free for it: an earlier visit's place, after its last use.
  [[nodiscard]] std::int64_t free_from(const ProgramSlab& slab) const {
    const std::int64_t before = slab.visit - program_.slots[slab.buffer];
    return before < 0 ? 0 : slabs_[slab.buffer][static_cast<std::size_t>(before)]->last_step + 1;
  }

  /// The step that needs the place of `slab` next; kNoStep if none does.
  [[nodiscard]] std::int64_t needed_again(const ProgramSlab& slab) const {
    const auto after = static_cast<std::size_t>(slab.visit + program_.slots[slab.buffer]);
    return after < slabs_[slab.buffer].size() ? slabs_[slab.buffer][after]->first_step : kNoStep;
  }

 private:
  const SlabProgram& program_;
  std::vector<std::vector<const ProgramSlab*>> slabs_;
};

}  // namespace fusescape
