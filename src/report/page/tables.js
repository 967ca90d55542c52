// How does a table leave the page: sorted, copied into a spreadsheet, as CSV, Markdown or LaTeX?
// `columns` are names, `rows` lists of texts and numbers.
// A spreadsheet would run a text that begins so: an apostrophe before it keeps it a text.
const isNumber = (cell) => /^-?[0-9.]+(e[-+]?[0-9]+)?$/i.test(cell);
const guarded = (cell) => (/^'*[=+\-@\t\r]/.test(cell) && !isNumber(cell) ? `'${cell}` : cell);
const csvCell = (cell) => {
  const text = guarded(String(cell));
  return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
};
const csvText = (columns, rows) => [columns, ...rows].map((row) => row.map(csvCell).join(",") + "\n").join("");
const tsvText = (columns, rows) =>
  [columns, ...rows].map((row) => row.map((cell) => guarded(String(cell)).replace(/[\t\n\r]/g, " ")).join("\t") + "\n").join("");
const markdownText = (columns, rows) => {
  const escaped = (cell) => String(cell).replace(/[\\`*_[\]<>|]/g, "\\$&").replace(/[\n\r]+/g, " ");
  const line = (cells) => `| ${cells.map(escaped).join(" | ")} |\n`;
  const align = columns.map((_, c) => (rows.length && rows.every((row) => row[c] === "" || isNumber(String(row[c]))) ? "---:" : "---"));
  return line(columns) + `| ${align.join(" | ")} |\n` + rows.map(line).join("");
};
const latexText = (columns, rows, caption) => {
  const words = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "\\textless{}", ">": "\\textgreater{}" };
  const escaped = (cell) => String(cell).replace(/[\\~^<>&%$#_{}]/g, (c) => words[c] || `\\${c}`).replace(/[\n\r]+/g, " ");
  const line = (cells) => `${cells.map(escaped).join(" & ")} \\\\\n`;
  const align = columns.map((_, c) => (rows.length && rows.every((row) => row[c] === "" || isNumber(String(row[c]))) ? "r" : "l")).join("");
  return `% booktabs\n\\begin{table}\n\\caption{${escaped(caption)}}\n\\begin{tabular}{${align}}\n\\toprule\n${line(columns)}\\midrule\n` +
    `${rows.map(line).join("")}\\bottomrule\n\\end{tabular}\n\\end{table}\n`;
};

// `cells()` gives {columns, rows} of all, not only of what is shown.
const addExports = (parent, name, cells) => {
  const bar = add(parent, "div", "exports").attr("role", "group").attr("aria-label", `Export: ${name}`);
  const file = (name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "") || "table").slice(0, 60);
  copyButton(bar, () => { const { columns, rows } = cells(); return tsvText(columns, rows); });
  const kinds = [["CSV", "csv", "text/csv", csvText], ["Markdown", "md", "text/markdown", markdownText],
    ["LaTeX", "tex", "application/x-tex", latexText]];
  for (const [label, ending, type, text] of kinds) {
    add(bar, "button", "small", label).attr("type", "button").on("click", () => {
      const { columns, rows } = cells();
      save(`${file}.${ending}`, text(columns, rows, name), type);
    });
  }
};

// Numbers are exported as they were made, not as they are shown.
const rawCell = (cell) => (cell.classList.contains("null") ? "" : cell.dataset.v || cell.textContent);
const unitless = (head) => head.firstChild.textContent.trim();
const tableCells = (table) => ({
  columns: Array.from(table.tHead.rows[0].cells, unitless),
  rows: Array.from(table.tBodies[0].rows, (row) => Array.from(row.cells, rawCell)),
});
const sortBy = (table, column, down) => {
  const key = (row) => { const raw = rawCell(row.cells[column]); return raw !== "" && isNumber(raw.replace(/,/g, "")) ? Number(raw.replace(/,/g, "")) : raw; };
  const order = (a, b) => (a === "" ? 1 : b === "" ? -1 : typeof a === typeof b ? d3.ascending(a, b) : typeof a === "number" ? -1 : 1);
  const rows = Array.from(table.tBodies[0].rows, (row) => [key(row), row]);
  rows.sort((a, b) => (down && a[0] !== "" && b[0] !== "" ? order(b[0], a[0]) : order(a[0], b[0])));
  table.tBodies[0].append(...rows.map(([, row]) => row));
};
const makeSortable = (table) => {
  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    head.tabIndex = 0;
    head.setAttribute("aria-sort", "none");
    const sort = () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sortBy(table, column, down);
    };
    head.addEventListener("click", sort);
    head.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(); } });
  });
};
// A row per entry of `rows`, cells texts or numbers; `units` beside the names.
const drawTable = (parent, columns, rows, units = []) => {
  const table = add(parent, "table");
  const head = add(add(table, "thead"), "tr");
  columns.forEach((name, c) => {
    const cell = add(head, "th", rows.some((row) => typeof row[c] === "number") ? "n" : "", name).attr("scope", "col");
    if (units[c]) { cell.append("span").text(" "); add(cell, "small", "", units[c]); }
  });
  const body = add(table, "tbody");
  for (const row of rows) {
    const line = add(body, "tr");
    for (const cell of row) {
      const isN = typeof cell === "number";
      add(line, "td", isN ? "n" : "", isN ? shown(cell) : cell).attr("data-v", isN && Number.isFinite(cell) ? cell : null);
    }
  }
  return table;
};
const enhanceTables = () => {
  for (const box of document.querySelectorAll("div.table")) {
    const table = box.querySelector("table");
    addExports(d3.select(box).insert("div", "table"), table.caption.textContent, () => tableCells(table));
    makeSortable(table);
  }
  for (const block of document.querySelectorAll("pre.command")) {
    const text = block.textContent;
    copyButton(d3.select(block), () => text);
  }
};
