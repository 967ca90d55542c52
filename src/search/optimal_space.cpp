#include "optimal_space.hpp"

#include <algorithm>

#include "candidates.hpp"
#include "runs.hpp"
#include "space_maker.hpp"

namespace fusescape {
namespace {

using Unit = std::vector<OpId>;

/// The units before which a run may begin or end: contractions and those after them, not within element-wise
/// operators.
std::vector<std::size_t> cuts_of(const Cascade& cascade, const std::vector<Unit>& units) {
  const std::vector<OpId> around_states = operators_around_states(cascade);
  std::vector<std::size_t> cuts{0};
  for (std::size_t at = 1; at < units.size(); ++at) {
    if (contracts(cascade, around_states, units[at]) || contracts(cascade, around_states, units[at - 1])) {
      cuts.push_back(at);
    }
  }
  cuts.push_back(units.size());
  return cuts;
}

/// How many nests are tried for the unit of `op`, whatever their order of loops; of more than `most` it is
/// known only that there are more.
std::size_t count_alone(const Planner& planner, OpId op, std::size_t most) {
  const Cascade& cascade = planner.cascade();
  if (planner.unit(op).size() > 1 || !has_nest_space(cascade, op)) return planner.nests(op).size();
  const Engine& engine = planner.array().engines[static_cast<std::size_t>(cascade.op(op).kind)];
  return std::min(tilings(nest_space(cascade, planner.spatial()[index_of(op)], engine, op)), most + 1);
}

/// Whether all that the class holds is so little that it can be laid out.
bool is_small(const Planner& planner, const Ingredients& with, const SpaceMaker& maker,
              const std::vector<Unit>& units) {
  std::size_t count = 0;
  for (const Unit& unit : units) {
    count += count_alone(planner, unit.front(), kMostWhole);
    if (count > kMostWhole) return false;
  }
  if (!with.has(Ingredient::kFusion)) return true;
  const std::vector<std::size_t> cuts = cuts_of(planner.cascade(), units);
  for (auto first = cuts.begin(); first != cuts.end(); ++first) {
    for (auto last = first + 1; last != cuts.end(); ++last) {
      const auto begin = units.begin();
      count += maker.count(
          {begin + static_cast<std::ptrdiff_t>(*first), begin + static_cast<std::ptrdiff_t>(*last)},
          kMostWhole);
      if (count > kMostWhole) return false;
    }
  }
  return true;
}

/// All nests of the unit of `op`, laid out.
std::vector<Candidate> every_nest(const Planner& planner, OpId op) {
  std::vector<Candidate> nests = planner.nests(op);
  std::erase_if(nests, [&](Candidate& nest) { return !planner.try_profile(nest); });
  return nests;
}

}  // namespace

/// Runs of units that begin and end at cuts.
void OptimalSpace::make_groups(SpaceMaker& maker, const Cascade& cascade,
                               const std::vector<std::vector<OpId>>& units) {
  const std::vector<std::size_t> cuts = cuts_of(cascade, units);
  for (auto first = cuts.begin(); first != cuts.end(); ++first) {
    for (auto last = first + 1; last != cuts.end(); ++last) {
      const std::vector<Unit> run{units.begin() + static_cast<std::ptrdiff_t>(*first),
                                  units.begin() + static_cast<std::ptrdiff_t>(*last)};
      groups_[{*first, *last}] = whole_ ? maker.every_group(run) : maker.groups(run);
    }
  }
}

namespace {

void append_alone(const Planner& planner, const std::vector<Candidate>& alone, SpaceEdge& edge) {
  for (const Candidate& candidate : alone) {
    edge.ways.push_back({.alone = &candidate, .profile_alone = &planner.profile(candidate)});
  }
}

}  // namespace

OptimalSpace::OptimalSpace(const Planner& planner, const Ingredients& with, const std::stop_token& stop)
    : updates_{state_updates(planner.cascade())} {
  std::vector<Unit> units;
  for (const OpId op : leaders(planner)) units.push_back(planner.unit(op));
  units_ = units.size();
  SpaceMaker maker{planner, with, stop};
  whole_ = is_small(planner, with, maker, units);
  if (with.has(Ingredient::kFusion)) make_groups(maker, planner.cascade(), units);
  tried_ = maker.tried();
  for (std::size_t u = 0; u < units_; ++u) {
    static_cast<void>(groups_[{u, u + 1}]);
    if (whole_) nests_.push_back(every_nest(planner, units[u].front()));
  }
  for (const auto& [ends, groups] : groups_) {
    SpaceEdge edge{.first = ends.first, .last = ends.second};
    const bool is_alone = edge.last == edge.first + 1;
    if (is_alone) {
      const OpId op = units[edge.first].front();
      append_alone(planner, whole_ ? nests_[edge.first] : planner.candidates(op), edge);
    }
    for (const FusedGroup& group : groups) edge.ways.push_back({.group = &group});
    edges_.push_back(std::move(edge));
  }
  std::vector<Unit> updates;
  for (const StateUpdate& update : updates_) updates.push_back(operators_of(update));
  floors_.emplace(planner, units, updates);
  find_kept(planner.cascade(), units);
  for (SpaceEdge& edge : edges_) {
    mark_kept(planner.cascade(), units, edge);
    for (Way& way : edge.ways) note_figures(planner.cascade(), way);
  }
}

}  // namespace fusescape
