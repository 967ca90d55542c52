#include "fusescape/search/known_candidates.hpp"

#include <algorithm>

#include "candidates.hpp"
#include "fusescape/workload/resident.hpp"

namespace fusescape {
namespace {

/// Of `rank` in an operator's iteration space; -1: it is not there.
std::int64_t position_of(const Operator& op, RankId rank) {
  const auto at = std::find(op.ranks.begin(), op.ranks.end(), rank);
  return at == op.ranks.end() ? -1 : at - op.ranks.begin();
}

/// The numbers that tell operators apart, one after another.
class Facts {
 public:
  Facts(const Cascade& cascade, const Operator& op) : cascade_{cascade}, op_{op} {}

  template <class Number>
  void add(Number number) {
    numbers_.push_back(static_cast<std::int64_t>(number));
  }
  void add(const std::vector<RankId>& ranks) {
    add(ranks.size());
    for (const RankId rank : ranks) add(position_of(op_, rank));
  }
  void add(TensorId id) {
    const Tensor& tensor = cascade_.tensor(id);
    add(tensor.kind);
    add(tensor.type);
    add(accumulator_of(tensor));
    add(cascade_.uses[index_of(id)].empty());
    add(tensor.initial);
    add(tensor.final_value);
    add(outliving_elements(cascade_, id).value());
    add(is_resident(cascade_, id));
    add(tensor.ranks);
    for (const RankId rank : tensor.ranks) add(cascade_.extent(rank).value());
  }
  void add(const Index& index) {
    add(position_of(op_, index.rank));
    add(index.offset);
    add(index.chunk ? position_of(op_, *index.chunk) : -1);
  }

  [[nodiscard]] std::vector<std::int64_t> take() { return std::move(numbers_); }

 private:
  const Cascade& cascade_;
  const Operator& op_;
  std::vector<std::int64_t> numbers_;
};

}  // namespace

/// None: the candidates depend on more than its operands' shapes, as those of recurrences and windows do.
std::optional<KnownCandidates::Key> KnownCandidates::key_of(const Planner& planner, OpId id) {
  const Cascade& cascade = planner.cascade();
  const Operator& op = cascade.op(id);
  if (planner.unit(id).size() > 1 || !has_nest_space(cascade, id)) return std::nullopt;
  if (cascade.tensor(op.output).kind == TensorKind::kState) return std::nullopt;
  Facts facts{cascade, op};
  facts.add(op.kind);
  facts.add(op.ranks.size());
  for (const RankId rank : op.ranks) facts.add(cascade.extent(rank).value());
  const SpatialMapping& mapping = planner.spatial()[index_of(id)];
  for (const auto* ranks : {&mapping.cores, &mapping.rows, &mapping.cols, &mapping.flat}) facts.add(*ranks);
  facts.add(mapping.operand_loads);
  facts.add(op.output);
  for (const Access& input : op.inputs) {
    if (is_shifted(input) || cascade.tensor(input.tensor).kind == TensorKind::kState) return std::nullopt;
    const auto first = std::find_if(op.inputs.begin(), op.inputs.end(),
                                    [&](const Access& other) { return other.tensor == input.tensor; });
    facts.add(first - op.inputs.begin());
    facts.add(input.tensor);
    for (const Index& index : input.indices) facts.add(index);
  }
  return facts.take();
}

bool KnownCandidates::has_the_array_of(const Planner& planner) {
  const std::lock_guard lock{mutex_};
  if (!array_) array_.emplace(planner.array(), planner.options());
  return array_->first == planner.array() && array_->second == planner.options();
}

std::optional<std::vector<Candidate>> KnownCandidates::found(const Key& key, OpId op,
                                                             const std::vector<RankId>& ranks) {
  const std::lock_guard lock{mutex_};
  const auto known = known_.find(key);
  if (known == known_.end()) return std::nullopt;
  std::vector<Candidate> candidates;
  candidates.reserve(known->second.size());
  for (const Nest& nest : known->second) {
    Candidate& candidate = candidates.emplace_back(Candidate{.loops = {}, .operators = {op}});
    for (const auto& [rank, tile] : nest.loops) candidate.loops.push_back({ranks[rank], tile});
    candidate.weights = nest.weights;
  }
  return candidates;
}

void KnownCandidates::keep(Key key, const std::vector<Candidate>& made, const std::vector<RankId>& ranks) {
  std::vector<Nest> nests;
  nests.reserve(made.size());
  for (const Candidate& candidate : made) {
    Nest& nest = nests.emplace_back(Nest{.loops = {}, .weights = candidate.weights});
    for (const LoopSpec& loop : candidate.loops) {
      const auto at = std::find(ranks.begin(), ranks.end(), loop.rank) - ranks.begin();
      nest.loops.emplace_back(static_cast<std::size_t>(at), loop.tile);
    }
  }
  const std::lock_guard lock{mutex_};
  known_.emplace(std::move(key), std::move(nests));
}

std::vector<Candidate> KnownCandidates::of(const Planner& planner, OpId op,
                                           const std::function<std::vector<Candidate>()>& make,
                                           const std::stop_token& stop) {
  std::optional<Key> key = key_of(planner, op);
  if (!key || !has_the_array_of(planner)) return make();
  const std::vector<RankId>& ranks = planner.cascade().op(op).ranks;
  if (auto candidates = found(*key, op, ranks)) return std::move(*candidates);
  std::vector<Candidate> made = make();
  if (!stop.stop_requested()) keep(std::move(*key), made, ranks);
  return made;
}

}  // namespace fusescape
