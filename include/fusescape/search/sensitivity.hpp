// Which constant moves a sweep's answer, and over what range of it is the best design still the best?
//
// Every figure is a run of the model with the constant scaled; nothing is fitted. docs/model/sweep.md says
// what is run and what it costs.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "fusescape/arch/what_if.hpp"
#include "fusescape/cost/metrics.hpp"
#include "fusescape/search/sweep.hpp"
#include "fusescape/search/sweep_binding.hpp"
#include "fusescape/search/sweep_spec.hpp"
#include "fusescape/support/expected.hpp"

namespace fusescape {

/// How settings become values while a constant is scaled.
using WhatIfBinder = std::function<SweepBinder(const WhatIf&)>;

struct SensitivityQuestion {
  const SweepSpec& spec;
  std::vector<std::vector<std::size_t>>
      designs;   ///< Per scenario, ids of the points that are evaluated again.
  Ratio low{1};  ///< Factors of the tornado table.
  Ratio high{1};
  std::vector<Ratio> factors;  ///< That are tried besides: how far the best stays the best. None is 1.
};

/// The best of a scenario's designs at one factor.
struct WhatIfAnswer {
  std::optional<std::size_t>
      best;                      ///< Point id; the first of equals. None: none of them runs and is allowed.
  std::optional<Figure> figure;  ///< Of what is minimised; of `best`.
  bool tried = false;            ///< Else a design could not be bound at that factor.
};

/// One constant in one scenario.
struct ConstantEffect {
  Constant constant{};
  WhatIfAnswer low;
  WhatIfAnswer high;
  /// The least and the largest factor that was tried of those, next to each other around 1, under which the
  /// best design is that at 1.
  Ratio same_from{1};
  Ratio same_to{1};
  bool changes_below = false;  ///< Below `same_from` another one was best; else nothing less was tried.
  bool changes_above = false;

  /// |high - low| / `answer`, of what is minimised; none where one is not known.
  [[nodiscard]] std::optional<double> swing(const WhatIfAnswer& answer) const;
};

struct ScenarioSensitivity {
  WhatIfAnswer answer;                  ///< With every constant as it is.
  std::vector<ConstantEffect> effects;  ///< Of the most swing first; of equals in the order of kConstants.
};

struct SensitivityAnswer {
  std::vector<ScenarioSensitivity> scenarios;
  std::size_t runs = 0;       ///< How often all designs were evaluated.
  std::size_t evaluated = 0;  ///< Designs of all scenarios, each time.
  bool complete = true;       ///< It was not stopped. If it was, nothing else means anything.
};

/// Constants of energy only if what is minimised, or a constraint, reads energy. All errors of the sweep as
/// it stands. A factor with which some design cannot be bound is left out.
[[nodiscard]] expected<SensitivityAnswer, std::vector<SweepProblem>> sensitivity_of(
    const SensitivityQuestion& question, const WhatIfBinder& binder, const SweepRun& run = {});

}  // namespace fusescape
