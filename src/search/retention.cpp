#include "retention.hpp"

#include <algorithm>

#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/retention.hpp"
#include "fusescape/search/interval_packing.hpp"
#include "fusescape/support/time.hpp"

namespace fusescape {
namespace {

/// A tensor that one group makes and later ones read.
struct Kept {
  TensorId tensor{};
  std::size_t first = 0;
  std::size_t last = 0;
  Bytes bytes{};          ///< All of it.
  Bytes saved{};          ///< DRAM traffic that keeping all of it saves.
  bool divisible = true;  ///< A part can be kept.
};

/// The most tensors that are tried both whole and not at all; beyond, those that save most come first.
constexpr std::size_t kMostTried = 8;

constexpr std::int64_t kMostValue = 999'999;  ///< Of a unit, in best_packing.

/// DRAM traffic of each tensor, over all groups.
std::vector<Bytes> traffic_of(const Cascade& cascade, const PlanProfile& profile) {
  std::vector<Bytes> traffic(cascade.tensors.size());
  for (const GroupProfile& group : profile.groups) {
    for (const TensorTraffic& one : group.tensors) traffic[index_of(one.tensor)] += one.read + one.written;
  }
  return traffic;
}

/// A plan's groups, what they need, and what could be kept between them.
class Timeline {
 public:
  Timeline(Plan& plan, const Planner& planner, const Machine& machine)
      : plan_{plan}, planner_{planner}, cascade_{planner.cascade()}, layout_{lay_out(cascade_, plan)} {
    if (!layout_) return;
    profile_ = profile(cascade_, plan, *layout_, planner.options());
    for (const GroupProfile& group : profile_.groups)
      room_.push_back((machine.capacity - group.peak).value());
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
  void set_savings(std::vector<Kept>& found) const;

  Plan& plan_;
  const Planner& planner_;
  const Cascade& cascade_;
  expected<Layout, std::vector<Violation>> layout_;
  PlanProfile profile_;
  std::vector<std::int64_t> room_;  ///< Per group; negative if it does not fit at all.
};

/// What each saves is what the plan moves less of it with all of them kept whole: no tensor's traffic depends
/// on another's retention.
void Timeline::set_savings(std::vector<Kept>& found) const {
  Plan all = plan_;
  for (const Kept& kept : found) all.retentions.push_back({kept.tensor, kept.bytes});
  const std::vector<Bytes> before = traffic_of(cascade_, profile_);
  const std::vector<Bytes> after = traffic_of(cascade_, profile(cascade_, all, *layout_, planner_.options()));
  for (Kept& kept : found) {
    kept.saved = before[index_of(kept.tensor)] - after[index_of(kept.tensor)];
    if (kept.saved.overflow()) kept.saved = Bytes{0};
  }
}

std::vector<Kept> Timeline::candidates() const {
  std::vector<Kept> found;
  if (!layout_) return found;
  for (std::size_t i = 0; i < cascade_.tensors.size(); ++i) {
    if (!cascade_.producer[i] || cascade_.tensors[i].kind == TensorKind::kOutput) continue;
    const TensorId tensor{static_cast<std::uint16_t>(i)};
    const GroupSpan span = retained_span(cascade_, *layout_, tensor);
    const Bytes bytes = bytes_of(elements_of(cascade_, tensor), bits_of(cascade_.tensors[i].type));
    if (span.last == span.first || bytes.overflow()) continue;
    const bool divisible =
        is_read_whole(cascade_, tensor) && is_loaded_evenly(cascade_, plan_, *layout_, tensor);
    found.push_back(
        {.tensor = tensor, .first = span.first, .last = span.last, .bytes = bytes, .divisible = divisible});
  }
  set_savings(found);
  return found;
}

/// How much of each of a plan's tensors to keep: of the divisible ones by the linear program, beside each
/// choice of the others, which are kept whole or not at all.
class BestRetention {
 public:
  explicit BestRetention(const Timeline& timeline) : room_{timeline.room()} {
    const bool fits = std::all_of(room_.begin(), room_.end(), [](std::int64_t bytes) { return bytes >= 0; });
    if (!fits) return;
    for (const Kept& kept : timeline.candidates()) {
      if (kept.divisible) {
        divisible_.push_back(kept);
      } else if (timeline.fits_all(kept)) {
        whole_.push_back(kept);
      }
    }
    std::stable_sort(whole_.begin(), whole_.end(),
                     [](const Kept& a, const Kept& b) { return a.saved > b.saved; });
    if (whole_.size() > kMostTried) whole_.resize(kMostTried);
  }

