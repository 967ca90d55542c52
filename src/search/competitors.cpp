#include "competitors.hpp"

#include <algorithm>
#include <optional>

#include "candidates.hpp"
#include "fusescape/cost/compulsory.hpp"
#include "fusescape/search/array_work.hpp"
#include "fusescape/workload/resident.hpp"
#include "optimal_space.hpp"

namespace fusescape {
namespace {

/// Of what an operator reads of a tensor, what its group holds at once: ranks in `looped` are one element
/// long.
Bytes slab_of(const Cascade& cascade, const Access& access, const std::vector<RankId>& looped) {
  Elements elements{1};
  for (const Index& index : access.indices) {
    if (!has_rank(looped, index.rank)) elements = elements * cascade.extent(index.rank);
  }
  return bytes_of(elements, bits_of(cascade.tensor(access.tensor).type));
}

/// The operator's inputs that are read in place, each tensor once.
Bytes held_by(const Cascade& cascade, const Operator& op, const std::vector<RankId>& looped) {
  Bytes sum;
  for (auto input = op.inputs.begin(); input != op.inputs.end(); ++input) {
    const auto same = [&](const Access& other) { return other.tensor == input->tensor; };
    const bool counted = std::find_if(op.inputs.begin(), input, same) != input;
    if (!counted && !is_shifted(*input) && input->tensor != op.output) {
      sum += slab_of(cascade, *input, looped);
    }
  }
  return sum;
}

bool is_among(const std::vector<OpId>& operators, OpId op) {
  return std::find(operators.begin(), operators.end(), op) != operators.end();
}

/// Of a tensor that is made outside of `operators`, the most that one of them reads.
Bytes read_by(const Cascade& cascade, const std::vector<OpId>& operators, TensorId tensor) {
  Bytes most;
  for (const Use& use : cascade.uses[index_of(tensor)]) {
    if (!is_among(operators, use.op)) continue;
    const Operator& op = cascade.op(use.op);
    const Access& access = op.inputs[static_cast<std::size_t>(use.input)];
    most = std::max(most, bytes_of(elements_read(cascade, op, access), bits_of(cascade.tensor(tensor).type)));
  }
  return most;
}

/// Likewise, of what is read in place and along none of the `looped` ranks.
Bytes unshifted_by(const Cascade& cascade, const std::vector<OpId>& operators, TensorId tensor,
                   const std::vector<RankId>& looped) {
  Bytes most;
  for (const Use& use : cascade.uses[index_of(tensor)]) {
    const Access& access = cascade.op(use.op).inputs[static_cast<std::size_t>(use.input)];
    const bool along =
        std::any_of(looped.begin(), looped.end(), [&](RankId rank) { return names(access, rank); });
    if (!is_among(operators, use.op) || is_shifted(access) || along) continue;
    most = std::max(most, slab_of(cascade, access, {}));
  }
  return most;
}

/// Whether it is needed in DRAM once `operators` have made it. What later groups read may be `kept` on chip.
bool leaves(const Cascade& cascade, const std::vector<OpId>& operators, TensorId tensor, bool kept) {
  if (is_resident(cascade, tensor)) return false;
  if (cascade.tensor(tensor).kind == TensorKind::kOutput) return true;
  const auto& uses = cascade.uses[index_of(tensor)];
  return !kept &&
         std::any_of(uses.begin(), uses.end(), [&](const Use& use) { return !is_among(operators, use.op); });
}

/// Per operator, of its whole iteration space on its core, at the peak rate. Smaller tiles leave no fewer PEs
/// idle; but of what they attain of a rate each is rounded for itself, and many may take less than one.
std::vector<Cycles> whole_works(const Planner& planner) {
  ArrayModel array = planner.array();
  for (Engine& engine : array.engines) engine.efficiency = Ratio{1};
  std::vector<Cycles> works;
  for (std::size_t i = 0; i < planner.cascade().operators.size(); ++i) {
    NestWork work{planner.cascade(), planner.spatial(), array, OpId{static_cast<std::uint16_t>(i)}};
    works.push_back(work.of({}).compute);
  }
  return works;
}

/// If all PEs were busy: in chains operators may fill them better than on their own.
std::vector<Cycles> busy_works(const Planner& planner) {
  const Cascade& cascade = planner.cascade();
  std::vector<Cycles> works;
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    const OpId op{static_cast<std::uint16_t>(i)};
    const Engine& engine = planner.array().engines[static_cast<std::size_t>(cascade.op(op).kind)];
    const Ops ops = ops_of(cascade, op);
    const std::int64_t pes = engine.count * engine.rows * engine.cols;
    works.push_back(ops.overflow() ? Cycles::overflowed() : Cycles{ops.value() / pes} * engine.cycles_per_op);
  }
  return works;
}

/// `works`: per operator. `kept`: what they make may stay on chip for later groups.
GroupFloor floor_of(const Cascade& cascade, const std::vector<OpId>& operators,
                    const std::vector<Cycles>& works, bool kept) {
  GroupFloor floor;
  for (std::size_t i = 0; i < cascade.tensors.size(); ++i) {
    const TensorId tensor{static_cast<std::uint16_t>(i)};
    const bool made = cascade.producer[i] && is_among(operators, *cascade.producer[i]);
    if (!made) floor.read += read_by(cascade, operators, tensor);
    if (made && leaves(cascade, operators, tensor, kept)) {
      floor.written += bytes_of(elements_of(cascade, tensor), bits_of(cascade.tensor(tensor).type));
    }
  }
  for (const OpId op : operators) floor.compute += works[index_of(op)];
  return floor;
}

/// Of a tensor's traffic in a group, what keeping as much of it as memory holds can save: its share, and as
/// much again, since parts are counted in whole granules.
Bytes most_saved(const MadeTraffic& one, const Machine& machine) {
  if (one.moved.overflow()) return Bytes{};
  if (one.size.overflow() || one.size <= machine.capacity * 2) return one.moved;
  const Int128 share =
      static_cast<Int128>(one.moved.value()) * (machine.capacity * 2).value() / one.size.value() + 1;
  return Bytes{static_cast<std::int64_t>(share)};
}

/// Of a way to run one unit alone, with as much on chip as `kept`. Nothing if its counts do not fit.
Ticks least_time(const Way& way, Bytes kept, const Machine& machine) {
  if (!way.countable || way.work.compute.overflow()) return Ticks{};
  const Ticks port = Ticks{(way.transfers[machine.dram_ports] - kept).value()} * machine.dram_ticks_per_byte;
  return longest(machine.scale.ticks(way.work.compute), port);
}

/// Of the ways to run one unit alone that fit the least time, with as much on chip as `saved(way)`, which is
/// at most `most(way)` and takes longer to find.
template <class Most, class Saved>
Ticks least_alone(const SpaceEdge& edge, const Machine& machine, const Most& most, const Saved& saved) {
  std::optional<Ticks> least;
  for (const Way& way : edge.ways) {
    if (way.alone == nullptr || way.held > machine.capacity) continue;
    if (least && least_time(way, most(way), machine) >= *least) continue;
    const Ticks time = least_time(way, saved(way), machine);
    least = least ? std::min(*least, time) : time;
  }
  return least.value_or(Ticks{});
}

}  // namespace

