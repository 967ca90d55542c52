// Where do a plan's time, energy and bytes go, group by group, and what else is drawn of single results?
const kMostBars = 30;
const kBusy = [["compute_cycles", "PEs busy", kColours[0]], ["dram_cycles", "DRAM port busy", kColours[1]], ["onchip_cycles", "on-chip ports busy", kColours[2]]];
const share = d3.format(".0%");

const titled = (parent, title, note = "") => {
  const box = add(parent, "figure", "chartbox");
  add(box, "figcaption", "", title);
  if (note) add(box, "p", "note", note);
  return box;
};
const keysOf = (parent, entries) => {
  const box = add(parent, "div", "legend");
  for (const [label, colour, shape] of entries) {
    const key = add(box, "span", "key");
    key.append("svg").attr("width", 14).attr("height", 14).attr("viewBox", "-7 -7 14 14").append("path").attr("d", d3.symbol().type(shape || d3.symbolSquare).size(80)()).attr("fill", colour);
    key.append("span").text(label);
  }
};
const fitted = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

// A row per entry: `parts` are [value, colour, title] from the left on; `mark` stands behind the bar.
const barChart = (parent, rows, { unit, label, stacked = true, total = null }) => responsive(add(parent, "div", "svgbox").node(), function draw(width) {
  const root = d3.select(parent.select("div.svgbox").node());
  root.selectAll("*").remove();
  const names = Math.min(190, width * 0.32), high = 24, top = 26, valueRoom = 112;
  const svg = svgOf(root, width, top + rows.length * high + 8, label);
  const most = d3.max(rows, (row) => (stacked ? d3.sum(row.parts, (part) => part[0]) : d3.max(row.parts, (part) => part[0]))) || 1;
  const scale = d3.scaleLinear().domain([0, most]).range([names, width - valueRoom]);
  add(svg, "g", "axis").attr("transform", `translate(0,${top})`).call(d3.axisTop(scale).ticks(Math.max(2, Math.floor(width / 140))).tickFormat(tick).tickSize(-(rows.length * high)));
  rows.forEach((row, r) => {
    const line = add(svg, "g").attr("transform", `translate(0,${top + r * high})`);
    add(line, "text", row.strong ? "name strong" : "name", fitted(row.name, Math.floor(names / 7))).attr("x", names - 8).attr("y", high / 2).attr("dy", "0.35em").attr("text-anchor", "end").append("title").text(row.name);
    let at = 0;
    const thick = stacked ? high - 8 : (high - 6) / row.parts.length;
    row.parts.forEach(([value, colour, title], p) => {
      const bar = line.append("rect").attr("class", row.hollow ? "hollow" : "bar").attr("x", scale(stacked ? at : 0)).attr("y", stacked ? 4 : 3 + p * thick)
        .attr("width", Math.max(0, scale(at + value) - scale(at))).attr("height", Math.max(1, thick - (stacked ? 0 : 1))).attr("fill", row.hollow ? "none" : colour).attr("stroke", row.hollow ? colour : null);
      bar.append("title").text(`${row.name}: ${title} ${shown(value, unit)}`);
      if (stacked) at += value;
    });
    const sum = row.value === undefined ? d3.sum(row.parts, (part) => part[0]) : row.value;
    add(line, "text", "value", `${brief(sum)}${total ? `  ${share(sum / total)}` : ""}`).attr("x", width - valueRoom + 8).attr("y", high / 2).attr("dy", "0.35em");
  });
});

const drawBars = (root, result) => {
  const groups = result.groups;
  const all = d3.sum(groups, (group) => group.latency_cycles);
  const time = titled(root, "Time by group (cycles)", "Each group takes as long as the busiest of its three resources, and what it waits; the figure on the right is its time and its share.");
  keysOf(time, kBusy.map(([, label, colour]) => [label, colour]));
  barChart(time, groups.map((group) => ({ name: group.name, value: group.latency_cycles,
    parts: kBusy.map(([key, label, colour]) => [group[key], colour, label]) })), { unit: "cycles", label: "Busy cycles by group", stacked: false, total: all });
  const energy = groups.filter((group) => typeof group.energy_pj === "number");
  if (!energy.length) return;
  const joules = titled(root, "Energy by group (mJ)");
  barChart(joules, energy.map((group) => ({ name: group.name, parts: [[group.energy_pj * 1e-9, kColours[4], "energy"]] })),
    { unit: "mJ", label: "Energy by group", total: d3.sum(energy, (group) => group.energy_pj * 1e-9) });
  const parts = Object.entries(result.energy || {}).filter(([, pj]) => typeof pj === "number");
  if (parts.length) {
    const components = titled(root, "Energy by component (mJ)");
    barChart(components, parts.map(([name, pj]) => ({ name, parts: [[pj * 1e-9, kColours[3], name]] })), { unit: "mJ", label: "Energy by component", total: d3.sum(parts, (part) => part[1] * 1e-9) });
  }
};

