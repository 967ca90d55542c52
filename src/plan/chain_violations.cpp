// Chains: can these operators run element by element, with nothing but registers between them?
#include <fmt/format.h>

#include <algorithm>

#include "legality.hpp"

namespace fusescape {
namespace {

bool same_ranks(std::vector<RankId> a, std::vector<RankId> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

bool read_in(const Cascade& cascade, const std::vector<OpId>& members, OpId producer) {
  const auto& uses = cascade.uses[index_of(cascade.op(producer).output)];
  return std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
    return std::find(members.begin(), members.end(), use.op) != members.end() &&
           !is_shifted(cascade.op(use.op).inputs[static_cast<std::size_t>(use.input)]);
  });
}

void check_member(const Cascade& cascade, const std::vector<OpId>& members, OpId op,
                  std::vector<Violation>& found) {
  const Operator& member = cascade.op(op);
  const auto report = [&](std::string detail) {
    found.push_back({Rule::kChain, op, std::nullopt, std::nullopt, std::nullopt, std::move(detail)});
  };
  if (!same_ranks(member.ranks, cascade.op(members.front()).ranks)) {
    report(fmt::format("its iteration space differs from that of {}", cascade.op(members.front()).name));
  }
  const OpClass op_class = class_of(member.kind);
  if (op_class == OpClass::kRecurrence) report("a scan runs tile by tile, not element by element");
  const bool reduces = op_class == OpClass::kContraction || op_class == OpClass::kReduction;
  if (reduces && read_in(cascade, members, op)) {
    report("its sum is complete only after the chain, which reads it");
  }
}

}  // namespace

std::vector<Violation> chain_violations(const Cascade& cascade, const Plan& plan, const Placement&) {
  std::vector<Violation> found;
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    if (plan.nodes[i].kind != NodeKind::kChain) continue;
    const std::vector<OpId> members = operators_below(plan, NodeId{static_cast<std::uint16_t>(i)});
    for (const OpId op : members) check_member(cascade, members, op, found);
  }
  return found;
}

}  // namespace fusescape
