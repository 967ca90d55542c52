#include "cascade_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace fusescape {
namespace {

using Subject = CascadeProblem::Subject;

template <class Named>
void check_unique_names(const std::vector<Named>& items, Subject subject, std::string_view what,
                        CascadeProblems& problems) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (seen.insert(items[i].name).second) continue;
    problems.push_back({subject, i, fmt::format("there are two {}s named '{}'", what, items[i].name)});
  }
}

bool has_repeated(std::vector<RankId> ranks) {
  std::sort(ranks.begin(), ranks.end());
  return std::adjacent_find(ranks.begin(), ranks.end()) != ranks.end();
}

void check_extents(const Cascade& cascade, CascadeProblems& problems) {
  for (std::size_t i = 0; i < cascade.ranks.size(); ++i) {
    const auto& [name, extent] = cascade.ranks[i];
    if (extent.overflow()) {
      problems.push_back({Subject::kRank, i, fmt::format("the extent of rank '{}' overflows", name)});
    } else if (extent < Elements{1}) {
      problems.push_back(
          {Subject::kRank, i,
           fmt::format("rank '{}' has extent {}; at least 1 is needed", name, extent.value())});
    }
  }
}

std::string input_name(const Cascade& cascade, const Operator& op, std::size_t input) {
  return fmt::format("'{}' reads '{}'", op.name, cascade.tensor(op.inputs[input].tensor).name);
}

/// What is wrong with reading a dimension of `extent` elements at `index`, if anything.
std::optional<std::string> index_problem(const Cascade& cascade, const Index& index, Elements extent) {
  const Rank& rank = cascade.rank(index.rank);
  if (index.distance < 0)
    return fmt::format("at the negative distance {} along {}", index.distance, rank.name);
  if (index.offset < 0) return fmt::format("at the negative offset {} along {}", index.offset, rank.name);
  if (index.offset > 0 && is_shifted(index)) {
    return fmt::format("both shifted and sliced along {}", rank.name);
  }
  if (index.tap == index.rank) return fmt::format("with {} as its own window", rank.name);
  if (index.chunk && (index.offset > 0 || is_shifted(index))) {
    return fmt::format("chunk by chunk, and shifted or sliced, along {}", rank.name);
  }
  const Elements padding = index.tap ? cascade.extent(*index.tap) - Elements{1} : Elements{0};
  if ((Elements{index.distance} + padding).overflow()) {
    return fmt::format("at the distance {} along {}, which overflows", index.distance, rank.name);
  }
  const Elements end = extent_of(cascade, index) - Elements{index.distance} + Elements{index.offset};
  if (end > extent + padding || end.overflow()) {
    return fmt::format("up to element {} along {}, but there are {}",
                       end.overflow() ? "(overflow)" : fmt::format("{}", end.value()), rank.name,
                       extent.value());
  }
  return std::nullopt;
}

bool indexes_twice(const Access& access) {
  std::vector<RankId> ranks;
  for (const Index& index : access.indices) {
    ranks.push_back(index.rank);
    if (index.tap) ranks.push_back(*index.tap);
    if (index.chunk) ranks.push_back(*index.chunk);
  }
  return has_repeated(std::move(ranks));
}

void check_access(const Cascade& cascade, std::size_t op_id, std::size_t input, CascadeProblems& problems) {
  const Operator& op = cascade.operators[op_id];
  const Access& access = op.inputs[input];
  const Tensor& tensor = cascade.tensor(access.tensor);
  const std::string reads = input_name(cascade, op, input);
  if (access.indices.size() != tensor.ranks.size()) {
    problems.push_back({Subject::kOperator, op_id,
                        fmt::format("{} with {} indices, but it has {} ranks", reads, access.indices.size(),
                                    tensor.ranks.size())});
    return;
  }
  if (indexes_twice(access)) {
    problems.push_back({Subject::kOperator, op_id, fmt::format("{} with the same rank twice", reads)});
  }
  for (std::size_t i = 0; i < access.indices.size(); ++i) {
    const auto wrong = index_problem(cascade, access.indices[i], cascade.extent(tensor.ranks[i]));
    if (wrong) problems.push_back({Subject::kOperator, op_id, fmt::format("{} {}", reads, *wrong)});
  }
}

