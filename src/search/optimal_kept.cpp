// What may stay on chip between the groups of a space, and what are its groups then?
#include <algorithm>

#include "fusescape/plan/layout.hpp"
#include "fusescape/support/contract.hpp"
#include "optimal_space.hpp"

namespace fusescape {
namespace {

using Unit = std::vector<OpId>;

/// Of the tensors that could stay on chip, so many at each point between units, and so many in all.
constexpr std::size_t kMostAlive = 4;
constexpr std::size_t kMostKept = 64;

/// Which units hold an operator that reads the tensor.
std::vector<std::size_t> units_reading(const Cascade& cascade, const std::vector<Unit>& units,
                                       TensorId tensor) {
  std::vector<std::size_t> readers;
  for (std::size_t u = 0; u < units.size(); ++u) {
    const auto& uses = cascade.uses[index_of(tensor)];
    const bool reads = std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
      return std::find(units[u].begin(), units[u].end(), use.op) != units[u].end();
    });
    if (reads) readers.push_back(u);
  }
  return readers;
}

/// All that one unit makes and a later one reads, outputs apart; largest first.
std::vector<KeptTensor> keepable_tensors(const Cascade& cascade, const std::vector<Unit>& units) {
  std::vector<KeptTensor> found;
  for (std::size_t i = 0; i < cascade.tensors.size(); ++i) {
    const TensorId tensor{static_cast<std::uint16_t>(i)};
    if (!cascade.producer[i] || cascade.tensors[i].kind == TensorKind::kOutput) continue;
    const auto makes = [&](const Unit& unit) {
      return std::find(unit.begin(), unit.end(), *cascade.producer[i]) != unit.end();
    };
    const auto first =
        static_cast<std::size_t>(std::find_if(units.begin(), units.end(), makes) - units.begin());
    const std::vector<std::size_t> readers = units_reading(cascade, units, tensor);
    const Bytes bytes = bytes_of(elements_of(cascade, tensor), bits_of(cascade.tensors[i].type));
    if (readers.empty() || readers.back() <= first || bytes.overflow()) continue;
    found.push_back({tensor, bytes, first, readers.back()});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const KeptTensor& a, const KeptTensor& b) { return a.bytes > b.bytes; });
  return found;
}

/// Of the plan's only group.
Keeping keeping_of(const Cascade& cascade, Plan plan, std::vector<Retention> kept,
                   const ProfileOptions& options) {
  const auto layout = lay_out(cascade, plan, Coverage::kPart);
  FUSESCAPE_EXPECTS(layout.has_value());
  plan.retentions = std::move(kept);  // Their makers and readers may lie outside of the part.
  PlanProfile profile;
  profile.groups.push_back(profile_group(cascade, plan, layout->groups.front(), options));
  const std::vector<EnergyCounts> counts = energy_counts(cascade, plan, *layout, profile, options);
  return {std::move(profile.groups.front()), counts.front()};
}

}  // namespace

void add_way(Plan& plan, const Cascade& cascade, const std::vector<StateUpdate>& updates, const Way& way) {
  if (way.group != nullptr) {
    add_fused_group(plan, cascade, updates, *way.group);
  } else {
    add_group(plan, cascade, *way.alone);
  }
}

/// The largest first, where too many are alive.
void OptimalSpace::find_kept(const Cascade& cascade, const std::vector<Unit>& units) {
  std::vector<std::size_t> alive(units.size(), 0);
  bit_.assign(cascade.tensors.size(), 0);
  for (const KeptTensor& one : keepable_tensors(cascade, units)) {
    const auto begin = alive.begin() + static_cast<std::ptrdiff_t>(one.first);
    const auto end = alive.begin() + static_cast<std::ptrdiff_t>(one.last);
    const bool room = std::all_of(begin, end, [](std::size_t count) { return count < kMostAlive; });
    if (!room || kept_.size() == kMostKept) continue;
    std::for_each(begin, end, [](std::size_t& count) { ++count; });
    bit_[index_of(one.tensor)] = KeptSet{1} << kept_.size();
    kept_.push_back(one);
  }
}

