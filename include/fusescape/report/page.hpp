// What is a report as one file that a browser shows, without a network? Text and tables first; figures where
// scripts run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fusescape/report/table.hpp"

namespace fusescape {

/// A table with what it is called. A column whose name is a figure's carries its unit.
struct PageTable {
  std::string title;
  Table table;
};

struct PageSection {
  std::string title;
  std::vector<std::string> paragraphs{};
  std::vector<std::string> list{};         ///< Below the paragraphs, an item each.
  std::vector<PageTable> tables{};         ///< Below the list.
  std::vector<std::string> commands{};     ///< Command lines to copy, below the tables.
  std::vector<std::string_view> charts{};  ///< What the page's scripts draw here, above the tables.
  std::string source{};                    ///< Key in the data of what they draw.
  std::string provenance{};                ///< published, reproduced, modelled or measured; "": none.
  bool is_open = true;                     ///< Else its head alone is shown until someone asks, and on paper.
};

struct Page {
  std::string title;
  std::vector<std::string> conclusion;  ///< Sentences, most important first.
  std::vector<PageSection> sections;
  std::string data;  ///< JSON for the scripts.
};

/// True if this build knows the charting library.
[[nodiscard]] bool has_chart_library();

/// One HTML file. All texts are escaped: they may hold anything.
[[nodiscard]] std::string page_html(const Page& page);

/// The unit of a column by its name, as a reader of units writes it: "cycles", "B", "mm2"; "" if it has none.
[[nodiscard]] std::string_view unit_of_column(std::string_view name);

}  // namespace fusescape
