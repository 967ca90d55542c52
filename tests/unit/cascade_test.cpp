// Does make_cascade derive what a cascade implies, and refuse what cannot be computed?
#include <catch2/catch.hpp>
#include <functional>
#include <limits>

#include "fusescape/workload/cascade_builder.hpp"
#include "fusescape/workload/recurrence.hpp"

namespace fusescape::cascade_test {
namespace {

using Subject = CascadeProblem::Subject;

// p = x W; c = conv(p) over 3 taps; t = c * h[l-1]; h = t + p; out = sum over D of h.
CheckedCascade small_parts() {
  CascadeBuilder make{"small", DataType::kFp32};
  const RankId l = make.rank("L", Elements{8});
  const RankId d = make.rank("D", Elements{4});
  const RankId e = make.rank("E", Elements{6});
  const RankId k = make.rank("K", Elements{3});
  const TensorId x = make.tensor("x", {l, e}, TensorKind::kInput);
  const TensorId w = make.tensor("W", {e, d}, TensorKind::kWeight);
  const TensorId w_conv = make.tensor("W_conv", {d, k}, TensorKind::kWeight);
  const TensorId p = make.make("proj", OpKind::kMatmul, {"p", {l, d}}, {make.at(x), make.at(w)});
  const Access window{p, {{.rank = l, .tap = k}, {.rank = d}}};
  const TensorId c = make.make("conv", OpKind::kConv, {"c", {l, d}}, {window, make.at(w_conv)});
  const TensorId h = make.tensor("h", {l, d}, TensorKind::kState);
  const TensorId t = make.make("t", OpKind::kMul, {"t", {l, d}}, {make.at(c), make.earlier(h, l, 1)});
  make.make("h", OpKind::kAdd, h, {make.at(t), make.at(p)});
  const TensorId out = make.tensor("out", {l}, TensorKind::kOutput);
  make.make("sum", OpKind::kReduceSum, out, {make.at(h)});
  return make.finish();
}

// Positions in small_parts, for the tests that break it.
enum SmallRank : std::size_t { kL, kD, kE, kK };
enum SmallTensor : std::size_t { kX, kW, kWConv, kP, kC, kH, kT, kOut };
enum SmallOp : std::size_t { kProj, kConv, kOpT, kOpH, kSum };

template <class Id>
Id id(std::size_t position) {
  return Id{static_cast<std::uint16_t>(position)};
}

std::vector<std::string> names_of(const Cascade& cascade, const std::vector<RankId>& ranks) {
  std::vector<std::string> names;
  for (const RankId rank : ranks) names.push_back(cascade.rank(rank).name);
  return names;
}

TEST_CASE("Iteration spaces are the output's ranks, then those summed over, taps included") {
  const auto [cascade, problems] = small_parts();
  REQUIRE(problems.empty());
  CHECK(names_of(cascade, cascade.operators[kProj].ranks) == std::vector<std::string>{"L", "D", "E"});
  CHECK(names_of(cascade, cascade.operators[kConv].ranks) == std::vector<std::string>{"L", "D", "K"});
  CHECK(names_of(cascade, cascade.operators[kConv].reduction_ranks) == std::vector<std::string>{"K"});
  CHECK(cascade.operators[kOpT].reduction_ranks.empty());
  CHECK(names_of(cascade, cascade.operators[kSum].ranks) == std::vector<std::string>{"L", "D"});
  // proj 8*4*6, conv 8*4*3, t, h and sum 8*4 each.
  CHECK(total_ops(cascade) == Ops{192 + 96 + 3 * 32});
  CHECK(weight_elements(cascade) == Elements{6 * 4 + 4 * 3});
}

TEST_CASE("Producers and uses are listed in operator order") {
  const Cascade cascade = small_parts().cascade;
  CHECK_FALSE(cascade.producer[kX]);
  CHECK(cascade.producer[kH] == id<OpId>(kOpH));
  REQUIRE(cascade.uses[kP].size() == 2);
  CHECK(cascade.uses[kP][0].op == id<OpId>(kConv));
  CHECK(cascade.uses[kP][1].op == id<OpId>(kOpH));
  CHECK(cascade.uses[kP][1].input == 1);
  CHECK(cascade.uses[kOut].empty());
}

TEST_CASE("Things are found by name, and absent ones are not") {
  const Cascade cascade = small_parts().cascade;
  CHECK(find_rank(cascade, "K") == id<RankId>(kK));
  CHECK(find_tensor(cascade, "h") == id<TensorId>(kH));
  CHECK(find_operator(cascade, "h") == id<OpId>(kOpH));
  CHECK_FALSE(find_rank(cascade, "k"));
  CHECK_FALSE(find_operator(cascade, "p"));
}

TEST_CASE("A window reaches back by its taps less one, a distance by itself") {
  const Cascade cascade = small_parts().cascade;
  CHECK(reach(cascade, cascade.operators[kConv].inputs[0].indices[0]) == 2);
  CHECK(reach(cascade, cascade.operators[kOpT].inputs[1].indices[0]) == 1);
  CHECK(reach(cascade, cascade.operators[kOpH].inputs[0].indices[0]) == 0);
  CHECK(is_shifted(cascade.operators[kConv].inputs[0]));
  CHECK(is_shifted(cascade.operators[kOpT].inputs[1]));
  CHECK_FALSE(is_shifted(cascade.operators[kOpH].inputs[0]));
}

struct Fault {
  std::function<void(Cascade&)> make;
  Subject subject;
  std::size_t where;
  std::string message;
};

Index& index(Cascade& c, std::size_t op, std::size_t input, std::size_t dimension) {
  return c.operators[op].inputs[input].indices[dimension];
}

/// Breaks the small cascade by `fault` and expects its problem among those found.
void check_reported(const Fault& fault) {
  Cascade parts = small_parts().cascade;
  fault.make(parts);
  const std::vector<CascadeProblem> problems = make_cascade(std::move(parts)).problems;
  INFO("expected: " << fault.message);
  bool found = false;
  for (const CascadeProblem& problem : problems) {
    UNSCOPED_INFO("reported: " << problem.message);
    found |=
        problem.message == fault.message && problem.subject == fault.subject && problem.id == fault.where;
  }
  CHECK(found);
}

TEST_CASE("Names and sizes that cannot be are reported with their place") {
  constexpr std::int64_t kHuge = std::int64_t{1} << 61;
  const std::vector<Fault> faults{
      {[](Cascade& c) { c.ranks[kE].name = c.ranks[kL].name; }, Subject::kRank, kE,
       "there are two ranks named 'L'"},
      {[](Cascade& c) { c.tensors[kT].name = c.tensors[kX].name; }, Subject::kTensor, kT,
       "there are two tensors named 'x'"},
      {[](Cascade& c) { c.operators[kOpH].name = c.operators[kProj].name; }, Subject::kOperator, kOpH,
       "there are two operators named 'proj'"},
      {[](Cascade& c) { c.ranks[kD].extent = Elements{0}; }, Subject::kRank, kD,
       "rank 'D' has extent 0; at least 1 is needed"},
      {[](Cascade& c) { c.ranks[kD].extent = Elements::overflowed(); }, Subject::kRank, kD,
       "the extent of rank 'D' overflows"},
      {[](Cascade& c) { c.ranks[kL].extent = Elements{kHuge}; }, Subject::kTensor, kX,
       "the number of elements of 'x' overflows"},
      {[](Cascade& c) { c.ranks[kL].extent = Elements{kHuge}; }, Subject::kOperator, kProj,
       "the number of operations of 'proj' overflows"},
      {[](Cascade& c) {
         c.tensors[kT].ranks = {id<RankId>(kL), id<RankId>(kL)};
       },
       Subject::kTensor, kT, "'t' has the same rank twice"},
  };
  for (const Fault& fault : faults) check_reported(fault);
}

TEST_CASE("Operators that fit one by one but not together are reported") {
  CascadeBuilder make{"huge", DataType::kFp32};
  const RankId l = make.rank("L", Elements{std::int64_t{1} << 62});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  const TensorId a = make.make("a", OpKind::kExp, {"a", {l}}, {make.at(x)});
  make.make("b", OpKind::kExp, {"b", {l}}, {make.at(a)});
  const auto problems = make.finish().problems;
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].message == "the number of operations of the cascade overflows");
  CHECK(problems[0].subject == Subject::kCascade);
}