/// In loops of one trip each operator's inputs, whole; else what has none of the ranks, which stays all the
/// time.
Bytes least_held(const Cascade& cascade, const std::vector<OpId>& operators) {
  const std::vector<RankId> looped = shared_ranks(cascade, operators);
  Bytes at_once;
  for (const OpId op : operators) at_once = std::max(at_once, held_by(cascade, cascade.op(op), {}));
  Bytes staying;
  for (std::size_t i = 0; i < cascade.tensors.size(); ++i) {
    const TensorId tensor{static_cast<std::uint16_t>(i)};
    const bool made = cascade.producer[i] && is_among(operators, *cascade.producer[i]);
    const std::vector<RankId>& ranks = cascade.tensors[i].ranks;
    const bool indexed =
        std::any_of(ranks.begin(), ranks.end(), [&](RankId rank) { return has_rank(looped, rank); });
    if (!made && !indexed) staying += unshifted_by(cascade, operators, tensor, looped);
  }
  return std::min(at_once, staying);
}

CompetitorFloors::CompetitorFloors(const Planner& planner, const std::vector<std::vector<OpId>>& units,
                                   const std::vector<std::vector<OpId>>& updates)
    : units_{units.size()}, members_{units} {
  const Cascade& cascade = planner.cascade();
  known_ = units_ <= kMostUnits && std::none_of(planner.spatial().begin(), planner.spatial().end(),
                                                [](const SpatialMapping& mapping) {
                                                  return mapping.operand_loads == OperandLoads::kConcurrent;
                                                });
  if (!known_) return;
  const std::vector<Cycles> whole = whole_works(planner);
  const std::vector<Cycles> busy = busy_works(planner);
  runs_.resize(units_ * units_);
  for (std::size_t first = 0; first < units_; ++first) {
    std::vector<OpId> operators = units[first];
    for (std::size_t last = first + 1; last < units_; ++last) {
      operators.insert(operators.end(), units[last].begin(), units[last].end());
      GroupFloor& floor = runs_[first * units_ + last];
      floor = floor_of(cascade, operators, whole, false);
      floor.held = least_held(cascade, operators);
    }
  }
  for (const std::vector<OpId>& update : updates) updates_.push_back(floor_of(cascade, update, busy, true));
  for (const std::vector<OpId>& unit : units) {
    updating_.push_back(std::any_of(updates.begin(), updates.end(), [&](const std::vector<OpId>& update) {
      return is_among(update, unit.front());
    }));
  }
}

