// What does the simulator run? A group's program, as text.
#include <catch2/catch.hpp>

#include "../../src/sim/context.hpp"
#include "plans.hpp"
#include "program_text.hpp"

namespace fusescape::test_plans::sim_program_test {
namespace {

/// y[l] = exp(x[l]) * w, 8 elements of 4 bytes, two at a time.
Cascade exp_and_scale() {
  CascadeBuilder make{"program", DataType::kFp32};
  const RankId l = make.rank("L", Elements{8});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  const TensorId w = make.tensor("w", {}, TensorKind::kInput);
  const TensorId e = make.make("exp", OpKind::kExp, {"e", {l}}, {make.at(x)});
  make.make("mul", OpKind::kMul, make.tensor("y", {l}, TensorKind::kOutput), {make.at(e), make.at(w)});
  return sound(make.finish());
}

std::string program_of(const Accelerator& machine, Tiling tiling,
                       const std::vector<std::uint32_t>& core_of = {}) {
  const Cascade cascade = exp_and_scale();
  const Plan plan = plan_of(cascade, "L:2{ exp mul }");
  const Layout layout = lay_out(cascade, plan).value();
  const Machine made = make_machine(machine).value();
  const auto context = make_context(cascade, plan, layout, machine, made, core_of);
  REQUIRE(context.has_value());
  return text_of(*context, compile(*context, 0, tiling));
}

TEST_CASE("A group's program names its tiles, and who fills and reads which places") {
  CHECK(program_of(accelerator(), Tiling::kPerCore) ==
        "core0: L:2{ [exp mul] }\n"
        "x: fetched, 2 places of 8 B, per L; read by [exp mul]\n"
        "w: fetched, 1 place of 4 B, once; read by [exp mul]\n"
        "e: exchanged, 1 place of 8 B, per L; made by [exp mul]\n"
        "y: produced, 2 places of 8 B, per L; made by [exp mul]; stored\n");
}

TEST_CASE("Where memory is managed each operator is a tile") {
  const std::string text = program_of(accelerator(), Tiling::kOperators);
  CHECK(text.substr(0, text.find('\n')) == "core0: L:2{ [exp] [mul] }");
}

TEST_CASE("Each core has its own tiles, and waits for what another makes") {
  Accelerator machine = accelerator();
  machine.cores.front().count = 2;
  const std::string text = program_of(machine, Tiling::kPerCore, {0, 1});
  CAPTURE(text);
  CHECK(text.find("core0.0: L:2{ [exp] }\ncore0.1: L:2{ [mul] }\n") == 0);
  CHECK(text.find("[mul] waits for e of [exp]\n") != std::string::npos);
}

}  // namespace
}  // namespace fusescape::test_plans::sim_program_test
