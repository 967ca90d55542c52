// Does every shipped file load, and mean what its source says?
#include <catch2/catch.hpp>

#include "fusescape/arch/area.hpp"
#include "fusescape/config/load.hpp"
#include "loaded.hpp"

namespace fusescape::shipped_files_test {
namespace {

Setting setting(std::string key, std::string value) {
  return {std::move(key), std::move(value), {}};
}

TEST_CASE("Every shipped file is valid") {
  for (const Shelf shelf :
       {Shelf::kArchs, Shelf::kTechs, Shelf::kWorkloads, Shelf::kSweeps, Shelf::kPlans, Shelf::kCorey}) {
    for (const std::string& name : shipped_names(shelf)) {
      CAPTURE(name);
      const InputFile input = value_of(find_input(shelf, name));
      const auto error = check_input(input);
      CHECK((error ? error->text : "") == "");
    }
  }
}

TEST_CASE("The names that scripts rely on are shipped") {
  for (const char* name : {"marca", "marca-pact25", "edge", "tpu-like"}) CHECK(load_accelerator(name));
  for (const char* name : {"marca-calibrated", "cacti7-28nm", "tpuv1-upper", "tpuv4i-7nm"})
    CHECK(load_technology(name));
  for (const char* name : {"mamba-130m", "mamba-370m", "mamba-790m", "mamba-1.4b", "mamba-2.8b",
                           "mamba-2.8b-pact25", "falcon-mamba-7b"}) {
    CHECK(load_workload(name));
  }
}

TEST_CASE("Shipped Mamba-1 models have the parameter counts of the released checkpoints") {
  // Sums of the tensors of state-spaces/mamba-*; docs/model/workloads.md has the formula.
  const std::pair<const char*, std::int64_t> expected[] = {
      {"mamba-130m", 129'135'360},   {"mamba-370m", 371'516'416},   {"mamba-790m", 793'204'224},
      {"mamba-1.4b", 1'372'178'432}, {"mamba-2.8b", 2'768'345'600}, {"falcon-mamba-7b", 7'272'665'088},
  };
  for (const auto& [name, params] : expected) {
    CAPTURE(name);
    const Workload workload = value_of(load_workload(name));
    REQUIRE(workload.params);
    CHECK(workload.params->value() == params);
  }
}

TEST_CASE("MARCA and the template at a = 1, m = 0.8 are the same silicon") {
  // 30 MiB x 0.8 = 24 MiB; 40960 x 0.2 = 8192 = 64 x 128; 2048 x sqrt(1) = 2048.
  for (const char* name : {"marca", "marca-pact25"}) {
    CAPTURE(name);
    const Accelerator arch = value_of(load_accelerator(name));
    CHECK(arch.sram.capacity == Bytes{24 * 1024 * 1024});
    CHECK(arch.cores.at(0).rows == 64);
    CHECK(arch.cores.at(0).cols == 128);
    CHECK(arch.dram.bandwidth.value == 2048);
    CHECK(arch.clock.value() == 1e9);
  }
}

TEST_CASE("MARCA's banks scale with its capacity and the template's bandwidth is unlimited") {
  // 24 MiB / 64 KiB = 384 banks of 256 bit.
  const Accelerator marca = value_of(load_accelerator("marca"));
  CHECK(marca.sram.bank_count() == 384);
  CHECK(marca.sram.read_bandwidth().value == 384 * 256);
  const Setting smaller[] = {setting("sram.capacity", "6 MiB")};
  CHECK(value_of(load_accelerator("marca", smaller)).sram.bank_count() == 96);
  CHECK(value_of(load_accelerator("marca-pact25")).sram.bank_read.unlimited());
}

TEST_CASE("A template is derived from the fractions that settings give it") {
  // a = 0.5, m = 0.25: 30 MiB x 0.125 = 3.75 MiB; 40960 x 0.375 = 15360 = 120 x 128; 2048 sqrt(0.5) =
  // 1448.15.
  const Setting settings[] = {setting("area_fraction", "0.5"), setting("memory_fraction", "0.25")};
  const Accelerator arch = value_of(load_accelerator("marca-pact25", settings));
  CHECK(arch.sram.capacity == Bytes{3'932'160});
  CHECK(arch.dram.bandwidth.value == 1448);
}

TEST_CASE("An elementwise operator takes one cycle and an exponential four") {
  const Accelerator marca = value_of(load_accelerator("marca"));
  const auto cycles = [&](OpKind kind) {
    return marca.cores.at(0).cycles_per_op.at(static_cast<std::size_t>(kind));
  };
  for (const OpKind kind : {OpKind::kExp, OpKind::kSigmoid, OpKind::kSilu, OpKind::kSoftplus})
    CHECK(cycles(kind) == 4);
  for (const OpKind kind : {OpKind::kMatmul, OpKind::kConv, OpKind::kMul, OpKind::kRsqrt})
    CHECK(cycles(kind) == 1);
}

TEST_CASE("MARCA's 32 cores have the PEs of its one array, and three units run every kind between them") {
  const Accelerator cores = value_of(load_accelerator("marca-32"));
  CHECK(cores.cores.at(0).count == 32);
  CHECK(cores.pes() == value_of(load_accelerator("marca")).pes());
  const Accelerator units = value_of(load_accelerator("three-units"));
  CHECK(units.pes() == 8192);
  for (std::size_t kind = 0; kind < kOpKindCount; ++kind) {
    int runs = 0;
    for (const Core& core : units.cores) runs += core.cycles_per_op.at(kind) > 0 ? 1 : 0;
    CAPTURE(name_of(static_cast<OpKind>(kind)));
    CHECK(runs > 0);
  }
  CHECK(units.links.bandwidth == BitsPerCycle{8192});
  CHECK(units.links.latency == Cycles{4});
}

TEST_CASE("An H200's tensor cores are there, but not used, where PEs compute in fp32") {
  const Accelerator wide = value_of(load_accelerator("h200"));
  REQUIRE(wide.left_out.size() == 1);
  CHECK(wide.left_out.front().name == "tensor");
  CHECK(wide.left_out.front().type == DataType::kBf16);
  const Setting narrow[] = {setting("pe_type", "bf16")};
  const Accelerator both = value_of(load_accelerator("h200", narrow));
  CHECK(both.left_out.empty());
  CHECK(both.pes() == wide.pes() + wide.left_out.front().pes());
}

TEST_CASE("What a core attains of a kind's rate is that kind's own share, or the default") {
  const Setting shares[] = {setting("cores.lanes.efficiency.default", "0.9"),
                            setting("cores.lanes.efficiency.exp", "0.75")};
  const auto of = [&](OpKind kind) {
    const Accelerator machine = value_of(load_accelerator("h200", shares));
    return machine.cores.front().efficiency.at(static_cast<std::size_t>(kind));
  };
  CHECK(of(OpKind::kExp) == Ratio::of(3, 4));
  CHECK(of(OpKind::kMul) == Ratio::of(9, 10));
  const Setting slow[] = {setting("cores.lanes.efficiency.exp", "0.0079")};
  CHECK_FALSE(load_accelerator("h200", slow));  // 8 / 0.0079 is more than 1000 cycles.
}

TEST_CASE("A core that has no default cannot run what it does not list") {
  const Accelerator tpu = value_of(load_accelerator("tpu-like"));
  const auto& matrix = tpu.cores.at(0).cycles_per_op;
  CHECK(matrix.at(static_cast<std::size_t>(OpKind::kMatmul)) == 1);
  CHECK(matrix.at(static_cast<std::size_t>(OpKind::kExp)) == 0);
  // 256 GB/s x 8 / 700 MHz = 2925.7 bit/cycle, rounded down.
  CHECK(tpu.dram.bandwidth.value == 2925);
}

TEST_CASE("The calibrated table prices MARCA at its die area") {
  const auto area =
      area_of(value_of(load_accelerator("marca")), value_of(load_technology("marca-calibrated")));
  REQUIRE(area.total);
  // 24 MiB x 7.40 + 8192 x 222 x 20% / 8192 = 177.6 + 44.4.
  CHECK(area.total->value() == Approx(222.0).epsilon(1e-12));
}

TEST_CASE("Prefill reads 1024 tokens and decode one, unless the user says otherwise") {
  CHECK(value_of(load_workload("mamba-2.8b")).tokens == Elements{1024});
  const Setting decode[] = {setting("phase", "decode")};
  CHECK(value_of(load_workload("mamba-2.8b", decode)).tokens == Elements{1});
  const Setting batch[] = {setting("L", "64"), setting("B", "8")};
  CHECK(value_of(load_workload("mamba-2.8b", batch)).tokens == Elements{512});
}

TEST_CASE("The paper's block has its state of 64 and its operation counts") {
  // 2,814,832,768 operations at L = 64 and 44,042,242 at L = 1 with the convolution of L + 3 outputs.
  const Setting l64[] = {setting("L", "64")};
  CHECK(total_ops(value_of(load_workload("mamba-2.8b-pact25", l64)).block).value() == 2'814'832'768);
  const Setting l1[] = {setting("L", "1")};
  CHECK(total_ops(value_of(load_workload("mamba-2.8b-pact25", l1)).block).value() == 44'042'242);
}

}  // namespace
}  // namespace fusescape::shipped_files_test
