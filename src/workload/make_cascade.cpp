// What does a cascade imply, is it sound, and in which order can it run?
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <queue>

#include "cascade_checks.hpp"
#include "dependence.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/workload/cascade.hpp"
#include "fusescape/workload/recurrence.hpp"

namespace fusescape {
namespace {

using Subject = CascadeProblem::Subject;

void expect_valid_ids(const Cascade& cascade, const Access& access) {
  FUSESCAPE_EXPECTS(index_of(access.tensor) < cascade.tensors.size());
  for (const Index& index : access.indices) {
    FUSESCAPE_EXPECTS(index_of(index.rank) < cascade.ranks.size());
    FUSESCAPE_EXPECTS(!index.tap || index_of(*index.tap) < cascade.ranks.size());
    FUSESCAPE_EXPECTS(!index.chunk || index_of(*index.chunk) < cascade.ranks.size());
  }
}

void expect_valid_ids(const Cascade& cascade) {
  for (const Tensor& tensor : cascade.tensors) {
    for (const RankId rank : tensor.ranks) FUSESCAPE_EXPECTS(index_of(rank) < cascade.ranks.size());
  }
  for (const Operator& op : cascade.operators) {
    FUSESCAPE_EXPECTS(index_of(op.output) < cascade.tensors.size());
    for (const Access& access : op.inputs) expect_valid_ids(cascade, access);
    FUSESCAPE_EXPECTS(!op.where ||
                      std::max(index_of(op.where->key), index_of(op.where->query)) < cascade.ranks.size());
  }
}

void derive_iteration_space(const Cascade& cascade, Operator& op) {
  op.ranks = cascade.tensor(op.output).ranks;
  op.reduction_ranks.clear();
  const auto include = [&](RankId rank) {
    if (has_rank(op.ranks, rank)) return;
    op.ranks.push_back(rank);
    op.reduction_ranks.push_back(rank);
  };
  for (const Access& access : op.inputs) {
    for (const Index& index : access.indices) {
      if (index.chunk) include(*index.chunk);
      include(index.rank);
      if (index.tap) include(*index.tap);
    }
  }
}

void derive_producers_and_uses(Cascade& cascade) {
  cascade.producer.assign(cascade.tensors.size(), std::nullopt);
  cascade.uses.assign(cascade.tensors.size(), {});
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    const Operator& op = cascade.operators[i];
    const OpId id{static_cast<std::uint16_t>(i)};
    std::optional<OpId>& producer = cascade.producer[index_of(op.output)];
    if (!producer) producer = id;
    for (std::size_t input = 0; input < op.inputs.size(); ++input) {
      cascade.uses[index_of(op.inputs[input].tensor)].push_back({id, static_cast<int>(input)});
    }
  }
}

/// Sorts operators so that unshifted reads follow their writes; of those that are ready the first goes first,
/// so an order that is executable already stays (Kahn's algorithm). Expects no cycle of unshifted reads.
void sort_operators(Cascade& cascade) {
  const std::size_t count = cascade.operators.size();
  std::vector<std::vector<std::size_t>> readers(count);
  std::vector<int> waiting_for(count);
  for (const Dependence& edge : dependences(cascade)) {
    if (nearest_distance(*edge.access) > 0) continue;
    readers[index_of(edge.writer)].push_back(index_of(edge.reader));
    ++waiting_for[index_of(edge.reader)];
  }
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
  for (std::size_t i = 0; i < count; ++i) {
    if (waiting_for[i] == 0) ready.push(i);
  }
  std::vector<Operator> sorted;
  sorted.reserve(count);
  while (!ready.empty()) {
    const std::size_t next = ready.top();
    ready.pop();
    sorted.push_back(std::move(cascade.operators[next]));
    for (const std::size_t reader : readers[next]) {
      if (--waiting_for[reader] == 0) ready.push(reader);
    }
  }
  FUSESCAPE_EXPECTS(sorted.size() == count);
  cascade.operators = std::move(sorted);
}

bool ids_fit(const Cascade& cascade) {
  constexpr std::size_t kMost = std::size_t{std::numeric_limits<std::uint16_t>::max()} + 1;
  return cascade.ranks.size() <= kMost && cascade.tensors.size() <= kMost &&
         cascade.operators.size() <= kMost;
}

}  // namespace

CheckedCascade make_cascade(Cascade parts) {
  CheckedCascade checked{.cascade = std::move(parts), .problems = {}};
  Cascade& cascade = checked.cascade;
  expect_valid_ids(cascade);
  if (!ids_fit(cascade)) {
    checked.problems.push_back({Subject::kCascade, 0, "more than 65,536 ranks, tensors or operators"});
    return checked;
  }
  for (Operator& op : cascade.operators) derive_iteration_space(cascade, op);
  derive_producers_and_uses(cascade);

  check_names_and_sizes(cascade, checked.problems);
  check_producers(cascade, checked.problems);
  check_accesses(cascade, checked.problems);
  check_kinds(cascade, checked.problems);
  check_cycles(cascade, checked.problems);
  if (!checked.problems.empty()) return checked;

  sort_operators(cascade);
  derive_producers_and_uses(cascade);
  cascade.recurrences = recurrences(cascade);
  cascade.recurrence_of = recurrence_of_operator(cascade, cascade.recurrences);
  return checked;
}

}  // namespace fusescape
