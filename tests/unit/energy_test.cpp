// Is energy what was counted times what it costs, and null with the reason where a cost is unknown?
#include "fusescape/cost/energy.hpp"

#include <catch2/catch.hpp>

#include "plans.hpp"
#include "technology_tables.hpp"

namespace fusescape::test_plans::energy_test {
namespace {

using namespace test_tables;

Accelerator with_sram(OnChipMemory memory, DataType pes = DataType::kFp32) {
  Accelerator made = accelerator(64, 128);
  made.sram = memory;
  made.pe_type = pes;
  return made;
}
/// MARCA's: 384 banks of 64 KiB.
const OnChipMemory kBanked{.capacity = 24_MiB, .banks = {}};
const OnChipMemory kOneArray{.capacity = 24_MiB, .banks = 1};

EnergyCounts one_of_each() {
  EnergyCounts counts{.dram_read = Bytes{60},
                      .dram_write = Bytes{40},
                      .onchip_fill = Bytes{70},
                      .onchip_drain = Bytes{50},
                      .register_read = Bits{11},
                      .register_write = Bits{13}};
  counts.operations[static_cast<std::size_t>(DataType::kFp32)] = {.macs = Ops{1000},
                                                                  .multiplications = Ops{200},
                                                                  .additions = Ops{300},
                                                                  .sums = Ops{400},
                                                                  .functions = Ops{5}};
  return counts;
}
const Activity kActivity{.onchip_read = Bytes{200}, .onchip_write = Bytes{300}, .time = Seconds{2e-6}};

Technology complete() {
  Technology made = cacti7();
  made.energy.registers = RegisterEnergy{Picojoules{0.01}, Picojoules{0.02}, {}};
  made.energy.function_upper = SourcedNumber<Picojoules>{Picojoules{9.385}, {}};
  return made;
}

EnergyBreakdown priced(const EnergyCounts& counts, const Technology& technology,
                       const OnChipMemory& memory = kBanked) {
  return energy_of(counts, kActivity, prices_of(with_sram(memory), &technology));
}

std::string reason(const EnergyBreakdown& energy, EnergyComponent component, const Technology& technology) {
  return energy[component] ? "" : describe(energy[component].error(), &technology);
}

TEST_CASE("Energy is the sum of bits, operations and time, each times its cost") {
  const EnergyBreakdown energy = priced(one_of_each(), complete(), kOneArray);
  CHECK(energy[EnergyComponent::kDram]->value() == Approx(100 * 8 * 3.9));
  // What DRAM writes take out is read, and what DRAM reads bring is written.
  CHECK(energy[EnergyComponent::kOnchip]->value() == Approx(8 * (250 * 2.153 + 370 * 2.119)));
  CHECK(energy[EnergyComponent::kWire]->value() == 0.0);
  const double multiplication = 3.7 * 0.513;
  const double addition = 0.9 * 0.513;
  const double mac = multiplication + addition;
  const double simple = 1000 * mac + 200 * multiplication + 300 * addition + 400 * addition;
  CHECK(energy[EnergyComponent::kCompute]->value() == Approx(simple + 5 * 2 * mac));
  CHECK(energy.compute_low->value() == Approx(simple + 5 * mac));
  CHECK(energy.compute_high->value() == Approx(simple + 5 * 9.385));
  CHECK(energy[EnergyComponent::kRegisters]->value() == Approx(11 * 0.01 + 13 * 0.02));
  CHECK(energy[EnergyComponent::kLeakage]->value() == Approx(2.408e-3 * 2e-6 * 1e12));
  Picojoules sum{0.0};
  for (const Energy& part : energy.components) sum += *part;
  CHECK(*energy.total == sum);
}

TEST_CASE("A wire is half the side of the square that the banks fill, not one array of their capacity") {
  // 384 banks of 64 KiB at 1.69 mm2 per MiB: 40.56 mm2, a side of 6.3687 mm; one array would take 30 mm2.
  const auto length = wire_length_mm(kBanked, cacti7());
  CHECK(length->value == Approx(6.3687 / 2).epsilon(1e-5));
  CHECK_FALSE(length->extrapolated);
  const Technology technology = cacti7();
  const EnergyPrices prices = prices_of(with_sram(kBanked), &technology);
  CHECK(prices.sram_read->value() == Approx(0.088));
  CHECK(prices.sram_write->value() == Approx(0.096));
  CHECK(prices.wire->value() == Approx(0.12 * 6.3687 / 2).epsilon(1e-5));
  const EnergyPrices monolithic = prices_of(with_sram(kBanked), &technology, SramAccess::kMonolithic);
  CHECK(monolithic.sram_read->value() == Approx(2.153));
  CHECK(monolithic.wire->value() == 0.0);
}

TEST_CASE("One bank needs no wire, two do, and their area") {
  Technology wireless = cacti7();
  wireless.energy.wire.reset();
  CHECK(prices_of(with_sram({.capacity = 64_KiB, .banks = {}}), &wireless).wire->value() == 0.0);
  const OnChipMemory two{.capacity = 128_KiB, .banks = {}};
  CHECK(prices_of(with_sram(two), &wireless).wire.error() == EnergyHole{Missing::kWire, {}});
  wireless.sram_area.points.clear();
  CHECK(prices_of(with_sram(two), &wireless).wire.error() == EnergyHole{Missing::kSramArea, {}});
}

TEST_CASE("A missing price makes its component and the total null, with the reason, and no other component") {
  struct Case {
    EnergyComponent component;
    void (*remove)(Technology&);
    const char* why;
  };
  const std::vector<Case> cases{
      {EnergyComponent::kDram, [](Technology& t) { t.energy.dram.reset(); },
       "cacti7-28nm has no energy of a bit to or from DRAM"},
      {EnergyComponent::kOnchip, [](Technology& t) { t.energy.sram.points.clear(); },
       "cacti7-28nm has no energy of SRAM accesses"},
      {EnergyComponent::kWire, [](Technology& t) { t.energy.wire.reset(); },
       "cacti7-28nm has no energy of wires"},
      {EnergyComponent::kWire, [](Technology& t) { t.sram_area.points.clear(); },
       "cacti7-28nm has no area of SRAM, which the length of its wires follows from"},
      {EnergyComponent::kCompute,
       [](Technology& t) { t.energy.operations.entries.erase(t.energy.operations.entries.begin()); },
       "cacti7-28nm has no energy of fp32 multiply-accumulates"},
      {EnergyComponent::kRegisters, [](Technology& t) { t.energy.registers.reset(); },
       "cacti7-28nm has no energy of PE registers, which chains use"},
      {EnergyComponent::kLeakage, [](Technology& t) { t.energy.leakage.points.clear(); },
       "cacti7-28nm has no leakage of SRAM"}};
  for (const Case& missing : cases) {
    Technology technology = complete();
    missing.remove(technology);
    const EnergyBreakdown energy = priced(one_of_each(), technology);
    CAPTURE(missing.why);
    CHECK(reason(energy, missing.component, technology) == missing.why);
    REQUIRE_FALSE(energy.total);
    CHECK(describe(energy.total.error(), &technology) == missing.why);
    for (const EnergyComponentFacts& f : kEnergyComponents) {
      CHECK(energy[f.component].has_value() == (f.component != missing.component));
    }
  }
}

TEST_CASE("A count of zero needs no price") {
  const Technology bare = [] {
    Technology made = marca_calibrated();
    made.energy.leakage = cacti7().energy.leakage;
    return made;
  }();
  const EnergyBreakdown none = energy_of({}, {.onchip_read = {}, .onchip_write = {}, .time = Seconds{0.0}},
                                         prices_of(with_sram(kBanked), &bare));
  CHECK(none.total == Picojoules{0.0});
}

TEST_CASE("Without a technology every component says so") {
  const EnergyBreakdown none = energy_of(one_of_each(), kActivity, prices_of(with_sram(kBanked), nullptr));
  for (const EnergyComponentFacts& f : kEnergyComponents) {
    CHECK(describe(none[f.component].error(), nullptr) == "the accelerator names no technology");
  }
}

TEST_CASE("An overflowed count has no energy") {
  EnergyCounts counts;
  counts.dram_read = Bytes::overflowed();
  const EnergyBreakdown energy = priced(counts, cacti7());
  CHECK(energy[EnergyComponent::kDram].error() == EnergyHole{Missing::kOverflow, {}});
  CHECK_FALSE(energy.total);
}

TEST_CASE("Data wider than the PEs have no energy; narrower data cost what the PEs' own do") {
  const Technology technology = cacti7();
  const auto compute = [&](DataType data, DataType pes) {
    EnergyCounts counts;
    counts.operations[static_cast<std::size_t>(data)].macs = Ops{1};
    return energy_of(counts, kActivity,
                     prices_of(with_sram(kBanked, pes), &technology))[EnergyComponent::kCompute];
  };
  CHECK(compute(DataType::kFp32, DataType::kFp16).error() ==
        EnergyHole{Missing::kWiderThanPes, DataType::kFp32});
  CHECK(describe({Missing::kWiderThanPes, DataType::kFp32}, &technology) ==
        "fp32 data are wider than the PEs, which no table prices");
  CHECK(compute(DataType::kFp16, DataType::kFp32)->value() == Approx((3.7 + 0.9) * 0.513));
  // An fp16 product is summed in fp32.
  CHECK(compute(DataType::kFp16, DataType::kFp16)->value() == Approx((1.1 + 0.9) * 0.513));
}

TEST_CASE("A table's own multiply-accumulate comes before the sum of its parts") {
  Technology technology = cacti7();
  CHECK(mac_energy(technology, DataType::kFp32)->value() == Approx(4.6 * 0.513));
  technology.energy.mac.entries = {{DataType::kFp32, DataType::kFp32, Picojoules{1.5}}};
  CHECK(mac_energy(technology, DataType::kFp32) == Picojoules{1.5});
  CHECK(mac_energy(technology, DataType::kInt8)->value() == Approx(0.3 * 0.513));
}

TEST_CASE("A product of k operands is k - 1 multiplications, a matmul only multiply-accumulates") {
  const auto ops = [](OpKind kind, std::int64_t inputs) { return operations_of(kind, inputs, Ops{10}); };
  CHECK(ops(OpKind::kMul, 2) == OperationCounts{.multiplications = Ops{10}});
  CHECK(ops(OpKind::kMul, 3) == OperationCounts{.multiplications = Ops{20}});
  CHECK(ops(OpKind::kAdd, 3) == OperationCounts{.additions = Ops{20}});
  CHECK(ops(OpKind::kMatmul, 2) == OperationCounts{.macs = Ops{10}});
  CHECK(ops(OpKind::kMatmul, 3) == OperationCounts{.macs = Ops{10}});  // The bias starts the sum.
  CHECK(ops(OpKind::kReduceSum, 1) == OperationCounts{.sums = Ops{10}});
  CHECK(ops(OpKind::kMax, 2) == OperationCounts{.additions = Ops{10}});
  CHECK(ops(OpKind::kGather, 2) == OperationCounts{});
}

TEST_CASE("Nonlinear kinds are made of functions, additions and multiplications") {
  const auto ops = [](OpKind kind, std::int64_t inputs) { return operations_of(kind, inputs, Ops{1}); };
  CHECK(ops(OpKind::kExp, 1) == OperationCounts{.functions = Ops{1}});
  // 1 / (1 + exp(-a)); a times that; log(1 + exp(a + bias)); a * (1 / b).
  CHECK(ops(OpKind::kSigmoid, 1) == OperationCounts{.additions = Ops{1}, .functions = Ops{2}});
  CHECK(ops(OpKind::kSilu, 1) ==
        OperationCounts{.multiplications = Ops{1}, .additions = Ops{1}, .functions = Ops{2}});
  CHECK(ops(OpKind::kSoftplus, 2) == OperationCounts{.additions = Ops{2}, .functions = Ops{2}});
  CHECK(ops(OpKind::kDiv, 2) == OperationCounts{.multiplications = Ops{1}, .functions = Ops{1}});
}

std::vector<EnergyCounts> counts_of(const Cascade& cascade, const Plan& plan, const ProfileOptions& options) {
  const auto layout = lay_out(cascade, plan, Coverage::kPart);
  REQUIRE(layout);
  return energy_counts(cascade, plan, *layout, profile(cascade, plan, *layout, options), options);
}

TEST_CASE("A tensor stored narrower crosses DRAM narrower, and fills the on-chip memory at its own width") {
  // X 8 x 4 and Z 8 x 4 in fp32: 128 B each; Y has 16 elements, 64 B on chip and 16 B in DRAM at 8 bits.
  const Cascade cascade = matmul(8, 4, 4);
  Plan plan = plan_of(cascade, "Z");
  const EnergyCounts plain = counts_of(cascade, plan, {}).front();
  CHECK(plain.dram_read == Bytes{128 + 64});
  CHECK(plain.onchip_fill == Bytes{128 + 64});
  CHECK(plain.onchip_drain == Bytes{128});
  plan.formats = {{*find_tensor(cascade, "Y"), 8}};
  const EnergyCounts packed = counts_of(cascade, plan, {}).front();
  CHECK(packed.dram_read == Bytes{128 + 16});
  CHECK(packed.onchip_fill == Bytes{128 + 64});
  CHECK(packed.onchip_drain == Bytes{128});
}

TEST_CASE("The rest of a DRAM burst is paid to the DRAM and never written on chip") {
  // Eight rows of X, 16 B each, in bursts of 32 B; likewise rows of Z; Y is 64 B.
  const Cascade cascade = matmul(8, 4, 4);
  const Plan plan = plan_of(cascade, "M:1{ Z }");
  const EnergyCounts counts = counts_of(cascade, plan, {.granule = Bytes{32}}).front();
  CHECK(counts.dram_read == Bytes{8 * 32 + 64});
  CHECK(counts.onchip_fill == Bytes{128 + 64});
  CHECK(counts.dram_write == Bytes{8 * 32});
  CHECK(counts.onchip_drain == Bytes{128});
}

TEST_CASE("A chain reads and writes registers for what it does not send through the memory") {
  const Cascade cascade = state_update({.l = 3, .d = 8, .n = 4});
  const EnergyCounts through =
      counts_of(cascade, plan_of(cascade, "L:1{ dA exp dB dBx t h y }"), kSingle).front();
  CHECK(through.register_read == Bits{});
  CHECK(through.register_write == Bits{});
  const EnergyCounts chained =
      counts_of(cascade, plan_of(cascade, "L:1{ chain{ dA exp dB dBx t h y } }"), kSingle).front();
  // Written: Delta (dA reads it from memory, dB once more), dA, Abar, dB, dBx, t, h; each is read once.
  CHECK(chained.register_write == Bits{7 * 32 * 3 * 8 * 4});
  CHECK(chained.register_read == Bits{7 * 32 * 3 * 8 * 4});
  CHECK(chained.operations == through.operations);

  const Technology silent = cacti7();
  CHECK(reason(priced(chained, silent), EnergyComponent::kRegisters, silent) ==
        "cacti7-28nm has no energy of PE registers, which chains use");
  CHECK(priced(through, silent)[EnergyComponent::kRegisters] == Picojoules{0.0});
  CHECK(priced(chained, complete())[EnergyComponent::kRegisters]->value() ==
        Approx(7 * 32 * 3 * 8 * 4 * (0.01 + 0.02)));
}

TEST_CASE("An operation counts in the widest type that it operates on, whatever its bias or output is") {
  const Cascade cascade = matmul(2, 2, 2, DataType::kFp16);
  const EnergyCounts counts = counts_of(cascade, plan_of(cascade, "Z"), {}).front();
  CHECK(counts.operations[static_cast<std::size_t>(DataType::kFp16)].macs == Ops{8});
}

TEST_CASE("Power is energy over time, and null for the energy's reason") {
  // 14.336 W = 256 GB/s x 8 bit x 7 pJ.
  const Energy second = Picojoules{256e9 * 8 * 7};
  CHECK(average_power(second, Seconds{1.0})->value() == Approx(14.336));
  CHECK(average_power(second, Seconds{2.0})->value() == Approx(7.168));
  const Energy none = unexpected{EnergyHole{Missing::kDram, {}}};
  CHECK(average_power(none, Seconds{1.0}).error() == EnergyHole{Missing::kDram, {}});
  // 384 banks of 64 KiB leak 7 uW each, one array of 24 MiB 2.408 mW.
  CHECK(leakage_of(kBanked, cacti7())->value() == Approx(384 * 7e-6));
  CHECK(leakage_of(kOneArray, cacti7())->value() == Approx(2.408e-3));
}

}  // namespace
}  // namespace fusescape::test_plans::energy_test
