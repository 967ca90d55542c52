#include "program_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <vector>

namespace fusescape {
namespace {

std::string text_of(const Cascade& cascade, const TileSpec& tile) {
  std::vector<std::string_view> names;
  for (const OpId op : tile.operators) names.push_back(cascade.op(op).name);
  return fmt::format("[{}]", fmt::join(names, " "));
}

std::string text_of(const Cascade& cascade, const GroupProgram& program,
                    const std::vector<ProgramStep>& steps) {
  std::vector<std::string> words;
  for (const ProgramStep& step : steps) {
    const auto id = static_cast<std::size_t>(step.id);
    if (step.kind == ProgramStep::Kind::kTile) words.push_back(text_of(cascade, program.tiles[id]));
    if (step.kind == ProgramStep::Kind::kEnd) words.emplace_back("}");
    if (step.kind != ProgramStep::Kind::kLoop) continue;
    const NestLoop& loop = program.loops[id];
    words.push_back(fmt::format("{}:{}{{", cascade.rank(loop.rank).name, loop.tile));
  }
  return fmt::format("{}", fmt::join(words, " "));
}

/// The loops each step of which replaces its content.
std::string keys_of(const Cascade& cascade, const GroupProgram& program, const BufferSpec& buffer) {
  std::vector<std::string_view> names;
  for (int depth = 0; depth < buffer.loops(); ++depth) {
    if ((buffer.keys & loop_at(depth)) != 0)
      names.push_back(cascade.rank(program.loop(buffer.path, depth).rank).name);
  }
  return names.empty() ? "once" : fmt::format("per {}", fmt::join(names, ", "));
}

std::string text_of(const Cascade& cascade, const GroupProgram& program, int id) {
  const BufferSpec& buffer = program.buffers[static_cast<std::size_t>(id)];
  std::vector<std::string> makers;
  std::vector<std::string> readers;
  for (const TileSpec& tile : program.tiles) {
    for (const TouchSpec& touch : tile.touches) {
      if (touch.buffer == id) (touch.writes ? makers : readers).push_back(text_of(cascade, tile));
    }
  }
  std::string text =
      fmt::format("{}: {}, {} of {} B, {}", cascade.tensor(buffer.tensor).name, name_of(buffer.role),
                  buffer.slots == 1 ? "1 place" : fmt::format("{} places", buffer.slots),
                  buffer.slab_bytes.value(), keys_of(cascade, program, buffer));
  if (!makers.empty()) text += fmt::format("; made by {}", fmt::join(makers, ", "));
  if (!readers.empty()) text += fmt::format("; read by {}", fmt::join(readers, ", "));
  if (buffer.stored) text += "; stored";
  return text;
}

}  // namespace

std::string text_of(const SimContext& context, const GroupProgram& program) {
  const Cascade& cascade = context.cascade;
  std::string text;
  for (std::size_t core = 0; core < program.steps.size(); ++core)
    text +=
        fmt::format("{}: {}\n", context.resources[core].name, text_of(cascade, program, program.steps[core]));
  for (std::size_t i = 0; i < program.buffers.size(); ++i)
    text += fmt::format("{}\n", text_of(cascade, program, static_cast<int>(i)));
  for (const EdgeSpec& edge : program.edges) {
    const TileSpec& from = program.tiles[static_cast<std::size_t>(edge.from)];
    const TileSpec& to = program.tiles[static_cast<std::size_t>(edge.to)];
    text += fmt::format("{} waits for {} of {}\n", text_of(cascade, to), cascade.tensor(edge.tensor).name,
                        text_of(cascade, from));
  }
  return text;
}

}  // namespace fusescape
