// Is it the same sweep as before? What a run is told by: its version, its settings, the files it reads.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "fusescape/support/expected.hpp"

namespace fusescape {

inline constexpr std::size_t kMostShards = 1'000'000;

/// Which of the parts of a run a folder holds: the `number`th of `of` equal ones, counted from 1.
struct Shard {
  std::size_t number = 1;
  std::size_t of = 1;
  friend bool operator==(const Shard&, const Shard&) = default;
};

struct SweepIdentity {
  std::string version;
  std::string program;                        ///< kProgramId
  std::string sweep;                          ///< Digest of resolved.yaml.
  std::map<std::string, std::string> inputs;  ///< Digest of each file that is read, by name.
  friend bool operator==(const SweepIdentity&, const SweepIdentity&) = default;
};

/// 160 bits of which 122 are kept: a version-5 UUID of the text.
[[nodiscard]] std::string digest_of(std::string_view text);

/// What differs, as clauses: "the sweep or its settings, arch marca". Empty if nothing does.
[[nodiscard]] std::string changes_between(const SweepIdentity& before, const SweepIdentity& now);

/// run.json, and back; an error says why it is none.
[[nodiscard]] std::string identity_json(const SweepIdentity& identity, const Shard& shard);
struct RunFile {
  SweepIdentity identity;
  Shard shard;
};
[[nodiscard]] expected<RunFile, std::string> read_identity(std::string_view json);

}  // namespace fusescape
