// Which nests does the planner try for one operator, and which of them runs?
#include "fusescape/search/planner.hpp"

#include <catch2/catch.hpp>

#include "fusescape/check/verification.hpp"
#include "plans.hpp"

namespace fusescape::test_plans {
namespace {

const std::vector<Candidate>& candidates(const Planner& planner, std::string_view op) {
  return planner.candidates(*find_operator(planner.cascade(), op));
}

Bytes moved(const Candidate& candidate) {
  const GroupProfile& group = candidate.profile.groups.front();
  return group.dram_read + group.dram_write;
}

/// As `L:16 D:4`.
std::string text_of(const Cascade& cascade, const Candidate& candidate) {
  std::string text;
  for (const LoopSpec& loop : candidate.loops) {
    text += (text.empty() ? "" : " ") + cascade.rank(loop.rank).name + ":" + std::to_string(loop.tile);
  }
  return text;
}

std::vector<std::string> texts_of(const Planner& planner, std::string_view op) {
  std::vector<std::string> texts;
  for (const Candidate& candidate : candidates(planner, op))
    texts.push_back(text_of(planner.cascade(), candidate));
  return texts;
}

/// Over 64 bytes of x: energy = sum over k of x[l-k] x[l-k], lags = sum over k and j of x[l-k] x[l-j],
/// conv = sum over k of x[l-k] w[k].
Cascade windows(std::int64_t taps = 4) {
  CascadeBuilder make{"windows", DataType::kInt8};
  const RankId l = make.rank("L", Elements{64});
  const RankId k = make.rank("K", Elements{taps});
  const RankId j = make.rank("J", Elements{taps});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  const TensorId w = make.tensor("w", {k}, TensorKind::kWeight);
  const Access window{x, {{.rank = l, .tap = k}}};
  const Access other{x, {{.rank = l, .tap = j}}};
  make.make("energy", OpKind::kConv, {"energy", {l}}, {window, window});
  make.make("lags", OpKind::kConv, {"lags", {l}}, {window, other});
  make.make("conv", OpKind::kConv, {"conv", {l}}, {window, make.at(w)});
  return sound(make.finish());
}

/// Nests that hold windows and move `bytes`.
std::vector<std::string> holding(const Planner& planner, std::string_view op, Bytes bytes) {
  std::vector<std::string> found;
  for (const Candidate& candidate : candidates(planner, op)) {
    if (candidate.holds_windows && moved(candidate) == bytes)
      found.push_back(text_of(planner.cascade(), candidate));
  }
  return found;
}

TEST_CASE("A window that is read twice is held like one that is read once") {
  const Cascade cascade = windows();
  const Planner planner{cascade, accelerator()};
  const std::vector<std::string> tiles{"L:1", "L:4", "L:16"};
  // Each of 64 elements once in and once out; w besides; x twice for its two windows.
  CHECK(holding(planner, "energy", Bytes{64 + 64}) == tiles);
  CHECK(holding(planner, "conv", Bytes{64 + 4 + 64}) == tiles);
  CHECK(holding(planner, "lags", Bytes{2 * 64 + 64}) == tiles);
}

TEST_CASE("Operators compute the same with windows held, also where they read two of one tensor") {
  const Cascade cascade = windows();
  const Accelerator machine = accelerator();
  const Planner planner{cascade, machine};
  for (std::size_t i = 0; i < 3; ++i) {
    Plan plan;
    plan.spatial = planner.spatial();
    for (const char* op : {"energy", "lags", "conv"}) {
      const Candidate& candidate = candidates(planner, op).at(i);
      CHECK(candidate.holds_windows);
      add_group(plan, cascade, candidate);
    }
    CHECK(faults(cascade, plan).empty());
    CHECK(verify(cascade, plan, machine).passed());
  }
}

TEST_CASE("A group names what it stores of a tensor once, however often it reads it") {
  const Cascade cascade = windows();
  Plan plan;
  const OpId op = *find_operator(cascade, "energy");
  const TensorId x = *find_tensor(cascade, "x");
  const RankId l = *find_rank(cascade, "L");
  add_group(plan, cascade, {.loops = {{l, 4}}, .operators = {op}, .spilled = {x}, .holds_windows = true});
  REQUIRE(plan.storages.size() == 1);
  CHECK(plan.storages.front().held);
  CHECK(plan.storages.front().spilled);
}

TEST_CASE("Windows are held only where loops step along one") {
  const Cascade with_halo = windows();
  const Cascade without = windows(1);
  const Planner planner{with_halo, accelerator()};
  CHECK(texts_of(planner, "conv") == std::vector<std::string>{"L:1", "L:4", "L:16", ""});
  for (const Candidate& candidate : candidates(planner, "conv"))
    CHECK(candidate.holds_windows == !candidate.loops.empty());
  const Planner planner_without{without, accelerator()};
  for (const Candidate& candidate : candidates(planner_without, "conv")) CHECK_FALSE(candidate.holds_windows);
}

/// a = exp(x) over these ranks, a byte each.
Cascade exponential(const std::vector<std::pair<std::string, std::int64_t>>& extents) {
  CascadeBuilder make{"exponential", DataType::kInt8};
  std::vector<RankId> ranks;
  for (const auto& [name, extent] : extents) ranks.push_back(make.rank(name, Elements{extent}));
  const TensorId x = make.tensor("x", ranks, TensorKind::kInput);
  make.make("exp", OpKind::kExp, {"a", ranks}, {make.at(x)});
  return sound(make.finish());
}

TEST_CASE("Each nest is tried once, and those that move the same bytes all stay, smallest first") {
  // All of it at once needs one slot, tiles two.
  const Cascade line = exponential({{"L", 7}});
  CHECK(texts_of({line, accelerator()}, "exp") == std::vector<std::string>{"L:1", "", "L:4"});
  // Cut in row-major order, and in slices of D around tiles of L.
  const Cascade plane = exponential({{"L", 4}, {"D", 3}});
  CHECK(texts_of({plane, accelerator()}, "exp") ==
        std::vector<std::string>{"L:1 D:1", "D:1 L:1", "L:1", "D:1", ""});
}

}  // namespace
}  // namespace fusescape::test_plans
