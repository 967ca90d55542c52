// Which values of a chain pass through the on-chip memory, and which stay in registers?
#pragma once

#include <algorithm>
#include <vector>

#include "fusescape/plan/plan.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// What a chain's operators have read or written before: those values are in registers already.
class ChainTraffic {
 public:
  ChainTraffic(const Cascade& cascade, const Plan& plan, NodeId node)
      : cascade_{cascade},
        members_{operators_below(plan, node)},
        chained_{plan.node(node).kind == NodeKind::kChain} {}

  [[nodiscard]] const std::vector<OpId>& members() const { return members_; }

  [[nodiscard]] bool reads_memory(const Access& access) {
    if (!chained_) return true;
    const bool seen = std::find(read_.begin(), read_.end(), access) != read_.end();
    read_.push_back(access);
    const auto& producer = cascade_.producer[index_of(access.tensor)];
    const bool internal = producer && is_member(*producer) && !is_shifted(access);
    return !seen && !internal;
  }

  /// The output leaves the chain if someone outside reads it, now or in a later iteration.
  [[nodiscard]] bool writes_memory(OpId op) const {
    if (!chained_) return true;
    const TensorId output = cascade_.op(op).output;
    const auto& uses = cascade_.uses[index_of(output)];
    return uses.empty() || cascade_.tensor(output).kind == TensorKind::kOutput ||
           std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
             return !is_member(use.op) ||
                    is_shifted(cascade_.op(use.op).inputs[static_cast<std::size_t>(use.input)]);
           });
  }

 private:
  [[nodiscard]] bool is_member(OpId op) const {
    return std::find(members_.begin(), members_.end(), op) != members_.end();
  }

  const Cascade& cascade_;
  std::vector<OpId> members_;
  bool chained_;
  std::vector<Access> read_;
};

}  // namespace fusescape
