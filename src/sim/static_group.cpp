// What does a group load and store that fits, beside what is kept between groups?
#include <algorithm>
#include <map>

#include "group_traffic.hpp"

namespace fusescape {
namespace {

class StaticGroup {
 public:
  StaticGroup(const SlabContext& context, const SlabProgram& program, const Fitting& fitting,
              KeptTensors& kept)
      : context_{context},
        program_{program},
        fitting_{fitting},
        kept_{kept},
        visits_{program},
        traffic_{context.machine},
        on_chip_(context.cascade.tensors.size()),
        kept_bytes_(context.cascade.tensors.size()) {}

  ManagedGroup run() {
    for (const Leaving& one : fitting_.leaving) {
      add_store({.tensor = one.tensor,
                 .bytes = one.bytes,
                 .step = 0,
                 .when = StepStore::When::kBefore,
                 .wait_step = 0});
    }
    for (std::size_t k = 0; k < program_.steps.size(); ++k) add_step(static_cast<std::int64_t>(k));
    return std::move(traffic_.made());
  }

 private:
  void add_step(std::int64_t k);
  void load(std::int64_t k, const ProgramSlab& slab);
  void store(std::int64_t k, const ProgramSlab& slab);
  void add_store(const StepStore& one);
  void sample(std::int64_t step, TensorId tensor, Bytes added);
  void sample_kept(std::int64_t step, TensorId tensor);

  const SlabContext& context_;
  const SlabProgram& program_;
  const Fitting& fitting_;
  KeptTensors& kept_;
  BufferVisits visits_;
  GroupTraffic traffic_;
  std::map<TensorId, std::int64_t> stored_;  ///< Position of its last store in this group.
  std::vector<Bytes> on_chip_;               ///< Per tensor, as sampled.
  std::vector<Bytes> kept_bytes_;            ///< Of these, kept between groups.
  Bytes total_;
};

void StaticGroup::sample(std::int64_t step, TensorId tensor, Bytes added) {
  if (added == Bytes{}) return;
  Bytes& held = on_chip_[index_of(tensor)];
  held += added;
  total_ += added;
  traffic_.made().memory.push_back({step, tensor, held, total_});
}

void StaticGroup::sample_kept(std::int64_t step, TensorId tensor) {
  Bytes& before = kept_bytes_[index_of(tensor)];
  const Bytes now = kept_.resident(tensor);
  sample(step, tensor, now - std::exchange(before, now));
}

void StaticGroup::add_store(const StepStore& one) {
  const std::int64_t position = traffic_.store(one, true);
  if (position != kNoStep) stored_[one.tensor] = position;
}

void StaticGroup::load(std::int64_t k, const ProgramSlab& slab) {
  Bytes bytes = slab.load;
  if (kept_.keeps(slab.tensor)) {
    const std::int64_t on_chip = kept_.read(slab.tensor);
    const std::int64_t all = std::max<std::int64_t>(volume(slab.box), 1);
    const auto missing = static_cast<Int128>(slab.load.value()) * (all - on_chip);
    bytes = round_up(Bytes{static_cast<std::int64_t>((missing + all - 1) / all)}, context_.granule);
    sample_kept(k, slab.tensor);
  }
  const std::int64_t from = fitting_.on_demand ? k : visits_.free_from(slab);
  StepLoad one{.tensor = slab.tensor, .bytes = bytes, .step = k, .from_step = from};
  one.beside = program_.load_with[slab.buffer];
  if (stored_.contains(slab.tensor)) one.after_store = stored_.at(slab.tensor);
  traffic_.load(one);
}

void StaticGroup::store(std::int64_t k, const ProgramSlab& slab) {
  const StepStore::When after = StepStore::When::kAfter;
  StepStore one{.tensor = slab.tensor,
                .bytes = slab.store,
                .step = k,
                .when = after,
                .wait_step = visits_.needed_again(slab)};
  if (!kept_.keeps(slab.tensor)) return add_store(one);
  for (const Leaving& leaving : kept_.make(slab.tensor)) {
    const bool own = leaving.tensor == slab.tensor;
    if (!own) sample_kept(k, leaving.tensor);
    one.tensor = leaving.tensor;
    one.bytes = round_up(leaving.bytes, context_.granule);
    add_store(one);
  }
  sample_kept(k + 1, slab.tensor);
}

void StaticGroup::add_step(std::int64_t k) {
  const SlabStep& step = program_.steps[static_cast<std::size_t>(k)];
  traffic_.made().transfers.steps.push_back(program_.works[step.work].time);
  const auto slab_of = [&](std::uint32_t u) -> const ProgramSlab& {
    return program_.slabs[program_.uses[u].slab];
  };
  const std::uint32_t end = step.first_use + step.use_count;
  for (std::uint32_t u = step.first_use; u < end; ++u) {
    const ProgramSlab& slab = slab_of(u);
    if (slab.first_step != k) continue;
    sample(k, slab.tensor, slab.bytes);
    if (slab.load > Bytes{}) load(k, slab);
  }
  for (std::uint32_t u = step.first_use; u < end; ++u) {
    if (slab_of(u).stored_step == k) store(k, slab_of(u));
  }
  for (std::uint32_t u = step.first_use; u < end; ++u) {
    if (slab_of(u).last_step == k) sample(k + 1, slab_of(u).tensor, Bytes{} - slab_of(u).bytes);
  }
  traffic_.made().peak = std::max(traffic_.made().peak, fitting_.footprint + kept_.used());
  traffic_.end_loads();
}

}  // namespace

ManagedGroup static_group(const SlabContext& context, const SlabProgram& program, const Fitting& fitting,
                          KeptTensors& kept) {
  return StaticGroup{context, program, fitting, kept}.run();
}

}  // namespace fusescape
