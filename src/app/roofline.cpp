// fusescape roofline: what stops each operator at best, the PEs or DRAM?
#include "fusescape/report/roofline.hpp"

#include <utility>

#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "inputs.hpp"

namespace fusescape {
namespace {

/// A roof is one of operations of the PEs' own type.
expected<Document, Failure> roofline_in(const Workload& workload, const Accelerator& accelerator) {
  if (auto wide = wider_data(workload.block, accelerator)) {
    return unexpected{failure_of(WhyNot{std::move(*wide)})};
  }
  return document_of(roofline_of(workload, accelerator));
}

/// Of a stack, once for each kind of layers.
expected<Document, Failure> roofline_in(const Inputs& inputs) {
  const Accelerator& accelerator = inputs.design.accelerator;
  if (inputs.has_one_block()) return roofline_in(inputs.workload, accelerator);
  std::vector<std::pair<std::string, Document>> layers;
  for (const Workload& kind : inputs.kinds) {
    auto roofline = roofline_in(kind, accelerator);
    if (!roofline) return roofline;
    layers.emplace_back(kind.name, std::move(*roofline));
  }
  return layers_document(layers);
}

}  // namespace

CommandResult run_command(const RooflineArguments& arguments) {
  const expected<Inputs, Failure> inputs = load_inputs(arguments.input);
  if (!inputs) return unexpected{inputs.error()};
  const expected<Document, Failure> roofline = roofline_in(*inputs);
  if (!roofline) return unexpected{roofline.error()};
  return finished(arguments.output, *roofline);
}

}  // namespace fusescape
