// fusescape corey reproduce: what did COREY's prototype do, do we do the same, and how lucky was its draw?
#include <fmt/format.h>

#include <array>
#include <numeric>

#include "fusescape/app/commands.hpp"
#include "fusescape/app/corey_study.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/search/parallel_for.hpp"

namespace fusescape {
namespace {

Table parity_table(const CoreyStudy& study) {
  Table table{
      .columns = {"quantity", "bucket", "method", "precision", "tau", "label", "theirs", "ours", "equal"},
      .rows = {}};
  for (const ParityRow& row : parity(study)) {
    const CoreyReference& figure = row.figure;
    table.rows.push_back({figure.quantity, figure.bucket, figure.method, figure.precision, figure.tau,
                          figure.label, figure.value, row.printed, row.printed == figure.value});
  }
  return table;
}

/// By how much our scores of the recorded groups differ at most. Empty unless the groups are the same.
Value largest_score_difference(const ScaledChain& chain, const RecordedRun& one, const Partition& ours) {
  if (text_of(ours) != one.partition) return {};
  double largest = 0;
  const std::vector<CoreyGroup> groups = groups_of(ours);
  for (std::size_t g = 0; g < groups.size() && g < one.scores.size(); ++g) {
    largest = std::max(largest, std::abs(score(chain, one.run, groups[g]) - one.scores[g]));
  }
  return largest;
}

/// Mean H of each group.
std::vector<double> group_entropies(const CoreyRun& run, const Partition& partition) {
  std::vector<double> means;
  for (const CoreyGroup group : groups_of(partition)) {
    const auto first = run.block_entropy.begin() + static_cast<std::ptrdiff_t>(group.first);
    means.push_back(std::accumulate(first, first + group.depth, 0.0) / static_cast<double>(group.depth));
  }
  return means;
}

/// Version 1's tile of each group: "256-224".
std::string tiles_of(const CoreyChain& chain, const CoreyRun& run, const Partition& partition) {
  std::vector<std::int64_t> tiles;
  for (const double entropy : group_entropies(run, partition))
    tiles.push_back(corey_tile(chain.tiles, entropy));
  return text_of(tiles);
}

/// Versions 2 and 3's chunk of each group, H as a share of the most.
std::string chunks_of(const CoreyChain& chain, const CoreyRun& run, const Partition& partition) {
  std::vector<std::int64_t> chunks;
  for (const double entropy : group_entropies(run, partition))
    chunks.push_back(corey_chunk(chain.chunks, entropy, 1));
  return text_of(chunks);
}

Table run_table(const CoreyStudy& study) {
  Table table{.columns = {"bucket", "L", "repeat", "recorded_partition", "our_partition", "equal",
                          "largest_score_difference", "optimal_partition", "our_tiles", "our_chunks"},
              .rows = {}};
  for (const RecordedRun& one : study.recorded) {
    const ScaledChain chain = scaled(study.chain, one.run.length);
    const Partition ours = corey_partition(chain, one.run, study.chain.score.tau);
    const std::string text = text_of(ours);
    table.rows.push_back({one.run.bucket, one.run.length, one.run.repeat, one.partition, text,
                          text == one.partition, largest_score_difference(chain, one, ours),
                          text_of(optimal_partition(chain, one.run, study.chain.precisions.front())),
                          tiles_of(study.chain, one.run, ours), chunks_of(study.chain, one.run, ours)});
  }
  return table;
}

/// Every method and precision with the prototype's own evaluator and with a neutral one, from the recorded
/// runs.
Table figure_table(const CoreyStudy& study) {
  Table table{.columns = {"bucket", "method", "precision", "evaluator", "runs", "latency_ms", "tokens_per_s",
                          "bytes_per_token", "mean_depth", "proxy"},
              .rows = {}};
  const std::vector<CoreyRun> runs = runs_of(study.recorded);
  const auto add = [&](const CoreyCase& what, const char* evaluator) {
    for (const CoreyMeans& means : bucket_means(study.chain, runs, what)) {
      table.rows.push_back({means.bucket, name_of(what.method), what.precision.name, evaluator, means.runs,
                            means.figures.latency_ms, means.figures.tokens_per_s,
                            means.figures.bytes_per_token, means.figures.mean_depth,
                            what.evaluator == CoreyEvaluator::kNeutral ? Value{} : Value{means.proxy}});
    }
  };
  const double tau = study.chain.score.tau;
  for (const CoreyPrecision& precision : study.chain.precisions) {
    for (std::size_t i = 0; i < kCoreyMethods; ++i) {
      const auto method = static_cast<CoreyMethod>(i);
      const CoreyEvaluator theirs = evaluator_of(method);
      if (theirs != CoreyEvaluator::kNeutral) add({method, theirs, precision, tau}, "prototype");
      add({method, CoreyEvaluator::kNeutral, precision, tau}, "neutral");
    }
  }
  return table;
}

Table seeds_table(const CoreyStudy& study, const std::vector<CoreyRun>& own) {
  Table table{
      .columns = {"figure", "where", "recorded_runs", "recorded_mean", "own_runs", "own_mean", "own_sd", "z"},
      .rows = {}};
  if (study.recorded.empty()) return table;
  for (const SeedRow& row : seed_table(study, own)) {
    table.rows.push_back({row.figure, row.where, row.recorded.count, row.recorded.mean, row.own.count,
                          row.own.mean, row.own.deviation, row.z});
  }
  return table;
}

Table expectation_table(const CoreyStudy& study, const std::vector<CoreyRun>& own) {
  Table table{.columns = {"bucket", "recorded_gain_percent", "expected_gain_percent", "recorded_loss_percent",
                          "expected_loss_percent"},
              .rows = {}};
  for (const ExpectationRow& row : expectations(study, own)) {
    table.rows.push_back({row.bucket, row.recorded_gain, row.own_gain, row.recorded_loss, row.own_loss});
  }
  return table;
}

Table concentration_table(const CoreyStudy& study, const CoreyReproduceArguments& arguments) {
  constexpr std::int64_t kFewest = 2;
  constexpr std::int64_t kShare = 5;  // Its statistics cost more than a run.
  Table table{.columns = {"figure", "state", "order", "recorded_mean", "own_runs", "own_mean", "own_sd", "z"},
              .rows = {}};
  for (const ConcentrationRow& row :
       concentration(study, std::max(kFewest, arguments.runs / kShare), arguments.seed)) {
    table.rows.push_back({row.figure, row.state, row.order, row.recorded, row.own.count, row.own.mean,
                          row.own.deviation, row.z});
  }
  return table;
}

/// One table of the study: its file, and the line above it.
struct Part {
  std::string name;
  std::string title;
  Table table;
};

std::vector<Part> parts_of(const CoreyStudy& study, const CoreyReproduceArguments& arguments) {
  const std::vector<CoreyRun> own = own_runs(
      study.chain, arguments.runs, arguments.seed,
      [](std::size_t count, const std::function<void(std::size_t)>& work) { parallel_for(count, 0, work); });
  std::vector<Part> parts;
  parts.push_back({"parity",
                   "Published tables (theirs) beside the same from the 35 recorded runs (ours; reproduced)",
                   parity_table(study)});
  parts.push_back({"partitions",
                   "Recorded runs: where the chain is cut, and the cheapest cut under a neutral cost",
                   run_table(study)});
  parts.push_back(
      {"figures",
       "Means of the recorded runs by the prototype's evaluator, which knows the policy, and by a "
       "neutral one (reproduced)",
       figure_table(study)});
  parts.push_back({"seeds",
                   "Where the recorded draw lies among own runs on seeded synthetic activations (modelled)",
                   seeds_table(study, own)});
  parts.push_back({"expectations",
                   "What to expect over the seeds: less latency than fixed depth by the prototype's "
                   "evaluator, more than the optimum by a neutral one (modelled)",
                   expectation_table(study, own)});
  parts.push_back({"concentration",
                   "What the rotation does to own synthetic activations (modelled) beside the recorded "
                   "means (reproduced)",
                   concentration_table(study, arguments)});
  return parts;
}

Document document_of(const std::vector<Part>& parts) {
  Record data;
  Document document{.rows = parts.front().table};
  for (const Part& part : parts) {
    data.push_back({part.name, records_of(part.table)});
    document.sections.insert(document.sections.end(), {Heading{part.title}, Grid{.table = part.table}});
  }
  document.data = std::move(data);
  return document;
}

std::optional<Failure> write_parts(const std::string& folder, const std::vector<Part>& parts) {
  if (auto failure = make_folder(folder)) return failure;
  for (const Part& part : parts) {
    if (auto failure = write_file(folder + "/" + part.name + ".csv", csv(part.table))) return failure;
  }
  return std::nullopt;
}

}  // namespace

CommandResult run_command(const CoreyReproduceArguments& arguments) {
  const expected<CoreyStudy, Failure> study = load_corey_study(arguments.chain);
  if (!study) return unexpected{study.error()};
  const std::vector<Part> parts = parts_of(*study, arguments);
  if (!arguments.folder.empty()) {
    if (const auto failure = write_parts(arguments.folder, parts)) return unexpected{*failure};
  }
  if (study->recorded.empty() && !arguments.output.quiet) {
    complain(
        "note: the chain has other operators than the prototype's: nothing recorded or published applies\n");
  }
  return finished(arguments.output, document_of(parts));
}

}  // namespace fusescape
