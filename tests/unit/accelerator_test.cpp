// Do an accelerator's derived numbers follow from its fields?
#include "fusescape/arch/accelerator.hpp"

#include <catch2/catch.hpp>

namespace fusescape {
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

TEST_CASE("DRAM efficiency takes whole bits off, never all of them") {
  CHECK(Dram{.bandwidth = BitsPerCycle{2048}, .efficiency = 1.0}.effective_bandwidth() == BitsPerCycle{2048});
  CHECK(Dram{.bandwidth = BitsPerCycle{2048}, .efficiency = 0.75}.effective_bandwidth() ==
        BitsPerCycle{1536});
  CHECK(Dram{.bandwidth = BitsPerCycle{3}, .efficiency = 0.5}.effective_bandwidth() == BitsPerCycle{1});
  CHECK(Dram{.bandwidth = BitsPerCycle{1}, .efficiency = 0.5}.effective_bandwidth() == BitsPerCycle{1});
  CHECK(Dram{.bandwidth = BitsPerCycle{0}, .efficiency = 0.5}.effective_bandwidth().unlimited());
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
}  // namespace fusescape
