// Does the packing of intervals reach the optimum that trying everything finds?
#include "fusescape/search/interval_packing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "for_all.hpp"

namespace fusescape::interval_packing_test {
namespace {

using Room = std::vector<std::int64_t>;
using Items = std::vector<IntervalItem>;

/// The largest value of items[from ...] in `room`, by trying every amount.
std::int64_t most_value(Room& room, const Items& items, std::size_t from = 0) {
  if (from == items.size()) return 0;
  const IntervalItem& item = items[from];
  std::int64_t best = 0;
  for (std::int64_t amount = 0; amount <= item.amount; ++amount) {
    const auto begin = room.begin() + static_cast<std::ptrdiff_t>(item.first);
    const auto end = room.begin() + static_cast<std::ptrdiff_t>(item.last) + 1;
    const bool fits = std::all_of(begin, end, [&](std::int64_t free) { return free >= amount; });
    if (!fits) break;
    std::for_each(begin, end, [&](std::int64_t& free) { free -= amount; });
    best = std::max(best, amount * item.value + most_value(room, items, from + 1));
    std::for_each(begin, end, [&](std::int64_t& free) { free += amount; });
  }
  return best;
}

/// Fails unless `amounts` fit.
std::int64_t value_of(const Room& room, const Items& items, const std::vector<std::int64_t>& amounts) {
  REQUIRE(amounts.size() == items.size());
  Room free = room;
  std::int64_t value = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    CHECK(amounts[i] >= 0);
    CHECK(amounts[i] <= items[i].amount);
    for (std::size_t slot = items[i].first; slot <= items[i].last; ++slot) free[slot] -= amounts[i];
    value += amounts[i] * items[i].value;
  }
  for (const std::int64_t left : free) CHECK(left >= 0);
  return value;
}

std::string text_of(const Items& items) {
  std::string text;
  for (const IntervalItem& item : items)
    text += fmt::format("{} of {} in {} to {}; ", item.amount, item.value, item.first, item.last);
  return text;
}

TEST_CASE("A packing of intervals is as good as the best of all packings") {
  test_plans::for_all(4000, [](test_plans::Dice& dice) {
    Room room(static_cast<std::size_t>(dice.in(1, 5)));
    for (std::int64_t& free : room) free = dice.in(0, 6);
    Items items(static_cast<std::size_t>(dice.in(0, 5)));
    for (IntervalItem& item : items) {
      const auto last_slot = static_cast<std::int64_t>(room.size()) - 1;
      const auto [first, last] = std::minmax({dice.in(0, last_slot), dice.in(0, last_slot)});
      item = {static_cast<std::size_t>(first), static_cast<std::size_t>(last), dice.in(0, 4), dice.in(0, 3)};
    }
    CAPTURE(room, text_of(items));
    CHECK(value_of(room, items, best_packing(room, items)) == most_value(room, items));
  });
}

TEST_CASE("Two tensors of 60 bytes that meet in a group with 60 free are kept to 60 bytes in all") {
  // Three groups of footprint 40 in 100 bytes: 60 free in each. One tensor lies over groups 0 and 1, one over
  // 1 and 2. A byte kept saves its write and one read: 2 * 60 = 120 bytes, not 240.
  const Room room{60, 60, 60};
  const Items items{{0, 1, 60, 2}, {1, 2, 60, 2}};
  CHECK(value_of(room, items, best_packing(room, items)) == 120);
}

TEST_CASE("Two short intervals of less value each beat a long one of more") {
  // 10 free: the long one saves 3 * 10; the two short ones, which do not meet, 2 * 10 each.
  const Items items{{0, 3, 10, 3}, {0, 1, 10, 2}, {2, 3, 10, 2}};
  CHECK(best_packing({10, 10, 10, 10}, items) == std::vector<std::int64_t>{0, 10, 10});
}

TEST_CASE("Bytes of large memories are packed exactly") {
  // 2^40 free, the middle slot one byte less: what must pass it is cut by that byte, the cheaper item first.
  constexpr std::int64_t kRoom = std::int64_t{1} << 40;
  const Items items{{0, 2, kRoom / 2, 2}, {1, 1, kRoom / 2, 1}};
  CHECK(best_packing({kRoom, kRoom - 1, kRoom}, items) ==
        std::vector<std::int64_t>{kRoom / 2, kRoom / 2 - 1});
}

TEST_CASE("Without slots, items or room nothing is packed") {
  CHECK(best_packing({}, {}).empty());
  CHECK(best_packing({0, 0}, {{0, 1, 5, 1}}) == std::vector<std::int64_t>{0});
}

}  // namespace
}  // namespace fusescape::interval_packing_test