/// Whether input 1 of a scan, and only that one, is its own output one step earlier and otherwise in place.
bool reads_own_past_once(const Cascade& cascade, const Operator& op) {
  if (op.inputs[0].tensor == op.output || op.inputs[2].tensor == op.output) return false;
  if (op.inputs[1].tensor != op.output) return false;
  const std::vector<Index>& indices = op.inputs[1].indices;
  const std::vector<RankId>& ranks = cascade.tensor(op.output).ranks;
  std::int64_t steps = 0;
  for (std::size_t i = 0; i < std::min(indices.size(), ranks.size()); ++i) {
    if (indices[i].rank != ranks[i] || indices[i].tap || indices[i].offset != 0) return false;
    steps += indices[i].distance == 1 ? 1 : 0;
    if (indices[i].distance > 1) return false;
  }
  return steps == 1;
}

std::optional<std::string> reduction_problem(const Cascade& cascade, const Operator& op) {
  const bool reduces = !op.reduction_ranks.empty();
  switch (class_of(op.kind)) {
    case OpClass::kElementwise:
      if (reduces) {
        return fmt::format("reads along {}, which its output lacks, but does not reduce",
                           cascade.rank(op.reduction_ranks.front()).name);
      }
      return std::nullopt;
    case OpClass::kRecurrence:
      if (reduces || !reads_own_past_once(cascade, op)) {
        return "takes (a, its own output one step earlier, b) and reduces nothing";
      }
      return std::nullopt;
    case OpClass::kContraction:
      if (reduces && op.inputs.size() == 3 &&
          std::any_of(op.reduction_ranks.begin(), op.reduction_ranks.end(),
                      [&](RankId rank) { return names(op.inputs[2], rank); })) {
        return "has a bias (its third input) that varies along a rank it reduces";
      }
      [[fallthrough]];
    case OpClass::kReduction:
      if (!reduces) return "reduces, but its output has every rank of its inputs";
      return std::nullopt;
  }
  return std::nullopt;
}

/// What is wrong with the points that `op` keeps, if anything. The key of each query is among them: no
/// maximum is left without terms.
std::optional<std::string> where_problem(const Cascade& cascade, const Operator& op) {
  if (!op.where) return std::nullopt;
  const auto& [key, query] = *op.where;
  const std::string pairs = fmt::format("{} <= {}", cascade.rank(key).name, cascade.rank(query).name);
  for (const RankId rank : {key, query}) {
    if (!has_rank(op.ranks, rank))
      return fmt::format("keeps {}, but does not run along {}", pairs, cascade.rank(rank).name);
  }
  if (key == query) return fmt::format("keeps {}, which is one rank twice", pairs);
  if (cascade.extent(key) != cascade.extent(query)) {
    return fmt::format("keeps {}, whose extents are {} and {}", pairs, cascade.extent(key).value(),
                       cascade.extent(query).value());
  }
  const bool sums_pairs = has_rank(op.reduction_ranks, key) || has_rank(op.reduction_ranks, query);
  const bool needs_terms = op.kind == OpKind::kReduceMax && !sums_pairs;
  if (needs_terms) return fmt::format("keeps {}, which would leave maxima of nothing", pairs);
  if (op.kind == OpKind::kScan || op.kind == OpKind::kReduceMean)
    return fmt::format("keeps {}, which scans and means cannot", pairs);
  return std::nullopt;
}

}  // namespace