TEST_CASE("Every tensor that is not given is made exactly once") {
  const std::vector<Fault> faults{
      {[](Cascade& c) { c.operators[kOpT].output = id<TensorId>(kC); }, Subject::kOperator, kOpT,
       "'t' makes 'c', which 'conv' already makes"},
      {[](Cascade& c) { c.operators[kOpT].output = id<TensorId>(kC); }, Subject::kTensor, kT,
       "no operator makes 't'"},
      {[](Cascade& c) { c.tensors[kC].kind = TensorKind::kInput; }, Subject::kTensor, kC,
       "'c' is a weight or an input, but 'conv' makes it"},
      {[](Cascade& c) { c.tensors[kW].kind = TensorKind::kOutput; }, Subject::kTensor, kW,
       "no operator makes 'W'"},
      {[](Cascade& c) { c.tensors[kT].kind = TensorKind::kState; }, Subject::kTensor, kT,
       "state 't' is never read shifted"},
  };
  for (const Fault& fault : faults) check_reported(fault);
}

TEST_CASE("Accesses that leave their tensor or make no sense are reported") {
  const std::vector<Fault> faults{
      {[](Cascade& c) { c.operators[kOpH].inputs[1].indices.pop_back(); }, Subject::kOperator, kOpH,
       "'h' reads 'p' with 1 indices, but it has 2 ranks"},
      {[](Cascade& c) { index(c, kOpH, 1, 1).offset = 1; }, Subject::kOperator, kOpH,
       "'h' reads 'p' up to element 5 along D, but there are 4"},
      {[](Cascade& c) { index(c, kOpH, 1, 1).offset = std::numeric_limits<std::int64_t>::max(); },
       Subject::kOperator, kOpH, "'h' reads 'p' up to element (overflow) along D, but there are 4"},
      {[](Cascade& c) { index(c, kOpH, 1, 1).offset = -1; }, Subject::kOperator, kOpH,
       "'h' reads 'p' at the negative offset -1 along D"},
      {[](Cascade& c) { index(c, kOpT, 1, 0).distance = -1; }, Subject::kOperator, kOpT,
       "'t' reads 'h' at the negative distance -1 along L"},
      {[](Cascade& c) { index(c, kConv, 0, 0).distance = std::numeric_limits<std::int64_t>::max() - 1; },
       Subject::kOperator, kConv,
       "'conv' reads 'p' at the distance 9223372036854775806 along L, which overflows"},
      {[](Cascade& c) { index(c, kOpT, 1, 0).offset = 1; }, Subject::kOperator, kOpT,
       "'t' reads 'h' both shifted and sliced along L"},
      {[](Cascade& c) { index(c, kConv, 0, 0).tap = id<RankId>(kL); }, Subject::kOperator, kConv,
       "'conv' reads 'p' with L as its own window"},
      {[](Cascade& c) { index(c, kOpH, 1, 0).rank = id<RankId>(kD); }, Subject::kOperator, kOpH,
       "'h' reads 'p' with the same rank twice"},
  };
  for (const Fault& fault : faults) check_reported(fault);
}

