// Do the parts that a stack's report lists add up to its whole?
#include <catch2/catch.hpp>
#include <string>

#include "../../src/app/stack_run.hpp"
#include "source_tree.hpp"

namespace fusescape::stack_report_test {
namespace {

using Catch::Matchers::WithinRel;

/// The same sum in another order: a few roundings of 2^-53 each.
constexpr double kRounding = 1e-14;

TEST_CASE("Cycles, bytes, operations and energy of all layers and the head are those of the whole") {
  for (const char* order : {"M-M-*-M-", "M*-", "--MMM**"}) {
    INFO(order);
    InputArguments arguments;
    arguments.arch = "marca";
    arguments.workload = in_source_tree("tests/cli/data/hybrid.yaml");
    arguments.settings = {std::string{"order="} + order};
    const auto inputs = load_inputs(arguments);
    REQUIRE(inputs.has_value());
    const auto plans = kind_plans("unfused", "", *inputs);
    REQUIRE(plans.has_value());
    const StackAnswer answer = evaluated_stack(*inputs, "unfused", *plans, false, head_of(*inputs));
    REQUIRE(answer.report.whole.has_value());
    const WholeReport& whole = *answer.report.whole;
    REQUIRE(whole.head.has_value());
    REQUIRE(whole.head->energy.has_value());
    const GroupCost& head = whole.head->cost.total;
    Cycles latency = whole.head->cost.latency;
    Bytes dram = head.dram_read + head.dram_write;
    Ops ops = head.ops;
    double energy_pj = whole.head->energy->total.value().value();
    for (const EvaluationReport& layer : answer.report.layers) {
      const GroupCost& one = layer.outcome->cost.total;
      latency += layer.subject.n_layer * layer.outcome->cost.latency;
      dram += layer.subject.n_layer * (one.dram_read + one.dram_write);
      ops += layer.subject.n_layer * one.ops;
      energy_pj += static_cast<double>(layer.subject.n_layer) * layer.outcome->energy.total->value();
    }
    CHECK(whole.sums.latency == latency);
    CHECK(whole.sums.dram() == dram);
    CHECK(whole.sums.ops == ops);
    CHECK_THAT(*whole.energy_pj, WithinRel(energy_pj, kRounding));
  }
}

}  // namespace
}  // namespace fusescape::stack_report_test
