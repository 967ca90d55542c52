// fusescape corey rotate: what does a Hadamard rotation do to the rows of an array?
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/numerics/hadamard.hpp"
#include "fusescape/numerics/tensor_statistics.hpp"
#include "npy_file.hpp"

namespace fusescape {
namespace {

constexpr std::int64_t kBlock = std::int64_t{1} << 20;  // Values; at least one row.
constexpr double kOutlierAt = 6;                        // Standard deviations.

/// Rows of the file and what is done to them.
struct Rotation {
  std::int64_t width = 1;  ///< Of the file.
  Transform transform;

  [[nodiscard]] std::int64_t order() const { return transform.order.size(); }
  [[nodiscard]] std::int64_t piece() const { return std::max<std::int64_t>(1, kBlock / order()) * width; }

  /// `rows` of the file, padded and rotated.
  [[nodiscard]] std::vector<double> rotated(std::span<const double> rows) const {
    const auto from = static_cast<std::size_t>(width);
    const auto to = static_cast<std::size_t>(order());
    std::vector<double> out(rows.size() / from * to, 0.0);
    for (std::size_t row = 0; row * from < rows.size(); ++row) {
      std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(row * from), from,
                  out.begin() + static_cast<std::ptrdiff_t>(row * to));
    }
    rotate_rows(std::span{out}, transform);
    return out;
  }
};

expected<Rotation, Failure> rotation_of(const NpyFile& file, const CoreyRotateArguments& arguments) {
  const std::vector<std::int64_t>& shape = file.reader.header().shape;
  const std::int64_t width = shape.empty() ? 1 : shape.back();
  const auto refused = [](std::string text) {
    return unexpected{Failure{ExitCode::kUsage, "error: " + std::move(text) + "\n"}};
  };
  const std::optional<HadamardOrder> order = hadamard_order(arguments.order);
  if (!order) {
    return refused(fmt::format("--order {}: orders are 2^k, 12 2^k and 20 2^k; the nearest is {}",
                               arguments.order, nearest_hadamard_order(arguments.order).size()));
  }
  if (width == arguments.order || (arguments.pad && width < arguments.order)) {
    return Rotation{width, {*order, arguments.paley, arguments.inverse}};
  }
  const std::string_view hint = width < arguments.order ? "; --pad pads them with zeros" : "";
  return refused(
      fmt::format("--order {}: the rows of {} have {} values{}", arguments.order, file.path, width, hint));
}

void add_row(Table& table, std::string name, double before, double after) {
  table.rows.push_back({std::move(name), before, after});
}

Table table_of(const TensorStatistics& before, const TensorStatistics& after) {
  Table table{.columns = {"statistic", "before", "after"}, .rows = {}};
  add_row(table, "mean", before.mean, after.mean);
  add_row(table, "standard_deviation", before.standard_deviation, after.standard_deviation);
  add_row(table, "least", before.least, after.least);
  add_row(table, "greatest", before.greatest, after.greatest);
  add_row(table, "crest", before.crest, after.crest);
  add_row(table, "max_over_mean", before.max_over_mean, after.max_over_mean);
  add_row(table, "excess_kurtosis", before.excess_kurtosis, after.excess_kurtosis);
  add_row(table, "outlier6_rate", before.outlier_rate, after.outlier_rate);
  constexpr std::array<std::string_view, kScales> kNames{"tensor", "token", "channel"};
  for (std::size_t i = 0; i < kScales; ++i) {
    add_row(table, fmt::format("int8_error_{}", kNames[i]), before.quantisation.int8[i],
            after.quantisation.int8[i]);
  }
  for (std::size_t i = 0; i < kScales; ++i) {
    add_row(table, fmt::format("int4_error_{}", kNames[i]), before.quantisation.int4[i],
            after.quantisation.int4[i]);
  }
  return table;
}

/// Where a result is beyond the numbers that hold it.
std::optional<Failure> overflow_of(const NpyFile& file, const TensorStatistics& before,
                                   const TensorStatistics& after, NpyType type) {
  const auto refused = [&](std::string_view what) {
    return Failure{ExitCode::kBadInput, fmt::format("{}: error: {}\n", file.path, what)};
  };
  const double most =
      type == NpyType::kFloat32 ? std::numeric_limits<float>::max() : std::numeric_limits<double>::max();
  if (!(std::max(-after.least, after.greatest) <= most))
    return refused(fmt::format("rotated values exceed {:.3g}, the largest {}", most, name_of(type)));
  if (!std::isfinite(before.excess_kurtosis) || !std::isfinite(after.excess_kurtosis))
    return refused("fourth powers of values exceed the largest f8, so they have no statistics");
  return std::nullopt;
}

/// Pass 1 writes the rotated rows and gathers the moments, pass 2 what needs them. A float stays a float.
expected<Table, Failure> rotate_file(NpyFile& file, const Rotation& rotation, GrowingFile& out) {
  const NpyHeader& header = file.reader.header();
  const NpyType type = bytes_of(header.type) > 4 ? NpyType::kFloat64 : NpyType::kFloat32;
  std::vector<std::int64_t> shape = header.shape;
  if (!shape.empty()) shape.back() = rotation.order();
  out.append(npy_header(type, shape));
  Moments before{rotation.width};
  Moments after{rotation.order()};
  const auto first = for_pieces(file, rotation.piece(), [&](std::span<const double> rows) {
    const std::vector<double> rotated = rotation.rotated(rows);
    before.add(rows);
    after.add(std::span<const double>{rotated});
    out.append(npy_bytes(type, rotated));
  });
  if (first) return unexpected{*first};
  Spread before_spread{before, kOutlierAt};
  Spread after_spread{after, kOutlierAt};
  const auto second = for_pieces(file, rotation.piece(), [&](std::span<const double> rows) {
    before_spread.add(rows);
    after_spread.add(std::span<const double>{rotation.rotated(rows)});
  });
  if (second) return unexpected{*second};
  const TensorStatistics statistics_before = statistics_of(before, before_spread);
  const TensorStatistics statistics_after = statistics_of(after, after_spread);
  if (const auto failure = overflow_of(file, statistics_before, statistics_after, type))
    return unexpected{*failure};
  return table_of(statistics_before, statistics_after);
}

}  // namespace

CommandResult run_command(const CoreyRotateArguments& arguments) {
  if (const auto clash = clash_of({{"-o", arguments.rotated}, {"the report on", "-"}}))
    return unexpected{*clash};
  expected<NpyFile, Failure> file = open_npy(arguments.file);
  if (!file) return unexpected{file.error()};
  const expected<Rotation, Failure> rotation = rotation_of(*file, arguments);
  if (!rotation) return unexpected{rotation.error()};
  GrowingFile out{arguments.rotated};
  const expected<Table, Failure> table = rotate_file(*file, *rotation, out);
  if (!table) return unexpected{table.error()};
  if (const auto failure = out.keep()) return unexpected{*failure};
  return finished(arguments.output, document_of(*table));
}

}  // namespace fusescape
