#include "sweep_identity.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <nlohmann/json.hpp>
#include <vector>

namespace fusescape {

std::string digest_of(std::string_view text) {
  const boost::uuids::name_generator_sha1 digest{boost::uuids::ns::oid()};
  return boost::uuids::to_string(digest(text.data(), text.size()));
}

std::string changes_between(const SweepIdentity& before, const SweepIdentity& now) {
  std::vector<std::string> changes;
  if (before.version != now.version) {
    changes.push_back(fmt::format("fusescape was version {} and is {}", before.version, now.version));
  } else if (before.program != now.program) {
    changes.emplace_back("fusescape was built from other sources");
  }
  if (before.sweep != now.sweep) changes.emplace_back("the sweep or its settings changed (resolved.yaml)");
  for (const auto& [name, digest] : now.inputs) {
    const auto known = before.inputs.find(name);
    if (known == before.inputs.end()) {
      changes.push_back(fmt::format("{} was not read", name));
    } else if (known->second != digest) {
      changes.push_back(fmt::format("{} changed", name));
    }
  }
  for (const auto& [name, digest] : before.inputs) {
    if (!now.inputs.contains(name)) changes.push_back(fmt::format("{} is no longer read", name));
  }
  return fmt::format("{}", fmt::join(changes, ", "));
}

std::string identity_json(const SweepIdentity& identity, const Shard& shard) {
  const nlohmann::ordered_json object{{"fusescape", identity.version},
                                      {"program", identity.program},
                                      {"shard", {shard.number, shard.of}},
                                      {"sweep", identity.sweep},
                                      {"inputs", identity.inputs}};
  return object.dump(2) + "\n";
}

expected<RunFile, std::string> read_identity(std::string_view json) {
  try {
    const auto object = nlohmann::json::parse(json);
    RunFile run;
    run.identity.version = object.at("fusescape").get<std::string>();
    run.identity.program = object.value("program", "");  // Older ones have none.
    run.identity.sweep = object.at("sweep").get<std::string>();
    run.identity.inputs = object.at("inputs").get<std::map<std::string, std::string>>();
    run.shard.number = object.at("shard").at(0).get<std::size_t>();
    run.shard.of = object.at("shard").at(1).get<std::size_t>();
    if (run.shard.number < 1 || run.shard.number > run.shard.of || run.shard.of > kMostShards) {
      return unexpected<std::string>{"shard: expected [I, N] with 1 <= I <= N"};
    }
    return run;
  } catch (const nlohmann::json::exception& error) {
    return unexpected{std::string{error.what()}};
  }
}

}  // namespace fusescape
