#include "fusescape/search/planner.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <numeric>
#include <tuple>

#include "candidates.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/spatial.hpp"
#include "fusescape/plan/windows.hpp"
#include "fusescape/search/nest_bounds.hpp"

namespace fusescape {
namespace {

/// Profiles groups one at a time. Its plan, whose spatial mappings are many small vectors, is made once.
class GroupTrials {
 public:
  GroupTrials(const Cascade& cascade, const std::vector<SpatialMapping>& spatial,
              const ProfileOptions& options)
      : cascade_{cascade}, options_{options} {
    plan_.spatial = spatial;
  }

  /// False if the candidate breaks a rule.
  bool run(Candidate& candidate) {
    plan_.nodes.assign(1, Node{});
    plan_.storages.clear();
    add_group(plan_, cascade_, candidate);
    const auto layout = lay_out(cascade_, plan_, Coverage::kPart);
    if (layout) candidate.profile = profile_group(cascade_, plan_, layout->groups.front(), options_);
    return layout.has_value();
  }

 private:
  const Cascade& cascade_;
  const ProfileOptions& options_;
  Plan plan_;
};

Bytes bytes_moved(const Candidate& candidate) {
  return candidate.profile.dram_read + candidate.profile.dram_write;
}

Bytes bytes_held(const Candidate& candidate) {
  return candidate.profile.peak;
}

bool lighter(const Candidate& a, const Candidate& b) {
  return std::tuple{bytes_moved(a), bytes_held(a)} < std::tuple{bytes_moved(b), bytes_held(b)};
}

/// Drops candidates that move more bytes than another and hold no less, also if they are faster: with them
/// more SRAM could raise the traffic (docs/adr/tiling-of-single-operators.md, Consequences). Those that move
/// the same bytes stay beside each other, since only a machine says which of them is the fastest. Lightest
/// first, and of equals the one that holds least.
void keep_useful(std::vector<Candidate>& candidates) {
  std::stable_sort(candidates.begin(), candidates.end(), lighter);
  std::vector<Candidate> kept;
  Bytes least_held = Bytes::overflowed();  // By candidates that move fewer bytes.
  auto equal = candidates.begin();
  while (equal != candidates.end()) {
    const Bytes moved = bytes_moved(*equal);
    const Bytes held = bytes_held(*equal);
    for (; equal != candidates.end() && bytes_moved(*equal) == moved; ++equal) {
      if (bytes_held(*equal) < least_held) kept.push_back(std::move(*equal));
    }
    least_held = std::min(least_held, held);
  }
  candidates = std::move(kept);
}

/// What candidates that have been profiled move and hold, without those that another outdoes in both.
class Frontier {
 public:
  void add(const Candidate& candidate) {
    weights_.push_back({bytes_moved(candidate), bytes_held(candidate)});
  }

  /// Whether keep_useful drops whatever has these bounds: some candidate moves less and holds no more.
  [[nodiscard]] bool outdoes(const NestBounds& least) const {
    return std::any_of(weights_.begin(), weights_.end(), [&](const NestBounds& known) {
      return known.moved < least.moved && known.held <= least.held;
    });
  }

 private:
  std::vector<NestBounds> weights_;
};

/// A candidate that fits a machine.
struct Trial {
  const Candidate* candidate = nullptr;
  Ticks latency;
};

std::vector<Trial> trials_of(const std::vector<Candidate>& candidates, const Machine& machine) {
  std::vector<Trial> trials;
  for (const Candidate& candidate : candidates) {
    if (bytes_held(candidate) > machine.capacity) continue;
    const auto cost = evaluate_group(candidate.profile, machine);
    if (cost) trials.push_back({&candidate, cost->latency});
  }
  return trials;
}

bool faster(const Trial& a, const Trial& b) {
  return a.latency < b.latency;
}

/// Of trials that take about the time of the fastest, those that move the fewest bytes. Expects some.
std::vector<Trial> lightest_fast(std::vector<Trial> trials) {
  const Ticks least = std::min_element(trials.begin(), trials.end(), faster)->latency;
  std::erase_if(trials, [&](const Trial& trial) { return !about(trial.latency, least); });
  Bytes fewest = Bytes::overflowed();
  for (const Trial& trial : trials) fewest = std::min(fewest, bytes_moved(*trial.candidate));
  std::erase_if(trials, [&](const Trial& trial) { return bytes_moved(*trial.candidate) > fewest; });
  return trials;
}

/// Whether each row of tiles ends with a shorter one. Long tiles' transfers do not hide behind it, and the
/// closed form, which does not know in which order tiles come, does not see that. Of the nests that are tried
/// none has two loops over a rank.
bool ends_rows_short(const Cascade& cascade, const Candidate& candidate) {
  bool outer = false;
  for (const LoopSpec& loop : candidate.loops) {
    const std::int64_t extent = cascade.extent(loop.rank).value();
    if (outer && extent % loop.tile != 0) return true;
    outer = outer || loop.tile < extent;
  }
  return false;
}

/// The fastest whose rows do not end short, unless it takes longer than equal tiles are worth; else the
/// fastest. Of equals the first. Expects some.
const Candidate* prefer_even(const Cascade& cascade, const std::vector<Trial>& trials) {
  const Trial& fastest = *std::min_element(trials.begin(), trials.end(), faster);
  const Trial* even = nullptr;
  for (const Trial& trial : trials) {
    if (!at_most_a_part_above(trial.latency, fastest.latency, kPartForEvenTiles)) continue;
    if (ends_rows_short(cascade, *trial.candidate)) continue;
    if (even == nullptr || faster(trial, *even)) even = &trial;
  }
  return even != nullptr ? even->candidate : fastest.candidate;
}

/// What the plan says of storing `tensor` in `node`: one entry, however often it is read there.
Storage& storage_in(Plan& plan, NodeId node, TensorId tensor) {
  const auto found = std::find_if(plan.storages.begin(), plan.storages.end(), [&](const Storage& storage) {
    return storage.node == node && storage.tensor == tensor;
  });
  if (found != plan.storages.end()) return *found;
  return plan.storages.emplace_back(Storage{.tensor = tensor, .node = node});
}

}  // namespace

NodeId add_group(Plan& plan, const Cascade& cascade, const Candidate& candidate) {
  const NodeId group = add_sequence(plan, kRoot);
  NodeId inner = group;
  for (const LoopSpec& loop : candidate.loops) inner = add_loop(plan, inner, loop.rank, loop.tile);
  for (const OpId op : candidate.operators) add_operator(plan, inner, op);
  for (const TensorId tensor : candidate.spilled) storage_in(plan, inner, tensor).spilled = true;
  if (!candidate.holds_windows) return group;
  for (const OpId op : candidate.operators) {
    for (const Access& input : cascade.op(op).inputs) {
      if (steps_along_window(plan, inner, input)) storage_in(plan, inner, input.tensor).held = true;
    }
  }
  return group;
}

/// Candidates, each list made by the first thread that asks for it.
struct Planner::Made {
  struct Entry {
    std::once_flag once;
    std::vector<Candidate> candidates;
  };
  explicit Made(std::size_t units) : alone(units) {}

