// How do our figures compare with COREY's, recorded, published and over the seeds of its random activations?
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fusescape/app/corey_data.hpp"
#include "fusescape/corey/study.hpp"

namespace fusescape {

/// A chain with what was recorded and published of the prototype. Both are empty for a chain of other
/// operators.
struct CoreyStudy {
  CoreyChain chain;
  std::vector<RecordedRun> recorded;
  std::vector<CoreyReference> published;
};

/// `name_or_path`: a file of `kind: corey`, or a shipped name.
[[nodiscard]] expected<CoreyStudy, Failure> load_corey_study(const std::string& name_or_path);

/// A published figure beside ours from the recorded runs.
struct ParityRow {
  CoreyReference figure;
  double ours = 0;
  std::string printed;  ///< `ours` with as many decimals as were published.
};
[[nodiscard]] std::vector<ParityRow> parity(const CoreyStudy& study);

/// The recorded runs beside own ones, of which there are more: where does the published draw lie?
struct SeedRow {
  std::string figure;
  std::string where;  ///< A bucket or a length.
  Sample recorded;
  Sample own;    ///< Deviation within a length.
  double z = 0;  ///< (recorded - own mean) / (own deviation sqrt(1 / n_recorded + 1 / n_own)).
};
[[nodiscard]] std::vector<SeedRow> seed_table(const CoreyStudy& study, const std::vector<CoreyRun>& own);

/// What to expect of COREY over the seeds, by bucket: ratios of means, in percent.
struct ExpectationRow {
  std::string bucket;
  std::optional<double>
      recorded_gain;  ///< Latency less than fixed depth, the prototype's evaluator; as published.
  double own_gain = 0;
  std::optional<double> recorded_loss;  ///< Latency more than the optimum, neutral evaluator.
  double own_loss = 0;
};
[[nodiscard]] std::vector<ExpectationRow> expectations(const CoreyStudy& study,
                                                       const std::vector<CoreyRun>& own);

/// What the rotation does to own activations, means over lengths: padded to the chain's width, or of exact
/// order 192.
struct ConcentrationRow {
  std::string figure;
  std::string state;               ///< before | after
  std::int64_t order = 0;          ///< Of the transform.
  std::optional<double> recorded;  ///< Mean of the 35 recorded runs, as far as it is known.
  Sample own;                      ///< Deviation within a length.
  std::optional<double> z;         ///< Of the difference beyond the rounding of `recorded`.
};
[[nodiscard]] std::vector<ConcentrationRow> concentration(const CoreyStudy& study, std::int64_t count,
                                                          std::uint64_t seed);

}  // namespace fusescape
