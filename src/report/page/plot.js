// How is a plot of points drawn: scales, colours and shapes, marks, and what is published or allowed?
const kMargin = { top: 16, right: 18, bottom: 46, left: 70 };

const scaleOf = (column, log, shownRows, range) => {
  const [low, high] = d3.extent(shownRows, (row) => column.values[row]);
  if (low === undefined) return d3.scaleLinear().domain([0, 1]).range(range);
  if (log) {
    const room = low === high ? 2 : (high / low) ** 0.04;
    return d3.scaleLog().domain([low / room, high * room]).range(range);
  }
  const spare = low === high ? Math.abs(low) * 0.1 || 1 : (high - low) * 0.04;
  return d3.scaleLinear().domain([low - spare, high + spare]).range(range);
};

// Numbers that are many become shades, others a colour each.
const isShaded = (column) => Boolean(column.values) && column.words.length > kColours.length;
const colourOf = (column) => {
  if (!column) return () => kColours[0];
  if (isShaded(column)) {
    const [low, high] = d3.extent(column.values);
    const shade = d3.scaleSequential(d3.interpolateCividis).domain([low, high]);
    return (row) => shade(column.values[row]);
  }
  return (row) => kColours[column.codes[row] % kColours.length];
};
// Of the colour's own column, so many as tell equal colours apart.
const shapeIndex = (state, code) => (state.shape === state.colour ? Math.floor(code / kColours.length) : code) % kShapes.length;
const shapeOf = (state) => (state.shape && !(state.shape === state.colour && isShaded(state.shape))
  ? (row) => shapeIndex(state, state.shape.codes[row]) : () => 0);
const kPaths = kShapes.map((shape) => new Path2D(d3.symbol().type(shape).size(34)()));
const kFrontPaths = kShapes.map((shape) => new Path2D(d3.symbol().type(shape).size(110)()));

const drawAxes = (svg, { state, scaleX, scaleY, width, height }) => {
  const ticks = (axis, log, count) => (log ? axis.ticks(count, tick) : axis.ticks(count).tickFormat(tick));
  const layer = add(svg, "g", "axis");
  add(layer, "g").attr("transform", `translate(0,${height - kMargin.bottom})`).call(ticks(d3.axisBottom(scaleX).tickSize(-(height - kMargin.top - kMargin.bottom)).tickPadding(8), state.logX, 7));
  add(layer, "g").attr("transform", `translate(${kMargin.left},0)`).call(ticks(d3.axisLeft(scaleY).tickSize(-(width - kMargin.left - kMargin.right)).tickPadding(8), state.logY, 7));
  add(layer, "text", "title", named(state.x)).attr("x", (kMargin.left + width - kMargin.right) / 2).attr("y", height - 8).attr("text-anchor", "middle");
  add(layer, "text", "title", named(state.y)).attr("transform", `translate(16,${(kMargin.top + height - kMargin.bottom) / 2})rotate(-90)`).attr("text-anchor", "middle");
};
// On a canvas, those on a front above the others.
const drawMarks = (canvas, { state, scaleX, scaleY, width, height }, shownRows, onFront) => {
  const ratio = window.devicePixelRatio || 1;
  canvas.attr("width", width * ratio).attr("height", height * ratio).style("width", `${width}px`).style("height", `${height}px`);
  const pen = canvas.node().getContext("2d");
  pen.scale(ratio, ratio);
  pen.beginPath();
  pen.rect(kMargin.left, kMargin.top, width - kMargin.left - kMargin.right, height - kMargin.top - kMargin.bottom);
  pen.clip();
  const [colours, shapes] = [colourOf(state.colour), shapeOf(state)];
  const ink = getComputedStyle(canvas.node()).color;
  let marks = 0;
  for (const [row, big] of [...shownRows.filter((r) => !onFront.has(r)).map((r) => [r, false]), ...shownRows.filter((r) => onFront.has(r)).map((r) => [r, true])]) {
    pen.save();
    pen.translate(scaleX(state.x.values[row]), scaleY(state.y.values[row]));
    pen.globalAlpha = big ? 1 : 0.75;
    pen.fillStyle = colours(row);
    const path = (big ? kFrontPaths : kPaths)[shapes(row)];
    pen.fill(path);
    if (big) { pen.strokeStyle = ink; pen.lineWidth = 1.2; pen.stroke(path); }
    pen.restore();
    marks += 1;
  }
  canvas.attr("data-marks", marks);
};

const line = (layer, x1, y1, x2, y2, className) =>
  layer.append("line").attr("class", className).attr("x1", x1).attr("y1", y1).attr("x2", x2).attr("y2", y2);
// Budget, baselines and published figures, as far as the two figures have them.
const annotate = (layer, { state, scaleX, scaleY, width, height }, sweep, scenarios) => {
  const [right, bottom] = [width - kMargin.right, height - kMargin.bottom];
  const across = (value, label, className) => {
    for (const [column, scale, isX] of [[state.x, scaleX, true], [state.y, scaleY, false]]) {
      if (column.name !== value.name) continue;
      const at = scale(value.at);
      if (!(at >= (isX ? kMargin.left : kMargin.top) && at <= (isX ? right : bottom))) continue;
      if (isX) line(layer, at, kMargin.top, at, bottom, className);
      else line(layer, kMargin.left, at, right, at, className);
      add(layer, "text", `${className} label`, label).attr("x", isX ? at + (at > right - 150 ? -5 : 5) : kMargin.left + 6)
        .attr("y", isX ? kMargin.top + 12 : at - 5).attr("text-anchor", isX && at > right - 150 ? "end" : "start");
    }
  };
  const budgets = new Set(scenarios.map((scenario) => scenario.budget_mm2));
  const [budget] = budgets;
  if (budgets.size === 1 && budget !== null) {
    across({ name: "area_mm2", at: budget * (1 + sweep.tolerance) }, `budget ${shown(budget)} mm2${sweep.tolerance ? ` +${shown(100 * sweep.tolerance)}%` : ""}`, "budget");
  }
  if (scenarios.length !== 1) return;
  for (const baseline of scenarios[0].baselines) {
    const [x, y] = [baseline[state.x.name], baseline[state.y.name]];
    if (typeof x === "number" && typeof y === "number") {
      const mark = add(layer, "g", "baseline").attr("transform", `translate(${scaleX(x)},${scaleY(y)})`);
      mark.append("path").attr("d", d3.symbol().type(d3.symbolStar).size(170)());
      const atRight = scaleX(x) > right - 110;
      add(mark, "text", "", baseline.name).attr("x", atRight ? -12 : 12).attr("dy", "0.32em").attr("text-anchor", atRight ? "end" : "start");
    }
    for (const published of sweep.published.filter((figure) => figure.baseline === baseline.name)) {
      const own = baseline[sweep.minimize];
      if (typeof own === "number") across({ name: sweep.minimize, at: own / published.value }, `published: ${published.value}x over ${baseline.name}`, "published");
    }
  }
};
