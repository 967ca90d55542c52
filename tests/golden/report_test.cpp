// The exact bytes of every report format, for a report made by hand.
#include <catch2/catch.hpp>

#include "fusescape/report/comparison.hpp"
#include "fusescape/report/evaluation.hpp"
#include "samples.hpp"

namespace fusescape {
namespace {

using golden::check_golden;
using golden::infeasible;
using golden::unfused;

TEST_CASE("A report's JSON, CSV and text keep their bytes") {
  check_golden("evaluation.json", evaluation_json(unfused()));
  check_golden("evaluation.csv", evaluation_csv(unfused()));
  check_golden("evaluation.txt", evaluation_text(unfused(), {}));
  check_golden("explanation.txt", explanation_text(unfused(), {}));
  check_golden("infeasible.json", evaluation_json(infeasible()));
}

TEST_CASE("A comparison keeps its bytes, and its reference is the first strategy that runs") {
  check_golden("comparison.csv", csv(comparison_table({infeasible(), unfused(), unfused()})));
  check_golden("comparison.txt", comparison_text({infeasible(), unfused()}, {}));
}

TEST_CASE("Whole-model numbers follow from cycles, clock, layers and tokens") {
  // 160 cycles at 1 GHz x 2 layers and 80 for the head = 400 ns for 4 tokens: 100 ns a token, 10 million a
  // second.
  const auto value_of = [fields = fields_of(unfused())](const std::string& name) {
    for (const Field& field : fields) {
      if (field.name == name) return std::get<double>(field.value);
    }
    return -1.0;
  };
  CHECK(value_of("latency_ms") == Approx(400e-6));
  CHECK(value_of("ttft_ms") == Approx(400e-6));
  CHECK(value_of("latency_ms_per_token") == Approx(100e-6));
  CHECK(value_of("tokens_per_s") == Approx(10e6));
}

TEST_CASE("A feasible and an infeasible report have the same columns") {
  const std::string feasible_header = evaluation_csv(unfused());
  const std::string infeasible_header = evaluation_csv(infeasible());
  CHECK(feasible_header.substr(0, feasible_header.find('\n')) ==
        infeasible_header.substr(0, infeasible_header.find('\n')));
}

}  // namespace
}  // namespace fusescape