// Points under roofs: `points` are {name, x, y, colour, size}; `bandwidth` in bytes a cycle, or null.
const roofChart = (parent, points, peak, bandwidth, label) => responsive(add(parent, "div", "svgbox").node(), (width) => {
  const root = parent.select("div.svgbox");
  root.selectAll("*").remove();
  const height = Math.max(300, Math.min(440, width * 0.55));
  const svg = svgOf(root, width, height, label);
  const ridge = bandwidth ? peak / bandwidth : null;
  const xs = points.map((point) => point.x).concat(ridge ? [ridge] : []);
  const ys = points.map((point) => point.y).concat([peak]);
  const scaleX = d3.scaleLog().domain([d3.min(xs) / 2, d3.max(xs) * 2]).range([kMargin.left, width - kMargin.right]);
  const scaleY = d3.scaleLog().domain([d3.min(ys) / 2, d3.max(ys) * 1.6]).range([height - kMargin.bottom, kMargin.top]);
  const axis = add(svg, "g", "axis");
  add(axis, "g").attr("transform", `translate(0,${height - kMargin.bottom})`).call(d3.axisBottom(scaleX).ticks(6, tick).tickSize(-(height - kMargin.top - kMargin.bottom)).tickPadding(8));
  add(axis, "g").attr("transform", `translate(${kMargin.left},0)`).call(d3.axisLeft(scaleY).ticks(6, tick).tickSize(-(width - kMargin.left - kMargin.right)).tickPadding(8));
  add(axis, "text", "title", "operational intensity (op/B)").attr("x", (kMargin.left + width - kMargin.right) / 2).attr("y", height - 8).attr("text-anchor", "middle");
  add(axis, "text", "title", "op/cycle").attr("transform", `translate(16,${(kMargin.top + height - kMargin.bottom) / 2})rotate(-90)`).attr("text-anchor", "middle");
  const [low, high] = scaleX.domain();
  const roof = (x) => (bandwidth ? Math.min(peak, bandwidth * x) : peak);
  const floor = scaleY.domain()[0];
  const start = bandwidth ? Math.max(low, floor / bandwidth) : low;
  const corners = [start, ...(ridge && ridge > start && ridge < high ? [ridge] : []), high];
  svg.append("path").attr("class", "roof").attr("d", d3.line().x((x) => scaleX(x)).y((x) => scaleY(roof(x)))(corners));
  add(svg, "text", "rooflabel", `${shown(peak)} op/cycle`).attr("x", width - kMargin.right - 4).attr("y", scaleY(peak) - 6).attr("text-anchor", "end");
  if (bandwidth) {
    const at = Math.sqrt(start * Math.min(ridge, high));
    const slope = Math.atan2(scaleY(roof(at * 1.1)) - scaleY(roof(at)), scaleX(at * 1.1) - scaleX(at)) * 180 / Math.PI;
    add(svg, "text", "rooflabel", `${shown(bandwidth)} B/cycle`).attr("transform", `translate(${scaleX(at)},${scaleY(roof(at))})rotate(${slope})`).attr("dy", -6).attr("text-anchor", "middle");
  }
  const placed = [];
  for (const point of points) {
    const [x, y] = [scaleX(point.x), scaleY(point.y)];
    svg.append("path").attr("class", "point").attr("d", d3.symbol().type(point.shape || d3.symbolCircle).size(point.size || 70)()).attr("transform", `translate(${x},${y})`).attr("fill", point.colour).append("title").text(`${point.name}: ${shown(point.x)} op/B, ${shown(point.y)} op/cycle`);
    // A label where none is yet.
    const wide = point.name.length * 6.2, left = x + 10 + wide > width - kMargin.right;
    const box = { x0: left ? x - 10 - wide : x + 10, x1: left ? x - 10 : x + 10 + wide, y0: y - 6, y1: y + 6 };
    if (placed.some((other) => box.x0 < other.x1 && other.x0 < box.x1 && box.y0 < other.y1 && other.y0 < box.y1)) continue;
    placed.push(box);
    add(svg, "text", "name", point.name).attr("x", left ? x - 10 : x + 10).attr("y", y).attr("dy", "0.35em").attr("text-anchor", left ? "end" : "start");
  }
});
const kBoundColours = { compute: kColours[0], dram: kColours[1], onchip: kColours[2], link: kColours[3] };
const kBoundShapes = { compute: d3.symbolCircle, dram: d3.symbolSquare, onchip: d3.symbolTriangle, link: d3.symbolDiamond };
const boundKeys = (bounds) => [...new Set(bounds)].filter((bound) => kBoundColours[bound]).map((bound) => [`${bound}-bound`, kBoundColours[bound], kBoundShapes[bound]]);