  std::vector<Entry> alone;  ///< Per unit.
  std::mutex fused_mutex;    ///< Guards the map, not its entries, which stay where they are.
  std::map<std::vector<OpId>, Entry> fused;
};

Planner::Planner(Planner&& other) noexcept = default;
Planner& Planner::operator=(Planner&& other) noexcept = default;
Planner::~Planner() = default;

Planner::Planner(const Cascade& cascade, const Accelerator& accelerator, std::stop_token stop)
    : cascade_{&cascade},
      spatial_{spatial_mappings(cascade, accelerator)},
      options_{profile_options(accelerator)},
      stop_{std::move(stop)},
      unit_(cascade.operators.size(), 0) {
  const auto& recurrence_of = cascade.recurrence_of;
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    const OpId op{static_cast<std::uint16_t>(i)};
    const std::vector<OpId> members =
        recurrence_of[i] ? cascade.recurrences[*recurrence_of[i]].operators : std::vector<OpId>{op};
    if (members.front() == op) {
      units_.push_back(members);
      for (const OpId member : members) unit_[index_of(member)] = units_.size() - 1;
    }
  }
  made_ = std::make_unique<Made>(units_.size());
}

const std::vector<Candidate>& Planner::candidates(OpId op) const {
  const std::size_t unit = unit_[index_of(op)];
  Made::Entry& entry = made_->alone[unit];
  std::call_once(entry.once, [&] {
    std::vector<Candidate> tried = nests(op);
    const std::vector<bool> legal = profile_useful(tried);
    for (std::size_t i = 0; i < tried.size(); ++i) {
      if (legal[i]) entry.candidates.push_back(std::move(tried[i]));
    }
    keep_useful(entry.candidates);
  });
  return entry.candidates;
}

std::vector<Candidate> Planner::nests(OpId op) const {
  return candidate_nests(*cascade_, unit(op));
}

/// Fills the profiles of all of `nests` that may be useful, those that promise to move least first; whether
/// each has one.
std::vector<bool> Planner::profile_useful(std::vector<Candidate>& nests) const {
  std::vector<NestBounds> least(nests.size());
  for (std::size_t i = 0; i < nests.size(); ++i) {
    if (nests[i].operators.size() > 1 || nests[i].holds_windows) continue;
    least[i] = nest_bounds(*cascade_, options_, nests[i].operators.front(), nests[i].loops);
  }
  std::vector<std::size_t> order(nests.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tuple{least[a].moved, least[a].held} < std::tuple{least[b].moved, least[b].held};
  });
  std::vector<bool> legal(nests.size(), false);
  GroupTrials trials{*cascade_, spatial_, options_};
  Frontier frontier;
  for (const std::size_t i : order) {
    if (stop_.stop_requested()) break;
    if (frontier.outdoes(least[i]) || !trials.run(nests[i])) continue;
    legal[i] = true;
    frontier.add(nests[i]);
  }
  return legal;
}

const std::vector<Candidate>& Planner::fused(const std::vector<OpId>& operators) const {
  Made::Entry* entry = nullptr;
  {
    const std::lock_guard lock{made_->fused_mutex};
    entry = &made_->fused[operators];
  }
  std::call_once(entry->once, [&] {
    GroupTrials trials{*cascade_, spatial_, options_};
    for (Candidate& nest : fused_nests(*cascade_, operators)) {
      if (stop_.stop_requested()) break;
      if (trials.run(nest)) entry->candidates.push_back(std::move(nest));
    }
  });
  return entry->candidates;
}

bool Planner::try_profile(Candidate& candidate) const {
  return GroupTrials{*cascade_, spatial_, options_}.run(candidate);
}

bool Planner::serves(const Accelerator& accelerator) const {
  return options_ == profile_options(accelerator) && spatial_ == spatial_mappings(*cascade_, accelerator);
}

const Candidate* Planner::best(OpId op, const Machine& machine) const {
  std::vector<Trial> trials = trials_of(candidates(op), machine);
  if (trials.empty()) return nullptr;
  return prefer_even(*cascade_, lightest_fast(std::move(trials)));
}

Bytes Planner::least_footprint(OpId op) const {
  Bytes least = Bytes::overflowed();
  for (const Candidate& candidate : candidates(op)) least = std::min(least, bytes_held(candidate));
  return least;
}

}  // namespace fusescape