void OptimalSpace::mark_kept(const Cascade& cascade, const std::vector<Unit>& units, SpaceEdge& edge) const {
  for (const KeptTensor& one : kept_) {
    const KeptSet bit = bit_[index_of(one.tensor)];
    if (one.last >= edge.last) edge.later |= bit;
    if (one.first >= edge.first && one.first < edge.last && one.last >= edge.last) edge.made |= bit;
    if (one.first >= edge.first) continue;
    const std::vector<std::size_t> readers = units_reading(cascade, units, one.tensor);
    const bool reads = std::any_of(readers.begin(), readers.end(),
                                   [&](std::size_t unit) { return unit >= edge.first && unit < edge.last; });
    if (reads) edge.read |= bit;
  }
}

std::vector<Retention> OptimalSpace::retentions(KeptSet set) const {
  std::vector<Retention> found;
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    if ((set >> i & 1U) != 0) found.push_back({kept_[i].tensor, kept_[i].bytes});
  }
  return found;
}

Bytes OptimalSpace::reserved(KeptSet set) const {
  Bytes bytes;
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    if ((set >> i & 1U) != 0) bytes += kept_[i].bytes;
  }
  return bytes;
}

void OptimalSpace::note_figures(const Cascade& cascade, Way& way) {
  const GroupProfile& profile = way.profile();
  way.countable = profile.countable;
  way.held = profile.peak;
  way.moved = profile.dram_read + profile.dram_write;
  way.transfers = profile.transfers;
  way.work = way.group != nullptr ? way.group->work : way.alone->weights.array;
  way.waits = profile.waits;
  if (const auto& tiles = profile.equal_tiles) {
    const Bytes around = tiles->outside + tiles->load + tiles->store;
    way.waits = {{around, around}};
  }
  way.first_made = static_cast<std::uint32_t>(made_.size());
  for (const TensorTraffic& one : profile.tensors) {
    const std::size_t tensor = index_of(one.tensor);
    const Bytes moved = one.read + one.written;
    if (!cascade.producer[tensor] || moved == Bytes{}) continue;
    const int bits = bits_of(cascade.tensors[tensor].type);
    made_.push_back({bit_[tensor], moved, bytes_of(elements_of(cascade, one.tensor), bits)});
    way.made += moved;
    ++way.made_count;
  }
}

Bytes OptimalSpace::saved(const Way& way, KeptSet own) const {
  Bytes bytes;
  if (own == 0) return bytes;
  for (const MadeTraffic& one : made(way)) {
    if ((one.bit & own) != 0) bytes += one.moved;
  }
  return bytes;
}

const Keeping& OptimalSpace::keeping(const Planner& planner, const Way& way, KeptSet own) const {
  const void* const which = way.group != nullptr ? static_cast<const void*>(way.group) : way.alone;
  {
    const std::lock_guard lock{mutex_};
    const auto known = keeping_.find({which, own});
    if (known != keeping_.end()) return known->second;
  }
  const Cascade& cascade = planner.cascade();
  Plan plan;
  plan.spatial = planner.spatial();
  add_way(plan, cascade, updates_, way);
  Keeping made = keeping_of(cascade, std::move(plan), retentions(own), planner.options());
  const std::lock_guard lock{mutex_};
  return keeping_.try_emplace({which, own}, std::move(made)).first->second;
}

EntropySource OptimalSpace::with_numbers(const EntropySource& source, const Cascade& cascade) const {
  if (std::holds_alternative<GivenEntropy>(source.values)) return source;
  const std::lock_guard lock{mutex_};
  const auto [entry, is_new] = entropies_.try_emplace(describe(source));
  if (is_new) {
    const auto values = normalised_entropies(source, cascade);
    FUSESCAPE_EXPECTS(values.has_value());
    for (std::size_t i = 0; i < values->size(); ++i) {
      const std::string& tensor = cascade.tensor(cascade.operators[i].output).name;
      entry->second.tensors.push_back({tensor, (*values)[i], 1.0});
    }
  }
  return {.values = entry->second};
}

}  // namespace fusescape
