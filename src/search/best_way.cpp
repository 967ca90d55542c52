#include "best_way.hpp"

#include <algorithm>
#include <utility>

#include "weights.hpp"

namespace fusescape {
/// One question: which is the best on this machine?
class BestWay {
 public:
  BestWay(BestWays& ways, const Machine& machine, BestWays::AllTimed& timed)
      : ways_{ways}, machine_{machine}, timed_{timed}, least_{ways.planner_, ways.op_, machine} {}

  [[nodiscard]] WayFound answer(bool wide);

 private:
  using Known = BestWays::Known;

  /// A way, and what it takes at the least as far as is known.
  struct Open {
    double least = 0.0;
    Bytes held;
    std::uint32_t sketch = 0;
    bool weighed = false;
    friend bool operator<(const Open& a, const Open& b) {  // In a heap the least comes first.
      return a.least != b.least ? a.least > b.least : a.held > b.held;
    }
  };
  struct Found {
    std::uint32_t sketch = 0;
    Ticks time;
  };

  [[nodiscard]] bool fits(std::uint32_t sketch) const;
  [[nodiscard]] const BestWays::Timed* timed(std::uint32_t sketch) const;
  [[nodiscard]] Open open(std::uint32_t sketch) const;
  [[nodiscard]] const Weights& weights(std::uint32_t sketch) { return ways_.weights(ways_.made(sketch)); }
  [[nodiscard]] std::optional<Ticks> latency(std::uint32_t sketch);
  [[nodiscard]] std::optional<Open> next(std::vector<Open>& heap, double most,
                                         const std::optional<Found>& found);
  [[nodiscard]] bool precedes(std::uint32_t a, std::uint32_t b);
  [[nodiscard]] bool may_beat(const Open& one, const std::optional<Found>& found);

  struct Most {
    Bytes held;
    double time = kForever;
    Bytes moved = Bytes::overflowed();
  };
  template <class Visit>
  void for_each(const Most& most, const Visit& visit) const;

  [[nodiscard]] bool find_quick();
  void try_quick(std::uint32_t sketch);
  void open_quicker();
  [[nodiscard]] Ticks least_of_all() const;
  void tighten();
  [[nodiscard]] bool about_least(Ticks time);
  [[nodiscard]] double most() const { return at_most(most_above(quick_->time, kPartForBytes)); }

  [[nodiscard]] std::vector<Open> next_group();
  [[nodiscard]] std::optional<Found> fastest(std::vector<Open> group);
  [[nodiscard]] Found preferred(std::vector<Open> group, const Found& fastest);
  [[nodiscard]] std::optional<Ticks> time_in_group(std::uint32_t sketch);
  void reject(double least) { rejected_ = std::min(rejected_, least); }

  [[nodiscard]] std::uint32_t witness(const Found& best);
  [[nodiscard]] Bytes to(const Found& best);
  [[nodiscard]] bool may_change(std::uint32_t sketch, const Found& best, bool even);

