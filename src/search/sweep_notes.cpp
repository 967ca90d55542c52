// What is there to know about the figures of a sweep's points?
#include <fmt/format.h>

#include "fusescape/search/model_head.hpp"
#include "fusescape/search/sweep_answer.hpp"
#include "lines_once.hpp"

namespace fusescape {

void SweepNotes::see(const SweepPoint& point, bool energy, bool feasible,
                     std::span<const std::string> replaced) {
  const Design& design = *point.design;
  if (technologies_.empty() || technologies_.back() != design.accelerator.technology) {
    add_once(technologies_, design.accelerator.technology);
  }
  if (!clock_) clock_ = design.accelerator.clock;
  clocks_differ_ = clocks_differ_ || design.accelerator.clock != *clock_;
  if (energy && design.technology != nullptr && design.technology != last_technology_) {
    add_once(energies_, energy_provenance(*design.technology));
    last_technology_ = design.technology;
  }
  const bool is_stack = point.kinds != nullptr;
  for (const std::string& kind : replaced) {
    see_stack(point, feasible);
    add_once(stacks_, fmt::format("{} runs unfused where a strategy fuses operators that it lacks", kind));
  }
  if (point.workload == last_workload_) return;
  add_once(dtypes_, name_of(point.workload->dtype));
  if (is_stack && !feasible) return;
  last_workload_ = point.workload;
  if (is_stack) {
    see_stack(point, feasible);
  } else {
    add_once(models_, describe_whole_model(*point.workload));
  }
}

void SweepNotes::see_stack(const SweepPoint& point, bool feasible) {
  if (!feasible) return;
  std::vector<LayerCost> layers;
  for (const Workload& kind : *point.kinds)
    layers.push_back({.kind = kind.name, .count = kind.n_layer, .cost = {}});
  add_once(stacks_, describe_whole_model(*point.workload, layers));
}

void SweepNotes::join(const SweepNotes& later) {
  add_once(technologies_, later.technologies_);
  add_once(dtypes_, later.dtypes_);
  add_once(models_, later.models_);
  add_once(stacks_, later.stacks_);
  add_once(energies_, later.energies_);
  clocks_differ_ =
      clocks_differ_ || later.clocks_differ_ || (clock_ && later.clock_ && *clock_ != *later.clock_);
  if (!clock_) clock_ = later.clock_;
}

}  // namespace fusescape