void check_names_and_sizes(const Cascade& cascade, CascadeProblems& problems) {
  check_unique_names(cascade.ranks, Subject::kRank, "rank", problems);
  check_unique_names(cascade.tensors, Subject::kTensor, "tensor", problems);
  check_unique_names(cascade.operators, Subject::kOperator, "operator", problems);
  check_extents(cascade, problems);
  for (std::size_t i = 0; i < cascade.tensors.size(); ++i) {
    const Tensor& tensor = cascade.tensors[i];
    if (elements_of(cascade, TensorId{static_cast<std::uint16_t>(i)}).overflow()) {
      problems.push_back(
          {Subject::kTensor, i, fmt::format("the number of elements of '{}' overflows", tensor.name)});
    }
    if (has_repeated(tensor.ranks)) {
      problems.push_back({Subject::kTensor, i, fmt::format("'{}' has the same rank twice", tensor.name)});
    }
  }
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    if (!ops_of(cascade, OpId{static_cast<std::uint16_t>(i)}).overflow()) continue;
    problems.push_back(
        {Subject::kOperator, i,
         fmt::format("the number of operations of '{}' overflows", cascade.operators[i].name)});
  }
  if (problems.empty() && total_ops(cascade).overflow()) {
    problems.push_back({Subject::kCascade, 0, "the number of operations of the cascade overflows"});
  }
}

void check_producers(const Cascade& cascade, CascadeProblems& problems) {
  std::vector<int> producers(cascade.tensors.size());
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    const Operator& op = cascade.operators[i];
    if (++producers[index_of(op.output)] != 2) continue;
    const Operator& first = cascade.op(*cascade.producer[index_of(op.output)]);
    problems.push_back({Subject::kOperator, i,
                        fmt::format("'{}' makes '{}', which '{}' already makes", op.name,
                                    cascade.tensor(op.output).name, first.name)});
  }
  for (std::size_t i = 0; i < cascade.tensors.size(); ++i) {
    const Tensor& tensor = cascade.tensors[i];
    const bool given = tensor.kind == TensorKind::kWeight || tensor.kind == TensorKind::kInput;
    if (given && producers[i] > 0) {
      problems.push_back({Subject::kTensor, i,
                          fmt::format("'{}' is a weight or an input, but '{}' makes it", tensor.name,
                                      cascade.op(*cascade.producer[i]).name)});
    } else if (!given && producers[i] == 0) {
      problems.push_back({Subject::kTensor, i, fmt::format("no operator makes '{}'", tensor.name)});
    }
    const auto& uses = cascade.uses[i];
    const bool shifted = std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
      return is_shifted(cascade.op(use.op).inputs[static_cast<std::size_t>(use.input)]);
    });
    if (tensor.kind == TensorKind::kState && !shifted) {
      problems.push_back({Subject::kTensor, i, fmt::format("state '{}' is never read shifted", tensor.name)});
    }
  }
}

void check_accesses(const Cascade& cascade, CascadeProblems& problems) {
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    for (std::size_t input = 0; input < cascade.operators[i].inputs.size(); ++input) {
      check_access(cascade, i, input, problems);
    }
  }
}

void check_kinds(const Cascade& cascade, CascadeProblems& problems) {
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    const Operator& op = cascade.operators[i];
    const OpKindFacts& kind = facts(op.kind);
    const auto inputs = static_cast<int>(op.inputs.size());
    const std::string subject = fmt::format("'{}' ({})", op.name, kind.name);
    if (inputs < kind.min_inputs || inputs > kind.max_inputs) {
      const std::string wanted = kind.min_inputs == kind.max_inputs
                                     ? fmt::format("{}", kind.min_inputs)
                                     : fmt::format("{} to {}", kind.min_inputs, kind.max_inputs);
      problems.push_back(
          {Subject::kOperator, i, fmt::format("{} has {} inputs; it takes {}", subject, inputs, wanted)});
    } else if (const auto wrong = reduction_problem(cascade, op)) {
      problems.push_back({Subject::kOperator, i, fmt::format("{} {}", subject, *wrong)});
    } else if (const auto mask = where_problem(cascade, op)) {
      problems.push_back({Subject::kOperator, i, fmt::format("{} {}", subject, *mask)});
    }
  }
}

}  // namespace fusescape
