// In which orders may the cuts of a tiling lie, and what does each make operands pass through their buffers
// again?
#pragma once

#include <cstdint>
#include <vector>

#include "candidates.hpp"

namespace fusescape {

/// Some classes of a space: bit c is class c.
using ClassSet = std::uint32_t;

[[nodiscard]] constexpr bool has_class(ClassSet classes, std::size_t rank_class) {
  return ((classes >> rank_class) & 1U) != 0;
}

/// One order of the loops of a tiling.
struct LoopOrder {
  std::uint32_t number = 0;             ///< Among those that for_each_order visits, from 0.
  std::vector<std::uint8_t> classes{};  ///< Those that are cut, outermost first.
  std::vector<ClassSet> repeats{};      ///< Per operand: its passes are the product of these classes' trips.
};

/// Of the tilings of one space, whose cuts each run more than once.
class LoopOrders {
 public:
  /// `operands`: the classes whose ranks each one has.
  LoopOrders(const NestSpace& space, std::vector<ClassSet> operands);

  /// The orders of the tilings that cut `classes`, but those with which each operand passes at least as often
  /// as with an earlier one.
  [[nodiscard]] const std::vector<LoopOrder>& of(ClassSet classes);

 private:
  [[nodiscard]] std::vector<LoopOrder> made(ClassSet classes) const;

  const NestSpace& space_;
  std::vector<ClassSet> operands_;
  std::vector<std::vector<LoopOrder>> known_;  ///< Per set of classes; none: it has not been asked for.
};

}  // namespace fusescape
