// How does a sweep get from its points to its files? Rows are made on all cores, or read from what was made
// before; each is told to the answer and written, in grid order.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "appended_file.hpp"
#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/report/sweep_rows.hpp"
#include "fusescape/search/in_order.hpp"
#include "fusescape/search/point_evaluator.hpp"
#include "fusescape/search/sweep_answer.hpp"
#include "sweep_folder.hpp"
#include "sweep_inputs.hpp"
#include "sweep_watch.hpp"

namespace fusescape {

/// Reads a sweep as load_sweep does; whoever stops that leaves nothing of `folder`.
[[nodiscard]] expected<LoadedSweep, Failure> load_sweep(const std::string& name_or_path,
                                                        const std::vector<std::string>& settings,
                                                        std::optional<SweepFolder>& folder,
                                                        SweepWatch& watch);

class SweepJob {
 public:
  /// `folder`: where its files shall be, if anywhere. None of them is touched yet.
  SweepJob(LoadedSweep loaded, OutputArguments output, SweepWatch& watch, std::optional<SweepFolder> folder);
  SweepJob(const SweepJob&) = delete;
  SweepJob(SweepJob&&) = delete;
  SweepJob& operator=(const SweepJob&) = delete;
  SweepJob& operator=(SweepJob&&) = delete;
  ~SweepJob();

  /// Begins the files of a part of the sweep. With `resume`, goes on from what the folder holds. Expects one.
  [[nodiscard]] std::optional<Failure> open(Shard shard, bool resume);
  /// Tells the answer the rows of a shard: first those of points of all shards in order, then those of
  /// baselines. An error if one is missing or none of this sweep's.
  [[nodiscard]] std::optional<Failure> read(const std::string& folder, Shard shard, SweepRowsOf rows);
  /// Takes over the rows of a shard that was read, in the same order. Expects `open`.
  [[nodiscard]] std::optional<Failure> copy(const std::string& folder, SweepRowsOf rows);
  /// Evaluates what is left.
  [[nodiscard]] std::optional<Failure> evaluate(int jobs);
  /// Writes and prints the answer, or says how far it is.
  [[nodiscard]] CommandResult finish();

  [[nodiscard]] const SweepIdentity& identity() const { return identity_; }

 private:
  struct Part;
  /// A file of rows, and what of it there is: numbers from `begin` on, `next` being the next one.
  struct Grown {
    SweepRowsOf of{};
    SweepRows rows;
    std::size_t begin = 0;
    std::size_t next = 0;
    std::size_t end = 0;
    std::unique_ptr<AppendedFile> file{};
  };

  [[nodiscard]] Grown& grown(SweepRowsOf of) { return of == SweepRowsOf::kPoints ? points_ : baselines_; }
  [[nodiscard]] std::size_t source_number(const Grown& grown, std::size_t number) const;
  void set_range(Shard shard);
  [[nodiscard]] std::size_t end_of(Shard shard, SweepRowsOf rows) const;
  [[nodiscard]] std::optional<Failure> resume(Grown& grown);
  [[nodiscard]] std::optional<Failure> start(Grown& grown, std::int64_t length);
  void start_csv();
  bool read(Grown& grown, std::string_view line);
  [[nodiscard]] std::optional<Failure> evaluate(Grown& grown, int jobs);
  Part make(const Grown& grown, SweepSource::Cursor& cursor, const Span& span);
  void take(Grown& grown, const Part& part);
  void tell(const Grown& grown, const AnswerPoint& answer, std::string_view line);
  void note_failed(std::size_t number, std::string_view why);
  [[nodiscard]] std::optional<Failure> write_error();
  void flush_if_due();
  [[nodiscard]] bool is_done() const {
    return points_.next == points_.end && baselines_.next == baselines_.end;
  }
  [[nodiscard]] std::optional<Failure> write_answer(const SweepAnswer& answer);
  [[nodiscard]] std::optional<Failure> write_trade_off(const SweepAnswer& answer) const;
  [[nodiscard]] std::string interrupted_text() const;

  std::unique_ptr<SweepSource> source_;
  SweepIdentity identity_;
  OutputArguments output_;
  SweepWatch& watch_;
  PointEvaluator evaluate_;
  SweepSource::Cursor cursor_;  ///< Of the thread that takes.
  std::mutex mutex_;            ///< Guards `builder_` and `next` while rows are taken.
  SweepAnswerBuilder builder_;
  Grown points_;
  Grown baselines_;
  Shard shard_;
  std::optional<SweepFolder> folder_;
  std::unique_ptr<GrowingFile> csv_;  ///< Where points are printed as they come.
  std::set<std::size_t> asked_why_;   ///< Scenarios.
  std::vector<std::string> failed_;   ///< What to say of points that could not be evaluated.
  std::size_t failures_ = 0;
};

}  // namespace fusescape
