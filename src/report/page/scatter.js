// Where do a sweep's designs lie between any two figures, and which of them does none beat?
const drawSpace = (root, sweep) => {
  const columns = columnsOf(sweep.points);
  const byName = new Map(columns.map((column) => [column.name, column]));
  const rows = d3.range(sweep.points.rows);
  const figures = columns.filter((column) => column.values && column.name !== "point");
  const axes = columns.filter((column) => column.axis);
  const groupings = columns.filter((column) => column.words && column.words.length > 1 && (column.axis || column.words.length <= 60) && column.name !== "reason");
  const scenarioAxes = sweep.scenario_axes.map((name) => byName.get(name));
  const ids = byName.get("point").values;
  const limits = ["in_budget", "meets_constraints"].map((name) => byName.get(name)).filter(Boolean);
  const first = firstFigures(sweep, byName);
  const colour = byName.get("strategy") && byName.get("strategy").words.length > 1 ? byName.get("strategy") : groupings[0];
  const state = { x: first.x, y: first.y, logX: isLogarithmic(first.x), logY: isLogarithmic(first.y), colour, shape: colour,
    front: true, area: false, selected: null, transform: d3.zoomIdentity };
  const filters = { words: new Map(), ranges: new Map() };

  // Controls.
  const controls = add(root, "div", "controls");
  const choose = (label, key, options, after) => {
    const box = add(controls, "label", "", `${label} `);
    const select = add(box, "select").attr("data-role", key);
    select.selectAll("option").data(options).enter().append("option").attr("value", (_, i) => i).text((column) => (column ? named(column) : "(none)"));
    select.property("selectedIndex", options.indexOf(state[key] || null));
    select.on("change", function chosen() { state[key] = options[this.selectedIndex]; after(); });
    return box;
  };
  const check = (parent, label, key, after) => {
    const box = add(parent, "label", "check");
    const input = add(box, "input").attr("type", "checkbox").attr("data-role", key).property("checked", state[key]);
    input.on("change", function changed() { state[key] = this.checked; after(); });
    box.append("span").text(label);
    return input;
  };
  const fresh = () => { state.transform = d3.zoomIdentity; update(); };
  const logX = check(choose("x", "x", figures, () => { logX.property("checked", state.logX = isLogarithmic(state.x)); fresh(); }), "log", "logX", fresh);
  const logY = check(choose("y", "y", figures, () => { logY.property("checked", state.logY = isLogarithmic(state.y)); fresh(); }), "log", "logY", fresh);
  choose("colour", "colour", [null, ...groupings], () => update());
  choose("shape", "shape", [null, ...groupings], () => update());
  check(controls, "front", "front", () => update());
  check(controls, "drag selects an area", "area", () => update());
  add(controls, "button", "small", "Reset zoom").attr("type", "button").on("click", fresh);

  const chipBox = add(root, "div", "chipbox");
  const refreshers = [];
  if (scenarioAxes.length) {
    const start = firstScenario(sweep);
    for (const column of scenarioAxes) {
      const code = start && start.scenario ? column.words.indexOf(start.scenario[column.name]) : -1;
      if (code >= 0) filters.words.set(column, new Set([code]));
      refreshers.push(addChips(chipBox, column, filters, () => fresh()));
    }
    add(chipBox, "button", "small", "All scenarios").attr("type", "button").attr("data-role", "all-scenarios").on("click", () => {
      for (const column of scenarioAxes) filters.words.delete(column);
      refreshers.forEach((refresh) => refresh());
      fresh();
    });
  }
  const status = add(root, "p", "status").attr("aria-live", "polite");
  if (first.left.length) {
    add(root, "p", "note", `${first.left.join(" and ")} ${first.left.length > 1 ? "differ" : "differs"} by less than 1% between these designs; another figure is shown instead.`);
  }

  // Plot: marks on a canvas, the rest in SVG above it.
  const stage = add(root, "div", "stage");
  const plot = add(stage, "div", "plot").attr("tabindex", 0).attr("role", "application")
    .attr("aria-label", "Design space. Arrow keys select designs, Escape none, plus and minus zoom, 0 resets.");
  const canvas = add(plot, "canvas");
  const svg = plot.append("svg");
  const tip = add(plot, "div", "tip").attr("hidden", true);
  const detail = add(stage, "aside", "detail").attr("aria-live", "polite").attr("aria-label", "The selected design");
  const legend = add(root, "div", "legend");
  const more = add(root, "details", "filters");
  add(more, "summary", "", "Filter by other columns");
  const tableBox = add(root, "details", "shown");
  const tableTitle = add(tableBox, "summary", "", "Points shown, as a table");

  let size = { width: 0, height: 0 };
  let drawn = { rows: [], scaleX: null, scaleY: null, tree: null };

  const scenarioKey = (row) => scenarioAxes.map((column) => column.codes[row]).join("/");
  const visibleScenarios = () => sweep.scenarios.filter((scenario) => scenarioAxes.every((column) => {
    const codes = filters.words.get(column);
    return !codes || codes.has(column.words.indexOf(scenario.scenario[column.name]));
  }));
  const keyOf = (column) => (column.more ? (row) => -column.values[row] : (row) => column.values[row]);
  const fronts = (shownRows) => {
    const eligible = shownRows.filter((row) => limits.every((limit) => cellOf(limit, row) === "true"));
    const groups = d3.nest().key(scenarioKey).entries(eligible);
    return groups.map((group) => frontOf(group.values, keyOf(state.x), keyOf(state.y)));
  };

  const drawLegend = () => {
    legend.selectAll("*").remove();
    for (const column of new Set([state.colour, state.shape].filter(Boolean))) {
      const box = add(legend, "div", "keys");
      add(box, "strong", "", column.name);
      const isShade = column === state.colour && isShaded(column);
      const used = new Set(drawn.rows.map((row) => column.codes[row]));
      const colourFor = column === state.colour ? colourOf(column) : () => "currentColor";
      column.words.forEach((word, code) => {
        if (!used.has(code)) return;
        const row = drawn.rows.find((r) => column.codes[r] === code);
        const key = add(box, "button", "key").attr("type", "button").attr("title", "This one alone; again: all");
        const shape = column === state.shape && !isShade ? kShapes[shapeIndex(state, code)] : d3.symbolCircle;
        key.append("svg").attr("width", 14).attr("height", 14).attr("viewBox", "-7 -7 14 14").append("path").attr("d", d3.symbol().type(shape).size(60)()).attr("fill", colourFor(row));
        key.append("span").text(word === "" ? "(none)" : word);
        key.on("click", () => {
          const only = filters.words.get(column);
          if (only && only.size === 1) filters.words.delete(column);
          else filters.words.set(column, new Set([code]));
          refreshers.forEach((refresh) => refresh());
          update();
        });
      });
    }
  };

  const designOf = (row) => axes.map((column) => [column.name, cellOf(column, row)]);
  const showDetail = () => {
    detail.selectAll("*").remove();
    const row = state.selected;
    if (row === null) {
      add(detail, "p", "hint", "Click a design, or move with the arrow keys, to see all its figures and the command that evaluates it.");
      return;
    }
    add(detail, "h3", "", `Point ${shown(ids[row])}`);
    const command = commandOf(sweep.command, (axis) => cellOf(byName.get(axis), row));
    const box = add(detail, "pre", "command", command);
    copyButton(box, () => command);
    const table = add(add(detail, "div", "figures"), "table");
    const body = add(table, "tbody");
    for (const column of [...axes, ...columns.filter((c) => !c.axis && c.name !== "point")]) {
      const value = cellOf(column, row);
      if (value === "" || Number.isNaN(value)) continue;
      const cells = add(body, "tr", column.axis ? "chosen" : "");
      add(cells, "th", "", column.name).attr("scope", "row");
      add(cells, "td", "n", shown(value, column.unit));
    }
  };
  const select = (row) => { state.selected = row; ring(); showDetail(); };
  const ring = () => {
    svg.selectAll(".ring").remove();
    if (state.selected === null || !drawn.scaleX) return;
    const [x, y] = [drawn.scaleX(state.x.values[state.selected]), drawn.scaleY(state.y.values[state.selected])];
    if (Number.isFinite(x) && Number.isFinite(y)) svg.append("circle").attr("class", "ring").attr("cx", x).attr("cy", y).attr("r", 10);
  };
  const hover = (row, x, y) => {
    tip.attr("hidden", row === undefined ? true : null);
    if (row === undefined) return;
    tip.selectAll("*").remove();
    for (const [name, value] of designOf(row)) add(tip, "div", "", `${name} ${value}`);
    for (const column of new Set([state.x, state.y])) add(tip, "div", "figure", `${column.name} ${shown(column.values[row], column.unit)}`);
    const left = x > size.width / 2 ? x - tip.node().offsetWidth - 14 : x + 14;
    tip.style("left", `${left}px`).style("top", `${Math.max(4, Math.min(y - 10, size.height - tip.node().offsetHeight - 4))}px`);
  };

  const zoom = d3.zoom().scaleExtent([0.8, 200]).on("zoom", () => { state.transform = d3.event.transform; if (d3.event.sourceEvent) draw(); });
  const brush = d3.brush().on("end", () => {
    const part = d3.event.selection;
    if (!part || !d3.event.sourceEvent) return;
    const range = (scale, a, b) => [scale.invert(a), scale.invert(b)].sort(d3.ascending);
    filters.ranges.set(state.x, range(drawn.scaleX, part[0][0], part[1][0]));
    filters.ranges.set(state.y, range(drawn.scaleY, part[0][1], part[1][1]));
    drawRanges();
    fresh();
  });

  const draw = () => {
    const { width, height } = size;
    if (!width) return;
    const finite = (column, log) => (row) => Number.isFinite(column.values[row]) && (!log || column.values[row] > 0);
    const allowed = rows.filter((row) => passes(filters, row));
    const shownRows = allowed.filter(finite(state.x, state.logX)).filter(finite(state.y, state.logY));
    const [right, bottom] = [width - kMargin.right, height - kMargin.bottom];
    const baseX = scaleOf(state.x, state.logX, shownRows, [kMargin.left, right]);
    const baseY = scaleOf(state.y, state.logY, shownRows, [bottom, kMargin.top]);
    const [scaleX, scaleY] = [state.transform.rescaleX(baseX), state.transform.rescaleY(baseY)];
    const lines = state.front ? fronts(shownRows) : [];
    const onFront = new Set([].concat(...lines));
    drawn = { rows: shownRows, scaleX, scaleY, tree: d3.quadtree().x((row) => scaleX(state.x.values[row])).y((row) => scaleY(state.y.values[row])).addAll(shownRows) };

    svg.selectAll("*").remove();
    svg.attr("width", width).attr("height", height);
    const view = { state, scaleX, scaleY, width, height };
    drawAxes(svg, view);
    const clip = `clip-${Math.random().toString(36).slice(2)}`;
    svg.append("clipPath").attr("id", clip).append("rect").attr("x", kMargin.left).attr("y", kMargin.top).attr("width", right - kMargin.left).attr("height", bottom - kMargin.top);
    const layer = svg.append("g").attr("clip-path", `url(#${clip})`);
    const step = d3.line().x((row) => scaleX(state.x.values[row])).y((row) => scaleY(state.y.values[row])).curve(d3.curveStepAfter);
    layer.selectAll("path.front").data(lines).enter().append("path").attr("class", "front").attr("d", step);
    canvas.attr("data-front", onFront.size);
    drawMarks(canvas, view, shownRows, onFront);
    annotate(layer, view, sweep, visibleScenarios());
    svg.attr("class", state.area ? "area" : "");
    if (state.area) {
      svg.append("g").attr("class", "brush").call(brush.extent([[kMargin.left, kMargin.top], [right, bottom]]));
    }
    ring();
    const holes = allowed.length - shownRows.length;
    status.text(`${whole(shownRows.length)} of ${whole(rows.length)} points are shown` +
      (rows.length < sweep.points.total ? ` (this page holds ${whole(rows.length)} of the sweep's ${whole(sweep.points.total)})` : "") +
      (holes ? `; ${whole(holes)} more have no ${[state.x, state.y].filter((c) => allowed.some((row) => !Number.isFinite(c.values[row]))).map((c) => c.name).join(" or ") || "positive figure"}` : "") +
      (state.front ? `; ${whole(onFront.size)} on the front${lines.length > 1 ? "s of their scenarios" : ""}.` : "."));
    tableTitle.text(`${whole(shownRows.length)} points shown, as a table`);
    if (tableBox.property("open")) drawRows();
  };
  const update = () => { draw(); drawLegend(); plot.call(zoom.transform, state.transform); };

  const kMostRows = 200;
  const drawRows = () => {
    tableBox.selectAll("div").remove();
    const box = add(tableBox, "div", "table");
    const live = columns.filter((column) => column.name !== "reason");
    const cells = (some) => some.map((row) => live.map((column) => cellOf(column, row)));
    const sorted = drawn.rows.slice().sort((a, b) => keyOf(state.y)(a) - keyOf(state.y)(b) || a - b);
    addExports(box, "Points shown", () => ({ columns: live.map((column) => column.name), rows: cells(sorted).map((row) => row.map((cell) => (Number.isNaN(cell) ? "" : cell))) }));
    if (sorted.length > kMostRows) add(box, "div", "note", `The first ${kMostRows} by ${state.y.name}; an export has all ${whole(sorted.length)}.`);
    const table = drawTable(box, live.map((column) => column.name), cells(sorted.slice(0, kMostRows)), live.map((column) => column.unit));
    makeSortable(table.node());
  };
  tableBox.on("toggle", () => { if (tableBox.property("open")) drawRows(); });

  // Filters by other columns.
  const otherBox = add(more, "div", "chipbox");
  const rangeBox = add(more, "div", "ranges");
  const drawRanges = () => {
    rangeBox.selectAll("*").remove();
    for (const column of filters.ranges.keys()) addRange(rangeBox, column, filters, () => update());
    if (filters.ranges.size) more.property("open", true);
  };
  const others = groupings.filter((column) => !scenarioAxes.includes(column));
  others.forEach((column) => refreshers.push(addChips(otherBox, column, filters, () => update())));
  const adder = add(add(more, "label", "", "A range of "), "select").attr("data-role", "range");
  adder.append("option").text("a figure...");
  figures.filter(varies).forEach((column) => adder.append("option").text(named(column)));
  adder.on("change", function chosen() {
    const column = figures.filter(varies)[this.selectedIndex - 1];
    this.selectedIndex = 0;
    if (column && !filters.ranges.has(column)) addRange(rangeBox, column, filters, () => update());
  });

  // Mouse and keys.
  const found = () => {
    const [x, y] = d3.mouse(plot.node());
    return { x, y, row: drawn.tree && drawn.tree.find(x, y, 24) };
  };
  plot.on("mousemove", () => { const { x, y, row } = found(); hover(row, x, y); }).on("mouseleave", () => hover(undefined))
    .on("click", () => { const { row } = found(); if (row !== undefined && !state.area) select(row); });
  const move = (column, sign) => {
    const sorted = drawn.rows.slice().sort((a, b) => column.values[a] - column.values[b] || a - b);
    if (!sorted.length) return;
    const at = sorted.indexOf(state.selected);
    select(sorted[at < 0 ? 0 : Math.max(0, Math.min(sorted.length - 1, at + sign))]);
  };
  plot.on("keydown", () => {
    const { key } = d3.event;
    const actions = { ArrowRight: () => move(state.x, 1), ArrowLeft: () => move(state.x, -1), ArrowUp: () => move(state.y, 1), ArrowDown: () => move(state.y, -1),
      Escape: () => select(null), 0: fresh, "+": () => plot.call(zoom.scaleBy, 1.5), "-": () => plot.call(zoom.scaleBy, 1 / 1.5) };
    if (!actions[key]) return;
    d3.event.preventDefault();
    actions[key]();
    if (key === "+" || key === "-") draw();
  });
  plot.call(zoom.filter(() => !state.area && !d3.event.button && (d3.event.type !== "wheel" || d3.event.ctrlKey || document.activeElement === plot.node()))).on("dblclick.zoom", null);

  responsive(plot.node(), (width) => {
    size = { width, height: Math.max(320, Math.min(520, Math.round(width * 0.62))) };
    plot.style("height", `${size.height}px`);
    zoom.extent([[kMargin.left, kMargin.top], [width - kMargin.right, size.height - kMargin.bottom]]);
    update();
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());
  showDetail();
};
