// Which tiles of a group's bodies are worth trying, beside which tiles of the tokens?
#pragma once

#include <array>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "fusescape/search/array_work.hpp"
#include "fusescape/search/planner.hpp"
#include "fusescape/workload/roles.hpp"
#include "optimal_structure.hpp"

namespace fusescape {

/// How much longer than at the least a group may take the array because of one body's tile, in 16ths: for
/// each the smallest such tile is tried, since what a larger one costs is memory.
inline constexpr std::array<std::int64_t, 5> kArraySlack{0, 1, 4, 16, 64};

/// Keeps what it has computed.
class TileChoice {
 public:
  TileChoice(const Planner& planner, const std::vector<StateUpdate>& updates, bool fine);

  /// Per body the smallest tile of its rank within `slack`; 1 if it has no rank.
  [[nodiscard]] std::vector<std::int64_t> tiles(const Structure& bodies, const std::vector<LoopSpec>& tokens,
                                                std::int64_t slack);

  /// The largest tile of the body, its extent apart, up to `most`, that asks no more of the array than
  /// `tile`.
  [[nodiscard]] std::int64_t enlarged(const Body& body, const std::vector<LoopSpec>& tokens,
                                      std::int64_t tile, std::int64_t most);

  /// All that are tried for the body, those that idle a part of the array too; 1 if it has no rank.
  [[nodiscard]] std::vector<std::int64_t> every(const Body& body) const;

 private:
  /// Tiles of one body, smallest first, and what each asks of the array.
  struct Options {
    std::vector<std::int64_t> tiles;
    std::vector<ArrayWork> works;
    ArrayWork least;
  };
  using Key = std::tuple<std::vector<OpId>, RankId, std::vector<std::pair<RankId, std::int64_t>>>;

  [[nodiscard]] const Options& options_of(const Body& body, const std::vector<LoopSpec>& tokens);
  [[nodiscard]] std::vector<std::int64_t> grid(const Body& body) const;
  [[nodiscard]] std::vector<std::int64_t> sizes_along(const Body& body) const;
  [[nodiscard]] ArrayWork work(const Body& body, const std::vector<LoopSpec>& tokens, std::int64_t tile);
  [[nodiscard]] bool is_stepped(OpId op, RankId rank) const;

  const Planner& planner_;
  const std::vector<StateUpdate>& updates_;
  bool fine_;                                  ///< Else only tiles of ceil(n / 2^k).
  std::vector<std::vector<OpId>> roles_;       ///< Per update, its operators.
  std::vector<std::optional<NestWork>> work_;  ///< Per operator.
  std::map<Key, Options> options_;
};

}  // namespace fusescape
