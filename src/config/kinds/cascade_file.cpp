// How does a cascade file become a Workload?
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <unordered_set>

#include "fusescape/config/access_text.hpp"
#include "fusescape/config/binding.hpp"
#include "fusescape/config/kinds/cascade_table.hpp"
#include "fusescape/config/load.hpp"

namespace fusescape {
namespace {

constexpr std::size_t kMaxThings = 1000;  // Of ranks, tensors and operators each; ids have 16 bits.

/// The cascade of a file, under construction.
class CascadeBinding {
 public:
  CascadeBinding(const CascadeFile& file, const InputFile& input, Binding& binding)
      : file_{file}, input_{input}, binding_{binding} {}

  [[nodiscard]] Workload bind() {
    check_size("ranks", file_.ranks.size());
    check_size("tensors", file_.tensors.size());
    check_size("operators", file_.operators.size());
    if (std::max({file_.ranks.size(), file_.tensors.size(), file_.operators.size()}) > kMaxThings) return {};
    add_ranks();
    add_tensors();
    add_operators();
    return errors().ok() ? finish() : Workload{};
  }

 private:
  [[nodiscard]] InputErrors& errors() { return binding_.errors(); }

  void check_size(std::string_view key, std::size_t size) {
    if (size == 0 && binding_.ok())
      errors().at(binding_.at(key), fmt::format("{}: expected at least one", key));
    if (size > kMaxThings) errors().at(binding_.at(key), fmt::format("{}: more than {}", key, kMaxThings));
  }

