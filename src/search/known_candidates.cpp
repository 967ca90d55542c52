#include "fusescape/search/known_candidates.hpp"

#include <algorithm>

#include "operator_key.hpp"

namespace fusescape {

bool KnownCandidates::has_the_array_of(const Planner& planner) {
  const std::lock_guard lock{mutex_};
  if (!array_) array_.emplace(planner.array(), planner.options());
  return array_->first == planner.array() && array_->second == planner.options();
}

std::optional<std::vector<Candidate>> KnownCandidates::found(const Key& key, OpId op,
                                                             const std::vector<RankId>& ranks) {
  const std::lock_guard lock{mutex_};
  const auto known = known_.find(key);
  if (known == known_.end()) return std::nullopt;
  std::vector<Candidate> candidates;
  candidates.reserve(known->second.size());
  for (const Nest& nest : known->second) {
    Candidate& candidate = candidates.emplace_back(Candidate{.loops = {}, .operators = {op}});
    for (const auto& [rank, tile] : nest.loops) candidate.loops.push_back({ranks[rank], tile});
    candidate.weights = nest.weights;
  }
  return candidates;
}

void KnownCandidates::keep(Key key, const std::vector<Candidate>& made, const std::vector<RankId>& ranks) {
  std::vector<Nest> nests;
  nests.reserve(made.size());
  for (const Candidate& candidate : made) {
    Nest& nest = nests.emplace_back(Nest{.loops = {}, .weights = candidate.weights});
    for (const LoopSpec& loop : candidate.loops) {
      const auto at = std::find(ranks.begin(), ranks.end(), loop.rank) - ranks.begin();
      nest.loops.emplace_back(static_cast<std::size_t>(at), loop.tile);
    }
  }
  const std::lock_guard lock{mutex_};
  known_.emplace(std::move(key), std::move(nests));
}

std::vector<Candidate> KnownCandidates::of(const Planner& planner, OpId op,
                                           const std::function<std::vector<Candidate>()>& make,
                                           const std::stop_token& stop) {
  std::optional<Key> key = operator_key(planner, op);
  if (!key || !has_the_array_of(planner)) return make();
  const std::vector<RankId>& ranks = planner.cascade().op(op).ranks;
  if (auto candidates = found(*key, op, ranks)) return std::move(*candidates);
  std::vector<Candidate> made = make();
  if (!stop.stop_requested()) keep(std::move(*key), made, ranks);
  return made;
}

}  // namespace fusescape
