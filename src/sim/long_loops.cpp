#include "long_loops.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace fusescape {
namespace {

/// Iterations in which a state that repeats soon is found.
constexpr std::int64_t kSoon = 12;

/// Slabs in two places look two visits ahead, each of which is at most an iteration away.
constexpr std::int64_t kLeastMargin = 4;

bool is_over(const Access& access, RankId rank) {
  return std::any_of(access.indices.begin(), access.indices.end(),
                     [&](const Index& index) { return index.rank == rank || index.tap == rank; });
}

/// The outermost loop over `rank` above `node`.
std::optional<PathLoop> outermost(const Plan& plan, NodeId node, RankId rank) {
  for (const PathLoop& loop : loops_above(plan, node)) {
    if (loop.rank == rank) return loop;
  }
  return std::nullopt;
}

/// All that operators of a group read.
std::vector<Access> reads_of(const Cascade& cascade, const GroupLayout& group) {
  std::vector<Access> reads;
  for (const OpId op : group.operators) {
    const std::vector<Access>& inputs = cascade.op(op).inputs;
    reads.insert(reads.end(), inputs.begin(), inputs.end());
  }
  return reads;
}

}  // namespace

std::int64_t leaves_below(const Plan& plan, NodeId id) {
  const Node& node = plan.node(id);
  if (node.kind == NodeKind::kOperator || node.kind == NodeKind::kChain) return 1;
  std::int64_t sum = 0;
  for (const NodeId child : node.children) sum += leaves_below(plan, child);
  return sum;
}

Shortening::Shortening(const Cascade& cascade, const Plan& plan, const GroupLayout& group,
                       std::int64_t window)
    : cascade_{cascade}, plan_{plan}, group_{group} {
  for (std::size_t r = 0; r < cascade.ranks.size(); ++r) {
    const RankId rank{static_cast<std::uint16_t>(r)};
    if (repeats(rank)) add_rank(rank, window);
  }
}

/// True if all that depends on the rank's extent lies below loops over it: then iterations differ in where
/// they are, but not in what they do.
bool Shortening::repeats(RankId rank) const {
  const auto looped = [&](NodeId node) {
    const auto loop = outermost(plan_, node, rank);
    return loop && Elements{loop->tile} < cascade_.extent(rank);
  };
  bool plain = true;
  for (const Access& access : reads_of(cascade_, group_)) {
    const std::vector<RankId>& dimensions = cascade_.tensor(access.tensor).ranks;
    for (std::size_t d = 0; d < access.indices.size(); ++d) {
      const Index& index = access.indices[d];
      plain = plain && index.tap != rank && (dimensions[d] != rank || index.rank == rank);
    }
  }
  for (std::size_t n = 0; n < plan_.nodes.size(); ++n) {
    const Node& node = plan_.nodes[n];
    if (node.kind != NodeKind::kOperator || !has_rank(cascade_.op(node.op).ranks, rank)) continue;
    plain = plain && looped(NodeId{static_cast<std::uint16_t>(n)});
  }
  for (const Buffer& buffer : group_.buffers) {
    plain = plain && (!is_over(buffer.access, rank) || looped(buffer.node));
  }
  return plain;
}

Shortening::RankLoop Shortening::rank_loop(NodeId node, std::int64_t reach, std::int64_t window) const {
  const std::int64_t tile = plan_.node(node).tile;
  const std::int64_t back = ceil_div(reach, tile);
  RankLoop made{.loop = {.node = node, .head = 1 + back, .tail = 2 + back}};
  made.loop.margin = kLeastMargin + ceil_div(window, leaves_below(plan_, node));
  return made;
}

void Shortening::add_rank(RankId rank, std::int64_t window) {
  LongRank added{.rank = rank};
  std::int64_t reach_back = 0;
  for (const Access& access : reads_of(cascade_, group_)) {
    for (const Index& index : access.indices) {
      if (index.rank == rank) reach_back = std::max(reach_back, reach(cascade_, index));
    }
  }
  for (std::size_t n = 0; n < plan_.nodes.size(); ++n) {
    const NodeId node{static_cast<std::uint16_t>(n)};
    if (plan_.node(node).kind != NodeKind::kLoop || plan_.node(node).rank != rank) continue;
    if (outermost(plan_, node, rank)->node != node) continue;
    const std::int64_t tile = plan_.node(node).tile;
    const std::int64_t gcd = std::gcd(added.unit, tile);
    if (added.unit / gcd > cascade_.extent(rank).value() / tile) return;  // No two units.
    added.unit = added.unit / gcd * tile;
    added.loops.push_back(rank_loop(node, reach_back, window));
  }
  if (added.loops.empty()) return;
  added.units = cascade_.extent(rank).value() / added.unit;
  for (RankLoop& one : added.loops) {
    one.per_unit = added.unit / plan_.node(one.loop.node).tile;
    const std::int64_t run = one.loop.head + one.loop.margin + one.loop.tail + kSoon;
    added.kept = std::max(added.kept, ceil_div(run, one.per_unit));
  }
  if (added.left_out() > 0) ranks_.push_back(std::move(added));
}

Cascade Shortening::cascade() const {
  Cascade shorter = cascade_;
  for (const LongRank& one : ranks_) {
    shorter.ranks[index_of(one.rank)].extent -= Elements{one.left_out() * one.unit};
  }
  return shorter;
}

std::vector<LongLoop> Shortening::loops() const {
  std::vector<LongLoop> all;
  for (const LongRank& rank : ranks_) {
    if (rank.left_out() == 0) continue;
    for (const RankLoop& one : rank.loops) {
      all.push_back(one.loop);
      all.back().left_out = rank.left_out() * one.per_unit;
    }
  }
  return all;
}

bool Shortening::settled(const std::vector<LoopFound>& found) {
  bool settled = true;
  std::size_t next = 0;
  for (LongRank& rank : ranks_) {
    const std::int64_t left_out = rank.left_out();
    if (left_out == 0) continue;
    bool repeats = true;
    for (const RankLoop& one : rank.loops) {
      const LoopFound& loop = found[next++];
      repeats = repeats && loop.repeats;
      rank.multiple = std::lcm(rank.multiple, loop.period / std::gcd(loop.period, one.per_unit));
    }
    if (!repeats) rank.kept *= 2;
    settled = settled && repeats && left_out % rank.multiple == 0;
  }
  return settled;
}

void Shortening::give_up() {
  ranks_.clear();
}

}  // namespace fusescape
