"""Does a report do in a real browser what it promises?   browser_test.py FUSESCAPE FOLDER

Makes reports with FUSESCAPE into FOLDER, opens them in Debian's Chromium through its own driver, and leaves there
screenshots for people to look at. Times are printed, and never judged. Needs the packages of the group report-test."""
import base64
import csv
import json
import pathlib
import shutil
import subprocess
import sys
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

SOURCE = pathlib.Path(__file__).resolve().parents[2]
FUSESCAPE, FOLDER = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
HOSTILE = "</script><script>window.hacked=1</script>\"'&<img src=x onerror=window.hacked=1>\u2028\u2029${}`;="
failures = []


def expect(what, truth, seen=""):
    print(f"{'ok    ' if truth else 'FAILED'} {what}{'' if truth else f': {seen}'}")
    if not truth:
        failures.append(what)


def fusescape(*arguments, expected=0):
    done = subprocess.run([FUSESCAPE, *map(str, arguments)], cwd=SOURCE, capture_output=True, text=True, check=False)
    if done.returncode != expected:
        raise SystemExit(f"fusescape {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def browser():
    options = webdriver.ChromeOptions()
    for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.binary_location = shutil.which("chromium")
    driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 1280, "height": 1000, "deviceScaleFactor": 1, "mobile": False})
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(FOLDER / "downloads")})
    return driver


def open_page(driver, name):
    start = time.monotonic()
    driver.get((FOLDER / name).as_uri())
    ready = driver.execute_script("return document.documentElement.dataset.ready")
    print(f"       {name}: {(FOLDER / name).stat().st_size:,} bytes, drawn after {time.monotonic() - start:.2f} s")
    expect(f"{name} is drawn to its end", ready == "yes", ready)
    errors = [entry["message"] for entry in driver.get_log("browser")]
    expect(f"{name} has no word on the console", not errors, errors)


def screenshot(driver, name, selector=None):
    box = driver.execute_script(
        "const r = (arguments[0] ? document.querySelector(arguments[0]) : document.documentElement).getBoundingClientRect();"
        "return {x: r.x + scrollX, y: r.y + scrollY, width: Math.ceil(r.width), height: Math.min(Math.ceil(r.height), 6000), scale: 1}", selector)
    driver.execute_async_script("const done = arguments[0]; scrollTo({top: 0, behavior: 'instant'}); requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 300)))")
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": box})
    (FOLDER / name).write_bytes(base64.b64decode(shot["data"]))


def media(driver, kind="", scheme="light"):
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": kind, "features": [{"name": "prefers-color-scheme", "value": scheme}]})


def marks(driver):
    return int(driver.execute_script("return document.querySelector('.plot canvas').dataset.marks"))


def choose(driver, role, name):
    driver.execute_script(
        "const s = document.querySelector(`[data-role=${arguments[0]}]`);"
        "s.selectedIndex = [...s.options].findIndex((o) => o.text.split(' ')[0] === arguments[1]); s.dispatchEvent(new Event('change'))", role, name)


def chip(driver, legend, word):
    for box in driver.find_elements(By.CSS_SELECTOR, ".chips"):
        if box.find_element(By.TAG_NAME, "legend").text == legend and box.is_displayed():
            for button in box.find_elements(By.CSS_SELECTOR, ".chip"):
                if button.text == word:
                    return button
    raise SystemExit(f"no chip {legend} {word}")


def selected_figures(driver):
    return dict(driver.execute_script("return [...document.querySelectorAll('.detail tr')].map((r) => [r.cells[0].textContent, r.cells[1].textContent])"))