  BestWays& ways_;
  const Machine& machine_;
  BestWays::AllTimed& timed_;
  LeastTime least_;
  std::optional<Found> quick_{};                ///< The fastest that is known.
  std::optional<std::vector<Open>> quicker_{};  ///< What may be faster: a heap.
  Bytes group_{-1};                             ///< What the group moves.
  std::vector<std::uint32_t> deferred_{};       ///< Those that turned out to move more than their group.
  double rejected_ = kForever;                  ///< What moves less took no less.
};

/// And may be the best, as far as is known.
bool BestWay::fits(std::uint32_t sketch) const {
  if (ways_.sketches_[sketch].held > machine_.capacity) return false;
  const BestWays::Made* made = ways_.if_made(sketch);
  return made == nullptr || (made->kept != Known::kNo && made->legal != Known::kNo &&
                             ways_.weights(*made).held <= machine_.capacity);
}

/// What is known of it on this machine; null: nothing.
const BestWays::Timed* BestWay::timed(std::uint32_t sketch) const {
  const std::uint32_t made = ways_.sketches_[sketch].made;
  return made == 0 || made > timed_.size() || !timed_[made - 1].asked ? nullptr : &timed_[made - 1];
}

BestWay::Open BestWay::open(std::uint32_t sketch) const {
  const Sketch& one = ways_.sketches_[sketch];
  const BestWays::Made* made = ways_.if_made(sketch);
  if (made == nullptr) return {least_.of(one.moved, one.ends, one.compute), one.held, sketch, false};
  const BestWays::Timed* timed = this->timed(sketch);
  const bool known = timed != nullptr && timed->latency;
  return {known ? at_least(*timed->latency) : least_.of(ways_.weights(*made)), one.held, sketch, true};
}

/// None if it does not run, or does not fit.
std::optional<Ticks> BestWay::latency(std::uint32_t sketch) {
  BestWays::Made& made = ways_.made(sketch);
  const std::size_t at = ways_.sketches_[sketch].made - 1;
  if (timed_.size() <= at) timed_.resize(ways_.made_.size());
  BestWays::Timed& timed = timed_[at];
  if (timed.asked) return timed.latency;
  if (!ways_.is_legal(made)) {
    timed.asked = true;
    return std::nullopt;
  }
  if (ways_.weights(made).held > machine_.capacity) return std::nullopt;
  timed.asked = true;
  const auto cost = evaluate_group(ways_.planner_.profile(ways_.candidate(made)), machine_);
  if (cost) timed.latency = cost->latency;
  return timed.latency;
}

/// Takes the one from the heap that may take the least, if that is at most so much, without those that cannot
/// beat `found`. What is not yet weighed goes back.
std::optional<BestWay::Open> BestWay::next(std::vector<Open>& heap, double most,
                                           const std::optional<Found>& found) {
  while (!heap.empty() && heap.front().least <= most && !ways_.stop_.stop_requested()) {
    std::pop_heap(heap.begin(), heap.end());
    Open one = heap.back();
    heap.pop_back();
    if (!may_beat(one, found)) continue;
    if (one.weighed) return one;
    one = {least_.of(weights(one.sketch)), one.held, one.sketch, true};
    if (one.least > most) continue;
    heap.push_back(one);
    std::push_heap(heap.begin(), heap.end());
  }
  return std::nullopt;
}

/// Whether Planner::candidates has `a` before `b`. Of both all weights are known.
bool BestWay::precedes(std::uint32_t a, std::uint32_t b) {
  return in_order(weights(a)) < in_order(weights(b));
}

// The least time of all.

void BestWay::try_quick(std::uint32_t sketch) {
  if (ways_.made(sketch).draft.exact && !ways_.is_kept(sketch)) return;
  const std::optional<Ticks> time = latency(sketch);
  if (time && (!quick_ || *time < quick_->time) && ways_.is_kept(sketch)) quick_ = Found{sketch, *time};
}

/// `visit(sketch)` of all that by their sketches neither hold nor move more, nor take longer, than `most`
/// says, which `visit` may change.
template <class Visit>
void BestWay::for_each(const Most& most, const Visit& visit) const {
  const auto within = [&](const Sketch& one) {
    return one.held <= most.held && one.moved <= most.moved &&
           least_.of(one.moved, one.ends, one.compute) <= most.time;
  };
  for (const BestWays::Block& block : ways_.blocks_) {
    if (!within(block.least)) continue;
    for (std::uint32_t i = block.first; i < block.last; ++i) {
      if (within(ways_.sketches_[i])) visit(i);
    }
  }
}

/// What is known already, or else what takes the least by its sketch.
bool BestWay::find_quick() {
  for (std::uint32_t made = 0; made < timed_.size(); ++made) {
    const BestWays::Timed& timed = timed_[made];
    const std::uint32_t sketch = ways_.made_[made]->sketch;
    if (timed.latency && fits(sketch) && (!quick_ || *timed.latency < quick_->time)) try_quick(sketch);
  }
  for (const std::uint32_t sketch : ways_.last_) {
    if (fits(sketch)) try_quick(sketch);
  }
  if (quick_) return true;
  std::optional<Open> first;
  Most most{.held = machine_.capacity};
  for_each(most, [&](std::uint32_t i) {
    if (!fits(i)) return;
    const Open one = open(i);
    if (first && !(*first < one)) return;
    first = one;
    most.time = one.least;
  });
  if (first) try_quick(first->sketch);
  if (quick_ || !first) return quick_.has_value();
  open_quicker();
  while (const auto one = next(*quicker_, kForever, std::nullopt)) {
    try_quick(one->sketch);
    if (quick_) return true;
  }
  return false;
}

/// All that may be faster than `quick_`, or all.
void BestWay::open_quicker() {
  quicker_.emplace();
  const Most most{.held = machine_.capacity, .time = quick_ ? at_most(quick_->time) : kForever};
  for_each(most, [&](std::uint32_t i) {
    if (!fits(i) || timed(i) != nullptr) return;
    const Open one = open(i);
    if (one.least <= most.time) quicker_->push_back(one);
  });
  std::make_heap(quicker_->begin(), quicker_->end());
}

/// No way takes less.
Ticks BestWay::least_of_all() const {
  if (quicker_->empty()) return quick_->time;
  return std::min(quick_->time, Ticks{static_cast<Int128>(quicker_->front().least)});
}

/// Looks closer at what may take the least.
void BestWay::tighten() {
  const auto one = next(*quicker_, at_most(quick_->time), std::nullopt);
  if (!one) return quicker_->clear();
  if (least_.exactly(weights(one->sketch)) < quick_->time) try_quick(one->sketch);
}

/// Whether the choice of a way takes `time` for no longer than the least.
bool BestWay::about_least(Ticks time) {
  while (!ways_.stop_.stop_requested()) {
    if (!about(time, quick_->time)) return false;
    if (!quicker_) open_quicker();
    if (about(time, least_of_all())) return true;
    if (quicker_->empty()) return true;
    tighten();
  }
  return true;
}

// Those that move the fewest bytes.

/// Those that may take about the least time and move the next larger number of bytes; empty: there are none.
std::vector<BestWay::Open> BestWay::next_group() {
  std::vector<Open> group;
  Most most{.held = machine_.capacity, .time = this->most()};
  const auto add = [&](std::uint32_t i, Bytes moved) {
    if (moved <= group_ || moved > most.moved) return;
    const Open one = open(i);
    if (one.least > most.time) return;
    if (moved < most.moved) group.clear();
    most.moved = moved;
    group.push_back(one);
  };
  for_each(most, [&](std::uint32_t i) {
    if (fits(i)) add(i, ways_.sketches_[i].moved);
  });
  for (const std::uint32_t i : deferred_) add(i, weights(i).moved);
  group_ = most.moved;
  return group;
}

/// Whether it may be faster, or as fast and earlier, as far as is known of it.
bool BestWay::may_beat(const Open& one, const std::optional<Found>& found) {
  if (!found) return true;
  if (!one.weighed) {
    const Sketch& sketch = ways_.sketches_[one.sketch];
    return sketch.held <= weights(found->sketch).held || least_.exactly(least_weights(sketch)) < found->time;
  }
  const bool all_known = ways_.made(one.sketch).legal == Known::kYes;
  return !all_known || least_.exactly(weights(one.sketch)) < found->time ||
         precedes(one.sketch, found->sketch);
}

/// None: it does not run, or moves more than the group, or Planner::candidates has it not, if that is found
/// out for less.
std::optional<Ticks> BestWay::time_in_group(std::uint32_t sketch) {
  if (ways_.made(sketch).draft.exact && !ways_.is_kept(sketch)) return std::nullopt;
  const std::optional<Ticks> time = latency(sketch);
  if (ways_.made(sketch).legal != Known::kYes) return std::nullopt;
  if (time && *time < quick_->time) try_quick(sketch);
  if (weights(sketch).moved == group_) return time;
  deferred_.push_back(sketch);
  return std::nullopt;
}

/// Of equals the first. None: none of them runs.
std::optional<BestWay::Found> BestWay::fastest(std::vector<Open> group) {
  std::make_heap(group.begin(), group.end());
  std::optional<Found> found;
  while (const auto one = next(group, found ? at_most(found->time) : kForever, found)) {
    const std::optional<Ticks> time = time_in_group(one->sketch);
    const bool wins = time && (!found || *time < found->time ||
                               (*time == found->time && precedes(one->sketch, found->sketch)));
    if (wins && ways_.is_kept(one->sketch)) found = Found{one->sketch, *time};
  }
  return found;
}

/// The fastest whose rows do not end short, unless it takes longer than equal tiles are worth, else the
/// fastest.
BestWay::Found BestWay::preferred(std::vector<Open> group, const Found& fastest) {
  if (ways_.is_even(fastest.sketch)) return fastest;
  std::make_heap(group.begin(), group.end());
  std::optional<Found> found;
  Ticks longest = most_above(fastest.time, kPartForEvenTiles);
  while (const auto one = next(group, at_most(longest), found)) {
    if (!ways_.is_even(one->sketch)) continue;
    const std::optional<Ticks> time = time_in_group(one->sketch);
    if (!time || *time > longest) continue;
    if (found && *time == found->time && !precedes(one->sketch, found->sketch)) continue;
    if (!ways_.is_kept(one->sketch)) continue;
    if (!about_least(*time)) {
      reject(static_cast<double>(time->value()));
      continue;
    }
    found = Found{one->sketch, *time};
    longest = *time;
  }
  return found ? *found : fastest;
}

// Memories of which other sizes it is the best for.

/// What has to fit and to take no longer, so that what moves less does not take about the least time: `best`
/// itself, or the smallest other one that is as good.
std::uint32_t BestWay::witness(const Found& best) {
  Most most{.held = machine_.capacity, .time = rejected_, .moved = group_ - Bytes{1}};
  for_each(most, [&](std::uint32_t i) {
    if (!fits(i)) return;
    reject(open(i).least);
    most.time = rejected_;
  });
  const auto rejects = [&](Ticks time) { return at_most(most_above(time, kPartForBytes)) < rejected_; };
  if (rejects(best.time)) return best.sketch;
  std::uint32_t smallest = quick_->sketch;
  for (std::uint32_t made = 0; made < timed_.size(); ++made) {
    const BestWays::Timed& timed = timed_[made];
    const BestWays::Made& one = *ways_.made_[made];
    if (!timed.latency || one.kept != Known::kYes || !rejects(*timed.latency)) continue;
    if (ways_.weights(one).held < weights(smallest).held) smallest = one.sketch;
  }
  return smallest;
}

/// Whether it may be chosen where it fits, or be so fast that `best` is not.
bool BestWay::may_change(std::uint32_t sketch, const Found& best, bool even) {
  const Sketch& one = ways_.sketches_[sketch];
  const BestWays::Timed* timed = this->timed(sketch);
  if (timed != nullptr && !timed->latency) return false;
  const BestWays::Made* made = ways_.if_made(sketch);
  const Ticks least = timed != nullptr
                          ? *timed->latency
                          : least_.exactly(made != nullptr ? ways_.weights(*made) : least_weights(one));
  if (!about(best.time, least)) return true;
  if (one.moved < group_) return about(least, quick_->time);
  if (one.moved > group_) return false;
  return even ? least < best.time : at_most_a_part_above(least, best.time, kPartForEvenTiles);
}

/// Until something else fits.
Bytes BestWay::to(const Found& best) {
  const bool even = ways_.is_even(best.sketch);
  const double longest = std::max(most(), at_most(most_above(best.time, kPartForEvenTiles)));
  Most most{.held = kEndlessMemory, .time = longest};
  for_each(most, [&](std::uint32_t i) {
    Bytes held = ways_.sketches_[i].held;
    if (const BestWays::Made* made = ways_.if_made(i)) {
      if (made->kept == Known::kNo || made->legal == Known::kNo) return;
      held = std::max(held, ways_.weights(*made).held);
    }
    if (held > machine_.capacity && held <= most.held && may_change(i, best, even))
      most.held = held - Bytes{1};
  });
  return most.held;
}

WayFound BestWay::answer(bool wide) {
  WayFound answer{.from = machine_.capacity, .to = machine_.capacity};
  if (!find_quick()) return answer;
  while (true) {
    const std::vector<Open> group = next_group();
    if (group.empty()) return answer;
    const auto found = fastest(group);
    if (!found || !about_least(found->time)) continue;
    const Found best = preferred(group, *found);
    answer.best = answer.witness = ways_.made(best.sketch).candidate;
    ways_.last_ = {quick_->sketch, best.sketch};
    if (!wide) return answer;
    const std::uint32_t witness = this->witness(best);
    answer.witness = ways_.made(witness).candidate;
    answer.from = std::max(weights(best.sketch).held, weights(witness).held);
    answer.to = to(best);
    return answer;
  }
}

WayFound BestWays::best(const Machine& machine, const PortTimes& times, bool wide) {
  AllTimed* timed = timed_.find(times);
  if (timed == nullptr) timed = &timed_.insert(times, {});
  return BestWay{*this, machine, *timed}.answer(wide);
}

}  // namespace fusescape
