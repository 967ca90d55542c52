// Do plans, run on numbers, move, hold and compute what the closed form says? The shipped workloads, every
// strategy.
#include "fusescape/check/verification.hpp"

#include <catch2/catch.hpp>

#include "designs.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/report/verification.hpp"
#include "fusescape/search/assessment.hpp"
#include "random_plans.hpp"

namespace fusescape::test_plans::verification_test {
namespace {

std::vector<Setting> settings_of(const std::vector<std::string>& texts) {
  std::vector<Setting> settings;
  for (const std::string& text : texts) settings.push_back(*parse_setting(text));
  return settings;
}

Accelerator machine_of(const char* arch) {
  const auto machine = load_accelerator(arch);
  REQUIRE(machine.has_value());
  return *machine;
}

/// Verifies every strategy that has a plan; returns how many have.
int verify_all(const char* workload, const std::vector<std::string>& settings, const Accelerator& machine) {
  const auto loaded = load_workload(workload, settings_of(settings));
  REQUIRE(loaded.has_value());
  const Planner planner{loaded->block, machine};
  int verified = 0;
  for (const Strategy& strategy : strategies()) {
    const auto made = assess(planner, design_of(machine), strategy);
    if (!made) continue;
    ++verified;
    const Verification verification = verify(loaded->block, made->plan, machine);
    INFO(text(document_of({workload, machine.name, std::string{strategy.name}}, verification), {}));
    CHECK(verification.passed());
  }
  return verified;
}

TEST_CASE("Every strategy of a Mamba block passes, prefill") {
  CHECK(verify_all("mamba-130m", {}, machine_of("marca")) == static_cast<int>(strategies().size()));
}

TEST_CASE("Every strategy of the fine-grained-fusion paper's block passes on its machine") {
  CHECK(verify_all("mamba-2.8b-pact25", {"L=64"}, machine_of("marca-pact25")) ==
        static_cast<int>(strategies().size()));
}

TEST_CASE("Every strategy of an attention block passes that has a plan for it") {
  CHECK(verify_all("opt-2.7b", {"L=128"}, machine_of("marca")) > 0);
  CHECK(verify_all("opt-2.7b", {"phase=decode", "S=512", "dtype=bf16"}, machine_of("edge")) > 0);
}

TEST_CASE("Every strategy of a gated linear attention passes that has a plan for it") {
  CHECK(verify_all("gated-linear-attention", {}, machine_of("marca")) > 0);
}

TEST_CASE("Every strategy passes in decode, in batches, in narrow types and rewritten") {
  CHECK(verify_all("mamba-130m", {"phase=decode", "B=9", "dtype=fp16"}, machine_of("edge")) > 0);
  CHECK(verify_all("mamba-130m", {"L=77", "dtype=bf16", "rewrite=delta_x"}, machine_of("edge")) > 0);
  CHECK(verify_all("falcon-mamba-7b", {"L=33", "dtype=int8", "B=2"}, machine_of("marca")) > 0);
}

Accelerator machine_in_any_mode(Dice& dice) {
  Accelerator machine = accelerator();
  machine.dram.granule = Bytes{dice.one_in(3) ? 32 : 1};
  machine.model.double_buffering = dice.one_in(2);
  machine.model.count_second_slots = dice.one_in(2);
  machine.model.in_place = dice.one_in(2);
  return machine;
}

TEST_CASE("Random plans on random large ranks pass, scaled down") {
  constexpr std::uint32_t kCases = 3000;
  int verified = 0;
  for_all(kCases, [&](Dice& dice) {
    const Cascade large = lengthened(dice, random_cascade(dice), 60);
    const Plan plan = RandomPlan{dice, large}.run();
    if (!lay_out(large, plan)) return;
    if (total_ops(scaled_down(large, plan).cascade) > Ops{50'000}) return;  // Slow, not different.
    ++verified;
    const Verification made = verify(large, plan, machine_in_any_mode(dice));
    CAPTURE(text_of(large), text_of(large, plan));
    INFO(text(document_of({"random", "random", "random"}, made), {}));
    CHECK(made.passed());
  });
  CHECK(verified > static_cast<int>(kCases / 10));
}

TEST_CASE("Terms added in another order differ by less than the tolerance, but do differ") {
  CascadeBuilder make{"two sums", DataType::kFp32};
  const RankId m = make.rank("M", Elements{6});
  const RankId j = make.rank("J", Elements{5});
  const RankId k = make.rank("K", Elements{6});
  const TensorId x = make.tensor("X", {m, j, k}, TensorKind::kInput);
  const TensorId y = make.tensor("Y", {j, k}, TensorKind::kWeight);
  make.make("Z", OpKind::kMatmul, {"Z", {m}}, {make.at(x), make.at(y)});
  const Cascade cascade = sound(make.finish());
  const Verification made = verify(cascade, plan_of(cascade, "K:1{ J:1{ Z } }"), accelerator());
  CHECK(made.passed());
  for (const NumericCheck& run : made.runs) {
    CHECK(run.tensors.front().error > 0.0);
    CHECK(run.tensors.front().error <= run.tensors.front().tolerance);
  }
  // 30 terms of one sign: 2 * 30 units of half a spacing, over a result of their size, and one spacing more.
  CHECK(made.runs.front().tensors.front().tolerance < 64 * std::ldexp(1.0, -23));
}

/// A verification of one group in which everything is equal.
Verification all_equal(const Cascade& cascade) {
  return verify(cascade, plan_of(cascade, "M:2{ Z }"), accelerator());
}

TEST_CASE("Any number that differs fails the verification, and the text shows both") {
  const Cascade cascade = matmul(4, 6, 5);
  const VerificationSubject subject{"matmul", "test", "by hand"};
  Verification made = all_equal(cascade);
  CHECK(made.passed());
  CHECK(text(document_of(subject, made), {}).find("verdict: equal") != std::string::npos);
  made.groups.front().tensors.front().read.counted += Bytes{4};
  CHECK_FALSE(made.passed());
  CHECK(text(document_of(subject, made), {}).find(" no\n") != std::string::npos);
  CHECK(text(document_of(subject, made), {}).find("verdict: DIFFERENT") != std::string::npos);
  made = all_equal(cascade);
  made.groups.front().peak.closed += Bytes{1};
  CHECK_FALSE(made.passed());
  made = all_equal(cascade);
  made.groups.front().kinds.front().ops.counted += Ops{1};
  CHECK_FALSE(made.passed());
  CHECK(text(document_of(subject, made), {}).find("matmul 121, not 120") != std::string::npos);
  made = all_equal(cascade);
  made.runs.back().tensors.front().wrong = 1;
  CHECK_FALSE(made.passed());
  made = all_equal(cascade);
  made.tight = false;
  CHECK_FALSE(made.passed());
}

TEST_CASE("What is verified of a small matmul is what a person counts") {
  // Z[4,6] = X[4,5] Y[5,6], fp32, rows in twos: X once, Y once (it stays), Z once; X and Z in two slots.
  const Verification made = all_equal(matmul(4, 6, 5));
  REQUIRE(made.groups.size() == 1);
  const GroupCheck& group = made.groups.front();
  REQUIRE(group.tensors.size() == 3);
  CHECK(group.tensors[0].read.counted == Bytes{4 * 5 * 4});
  CHECK(group.tensors[1].read.counted == Bytes{5 * 6 * 4});
  CHECK(group.tensors[2].written.counted == Bytes{4 * 6 * 4});
  CHECK(group.peak.counted == Bytes{(2 * 2 * 5 + 5 * 6 + 2 * 2 * 6) * 4});
  REQUIRE(made.runs.size() == 2);
  CHECK(made.runs[0].tensors.front().elements == 4 * 6);
}

}  // namespace
}  // namespace fusescape::test_plans::verification_test