std::vector<OpId> CompetitorFloors::operators(std::size_t first, std::size_t last) const {
  std::vector<OpId> all;
  for (std::size_t unit = first; unit < last; ++unit) {
    all.insert(all.end(), members_[unit].begin(), members_[unit].end());
  }
  return all;
}

LeastTimes::LeastTimes(const Planner& planner, const OptimalSpace& space, const Machine& machine)
    : planner_{planner}, space_{space}, floors_{space.floors()}, machine_{machine} {
  for (const SpaceEdge& edge : space.edges()) {
    if (edge.last != edge.first + 1) continue;
    const auto nothing = [](const Way&) { return Bytes{}; };
    alone_.push_back(least_alone(edge, machine, nothing, nothing));
  }
}

Ticks LeastTimes::time_of(const GroupFloor& floor) const {
  const bool overflows = floor.compute.overflow() || floor.read.overflow() || floor.written.overflow();
  if (overflows) return Ticks{};
  const Ticks read = Ticks{floor.read.value()} * machine_.dram_ticks_per_byte;
  const Ticks written = Ticks{floor.written.value()} * machine_.dram_ticks_per_byte;
  const Ticks port = machine_.dram_ports == Ports::kShared ? read + written : longest(read, written);
  return longest(machine_.scale.ticks(floor.compute), port);
}

/// The fastest of the planner's nests that fit.
LeastTimes::RunTime LeastTimes::exact_time(std::size_t first, std::size_t last) const {
  std::optional<Ticks> least;
  for (const Candidate& candidate : planner_.fused(floors_.operators(first, last))) {
    if (candidate.weights.held > machine_.capacity) continue;
    const auto cost = evaluate_group(planner_.profile(candidate), machine_);
    if (cost) least = least ? std::min(*least, cost->latency) : cost->latency;
  }
  return {.least = least.value_or(Ticks{}), .exact = true, .fits = least.has_value()};
}

