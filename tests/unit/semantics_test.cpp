// Does each kind of operator compute what its name says?
#include "fusescape/exec/semantics.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "fusescape/exec/reference.hpp"
#include "fusescape/workload/cascade_builder.hpp"

namespace fusescape::semantics_test {
namespace {

double of(OpKind kind, std::vector<double> inputs) {
  return element(kind, inputs);
}

TEST_CASE("Element-wise operators are their textbook functions") {
  CHECK(of(OpKind::kMul, {2, 3}) == 6);
  CHECK(of(OpKind::kMul, {2, 3, 5}) == 30);
  CHECK(of(OpKind::kAdd, {2, 3, 5}) == 10);
  CHECK(of(OpKind::kSub, {2, 3}) == -1);
  CHECK(of(OpKind::kDiv, {3, 2}) == 1.5);
  CHECK(of(OpKind::kMax, {-3, 2}) == 2);
  CHECK(of(OpKind::kExp, {1}) == Approx(std::exp(1.0)));
  CHECK(of(OpKind::kSoftplus, {0}) == Approx(std::log(2.0)));
  CHECK(of(OpKind::kSoftplus, {1, 2}) == Approx(std::log(1 + std::exp(3.0))));  // Of the sum of two.
  CHECK(of(OpKind::kSoftplus, {1000}) == 1000);                                 // No overflow.
  CHECK(of(OpKind::kSigmoid, {0}) == 0.5);
  CHECK(of(OpKind::kSilu, {2}) == Approx(2 / (1 + std::exp(-2.0))));
  CHECK(of(OpKind::kRelu, {-2}) == 0);
  CHECK(of(OpKind::kRelu, {2}) == 2);
  CHECK(of(OpKind::kSquare, {-3}) == 9);
  CHECK(of(OpKind::kSqrt, {9}) == 3);
  CHECK(of(OpKind::kRsqrt, {4}) == 0.5);
  CHECK(of(OpKind::kReciprocal, {4}) == 0.25);
  CHECK(of(OpKind::kScan, {2, 3, 5}) == 11);  // a * h + b.
  CHECK(of(OpKind::kGather, {7, 1}) == 7);
}

double summed(OpKind kind, const std::vector<double>& terms, double bias = 0.0) {
  const Summation sum{kind, {}};
  double total = sum.start(bias);
  for (const double term : terms) total = sum.add(total, term);
  return sum.finish(total, static_cast<std::int64_t>(terms.size()));
}

TEST_CASE("Sums, means and maxima go over all terms; a bias is where a contraction starts") {
  CHECK(summed(OpKind::kMatmul, {1, 2, 3}, 10) == 16);
  CHECK(summed(OpKind::kReduceSum, {1, 2, 3}) == 6);
  CHECK(summed(OpKind::kReduceMean, {1, 2, 6}) == 3);
  CHECK(summed(OpKind::kReduceMax, {-5, -2, -3}) == -2);
}

TEST_CASE("A term too small for the accumulator is lost, and kept in a wider one") {
  const double small = std::ldexp(1.0, -25);  // Half of fp32's unit roundoff.
  const Summation narrow{OpKind::kReduceSum, {.type = DataType::kBf16}};
  const Summation wide{OpKind::kReduceSum, {.type = DataType::kFp64}};
  CHECK(narrow.add(narrow.start(1.0), small) == 1.0);
  CHECK(wide.add(wide.start(1.0), small) == 1.0 + small);
}

TEST_CASE("A scan runs along its rank from the loaded value on") {
  CascadeBuilder make{"scan", DataType::kFp64};
  const RankId l = make.rank("L", Elements{3});
  const TensorId a = make.tensor("a", {l}, TensorKind::kInput);
  const TensorId b = make.tensor("b", {l}, TensorKind::kInput);
  const TensorId h = make.tensor("h", {l}, TensorKind::kState);
  make.tensor(h).initial = Initial::kLoaded;
  make.make("h", OpKind::kScan, h, {make.at(a), make.earlier(h, l, 1), make.at(b)});
  const CheckedCascade checked = make.finish();
  REQUIRE(checked.problems.empty());
  NumericCase given = empty_case(checked.cascade, Arithmetic::kTyped);
  const auto set = [&](TensorId tensor, std::int64_t at, double value) {
    TensorValues& values = given.tensors[index_of(tensor)];
    values.data[values.position(std::array<std::int64_t, 1>{at})] = value;
  };
  for (std::int64_t i = 0; i < 3; ++i) {
    set(a, i, 2);
    set(b, i, static_cast<double>(i));
  }
  set(h, -1, 5);
  const TensorValues made = run_reference(checked.cascade, given).tensors[index_of(h)];
  // 2*5+0 = 10, 2*10+1 = 21, 2*21+2 = 44.
  CHECK(made.at(std::array<std::int64_t, 1>{0}) == 10);
  CHECK(made.at(std::array<std::int64_t, 1>{1}) == 21);
  CHECK(made.at(std::array<std::int64_t, 1>{2}) == 44);
}

}  // namespace
}  // namespace fusescape::semantics_test
