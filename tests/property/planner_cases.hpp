// What tests of planners run: operators on machines, among them ones that read windows.
#pragma once

#include <optional>
#include <vector>

#include "fusescape/search/planner.hpp"
#include "random_machines.hpp"

namespace fusescape::test_plans {

/// An operator over B, L and D in some order that reads x through a window along L: against weights, against
/// the same window or against x as it is.
inline Cascade random_convolution(Dice& dice) {
  CascadeBuilder make{"convolution", DataType::kInt8};
  std::vector<RankId> ranks{make.rank("B", Elements{dice.in(1, 3)}), make.rank("L", Elements{dice.in(1, 40)}),
                            make.rank("D", Elements{dice.in(1, 20)})};
  const RankId l = ranks[1];
  const RankId k = make.rank("K", Elements{dice.in(1, 4)});
  for (std::size_t i = 0; i + 1 < ranks.size(); ++i) {
    std::swap(ranks[i], ranks[i + static_cast<std::size_t>(dice.in(0, 1))]);
  }
  if (dice.one_in(3)) std::swap(ranks.front(), ranks.back());
  std::vector<RankId> of_x;
  for (const RankId rank : ranks) {
    if (rank == l || !dice.one_in(3)) of_x.push_back(rank);
  }
  const TensorId x = make.tensor("x", of_x, TensorKind::kInput);
  std::vector<RankId> of_w{k};
  for (const RankId rank : ranks) {
    if (!has_rank(of_x, rank)) of_w.push_back(rank);
  }
  Access window = make.at(x);
  for (Index& index : window.indices) {
    if (index.rank == l) index.tap = k;
  }
  std::vector<Access> inputs{window, make.at(make.tensor("w", of_w, TensorKind::kWeight))};
  const bool all_from_x = of_x.size() == ranks.size();
  if (all_from_x && dice.one_in(2)) inputs[1] = dice.one_in(2) ? window : make.at(x);
  make.make("conv", OpKind::kConv, {"y", ranks}, inputs);
  return sound(make.finish());
}

inline Bytes moved(const Candidate& candidate) {
  return candidate.weights.moved;
}

inline Bytes held(const Candidate& candidate) {
  return candidate.weights.held;
}

/// `check(planner, op, machine)` for every operator of that many random cascades.
template <class Check>
void for_operators(std::uint32_t cases, const Check& check) {
  for_all(cases, [&](Dice& dice) {
    const Cascade cascade =
        dice.one_in(2) ? random_convolution(dice) : lengthened(dice, random_cascade(dice));
    Accelerator accelerator = random_machine(dice);
    vary_machine(dice, accelerator);
    accelerator.sram.capacity = Bytes{1 << dice.in(2, 12)};
    const Planner planner{cascade, accelerator};
    const Machine machine = make_machine(accelerator).value();
    CAPTURE(text_of(cascade), machine.capacity.value());
    for (std::size_t i = 0; i < cascade.operators.size(); ++i)
      check(planner, OpId{static_cast<std::uint16_t>(i)}, machine);
  });
}

/// Of those that fit; none: null.
inline std::optional<Ticks> least_time(const Planner& planner, const std::vector<Candidate>& candidates,
                                       const Machine& machine) {
  std::optional<Ticks> least;
  for (const Candidate& candidate : candidates) {
    const auto cost = evaluate_group(planner.profile(candidate), machine);
    if (cost && (!least || cost->latency < *least)) least = cost->latency;
  }
  return least;
}

}  // namespace fusescape::test_plans
