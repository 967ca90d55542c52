#include "fusescape/search/pareto.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "for_all.hpp"

namespace fusescape {
namespace {

using test_plans::Dice;
using test_plans::for_all;

struct Table {
  std::vector<std::int64_t> keys;
  std::size_t columns = 1;
  [[nodiscard]] std::size_t rows() const { return keys.size() / columns; }
  [[nodiscard]] std::int64_t at(std::size_t row, std::size_t column) const {
    return keys[row * columns + column];
  }
};

/// Few distinct values, so that ties and equal rows are common.
Table random_table(Dice& dice) {
  Table table{.keys = {}, .columns = static_cast<std::size_t>(dice.in(1, 4))};
  table.keys.resize(table.columns * static_cast<std::size_t>(dice.in(0, 39)));
  for (std::int64_t& key : table.keys) key = dice.in(-2, 3);
  return table;
}

bool dominates(const Table& table, std::size_t a, std::size_t b) {
  bool smaller = false;
  for (std::size_t c = 0; c < table.columns; ++c) {
    if (table.at(a, c) > table.at(b, c)) return false;
    smaller = smaller || table.at(a, c) < table.at(b, c);
  }
  return smaller;
}

bool is_dominated(const Table& table, std::size_t row) {
  for (std::size_t other = 0; other < table.rows(); ++other) {
    if (dominates(table, other, row)) return true;
  }
  return false;
}

TEST_CASE("The non-dominated rows are those that brute force finds, in table order") {
  for_all(300, [](Dice& dice) {
    const Table table = random_table(dice);
    CAPTURE(table.keys, table.columns);
    std::vector<std::size_t> expected;
    for (std::size_t row = 0; row < table.rows(); ++row) {
      if (!is_dominated(table, row)) expected.push_back(row);
    }
    CHECK(non_dominated(table.keys, table.columns) == expected);
  });
}

TEST_CASE("Every dropped row is dominated by a kept one") {
  for_all(100, [](Dice& dice) {
    const Table table = random_table(dice);
    CAPTURE(table.keys, table.columns);
    const auto kept = non_dominated(table.keys, table.columns);
    for (std::size_t row = 0; row < table.rows(); ++row) {
      if (std::binary_search(kept.begin(), kept.end(), row)) continue;
      CHECK(std::any_of(kept.begin(), kept.end(), [&](std::size_t k) { return dominates(table, k, row); }));
    }
  });
}

TEST_CASE("Permuting the rows permutes the non-dominated set with them") {
  for_all(50, [](Dice& dice) {
    const Table table = random_table(dice);
    std::vector<std::size_t> order(table.rows());
    for (std::size_t i = 0; i < order.size(); ++i) {
      order[i] = i;
      std::swap(order[i], order[i - static_cast<std::size_t>(dice.in(0, static_cast<std::int64_t>(i)))]);
    }
    CAPTURE(table.keys, table.columns, order);
    Table shuffled{.keys = {}, .columns = table.columns};
    for (const std::size_t i : order) {
      for (std::size_t c = 0; c < table.columns; ++c) shuffled.keys.push_back(table.at(i, c));
    }
    std::vector<std::size_t> back;
    for (const std::size_t i : non_dominated(shuffled.keys, shuffled.columns)) back.push_back(order[i]);
    std::sort(back.begin(), back.end());
    CHECK(back == non_dominated(table.keys, table.columns));
  });
}

TEST_CASE("Order keys order like the numbers they stand for") {
  const std::vector<double> ascending{-HUGE_VAL, -1e300, -1.0,  -5e-324, 0.0,
                                      5e-324,    1.0,    221.9, 222.0,   HUGE_VAL};
  for (std::size_t i = 1; i < ascending.size(); ++i)
    CHECK(order_key(ascending[i - 1]) < order_key(ascending[i]));
  CHECK(order_key(-0.0) == order_key(0.0));
}

TEST_CASE("Counts that a double cannot tell apart are still told apart") {
  const std::int64_t large = (std::int64_t{1} << 53) + 1;  // 2^53 + 1 has no double of its own.
  CHECK(non_dominated(std::vector<std::int64_t>{large, large - 1}, 1) == std::vector<std::size_t>{1});
}

}  // namespace
}  // namespace fusescape
