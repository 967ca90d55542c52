// Does the model, with the modelling choices of the fine-grained-fusion paper's artifact, land on its
// numbers?
//
// Reproduced rows: PACT-AE artifact (Geens, Symons, Verhelst, PACT 2025, arXiv 2504.17333), run by us; data/.
#include <catch2/catch.hpp>

#include "fusescape/search/published_slices.hpp"
#include "fusescape/support/ratio.hpp"
#include "literature_data.hpp"

namespace fusescape::pact25_test {
namespace {

using literals::operator""_MiB;

constexpr double kNonState = 823'417;  // Sum of the layer rows outside the state update, at L = 64.

double state_cycles(const Modelling& model, const Assessment& found) {
  return cycles_of_groups(model, found, [](const std::string& op) { return is_state_operator(op); });
}

double other_cycles(const Modelling& model, const Assessment& found) {
  return cycles_of_groups(model, found, [](const std::string& op) { return !is_state_operator(op); });
}

TEST_CASE("The layer rows of the artifact sum to its unfused row") {
  double sum = 0.0;
  double non_state = 0.0;
  for (const LayerRow& row : layer_rows()) {
    const bool per_token = row.name.substr(0, 6) == "state_";
    sum += row.latency * (per_token ? 64 : 1);
    if (!is_state_operator(row.name)) non_state += row.latency;
  }
  CHECK(layer_rows().size() == 26);
  CHECK(sum == Approx(4'449'281).margin(0.5));
  CHECK(non_state == Approx(kNonState).margin(0.5));
}

TEST_CASE("Each of the 18 reproduced rows of Fig. 9 is within 1%") {
  const std::vector<Fig9Row> rows = fig9_rows();
  REQUIRE(rows.size() == 18);
  for (const Fig9Row& row : rows) {
    CAPTURE(row.scheme, row.tokens);
    const Assessment found = assessed(with_quirks(row.tokens), row.scheme);
    CHECK(std::abs(percent_off(block_cycles(found), static_cast<double>(row.cycles))) <= 1.0);
  }
}

TEST_CASE("At L = 64 the state update alone is within 3% of each row less the other operators") {
  for (const Fig9Row& row : fig9_rows()) {
    if (row.tokens != 64) continue;
    CAPTURE(row.scheme);
    const Modelling model = with_quirks(64);
    const double ours = state_cycles(model, assessed(model, row.scheme));
    CHECK(std::abs(percent_off(ours, static_cast<double>(row.cycles) - kNonState)) <= 3.0);
  }
}

TEST_CASE("At L = 1 each row is within 2,000 cycles") {
  for (const Fig9Row& row : fig9_rows()) {
    if (row.tokens != 1) continue;
    CAPTURE(row.scheme);
    const Assessment found = assessed(with_quirks(1), row.scheme);
    CHECK(std::abs(block_cycles(found) - static_cast<double>(row.cycles)) <= 2000.0);
  }
}

TEST_CASE("The operators outside the state update sum to within 2%, with physical choices too") {
  for (const Modelling& model : {with_quirks(64), physical(64)}) {
    CAPTURE(model.accelerator.name);
    CHECK(std::abs(percent_off(other_cycles(model, assessed(model, "unfused")), kNonState)) <= 2.0);
  }
}

/// The group that runs the fused state update.
std::size_t fused_group(const Modelling& model, const Assessment& found) {
  for (std::size_t g = 0; g < found.layout.groups.size(); ++g) {
    const std::vector<OpId>& operators = found.layout.groups[g].operators;
    if (operators.size() == 7 && model.workload.block.op(operators.front()).name == "dA") return g;
  }
  FAIL("no group holds the seven state operators");
  return 0;
}

TEST_CASE("Fuse-all holds the bytes of the paper's Eq. 2, for any number of tokens but one") {
  static_assert((5 * 5120 * 64 + 5120 + 64) * 4 == 6'574'336);
  const std::int64_t tokens = GENERATE(2, 64, 1024);
  const Modelling model = with_quirks(tokens);
  const Assessment found = assessed(model, "fuse-all");
  CHECK(found.groups[fused_group(model, found)].peak.value() == 6'574'336);
}

TEST_CASE("With one token, A is dead after dA: fuse-all holds one slice less") {
  const Modelling model = with_quirks(1);
  const Assessment found = assessed(model, "fuse-all");
  CHECK(found.groups[fused_group(model, found)].peak.value() == 6'574'336 - 5120 * 64 * 4);
}

TEST_CASE("A fused token computes for 414 cycles") {
  // 5120 * 64 / 8192 = 40 steps on 64 x 128; six operators take 40 + 2 of fill, exp 4 * 40 + 2.
  static_assert(6 * (40 + 2) + (4 * 40 + 2) == 414);
  const std::int64_t tokens = GENERATE(1, 64, 1024);
  const Modelling model = with_quirks(tokens);
  const Assessment found = assessed(model, "fuse-all");
  CHECK(found.groups[fused_group(model, found)].compute_cycles.value() == 414 * tokens);
}

/// The published rule in exact rationals, with the divisors of D enumerated.
std::int64_t slices_by_definition(std::int64_t channels, std::int64_t entries, Bytes sram) {
  const Ratio factor = sum(Ratio{5}, Ratio::of(2, 64).value()).value();
  const Ratio margin = parse_decimal("1.01").value();
  const Ratio bits = product(product(factor, margin).value(), Ratio{channels * entries * 32}).value();
  const Ratio exact = quotient(bits, Ratio{sram.value() * 8}).value();
  for (std::int64_t n = 1; n <= channels; ++n) {
    if (channels % n == 0 && Ratio{n} >= exact) return n;  // n >= exact is n >= ceil(exact).
  }
  return channels;
}

TEST_CASE("The number of slices follows the published rule for every SRAM size") {
  const std::int64_t channels = GENERATE(1536, 5120, 8192, 5119);  // 5119 is prime: all or nothing.
  const std::int64_t entries = GENERATE(16, 64, 128);
  CAPTURE(channels, entries);
  for (std::int64_t kib = 1; kib <= 32 * 1024; kib += kib < 512 ? 1 : 173) {
    CAPTURE(kib);
    const Bytes sram{kib * 1024};
    REQUIRE(published_slices(channels, entries, sram) == slices_by_definition(channels, entries, sram));
  }
}

TEST_CASE("The number of slices steps up exactly where SRAM falls below the rule's bytes") {
  // (5 + 2/64) * 5120 * 64 * 4 B * 1.01 = 6,660,505.6 B for one slice; 832,563.2 B for each of eight.
  CHECK(published_slices(5120, 64, Bytes{6'660'506}) == 1);
  CHECK(published_slices(5120, 64, Bytes{6'660'505}) == 2);
  CHECK(published_slices(5120, 64, Bytes{832'564}) == 8);
  CHECK(published_slices(5120, 64, Bytes{832'563}) == 10);  // Nine does not divide 5120.
  CHECK(published_slices(5120, 64, Bytes{1}) == 5120);      // Never more than one channel each.
  CHECK(published_slices(5120, 64, 24_MiB) == 1);
}

}  // namespace
}  // namespace fusescape::pact25_test