TEST_CASE("Inputs and reductions that do not fit the kind are reported") {
  const std::vector<Fault> faults{
      {[](Cascade& c) { c.operators[kOpH].inputs.pop_back(); }, Subject::kOperator, kOpH,
       "'h' (add) has 1 inputs; it takes 2 to 3"},
      {[](Cascade& c) { c.operators[kOpH].kind = OpKind::kExp; }, Subject::kOperator, kOpH,
       "'h' (exp) has 2 inputs; it takes 1"},
      {[](Cascade& c) { c.operators[kProj].kind = OpKind::kMul; }, Subject::kOperator, kProj,
       "'proj' (mul) reads along E, which its output lacks, but does not reduce"},
      {[](Cascade& c) { c.operators[kOpH].kind = OpKind::kMatmul; }, Subject::kOperator, kOpH,
       "'h' (matmul) reduces, but its output has every rank of its inputs"},
      {[](Cascade& c) { c.operators[kConv].inputs.push_back(c.operators[kConv].inputs[1]); },
       Subject::kOperator, kConv,
       "'conv' (conv) has a bias (its third input) that varies along a rank it reduces"},
      {[](Cascade& c) {
         c.operators[kOpH].kind = OpKind::kScan;
         c.operators[kOpH].inputs.push_back(c.operators[kOpH].inputs[0]);
       },
       Subject::kOperator, kOpH,
       "'h' (scan) takes (a, its own output one step earlier, b) and reduces nothing"},
  };
  for (const Fault& fault : faults) check_reported(fault);
}

