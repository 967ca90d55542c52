#include "sweep_job.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "fusescape/report/sweep_files.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/support/printable.hpp"

namespace fusescape {
namespace {

using Status = PointOutcome::Status;

constexpr std::size_t kMostFailuresTold = 1000;

constexpr std::string_view file_of(SweepRowsOf rows) {
  return rows == SweepRowsOf::kPoints ? "points.csv" : "baselines.csv";
}

WithEnergy energy_of(const SweepSource& source) {
  return source.energy() ? WithEnergy::kYes : WithEnergy::kNo;
}

/// A family of several kinds of layers has columns of its own.
bool has_stacks(SweepSource& source) {
  SweepSource::Cursor cursor{source};
  const auto first = cursor.at(0);
  return first && first->workload->family == "stack";
}

std::vector<std::string> replaced_in(const PointOutcome& outcome) {
  std::vector<std::string> kinds;
  for (const LayerCost& layer : outcome.layers) {
    if (layer.is_replaced) kinds.push_back(layer.kind);
  }
  return kinds;
}

}  // namespace

/// Some rows, one after another.
struct SweepJob::Part {
  std::vector<AnswerPoint> answers;
  std::string text;
  std::vector<std::size_t> ends;  ///< Of each row in `text`, its line end included.
  SweepNotes notes;
  std::vector<std::pair<std::size_t, std::string>> failed;

