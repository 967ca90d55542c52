// Which file does a user's name stand for, and what is in it? The only part of config that reads files.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>

#include "fusescape/config/binding.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/config/source_tree.hpp"
#include "fusescape/config/text_file.hpp"
#include "fusescape/support/printable.hpp"

namespace fusescape {
namespace {

namespace fs = std::filesystem;

struct ShelfFacts {
  std::string_view folder;
  std::string_view what;
  std::string_view listed_as;  ///< By `fusescape list`; empty: not at all.
};
constexpr std::array kShelves{ShelfFacts{"configs/arch", "accelerator", "archs"},
                              ShelfFacts{"configs/tech", "technology", "techs"},
                              ShelfFacts{"workloads", "workload", "workloads"},
                              ShelfFacts{"configs/sweeps", "sweep", "sweeps"},
                              ShelfFacts{"configs/plans", "plan", ""},
                              ShelfFacts{"configs/corey", "COREY chain", ""}};
constexpr std::string_view kExtension = ".yaml";

const ShelfFacts& facts(Shelf shelf) {
  return kShelves[static_cast<std::size_t>(shelf)];
}

/// Where configs/ and workloads/ may be: the source tree, beside an installed binary, FUSESCAPE_PATH.
std::vector<fs::path> roots() {
  std::vector<fs::path> found{fs::path{kSourceTree}};
  std::error_code error;
  const fs::path binary = fs::read_symlink("/proc/self/exe", error);
  if (!error) found.push_back(binary.parent_path() / kShareFromBinary);
  const char* path = std::getenv("FUSESCAPE_PATH");
  std::istringstream folders{path == nullptr ? "" : path};
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (!folder.empty()) found.emplace_back(folder);
  }
  return found;
}

unexpected<InputError> unreadable(std::string text) {
  return unexpected<InputError>{InputError{InputError::Cause::kUnreadable, std::move(text) + "\n", {}}};
}

unexpected<InputError> unfit(const std::string& path, std::string why) {
  Diagnostics diags{path, ""};
  diags.error({}, std::move(why));
  std::ostringstream out;
  out << diags;
  return unexpected<InputError>{InputError{InputError::Cause::kBadFile, out.str(), {}}};
}

/// All of a file, or so much that it is refused for its size. Piece by piece: most files are small.
std::string head_of(std::istream& in) {
  constexpr std::size_t kPiece = 16384;
  std::string text;
  while (in && text.size() <= kMaxYamlBytes) {
    const std::size_t before = text.size();
    text.resize(before + kPiece);
    in.read(text.data() + before, kPiece);
    text.resize(before + static_cast<std::size_t>(in.gcount()));
  }
  return text;
}

bool is_path(const std::string& name_or_path) {
  return name_or_path.find('/') != std::string::npos || fs::path{name_or_path}.extension() == kExtension;
}

std::string hint_for(Shelf shelf, const std::string& name) {
  const std::vector<std::string> known = shipped_names(shelf);
  std::string hint =
      did_you_mean_among(name, known, [](const std::string& n) { return std::string_view{n}; });
  const std::string_view listed_as = facts(shelf).listed_as;
  if (!hint.empty() || listed_as.empty()) return hint;
  return fmt::format("; 'fusescape list {}' lists what is shipped", listed_as);
}

}  // namespace

Loaded<std::string> read_text_file(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return unreadable(fmt::format("{}: no such file", printable(path)));
  if (fs::is_directory(status)) return unfit(path, "a directory, not a file");
  std::ifstream in{path, std::ios::binary};
  if (!in) return unreadable(fmt::format("{}: cannot be read", printable(path)));
  std::string text = head_of(in);
  if (in.bad()) return unreadable(fmt::format("{}: cannot be read", printable(path)));
  return text;
}

Loaded<InputFile> read_input(const std::string& path) {
  Loaded<std::string> text = read_text_file(path);
  if (!text) return unexpected<InputError>{std::move(text.error())};
  return parse_input(path, std::move(*text));
}

std::optional<std::string> path_of_input(Shelf shelf, const std::string& name_or_path) {
  if (is_path(name_or_path)) return name_or_path;
  std::error_code error;
  for (const fs::path& root : roots()) {
    const fs::path path = root / facts(shelf).folder / (name_or_path + std::string{kExtension});
    if (fs::is_regular_file(path, error)) return path.string();
  }
  return fs::exists(name_or_path, error) ? std::optional{name_or_path} : std::nullopt;
}

Loaded<InputFile> find_input(Shelf shelf, const std::string& name_or_path) {
  if (const auto path = path_of_input(shelf, name_or_path)) return read_input(*path);
  return unreadable(fmt::format("{}: no shipped {} of this name, and no such file{}", printable(name_or_path),
                                facts(shelf).what, hint_for(shelf, name_or_path)));
}

std::vector<std::string> shipped_names(Shelf shelf) {
  std::set<std::string> names;
  for (const fs::path& root : roots()) {
    std::error_code error;
    for (fs::directory_iterator it{root / facts(shelf).folder, error}, end; !error && it != end;
         it.increment(error)) {
      if (it->path().extension() == kExtension) names.insert(it->path().stem().string());
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace fusescape
