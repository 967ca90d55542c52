#include "best_candidate.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "fusescape/workload/resident.hpp"

namespace fusescape {
namespace {

/// The longest time that is at most a part above `least`.
Ticks most_above(Ticks least, std::int64_t parts) {
  return Ticks{least.value() * (parts + 1) / parts};
}

/// Whether each row of tiles ends with a shorter one. Long tiles' transfers do not hide behind it, and the
/// closed form, which does not know in which order tiles come, does not see that. Of the nests that are tried
/// none has two loops over a rank.
bool ends_rows_short(const Cascade& cascade, const Candidate& candidate) {
  bool outer = false;
  for (const LoopSpec& loop : candidate.loops) {
    const std::int64_t extent = cascade.extent(loop.rank).value();
    if (outer && extent % loop.tile != 0) return true;
    outer = outer || loop.tile < extent;
  }
  return false;
}

/// Whether it comes from DRAM, and reads each combination of its indices' values at some time.
bool names_whole(const Access& access, TensorId output) {
  const auto& indices = access.indices;
  const bool whole = std::all_of(indices.begin(), indices.end(), [&](const Index& index) {
    const auto same = [&](const Index& other) { return names(other, index.rank); };
    return index.distance == 0 && std::count_if(indices.begin(), indices.end(), same) == 1;
  });
  return whole && access.tensor != output;
}

/// No nest around it moves less: each part that it reads comes once, and what it makes leaves.
Bytes least_moved(const Cascade& cascade, OpId id) {
  const Operator& op = cascade.op(id);
  const auto bytes = [&](TensorId tensor, Elements elements) {
    return is_resident(cascade, tensor) ? Bytes{} : bytes_of(elements, bits_of(cascade.tensor(tensor).type));
  };
  Bytes sum = bytes(op.output, elements_of(cascade, op.output));
  for (auto input = op.inputs.begin(); input != op.inputs.end(); ++input) {
    if (std::find(op.inputs.begin(), input, *input) != input || !names_whole(*input, op.output)) continue;
    Elements elements{1};
    for (const Index& index : input->indices) elements = elements * extent_of(cascade, index);
    sum += bytes(input->tensor, elements);
  }
  return sum.overflow() ? Bytes{} : sum;
}

/// A candidate on a machine.
struct Trial {
  const Candidate* candidate = nullptr;
  double least = 0.0;              ///< It takes no less.
  std::optional<Ticks> latency{};  ///< None: it has not been asked for, or there is none.
  bool asked = false;
};

/// No less than the time.
double at_most(Ticks time) {
  constexpr double kRounding = 1e-15;
  return static_cast<double>(time.value()) * (1.0 + kRounding);
}

/// The candidates that fit a machine, each evaluated when first asked for.
class Trials {
 public:
  Trials(const Planner& planner, OpId op, const std::vector<Candidate>& candidates, const Machine& machine)
      : planner_{planner},
        machine_{machine},
        least_{planner, op, machine},
        least_moved_{least_moved(planner.cascade(), op)} {
    fitting_.reserve(candidates.size());
    for (const Candidate& candidate : candidates) {
      if (candidate.weights.held > machine.capacity) continue;
      fitting_.push_back({&candidate, least_.about(candidate.weights)});
    }
  }

  /// Of those that take about the time of the fastest the ones that move the fewest bytes; of these the
  /// fastest whose rows do not end short, unless it takes longer than equal tiles are worth, else the
  /// fastest. Of equals the first.
  [[nodiscard]] BestCandidate best() {
    const Trial* least_trial = quickest();
    if (least_trial == nullptr) return {};
    const Ticks least = *least_trial->latency;
    const Ticks most = most_above(least, kPartForBytes);
    const auto any = [](const Trial&) { return true; };
    for (auto begin = fitting_.begin(); begin != fitting_.end();) {
      const auto end = std::find_if(begin, fitting_.end(), [&](const Trial& trial) {
        return trial.candidate->weights.moved > begin->candidate->weights.moved;
      });
      if (const Trial* fastest = fastest_of({begin, end}, most, any)) {
        BestCandidate best = preferred({begin, end}, *fastest, most, least);
        if (!stays_best(best, *fastest, most)) best.fastest = least_trial->candidate;
        return best;
      }
      begin = end;
    }
    return {};
  }

 private:
  struct Range {
    std::vector<Trial>::iterator begin;
    std::vector<Trial>::iterator end;
  };

  const std::optional<Ticks>& latency_of(Trial& trial) const {
    if (!std::exchange(trial.asked, true)) {
      const auto cost = evaluate_group(planner_.profile(*trial.candidate), machine_);
      if (cost) trial.latency = cost->latency;
    }
    return trial.latency;
  }

  /// Those that may take no longer than `most`, which are few: the ones that may be the fastest first, of
  /// equals the first.
  std::vector<Trial*> within(Range trials, double most) {
    std::vector<Trial*> few;
    for (auto trial = trials.begin; trial != trials.end; ++trial) {
      if (trial->least <= most) few.push_back(&*trial);
    }
    std::sort(few.begin(), few.end(), [](const Trial* a, const Trial* b) {
      return a->least != b->least ? a->least < b->least : a < b;
    });
    return few;
  }

  /// Of equals any.
  [[nodiscard]] const Trial* quickest() {
    const auto first = std::min_element(fitting_.begin(), fitting_.end(),
                                        [](const Trial& a, const Trial& b) { return a.least < b.least; });
    if (first == fitting_.end()) return nullptr;
    const Trial* quickest = latency_of(*first) ? &*first : nullptr;
    const auto most = [&] {
      return quickest != nullptr ? at_most(*quickest->latency) : std::numeric_limits<double>::infinity();
    };
    for (Trial* trial : within({fitting_.begin(), fitting_.end()}, most())) {
      if (trial->least > most()) break;
      if (quickest != nullptr && least_.of(trial->candidate->weights) >= *quickest->latency) continue;
      const std::optional<Ticks>& latency = latency_of(*trial);
      if (latency && (quickest == nullptr || *latency < *quickest->latency)) quickest = trial;
    }
    return quickest;
  }