const drawIntensity = (root, result) => {
  const points = result.groups.filter((group) => group.dram_bytes > 0 && group.operations > 0 && group.latency_cycles > 0).map((group) => ({
    name: group.name, x: group.operations / group.dram_bytes, y: group.operations / group.latency_cycles, colour: kBoundColours[group.bound] || kColours[6],
    shape: kBoundShapes[group.bound], size: 50 + 500 * group.latency_cycles / d3.sum(result.groups, (other) => other.latency_cycles) }));
  if (!points.length || typeof result.pes !== "number") return;
  const width = result.dram_bits_per_cycle;
  const box = titled(root, "Groups under the roofs", "Larger marks take more of the time. The slope is one DRAM port; an operation that takes a PE several cycles keeps a compute-bound group below the flat roof.");
  keysOf(box, boundKeys(result.groups.map((group) => group.bound)));
  roofChart(box, points, result.pes, typeof width === "number" && width > 0 ? width / 8 : null, "Roofline of the groups");
};
const drawRoofline = (root, result) => {
  const points = result.operators.filter((op) => op.intensity_ops_per_byte > 0 && op.attainable_ops_per_cycle > 0).map((op) => ({ name: op.operator, x: op.intensity_ops_per_byte,
    y: op.attainable_ops_per_cycle, colour: kBoundColours[op.bound] || kColours[6], shape: kBoundShapes[op.bound] }));
  if (!points.length) return;
  const box = titled(root, "Every operator alone, and the roof that stops it");
  keysOf(box, boundKeys(result.operators.map((op) => op.bound)));
  const bandwidth = result.dram_bytes_per_cycle;
  roofChart(box, points, result.peak_ops_per_cycle, typeof bandwidth === "number" ? bandwidth : null, "Roofline of all operators");
};

const drawBytes = (root, result) => {
  const sums = new Map();
  for (const group of result.groups) {
    for (const tensor of group.tensors) {
      const sum = sums.get(tensor.name) || { name: tensor.name, read: 0, written: 0, as: new Set() };
      sum.read += tensor.bytes_read;
      sum.written += tensor.bytes_written;
      if (tensor.moved_as) sum.as.add(tensor.moved_as);
      sums.set(tensor.name, sum);
    }
  }
  const moved = [...sums.values()].filter((sum) => sum.read + sum.written > 0).sort((a, b) => b.read + b.written - a.read - a.written || d3.ascending(a.name, b.name));
  if (!moved.length) return;
  const rest = moved.slice(kMostBars);
  const box = titled(root, "Bytes at the DRAM port, by tensor (B)", rest.length ? `The ${kMostBars} largest of ${moved.length}; the table below has all.` : "");
  keysOf(box, [["read", kColours[0]], ["written", kColours[1]]]);
  barChart(box, moved.slice(0, kMostBars).map((sum) => ({ name: `${sum.name} (${[...sum.as].join(", ")})`, parts: [[sum.read, kColours[0], "read"], [sum.written, kColours[1], "written"]] })),
    { unit: "B", label: "DRAM bytes by tensor", total: d3.sum(moved, (sum) => sum.read + sum.written) });
};

