// What does an observer hear of a group that ran under managed memory, or of one simulated on its own?
#pragma once

#include <cstdint>

#include "fusescape/sim/observer.hpp"
#include "managed_group.hpp"
#include "program.hpp"
#include "slab_program.hpp"
#include "transfer_schedule.hpp"

namespace fusescape {

/// Where a group is in the whole plan.
struct GroupPlace {
  std::uint32_t group = 0;
  std::uint32_t first_tile = 0;  ///< Position of its first tile in SimResult::tiles.
  Ticks start{};
  Bytes kept{};  ///< On chip beside what the group itself holds.
};

/// Tells `observer` all of the group's tiles, transfers and changes of memory, in the order of time.
void report(const SimContext& context, const SlabProgram& program, const ManagedGroup& group,
            const TransferTimes& times, const GroupPlace& place, SimObserver& observer);

/// Passes on what a group's own simulation reports, as part of the whole plan.
class GroupObserver final : public SimObserver {
 public:
  GroupObserver(SimObserver& to, const GroupPlace& place) : to_{to}, place_{place} {}
  void event(const SimEvent& event) override;
  void memory(const MemoryChange& change) override;
  void skipped(Ticks from, Ticks to, std::int64_t periods) override;

 private:
  SimObserver& to_;
  GroupPlace place_;
};

}  // namespace fusescape
