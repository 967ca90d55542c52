// Whatever the cascade: is its order executable, are its counts independent of how it was written, and are
// exactly the impossible cycles refused?
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <limits>

#include "fusescape/workload/cascade_builder.hpp"
#include "fusescape/workload/recurrence.hpp"
#include "random_plans.hpp"

namespace fusescape::cascade_test {
namespace {

using test_plans::Dice;
using test_plans::for_all;
using test_plans::text_of;

constexpr std::uint32_t kCases = 100;

/// One read by the operator at the same position: of what operator `from` makes, `distance` steps earlier.
struct Edge {
  std::size_t from = 0;
  std::size_t to = 0;
  std::int64_t distance = 0;
};

std::string op_name(std::size_t i) {
  return fmt::format("<{}>", i);
}

/// `count` element-wise operators over L (and, every other one, D), each reading an input and its edges.
/// Element-wise operators take at most three inputs, so that `edges` has at most two per reader.
Cascade cascade_of(std::size_t count, const std::vector<Edge>& edges) {
  CascadeBuilder make{"random", DataType::kFp32};
  const RankId l = make.rank("L", Elements{10});
  const RankId d = make.rank("D", Elements{3});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  std::vector<TensorId> made;
  for (std::size_t i = 0; i < count; ++i) {
    made.push_back(make.tensor(fmt::format("T{}", i), {l, d}, TensorKind::kIntermediate));
  }
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<Access> inputs{make.at(x), make.at(x)};
    std::size_t next = 1;
    for (const Edge& edge : edges) {
      if (edge.to != i) continue;
      const Access read = make.earlier(made[edge.from], l, edge.distance);
      if (next < inputs.size()) {
        inputs[next] = read;
      } else {
        inputs.push_back(read);
      }
      ++next;
    }
    make.make(op_name(i), OpKind::kAdd, made[i], std::move(inputs));
  }
  return make.finish().cascade;  // With its problems, if any: the tests check it again.
}

/// Below `end`.
std::size_t random_index(Dice& dice, std::size_t end) {
  return static_cast<std::size_t>(dice.in(0, static_cast<std::int64_t>(end) - 1));
}

std::vector<Edge> shifted_edges(Dice& dice, std::size_t count) {
  std::vector<Edge> edges;
  for (std::size_t to = 0; to < count; ++to) {
    for (std::int64_t reads = dice.in(0, 2); reads > 0; --reads) {
      const std::size_t from = random_index(dice, count);
      edges.push_back({from, to, dice.in(1, 4)});
    }
  }
  return edges;
}

/// Makes some of the reads of earlier operators unshifted: still executable in the order given.
void unshift_some(Dice& dice, std::vector<Edge>& edges) {
  for (Edge& edge : edges) {
    if (edge.from < edge.to && dice.one_in(2)) edge.distance = 0;
  }
}

std::vector<std::string> order_of(const Cascade& cascade) {
  std::vector<std::string> names;
  for (const Operator& op : cascade.operators) names.push_back(op.name);
  return names;
}

bool executable(const Cascade& cascade) {
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    for (const Access& access : cascade.operators[i].inputs) {
      const auto producer = cascade.producer[index_of(access.tensor)];
      if (producer && !is_shifted(access) && index_of(*producer) >= i) return false;
    }
  }
  return true;
}

TEST_CASE("However its operators are listed, a cascade comes out executable with the same counts") {
  for_all(kCases, [](Dice& dice) {
    const std::size_t count = 1 + random_index(dice, 11);
    std::vector<Edge> edges = shifted_edges(dice, count);
    unshift_some(dice, edges);
    const Cascade original = cascade_of(count, edges);

    const auto untouched = make_cascade(original);
    CHECK(untouched.problems.empty());
    CHECK(order_of(untouched.cascade) == order_of(original));

    Cascade shuffled = original;
    for (std::size_t i = 0; i < count; ++i)
      std::swap(shuffled.operators[i], shuffled.operators[i - random_index(dice, i + 1)]);
    CAPTURE(text_of(original), order_of(shuffled));

    const auto [sorted, problems] = make_cascade(std::move(shuffled));
    CHECK(problems.empty());
    CHECK(executable(sorted));
    CHECK(total_ops(sorted) == total_ops(original));
    std::vector<std::string> names = order_of(sorted);
    std::vector<std::string> expected = order_of(original);
    std::sort(names.begin(), names.end());
    std::sort(expected.begin(), expected.end());
    CHECK(names == expected);
  });
}