// Cycles from which to which each group runs.
const spansOf = (groups) => {
  let at = 0;
  return groups.map((group) => {
    const start = typeof group.start_cycle === "number" ? group.start_cycle : at;
    at = typeof group.end_cycle === "number" ? group.end_cycle : start + group.latency_cycles;
    return [start, at];
  });
};
const drawLifetimes = (root, result) => {
  const groups = result.groups, spans = spansOf(groups), end = d3.max(spans, (span) => span[1]);
  if (!end) return;
  const lives = new Map();
  groups.forEach((group, g) => group.tensors.forEach((tensor) => {
    const life = lives.get(tensor.name) || { name: tensor.name, parts: [] };
    life.parts.push({ group: g, residency: tensor.residency });
    lives.set(tensor.name, life);
  }));
  const rows = [...lives.values()];
  const kinds = [...new Set(rows.flatMap((row) => row.parts.map((part) => part.residency)))].sort();
  const colour = (kind) => kColours[kinds.indexOf(kind) % kColours.length];
  const shownLives = rows.slice(0, 60);
  const box = titled(root, "Memory and tensors over time", `Above, the on-chip peak of each group${typeof result.onchip_capacity_bytes === "number" ? ` (dashed: capacity, ${shown(result.onchip_capacity_bytes)} B)` : ""}; below, when each tensor is in use, and how it is held.${rows.length > shownLives.length ? ` ${rows.length - shownLives.length} more are in the table.` : ""}`);
  keysOf(box, kinds.map((kind) => [kind, colour(kind)]));
  responsive(add(box, "div", "svgbox").node(), (width) => {
    const layer = box.select("div.svgbox");
    layer.selectAll("*").remove();
    const left = Math.min(170, width * 0.3), high = 15, memory = 130, top = 12;
    const svg = svgOf(layer, width, top + memory + 26 + shownLives.length * high + 30, "On-chip memory and tensor lifetimes over time");
    const scale = d3.scaleLinear().domain([0, end]).range([left, width - 14]);
    const most = Math.max(d3.max(groups, (group) => group.peak_onchip_bytes), result.onchip_capacity_bytes || 0) || 1;
    const level = d3.scaleLinear().domain([0, most * 1.05]).range([top + memory, top]);
    add(svg, "g", "axis").attr("transform", `translate(${left},0)`).call(d3.axisLeft(level).ticks(4).tickFormat((v) => `${tick(v)}B`).tickSize(-(width - left - 14)));
    groups.forEach((group, g) => {
      const bar = svg.append("rect").attr("class", "memory").attr("x", scale(spans[g][0])).attr("width", Math.max(1, scale(spans[g][1]) - scale(spans[g][0]) - 0.5)).attr("y", level(group.peak_onchip_bytes)).attr("height", level(0) - level(group.peak_onchip_bytes));
      bar.append("title").text(`${group.name}: peak ${shown(group.peak_onchip_bytes)} B, cycles ${shown(spans[g][0])} to ${shown(spans[g][1])}`);
      line4(svg, scale(spans[g][1]), top, scale(spans[g][1]), top + memory + 26 + shownLives.length * high);
    });
    if (typeof result.onchip_capacity_bytes === "number") svg.append("line").attr("class", "budget").attr("x1", left).attr("x2", width - 14).attr("y1", level(result.onchip_capacity_bytes)).attr("y2", level(result.onchip_capacity_bytes));
    const base = top + memory + 22;
    shownLives.forEach((life, r) => {
      const y = base + r * high;
      add(svg, "text", "name", fitted(life.name, Math.floor(left / 7))).attr("x", left - 8).attr("y", y + high / 2).attr("dy", "0.35em").attr("text-anchor", "end");
      const [from, to] = [spans[life.parts[0].group][0], spans[life.parts[life.parts.length - 1].group][1]];
      svg.append("line").attr("class", "life").attr("x1", scale(from)).attr("x2", scale(to)).attr("y1", y + high / 2).attr("y2", y + high / 2);
      for (const part of life.parts) {
        const [a, b] = spans[part.group];
        svg.append("rect").attr("class", "bar").attr("x", scale(a)).attr("width", Math.max(2, scale(b) - scale(a) - 0.5)).attr("y", y + 2).attr("height", high - 5).attr("rx", 2).attr("fill", colour(part.residency)).append("title").text(`${life.name} in ${groups[part.group].name}: ${part.residency}`);
      }
    });
    add(svg, "g", "axis").attr("transform", `translate(0,${base + shownLives.length * high + 4})`).call(d3.axisBottom(scale).ticks(Math.max(3, width / 140)).tickFormat((v) => `${tick(v)}${v ? " cycles" : ""}`));
  });
};
const line4 = (svg, x1, y1, x2, y2) => svg.append("line").attr("class", "edge").attr("x1", x1).attr("y1", y1).attr("x2", x2).attr("y2", y2);

