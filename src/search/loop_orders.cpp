#include "loop_orders.hpp"

#include <algorithm>
#include <utility>

namespace fusescape {
namespace {

/// Loops outside the innermost one that an operand has bring it again.
ClassSet repeats_of(ClassSet operand, const Tiling& tiling) {
  ClassSet repeats = 0;
  ClassSet outer = 0;
  for (const ChosenCut& chosen : tiling) {
    if (has_class(operand, chosen.rank_class)) {
      repeats = outer;
    } else {
      outer |= ClassSet{1} << chosen.rank_class;
    }
  }
  return repeats;
}

bool passes_no_less(const LoopOrder& later, const LoopOrder& earlier) {
  return std::equal(later.repeats.begin(), later.repeats.end(), earlier.repeats.begin(),
                    [](ClassSet more, ClassSet less) { return (less & ~more) == 0; });
}

}  // namespace

LoopOrders::LoopOrders(const NestSpace& space, std::vector<ClassSet> operands)
    : space_{space}, operands_{std::move(operands)}, known_(std::size_t{1} << space.cuts.size()) {}

const std::vector<LoopOrder>& LoopOrders::of(ClassSet classes) {
  std::vector<LoopOrder>& orders = known_[classes];
  if (orders.empty()) orders = made(classes);
  return orders;
}

std::vector<LoopOrder> LoopOrders::made(ClassSet classes) const {
  Tiling tiling;
  for (std::size_t c = 0; c < space_.cuts.size(); ++c) {
    if (has_class(classes, c)) tiling.push_back({c, 0});
  }
  std::vector<LoopOrder> orders;
  std::uint32_t number = 0;
  for_each_order(space_, tiling, [&](const Tiling& ordered) {
    LoopOrder order{.number = number++};
    for (const ChosenCut& chosen : ordered)
      order.classes.push_back(static_cast<std::uint8_t>(chosen.rank_class));
    for (const ClassSet operand : operands_) order.repeats.push_back(repeats_of(operand, ordered));
    const bool lighter = std::none_of(orders.begin(), orders.end(), [&](const LoopOrder& earlier) {
      return passes_no_less(order, earlier);
    });
    if (lighter) orders.push_back(std::move(order));
  });
  return orders;
}

}  // namespace fusescape