CONTRAST = """
const rgb = (text) => text.match(/[0-9.]+/g).map(Number);
const light = ([r, g, b]) => { const f = (v) => (v /= 255, v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] === 1) return c; } return [255, 255, 255]; };
const bad = [];
for (const e of document.querySelectorAll('body *')) {
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  if (!own || !e.getClientRects().length || ['SCRIPT', 'STYLE', 'TITLE'].includes(e.tagName)) continue;
  const style = getComputedStyle(e), svg = e instanceof SVGElement;
  const [a, b] = [light(rgb(svg ? style.fill : style.color)), light(behind(e))].sort((x, y) => y - x);
  if ((a + 0.05) / (b + 0.05) < 4.5) bad.push(`${e.tagName}.${e.getAttribute('class')}: ${e.textContent.slice(0, 30)} ${((a + 0.05) / (b + 0.05)).toFixed(2)}`);
}
return bad;
"""


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def check_sweep(driver, sweep):
    points, front = rows_of(sweep / "points.csv"), rows_of(sweep / "pareto.csv")
    axes = [name for name in ("L", "memory_fraction", "strategy")]
    priced = [row for row in points if row["latency_cycles"]]
    open_page(driver, "sweep.html")
    screenshot(driver, "sweep.png")
    driver.find_element(By.CSS_SELECTOR, "[data-role=all-scenarios]").click()
    choose(driver, "x", "area_mm2")
    choose(driver, "y", "latency_cycles")
    expect("every point with both figures has a mark", marks(driver) == len(priced), f"{marks(driver)} of {len(priced)}")
    shown = int(driver.execute_script("return document.querySelector('.plot canvas').dataset.front"))
    expect("the fronts are those of pareto.csv", shown == len(front), f"{shown} of {len(front)}")
    chip(driver, "L", "64").click()
    kept = [row for row in priced if row["L"] != "64"]
    expect("a filter takes its marks away", marks(driver) == len(kept), f"{marks(driver)} of {len(kept)}")

    plot = driver.find_element(By.CSS_SELECTOR, ".plot")
    driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", plot)
    driver.execute_script("arguments[0].focus({preventScroll: true})", plot)
    for _ in range(3):
        ActionChains(driver).send_keys("\ue014").perform()  # ArrowRight
    by_keys = selected_figures(driver)
    expect("arrow keys select a design", "latency_cycles" in by_keys, by_keys)
    place = driver.execute_script("const r = document.querySelector('.ring'); return [r.cx.baseVal.value, r.cy.baseVal.value]")
    ActionChains(driver).send_keys("\ue00c").perform()  # Escape
    expect("Escape lets go of it", "Click a design" in driver.find_element(By.CSS_SELECTOR, ".detail").text)
    size = plot.size
    ActionChains(driver).move_to_element_with_offset(plot, place[0] - size["width"] / 2, place[1] - size["height"] / 2).click().perform()
    cells = selected_figures(driver)
    there = all(cells.get(name) == by_keys.get(name) for name in ("area_mm2", "latency_cycles"))
    expect("a click selects the design under it", cells and there, cells)
    row = next((p for p in points if all(p[axis] == cells.get(axis) for axis in axes)), {})
    expect("it shows that design's figures", row and cells["latency_cycles"].split()[0].replace(",", "") == row["latency_cycles"], cells)
    command = driver.execute_script("return document.querySelector('.detail pre').firstChild.textContent")
    again = json.loads(subprocess.run(command.replace("fusescape", str(FUSESCAPE), 1) + " --json", shell=True, cwd=SOURCE, capture_output=True, text=True, check=True).stdout)
    expect("its command line prices it again", str(again["latency_cycles"]) == row.get("latency_cycles"), command)
    screenshot(driver, "selected.png", "#s1")

    driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", plot)
    before = marks(driver)
    driver.find_element(By.CSS_SELECTOR, "[data-role=area]").click()
    ActionChains(driver).move_to_element_with_offset(plot, -size["width"] // 4, -size["height"] // 4).click_and_hold().move_by_offset(size["width"] // 2, size["height"] // 2).release().perform()
    ranges = driver.execute_script("return document.querySelectorAll('.range').length")
    expect("an area that is dragged becomes ranges of both figures", ranges == 2 and marks(driver) < before, (ranges, marks(driver), before))
    for button in driver.find_elements(By.CSS_SELECTOR, ".range > button"):
        button.click()
    expect("and all marks are back without them", marks(driver) == before, marks(driver))
    driver.find_element(By.CSS_SELECTOR, "[data-role=area]").click()

    driver.execute_script("document.querySelector('div.table .exports button:nth-child(2)').click()")
    files = []
    for _ in range(50):
        files = list((FOLDER / "downloads").glob("*.csv"))
        if files:
            break
        time.sleep(0.1)
    best = rows_of(files[0]) if files else []
    summary = json.loads((sweep / "summary.json").read_text(encoding="utf-8"))
    expect("a table is saved as CSV, numbers as they were made",
           [b["latency_cycles"] for b in best] == [str(s["best"]["latency_cycles"]) for s in summary["scenarios"]], best)
    for scheme in ("light", "dark"):
        media(driver, scheme=scheme)
        low = driver.execute_script(CONTRAST)
        expect(f"all texts have contrast, {scheme}", not low, low[:5])
    screenshot(driver, "sweep-dark.png")
    media(driver, kind="print")
    hidden = driver.execute_script("window.dispatchEvent(new Event('beforeprint')); return [...document.querySelectorAll('div.table > table')].filter((t) => !t.getClientRects().length && !t.closest('.shown')).length")
    expect("all tables are on paper", hidden == 0, hidden)
    pdf = base64.b64decode(driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"])
    (FOLDER / "sweep.pdf").write_bytes(pdf)
    expect("it prints", pdf.startswith(b"%PDF"))
    media(driver)


def check_results(driver):
    open_page(driver, "results.html")
    kinds = driver.execute_script("return [...document.querySelectorAll('.chart')].filter((c) => !c.children.length).map((c) => c.dataset.chart)")
    expect("every figure of the results is drawn", not kinds, kinds)
    operators = driver.execute_script("return document.querySelectorAll('[data-chart=roofline] .point').length")
    drawn = [op for op in json.loads((FOLDER / "roofline.json").read_text(encoding="utf-8"))["operators"] if op["intensity_ops_per_byte"]]
    expect("the roofline has every operator that moves bytes", operators == len(drawn), f"{operators} of {len(drawn)}")
    screenshot(driver, "results.png")
    for scheme in ("light", "dark"):
        media(driver, scheme=scheme)
        low = driver.execute_script(CONTRAST)
        expect(f"texts of the results have contrast, {scheme}", not low, low[:5])
    screenshot(driver, "results-dark.png")
    media(driver)
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True})
    driver.get((FOLDER / "sweep.html").as_uri())
    wide = driver.execute_script("return document.documentElement.scrollWidth")
    expect("a narrow screen needs no sideways scrolling", wide <= 390, wide)
    screenshot(driver, "sweep-narrow.png")
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 1280, "height": 1000, "deviceScaleFactor": 1, "mobile": False})


