// Does the comparison of values see what is wrong?
#include "fusescape/check/verification.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <limits>

#include "plans.hpp"

namespace fusescape::test_plans::verification_test {
namespace {

struct Run {
  Cascade cascade = matmul(2, 3, 4);
  NumericCase given = make_case(cascade, Arithmetic::kTyped, 1);
  Reference reference = run_reference(cascade, given);
  Execution done;
  std::size_t output = index_of(*find_tensor(cascade, "Z"));

  Run() {
    const Plan plan = plan_of(cascade, "M:1{ Z }");
    done = execute(cascade, plan, lay_out(cascade, plan).value(), given, {}).value();
  }
  [[nodiscard]] ValueCheck check() const {
    const std::vector<ValueCheck> checks = compare_values(cascade, reference, done);
    REQUIRE(checks.size() == 1);
    return checks.front();
  }
};

TEST_CASE("All elements of an output are compared") {
  const Run run;
  CHECK(run.check().elements == run.reference.tensors[run.output].elements());
  CHECK(run.check().passed());
}

TEST_CASE("What is no number is wrong where the reference has one, and right where it has none either") {
  Run run;
  run.done.dram[run.output].data[1] = std::numeric_limits<double>::quiet_NaN();
  CHECK(run.check().wrong == 1);
  CHECK_FALSE(run.check().passed());
  run.reference.tensors[run.output].data[1] = std::numeric_limits<double>::quiet_NaN();
  CHECK(run.check().passed());
}

TEST_CASE("An infinite result is wrong where the reference is finite") {
  Run run;
  run.done.dram[run.output].data[0] = std::numeric_limits<double>::infinity();
  CHECK(run.check().wrong == 1);
}

TEST_CASE("An output of which nothing is in DRAM does not pass") {
  Run run;
  run.done.complete[run.output].setConstant(false);
  CHECK(run.check().elements == 0);
  CHECK_FALSE(run.check().passed());
}

TEST_CASE("Thirty loops over one rank, each ragged in the one above, are scaled and verified") {
  // Each ragged tile is cut by all the loops below it again: 2^30 kinds of tiles, were they told one by one.
  CascadeBuilder make{"nest", DataType::kFp32};
  const RankId l = make.rank("L", Elements{220});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  make.make("y", OpKind::kRelu, {"y", {l}}, {make.at(x)});
  const Cascade cascade = sound(make.finish());
  std::string text = "y";
  for (std::int64_t tile = 213 - 29 * 7; tile <= 213; tile += 7)
    text = fmt::format("L:{}{{ {} }}", tile, text);
  CHECK(verify(cascade, plan_of(cascade, text), accelerator()).passed());
}

}  // namespace
}  // namespace fusescape::test_plans::verification_test
