// How long does one token's state of Mamba-2.8B (D = 5120, N = 64, 32 bits) take over MARCA's 256 B/cycle?
#include <fusescape/support/time.hpp>
#include <fusescape/support/units.hpp>
#include <fusescape/support/version.hpp>
#include <iostream>

int main() {
  using namespace fusescape;
  const Bytes state = bytes_of(Elements{5120} * 64, 32);
  const BitsPerCycle dram{2048};
  TickScale scale;
  if (!scale.include(dram)) return 1;
  const Cycles cycles = scale.whole_cycles(Ticks{scale.ticks_per_byte(dram)} * state.value());
  std::cout << "fusescape " << kVersion << ": " << state.value() << " bytes in " << cycles.value()
            << " cycles\n";
  return cycles == Cycles{5120} ? 0 : 1;  // 5120 * 64 * 4 B / 256 B per cycle
}