/// A shortest path over the units, each alone or in a run that may fit: where its groups end, first the last
/// one.
std::vector<std::size_t> LeastTimes::fastest_runs(const std::vector<RunTime>& runs, Ticks& sum) const {
  std::vector<Ticks> until(floors_.units() + 1);
  std::vector<std::size_t> before(floors_.units() + 1, 0);
  for (std::size_t last = 1; last <= floors_.units(); ++last) {
    until[last] = until[last - 1] + alone_[last - 1];
    before[last] = last - 1;
    for (std::size_t first = 0; first + 1 < last; ++first) {
      const RunTime& run = runs[first * floors_.units() + last - 1];
      if (!run.fits || until[first] + run.least >= until[last]) continue;
      until[last] = until[first] + run.least;
      before[last] = first;
    }
  }
  sum = until.back();
  std::vector<std::size_t> ends;
  for (std::size_t at = floors_.units(); at > 0; at = before[at]) ends.push_back(at);
  ends.push_back(0);
  return ends;
}

void LeastTimes::find_floors_of_runs() {
  const std::size_t units = floors_.units();
  floors_of_runs_.resize(units * units);
  for (std::size_t first = 0; first < units; ++first) {
    for (std::size_t last = first + 2; last <= units; ++last) {
      const GroupFloor& floor = floors_.run(first, last);
      floors_of_runs_[first * units + last - 1] = {.least = time_of(floor),
                                                   .fits = floor.held <= machine_.capacity};
    }
  }
  runs_ = floors_of_runs_;
}

/// Makes the planner's nests of the runs that end at `ends`; whether all were made already.
bool LeastTimes::make_exact(const std::vector<std::size_t>& ends) {
  bool were_exact = true;
  for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
    RunTime& run = runs_[ends[i + 1] * floors_.units() + ends[i] - 1];
    if (ends[i] - ends[i + 1] < 2 || run.exact) continue;
    run = exact_time(ends[i + 1], ends[i]);
    were_exact = false;
  }
  return were_exact;
}

/// Whether some choice of runs may take less. `of_planner`: in the planner's nests, of which those are made
/// that decide it.
bool LeastTimes::runs_below(Ticks time, bool of_planner) {
  if (floors_of_runs_.empty()) find_floors_of_runs();
  for (;;) {
    Ticks sum;
    const std::vector<std::size_t> ends = fastest_runs(of_planner ? runs_ : floors_of_runs_, sum);
    if (sum >= time) return false;
    if (!of_planner || make_exact(ends)) return true;
  }
}

Ticks LeastTimes::least_of_updates() const {
  Ticks sum;
  for (std::size_t unit = 0; unit < alone_.size(); ++unit) {
    if (!floors_.is_updating(unit)) sum += alone_[unit];
  }
  for (const GroupFloor& update : floors_.updates()) sum += time_of(update);
  return sum;
}

/// All alone, if keeping tensors saved as much as `saved(way)`.
template <class Saved>
Ticks LeastTimes::least_retained(const Saved& saved) const {
  Ticks sum;
  for (const SpaceEdge& edge : space_.edges()) {
    if (edge.last != edge.first + 1) continue;
    sum += least_alone(
        edge, machine_, [](const Way& way) { return way.made; }, saved);
  }
  return sum;
}

/// If memory kept all that the cascade makes; else if it kept as much as it holds.
bool LeastTimes::none_retained_below(Ticks time) {
  if (!retained_) retained_ = least_retained([](const Way& way) { return way.made; });
  if (*retained_ >= time) return true;
  const auto held = [&](const Way& way) {
    Bytes saved;
    for (const MadeTraffic& one : space_.made(way)) saved += most_saved(one, machine_);
    return saved;
  };
  retained_ = least_retained(held);
  return *retained_ >= time;
}

bool LeastTimes::none_below(Ticks time, const Strategy& strategy) {
  switch (strategy.groups) {
    case StrategyGroups::kAlone:
      return none_retained_below(time);
    case StrategyGroups::kUpdates:
      return floors_.known() && least_of_updates() >= time;
    case StrategyGroups::kRuns:
      return floors_.known() && !runs_below(time, !strategy.reads_entropy);
    case StrategyGroups::kAny:
      break;
  }
  return false;
}

}  // namespace fusescape
