// Do settings land where a user means them, and are bad ones named?
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>

#include "fusescape/arch/engines.hpp"
#include "fusescape/config/load.hpp"

namespace fusescape::settings_test {
namespace {

const char* const kArch =
    "kind: accelerator\n"
    "version: 1\n"
    "name: small\n"
    "source: made for this test\n"
    "clock: 1 GHz\n"
    "cores:\n"
    "  - {name: pe, rows: 4, cols: 8, cycles: {default: 1, exp: 4}}\n"
    "sram: {capacity: 1 MiB, bank_read: 32 B/cycle}\n"
    "dram: {bandwidth: 8 B/cycle}\n";

const char* const kCascade =
    "kind: cascade\n"
    "version: 1\n"
    "name: twice\n"
    "source: made for this test\n"
    "token_ranks: [L]\n"
    "ranks: {L: 8, D: 4}\n"
    "tensors:\n"
    "  - {name: x, ranks: [L, D], kind: input}\n"
    "  - {name: y, ranks: [L, D], kind: output}\n"
    "operators:\n"
    "  - {name: double, kind: add, output: y, inputs: [x, x]}\n";

InputFile file(const char* text) {
  auto input = parse_input("f.yaml", text);
  if (!input) FAIL(input.error().text);
  return *std::move(input);
}

Setting setting(const char* assignment) {
  const auto parsed = parse_setting(assignment);
  REQUIRE(parsed);
  return *parsed;
}

Accelerator arch_with(const char* assignment) {
  const Setting settings[] = {setting(assignment)};
  auto arch = bind_accelerator(file(kArch), settings);
  if (!arch) FAIL(arch.error().text);
  return *std::move(arch);
}

/// The usage error that a setting causes.
std::string refusal(const char* assignment) {
  const Setting settings[] = {setting(assignment)};
  const auto arch = bind_accelerator(file(kArch), settings);
  REQUIRE_FALSE(arch);
  CHECK(arch.error().cause == InputError::Cause::kUsage);
  CHECK(arch.error().settings.size() == 1);
  return arch.error().text;
}

/// Two cores, of which the first computes in `type`.
std::string two_cores(std::string_view type) {
  std::string text = kArch;
  const std::string first =
      fmt::format("  - {{name: narrow, type: {}, rows: 2, cols: 2, cycles: {{matmul: 1}}}}\n", type);
  return text.insert(text.find("  - {name: pe"), first);
}

TEST_CASE(
    "A core whose type is narrower than the pe_type, or whole numbers for fractions, is as if the file did "
    "not "
    "have it") {
  const auto of_integers = [](const DataTypeFacts& type) { return type.name.substr(0, 3) == "int"; };
  for (const DataTypeFacts& core : kDataTypes) {
    const std::string text = two_cores(core.name);
    for (const DataTypeFacts& pe : kDataTypes) {
      CAPTURE(core.name, pe.name);
      const std::string assignment = fmt::format("pe_type={}", pe.name);
      const Setting settings[] = {setting(assignment.c_str())};
      const auto both = bind_accelerator(file(text.c_str()), settings);
      REQUIRE(both);
      const Accelerator alone = arch_with(assignment.c_str());
      const bool left_out = core.bits < pe.bits || of_integers(core) != of_integers(pe);
      CHECK(both->cores.size() == (left_out ? 1 : 2));
      CHECK((array_model(*both) == array_model(alone)) == left_out);
      CHECK(both->pes() == alone.pes() + (left_out ? 0 : 4));
    }
  }
}

TEST_CASE("Cores share everything at once and in no time unless links are given, by file or by path") {
  const Links none = arch_with("clock=1 GHz").links;
  CHECK(none.topology == Topology::kPairwise);
  CHECK(none.bandwidth.unlimited());
  CHECK(none.latency == Cycles{0});
  CHECK(arch_with("links.topology=bus").links.topology == Topology::kBus);
  CHECK(arch_with("links.bandwidth=64 GB/s").links.bandwidth == BitsPerCycle{512});  // At 1 GHz.
  CHECK(arch_with("links.latency=5 cycles").links.latency == Cycles{5});
}

TEST_CASE("A setting replaces a value that the file gives") {
  CHECK(arch_with("sram.capacity=6 MiB").sram.capacity == Bytes{6 * 1024 * 1024});
  CHECK(arch_with("clock=500 MHz").clock.value() == 5e8);
  CHECK(arch_with("cores.pe.rows=16").cores.at(0).rows == 16);
  CHECK(arch_with("cores.0.cols=16").cores.at(0).cols == 16);
  CHECK(arch_with("cores.pe.cycles.exp=7")
            .cores.at(0)
            .cycles_per_op.at(static_cast<std::size_t>(OpKind::kExp)) == 7);
}

TEST_CASE("A setting adds a key that the file leaves out, and the section it stands in") {
  CHECK(arch_with("model.buffering=single").model.double_buffering == false);
  CHECK(arch_with("dram.granule=64 B").dram.granule == Bytes{64});
  CHECK(arch_with("pe_type=bf16").pe_type == DataType::kBf16);
}

TEST_CASE("A list can be set in YAML's flow form") {
  CHECK(arch_with("cores.pe.spatial=[{flat: [all]}]").cores.at(0).spatial.at(0).flat.at(0) == "all");
}

TEST_CASE("Bandwidth per second is rounded down to whole bits of the clock that settings leave") {
  // 10 GB/s = 80e9 bit/s; at 700 MHz 114.28 bit per cycle.
  const Setting settings[] = {setting("clock=700 MHz"), setting("dram.bandwidth=10 GB/s")};
  CHECK(bind_accelerator(file(kArch), settings)->dram.bandwidth.value == 114);
}

TEST_CASE("The last of several settings of one key holds") {
  const Setting settings[] = {setting("clock=1 MHz"), setting("clock=2 MHz")};
  CHECK(bind_accelerator(file(kArch), settings)->clock.value() == 2e6);
}

TEST_CASE("A bad setting is reported as the setting, not as the file") {
  CHECK(refusal("sram.capacity=6") ==
        "--set sram.capacity=6: sram.capacity: '6' has no unit; expected bytes such as '24 MiB' (B, KiB, "
        "MiB, GiB, "
        "TiB, KB, MB, GB)\n");
  CHECK(refusal("cores.pe.rows=0") ==
        "--set cores.pe.rows=0: cores[0].rows: '0' is less than 1; expected a whole number from 1\n");
  CHECK(refusal("clock=[1]") ==
        "--set clock=[1]: clock: expected clock frequency such as '1 GHz' (Hz, kHz, MHz, GHz), got a list\n");
  CHECK(refusal("clock=\"1") == "--set clock=\"1: this quote is never closed\n");
  CHECK(refusal("dram.efficiency=0") ==
        "--set dram.efficiency=0: dram.efficiency: expected more than 0 and at most 1\n");
  CHECK(refusal("dram.efficiency=0.01") ==
        "--set dram.efficiency=0.01: dram.efficiency: leaves less than one bit per cycle of 64 bit/cycle\n");
}

TEST_CASE("Several settings are each reported, with their position") {
  const Setting settings[] = {setting("clock=0 Hz"), setting("sram.capacity=2 MiB"), setting("pe_type=fp33")};
  const auto arch = bind_accelerator(file(kArch), settings);
  REQUIRE_FALSE(arch);
  REQUIRE(arch.error().settings.size() == 2);
  CHECK(arch.error().settings[0].setting == 0);
  CHECK(arch.error().settings[1].setting == 2);
}

TEST_CASE("A key that no file takes is an error with the nearest one that does") {
  const InputFile arch = file(kArch);
  const InputFile cascade = file(kCascade);
  const InputFile* const inputs[] = {&arch, &cascade};
  const Setting settings[] = {setting("sram.capacty=1 MiB"), setting("L=2"), setting("Q=2"),
                              setting("name=x")};
  const auto error = unknown_settings(settings, inputs);
  REQUIRE(error);
  CHECK(error->text ==
        "--set sram.capacty=1 MiB: unknown key 'sram.capacty'; did you mean 'sram.capacity'?\n"
        "--set Q=2: unknown key 'Q'; 'fusescape list keys --arch A --workload W' lists them\n"
        "--set name=x: unknown key 'name'; 'fusescape list keys --arch A --workload W' lists them\n");
}

TEST_CASE("The ranks of a cascade are set by their names") {
  const Setting settings[] = {setting("L=1000000000"), setting("dtype=fp16")};
  const auto workload = bind_workload(file(kCascade), settings);
  REQUIRE(workload);
  CHECK(workload->tokens == Elements{1'000'000'000});
  CHECK(workload->block.tensors.at(0).type == DataType::kFp16);
}

TEST_CASE("Each file takes the settings that are meant for it and leaves the others") {
  CHECK(takes_setting(file(kArch), "sram.capacity"));
  CHECK_FALSE(takes_setting(file(kArch), "L"));
  CHECK(takes_setting(file(kCascade), "L"));
  CHECK_FALSE(takes_setting(file(kCascade), "sram.capacity"));
  CHECK_FALSE(takes_setting(file(kArch), "version"));
  CHECK_FALSE(takes_setting(file(kArch), "sram"));
  CHECK_FALSE(takes_setting(file(kArch), "cores.7.rows"));
  CHECK_FALSE(takes_setting(file(kArch), "area_fraction"));  // It has no iso_area.
}

TEST_CASE("A setting without '=' or without a part is a usage error") {
  for (const char* bad : {"L", "=3", "L=", ""}) {
    const auto parsed = parse_setting(bad);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().cause == InputError::Cause::kUsage);
  }
}

TEST_CASE("Decode with more than one token is refused by the setting that asks for it") {
  const char* const model =
      "kind: model\nversion: 1\nfamily: mamba1\nname: m\nsource: made for this test\nn_layer: 1\nd_model: "
      "16\n"
      "vocab: 10\nL: 4\n";
  const Setting settings[] = {setting("phase=decode")};
  const auto workload = bind_workload(file(model), settings);
  REQUIRE_FALSE(workload);
  CHECK(workload.error().text == "--set phase=decode: L: decode makes one token at a time; expected 1\n");
}

}  // namespace
}  // namespace fusescape::settings_test