TEST_CASE("A cycle without a shift is reported with every operator on it") {
  for_all(kCases, [](Dice& dice) {
    // A chain of unshifted reads with one closing read from its end back to an earlier operator.
    const std::size_t count = 1 + random_index(dice, 11);
    const std::size_t last = random_index(dice, count);
    const std::size_t first = random_index(dice, last + 1);
    std::vector<Edge> edges{{last, first, 0}};
    for (std::size_t i = 1; i < count; ++i) edges.push_back({i - 1, i, 0});
    CAPTURE(count, first, last);
    const auto problems = make_cascade(cascade_of(count, edges)).problems;
    REQUIRE(problems.size() == 1);
    for (std::size_t i = 0; i < count; ++i) {
      const bool named = problems[0].message.find(op_name(i)) != std::string::npos;
      CHECK(named == (i >= first && i <= last));
    }
  });
}

/// The smallest sum of distances over all simple cycles, found by walking each of them.
std::int64_t smallest_cycle_by_walking(std::size_t count, const std::vector<Edge>& edges) {
  std::int64_t smallest = std::numeric_limits<std::int64_t>::max();
  std::vector<bool> visited(count);
  std::size_t start = 0;
  const std::function<void(std::size_t, std::int64_t)> walk = [&](std::size_t at, std::int64_t sum) {
    visited[at] = true;
    for (const Edge& edge : edges) {
      if (edge.from != at) continue;
      if (edge.to == start) smallest = std::min(smallest, sum + edge.distance);
      if (!visited[edge.to]) walk(edge.to, sum + edge.distance);
    }
    visited[at] = false;
  };
  for (start = 0; start < count; ++start) walk(start, 0);
  return smallest;
}

TEST_CASE("The smallest distance of all recurrences is that of the shortest cycle walked by hand") {
  for_all(kCases, [](Dice& dice) {
    const std::size_t count = 1 + random_index(dice, 6);
    std::vector<Edge> edges = shifted_edges(dice, count);
    unshift_some(dice, edges);
    const auto [cascade, problems] = make_cascade(cascade_of(count, edges));
    CAPTURE(text_of(cascade));
    CHECK(problems.empty());
    const auto found = recurrences(cascade);
    std::int64_t smallest = std::numeric_limits<std::int64_t>::max();
    for (const Recurrence& recurrence : found) smallest = std::min(smallest, recurrence.min_distance);
    CHECK(smallest == smallest_cycle_by_walking(count, edges));

    const auto of_operator = recurrence_of_operator(cascade, found);
    std::size_t members = 0;
    for (const Recurrence& recurrence : found) members += recurrence.operators.size();
    CHECK(members == static_cast<std::size_t>(std::count_if(of_operator.begin(), of_operator.end(),
                                                            [](const auto& r) { return r.has_value(); })));
  });
}

TEST_CASE("An element count is exact or reported as overflowed, never wrapped") {
  for_all(kCases, [](Dice& dice) {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    const std::int64_t l = kMost / dice.in(1, 15) - dice.in(1, 3);
    const std::int64_t d = dice.in(1, 15);
    CAPTURE(l, d);
    CascadeBuilder make{"large", DataType::kFp32};
    const RankId tokens = make.rank("L", Elements{l});
    const RankId inner = make.rank("D", Elements{d});
    const TensorId x = make.tensor("x", {tokens, inner}, TensorKind::kInput);
    make.make("exp", OpKind::kExp, {"y", {tokens, inner}}, {make.at(x)});
    const auto [cascade, problems] = make.finish();
    // Division cannot overflow, so it says whether l * d does.
    const bool fits = l <= (kMost - 1) / d;
    CHECK(problems.empty() == fits);
    if (fits) {
      CHECK(total_ops(cascade) == Ops{l * d});
    }
  });
}

}  // namespace
}  // namespace fusescape::cascade_test