  /// Of those trials that take no longer than `most` and are `wanted` the fastest, of equals the first.
  template <class Wanted>
  const Trial* fastest_of(Range trials, Ticks most, const Wanted& wanted) {
    const Trial* fastest = nullptr;
    for (Trial* trial : within(trials, at_most(most))) {
      if (trial->least > at_most(most)) break;
      const auto loses = [&](Ticks time) {
        return time > most || (fastest != nullptr && time == most && trial > fastest);
      };
      if (loses(least_.of(trial->candidate->weights)) || !wanted(*trial)) continue;
      const std::optional<Ticks>& latency = latency_of(*trial);
      if (!latency || loses(*latency)) continue;
      fastest = trial;
      most = *latency;
    }
    return fastest;
  }

  /// Whether it stays the best where the fastest of all takes longer: then more time is allowed.
  [[nodiscard]] bool stays_best(const BestCandidate& best, const Trial& fastest, Ticks most) const {
    const bool moves_least = best.candidate->weights.moved <= least_moved_;
    return moves_least && (best.even || most_above(*fastest.latency, kPartForEvenTiles) <= most);
  }

  BestCandidate preferred(Range trials, const Trial& fastest, Ticks most, Ticks least) {
    const auto even = [&](const Trial& trial) {
      return !ends_rows_short(planner_.cascade(), *trial.candidate);
    };
    if (even(fastest)) return {fastest.candidate, *fastest.latency, least, nullptr, true};
    const Trial* found =
        fastest_of(trials, std::min(most, most_above(*fastest.latency, kPartForEvenTiles)), even);
    const Trial& preferred = found != nullptr ? *found : fastest;
    return {preferred.candidate, *preferred.latency, least, nullptr, found != nullptr};
  }

  const Planner& planner_;
  const Machine& machine_;
  LeastTime least_;
  Bytes least_moved_;
  std::vector<Trial> fitting_;  ///< Lightest first.
};

/// What the on-chip ports take at the least for so many bytes, read or written.
Ticks least_port_time(Bytes bytes, const Machine& machine) {
  const std::int64_t each = std::min(machine.sram_read_ticks_per_byte, machine.sram_write_ticks_per_byte);
  const std::int64_t busier = machine.sram_ports == Ports::kShared ? bytes.value() : bytes.value() / 2;
  return Ticks{busier} * each;
}

}  // namespace

LeastTime::LeastTime(const Planner& planner, OpId op, const Machine& machine) : machine_{machine} {
  const std::vector<OpId>& unit = planner.unit(op);
  ticks_per_cycle_ = static_cast<double>(machine.scale.ticks_per_cycle());
  port_ticks_ =
      static_cast<double>(std::min(machine.sram_read_ticks_per_byte, machine.sram_write_ticks_per_byte));
  if (machine.sram_ports == Ports::kSeparate) port_ticks_ /= 2.0;
  side_by_side_ = std::any_of(unit.begin(), unit.end(), [&](OpId member) {
    return planner.spatial()[index_of(member)].operand_loads == OperandLoads::kConcurrent;
  });
}

Ticks LeastTime::of(const Weights& weights) const {
  if (weights.array.compute.overflow() || weights.array.onchip.overflow() || weights.moved.overflow() ||
      weights.ends.overflow()) {
    return {};
  }
  const Ticks tiles =
      longest(machine_.scale.ticks(weights.array.compute), least_port_time(weights.array.onchip, machine_));
  const Ticks ends = side_by_side_ ? Ticks{} : Ticks{weights.ends.value()} * machine_.dram_ticks_per_byte;
  return longest(tiles + ends, of(weights.moved, weights.array.compute));
}

double LeastTime::about(const Weights& weights) const {
  constexpr double kRounding = 1e-14;
  if (weights.array.compute.overflow() || weights.array.onchip.overflow() || weights.moved.overflow() ||
      weights.ends.overflow()) {
    return 0.0;
  }
  const auto number = [](auto count) { return static_cast<double>(count.value()); };
  const double computing = number(weights.array.compute) * ticks_per_cycle_;
  // Of an odd number of bytes one port moves half a byte less than `of` says.
  const double half = machine_.sram_ports == Ports::kSeparate ? 1.0 : 0.0;
  const double tiles = std::max(computing, std::max(number(weights.array.onchip) - half, 0.0) * port_ticks_);
  if (side_by_side_) return std::max(tiles, computing) * (1.0 - kRounding);
  const double ends = number(weights.ends) * static_cast<double>(machine_.dram_ticks_per_byte);
  const double shared = machine_.dram_ports == Ports::kShared ? 1.0 : 0.5;
  const double moving = number(weights.moved) * shared * static_cast<double>(machine_.dram_ticks_per_byte);
  return std::max(tiles + ends, moving) * (1.0 - kRounding);
}

Ticks LeastTime::of(Bytes moved, Cycles compute) const {
  const Ticks computing = machine_.scale.ticks(compute);
  if (side_by_side_) return computing;
  const std::int64_t bytes =
      machine_.dram_ports == Ports::kShared ? moved.value() : ceil_div(moved.value(), 2);
  return longest(computing, Ticks{bytes} * machine_.dram_ticks_per_byte);
}

BestCandidate best_of(const Planner& planner, OpId op, const std::vector<Candidate>& candidates,
                      const Machine& machine) {
  return Trials{planner, op, candidates, machine}.best();
}

}  // namespace fusescape
