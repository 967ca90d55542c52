// Whatever the cascade: is its order executable, are its counts independent of how it was written, and are
// exactly the impossible cycles refused?
#include <fmt/format.h>
#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <limits>

#include "fusescape/workload/cascade_builder.hpp"
#include "fusescape/workload/recurrence.hpp"

namespace fusescape {
namespace {

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

std::vector<Edge> shifted_edges(std::size_t count) {
  std::vector<Edge> edges;
  for (std::size_t to = 0; to < count; ++to) {
    const auto reads = *rc::gen::inRange(0, 3);
    for (int i = 0; i < reads; ++i) {
      edges.push_back({*rc::gen::inRange<std::size_t>(0, count), to, *rc::gen::inRange<std::int64_t>(1, 5)});
    }
  }
  return edges;
}

/// Makes some of the reads of earlier operators unshifted: still executable in the order given.
void unshift_some(std::vector<Edge>& edges) {
  for (Edge& edge : edges) {
    if (edge.from < edge.to && *rc::gen::arbitrary<bool>()) edge.distance = 0;
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
  CHECK(rc::check([] {
    const auto count = *rc::gen::inRange<std::size_t>(1, 12);
    std::vector<Edge> edges = shifted_edges(count);
    unshift_some(edges);
    const Cascade original = cascade_of(count, edges);

    const auto untouched = make_cascade(original);
    RC_ASSERT(untouched.problems.empty());
    RC_ASSERT(order_of(untouched.cascade) == order_of(original));

    // Sorting by random keys shuffles in a way that rapidcheck can shrink.
    Cascade shuffled = original;
    const auto keys = *rc::gen::container<std::vector<int>>(count, rc::gen::arbitrary<int>());
    std::vector<std::size_t> positions(count);
    for (std::size_t i = 0; i < count; ++i) positions[i] = i;
    std::stable_sort(positions.begin(), positions.end(),
                     [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
    for (std::size_t i = 0; i < count; ++i) shuffled.operators[i] = original.operators[positions[i]];

    const auto [sorted, problems] = make_cascade(std::move(shuffled));
    RC_ASSERT(problems.empty());
    RC_ASSERT(executable(sorted));
    RC_ASSERT(total_ops(sorted) == total_ops(original));
    std::vector<std::string> names = order_of(sorted);
    std::vector<std::string> expected = order_of(original);
    std::sort(names.begin(), names.end());
    std::sort(expected.begin(), expected.end());
    RC_ASSERT(names == expected);
  }));
}

TEST_CASE("A cycle without a shift is reported with every operator on it") {
  CHECK(rc::check([] {
    // A chain of unshifted reads with one closing read from its end back to an earlier operator.
    const auto count = *rc::gen::inRange<std::size_t>(1, 12);
    const auto last = *rc::gen::inRange<std::size_t>(0, count);
    const auto first = *rc::gen::inRange<std::size_t>(0, last + 1);
    std::vector<Edge> edges{{last, first, 0}};
    for (std::size_t i = 1; i < count; ++i) edges.push_back({i - 1, i, 0});
    const auto problems = make_cascade(cascade_of(count, edges)).problems;
    RC_ASSERT(problems.size() == 1U);
    for (std::size_t i = 0; i < count; ++i) {
      const bool named = problems[0].message.find(op_name(i)) != std::string::npos;
      RC_ASSERT(named == (i >= first && i <= last));
    }
  }));
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
  CHECK(rc::check([] {
    const auto count = *rc::gen::inRange<std::size_t>(1, 7);
    std::vector<Edge> edges = shifted_edges(count);
    unshift_some(edges);
    const auto [cascade, problems] = make_cascade(cascade_of(count, edges));
    RC_ASSERT(problems.empty());
    const auto found = recurrences(cascade);
    std::int64_t smallest = std::numeric_limits<std::int64_t>::max();
    for (const Recurrence& recurrence : found) smallest = std::min(smallest, recurrence.min_distance);
    RC_ASSERT(smallest == smallest_cycle_by_walking(count, edges));

    const auto of_operator = recurrence_of_operator(cascade, found);
    std::size_t members = 0;
    for (const Recurrence& recurrence : found) members += recurrence.operators.size();
    RC_ASSERT(members ==
              static_cast<std::size_t>(std::count_if(of_operator.begin(), of_operator.end(),
                                                     [](const auto& r) { return r.has_value(); })));
  }));
}

TEST_CASE("An element count is exact or reported as overflowed, never wrapped") {
  CHECK(rc::check([] {
    const auto l = *rc::gen::inRange<std::int64_t>(1, std::numeric_limits<std::int64_t>::max());
    const auto d = *rc::gen::inRange<std::int64_t>(1, 16);
    CascadeBuilder make{"large", DataType::kFp32};
    const RankId tokens = make.rank("L", Elements{l});
    const RankId inner = make.rank("D", Elements{d});
    const TensorId x = make.tensor("x", {tokens, inner}, TensorKind::kInput);
    make.make("exp", OpKind::kExp, {"y", {tokens, inner}}, {make.at(x)});
    const auto [cascade, problems] = make.finish();
    // Division cannot overflow, so it says whether l * d does.
    const bool fits = l <= (std::numeric_limits<std::int64_t>::max() - 1) / d;
    RC_ASSERT(problems.empty() == fits);
    if (fits) {
      RC_ASSERT(total_ops(cascade) == Ops{l * d});
    }
  }));
}

}  // namespace
}  // namespace fusescape