// Loops as boxes around what they repeat.
const drawNode = (parent, node) => {
  if (node.kind === "operator") { add(parent, "span", "op", node.op); return; }
  const box = node.kind === "sequence" ? parent : add(parent, "div", node.kind);
  if (node.kind === "loop") add(box, "div", "head", `for ${node.rank}: ${shown(node.trips)} ${node.trips === 1 ? "tile" : "tiles"} of ${shown(node.tile)}`);
  if (node.kind === "chain") add(box, "div", "head", "chain, in registers");
  for (const child of node.children || []) drawNode(box, child);
};
const drawPlan = (root, result, title = "The plan as a tree") => {
  const box = titled(root, title, "Each box repeats what is in it. Groups run one after another.");
  const plan = add(box, "div", "plan");
  result.groups.forEach((group, g) => {
    const part = add(plan, "div", "group");
    const head = add(part, "div", "head");
    add(head, "strong", "", `${g + 1}. ${group.name}`);
    add(head, "span", "note", ` ${shown(group.latency_cycles)} cycles, ${group.bound || ""}-bound, ${shown(group.dram_bytes)} B of DRAM`);
    drawNode(part, group.loops);
  });
};

const drawPair = (root) => {
  const plans = Object.values(data.results).filter((result) => result.groups && result.groups.length);
  const state = [0, 1];
  const controls = add(root, "div", "controls");
  const view = add(root, "div");
  state.forEach((_, side) => {
    const select = add(add(controls, "label", "", side ? "right " : "left "), "select").attr("data-role", side ? "right" : "left");
    plans.forEach((plan) => select.append("option").text(plan.title));
    select.property("selectedIndex", state[side]).on("change", function chosen() { state[side] = this.selectedIndex; draw(); });
  });
  const figures = ["latency_cycles", "compute_cycles", "dram_bytes", "dram_read_bytes", "dram_write_bytes", "peak_onchip_bytes", "energy_pj", "utilization"];
  const draw = () => {
    view.selectAll("*").remove();
    const [a, b] = state.map((index) => plans[index]);
    const rows = figures.filter((name) => typeof a[name] === "number" || typeof b[name] === "number").map((name) => [name, a[name], b[name], b[name] ? a[name] / b[name] : NaN]);
    rows.push(["groups", a.groups.length, b.groups.length, a.groups.length / b.groups.length]);
    const box = add(view, "div", "table");
    const columns = ["figure", a.title, b.title, "left / right"];
    addExports(box, "Two plans", () => ({ columns, rows }));
    drawTable(box, columns, rows.map((row) => row.map((cell) => (cell === undefined || cell === null ? NaN : cell))));
    const sides = add(view, "div", "sides");
    const most = Math.max(...[a, b].map((plan) => d3.sum(plan.groups, (group) => group.latency_cycles)));
    for (const plan of [a, b]) {
      const side = add(sides, "div");
      const strip = add(side, "div", "strip").attr("role", "img").attr("aria-label", `Time of ${plan.title} by group`);
      plan.groups.forEach((group) => add(strip, "span", "", group.latency_cycles / most > 0.08 ? group.name : "").style("width", `${100 * group.latency_cycles / most}%`)
        .style("background", kBoundColours[group.bound] || kColours[6]).style("color", group.bound === "compute" ? "#fff" : "#000").attr("title", `${group.name}: ${shown(group.latency_cycles)} cycles, ${group.bound}-bound`));
      drawPlan(side, plan, plan.title);
    }
  };
  draw();
};

