// Are the nests that are tried for an operator worth trying, and is the best of them what the ADR says?
#include "fusescape/search/planner.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <utility>

#include "fusescape/search/array_work.hpp"
#include "fusescape/search/parallel_for.hpp"
#include "fusescape/search/strategy.hpp"
#include "planner_cases.hpp"
#include "random_machines.hpp"

namespace fusescape::test_plans::planner_test {
namespace {

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

TEST_CASE("A candidate weighs what its profile says, made or not") {
  int candidates = 0;
  for_operators(200, [&](const Planner& planner, OpId op, const Machine&) {
    for (const Candidate& candidate : planner.candidates(op)) {
      const GroupProfile& group = planner.profile(candidate);
      CAPTURE(candidate.loops.size());
      CHECK(moved(candidate) == group.dram_read + group.dram_write);
      CHECK(held(candidate) == group.peak);
      CHECK(candidate.weights.ends == group.lead.all + group.tail);
      CHECK(candidate.weights.array == array_work(group, planner.array()));
      ++candidates;
    }
  });
  CHECK(candidates > 1000);
}

/// Every nest of the grid in every order, laid out.
std::vector<Candidate> all_nests(const Planner& planner, OpId op) {
  std::vector<Candidate> legal;
  for (Candidate& nest : planner.nests(op)) {
    if (planner.try_profile(nest)) legal.push_back(std::move(nest));
  }
  return legal;
}

std::optional<Bytes> least_moved(const std::vector<Candidate>& candidates, const Machine& machine) {
  std::optional<Bytes> least;
  for (const Candidate& candidate : candidates) {
    if (held(candidate) > machine.capacity) continue;
    least = std::min(least.value_or(Bytes::overflowed()), moved(candidate));
  }
  return least;
}

TEST_CASE(
    "No order of loops and no tile of the grid moves fewer bytes or takes less time than the candidates") {
  std::size_t dropped = 0;
  int fitting = 0;
  int equal = 0;
  for_operators(200, [&](const Planner& planner, OpId op, const Machine& machine) {
    const std::vector<Candidate> all = all_nests(planner, op);
    const std::vector<Candidate>& kept = planner.candidates(op);
    CAPTURE(planner.cascade().op(op).name);
    CHECK(least_moved(kept, machine) == least_moved(all, machine));
    const auto time = least_time(planner, kept, machine);
    const auto least = least_time(planner, all, machine);
    REQUIRE(time.has_value() == least.has_value());
    dropped += all.size() - kept.size();
    if (!least) return;
    // Where reads and writes have a port each, the waits of two orders that move the same may differ.
    CHECK(at_most_a_part_above(*time, *least, 512));
    ++fitting;
    equal += *time == *least ? 1 : 0;
  });
  CHECK(dropped > 1000);
  CHECK(equal * 20 >= fitting * 19);
}

/// z[m, n] = x[m, k] y[k, n] over small extents.
Cascade random_product(Dice& dice) {
  CascadeBuilder make{"product", DataType::kInt8};
  const RankId m = make.rank("M", Elements{dice.in(1, 12)});
  const RankId n = make.rank("N", Elements{dice.in(1, 12)});
  const RankId k = make.rank("K", Elements{dice.in(1, 12)});
  const TensorId x = make.tensor("x", {m, k}, TensorKind::kInput);
  const TensorId y = make.tensor("y", {k, n}, TensorKind::kWeight);
  make.make("product", OpKind::kMatmul, {"z", {m, n}}, {make.at(x), make.at(y)});
  return sound(make.finish());
}

/// All tiles of M, N and K in all orders.
std::vector<Candidate> all_tiles(const Planner& planner) {
  const OpId op{0};
  const Cascade& cascade = planner.cascade();
  std::vector<RankId> ranks = cascade.op(op).ranks;
  std::sort(ranks.begin(), ranks.end());
  std::vector<Candidate> found;
  do {
    const auto extent = [&](std::size_t i) { return cascade.extent(ranks[i]).value(); };
    for (std::int64_t a = 1; a <= extent(0); ++a) {
      for (std::int64_t b = 1; b <= extent(1); ++b) {
        for (std::int64_t c = 1; c <= extent(2); ++c) {
          Candidate nest{.loops = {{ranks[0], a}, {ranks[1], b}, {ranks[2], c}}, .operators = {op}};
          if (planner.try_profile(nest)) found.push_back(std::move(nest));
        }
      }
    }
  } while (std::next_permutation(ranks.begin(), ranks.end()));
  return found;
}

TEST_CASE("On average the candidates of a product are within 5% of all tiles, in bytes and in time") {
  int cases = 0;
  double bytes = 0;
  double time = 0;
  for_all(60, [&](Dice& dice) {
    const Cascade cascade = random_product(dice);
    Accelerator accelerator = random_machine(dice);
    const Planner planner{cascade, accelerator};
    const std::vector<Candidate> all = all_tiles(planner);
    for (std::int64_t capacity = 16; capacity <= 512; capacity *= 2) {
      accelerator.sram.capacity = Bytes{capacity};
      const Machine machine = make_machine(accelerator).value();
      const auto least = least_time(planner, all, machine);
      if (!least) continue;
      const std::vector<Candidate>& kept = planner.candidates(OpId{0});
      ++cases;
      bytes += static_cast<double>(least_moved(kept, machine).value().value()) /
               static_cast<double>(least_moved(all, machine).value().value());
      time += static_cast<double>(least_time(planner, kept, machine).value().value()) /
              static_cast<double>(least->value());
    }
  });
  CHECK(cases > 200);
  CHECK(bytes / cases < 1.05);
  CHECK(time / cases < 1.05);
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

TEST_CASE("Lighter candidates come first, and none is worse than another in all that it costs") {
  for_operators(200, [](const Planner& planner, OpId op, const Machine&) {
    const auto worse = [](const Candidate& a, const Candidate& b) {
      return moved(a) >= moved(b) && held(a) >= held(b) && a.weights.ends >= b.weights.ends &&
             a.weights.array.compute >= b.weights.array.compute &&
             a.weights.array.onchip >= b.weights.array.onchip;
    };
    const std::vector<Candidate>& candidates = planner.candidates(op);
    for (const Candidate& a : candidates) {
      for (const Candidate& b : candidates) {
        if (&a != &b) CHECK_FALSE(worse(a, b));
        if (&a < &b) CHECK(moved(a) <= moved(b));
      }
    }
  });
}

TEST_CASE("What a nest asks of the array is known without laying it out") {
  int counted = 0;
  for_operators(100, [&](const Planner& planner, OpId op, const Machine&) {
    if (planner.unit(op).size() > 1) return;
    NestWork work{planner.cascade(), planner.spatial(), planner.array(), op};
    for (Candidate& nest : planner.nests(op)) {
      if (nest.holds_windows || !planner.try_profile(nest)) continue;
      CHECK(work.of(nest.loops) == array_work(planner.profile(nest), planner.array()));
      ++counted;
    }
  });
  CHECK(counted > 1000);
}

TEST_CASE(
    "The best moves the fewest bytes of what takes about the least time, and little longer than these") {
  int traded = 0;
  for_operators(200, [&](const Planner& planner, OpId op, const Machine& machine) {
    const auto time_of = [&](const Candidate& candidate) {
      return evaluate_group(planner.profile(candidate), machine).value().latency;
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
}  // namespace fusescape::test_plans::planner_test
