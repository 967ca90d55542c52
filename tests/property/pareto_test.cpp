#include "fusescape/search/pareto.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "for_all.hpp"
#include "fusescape/search/point_ids.hpp"

namespace fusescape::pareto_test {
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
  Table table{.keys = {}, .columns = static_cast<std::size_t>(dice.in(1, 6))};
  table.keys.resize(table.columns * static_cast<std::size_t>(dice.in(0, dice.one_in(3) ? 149 : 39)));
  const std::int64_t most = dice.one_in(3) ? 20 : 3;
  for (std::int64_t& key : table.keys) key = dice.in(-2, most);
  return table;
}

/// Rows of which many do not dominate each other, and many tie: the parts of sums that differ little.
Table random_front(Dice& dice) {
  Table table{.keys = {}, .columns = static_cast<std::size_t>(dice.in(2, 5))};
  const std::int64_t rows = dice.in(1, dice.one_in(4) ? 400 : 120);
  for (std::int64_t r = 0; r < rows; ++r) {
    std::int64_t left = 7 + dice.in(0, 2);
    for (std::size_t c = 1; c < table.columns; ++c) {
      table.keys.push_back(dice.in(0, left));
      left -= table.keys.back();
    }
    table.keys.push_back(left);
  }
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

std::vector<std::size_t> by_brute_force(const Table& table) {
  std::vector<std::size_t> kept;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (!is_dominated(table, row)) kept.push_back(row);
  }
  return kept;
}

TEST_CASE("The non-dominated rows are those that brute force finds, in table order") {
  for_all(300, [](Dice& dice) {
    const Table table = dice.one_in(2) ? random_front(dice) : random_table(dice);
    CAPTURE(table.keys, table.columns);
    CHECK(non_dominated(table.keys, table.columns) == by_brute_force(table));
  });
}

TEST_CASE("Of hundreds of rows too, the non-dominated ones are those that brute force finds") {
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    Dice dice{seed};  // A tape that shrinks is too short for so many rows.
    const Table table = random_front(dice);
    CAPTURE(seed, table.columns, table.rows());
    CHECK(non_dominated(table.keys, table.columns) == by_brute_force(table));
  }
}

TEST_CASE("A front that sees the rows one after another keeps the same ones, whatever it forgets when") {
  for_all(150, [](Dice& dice) {
    const Table table = dice.one_in(2) ? random_front(dice) : random_table(dice);
    const auto few = static_cast<std::size_t>(dice.in(1, 40));
    CAPTURE(table.keys, table.columns, few);
    ParetoFront<std::int64_t, std::size_t> front{table.columns, {}, few};
    for (std::size_t row = 0; row < table.rows(); ++row) {
      front.add(std::span{table.keys}.subspan(row * table.columns, table.columns), row);
      if (dice.one_in(20)) CHECK(front.rows().size() <= row + 1);
    }
    const std::vector<std::size_t> kept = front.rows();
    CHECK(kept == by_brute_force(table));
    std::vector<std::int64_t> values;
    for (const std::size_t row : kept) {
      for (std::size_t c = 0; c < table.columns; ++c) values.push_back(table.at(row, c));
    }
    CHECK(std::equal(values.begin(), values.end(), front.values().begin(), front.values().end()));
  });
}

TEST_CASE("A front in which equal rows become one keeps every tie, however far apart they come") {
  for_all(150, [](Dice& dice) {
    const Table table = dice.one_in(2) ? random_front(dice) : random_table(dice);
    const auto few = static_cast<std::size_t>(dice.in(1, 40));
    const auto most = static_cast<std::size_t>(dice.in(0, 20));
    std::vector<std::size_t> ids(table.rows());  // Of its rows, ascending.
    std::size_t last = 0;
    for (std::size_t& id : ids)
      id = last += static_cast<std::size_t>(dice.in(1, dice.one_in(4) ? std::int64_t{1} << 40 : 200));
    CAPTURE(table.keys, table.columns, few, ids);
    ParetoFront<std::int64_t, PointIds> front{table.columns, {}, few};
    for (std::size_t row = 0; row < table.rows(); ++row) {
      front.add(std::span{table.keys}.subspan(row * table.columns, table.columns), PointIds{ids[row]});
    }
    std::vector<std::size_t> kept;
    for (const std::size_t row : by_brute_force(table)) kept.push_back(ids[row]);
    const TradeOffPoints points{front.rows()};
    CHECK(points.ids() == kept);
    CHECK(points.count() == kept.size());
    CHECK(points.rows.size() * table.columns == front.values().size());
    kept.resize(std::min(most, kept.size()));
    CHECK(points.ids(most) == kept);
  });
}

TEST_CASE("The knee has the least sum of scaled columns, and no unit of measure moves it") {
  for_all(100, [](Dice& dice) {
    const Table table = random_front(dice);
    std::vector<double> values;
    for (const std::size_t row : non_dominated(table.keys, table.columns)) {
      for (std::size_t c = 0; c < table.columns; ++c) {
        values.push_back(static_cast<double>(table.at(row, c)));
      }
    }
    const auto knee = knee_of(values, table.columns);
    std::vector<double> in_other_units = values;
    const auto unit = static_cast<std::size_t>(dice.in(0, static_cast<std::int64_t>(table.columns) - 1));
    for (std::size_t i = unit; i < values.size(); i += table.columns) in_other_units[i] *= 1024.0;
    CAPTURE(values, table.columns);
    CHECK(knee_of(in_other_units, table.columns) == knee);
    std::vector<double> sums(values.size() / table.columns);
    for (std::size_t c = 0; c < table.columns; ++c) {
      double least = HUGE_VAL;
      double most = -HUGE_VAL;
      for (std::size_t i = c; i < values.size(); i += table.columns) {
        least = std::min(least, values[i]);
        most = std::max(most, values[i]);
      }
      for (std::size_t r = 0; r < sums.size(); ++r) {
        if (most > least) sums[r] += (values[r * table.columns + c] - least) / (most - least);
      }
    }
    const auto lowest = std::min_element(sums.begin(), sums.end());
    CHECK(knee.has_value() == (*lowest < 1.0));
    if (knee) CHECK(*knee == static_cast<std::size_t>(lowest - sums.begin()));
  });
}

TEST_CASE("A convex front has its knee where it bends, and a straight or concave one has none") {
  // Scaled: (0, 1), (0.25, 0.25), (0.5, 0.125), (1, 0); sums 1, 0.5, 0.625, 1.
  CHECK(knee_of(std::vector<double>{1, 90, 2, 30, 3, 20, 5, 10}, 2) == 1U);
  CHECK_FALSE(knee_of(std::vector<double>{0, 4, 2, 2, 4, 0}, 2));
  CHECK_FALSE(knee_of(std::vector<double>{0, 4, 3, 3, 4, 0}, 2));
  // An infinite number has no place on the scale: of what is left, (0, 1) and (1, 0) lie on the line.
  CHECK_FALSE(knee_of(std::vector<double>{1, 4, 2, 3, HUGE_VAL, 0}, 2));
  CHECK(knee_of(std::vector<double>{7}, 1) == 0U);
  CHECK_FALSE(knee_of({}, 3));
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

TEST_CASE("Counts that a double cannot tell apart are still told apart") {
  const std::int64_t large = (std::int64_t{1} << 53) + 1;  // 2^53 + 1 has no double of its own.
  CHECK(non_dominated(std::vector<std::int64_t>{large, large - 1}, 1) == std::vector<std::size_t>{1});
}

}  // namespace
}  // namespace fusescape::pareto_test
