// Where in its file does a plan break a rule?
#pragma once

#include <vector>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/config/field.hpp"
#include "fusescape/plan/plan.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// Where the parts of a plan stand in the file that it was read from.
struct PlanPlaces {
  const YamlNode* root = nullptr;
  std::vector<const YamlNode*> operators;    ///< Per operator of the cascade, the last one; null: nowhere.
  std::vector<const YamlEntry*> mappings;    ///< Per operator of the cascade; null: none.
  std::vector<const YamlNode*> storages;     ///< Parallel to the plan's.
  std::vector<const YamlEntry*> retentions;  ///< Likewise.
};

/// A plan that was read from a file, for one cascade and one accelerator.
struct LocatedPlan {
  const Cascade& cascade;
  const Accelerator& accelerator;
  const Plan& plan;
  const PlanPlaces& places;
};

/// Reports every rule that the plan breaks, but for operators that no core runs, which no plan can mend.
void report_violations(const LocatedPlan& located, InputErrors& errors);

}  // namespace fusescape
