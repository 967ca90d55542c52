// Do an accelerator's derived numbers follow from its fields?
#include "fusescape/arch/accelerator.hpp"

#include <catch2/catch.hpp>

namespace fusescape::accelerator_test {
namespace {

using literals::operator""_KiB;
using literals::operator""_MiB;

TEST_CASE("The bank count goes with capacity, is at least one, and can be given") {
  OnChipMemory memory{.capacity = 24_MiB, .banks = {}};
  CHECK(memory.bank_count() == 384);
  memory.capacity = 100_KiB;  // One and a half banks of 64 KiB: only whole ones have ports.
  CHECK(memory.bank_count() == 1);
  memory.capacity = 1_KiB;
  CHECK(memory.bank_count() == 1);
  memory.banks = 32;
  CHECK(memory.bank_count() == 32);
}

TEST_CASE("DRAM efficiency takes whole bits off, and is exact") {
  const auto reached = [](std::int64_t bits, std::string_view share) {
    return Dram{.bandwidth = BitsPerCycle{bits}, .efficiency = parse_decimal(share).value()}
        .effective_bandwidth();
  };
  CHECK(reached(2048, "1") == BitsPerCycle{2048});
  CHECK(reached(2048, "0.75") == BitsPerCycle{1536});
  CHECK(reached(3, "0.5") == BitsPerCycle{1});
  CHECK(reached(0, "0.5").unlimited());
  for (std::int64_t hundredths = 1; hundredths <= 100;
       ++hundredths) {  // In binary64, 29 and 58 give one less.
    const Ratio share = Ratio::of(hundredths, 100).value();
    CHECK(Dram{.bandwidth = BitsPerCycle{100}, .efficiency = share}.effective_bandwidth().value ==
          hundredths);
  }
  CHECK(reached((std::int64_t{1} << 52) - 1, "0.999999999999999999").value == (std::int64_t{1} << 52) - 2);
}

TEST_CASE("The PEs of an accelerator are those of all its cores") {
  Core matmul;
  matmul.count = 32;
  matmul.rows = 16;
  matmul.cols = 16;
  Core vector;
  vector.cols = 128;
  Accelerator accelerator;
  accelerator.cores = {matmul, vector};
  CHECK(accelerator.pes() == 32 * 16 * 16 + 128);
}

}  // namespace
}  // namespace fusescape::accelerator_test
