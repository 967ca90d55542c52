#include "fusescape/search/array_work.hpp"

#include "fusescape/plan/array_time.hpp"

namespace fusescape {
namespace {

constexpr ArrayWork kUncountable{Cycles::overflowed(), Bytes::overflowed()};

/// One tile's operators on the array.
ArrayWork tile_work(const WorkTable& table, std::span<const OperatorWork> operators,
                    const ArrayModel& array) {
  WorkCost cost;
  for (const OperatorWork& work : operators) {
    const Engine& engine = array.engines[static_cast<std::size_t>(work.kind)];
    if (engine.cycles_per_op == 0) return kUncountable;
    cost += work_cost(table, work, engine, array.fill.value());
  }
  return {Cycles{cost.compute}, cost.read() + cost.written()};
}

void add(ArrayWork& sum, const ArrayWork& tile, std::int64_t count) {
  sum.compute += tile.compute * count;
  sum.onchip += tile.onchip * count;
}

}  // namespace

ArrayWork array_work(const GroupProfile& group, const ArrayModel& array) {
  if (!group.countable) return kUncountable;
  ArrayWork sum;
  for (const TileClass& tiles : group.classes) {
    const OperatorWork* first = group.work.operators.data() + tiles.first_work;
    add(sum, tile_work(group.work, {first, tiles.work_count}, array), tiles.count);
  }
  return sum;
}

void add_tiles(const WorkTable& work, const ArrayModel& array, std::int64_t count, ArrayWork& sum) {
  const bool countable = is_countable(work.operators);
  add(sum, countable ? tile_work(work, work.operators, array) : kUncountable, count);
}

NestWork::NestWork(const Cascade& cascade, const std::vector<SpatialMapping>& spatial,
                   const ArrayModel& array, OpId op)
    : array_{array}, shape_{cascade, spatial[index_of(op)], op} {
  for (const Rank& rank : cascade.ranks) extent_.push_back(rank.extent.value());
}

/// The tiles of the loops from `loop` on, all of them `count` times.
void NestWork::add_tiles(const std::vector<LoopSpec>& loops, std::size_t loop, std::int64_t count,
                         ArrayWork& sum) {
  if (loop == loops.size()) {
    table_.operators.clear();
    table_.accesses.clear();
    shape_.append(extent_, table_);
    return fusescape::add_tiles(table_, array_, count, sum);
  }
  for_each_tile(extent_, loops[loop],
                [&](std::int64_t times) { add_tiles(loops, loop + 1, count * times, sum); });
}

ArrayWork NestWork::of(const std::vector<LoopSpec>& loops) {
  ArrayWork sum;
  add_tiles(loops, 0, 1, sum);
  return sum;
}

}  // namespace fusescape
