// Does any text crash a loader, or what runs with what it loads? Every kind of file, and the text as a
// setting; what is loaded and small is priced, simulated, executed and written.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "fusescape/check/verification.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/report/sweep_files.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/sim/simulate.hpp"
#include "fusescape/workload/families/mamba1.hpp"
#include "fusescape/workload/model.hpp"

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
  machine.sram.capacity = Bytes{1 << 20};
  return machine;
}

/// Operations that a run may have: it ends in a moment.
constexpr std::int64_t kMostOps = 20'000;

/// All that is done with a plan, if there is little of it.
void run(const Cascade& cascade, const Accelerator& machine, const Plan& plan) {
  const auto design = make_design(machine);
  if (!design) return;
  const auto assessed = assess(cascade, *design, plan);
  if (!assessed || assessed->cost.total.ops > Ops{kMostOps}) return;
  const auto simulated = simulate(cascade, assessed->plan, assessed->layout, machine);
  // Kinds of core take turns in the closed form, and run side by side in the simulation.
  if (simulated && machine.cores.size() == 1) expect(simulated->latency >= assessed->cost.total.latency);
  const Verification verification = verify(cascade, assessed->plan, machine);
  expect(verification.passed());
}

void load_plan(const InputFile& input) {
  const auto plan = bind_plan(input, small_block());
  const auto legal = bind_legal_plan(input, small_block(), small_machine());
  expect(plan.has_value() || !legal.has_value());
  if (!plan) return;
  const auto again = parse_input("again.yaml", write_plan(small_block(), *plan));
  expect(again.has_value());
  const auto same = bind_plan(*again, small_block());
  expect(same && write_plan(small_block(), *same) == *again->text);
  if (legal) run(small_block(), small_machine(), *legal);
}

void run_block(const Cascade& cascade) {
  Elements largest{1};
  for (const Rank& rank : cascade.ranks) largest = std::max(largest, rank.extent);
  constexpr std::int64_t kMostExtent = 512;
  constexpr std::size_t kMostOperators = 40;
  if (largest > Elements{kMostExtent} || cascade.operators.size() > kMostOperators) return;
  const Accelerator machine = small_machine();
  const Design design = make_design(machine).value();
  for (const char* name : {"unfused", "fuse-all", "greedy"}) {
    const auto assessed = assess(cascade, design, *find_strategy(name));
    if (assessed) run(cascade, machine, assessed->plan);
  }
}

void load_model(const InputFile& input) {
  const auto model = bind_model(input);
  if (!model) return;
  if (model->has_one_block()) return run_block(model->whole.block);
  for (const Workload& kind : model->kinds) run_block(kind.block);
}

void load_accelerator(const InputFile& input) {
  const auto machine = bind_accelerator(input);
  if (!machine) return;
  const auto design = make_design(*machine);
  if (!design) return;
  const auto assessed = assess(small_block(), *design, *find_strategy("fuse-all"));
  if (assessed) run(small_block(), *machine, assessed->plan);
}

void load_sweep(const InputFile& input) {
  const auto spec = bind_sweep_spec(input);
  if (!spec) return;
  const auto again = parse_input("again.yaml", resolved_yaml(*spec));
  expect(again.has_value());
  const auto same = bind_sweep_spec(*again);
  expect(same && resolved_yaml(*same) == *again->text);
}

void load(const InputFile& input) {
  const auto error = check_input(input);
  expect(!error || !error->text.empty());
  switch (input.kind) {
    case FileKind::kPlan:
      return load_plan(input);
    case FileKind::kCascade:
    case FileKind::kModel:
      return load_model(input);
    case FileKind::kAccelerator:
      return load_accelerator(input);
    case FileKind::kSweep:
      return load_sweep(input);
    case FileKind::kTechnology:
    case FileKind::kCorey:
      break;
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
    static_cast<void>(bind_model(*input, settings));
  } else {
    expect(!input.error().text.empty());
  }
  return 0;
}