const drawStrategies = (root, result) => {
  const rows = result.rows.filter((row) => typeof row.latency_cycles === "number" && (row.feasible !== false)).sort((a, b) => a.latency_cycles - b.latency_cycles);
  const limits = (row) => row.feasible === null || row.feasible === undefined;
  const box = titled(root, "Cycles of one block, by strategy", "Fastest first; hollow: bounds that no plan undercuts.");
  keysOf(box, [["cycles", kColours[0]]]);
  barChart(box, rows.map((row) => ({ name: row.strategy, hollow: limits(row), parts: [[row.latency_cycles, kColours[0], "takes"]] })), { unit: "cycles", label: "Cycles by strategy" });
};

// The inputs that move the answer most first.
const drawTornado = (root, sweep) => {
  const known = sweep.sensitivity.filter((row) => typeof row.answer_low === "number" && typeof row.answer_high === "number");
  const scenarios = [...new Set(known.map((row) => row.scenario || ""))];
  if (!scenarios.length) return;
  const view = add(root, "div");
  const draw = (scenario) => {
    view.selectAll("*").remove();
    drawTornadoOf(view, known.filter((row) => (row.scenario || "") === scenario).sort((a, b) => Math.abs(b.answer_high - b.answer_low) - Math.abs(a.answer_high - a.answer_low)));
  };
  if (scenarios.length > 1) {
    const select = add(add(root.insert("div", "div").attr("class", "controls"), "label", "", "scenario "), "select").attr("data-role", "tornado");
    scenarios.forEach((scenario) => select.append("option").text(scenario));
    select.on("change", function chosen() { draw(scenarios[this.selectedIndex]); });
  }
  draw(scenarios[0]);
};
const drawTornadoOf = (root, rows) => {
  const base = typeof rows[0].answer === "number" ? rows[0].answer : null;
  const box = titled(root, `What moves the answer most${rows[0].minimize ? `: ${rows[0].minimize}` : ""}`, base === null ? "" : `Each input is scaled by the factors beside its bar, the others stay. The line is the answer as it is, ${shown(base)}.${rows.some((row) => row.winner_changes === true || row.winner_changes === "true") ? " Under those with a star another design is best." : ""}`);
  keysOf(box, [["input at its low value", kColours[0]], ["input at its high value", kColours[1]]]);
  responsive(add(box, "div", "svgbox").node(), (width) => {
    const layer = box.select("div.svgbox");
    layer.selectAll("*").remove();
    const names = Math.min(220, width * 0.34), high = 28, top = 26, room = 90;
    const svg = svgOf(layer, width, top + rows.length * high + 10, "Tornado: the answer at the low and the high value of each input");
    const extent = d3.extent(rows.flatMap((row) => [row.answer_low, row.answer_high].concat(base === null ? [] : [base])));
    const scale = d3.scaleLinear().domain(extent).range([names + room, width - room]);
    add(svg, "g", "axis").attr("transform", `translate(0,${top})`).call(d3.axisTop(scale).ticks(Math.max(2, Math.floor(width / 180))).tickFormat(tick).tickSize(-(rows.length * high)));
    rows.forEach((row, r) => {
      const y = top + r * high, middle = base === null ? (row.answer_low + row.answer_high) / 2 : base;
      add(svg, "text", "name", `${row.winner_changes === true || row.winner_changes === "true" ? "\u2605 " : ""}${fitted(row.input, Math.floor(names / 7))}`).attr("x", names - 8).attr("y", y + high / 2).attr("dy", "0.35em").attr("text-anchor", "end");
      for (const [answer, colour, value] of [[row.answer_low, kColours[0], row.low], [row.answer_high, kColours[1], row.high]]) {
        svg.append("rect").attr("class", "bar").attr("x", Math.min(scale(answer), scale(middle))).attr("width", Math.abs(scale(answer) - scale(middle))).attr("y", y + 5).attr("height", high - 10).attr("fill", colour)
          .append("title").text(`${row.input} = ${shown(value)}: ${shown(answer)}`);
        const right = answer > middle || (answer === middle && colour === kColours[1]);
        add(svg, "text", "value", base === null ? shown(value) : `${shown(value)}x`).attr("x", scale(answer) + (right ? 6 : -6)).attr("y", y + high / 2).attr("dy", "0.35em").attr("text-anchor", right ? "start" : "end");
      }
    });
    if (base !== null) svg.append("line").attr("class", "budget").attr("x1", scale(base)).attr("x2", scale(base)).attr("y1", top).attr("y2", top + rows.length * high);
  });
};