  std::vector<std::pair<Kept, Bytes>> run() {
    decide(0);
    return best_;
  }

 private:
  /// Tries every choice of whole_[from ...] beside what is chosen already.
  void decide(std::size_t from) {
    if (from == whole_.size()) return pack();
    const Kept& kept = whole_[from];
    if (take(kept, kept.bytes.value())) {
      chosen_.emplace_back(kept, kept.bytes);
      decide(from + 1);
      chosen_.pop_back();
    }
    take(kept, -kept.bytes.value());
    decide(from + 1);
  }

  /// Takes room in every group that the tensor is kept across; whether all had it.
  bool take(const Kept& kept, std::int64_t bytes) {
    bool fits = true;
    for (std::size_t g = kept.first; g <= kept.last; ++g) fits = (room_[g] -= bytes) >= 0 && fits;
    return fits;
  }

  void pack() {
    std::vector<IntervalItem> items;
    for (const Kept& kept : divisible_) {
      const std::int64_t per_byte = kept.saved.value() / kept.bytes.value();
      items.push_back({kept.first, kept.last, kept.bytes.value(), std::min(per_byte, kMostValue)});
    }
    const std::vector<std::int64_t> amounts = best_packing(room_, items);
    std::vector<std::pair<Kept, Bytes>> found = chosen_;
    Int128 saved = 0;
    for (const auto& [kept, bytes] : chosen_) saved += kept.saved.value();
    for (std::size_t i = 0; i < items.size(); ++i) {
      saved += static_cast<Int128>(amounts[i]) * items[i].value;
      if (amounts[i] > 0) found.emplace_back(divisible_[i], Bytes{amounts[i]});
    }
    if (saved <= most_saved_) return;
    most_saved_ = saved;
    best_ = std::move(found);
  }

  std::vector<std::int64_t> room_;
  std::vector<Kept> divisible_;
  std::vector<Kept> whole_;
  std::vector<std::pair<Kept, Bytes>> chosen_;  ///< Of whole_, at the moment.
  std::vector<std::pair<Kept, Bytes>> best_;
  Int128 most_saved_ = 0;
};

/// Whether one of `operators` makes `tensor`, and nobody else reads it. Expects a tensor that is made.
bool passes_within(const Cascade& cascade, TensorId tensor, const std::vector<OpId>& operators) {
  const auto is_one = [&](OpId op) {
    return std::find(operators.begin(), operators.end(), op) != operators.end();
  };
  const auto& uses = cascade.uses[index_of(tensor)];
  return is_one(*cascade.producer[index_of(tensor)]) &&
         std::all_of(uses.begin(), uses.end(), [&](const Use& use) { return is_one(use.op); });
}

}  // namespace

void retain_between(Plan& plan, const Planner& planner, const Machine& machine,
                    const std::vector<TokenGroups>& fused) {
  const Cascade& cascade = planner.cascade();
  Timeline timeline{plan, planner, machine};
  for (const Kept& kept : timeline.candidates()) {
    const auto groups = std::find_if(fused.begin(), fused.end(), [&](const TokenGroups& one) {
      return passes_within(cascade, kept.tensor, one.operators);
    });
    if (groups == fused.end() || !kept.divisible) continue;
    const std::int64_t tokens = cascade.extent(groups->tokens).value();
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
  for (const auto& [kept, bytes] : BestRetention{timeline}.run()) timeline.retain(kept, bytes);
}

}  // namespace fusescape
