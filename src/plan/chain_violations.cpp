// Chains: can these operators run element by element, with nothing but registers between them?
#include <fmt/format.h>

#include <algorithm>

#include "fusescape/workload/roles.hpp"
#include "legality.hpp"

namespace fusescape {
namespace {

/// Whether a read is only of elements that earlier steps of the chain have made.
bool reads_earlier_steps(const Access& access) {
  return std::any_of(access.indices.begin(), access.indices.end(),
                     [](const Index& index) { return index.distance > 0; });
}

/// How the chain reads what a member makes.
std::vector<const Access*> reads_in(const Cascade& cascade, const std::vector<OpId>& members, OpId producer) {
  std::vector<const Access*> reads;
  for (const Use& use : cascade.uses[index_of(cascade.op(producer).output)]) {
    const Access& access = cascade.op(use.op).inputs[static_cast<std::size_t>(use.input)];
    const bool here = std::find(members.begin(), members.end(), use.op) != members.end();
    if (here) reads.push_back(&access);
  }
  return reads;
}

/// A register holds the element being made, and no other; in a carried buffer new elements replace old ones
/// at their own place only.
bool reads_another_element(const Cascade& cascade, const Access& access) {
  const std::vector<RankId>& dimensions = cascade.tensor(access.tensor).ranks;
  for (std::size_t i = 0; i < dimensions.size(); ++i) {
    if (access.indices[i].rank != dimensions[i] || access.indices[i].offset != 0) return true;
  }
  return false;
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
  if (class_of(member.kind) == OpClass::kRecurrence)
    report("a scan runs tile by tile, not element by element");
  const std::vector<const Access*> reads = reads_in(cascade, members, op);
  if (sums(member.kind) && !std::all_of(reads.begin(), reads.end(),
                                        [](const Access* access) { return reads_earlier_steps(*access); })) {
    report("its sum is complete only after the chain, which reads it");
  }
  if (std::any_of(reads.begin(), reads.end(),
                  [&](const Access* access) { return reads_another_element(cascade, *access); })) {
    report("the chain reads another element of it than the one being made");
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
