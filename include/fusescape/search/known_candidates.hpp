// Which operators run alone in the same ways? Those that differ in names only: their candidates are made
// once, for all planners that share what they know, of the kinds of layers of a stack for example.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "fusescape/search/planner.hpp"

namespace fusescape {

/// Candidates of operators on the array of the first planner that asks; any number of threads may ask.
class KnownCandidates {
 public:
  /// Planner::candidates of `op`: as `make` makes them, or those of an equal operator that were made before,
  /// over the ranks of this one. What is made after `stop` is not kept.
  [[nodiscard]] std::vector<Candidate> of(const Planner& planner, OpId op,
                                          const std::function<std::vector<Candidate>()>& make,
                                          const std::stop_token& stop);

 private:
  /// As operator_key() says.
  using Key = std::vector<std::int64_t>;
  /// A candidate whose loops are over positions in the operator's iteration space.
  struct Nest {
    std::vector<std::pair<std::size_t, std::int64_t>> loops;  ///< Rank and tile.
    Weights weights;
  };

  [[nodiscard]] bool has_the_array_of(const Planner& planner);
  [[nodiscard]] std::optional<std::vector<Candidate>> found(const Key& key, OpId op,
                                                            const std::vector<RankId>& ranks);
  void keep(Key key, const std::vector<Candidate>& made, const std::vector<RankId>& ranks);

  std::mutex mutex_;  ///< Guards all below.
  std::optional<std::pair<ArrayModel, ProfileOptions>> array_;
  std::map<Key, std::vector<Nest>> known_;
};

}  // namespace fusescape
