#include "retention.hpp"

#include <algorithm>

#include "fused_groups.hpp"
#include "fusescape/plan/layout.hpp"
#include "interval_packing.hpp"

namespace fusescape {
namespace {

/// A tensor that one group makes and later ones read.
struct Kept {
  TensorId tensor{};
  std::size_t first = 0;
  std::size_t last = 0;
  Bytes bytes{};               ///< All of it.
  std::int64_t transfers = 0;  ///< Bytes saved by each byte kept: one write, and one read in each whole pass.
  bool divisible = true;       ///< Every reader reads all of it, so that a part can be kept.
};

/// A plan's groups, what they need, and what could be kept between them.
class Timeline {
 public:
  Timeline(Plan& plan, const Planner& planner, const Machine& machine)
      : plan_{plan}, cascade_{planner.cascade()}, layout_{lay_out(cascade_, plan)} {
    if (!layout_) return;
    profile_ = profile(cascade_, plan, *layout_, planner.options());
    group_.resize(cascade_.operators.size());
    for (std::size_t g = 0; g < layout_->groups.size(); ++g) {
      for (const OpId op : layout_->groups[g].operators) group_[index_of(op)] = g;
      room_.push_back((machine.capacity - profile_.groups[g].peak).value());
    }
  }

  [[nodiscard]] const std::vector<std::int64_t>& room() const { return room_; }
  [[nodiscard]] std::vector<Kept> candidates() const;
  [[nodiscard]] bool fits_all(const Kept& kept) const { return free(kept) >= kept.bytes.value(); }

  /// Bytes free in every group from the tensor's producer to its last reader.
  [[nodiscard]] std::int64_t free(const Kept& kept) const {
    const auto begin = room_.begin() + static_cast<std::ptrdiff_t>(kept.first);
    return *std::min_element(begin, room_.begin() + static_cast<std::ptrdiff_t>(kept.last) + 1);
  }

  void retain(const Kept& kept, Bytes bytes) {
    plan_.retentions.push_back({kept.tensor, bytes});
    for (std::size_t g = kept.first; g <= kept.last; ++g) room_[g] -= bytes.value();
  }

 private:
  [[nodiscard]] std::int64_t transfers_of(const Kept& kept) const;

  Plan& plan_;
  const Cascade& cascade_;
  expected<Layout, std::vector<Violation>> layout_;
  PlanProfile profile_;
  std::vector<std::size_t> group_;
  std::vector<std::int64_t> room_;  ///< Per group; negative if it does not fit at all.
};

/// Whole passes that later groups make over the tensor, and the one write.
std::int64_t Timeline::transfers_of(const Kept& kept) const {
  std::int64_t transfers = 1;
  for (std::size_t g = kept.first + 1; g <= kept.last; ++g) {
    const GroupProfile& group = profile_.groups[g];
    for (std::uint32_t i = 0; i < group.tensor_count; ++i) {
      const TensorTraffic& traffic = profile_.tensors[group.first_tensor + i];
      if (traffic.tensor == kept.tensor) transfers += traffic.read.value() / kept.bytes.value();
    }
  }
  return std::min<std::int64_t>(transfers, 999'999);
}

std::vector<Kept> Timeline::candidates() const {
  std::vector<Kept> found;
  if (!layout_) return found;
  for (std::size_t i = 0; i < cascade_.tensors.size(); ++i) {
    const auto producer = cascade_.producer[i];
    if (!producer || cascade_.tensors[i].kind == TensorKind::kOutput) continue;
    const TensorId tensor{static_cast<std::uint16_t>(i)};
    Kept kept{.tensor = tensor, .first = group_[index_of(*producer)], .last = group_[index_of(*producer)]};
    kept.bytes = bytes_of(elements_of(cascade_, tensor), bits_of(cascade_.tensors[i].type));
    for (const Use& use : cascade_.uses[i]) {
      kept.last = std::max(kept.last, group_[index_of(use.op)]);
      kept.divisible = kept.divisible && reads_whole(cascade_, use);
    }
    if (kept.last == kept.first) continue;
    kept.transfers = transfers_of(kept);
    found.push_back(kept);
  }
  return found;
}

}  // namespace

void retain_between(Plan& plan, const Planner& planner, const Machine& machine,
                    const std::vector<OpId>& makers) {
  const Cascade& cascade = planner.cascade();
  const auto state = state_ranks(cascade);
  if (!state) return;
  const auto made_there = [&](OpId op) {
    return std::find(makers.begin(), makers.end(), op) != makers.end();
  };
  Timeline timeline{plan, planner, machine};
  for (const Kept& kept : timeline.candidates()) {
    const auto& uses = cascade.uses[index_of(kept.tensor)];
    const bool between =
        made_there(*cascade.producer[index_of(kept.tensor)]) &&
        std::all_of(uses.begin(), uses.end(), [&](const Use& use) { return made_there(use.op); });
    if (!between || !kept.divisible) continue;
    const std::int64_t tokens = cascade.extent(state->tokens).value();
    const std::int64_t slice = kept.bytes.value() / tokens;
    const std::int64_t slices = std::min(timeline.free(kept) / std::max<std::int64_t>(slice, 1), tokens);
    if (slices > 0) timeline.retain(kept, Bytes{slice} * slices);
  }
}

void retain_whole(Plan& plan, const Planner& planner, const Machine& machine) {
  Timeline timeline{plan, planner, machine};
  for (const Kept& kept : timeline.candidates()) {
    if (timeline.fits_all(kept)) timeline.retain(kept, kept.bytes);
  }
}

void retain_best(Plan& plan, const Planner& planner, const Machine& machine) {
  Timeline timeline{plan, planner, machine};
  std::vector<Kept> divisible;
  for (const Kept& kept : timeline.candidates()) {
    if (kept.divisible) {
      divisible.push_back(kept);
    } else if (timeline.fits_all(kept)) {
      timeline.retain(kept, kept.bytes);  // Whole or not at all: outside the linear program.
    }
  }
  const auto& room = timeline.room();
  if (std::any_of(room.begin(), room.end(), [](std::int64_t bytes) { return bytes < 0; })) return;
  std::vector<IntervalItem> items;
  for (const Kept& kept : divisible)
    items.push_back({kept.first, kept.last, kept.bytes.value(), kept.transfers});
  const std::vector<std::int64_t> amounts = best_packing(room, items);
  for (std::size_t i = 0; i < divisible.size(); ++i) {
    if (amounts[i] > 0) timeline.retain(divisible[i], Bytes{amounts[i]});
  }
}

}  // namespace fusescape
