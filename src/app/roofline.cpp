// fusescape roofline: what stops each operator at best, the PEs or DRAM?
#include "fusescape/report/roofline.hpp"

#include <utility>

#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "inputs.hpp"

namespace fusescape {
namespace {

std::string printed(const Roofline& roofline, const OutputArguments& output) {
  switch (output.format) {
    case Format::kJson:
      return roofline_json(roofline);
    case Format::kCsv:
      return csv(roofline_table(roofline));
    case Format::kText:
      break;
  }
  return roofline_text(roofline, text_style(output));
}

}  // namespace

CommandResult run_command(const RooflineArguments& arguments) {
  const expected<Inputs, Failure> inputs = load_inputs(arguments.input);
  if (!inputs) return unexpected{inputs.error()};
  // A roof is one of operations of the PEs' own type.
  if (auto wide = wider_data(inputs->workload.block, inputs->design.accelerator)) {
    return unexpected{failure_of(WhyNot{std::move(*wide)})};
  }
  const Roofline roofline = roofline_of(inputs->workload, inputs->design.accelerator);
  if (const auto failure = write_result(arguments.output, printed(roofline, arguments.output))) {
    return unexpected{*failure};
  }
  return ExitCode::kOk;
}

}  // namespace fusescape
