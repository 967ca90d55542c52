// fusescape roofline: what stops each operator at best, the PEs or DRAM?
#include "fusescape/report/roofline.hpp"

#include <utility>

#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "inputs.hpp"
#include "layered.hpp"

namespace fusescape {
namespace {

constexpr ResultWriters<Roofline> kRooflineWriters{roofline_json, roofline_table, roofline_text};

/// A roof is one of operations of the PEs' own type.
expected<Roofline, Failure> roofline_in(const Workload& workload, const Accelerator& accelerator) {
  if (auto wide = wider_data(workload.block, accelerator)) {
    return unexpected{failure_of(WhyNot{std::move(*wide)})};
  }
  return roofline_of(workload, accelerator);
}

/// Of a stack, once for each kind of layers.
expected<std::string, Failure> printed(const Inputs& inputs, const OutputArguments& output) {
  const Accelerator& accelerator = inputs.design.accelerator;
  if (inputs.has_one_block()) {
    const auto roofline = roofline_in(inputs.workload, accelerator);
    if (!roofline) return unexpected{roofline.error()};
    return printed_result(*roofline, kRooflineWriters, output);
  }
  std::vector<OfKind<Roofline>> layers;
  for (const Workload& kind : inputs.kinds) {
    auto roofline = roofline_in(kind, accelerator);
    if (!roofline) return unexpected{roofline.error()};
    layers.push_back({kind.name, std::move(*roofline)});
  }
  return printed_layers(layers, kRooflineWriters, output);
}

}  // namespace

CommandResult run_command(const RooflineArguments& arguments) {
  const expected<Inputs, Failure> inputs = load_inputs(arguments.input);
  if (!inputs) return unexpected{inputs.error()};
  const expected<std::string, Failure> text = printed(*inputs, arguments.output);
  if (!text) return unexpected{text.error()};
  if (const auto failure = write_result(arguments.output, *text)) return unexpected{*failure};
  return ExitCode::kOk;
}

}  // namespace fusescape
