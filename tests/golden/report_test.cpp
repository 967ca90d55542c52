// The exact bytes of every report format, for a report made by hand.
#include <catch2/catch.hpp>

#include "fusescape/report/comparison.hpp"
#include "fusescape/report/evaluation.hpp"
#include "fusescape/report/explanation.hpp"
#include "samples.hpp"

namespace fusescape::report_test {
namespace {

using golden::check_golden;
using golden::infeasible;
using golden::unfused;

std::vector<NamedLimit> limits() {
  const Limit limit{.dram_read = Bytes{512},
                    .dram_write = Bytes{128},
                    .ops = Ops{2112},
                    .compute = Cycles{124},
                    .dram = Cycles{80},
                    .latency = Cycles{124},
                    .bound = Bound::kCompute};
  return {{"ideal", limit}};
}

/// Of the 160 cycles of unfused().
std::vector<Lever> levers() {
  return {{"twice the DRAM bandwidth", std::nullopt, Cycles{120}, Cycles{160}},
          {"`slots: 2` on W", 0, Cycles{140}, Cycles{160}}};
}

EvaluationReport named(std::string name, std::int64_t latency) {
  EvaluationReport report = unfused();
  report.subject.strategy = std::move(name);
  const Cost ran = golden::cost(latency);
  report.outcome->cost = ran;
  report.figures = golden::figures(&ran);
  return report;
}

TEST_CASE("A comparison for people is sorted, marks the fastest, and names equal rows once") {
  const std::string shown = text(
      document_of({named("slow", 400), named("a", 200), named("quick", 100), infeasible(), named("b", 200)},
                  limits()),
      {});
  const auto at = [&](std::string_view words) { return shown.find(words); };
  CHECK(at("\n* quick ") < at("\na, b "));
  CHECK(at("\na, b ") < at("\nslow "));
  CHECK(at("\nslow ") < at("\nideal "));  // A bound is none of them, though it is faster than two.
  CHECK(at("speed-ups are over slow") != std::string::npos);
}

TEST_CASE("A comparison keeps to the terminal's width and says which columns are left out") {
  std::vector<EvaluationReport> reports;
  for (int i = 0; i < 12; ++i) reports.push_back(named("strategy-" + std::to_string(i), 200));
  for (const std::size_t width : {100U, 80U, 60U}) {
    const std::string shown = text(document_of(reports, limits()), {.colour = false, .width = width});
    for (std::size_t start = 0; start < shown.size();) {
      const std::size_t end = shown.find('\n', start);
      CHECK(end - start <= width);
      start = end + 1;
    }
    CHECK((shown.find("no room for") != std::string::npos) ==
          (shown.find("pJ/token\n") == std::string::npos));
    for (const EvaluationReport& report : reports)
      CHECK(shown.find(report.subject.strategy) != std::string::npos);
  }
}

TEST_CASE("A report's JSON, CSV, text and Markdown keep their bytes") {
  const Document document = document_of(unfused());
  check_golden("evaluation.json", json(document));
  check_golden("evaluation.csv", csv(document));
  check_golden("evaluation.txt", text(document, {}));
  check_golden("evaluation.md", markdown(document));
  check_golden("explanation.txt", text(Document{.sections = {findings_of(unfused(), levers())}}, {}));
  check_golden("infeasible.json", json(document_of(infeasible())));
}

TEST_CASE("A comparison keeps its bytes, and its reference is the first strategy that runs") {
  const Document document = document_of({infeasible(), unfused(), unfused()}, limits());
  check_golden("comparison.csv", csv(document));
  check_golden("comparison.txt", text(document, {}));
  check_golden("comparison.md", markdown(document));
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
  const std::string feasible_header = csv(document_of(unfused()));
  const std::string infeasible_header = csv(document_of(infeasible()));
  CHECK(feasible_header.substr(0, feasible_header.find('\n')) ==
        infeasible_header.substr(0, infeasible_header.find('\n')));
}

}  // namespace
}  // namespace fusescape::report_test
