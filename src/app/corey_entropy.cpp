// fusescape corey entropy: how many bits does a value of each tensor carry?
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/check/activation_entropy.hpp"
#include "fusescape/numerics/entropy.hpp"
#include "fusescape/support/suggestion.hpp"
#include "inputs.hpp"
#include "npy_file.hpp"

namespace fusescape {
namespace {

constexpr std::int64_t kPiece = std::int64_t{1} << 20;  // 8 MiB of doubles.

/// A range that needs no more passes over the file to be known.
expected<RangeRule, Failure> known_range(NpyFile& file, const RangeRule& rule) {
  const auto* robust = std::get_if<RobustRange>(&rule);
  if (robust == nullptr) return rule;
  QuantileScan scan{robust->tail};
  const auto add = [&](std::span<const double> values) { scan.add(values); };
  if (const auto failure = for_pieces(file, kPiece, add)) return unexpected{*failure};
  scan.refine();
  if (const auto failure = for_pieces(file, kPiece, add)) return unexpected{*failure};
  const FixedRange range = scan.range();
  if (range.low < range.high) return RangeRule{range};
  return RangeRule{MinMaxRange{}};  // Nearly all values are one: the extremes tell more.
}

expected<Histogram, Failure> histogram_of_file(NpyFile& file, const CoreyEntropyArguments& arguments) {
  const expected<RangeRule, Failure> rule = known_range(file, arguments.range);
  if (!rule) return unexpected{rule.error()};
  Extent extent;
  if (std::holds_alternative<MinMaxRange>(*rule)) {
    const auto failure =
        for_pieces(file, kPiece, [&](std::span<const double> values) { add_to(extent, values); });
    if (failure) return unexpected{*failure};
  }
  Histogram histogram = empty_histogram(*rule, extent, static_cast<int>(arguments.bins));
  const auto failure =
      for_pieces(file, kPiece, [&](std::span<const double> values) { add_to(histogram, values); });
  if (failure) return unexpected{*failure};
  return histogram;
}

std::vector<Field> row_of(const NpyFile& file, const Histogram& histogram,
                          const CoreyEntropyArguments& arguments) {
  const std::string stem = std::filesystem::path{file.path}.stem().string();
  const double bits = entropy(histogram, LogBase::kBits);
  std::vector<Field> row{{"tensor", stem}, {"entropy_bits", bits}};
  if (arguments.base == LogBase::kNats) {
    row.push_back({"entropy_nats", entropy(histogram, LogBase::kNats)});
    row.push_back({"miller_madow_nats", miller_madow_correction(histogram, LogBase::kNats)});
  } else {
    row.push_back({"miller_madow_bits", miller_madow_correction(histogram, LogBase::kBits)});
  }
  const double most = std::log2(static_cast<double>(arguments.bins));
  row.push_back({"normalised", most > 0 ? Value{bits / most} : Value{}});
  row.push_back({"bins", arguments.bins});
  row.push_back({"low", histogram.low});
  row.push_back({"high", histogram.high});
  row.push_back({"clipped", histogram.clipped});
  row.push_back({"values", histogram.total()});
  row.push_back({"type", std::string{name_of(file.reader.header().type)}});
  row.push_back({"shape", shape_text(file.reader.header().shape)});
  return row;
}

/// Which ranks are smaller than the workload's: the entropies are of the smaller block.
std::string scaled_text(const SmallCascade& small) {
  std::string text;
  for (const ScaledRank& rank : small.ranks) {
    text += fmt::format("{}{} {} -> {}", text.empty() ? "; ranks scaled: " : ", ",
                        small.cascade.rank(rank.rank).name, rank.from.value(), rank.to.value());
  }
  return text;
}

bool is_given(const Tensor& tensor) {
  return tensor.kind == TensorKind::kInput || tensor.kind == TensorKind::kWeight;
}

/// The input or weight of the block that a file is named after.
expected<TensorId, Failure> named_tensor(const std::string& path, const Cascade& cascade) {
  const std::string name = std::filesystem::path{path}.stem().string();
  const auto tensor = find_tensor(cascade, name);
  if (tensor && is_given(cascade.tensor(*tensor))) return *tensor;
  const std::string hint =
      did_you_mean_among(name, cascade.tensors, [](const Tensor& one) { return std::string_view{one.name}; });
  return unexpected{
      Failure{ExitCode::kUsage, fmt::format("error: {}: {} has no input or weight '{}'{}\n", path,
                                            cascade.name, name, tensor ? "; it makes that itself" : hint)}};
}

/// Replaces the numbers of the tensor that the file is named after.
std::optional<Failure> take_numbers(const std::string& path, const Cascade& cascade, NumericCase& numbers) {
  expected<NpyFile, Failure> file = open_npy(path);
  if (!file) return file.error();
  const expected<TensorId, Failure> tensor = named_tensor(path, cascade);
  if (!tensor) return tensor.error();
  TensorValues& values = numbers.tensors[index_of(*tensor)];
  std::vector<std::int64_t> shape;
  for (const ValueAxis& axis : values.axes) shape.push_back(axis.extent);
  if (file->reader.header().shape != shape) {
    return Failure{ExitCode::kBadInput, fmt::format("{}: error: shape {}; {} of this block has {}\n", path,
                                                    shape_text(file->reader.header().shape),
                                                    cascade.tensor(*tensor).name, shape_text(shape))};
  }
  std::vector<double> given;
  auto failure = for_pieces(*file, kPiece, [&](std::span<const double> piece) {
    given.insert(given.end(), piece.begin(), piece.end());
  });
  if (failure) return failure;
  std::size_t next = 0;
  for_each_own(values, [&](std::int64_t position) { values.data[position] = given[next++]; });
  return std::nullopt;
}

/// Whose numbers a block ran on.
std::string numbers_text(std::size_t given, const Cascade& cascade) {
  const auto all = std::count_if(cascade.tensors.begin(), cascade.tensors.end(), is_given);
  if (given == 0) return "synthetic";
  return given == static_cast<std::size_t>(all) ? "given" : "partly synthetic";
}

/// The tensors that the block's operators make.
expected<Table, Failure> block_table(const CoreyEntropyArguments& arguments) {
  const auto settings = parse_settings(arguments.settings);
  if (!settings) return unexpected{settings.error()};
  const Loaded<Workload> workload = load_workload(arguments.workload, *settings);
  if (!workload) return unexpected{failure_of(workload.error())};
  const auto small = with_small_ranks(workload->block, arguments.largest_rank);
  if (!small) {
    return unexpected{
        Failure{ExitCode::kUsage, fmt::format("error: the block of {} has no form with ranks of at most {}\n",
                                              workload->name, arguments.largest_rank)}};
  }
  NumericCase numbers = synthetic_case(small->cascade, arguments.seed);
  for (const std::string& path : arguments.files) {
    if (const auto failure = take_numbers(path, small->cascade, numbers)) return unexpected{*failure};
  }
  const std::string whose = numbers_text(arguments.files.size(), small->cascade);
  if (!arguments.output.quiet && whose != "given") {
    complain(fmt::format("note: nobody's activations: seeded numbers (seed {}){}{}\n", arguments.seed,
                         arguments.files.empty() ? "" : " where no file gives them", scaled_text(*small)));
  }
  Table table{.columns = {"tensor", "entropy_bits", "bins", "values", "boundary", "numbers"}, .rows = {}};
  for (const ActivationEntropy& one :
       activation_entropies(small->cascade, numbers, static_cast<int>(arguments.bins))) {
    table.rows.push_back(
        {small->cascade.tensor(one.tensor).name, one.bits, arguments.bins, one.values, one.boundary, whose});
  }
  return table;
}

expected<Table, Failure> files_table(const CoreyEntropyArguments& arguments) {
  std::vector<std::vector<Field>> rows;
  for (const std::string& path : arguments.files) {
    expected<NpyFile, Failure> file = open_npy(path);
    if (!file) return unexpected{file.error()};
    const expected<Histogram, Failure> histogram = histogram_of_file(*file, arguments);
    if (!histogram) return unexpected{histogram.error()};
    rows.push_back(row_of(*file, *histogram, arguments));
  }
  return table_of(rows);
}

}  // namespace

CommandResult run_command(const CoreyEntropyArguments& arguments) {
  const expected<Table, Failure> table =
      arguments.workload.empty() ? files_table(arguments) : block_table(arguments);
  if (!table) return unexpected{table.error()};
  return finished(arguments.output, document_of(*table));
}

}  // namespace fusescape
