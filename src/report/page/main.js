// Which figure goes where?
const kCharts = { space: drawSpace, tornado: drawTornado, bars: drawBars, intensity: drawIntensity, bytes: drawBytes, lifetimes: drawLifetimes,
  plan: drawPlan, strategies: drawStrategies, roofline: drawRoofline, pair: drawPair };
enhanceTables();  // Before figures add tables of their own.
for (const box of document.querySelectorAll("div.chart")) {
  kCharts[box.dataset.chart](d3.select(box), data.sweeps[box.dataset.source] || data.results[box.dataset.source]);
}
// On paper everything is open.
const opened = new Set();
window.addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("section > details:not([open])")) { opened.add(details); details.open = true; }
});
window.addEventListener("afterprint", () => { for (const details of opened) details.open = false; opened.clear(); });
document.documentElement.dataset.ready = "yes";
