#include "fusescape/cost/busy_time.hpp"

#include "equal_tiles_cost.hpp"
#include "numbers.hpp"

namespace fusescape {
namespace {

class TilesTime : MachineTimes<CheckedNumbers> {
 public:
  explicit TilesTime(const Machine& machine) : MachineTimes{machine} {}

  [[nodiscard]] Ticks of(const GroupProfile& group) const {
    Ticks sum;
    for (const TileClass& tiles : group.classes) {
      TileWorkCost tile;
      if (!add_work(group, tiles, machine_, tile)) return Ticks{};
      const Ticks busy =
          longest(core_time(Cycles{tile.work.compute}), port_time(tile.work.read(), tile.work.written()));
      sum += busy * tiles.count;
    }
    return sum;
  }
};

}  // namespace

BusyTime busy_time(const GroupProfile& group, const Machine& machine) {
  if (!group.countable) return {};
  return {TilesTime{machine}.of(group),
          Ticks{group.transfers[machine.dram_ports].value()} * machine.dram_ticks_per_byte, machine.launch};
}

}  // namespace fusescape