  [[nodiscard]] std::size_t count() const { return answers.size(); }
};

expected<LoadedSweep, Failure> load_sweep(const std::string& name_or_path,
                                          const std::vector<std::string>& settings,
                                          std::optional<SweepFolder>& folder, SweepWatch& watch) {
  watch.begin({.tick = {}, .best_text = {}, .give_up = [&folder] {
                 if (folder) folder->leave();
                 complain("interrupted\n");
               }});
  auto loaded = load_sweep(name_or_path, settings);
  watch.end();
  return loaded;
}

SweepJob::SweepJob(LoadedSweep loaded, OutputArguments output, SweepWatch& watch,
                   std::optional<SweepFolder> folder)
    : source_{std::move(loaded.source)},
      identity_{std::move(loaded.identity)},
      output_{std::move(output)},
      watch_{watch},
      evaluate_{energy_of(*source_), watch.stop().get_token()},
      cursor_{*source_},
      builder_{source_->spec()},
      points_{SweepRowsOf::kPoints, SweepRows{*source_, SweepRowsOf::kPoints, has_stacks(*source_)}},
      baselines_{SweepRowsOf::kBaselines, SweepRows{*source_, SweepRowsOf::kBaselines, has_stacks(*source_)}},
      folder_{std::move(folder)} {
  set_range({});
}

/// It may take a while to give all back, but what there is to say has been said.
SweepJob::~SweepJob() {
  watch_.begin({.tick = {}, .best_text = {}, .give_up = [] {}});
}

/// Points first, baselines after them, in parts of equal numbers.
std::size_t SweepJob::end_of(Shard shard, SweepRowsOf rows) const {
  const std::size_t last = source_->size() * shard.number / shard.of;
  const std::size_t points = source_->points();
  return rows == SweepRowsOf::kPoints ? std::min(last, points) : std::max(last, points) - points;
}

void SweepJob::set_range(Shard shard) {
  shard_ = shard;
  const Shard before{shard.number - 1, shard.of};
  for (Grown* grown : {&points_, &baselines_}) {
    grown->begin = grown->next = end_of(before, grown->of);
    grown->end = end_of(shard, grown->of);
  }
}

std::size_t SweepJob::source_number(const Grown& grown, std::size_t number) const {
  return grown.of == SweepRowsOf::kPoints ? number : source_->points() + number;
}

std::optional<Failure> SweepJob::open(Shard shard, bool resumes) {
  FUSESCAPE_EXPECTS(folder_.has_value());
  set_range(shard);
  const RunFile run{identity_, shard};
  const std::string resolved = resolved_yaml(source_->spec());
  if (!resumes) return folder_->begin(run, resolved);
  if (auto failure = folder_->resume(run, resolved)) return failure;
  if (output_.format->view == View::kRows) start_csv();
  if (auto failure = resume(points_)) return failure;
  return points_.next == points_.end ? resume(baselines_) : std::nullopt;
}

/// Of rows that were read one at a time, each is what it was when it was made.
bool SweepJob::read(Grown& grown, std::string_view line) {
  if (grown.next == grown.end) return false;
  const auto point = cursor_.at(source_number(grown, grown.next));
  auto row = grown.rows.read(line, grown.next, point ? &*point : nullptr);
  if (!row) return false;
  row->answer.scenario = cursor_.scenario();
  const bool feasible = row->answer.status == Status::kFeasible;
  const bool allowed = feasible && row->answer.in_budget && row->answer.meets_constraints;
  if (allowed && !row->answer.minimized && asked_why_.insert(row->answer.scenario).second) {
    row->answer.minimized = answer_point(source_->spec(), *point, evaluate_(*point)).minimized;
  }
  SweepNotes notes;
  if (point) notes.see(*point, source_->energy(), feasible, row->replaced);
  builder_.add(notes);
  if (row->answer.status == Status::kFailed) note_failed(grown.next, row->reason);
  tell(grown, row->answer, line);
  ++grown.next;
  return true;
}

std::optional<Failure> SweepJob::resume(Grown& grown) {
  if (grown.begin == grown.end) return std::nullopt;
  std::string header = grown.rows.header();
  header.pop_back();
  bool is_header = true;
  const auto length = read_lines(path_in(folder_->path(), file_of(grown.of)), [&](std::string_view line) {
    return std::exchange(is_header, false) ? line == header : read(grown, line);
  });
  if (!length) return length.error();
  return start(grown, *length);
}

std::optional<Failure> SweepJob::start(Grown& grown, std::int64_t length) {
  if (!folder_ || grown.begin == grown.end) return std::nullopt;
  grown.file = std::make_unique<AppendedFile>(path_in(folder_->path(), file_of(grown.of)));
  if (auto failure = grown.file->open(length)) return failure;
  if (length == 0) grown.file->append(grown.rows.header());
  return std::nullopt;
}

std::optional<Failure> SweepJob::read(const std::string& folder, Shard shard, SweepRowsOf of) {
  Grown& into = grown(of);
  if (into.begin == into.end) return std::nullopt;
  const std::size_t end = end_of(shard, of);
  const std::string path = path_in(folder, file_of(of));
  std::string header = into.rows.header();
  header.pop_back();
  std::size_t line_number = 0;
  bool is_sound = true;
  const auto read_all = read_lines(path, [&](std::string_view line) {
    const bool is_header = ++line_number == 1;
    is_sound = is_header ? line == header : into.next < end && read(into, line);
    return is_sound;
  });
  if (!read_all) return read_all.error();
  if (!is_sound) {
    return Failure{ExitCode::kBadInput,
                   fmt::format("{}:{}:1: error: no row {} of this sweep's shard {}/{}\n", printable(path),
                               line_number, into.next, shard.number, shard.of)};
  }
  if (into.next == end) return std::nullopt;
  return Failure{ExitCode::kSweepIncomplete,
                 fmt::format("error: {} (shard {}/{}) is not complete: row {} of {} is missing\n",
                             printable(folder), shard.number, shard.of, into.next, file_of(of))};
}

std::optional<Failure> SweepJob::copy(const std::string& folder, SweepRowsOf of) {
  Grown& into = grown(of);
  if (into.begin == into.end) return std::nullopt;
  if (!into.file) {
    if (auto failure = start(into, 0)) return failure;
  }
  bool is_header = true;
  const auto read_all = read_lines(path_in(folder, file_of(of)), [&](std::string_view line) {
    if (std::exchange(is_header, false)) return true;
    into.file->append(line);
    into.file->append("\n");
    ++into.next;
    return true;
  });
  if (!read_all) return read_all.error();
  return into.file->flush();
}

void SweepJob::start_csv() {
  if (csv_) return;
  csv_ = std::make_unique<GrowingFile>(output_.file);
  csv_->append(points_.rows.header());
}

void SweepJob::note_failed(std::size_t number, std::string_view why) {
  if (++failures_ <= kMostFailuresTold) {
    failed_.push_back(fmt::format("point {} could not be evaluated: {}\n", number, why));
  }
}

void SweepJob::tell(const Grown& grown, const AnswerPoint& answer, std::string_view line) {
  const auto figures = [&] {
    const auto point = cursor_.at(source_number(grown, answer.number));
    return grown.rows.figures(line, *point);
  };
  if (grown.of == SweepRowsOf::kBaselines) {
    builder_.add_baseline(answer, figures);
    return;
  }
  builder_.add(answer, figures);
  if (!csv_) return;
  csv_->append(line);
  csv_->append("\n");
}

SweepJob::Part SweepJob::make(const Grown& grown, SweepSource::Cursor& cursor, const Span& span) {
  const SweepSpec& spec = source_->spec();
  const std::stop_token stop = watch_.stop().get_token();
  Part part;
  part.answers.reserve(span.count);
  part.ends.reserve(span.count);
  for (std::size_t number = span.first; number < span.first + span.count; ++number) {
    const auto point = cursor.at(source_number(grown, number));
    AnswerPoint answer;
    std::string why;
    if (point) {
      const PointOutcome outcome = evaluate_(*point);
      if (stop.stop_requested()) break;  // Its planner may have left candidates out.
      answer = answer_point(spec, *point, outcome);
      answer.number = number;
      answer.scenario = cursor.scenario();
      answer.in_budget =
          !spec.budget || in_budget(spec, source_->budget(answer.scenario), point->design->area.total);
      grown.rows.append(part.text, answer, *point, outcome);
      part.notes.see(*point, source_->energy(), outcome.feasible(), replaced_in(outcome));
      if (outcome.status == Status::kFailed) why = outcome.why;
    } else {
      answer.status = Status::kFailed;
      answer.number = number;
      answer.scenario = cursor.scenario();
      why = point.error().message;
      grown.rows.append_failed(part.text, number, why);
    }
    if (answer.status == Status::kFailed && grown.of == SweepRowsOf::kPoints)
      part.failed.emplace_back(number, why);
    part.answers.push_back(std::move(answer));
    part.ends.push_back(part.text.size());
  }
  watch_.progress().done += part.answers.size();
  return part;
}

void SweepJob::take(Grown& grown, const Part& part) {
  const std::lock_guard lock{mutex_};
  std::size_t begin = 0;
  for (std::size_t i = 0; i < part.answers.size(); ++i) {
    tell(grown, part.answers[i], std::string_view{part.text}.substr(begin, part.ends[i] - 1 - begin));
    begin = part.ends[i];
  }
  builder_.add(part.notes);
  for (const auto& [number, why] : part.failed) note_failed(number, why);
  grown.next += part.count();
  if (!grown.file) return;
  grown.file->append(part.text);
  if (grown.file->failed()) watch_.stop().request_stop();
}

std::optional<Failure> SweepJob::evaluate(Grown& grown, int jobs) {
  if (!grown.file) {
    if (auto failure = start(grown, 0)) return failure;
  }
  std::vector<SweepSource::Cursor> cursors;
  cursors.reserve(static_cast<std::size_t>(jobs));
  for (int i = 0; i < jobs; ++i) cursors.emplace_back(*source_);
  InOrder<Part> row{{grown.next, grown.end - grown.next}, jobs, watch_.stop().get_token()};
  row.run([&](std::size_t worker, const Span& span) { return make(grown, cursors[worker], span); },
          [&](const Part& part) { take(grown, part); });
  return write_error();
}

std::optional<Failure> SweepJob::evaluate(int jobs) {
  if (jobs == 0) jobs = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  if (output_.format->view == View::kRows && shard_.of == 1) start_csv();
  const auto left = [](const Grown& grown) { return grown.end - grown.begin; };
  watch_.progress().total = left(points_) + left(baselines_);
  watch_.progress().done = points_.next - points_.begin + baselines_.next - baselines_.begin;
  watch_.begin({.tick = [this] { flush_if_due(); },
                .best_text =
                    [this] {
                      const std::lock_guard lock{mutex_};
                      return builder_.best_text();
                    },
                .give_up =
                    [this] {
                      static_cast<void>(write_error());
                      complain(interrupted_text());
                    }});
  auto failure = evaluate(points_, jobs);
  if (!failure && points_.next == points_.end) failure = evaluate(baselines_, jobs);
  watch_.end();
  return failure;
}

void SweepJob::flush_if_due() {
  for (const Grown* grown : {&points_, &baselines_}) {
    if (grown->file) grown->file->flush_if_due();
  }
}

std::optional<Failure> SweepJob::write_error() {
  for (const Grown* grown : {&points_, &baselines_}) {
    if (!grown->file) continue;
    if (auto failure = grown->file->flush()) {
      failure->text += "what was done before is kept: --resume goes on\n";
      return failure;
    }
  }
  return std::nullopt;
}

std::string SweepJob::interrupted_text() const {
  const std::size_t left = points_.end - points_.next + baselines_.end - baselines_.next;
  return fmt::format("interrupted: {} of {} points were not evaluated{}\n", left,
                     watch_.progress().total.load(), folder_ ? "; --resume goes on" : "");
}

/// The rows of points.csv that scenarios list, in grid order.
std::optional<Failure> SweepJob::write_trade_off(const SweepAnswer& answer) const {
  const std::vector<bool> listed = trade_off_points(answer);
  GrowingFile file{path_in(folder_->path(), "pareto.csv")};
  file.append(points_.rows.header());
  std::size_t line_number = 0;  // That of the header.
  const auto read_all = read_lines(points_.file->path(), [&](std::string_view line) {
    if (line_number > 0 && listed[line_number - 1]) {
      file.append(line);
      file.append("\n");
    }
    return line_number++ < listed.size();
  });
  if (!read_all) return read_all.error();
  return file.keep();
}

std::optional<Failure> SweepJob::write_answer(const SweepAnswer& answer) {
  const std::string summary = summary_json(source_->spec(), answer);
  if (folder_) {
    if (auto failure = write_trade_off(answer)) return failure;
    if (auto failure = write_file(path_in(folder_->path(), "summary.json"), summary)) return failure;
  }
  if (csv_) return csv_->keep();
  if (output_.format->view == View::kData) return write_result(output_, summary);
  return write_result(output_, output_.format->print(document_of(answer), text_style(output_)));
}

CommandResult SweepJob::finish() {
  if (!is_done()) {
    complain(interrupted_text());
    return ExitCode::kInterrupted;
  }
  evaluate_.forget();  // The answer may be large.
  // What is told to be whole is still so when the machine has been lost.
  for (const Grown* grown : {&points_, &baselines_}) {
    if (!grown->file) continue;
    if (auto failure = grown->file->sync()) return unexpected{std::move(*failure)};
  }
  if (shard_.of == 1) {
    const auto budget = [this](std::size_t scenario) { return source_->budget(scenario); };
    const SweepAnswer answer = builder_.finish(source_->strategies(), source_->energy(), budget);
    if (auto failure = write_answer(answer)) return unexpected{std::move(*failure)};
  }
  for (const std::string& line : failed_) complain(line);
  if (failures_ > failed_.size()) complain(fmt::format("and {} more points\n", failures_ - failed_.size()));
  return builder_.counts().failed > 0 ? ExitCode::kSweepIncomplete : ExitCode::kOk;
}

}  // namespace fusescape
