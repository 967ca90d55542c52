// Is a scan in chunks that carries its state the scan in one pass, whatever the chunks?
#include <catch2/catch.hpp>

#include "fusescape/exec/execute.hpp"
#include "plans.hpp"
#include "random_plans.hpp"

namespace fusescape::test_plans::chunked_scan_test {
namespace {

constexpr std::int64_t kTokens = 13;  // Prime: every chunk but 1 and all of it leaves a ragged end.

Cascade scan_of(std::int64_t tokens, bool loaded) {
  StateShape shape{.l = tokens, .d = 3, .n = 2};
  if (loaded) shape.initial = Initial::kLoaded;
  return state_update(shape);
}

/// The chunk's tokens of everything that is given.
void take_chunk(const Cascade& chunk, const NumericCase& all, std::int64_t first, NumericCase& part) {
  for (std::size_t i = 0; i < part.tensors.size(); ++i) {
    const Tensor& tensor = chunk.tensors[i];
    if (tensor.kind == TensorKind::kWeight) part.tensors[i] = all.tensors[i];
    if (tensor.kind != TensorKind::kInput) continue;
    const std::int64_t token = part.tensors[i].axes.front().stride;  // Tokens are the first dimension.
    part.tensors[i].data = all.tensors[i].data.segment(first * token, part.tensors[i].data.size());
  }
}

/// y of all tokens, computed `size` tokens at a time; the state goes from chunk to chunk, or is dropped.
std::vector<double> in_chunks(const NumericCase& given, std::int64_t size, bool carried) {
  std::vector<double> y;
  std::vector<TensorValues> before;
  for (std::int64_t first = 0; first < kTokens; first += size) {
    const bool goes_on = carried && first > 0;
    const Cascade chunk = scan_of(std::min(size, kTokens - first), goes_on);
    NumericCase part = empty_case(chunk, Arithmetic::kTyped);
    take_chunk(chunk, given, first, part);
    if (goes_on) hand_over(before, chunk, part);
    before = run_reference(chunk, part).tensors;
    const Eigen::ArrayXd& made = before[index_of(*find_tensor(chunk, "y"))].data;
    y.insert(y.end(), made.begin(), made.end());
  }
  return y;
}

TEST_CASE("A scan in chunks of any size that carries its state is the scan in one pass, to the bit") {
  const NumericCase given = make_case(scan_of(kTokens, false), Arithmetic::kTyped, 5);
  const std::vector<double> whole = in_chunks(given, kTokens, true);
  REQUIRE(whole.size() == kTokens * 3);
  for (std::int64_t size = 1; size <= kTokens; ++size) {
    CAPTURE(size);
    CHECK(in_chunks(given, size, true) == whole);
  }
}

TEST_CASE("A scan in chunks that drops its state, as COREY's prototype has it, is another function") {
  const NumericCase given = make_case(scan_of(kTokens, false), Arithmetic::kTyped, 5);
  const std::vector<double> whole = in_chunks(given, kTokens, true);
  for (std::int64_t size = 1; size < kTokens; ++size) {
    CAPTURE(size);
    const std::vector<double> dropped = in_chunks(given, size, false);
    const auto first_chunk = static_cast<std::ptrdiff_t>(size * 3);
    CHECK(std::equal(whole.begin(), whole.begin() + first_chunk, dropped.begin()));
    for (std::size_t i = static_cast<std::size_t>(first_chunk); i < whole.size(); ++i)
      CHECK(dropped[i] != whole[i]);  // Every number is positive: what is dropped is missed at once.
  }
}

/// y in DRAM after the plan has run in the scratchpad.
Eigen::ArrayXd executed(const Cascade& cascade, const std::string& text) {
  const Plan plan = plan_of(cascade, text);
  const auto layout = lay_out(cascade, plan);
  if (!layout) FAIL(faults(cascade, plan).front());
  const auto done = execute(cascade, plan, *layout, make_case(cascade, Arithmetic::kTyped, 5), {});
  if (!done) FAIL(describe(cascade, done.error()));
  return done->dram[index_of(*find_tensor(cascade, "y"))].data;
}

TEST_CASE("A fused plan with chunks of any size outside the token loop makes what the plan without does") {
  const Cascade cascade = scan_of(kTokens, false);
  const Eigen::ArrayXd whole = executed(cascade, "L:1{ dA exp dB dBx t h y }");
  for (std::int64_t size = 1; size <= kTokens; ++size) {
    CAPTURE(size);
    const std::string chunked = "L:" + std::to_string(size) + "{ dA exp dB dBx L:1{ t h } y }";
    CHECK((executed(cascade, chunked) == whole).all());
  }
}

}  // namespace
}  // namespace fusescape::test_plans::chunked_scan_test
