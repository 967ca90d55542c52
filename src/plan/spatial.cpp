#include "fusescape/plan/spatial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "fusescape/plan/chain_registers.hpp"

namespace fusescape {
namespace {

template <class T>
bool lists(const std::vector<T>& items, const T& item) {
  return std::find(items.begin(), items.end(), item) != items.end();
}

bool matches(const SpatialRule& rule, const Operator& op) {
  return (rule.kinds.empty() || lists(rule.kinds, op.kind)) &&
         (rule.operators.empty() || lists(rule.operators, op.name));
}

/// Whether the same inputs of `op` have both ranks.
bool travel_together(const Operator& op, RankId a, RankId b) {
  return std::all_of(op.inputs.begin(), op.inputs.end(),
                     [&](const Access& input) { return names(input, a) == names(input, b); });
}

/// The output's last rank and those before it that every input has or lacks with it: one rank in two parts,
/// as the heads and the head's entries of q[b, l, h, p] = x[b, l, e] W[e, h, p]. In the output's order.
std::vector<RankId> last_of_output(const Cascade& cascade, const Operator& op) {
  const std::vector<RankId>& output = cascade.tensor(op.output).ranks;
  auto first = output.end();
  while (first != output.begin() && travel_together(op, *std::prev(first), output.back())) --first;
  return {first, output.end()};
}

/// The ranks of `op` that `words` name, in the order of its iteration space for `all`, else as written.
std::vector<RankId> ranks_named(const Cascade& cascade, const Operator& op,
                                const std::vector<std::string>& words) {
  std::vector<RankId> named;
  const auto add = [&](RankId rank) {
    if (has_rank(op.ranks, rank) && !has_rank(named, rank)) named.push_back(rank);
  };
  for (const std::string& word : words) {
    if (word == "all") {
      for (const RankId rank : op.ranks) add(rank);
    } else if (word == "reduction") {
      for (const RankId rank : op.reduction_ranks) add(rank);
    } else if (word == "output") {
      for (const RankId rank : last_of_output(cascade, op)) add(rank);
    } else if (const auto rank = find_rank(cascade, word)) {
      add(*rank);
    }
  }
  return named;
}

void drop(std::vector<RankId>& ranks, RankId rank) {
  ranks.erase(std::remove(ranks.begin(), ranks.end(), rank), ranks.end());
}

/// Of the places that a rule gives a rank it lies in the first.
SpatialMapping mapping_of(const Cascade& cascade, const Operator& op, const Core& core) {
  for (const SpatialRule& rule : core.spatial) {
    if (!matches(rule, op)) continue;
    std::vector<RankId> placed;
    const auto place = [&](const std::vector<std::string>& words) {
      std::vector<RankId> ranks = ranks_named(cascade, op, words);
      for (const RankId rank : placed) drop(ranks, rank);
      placed.insert(placed.end(), ranks.begin(), ranks.end());
      return ranks;
    };
    SpatialMapping mapping;
    mapping.operand_loads = rule.operand_loads;
    mapping.cores = place(rule.cores);
    mapping.rows = place(rule.rows);
    mapping.cols = place(rule.cols);
    mapping.flat = place(rule.flat);
    return mapping;
  }
  return {};
}

struct HardwareChecker {
  const Cascade& cascade;
  const Plan& plan;
  const Accelerator& accelerator;
  std::vector<Violation> found{};