def check_hostile(driver):
    result = json.loads((FOLDER / "best.json").read_text(encoding="utf-8"))
    result["workload"] = result["groups"][0]["name"] = result["groups"][0]["tensors"][0]["name"] = HOSTILE
    result["assumptions"] = [HOSTILE]
    (FOLDER / "hostile.json").write_text(json.dumps(result), encoding="utf-8")
    fusescape("report", FOLDER / "hostile.json", FOLDER / "plain.json", "-o", FOLDER / "hostile.html")
    open_page(driver, "hostile.html")
    expect("a hostile name runs nothing", driver.execute_script("return window.hacked") is None)
    expect("and adds no element", not driver.find_elements(By.TAG_NAME, "img"))
    expect("and is shown as it is", HOSTILE in driver.execute_script("return document.querySelector('h1, .lead').textContent + document.querySelector('.lead').textContent"))


def check_without_scripts(driver):
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    driver.get((FOLDER / "sweep.html").as_uri())
    expect("without scripts there are the tables", driver.find_element(By.CSS_SELECTOR, "table").is_displayed())
    expect("and the conclusion", "gains" in driver.find_element(By.CSS_SELECTOR, ".lead").text)
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "downloads").mkdir(parents=True)
    sweep, large = FOLDER / "sweep", FOLDER / "large"
    fusescape("sweep", "tests/report/sweep.yaml", "--out", sweep, "-q")
    question = ["--arch", "marca", "--workload", "mamba-130m", "--set", "L=64"]
    fusescape("evaluate", *question, "--strategy", "greedy", "--json", "-o", FOLDER / "best.json")
    fusescape("evaluate", *question, "--strategy", "unfused", "--json", "-o", FOLDER / "plain.json")
    fusescape("simulate", *question, "--strategy", "fuse-all", "--json", "-o", FOLDER / "simulate.json")
    fusescape("compare", *question, "--strategies", "unfused,fuse-all,greedy", "--json", "-o", FOLDER / "compare.json")
    fusescape("roofline", *question, "--json", "-o", FOLDER / "roofline.json")
    (sweep / "sensitivity.csv").write_text("input,low,high,answer_low,answer_high,winner_changes,answer,minimize,scenario\n"
        "dram_bandwidth,0.8,1.2,98000,75000,true,84592,latency_cycles,L=64\nclock,0.8,1.2,88000,82000,false,84592,latency_cycles,L=64\n", encoding="utf-8")
    results = [FOLDER / f"{name}.json" for name in ("best", "plain", "simulate", "compare", "roofline")]
    fusescape("report", sweep, "-o", FOLDER / "sweep.html")
    fusescape("report", sweep, "-o", FOLDER / "again.html")
    expect("same inputs, same bytes", (FOLDER / "sweep.html").read_bytes() == (FOLDER / "again.html").read_bytes())
    fusescape("report", *results, "-o", FOLDER / "results.html")
    subprocess.run([sys.executable, SOURCE / "tests/report/large_sweep.py", sweep, large, "100000"], check=True)
    start = time.monotonic()
    fusescape("report", large, "-o", FOLDER / "large.html")
    print(f"       100,000 points: made in {time.monotonic() - start:.2f} s")
    expect("100,000 points take less than 10 MB", (FOLDER / "large.html").stat().st_size < 10_000_000)
    driver = browser()
    try:
        check_sweep(driver, sweep)
        check_results(driver)
        check_hostile(driver)
        open_page(driver, "large.html")
        expect("a page of a large sweep says what it holds", "This page holds 20,000 of them" in driver.page_source)
        check_without_scripts(driver)
    finally:
        driver.quit()
    print(f"screenshots: {FOLDER}")
    if failures:
        raise SystemExit(f"failed: {len(failures)}")


main()
