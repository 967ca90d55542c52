// Are the nests that are tried for an operator worth trying, and is the best of them what the ADR says?
#include "fusescape/search/planner.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "fusescape/search/nest_bounds.hpp"
#include "fusescape/search/parallel_for.hpp"
#include "fusescape/search/strategy.hpp"
#include "random_machines.hpp"

namespace fusescape::test_plans {
namespace {

/// An operator over B, L and D in some order that reads x through a window along L: against weights, against
/// the same window or against x as it is.
Cascade random_convolution(Dice& dice) {
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

Bytes moved(const Candidate& candidate) {
  const GroupProfile& group = candidate.profile;
  return group.dram_read + group.dram_write;
}

Bytes held(const Candidate& candidate) {
  return candidate.profile.peak;
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

TEST_CASE("No nest is tried twice") {
  for_operators(200, [](const Planner& planner, OpId op, const Machine&) {
    std::set<std::pair<std::string, bool>> seen;
    for (const Candidate& candidate : planner.candidates(op)) {
      std::string loops;
      for (const LoopSpec& loop : candidate.loops) {
        const Rank& rank = planner.cascade().rank(loop.rank);
        if (Elements{loop.tile} < rank.extent) loops += fmt::format("{}:{} ", rank.name, loop.tile);
      }
      CAPTURE(loops, candidate.holds_windows);
      CHECK(seen.emplace(loops, candidate.holds_windows).second);
    }
  });
}

TEST_CASE("What holds its windows moves fewer bytes than the same loops that do not") {
  int holding = 0;
  for_all(200, [&](Dice& dice) {
    const Cascade cascade = random_convolution(dice);
    const Planner planner{cascade, random_machine(dice)};
    CAPTURE(text_of(cascade));
    for (const Candidate& candidate : planner.candidates(OpId{0})) {
      if (!candidate.holds_windows) continue;
      ++holding;
      Candidate refetching = candidate;
      refetching.holds_windows = false;
      REQUIRE(planner.try_profile(refetching));
      CHECK(moved(candidate) < moved(refetching));
    }
  });
  CHECK(holding > 100);
}

TEST_CASE("A nest moves and holds at least its bounds, and exactly these where nothing is rounded") {
  int exact = 0;
  for_operators(200, [&](const Planner& planner, OpId op, const Machine&) {
    if (planner.unit(op).size() > 1) return;
    for (Candidate& nest : planner.nests(op)) {
      if (nest.holds_windows || !planner.try_profile(nest)) continue;
      const NestBounds least = nest_bounds(planner.cascade(), planner.options(), op, nest.loops);
      CHECK(least.moved <= moved(nest));
      CHECK(least.held <= held(nest));
      exact += least.moved == moved(nest) && least.held == held(nest) ? 1 : 0;
    }
  });
  CHECK(exact > 1000);
}

using Nest = std::pair<std::vector<LoopSpec>, bool>;

std::vector<Nest> nests_of(const std::vector<Candidate>& candidates) {
  std::vector<Nest> nests;
  for (const Candidate& candidate : candidates) nests.emplace_back(candidate.loops, candidate.holds_windows);
  return nests;
}

TEST_CASE("The candidates are all legal nests but those that another outdoes, lightest first") {
  std::size_t dropped = 0;
  for_operators(200, [&](const Planner& planner, OpId op, const Machine&) {
    std::vector<Candidate> legal;
    for (Candidate& nest : planner.nests(op)) {
      if (planner.try_profile(nest)) legal.push_back(std::move(nest));
    }
    std::vector<Candidate> useful;
    std::copy_if(legal.begin(), legal.end(), std::back_inserter(useful), [&](const Candidate& candidate) {
      return std::none_of(legal.begin(), legal.end(), [&](const Candidate& other) {
        return moved(other) < moved(candidate) && held(other) <= held(candidate);
      });
    });
    std::stable_sort(useful.begin(), useful.end(), [](const Candidate& a, const Candidate& b) {
      return std::pair{moved(a), held(a)} < std::pair{moved(b), held(b)};
    });
    CHECK(nests_of(planner.candidates(op)) == nests_of(useful));
    dropped += legal.size() - useful.size();
  });
  CHECK(dropped > 1000);
}

TEST_CASE("A planner that many threads ask at once plans what one of its own would") {
  for_all(10, [](Dice& dice) {
    const Cascade cascade = lengthened(dice, random_cascade(dice));
    Accelerator accelerator = random_machine(dice);
    std::vector<Machine> machines;
    for (int i = 0; i < 24; ++i) {
      accelerator.sram.capacity = Bytes{1 << dice.in(4, 14)};
      machines.push_back(make_machine(accelerator).value());
    }
    const Planner shared{cascade, accelerator};
    std::vector<std::optional<Plan>> plans(machines.size());
    const Strategy& greedy = *find_strategy("greedy");
    parallel_for(machines.size(), 4, [&](std::size_t i) {
      auto plan = greedy.build(shared, machines[i], {});
      if (plan) plans[i] = std::move(*plan);
    });
    for (std::size_t i = 0; i < machines.size(); ++i) {
      const auto own = greedy.build(Planner{cascade, accelerator}, machines[i], {});
      CHECK(plans[i] == (own ? std::optional{*own} : std::nullopt));
    }
  });
}

TEST_CASE("A candidate that moves more bytes than another holds less") {
  for_operators(200, [](const Planner& planner, OpId op, const Machine&) {
    for (const Candidate& a : planner.candidates(op)) {
      for (const Candidate& b : planner.candidates(op)) {
        if (moved(a) > moved(b)) CHECK(held(a) < held(b));
      }
    }
  });
}

TEST_CASE(
    "The best moves the fewest bytes of what takes about the least time, and little longer than these") {
  int traded = 0;
  for_operators(200, [&](const Planner& planner, OpId op, const Machine& machine) {
    const auto time_of = [&](const Candidate& candidate) {
      return evaluate_group(candidate.profile, machine).value().latency;
    };
    std::vector<const Candidate*> fitting;
    for (const Candidate& candidate : planner.candidates(op)) {
      if (held(candidate) <= machine.capacity) fitting.push_back(&candidate);
    }
    const Candidate* best = planner.best(op, machine);
    REQUIRE((best == nullptr) == fitting.empty());
    if (best == nullptr) return;
    Ticks least = time_of(*best);
    for (const Candidate* other : fitting) least = std::min(least, time_of(*other));
    CHECK(about(time_of(*best), least));
    traded += time_of(*best) > least ? 1 : 0;
    for (const Candidate* other : fitting) {
      if (!about(time_of(*other), least)) continue;
      CHECK(moved(*best) <= moved(*other));
      if (moved(*best) == moved(*other))
        CHECK(at_most_a_part_above(time_of(*best), time_of(*other), kPartForEvenTiles));
    }
  });
  CHECK(traded > 10);
}

}  // namespace
}  // namespace fusescape::test_plans
