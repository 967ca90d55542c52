// Which designs does a sweep file describe? The file, the ones that it names, and the user's settings, bound
// together.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fusescape/app/exit_code.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/search/sensitivity.hpp"
#include "fusescape/search/sweep_source.hpp"
#include "fusescape/support/expected.hpp"
#include "sweep_identity.hpp"

namespace fusescape {

/// Its points are made when they are asked for; what files they were read from held, `identity` says.
struct LoadedSweep {
  std::unique_ptr<SweepSource> source;
  SweepIdentity identity;
  std::vector<std::string> files;  ///< By path.
};

/// `settings` ("KEY=VALUE") are added to the sweep's own `set:`; one that an axis sets is a usage error.
[[nodiscard]] expected<LoadedSweep, Failure> load_sweep(const std::string& name_or_path,
                                                        const std::vector<std::string>& settings);

/// A sweep whose points are still to be bound, with any constant scaled.
struct OpenSweep {
  InputFile file;
  SweepSpec spec;
  WhatIfBinder binder;
};
[[nodiscard]] expected<OpenSweep, Failure> open_sweep(const std::string& name_or_path);

/// What is wrong with a sweep's file, with the files that it names, and with the values on its axes. Of a
/// large grid each axis is tried alone: faults that two axes only have together are left to the run.
[[nodiscard]] std::optional<Failure> check_sweep(const InputFile& file);

}  // namespace fusescape
