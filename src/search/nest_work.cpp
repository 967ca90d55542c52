// What do nests ask of the array? Sums over full and ragged tiles.
#include "fusescape/plan/work_cost.hpp"
#include "fusescape/search/nest_bounds.hpp"

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

NestWork::NestWork(const Cascade& cascade, const std::vector<SpatialMapping>& spatial,
                   const ArrayModel& array, OpId op)
    : cascade_{cascade}, array_{array}, leaf_{add_operator(plan_, kRoot, op)} {
  plan_.spatial = spatial;
}

void NestWork::add_tile(std::int64_t count, ArrayWork& sum) {
  table_.operators.clear();
  table_.accesses.clear();
  append_work(cascade_, plan_, leaf_, extent_, table_);
  add(sum, is_countable(table_.operators) ? tile_work(table_, table_.operators, array_) : kUncountable,
      count);
}

ArrayWork NestWork::of(const std::vector<LoopSpec>& loops) {
  ArrayWork sum;
  // Bit i of `ragged`: the tile is the shorter last one of loop i.
  for (std::size_t ragged = 0; ragged < std::size_t{1} << loops.size(); ++ragged) {
    extent_.clear();
    for (const Rank& rank : cascade_.ranks) extent_.push_back(rank.extent.value());
    std::int64_t count = 1;
    for (std::size_t i = 0; i < loops.size() && count > 0; ++i) {
      std::int64_t& extent = extent_[index_of(loops[i].rank)];
      const bool last = ((ragged >> i) & 1U) != 0;
      count *= last ? std::int64_t{extent % loops[i].tile > 0} : extent / loops[i].tile;
      extent = last ? extent % loops[i].tile : loops[i].tile;
    }
    if (count > 0) add_tile(count, sum);
  }
  return sum;
}

}  // namespace fusescape
