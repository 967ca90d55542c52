// What is a row of points.csv? One line per point in grid order (the last axis varies fastest): its axes,
// then its figures. Written straight to text, and read again by a run that goes on, or that joins parts.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/search/sweep_answer.hpp"
#include "fusescape/search/sweep_source.hpp"

namespace fusescape {

/// Rows of the points of the grid, or of the designs of its baselines (baselines.csv).
enum class SweepRowsOf : bool { kPoints, kBaselines };

/// A line that was read, and what it says.
struct SweepRow {
  AnswerPoint answer;
  std::vector<std::string> replaced;  ///< Kinds of layers that run unfused instead.
  std::string reason;
};

class SweepRows {
 public:
  /// Refers to the source.
  SweepRows(const SweepSource& source, SweepRowsOf of, bool stack);

  [[nodiscard]] std::string header() const;

  /// Appends the line of point or design `number`, with its end.
  void append(std::string& out, const AnswerPoint& answer, const SweepPoint& point,
              const PointOutcome& outcome) const;
  /// Of a point that cannot be made.
  void append_failed(std::string& out, std::size_t number, std::string_view why) const;

  /// A line of `number` without its end. None if no run of this sweep writes such a line.
  [[nodiscard]] std::optional<SweepRow> read(std::string_view line, std::size_t number,
                                             const SweepPoint* point) const;
  /// What an answer shows of the design in such a line.
  [[nodiscard]] DesignFigures figures(std::string_view line, const SweepPoint& point) const;

 private:
  enum class Kind : unsigned char {
    kStrategy,
    kEntropy,
    kWorkload,
    kArch,
    kTechnology,
    kPhaseWord,
    kDtype,
    kMetric,
    kFeasible,
    kBound,
    kWholeLatency,
    kWholeBytes,
    kWholeOps,
    kWholeEnergy,
    kReplaced,
    kStatus,
    kReason,
    kInBudget,
    kMeetsConstraints,
  };
  struct Column {
    std::string name;
    Kind kind{};
    const Metric* metric = nullptr;
  };
  class Line;

  void add(std::string_view name, Kind kind, const Metric* metric = nullptr);
  [[nodiscard]] static bool is_flag(Kind kind);
  [[nodiscard]] std::size_t position(Kind kind) const;
  void append_lead(std::string& out, std::size_t number) const;
  void append_figures(std::string& out, const Column& column, const Evaluated& evaluated,
                      const PointOutcome& outcome) const;
  [[nodiscard]] MetricValue figure(const Line& line, const Metric& metric, const SweepPoint& point) const;

  const SweepSource& source_;
  SweepRowsOf of_;
  std::vector<std::string> lead_;                 ///< Names of the columns before `columns_`.
  std::vector<std::vector<std::string>> labels_;  ///< Per axis, of its values, as they are written.
  std::vector<Column> columns_;
};

}  // namespace fusescape
