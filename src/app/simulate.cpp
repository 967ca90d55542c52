// fusescape simulate: how long does a plan take if its tiles really run, and what waits for what?
#include <fmt/format.h>

#include <utility>

#include "chosen_plan.hpp"
#include "core_placement.hpp"
#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/report/simulation_trace.hpp"
#include "fusescape/support/contract.hpp"
#include "stack_run.hpp"

namespace fusescape {
namespace {

/// What a trace says of itself.
std::vector<Field> about(const SimulationReport& report, Cycles complete_until, std::int64_t left_out) {
  const Subject& subject = report.evaluation.subject;
  std::vector<Field> fields{{"workload", subject.workload},
                            {"arch", subject.arch},
                            {"strategy", subject.strategy},
                            {"version", subject.version}};
  if (!subject.entropy.empty()) fields.push_back({"entropy", subject.entropy});
  fields.insert(fields.end(), report.options.begin(), report.options.end());
  fields.push_back({"latency_cycles", report.details->latency});
  fields.push_back({"complete_until_cycle", complete_until});
  fields.push_back({"events_left_out", left_out});
  return fields;
}

/// Runs the simulation again, which gives the same, and writes it down on the way.
std::optional<Failure> write_trace(const SimulateArguments& arguments, const Inputs& inputs,
                                   const SimOptions& options, const SimulatedPlan& simulated,
                                   const SimulationReport& report) {
  const SimResult& result = simulated.result;
  GrowingFile file{arguments.trace};
  TraceWriter writer{TraceClock{result.scale, inputs.design.accelerator.clock},
                     [&file](std::string_view piece) { file.append(piece); }, arguments.trace_events};
  SimulationTrace trace{inputs.workload.block, result, writer};
  const auto again = simulate(inputs.workload.block, simulated.closed.plan, simulated.closed.layout,
                              inputs.design, options, &trace);
  FUSESCAPE_EXPECTS(again && again->latency == result.latency);
  const Cycles complete =
      writer.left_out() > 0 ? result.scale.whole_cycles(trace.complete_until()) : result.cycles;
  writer.finish(about(report, complete, writer.left_out()));
  if (auto failure = file.keep()) return failure;
  if (writer.left_out() > 0 && !arguments.output.quiet) {
    complain(
        fmt::format("note: {} is complete up to cycle {} of {}; {} later events were left out "
                    "(--trace-events N takes more)\n",
                    arguments.trace == "-" ? "the trace" : arguments.trace, complete.value(),
                    result.cycles.value(), writer.left_out()));
  }
  return std::nullopt;
}

expected<SimOptions, Failure> options_with_cores(const SimulateArguments& arguments, const Inputs& inputs,
                                                 const ChosenPlan& chosen) {
  SimOptions options = arguments.options;
  if (arguments.core_of.empty() || !chosen.plan) return options;
  auto cores =
      core_placement(inputs.workload.block, *chosen.plan, inputs.design.accelerator, arguments.core_of);
  if (!cores) return unexpected{cores.error()};
  options.core_of = std::move(*cores);
  return options;
}

/// The options as fields, cores as they were given: "given dA=matrix silu=exponential".
std::vector<Field> told(const SimulateArguments& arguments) {
  std::vector<Field> fields = options_of(arguments.options);
  for (Field& field : fields) {
    if (field.name != "allocation" || arguments.core_of.empty()) continue;
    field.value = fmt::format("{} {}", std::get<std::string>(field.value), fmt::join(arguments.core_of, " "));
  }
  return fields;
}

/// Under an eviction policy memory keeps what it can, not what a plan retains.
void note_retained(const SimulateArguments& arguments, const Plan& plan) {
  const bool evicts = arguments.options.eviction != Eviction::kNone;
  if (!evicts || plan.retentions.empty() || arguments.output.quiet) return;
  complain("note: with --eviction the plan's retained tensors are not reserved; --keep says what may stay\n");
}

/// Managed memory has no part that it leaves alone.
std::optional<Failure> eviction_of_resident(const SimulateArguments& arguments, const Inputs& inputs) {
  const auto keeps = [](const Workload& kind) { return kind.block.resident > Bytes{0}; };
  const bool resident =
      keeps(inputs.workload) || std::any_of(inputs.kinds.begin(), inputs.kinds.end(), keeps);
  if (arguments.options.eviction == Eviction::kNone || !resident) return std::nullopt;
  return Failure{ExitCode::kUsage,
                 "error: --eviction manages all of the memory, and state=resident keeps a part of it; "
                 "without --eviction the part is reserved\n"};
}

/// Why a stack of several kinds of layers cannot be simulated that way.
std::optional<Failure> only_of_one_block(const SimulateArguments& arguments) {
  const std::string_view option = !arguments.trace.empty()     ? "--trace"
                                  : !arguments.core_of.empty() ? "--core-of"
                                                               : "";
  if (option.empty()) return std::nullopt;
  return Failure{
      ExitCode::kUsage,
      fmt::format("error: {} is for one block, and this model has several kinds of layers\n", option)};
}

/// Each kind of layers once.
CommandResult simulate_stack(const SimulateArguments& arguments, const Inputs& inputs) {
  if (auto refused = only_of_one_block(arguments)) return unexpected{std::move(*refused)};
  const auto plans = kind_plans(arguments.strategy, arguments.plan_file, inputs);
  if (!plans) return unexpected{plans.error()};
  std::vector<std::pair<std::string, Document>> layers;
  std::optional<Failure> refused;
  for (const KindPlan& plan : *plans) {
    const expected<SimulatedPlan, WhyNot> simulated =
        simulate_plan(plan.inputs, plan.chosen, arguments.options);
    SimulationReport report{
        .evaluation = report_of(plan.inputs, maker_of(plan.chosen), simulated, std::nullopt),
        .options = told(arguments),
        .details = {}};
    if (simulated) {
      report.details = details_of(plan.inputs.workload, plan.inputs.design, *simulated);
    } else if (!refused) {
      refused = failure_of_kind(plan, simulated.error());
    }
    layers.emplace_back(plan.inputs.workload.name, document_of(report));
  }
  return finished(arguments.output, layers_document(layers), refused);
}

}  // namespace

CommandResult run_command(const SimulateArguments& arguments) {
  if (!arguments.trace.empty()) {
    if (const auto clash = clash_of({{"--trace", arguments.trace}, {"-o", arguments.output.file}}))
      return unexpected{*clash};
  }
  const expected<Inputs, Failure> inputs = load_inputs(arguments.input);
  if (!inputs) return unexpected{inputs.error()};
  if (auto refused = eviction_of_resident(arguments, *inputs)) return unexpected{std::move(*refused)};
  if (!inputs->has_one_block()) return simulate_stack(arguments, *inputs);
  const expected<ChosenPlan, Failure> chosen = chosen_plan(arguments.strategy, arguments.plan_file, *inputs);
  if (!chosen) return unexpected{chosen.error()};
  const expected<SimOptions, Failure> options = options_with_cores(arguments, *inputs, *chosen);
  if (!options) return unexpected{options.error()};
  const expected<SimulatedPlan, WhyNot> simulated = simulate_plan(*inputs, *chosen, *options);

  SimulationReport report{.evaluation = report_of(*inputs, maker_of(*chosen), simulated, head_of(*inputs)),
                          .options = told(arguments),
                          .details = {}};
  std::optional<Failure> refused;
  if (simulated) {
    note_retained(arguments, simulated->closed.plan);
    report.details = details_of(inputs->workload, inputs->design, *simulated);
    if (!arguments.trace.empty()) {
      if (const auto failure = write_trace(arguments, *inputs, *options, *simulated, report))
        return unexpected{*failure};
    }
  } else {
    refused = failure_of(simulated.error(), ways_to_fit(*inputs, *chosen));
  }
  return finished(arguments.output, document_of(report), refused);
}

}  // namespace fusescape
