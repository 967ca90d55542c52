#include "fusescape/check/scaling.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>

#include "fusescape/plan/layout.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/support/time.hpp"
#include "fusescape/workload/resident.hpp"
#include "rank_relations.hpp"
#include "tile_cases.hpp"

namespace fusescape {
namespace {

constexpr std::int64_t kSmall = 6;  ///< Extents up to this one stay.
constexpr std::int64_t kMost =
    192;  ///< Larger ones than this are not tried: the numbers must run in no time.
constexpr int kMostCombinations = 200'000;  ///< Combinations of extents per component.

/// Free extents of one component, searched by their sum.
class ComponentSearch {
 public:
  ComponentSearch(const Cascade& cascade, const RankRelations& relations,
                  const std::vector<RankTiling>& tilings, std::int64_t least)
      : cascade_{cascade}, relations_{relations}, tilings_{tilings}, least_{least} {}

  /// Shrinks the families of `component` in `extents`, if smaller ones make the same cases.
  void run(std::size_t component, std::vector<std::int64_t>& extents) {
    component_ = component;
    collect_free();
    if (free_.empty()) return;
    std::vector<std::int64_t> tried = extents;
    std::int64_t sum = 0;
    std::int64_t most = 0;
    for (const Free& one : free_) {
      sum += one.least;
      most += one.most;
    }
    for (; sum <= most && tries_ < kMostCombinations; ++sum) {
      if (!assign(0, sum, tried)) continue;
      extents = tried;
      return;
    }
  }

 private:
  /// An extent to choose: of a family without parts, or of the gaps of one with parts.
  struct Free {
    std::size_t family;
    bool gaps;
    std::int64_t least;
    std::int64_t most;
  };

  void collect_free() {
    free_.clear();
    gaps_.assign(relations_.families.size(), 0);
    tries_ = 0;
    for (std::size_t i = 0; i < relations_.families.size(); ++i) {
      const RankFamily& family = relations_.families[i];
      if (family.component != component_ || family.fixed) continue;
      std::int64_t extent = family.extent;
      for (const RankPart& part : family.parts) extent -= part.family ? part.extent : 0;
      gaps_[i] = extent;
      if (extent <= kSmall) continue;
      free_.push_back({.family = i,
                       .gaps = !family.parts.empty(),
                       .least = std::min(least_, extent),
                       .most = std::min(kMost, extent)});
    }
  }

  /// Gives the free extents from `at` on the sum `sum`, and checks what comes out.
  bool assign(std::size_t at, std::int64_t sum, std::vector<std::int64_t>& extents) {
    if (at == free_.size()) return sum == 0 && makes_same_cases(extents);
    const Free& one = free_[at];
    std::int64_t later_least = 0;
    for (std::size_t i = at + 1; i < free_.size(); ++i) later_least += free_[i].least;
    for (std::int64_t extent = one.least; extent <= std::min(one.most, sum - later_least); ++extent) {
      (one.gaps ? gaps_ : extents)[one.family] = extent;
      if (assign(at + 1, sum - extent, extents)) return true;
      if (tries_ >= kMostCombinations) return false;
    }
    return false;
  }

  [[nodiscard]] bool makes_same_cases(std::vector<std::int64_t>& extents) {
    ++tries_;
    for (std::size_t i = 0; i < extents.size(); ++i) {
      const RankFamily& family = relations_.families[i];
      if (family.component != component_ || family.parts.empty() || family.fixed) continue;
      extents[i] = gaps_[i];
      for (const RankPart& part : family.parts) extents[i] += part.family ? extent_in(part, extents) : 0;
    }
    if (!reads_as_before(cascade_, relations_, extents, component_)) return false;
    for (std::size_t i = 0; i < extents.size(); ++i) {
      const RankFamily& family = relations_.families[i];
      if (family.component != component_) continue;
      const auto same = [&](RankId rank) {
        return scaled_tiles(tilings_[index_of(rank)], family.extent, extents[i]).has_value();
      };
      if (!std::all_of(family.ranks.begin(), family.ranks.end(), same)) return false;
    }
    return true;
  }