  void add_ranks() {
    parts_.name = file_.name;
    for (const auto& [entry, extent] : file_.ranks) {
      const bool word = std::all_of(entry->key.begin(), entry->key.end(),
                                    [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
      const bool named =
          word && !entry->key.empty() && std::isdigit(static_cast<unsigned char>(entry->key[0])) == 0;
      if (!named) errors().at_key(*entry, "ranks: a name has letters, digits and '_', and no digit first");
      parts_.ranks.push_back({entry->key, Elements{extent}});
    }
    for (const Word& word : file_.token_ranks) token_ranks_.push_back(rank_named(word).value_or(RankId{}));
  }

  std::optional<RankId> rank_named(const Word& word) {
    const auto rank = find_rank(parts_, word.text);
    if (!rank && !word.text.empty() && !parts_.ranks.empty()) {
      const std::string hint =
          did_you_mean_among(word.text, parts_.ranks, [](const Rank& r) { return std::string_view{r.name}; });
      errors().at(*word.node, fmt::format("unknown rank '{}'{}", word.text, hint));
    }
    return rank;
  }

  void add_tensors() {
    std::unordered_set<std::string_view> names;
    tensors_known_ = !file_.tensors.empty() && !file_.ranks.empty();
    for (const TensorFile& file : file_.tensors) {
      tensors_known_ = tensors_known_ && is_known(file, parts_.tensors.size());
      Tensor tensor{file.name,       {},           file.type.value_or(file_.dtype),
                    file.kind,       file.initial, file.final_value,
                    file.accumulator};
      for (const Word& word : file.ranks) {
        tensor.ranks.push_back(rank_named(word).value_or(RankId{}));  // An access has an index for each.
      }
      check_unique(names, file.name, "tensors", parts_.tensors.size());
      parts_.tensors.push_back(std::move(tensor));
    }
  }

  void check_unique(std::unordered_set<std::string_view>& names, const std::string& name,
                    std::string_view list, std::size_t position) {
    if (name.empty() || names.insert(name).second) return;
    errors().at(binding_.at(list).items[position], fmt::format("{}: '{}' is given twice", list, name));
  }

  std::optional<TensorId> tensor_named(const Word& word) {
    const auto tensor = find_tensor(parts_, word.text);
    if (!tensor && !word.text.empty() && tensors_known_) {
      const std::string hint = did_you_mean_among(word.text, parts_.tensors,
                                                  [](const Tensor& t) { return std::string_view{t.name}; });
      errors().at(*word.node, fmt::format("unknown tensor '{}'{}", word.text, hint));
    }
    return tensor;
  }

  /// Whether a tensor's name and number of ranks were read, whatever its ranks are.
  [[nodiscard]] bool is_known(const TensorFile& file, std::size_t position) {
    const YamlNode* ranks = find_value(binding_.at("tensors").items[position], "ranks");
    return !file.name.empty() && ranks != nullptr && !errors().inside(*ranks);
  }

  void add_operators() {
    std::unordered_set<std::string_view> names;
    for (const OperatorFile& file : file_.operators) {
      const std::size_t position = parts_.operators.size();
      check_unique(names, file.name, "operators", position);
      Operator op;
      op.name = file.name;
      op.kind = file.kind;
      op.output = tensor_named(file.output).value_or(TensorId{});
      const YamlNode* inputs = find_value(binding_.at("operators").items[position], "inputs");
      if (inputs != nullptr && tensors_known_) add_inputs(file, *inputs, op);
      if (file.where && !parts_.ranks.empty()) add_pairs(*file.where, op);
      parts_.operators.push_back(std::move(op));
    }
  }

  void add_inputs(const OperatorFile& file, const YamlNode& list, Operator& op) {
    for (std::size_t i = 0; i < file.inputs.size(); ++i) {
      if (file.inputs[i].empty()) continue;  // Reported already.
      const Parsed<Access> access = parse_access(file.inputs[i], parts_);
      if (access) {
        op.inputs.push_back(*access);
      } else {
        errors().at(list.items[i], access.error());
      }
    }
  }

  void add_pairs(const Word& where, Operator& op) {
    const Parsed<CausalPairs> pairs = parse_pairs(where.text, parts_);
    if (pairs) {
      op.where = *pairs;
    } else if (!where.text.empty()) {
      errors().at(*where.node, "where: " + pairs.error());
    }
  }

  /// The last setting of an extent that has to do with it, or the place in the file: without settings the
  /// file is sound.
  [[nodiscard]] const YamlNode& place_of(const CascadeProblem& problem, const Cascade& cascade) {
    const YamlNode* place = &place_in_file(problem);
    for (const RankId rank : ranks_of(problem, cascade)) {
      const YamlNode& extent = file_.ranks[index_of(rank)].entry->value;
      if (extent.set_by && (!place->set_by || *place->set_by < *extent.set_by)) place = &extent;
    }
    return *place;
  }

  /// Whose extents may be at fault.
  static std::vector<RankId> ranks_of(const CascadeProblem& problem, const Cascade& cascade) {
    if (problem.subject == CascadeProblem::Subject::kTensor) return cascade.tensors[problem.id].ranks;
    if (problem.subject != CascadeProblem::Subject::kOperator) return {};
    const Operator& op = cascade.operators[problem.id];
    if (op.where) return {op.where->key, op.where->query};
    std::vector<RankId> ranks = op.ranks;
    for (const Access& access : op.inputs) {
      const std::vector<RankId>& read = cascade.tensor(access.tensor).ranks;
      ranks.insert(ranks.end(), read.begin(), read.end());
    }
    return ranks;
  }

  [[nodiscard]] const YamlNode& place_in_file(const CascadeProblem& problem) {
    using Subject = CascadeProblem::Subject;
    switch (problem.subject) {
      case Subject::kRank:
        return file_.ranks[problem.id].entry->value;
      case Subject::kTensor:
        return binding_.at("tensors").items[problem.id];
      case Subject::kOperator:
        return binding_.at("operators").items[problem.id];
      case Subject::kCascade:
        break;
    }
    return binding_.blamed();
  }

  [[nodiscard]] Workload finish() {
    Workload workload;
    workload.name = file_.name;
    workload.family = "cascade";
    workload.phase = file_.phase;
    workload.dtype = file_.dtype;
    workload.n_layer = file_.n_layer.value_or(1);
    for (const RankId rank : token_ranks_) workload.tokens = workload.tokens * parts_.extent(rank);
    if (workload.tokens.overflow()) errors().at(binding_.blamed(), "token_ranks: too many tokens to count");
    CheckedCascade checked = make_cascade(std::move(parts_));
    for (const CascadeProblem& problem : checked.problems)
      errors().at(place_of(problem, checked.cascade), problem.message);
    workload.block = std::move(checked.cascade);
    if (file_.n_layer) workload.params = weight_elements(workload.block) * *file_.n_layer;
    if (errors().ok()) set_roles(workload);
    return workload;
  }

  void set_roles(Workload& workload) {
    std::vector<bool> typed;
    for (const TensorFile& file : file_.tensors) typed.push_back(file.type.has_value());
    fusescape::set_roles(file_, input_, workload, binding_, typed);
    for (std::size_t i = 0; i < file_.tensors.size(); ++i) {
      if (file_.tensors[i].accumulator) check_accumulator(workload.block, i);
    }
  }

  void check_accumulator(const Cascade& cascade, std::size_t position) {
    const Tensor& tensor = cascade.tensors[position];
    const YamlNode& node = *find_value(binding_.at("tensors").items[position], "accumulator");
    const auto& producer = cascade.producer[position];
    if (!producer || !sums(cascade.op(*producer).kind)) {
      errors().at(node, fmt::format("accumulator: no sum makes '{}'", tensor.name));
    } else if (!holds_sums(*tensor.accumulator, tensor.type)) {
      errors().at(node, fmt::format("accumulator: {} does not hold sums that become {}",
                                    name_of(*tensor.accumulator), name_of(tensor.type)));
    }
  }

  const CascadeFile& file_;
  const InputFile& input_;
  Binding& binding_;
  Cascade parts_;
  std::vector<RankId> token_ranks_;
  bool tensors_known_ = false;  ///< Else accesses and outputs cannot be told to be wrong.
};

}  // namespace

Loaded<Workload> bind_cascade(const InputFile& input, std::span<const Setting> settings) {
  CascadeFile file;
  Binding binding{input, FileKind::kCascade, settings, &file};
  Workload workload = CascadeBinding{file, input, binding}.bind();
  if (!binding.ok()) return unexpected<InputError>{binding.failure()};
  return workload;
}

}  // namespace fusescape
