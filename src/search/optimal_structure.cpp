#include "optimal_structure.hpp"

#include <algorithm>

#include "fusescape/workload/roles.hpp"

namespace fusescape {
namespace {

using Unit = std::vector<OpId>;

/// Whether `op` reads what `producer` makes tile by tile along `rank`, each tile as it was made and complete.
bool reads_in_tiles(const Cascade& cascade, OpId producer, const Access& access, RankId rank) {
  if (has_rank(cascade.op(producer).reduction_ranks, rank)) return false;
  const std::vector<RankId>& made_along = cascade.tensor(access.tensor).ranks;
  for (std::size_t i = 0; i < made_along.size(); ++i) {
    const Index& index = access.indices[i];
    const bool along = made_along[i] == rank || names(index, rank);
    if (along && (made_along[i] != index.rank || index.offset != 0 || is_shifted(index))) return false;
  }
  return true;
}

class StructureSearch {
 public:
  StructureSearch(const Cascade& cascade, const std::vector<Unit>& units, const std::vector<RankId>& tokens,
                  std::size_t most)
      : cascade_{cascade},
        units_{units},
        tokens_{tokens},
        most_{most},
        around_state_{operators_around_states(cascade)} {}

  std::vector<Structure> run() {
    extend(0);
    return std::move(found_);
  }

 private:
  void extend(std::size_t at);
  void begin_bodies(std::size_t at);
  void begin(std::size_t at, std::optional<RankId> rank);
  [[nodiscard]] bool may_join(const Body& body, const Unit& unit) const;
  [[nodiscard]] bool sums(const Unit& unit) const { return contracts(cascade_, around_state_, unit); }
  [[nodiscard]] std::vector<RankId> ranks_of(const Unit& unit) const;
  [[nodiscard]] std::size_t reach(std::size_t at, RankId rank) const;
  [[nodiscard]] std::optional<RankId> farthest(std::size_t at, bool along_sums) const;

  const Cascade& cascade_;
  const std::vector<Unit>& units_;
  const std::vector<RankId>& tokens_;
  std::size_t most_;
  std::vector<OpId> around_state_;
  Structure made_;
  std::vector<Structure> found_;
};

bool StructureSearch::may_join(const Body& body, const Unit& unit) const {
  if (!body.rank) return false;
  return std::all_of(unit.begin(), unit.end(), [&](OpId op) {
    const Operator& joining = cascade_.op(op);
    return has_rank(joining.ranks, *body.rank) &&
           std::all_of(joining.inputs.begin(), joining.inputs.end(), [&](const Access& access) {
             const auto& producer = cascade_.producer[index_of(access.tensor)];
             return !producer || !holds(body.operators, *producer) ||
                    reads_in_tiles(cascade_, *producer, access, *body.rank);
           });
  });
}

/// Those that all its operators have, tokens apart.
std::vector<RankId> StructureSearch::ranks_of(const Unit& unit) const {
  std::vector<RankId> ranks = cascade_.op(unit.front()).ranks;
  std::erase_if(ranks, [&](RankId rank) {
    const bool everywhere =
        std::all_of(unit.begin(), unit.end(), [&](OpId op) { return has_rank(cascade_.op(op).ranks, rank); });
    return !everywhere || has_rank(tokens_, rank) || cascade_.extent(rank) == Elements{1};
  });
  return ranks;
}

/// How many units, from `at` on, can share a body over `rank`.
std::size_t StructureSearch::reach(std::size_t at, RankId rank) const {
  Body body{.operators = units_[at], .rank = rank};
  std::size_t end = at + 1;
  for (; end < units_.size() && may_join(body, units_[end]); ++end) {
    body.operators.insert(body.operators.end(), units_[end].begin(), units_[end].end());
  }
  return end - at;
}

/// The rank, of those that the unit sums over or of the others, over which most units can share a body; of
/// equals the longest.
std::optional<RankId> StructureSearch::farthest(std::size_t at, bool along_sums) const {
  std::optional<RankId> best;
  std::pair<std::size_t, Elements> most;
  const std::vector<RankId>& sums = cascade_.op(units_[at].back()).reduction_ranks;
  for (const RankId rank : ranks_of(units_[at])) {
    if (has_rank(sums, rank) != along_sums) continue;
    const std::pair<std::size_t, Elements> here{reach(at, rank), cascade_.extent(rank)};
    if (best && here <= most) continue;
    best = rank;
    most = here;
  }
  return best;
}

void StructureSearch::begin(std::size_t at, std::optional<RankId> rank) {
  made_.push_back({.operators = units_[at], .rank = rank});
  extend(at + 1);
  made_.pop_back();
}

void StructureSearch::begin_bodies(std::size_t at) {
  const std::optional<RankId> columns = farthest(at, false);
  const std::optional<RankId> summed = sums(units_[at]) || !columns ? farthest(at, true) : std::nullopt;
  if (columns) begin(at, columns);
  if (summed) begin(at, summed);
  if (!columns && !summed) begin(at, std::nullopt);
}

void StructureSearch::extend(std::size_t at) {
  if (found_.size() >= most_) return;
  if (at == units_.size()) {
    found_.push_back(made_);
    return;
  }
  const bool joins = !made_.empty() && may_join(made_.back(), units_[at]);
  if (joins) {
    std::vector<OpId>& operators = made_.back().operators;
    operators.insert(operators.end(), units_[at].begin(), units_[at].end());
    extend(at + 1);
    made_.back().operators.resize(made_.back().operators.size() - units_[at].size());
  }
  if (!joins || sums(units_[at])) begin_bodies(at);
}

}  // namespace

std::vector<OpId> operators_around_states(const Cascade& cascade) {
  std::vector<OpId> around;
  for (const StateUpdate& update : state_updates(cascade)) {
    for (const OpId op : operators_of(update)) around.push_back(op);
  }
  return around;
}

bool contracts(const Cascade& cascade, const std::vector<OpId>& around_states, const Unit& unit) {
  return std::any_of(unit.begin(), unit.end(), [&](OpId op) {
    return cascade.op(op).kind == OpKind::kMatmul && !holds(around_states, op);
  });
}

std::vector<Structure> structures_of(const Cascade& cascade, const std::vector<Unit>& units,
                                     const std::vector<RankId>& tokens, std::size_t most) {
  return StructureSearch{cascade, units, tokens, most}.run();
}

}  // namespace fusescape
