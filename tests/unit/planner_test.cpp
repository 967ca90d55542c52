// Which nests does the planner try for one operator, and which of them runs?
#include "fusescape/search/planner.hpp"

#include <catch2/catch.hpp>

#include "fusescape/check/verification.hpp"
#include "fusescape/plan/spatial.hpp"
#include "fusescape/search/tile_grid.hpp"
#include "simulation.hpp"

namespace fusescape::test_plans::planner_test {
namespace {

const std::vector<Candidate>& candidates(const Planner& planner, std::string_view op) {
  return planner.candidates(*find_operator(planner.cascade(), op));
}

Bytes moved(const Candidate& candidate) {
  return candidate.weights.moved;
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

/// Legal nests that hold windows, and what each moves.
std::vector<Candidate> holding(const Planner& planner, std::string_view op) {
  std::vector<Candidate> found;
  for (Candidate& nest : planner.nests(*find_operator(planner.cascade(), op))) {
    if (nest.holds_windows && planner.try_profile(nest)) found.push_back(std::move(nest));
  }
  return found;
}

TEST_CASE("A window that is read twice is held like one that is read once") {
  const Cascade cascade = windows();
  const Planner planner{cascade, accelerator()};
  // Each of 64 elements once in and once out; w besides; x twice for its two windows.
  const std::vector<std::pair<const char*, Bytes>> moves{
      {"energy", Bytes{64 + 64}}, {"conv", Bytes{64 + 4 + 64}}, {"lags", Bytes{2 * 64 + 64}}};
  for (const auto& [op, bytes] : moves) {
    const std::vector<Candidate> nests = holding(planner, op);
    CHECK(nests.size() > 8);
    for (const Candidate& nest : nests) CHECK(moved(nest) == bytes);
    CHECK(texts_of(planner, op) == std::vector<std::string>{"L:1"});  // Holds least, and is no slower.
  }
}

TEST_CASE("Operators compute the same with windows held, also where they read two of one tensor") {
  const Cascade cascade = windows();
  const Accelerator machine = accelerator();
  const Planner planner{cascade, machine};
  for (std::size_t i = 0; i < 9; i += 4) {
    Plan plan;
    plan.spatial = planner.spatial();
    for (const char* op : {"energy", "lags", "conv"}) add_group(plan, cascade, holding(planner, op).at(i));
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
  CHECK_FALSE(holding(planner, "conv").empty());
  for (const Candidate& nest : holding(planner, "conv")) CHECK_FALSE(nest.loops.empty());
  const Planner planner_without{without, accelerator()};
  CHECK(holding(planner_without, "conv").empty());
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

TEST_CASE("Tiles are equal ones, 2^k and 3 * 2^k to an extent, and such multiples of the array") {
  using Tiles = std::vector<std::int64_t>;
  CHECK(tile_grid(7) == Tiles{1, 2, 3, 4, 7});
  CHECK(tile_grid(12) == Tiles{1, 2, 3, 4, 6, 12});
  CHECK(tile_grid(1) == Tiles{1});
  CHECK(tile_grid(100, 8, Density::kCoarse) == Tiles{1, 2, 7, 8, 25, 32, 100});
  CHECK(tile_grid(5119).back() == 5119);
  const Tiles tiles = tile_grid(5119);
  CHECK(std::find(tiles.begin(), tiles.end(), 2560) != tiles.end());  // Two slices, one a channel shorter.
}

TEST_CASE("A time is about the least up to a sixteenth above it") {
  CHECK(about(Ticks{16 + 1}, Ticks{16}));
  CHECK_FALSE(about(Ticks{16 + 2}, Ticks{16}));
  CHECK(at_most_a_part_above(Ticks{128 + 1}, Ticks{128}, kPartForEvenTiles));
  CHECK_FALSE(at_most_a_part_above(Ticks{128 + 2}, Ticks{128}, kPartForEvenTiles));
}

std::string best(const Planner& planner, const Accelerator& machine) {
  const OpId op = *find_operator(planner.cascade(), "exp");
  const Candidate* found = planner.best(op, make_machine(machine).value());
  return found == nullptr ? "none" : text_of(planner.cascade(), *found);
}

TEST_CASE("Nothing is best where nothing fits") {
  const Cascade cascade = exponential({{"L", 5}});
  Accelerator machine = accelerator();
  const Planner planner{cascade, machine};
  const Bytes least = planner.least_footprint(*find_operator(cascade, "exp"));
  machine.sram.capacity = least;
  CHECK(best(planner, machine) == "L:1");
  machine.sram.capacity = least - Bytes{1};
  CHECK(best(planner, machine) == "none");
}

TEST_CASE("A planner serves machines with other memories, and none with another array or mapping") {
  const Cascade cascade = exponential({{"L", 5}, {"D", 5}});
  Accelerator machine = accelerator(1, 4);
  machine.cores.front().spatial.push_back(
      {.kinds = {}, .operators = {}, .cores = {}, .rows = {}, .cols = {}, .flat = {"L", "D"}});
  const Planner planner{cascade, machine};
  Accelerator other = machine;
  other.sram.capacity = Bytes{1};
  other.dram.bandwidth = BitsPerCycle{8};
  other.clock = Hertz{2e9};
  CHECK(planner.serves(other));
  other.cores.front().cols = 2;
  CHECK_FALSE(planner.serves(other));
  other = machine;
  other.cores.front().cycles_per_op.fill(3);
  CHECK_FALSE(planner.serves(other));
  other = machine;
  other.cores.front().spatial.front().flat = {"D"};
  CHECK_FALSE(planner.serves(other));
}

/// z[m, n] = x[m, k] y[k, n].
Cascade product(std::int64_t m, std::int64_t n, std::int64_t k) {
  CascadeBuilder make{"product", DataType::kFp32};
  const RankId row = make.rank("M", Elements{m});
  const RankId column = make.rank("N", Elements{n});
  const RankId sum = make.rank("K", Elements{k});
  const TensorId x = make.tensor("x", {row, sum}, TensorKind::kInput);
  const TensorId y = make.tensor("y", {sum, column}, TensorKind::kWeight);
  make.make("z", OpKind::kMatmul, {"z", {row, column}}, {make.at(x), make.at(y)});
  return sound(make.finish());
}

Bytes least_moved(const Planner& planner, Bytes capacity) {
  Bytes least = Bytes::overflowed();
  for (const Candidate& candidate : planner.candidates(OpId{0})) {
    if (candidate.weights.held <= capacity) least = std::min(least, moved(candidate));
  }
  return least;
}

TEST_CASE("Tiles fill a memory that is a power of two, beside tiles of the other operands") {
  // 64 fp32 numbers: x and y in 7 x 1 and 1 x 7, z in 7 x 7 would be 63, but 7 is no ceil(64 / j); 6 x 6 is:
  // 11 rows and 11 columns of tiles, so x and y come 11 times, 2 * 11 * 4,096 numbers. Of unlike sides
  // 8 x 6 (62 numbers): 8 and 11 times, and z once.
  const Cascade cascade = product(64, 64, 64);
  Accelerator machine = accelerator(8, 8);
  machine.model.double_buffering = false;
  const Planner planner{cascade, machine};
  CHECK(least_moved(planner, Bytes{256}) == Bytes{4 * 4096 * (8 + 11 + 1)});
}

/// Of rows x cols PEs, with one rule for all operators.
Accelerator mapped(std::int64_t rows, std::int64_t cols, std::string on_rows, std::string on_cols) {
  Accelerator machine = accelerator(rows, cols);
  SpatialRule rule;
  rule.rows = {std::move(on_rows)};
  rule.cols = {std::move(on_cols)};
  machine.cores.front().spatial = {rule};
  return machine;
}

TEST_CASE("A tiling that moves more but fills the array is kept beside lighter ones") {
  // 197 x 44 over sums of 384 on an array of 64 x 128: with M:64, K:1 63 of 64 rows idle.
  const Cascade cascade = product(197, 44, 384);
  Accelerator machine = mapped(64, 128, "reduction", "output");
  machine.dram.bandwidth = BitsPerCycle{2048};
  machine.sram.capacity = Bytes{32 * 1024};
  const Planner planner{cascade, machine};
  const Candidate* found = planner.best(OpId{0}, make_machine(machine).value());
  REQUIRE(found != nullptr);
  CHECK(cost_on(planner.profile(*found), machine).latency <= Cycles{4876});  // That of M:24, N:24, K:64.
}

TEST_CASE("A reduction is tiled along what it sums over") {
  CascadeBuilder make{"mean", DataType::kFp32};
  const RankId l = make.rank("L", Elements{64});
  const RankId e = make.rank("E", Elements{4096});
  const TensorId x = make.tensor("x", {l, e}, TensorKind::kInput);
  make.make("mean", OpKind::kReduceMean, {"mean", {l}}, {make.at(x)});
  const Cascade cascade = sound(make.finish());
  const Planner planner{cascade, accelerator()};
  // One element of x in two slots, and two sums: without tiles of E a row of 16 KiB would be the least.
  CHECK(planner.least_footprint(OpId{0}) == Bytes{4 * (2 + 2)});
}

TEST_CASE("A rank that a rule puts in two places lies in the first") {
  const Cascade cascade = product(64, 32, 16);
  const SpatialMapping mapping = spatial_mappings(cascade, mapped(8, 8, "output", "all")).front();
  REQUIRE(mapping.rows.size() == 1);
  CHECK_FALSE(has_rank(mapping.cols, mapping.rows.front()));
  CHECK(mapping.cols.size() == 2);
}

}  // namespace
}  // namespace fusescape::test_plans::planner_test