  void report(Rule rule, OpId op, std::optional<RankId> rank, std::string detail) {
    found.push_back({rule, op, std::nullopt, rank, std::nullopt, std::move(detail)});
  }
  void check_reduction(OpId op, const Core& core);
  void check_operator(OpId op);
  void check_chain(NodeId chain);
  void check_sequential(const Recurrence& recurrence);
};

void HardwareChecker::check_sequential(const Recurrence& recurrence) {
  if (plan.spatial.empty()) return;
  for (const OpId op : recurrence.operators) {
    const SpatialMapping& mapping = plan.spatial[index_of(op)];
    const auto places = {&mapping.cores, &mapping.rows, &mapping.cols, &mapping.flat};
    if (std::any_of(places.begin(), places.end(),
                    [&](const auto* ranks) { return has_rank(*ranks, recurrence.rank); })) {
      report(Rule::kSequentialSpatial, op, recurrence.rank, "its recurrence runs along it");
    }
  }
}

void HardwareChecker::check_reduction(OpId op, const Core& core) {
  const SpatialMapping& mapping = plan.spatial[index_of(op)];
  for (const RankId rank : cascade.op(op).reduction_ranks) {
    const bool on_rows = has_rank(mapping.rows, rank) || has_rank(mapping.flat, rank);
    const bool on_cols = has_rank(mapping.cols, rank) || has_rank(mapping.flat, rank);
    if (on_rows && !core.reduces_rows) report(Rule::kReductionSpatial, op, rank, "its rows do not add up");
    if (on_cols && !core.reduces_cols) report(Rule::kReductionSpatial, op, rank, "its columns do not add up");
    if (has_rank(mapping.cores, rank)) report(Rule::kReductionSpatial, op, rank, "cores do not add up");
  }
}

void HardwareChecker::check_operator(OpId op) {
  const auto core = core_for(accelerator, cascade.op(op).kind);
  if (!core) {
    report(Rule::kUnsupported, op, std::nullopt,
           fmt::format("{} has no core for {}", accelerator.name, name_of(cascade.op(op).kind)));
  } else if (!plan.spatial.empty()) {
    check_reduction(op, accelerator.cores[*core]);
  }
}

void HardwareChecker::check_chain(NodeId chain) {
  const std::vector<OpId> members = operators_below(plan, chain);
  const auto core = core_for(accelerator, cascade.op(members.front()).kind);
  if (!core) return;
  for (const OpId op : members) {
    const auto other = core_for(accelerator, cascade.op(op).kind);
    if (!other || *other == *core) continue;
    report(Rule::kChain, op, std::nullopt,
           fmt::format("it runs on {}, and {}, in whose registers its chain is, on {}",
                       core_name(accelerator, *other), cascade.op(members.front()).name,
                       core_name(accelerator, *core)));
  }
  const Bytes needed = chain_registers(cascade, members);
  const Bytes available = accelerator.cores[*core].registers_per_pe;
  if (needed <= available) return;
  report(Rule::kRegisters, members.front(), std::nullopt,
         fmt::format("its chain needs {} B of registers per PE; there are {} B", needed.value(),
                     available.value()));
}

}  // namespace

std::optional<std::size_t> core_for(const Accelerator& accelerator, OpKind kind) {
  for (std::size_t i = 0; i < accelerator.cores.size(); ++i) {
    if (accelerator.cores[i].cycles_per_op[static_cast<std::size_t>(kind)] > 0) return i;
  }
  return std::nullopt;
}

std::vector<SpatialMapping> spatial_mappings(const Cascade& cascade, const Accelerator& accelerator) {
  std::vector<SpatialMapping> mappings(cascade.operators.size());
  for (std::size_t i = 0; i < mappings.size(); ++i) {
    const Operator& op = cascade.operators[i];
    if (const auto core = core_for(accelerator, op.kind)) {
      mappings[i] = mapping_of(cascade, op, accelerator.cores[*core]);
    }
  }
  for (const Recurrence& recurrence : cascade.recurrences) {
    for (const OpId op : recurrence.operators) {
      SpatialMapping& mapping = mappings[index_of(op)];
      for (auto* ranks : {&mapping.cores, &mapping.rows, &mapping.cols, &mapping.flat})
        drop(*ranks, recurrence.rank);
    }
  }
  return mappings;
}

std::vector<Violation> hardware_violations(const Cascade& cascade, const Plan& plan,
                                           const Accelerator& accelerator) {
  HardwareChecker checker{cascade, plan, accelerator};
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    checker.check_operator(OpId{static_cast<std::uint16_t>(i)});
  }
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    if (plan.nodes[i].kind == NodeKind::kChain) checker.check_chain(NodeId{static_cast<std::uint16_t>(i)});
  }
  for (const Recurrence& recurrence : cascade.recurrences) checker.check_sequential(recurrence);
  return std::move(checker.found);
}

}  // namespace fusescape