TEST_CASE("Cycles that cannot be run step by step along one rank are reported") {
  const std::vector<Fault> faults{
      {[](Cascade& c) { index(c, kOpT, 1, 0).distance = 0; }, Subject::kOperator, kOpT,
       "the cycle t -> h -> t has no shifted read: each needs the other's result first"},
      {[](Cascade& c) { c.operators[kOpH].inputs[1] = c.operators[kSum].inputs[0]; }, Subject::kOperator,
       kOpH, "the cycle h -> h has no shifted read: each needs the other's result first"},
      {[](Cascade& c) { index(c, kOpH, 0, 1).distance = 1; }, Subject::kOperator, kOpT,
       "the cycle t -> h -> t is shifted along both L and D; only one rank can be sequential"},
  };
  for (const Fault& fault : faults) check_reported(fault);
}

TEST_CASE("A cycle through a sum over its own sequential rank is refused") {
  // total = sum over L of h needs every h, and h needs total.
  CascadeBuilder make{"loop", DataType::kFp32};
  const RankId l = make.rank("L", Elements{8});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  const TensorId h = make.tensor("h", {l}, TensorKind::kState);
  const TensorId t = make.make("t", OpKind::kMul, {"t", {l}}, {make.at(x), make.earlier(h, l, 1)});
  const TensorId total = make.make("total", OpKind::kReduceSum, {"total", {}}, {make.at(t)});
  make.make("h", OpKind::kAdd, h, {make.at(t), make.at(total)});
  const auto problems = make.finish().problems;
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].message ==
        "'h' is on a cycle along L (t -> h -> t), but does not read 'total' step by step");
}

TEST_CASE("A slice may end where its tensor ends and not one element later") {
  const auto problems_with_offset = [](std::int64_t offset) {
    CascadeBuilder make{"slice", DataType::kFp32};
    const RankId wide = make.rank("D2", Elements{10});
    const RankId d = make.rank("D", Elements{4});
    const TensorId xz = make.tensor("xz", {wide}, TensorKind::kInput);
    make.make("z", OpKind::kExp, {"z", {d}}, {make.slice(xz, d, Elements{offset})});
    return make.finish().problems.size();
  };
  CHECK(problems_with_offset(6) == 0);
  CHECK(problems_with_offset(7) == 1);
}

TEST_CASE("A window may hang over the end of its tensor by all taps but one") {
  const auto problems_with_outputs = [](std::int64_t outputs) {
    CascadeBuilder make{"padded", DataType::kFp32};
    const RankId l = make.rank("L", Elements{8});
    const RankId padded = make.rank("Lp", Elements{outputs});
    const RankId k = make.rank("K", Elements{4});
    const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
    const TensorId w = make.tensor("w", {k}, TensorKind::kWeight);
    const Access window{x, {{.rank = padded, .tap = k}}};
    make.make("conv", OpKind::kConv, {"c", {padded}}, {window, make.at(w)});
    return make.finish().problems.size();
  };
  CHECK(problems_with_outputs(8 + 4 - 1) == 0);
  CHECK(problems_with_outputs(8 + 4) == 1);
}

TEST_CASE("An executable order stays, another is sorted with the ready operators in the order given") {
  Cascade parts = small_parts().cascade;
  std::vector<Operator>& ops = parts.operators;
  const auto order = [](const Cascade& cascade) {
    std::vector<std::string> names;
    for (const Operator& op : cascade.operators) names.push_back(op.name);
    return names;
  };
  CHECK(order(parts) == std::vector<std::string>{"proj", "conv", "t", "h", "sum"});
  std::swap(ops[kProj], ops[kSum]);  // sum conv t h proj
  const auto [cascade, problems] = make_cascade(std::move(parts));
  REQUIRE(problems.empty());
  CHECK(order(cascade) == std::vector<std::string>{"proj", "conv", "t", "h", "sum"});
  CHECK(cascade.producer[kH] == id<OpId>(kOpH));
}

TEST_CASE("A faulty cascade keeps its operators where the caller put them") {
  Cascade parts = small_parts().cascade;
  std::swap(parts.operators[kProj], parts.operators[kSum]);
  parts.operators[kProj].inputs.push_back(parts.operators[kProj].inputs[0]);
  const auto [cascade, problems] = make_cascade(std::move(parts));
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].id == kProj);
  CHECK(cascade.operators[problems[0].id].name == "sum");
}

}  // namespace
}  // namespace fusescape::cascade_test