  const Cascade& cascade_;
  const RankRelations& relations_;
  const std::vector<RankTiling>& tilings_;
  std::int64_t least_;
  std::size_t component_ = 0;
  std::vector<Free> free_;
  std::vector<std::int64_t> gaps_;  ///< Per family: what its slices leave.
  int tries_ = 0;
};

void scale_loops(const Cascade& from, const Cascade& to, const std::vector<RankTiling>& tilings, Plan& plan) {
  for (std::size_t r = 0; r < tilings.size(); ++r) {
    const RankId rank{static_cast<std::uint16_t>(r)};
    const std::int64_t extent = from.extent(rank).value();
    const std::int64_t scaled = to.extent(rank).value();
    if (extent == scaled) continue;
    const auto tiles = scaled_tiles(tilings[r], extent, scaled);
    FUSESCAPE_EXPECTS(tiles.has_value());
    for (Node& node : plan.nodes) {
      if (node.kind != NodeKind::kLoop || node.rank != rank) continue;
      node.tile = node.tile < extent ? tiles->at(node.tile) : scaled;
    }
  }
}

/// Of `count` of `all` things the same share of `scaled` ones, still neither none nor all.
std::int64_t share_of(std::int64_t count, std::int64_t all, std::int64_t scaled) {
  if (count == all) return scaled;
  const auto share = static_cast<std::int64_t>(static_cast<Int128>(count) * scaled / all);
  return std::clamp<std::int64_t>(share, 1, std::max<std::int64_t>(scaled - 1, 1));
}

/// The same share of the tensor, in the largest whole slices (tokens, ...) that it was given in.
Bytes scaled_retention(const Cascade& from, const Cascade& to, const Retention& retention) {
  const int bits = bits_of(from.tensor(retention.tensor).type);
  const std::vector<RankId>& ranks = from.tensor(retention.tensor).ranks;
  Elements slice = elements_of(from, retention.tensor);
  Elements scaled_slice = elements_of(to, retention.tensor);
  const std::int64_t all = bytes_of(slice, bits).value();
  const std::int64_t scaled_all = bytes_of(scaled_slice, bits).value();
  for (const RankId rank : ranks) {
    slice = Elements{slice.value() / from.extent(rank).value()};
    scaled_slice = Elements{scaled_slice.value() / to.extent(rank).value()};
    const std::int64_t one = bytes_of(slice, bits).value();
    const std::int64_t scaled_one = bytes_of(scaled_slice, bits).value();
    FUSESCAPE_EXPECTS(one > 0 && scaled_one > 0);
    if (retention.bytes.value() % one != 0 || all % one != 0 || scaled_all % scaled_one != 0) continue;
    return Bytes{share_of(retention.bytes.value() / one, all / one, scaled_all / scaled_one) * scaled_one};
  }
  return Bytes{share_of(retention.bytes.value(), all, scaled_all)};
}

bool same_place(const Buffer& a, const Buffer& b) {
  return a.tensor == b.tensor && a.role == b.role && a.node == b.node && a.uses.size() == b.uses.size() &&
         a.stored == b.stored && a.held == b.held && a.depth == b.depth && a.first_child == b.first_child &&
         a.last_child == b.last_child && a.inside == b.inside && a.inside_if_in_place == b.inside_if_in_place;
}

/// Whether both are legal and need the same buffers in the same places.
bool same_structure(const Layout& before, const ScaledCase& scaled) {
  const auto after = lay_out(scaled.cascade, scaled.plan, Coverage::kPart);
  if (!after) return false;
  return std::equal(before.groups.begin(), before.groups.end(), after->groups.begin(), after->groups.end(),
                    [](const GroupLayout& a, const GroupLayout& b) {
                      return std::equal(a.buffers.begin(), a.buffers.end(), b.buffers.begin(),
                                        b.buffers.end(), same_place);
                    });
}

std::optional<ScaledCase> scaled_from(const Cascade& cascade, const Plan& plan, std::int64_t least) {
  const RankRelations relations = rank_relations(cascade);
  const std::vector<RankTiling> tilings = rank_tilings(cascade, plan);
  std::vector<std::int64_t> extents;
  for (const RankFamily& family : relations.families) extents.push_back(family.extent);
  ComponentSearch search{cascade, relations, tilings, least};
  for (std::size_t i = 0; i < relations.components; ++i) search.run(i, extents);
  std::optional<Cascade> smaller = with_extents(cascade, relations, extents);
  if (!smaller) return std::nullopt;
  if (cascade.resident > Bytes{0})
    smaller->resident = resident_bytes(*smaller);  // Of the one block that runs.
  ScaledCase scaled{.cascade = std::move(*smaller), .plan = plan, .ranks = {}};
  scale_loops(cascade, scaled.cascade, tilings, scaled.plan);
  for (Retention& retention : scaled.plan.retentions) {
    retention.bytes = scaled_retention(cascade, scaled.cascade, retention);
  }
  for (std::size_t i = 0; i < cascade.ranks.size(); ++i) {
    const Elements from = cascade.ranks[i].extent;
    const Elements to = scaled.cascade.ranks[i].extent;
    if (from != to) scaled.ranks.push_back({RankId{static_cast<std::uint16_t>(i)}, from, to});
  }
  return scaled;
}

}  // namespace

ScaledCase scaled_down(const Cascade& cascade, const Plan& plan) {
  const auto layout = lay_out(cascade, plan, Coverage::kPart);
  FUSESCAPE_EXPECTS(layout.has_value());
  constexpr std::array<std::int64_t, 3> kLeastExtents{4, 8, 16};
  for (const std::int64_t least : kLeastExtents) {
    std::optional<ScaledCase> scaled = scaled_from(cascade, plan, least);
    if (scaled && same_structure(*layout, *scaled)) return std::move(*scaled);
  }
  return {cascade, plan, {}};
}

}  // namespace fusescape
