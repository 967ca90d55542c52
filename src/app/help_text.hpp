// What does `--help` show below the options, of the program and of each command?
#pragma once

#include <string_view>

namespace fusescape {

inline constexpr const char* kExamples = R"(Examples:
  fusescape evaluate --arch marca --workload mamba-2.8b --strategy fuse-all --explain
  fusescape evaluate --arch marca --workload mamba-2.8b --strategy unfused --set L=1024 --json
  fusescape compare --arch marca --workload mamba-130m --set phase=decode
  fusescape sweep configs/sweeps/marca-iso-area.yaml --out out/iso-area
  fusescape list strategies

Exit codes: 0 ok, 1 internal error, 2 usage, 3 bad input file, 4 infeasible, 5 sweep incomplete,
6 file missing, unreadable or unwritable, 130 interrupted. docs/cli.md has the rest.)";

inline constexpr const char* kEvaluateExamples = R"(Examples:
  fusescape evaluate --arch marca --workload mamba-2.8b --strategy fuse-all --set L=64 --explain
  fusescape evaluate --arch edge --workload mamba-130m --strategy unfused --set dtype=bf16 --set sram.capacity="2 MiB" --json
  fusescape evaluate --arch marca --workload mamba-130m --strategy fuse-all --print-plan -o plan.yaml
  fusescape evaluate --arch marca --workload mamba-130m --plan plan.yaml)";

inline constexpr const char* kCompareExamples = R"(Examples:
  fusescape compare --arch marca --workload mamba-2.8b --set L=1024
  fusescape compare --arch marca --workload mamba-130m --strategies unfused,fuse-all,greedy --set phase=decode
  fusescape compare --arch edge --workload mamba-130m --set dtype=bf16 --model sim --csv -o compare.csv)";

inline constexpr const char* kVerifyExamples = R"(Examples:
  fusescape verify --arch marca --workload mamba-2.8b --strategy fuse-all --set L=64
  fusescape verify --arch marca --workload mamba-130m --plan plan.yaml --csv

Large ranks are scaled down so that every tiling case of the plan stays. Exit code 0: all equal; 1: something differs,
which is a bug; 4: the plan does not fit.)";

inline constexpr const char* kSensitivityExamples = R"(Examples:
  fusescape sensitivity out/iso-area                        writes out/iso-area/sensitivity.csv
  fusescape sensitivity out/iso-area --change 0.1 --designs 20 --csv -o -

The answer is the best of the designs that are run again (--designs of each scenario, --schedules of each), not of the
whole grid: a design that is not among them is not seen to win.)";

inline constexpr const char* kSimulateExamples = R"(Examples:
  fusescape simulate --arch marca --workload mamba-2.8b --strategy fuse-all --set L=64
  fusescape simulate --arch marca --workload mamba-130m --strategy fuse-all --set L=16 --unroll --trace fused.json
  fusescape simulate --arch marca --workload mamba-2.8b --strategy fuse-all --set sram.capacity="2 MiB" --eviction furthest
  fusescape simulate --arch three-units --workload mamba-2.8b --strategy fuse-all --allocation searched
  fusescape simulate --arch three-units --workload mamba-2.8b --strategy fuse-all --core-of dA=vector,conv_silu=vector)";

inline constexpr const char* kRooflineExamples = R"(Examples:
  fusescape roofline --arch marca --workload mamba-2.8b --set L=1024
  fusescape roofline --arch marca --workload opt-2.7b --set phase=decode --set S=2048 --csv)";

inline constexpr const char* kParetoExamples = R"(Examples:
  fusescape pareto out/iso-area/points.csv --minimize latency_cycles,area_mm2
  fusescape pareto points.csv --minimize latency_cycles,onchip_capacity_bytes --json
  fusescape pareto points.csv --minimize latency_s,area_mm2,power_w --knee)";

inline constexpr const char* kListExamples = R"(Examples:
  fusescape list archs
  fusescape list sweeps --csv
  fusescape list keys --arch marca-split --workload mamba-2.8b        what --set takes with these two)";

inline constexpr const char* kValidateExamples = R"(Examples:
  fusescape validate my-arch.yaml my-plan.yaml
  fusescape validate configs/arch/*.yaml)";

inline constexpr const char* kCompletionExamples = R"(Examples:
  source <(fusescape completion bash)
  fusescape completion fish > ~/.config/fish/completions/fusescape.fish
  fusescape completion man > fusescape.1 && man ./fusescape.1)";

}  // namespace fusescape
