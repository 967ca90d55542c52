// Does any text crash a loader, or make one run away? Every kind of file, and the text as a setting.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>

#include "fusescape/config/load.hpp"

namespace fusescape {
namespace {

void expect(bool truth) {
  if (!truth) std::abort();
}

const Cascade& small_block() {
  static const Cascade kBlock = [] {
    Mamba1 shape;
    shape.d_model = 8;
    shape.d_inner = 16;
    shape.dt_rank = 2;
    shape.tokens = 4;
    return mamba1_block(shape).cascade;
  }();
  return kBlock;
}

Accelerator small_machine() {
  Core core;
  core.rows = core.cols = 4;
  core.cycles_per_op.fill(1);
  Accelerator machine;
  machine.cores = {core};
  return machine;
}

void load(const InputFile& input) {
  switch (input.kind) {
    case FileKind::kPlan: {
      const auto plan = bind_plan(input, small_block());
      const auto legal = bind_legal_plan(input, small_block(), small_machine());
      expect(plan.has_value() || !legal.has_value());
      if (!plan) break;
      const auto again = parse_input("again.yaml", write_plan(small_block(), *plan));
      expect(again.has_value());
      const auto same = bind_plan(*again, small_block());
      expect(same && write_plan(small_block(), *same) == again->text);
      break;
    }
    default:
      static_cast<void>(check_input(input));
  }
}

}  // namespace
}  // namespace fusescape

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fusescape;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto input = parse_input("fuzz.yaml", text);
  if (input) {
    load(*input);
    const Setting settings[] = {{"L", text.substr(0, 20), {}}, {"sram.capacity", text.substr(0, 20), {}}};
    static_cast<void>(bind_accelerator(*input, settings));
    static_cast<void>(bind_workload(*input, settings));
  } else {
    expect(!input.error().text.empty());
  }
  return 0;
}
