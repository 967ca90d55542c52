// Loops around several units that run as one group.
#include <algorithm>

#include "candidates.hpp"

namespace fusescape {

bool carries(const Cascade& cascade, const std::vector<OpId>& operators, RankId rank) {
  return std::any_of(operators.begin(), operators.end(), [&](OpId op) {
    const auto& recurrence = cascade.recurrence_of[index_of(op)];
    return recurrence && cascade.recurrences[*recurrence].rank == rank;
  });
}

std::vector<RankId> shared_ranks(const Cascade& cascade, const std::vector<OpId>& operators) {
  std::vector<RankId> shared;
  for (const RankId rank : cascade.tensor(cascade.op(operators.front()).output).ranks) {
    const bool everywhere = std::all_of(operators.begin(), operators.end(), [&](OpId op) {
      return has_rank(cascade.tensor(cascade.op(op).output).ranks, rank);
    });
    if (!everywhere) break;
    shared.push_back(rank);
  }
  return shared;
}

namespace {

/// Loops over `ranks` cut at one of them: ranks before the cut one by one, the cut one in tiles, largest
/// first; a carried rank in ones.
std::vector<std::vector<LoopSpec>> cuts_of(const Cascade& cascade, const std::vector<OpId>& operators,
                                           const std::vector<RankId>& ranks) {
  std::vector<std::vector<LoopSpec>> cuts;
  std::vector<LoopSpec> before;
  for (const RankId rank : ranks) {
    const std::int64_t extent = cascade.extent(rank).value();
    if (extent == 1) continue;
    const bool carried = carries(cascade, operators, rank);
    for (std::int64_t tile = extent; tile > 1 && !carried; tile = ceil_div(tile, 2)) {
      cuts.push_back(before);
      cuts.back().push_back({rank, tile});
    }
    before.push_back({rank, 1});
    cuts.push_back(before);
  }
  if (cuts.empty()) cuts.emplace_back();
  return cuts;
}

/// Cuts of the shared ranks, also with slices of the last one outermost, which keeps what lacks the tokens on
/// chip.
std::vector<std::vector<LoopSpec>> loops_of(const Cascade& cascade, const std::vector<OpId>& operators) {
  std::vector<RankId> ranks = shared_ranks(cascade, operators);
  std::vector<std::vector<LoopSpec>> nests = cuts_of(cascade, operators, ranks);
  if (ranks.size() < 2 || carries(cascade, operators, ranks.back())) return nests;
  const RankId sliced = ranks.back();
  ranks.pop_back();
  const auto inner = cuts_of(cascade, operators, ranks);
  for (std::int64_t tile = cascade.extent(sliced).value(); tile > 1;) {
    tile = ceil_div(tile, 2);
    for (const std::vector<LoopSpec>& cut : inner) {
      nests.push_back({{sliced, tile}});
      nests.back().insert(nests.back().end(), cut.begin(), cut.end());
    }
  }
  return nests;
}

}  // namespace

std::vector<Candidate> fused_nests(const Cascade& cascade, const std::vector<OpId>& operators) {
  std::vector<Candidate> found;
  for (std::vector<LoopSpec>& loops : loops_of(cascade, operators)) {
    found.push_back({.loops = std::move(loops), .operators = operators});
  }
  return found;
}

}  // namespace fusescape
