// The page: what to train, what happens, and what a hand can change.
import { bars, chart, colour, element, number, palette, save, Series, strip } from "./pictures.js";
import { CUTS, hashOf, pythonOf, RATES, settingsOf } from "./settings.js";
import { LONGEST_TEXT, TASKS } from "./tasks.js";

const $ = (id) => document.getElementById(id);
const FRAMES = 120;

export function main() {
  const shared = JSON.parse($("shared").textContent), { cells } = shared, first = shared.settings ? "#" + shared.settings : "";
  const worker = new Worker(URL.createObjectURL(new Blob([$("worker").textContent], { type: "text/javascript" })));
  const form = $("choose"), fields = [...form.querySelectorAll(".network")];
  let settings, ready = null, series = null, frames = [], thin = 1, shownFrame = -1, running = false, dirty = false, losses = false, cells_ = null, lost = new Set();
  let pictures = 0, begun = performance.now(), firstPicture = null, from = [0, 0], speed = 0, colours = null, best = null, wanted = 0;
  const stats = window.playground = { frames: 0, updates: 0, firstPicture: null, get speed() { return speed; } };

  // Choose.
  const option = (value, text) => element("option", { value, text });
  fields.forEach((field, i) => {
    const select = field.querySelector("[name=cell]");
    if (i) select.append(option("", "none"));
    select.append(...cells.map((c) => option(c.name, c.year ? `${c.name.replace(/Cell$/, "")} (${c.year})` : c.name)));
  });
  form.task.append(...Object.entries(TASKS).map(([name, task]) => option(name, task.title)));
  form.rate.append(...RATES.map((rate) => option(rate, String(rate))));
  form.cut.append(...CUTS.map((cut) => option(cut, cut ? `every ${cut} step${cut > 1 ? "s" : ""}` : "never")));

  function networkField(field, network) {
    const cell = cells.find((c) => c.name === network?.cell), [name, size, forget] = ["cell", "size", "forget"].map((n) => field.querySelector(`[name=${n}]`));
    name.value = cell ? cell.name : "";
    for (const label of [size.parentNode, forget.parentNode]) label.hidden = !cell;
    const paper = field.querySelector(".paper");
    paper.textContent = cell ? cell.paper : "";
    if (!cell) return;
    size.replaceChildren(...cell.sizes.map((s) => option(s.size, s.size)));
    size.value = network.size;
    forget.parentNode.hidden = !cell.forget;
    const usual = Object.values(cell.sizes[0].start).flat().find((p) => p.kind === "forget");
    forget.value = network.forgetBias ?? usual?.value ?? 0;
  }

  function fill(s) {
    fields.forEach((field, i) => networkField(field, s.networks[i]));
    form.task.value = s.task;
    form.length.value = s.length;
    for (const [name, list] of [["rate", RATES], ["cut", CUTS]]) {
      if (!list.includes(s[name])) form[name].append(option(s[name], s[name]));
      form[name].value = s[name];
    }
    form.seed.value = s.seed;
    describe();
  }

  function describe() {
    const task = TASKS[form.task.value];
    $("about").textContent = task.about;
    $("text-field").hidden = form.task.value !== "text";
    $("length-shown").textContent = form.length.value;
  }

  function chosen() {
    const networks = fields.map((field, i) => {
      const cell = cells.find((c) => c.name === field.querySelector("[name=cell]").value);
      if (!cell) return null;
      const size = Number(field.querySelector("[name=size]").value), forget = field.querySelector("[name=forget]").value;
      return { cell: cell.name, size: cell.sizes.some((s) => s.size === size) ? size : cell.sizes[0].size, forgetBias: cell.forget && forget !== "" ? Number(forget) : null };
    }).filter(Boolean);
    const seed = Math.max(0, Math.min(999999, Math.round(Number(form.seed.value) || 0)));
    return { networks, task: form.task.value, text: form.text.value, clip: 1, length: Number(form.length.value), rate: Number(form.rate.value), cut: Number(form.cut.value), seed };
  }

  function start() {
    settings = chosen();
    ready = null; series = null; frames = []; thin = 1; shownFrame = -1; firstPicture = null; begun = performance.now();
    stats.updates = speed = 0;
    best = null;
    lost.clear();
    $("trouble").hidden = true;
    $("loss-said").textContent = "";
    try { history.replaceState(null, "", hashOf(settings)); } catch { /* in a frame without an address */ }
    $("python").textContent = pythonOf(settings, cells);
    setRunning(true);
    $("state").textContent = "Starting …";
    worker.postMessage({ kind: "start", settings });
  }

  function setRunning(on) { running = on; $("run").textContent = on ? "Pause" : "Train"; begun = performance.now(); from = [begun, stats.updates]; }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    if (event.target === form.length) $("length-shown").textContent = form.length.value;
    if (event.target === form.text && form.text.value.length > LONGEST_TEXT) cutText(form.text.value);
    else if (event.target === form.text) $("text-note").hidden = true;
  });
  form.text.addEventListener("paste", (event) => { // before the page lays out a text that is too long
    const text = event.clipboardData?.getData("text") ?? "";
    if (text.length <= LONGEST_TEXT) return;
    event.preventDefault();
    cutText(text);
    start();
  });
  function cutText(text) {
    form.text.value = text.slice(0, LONGEST_TEXT);
    $("text-note").textContent = `The text has ${text.length.toLocaleString("en")} characters; the first ${LONGEST_TEXT.toLocaleString("en")} are read.`;
    $("text-note").hidden = false;
  }
  form.addEventListener("change", (event) => {
    const field = event.target.closest(".network");
    if (field && event.target.name === "cell") {
      const cell = cells.find((c) => c.name === event.target.value), old = Number(field.querySelector("[name=size]").value);
      networkField(field, cell && { cell: cell.name, size: cell.sizes.some((s) => s.size === old) ? old : cell.sizes[0].size, forgetBias: null });
    }
    describe();
    if (ready && event.target.name === "rate") { settings.rate = Number(form.rate.value); worker.postMessage({ kind: "rate", rate: settings.rate }); share(); }
    else if (ready && event.target.name === "cut") { settings.cut = Number(form.cut.value); worker.postMessage({ kind: "cut", cut: settings.cut }); share(); }
    else start();
  });
  function share() {
    try { history.replaceState(null, "", hashOf(settings)); } catch { /* in a frame without an address */ }
    $("python").textContent = pythonOf(settings, cells);
  }
  $("run").addEventListener("click", () => { setRunning(!running); worker.postMessage({ kind: running ? "resume" : "pause" }); });
  $("once").addEventListener("click", () => { setRunning(false); worker.postMessage({ kind: "pause" }); worker.postMessage({ kind: "step" }); });
  $("again").addEventListener("click", start);
  $("another").addEventListener("click", () => worker.postMessage({ kind: "another", seed: Math.floor(Math.random() * 1e6) }));
  $("undo").addEventListener("click", () => {
    worker.postMessage({ kind: "undo" });
    for (const select of $("grid").querySelectorAll("select")) if (select.value) { select.value = ""; select.dispatchEvent(new Event("change")); }
  });
  $("change").addEventListener("change", () => { dirty = true; });
  $("film").addEventListener("input", () => { const k = Number($("film").value); shownFrame = k >= frames.length - 1 ? -1 : k; dirty = true; });

  // What the worker reports.
  worker.onmessage = ({ data }) => {
    if (data.kind === "trouble") { trouble(data.text); setRunning(false); return; }
    if (data.kind === "ready") {
      ready = data;
      series = new Series(1 + 2 * data.shapes.length);
      if (data.task.length !== settings.length) $("length-shown").textContent = data.task.length;
      layOut();
      return;
    }
    if (!ready || data.run !== ready.run) return;
    if (data.kind === "diverged") {
      const name = settings.networks[data.network].cell;
      lost.add(data.network);
      if (lost.size === settings.networks.length) setRunning(false);
      trouble(`${name} diverged at update ${data.update}: its loss or gradient is not a number (NaN). Choose a smaller learning rate, or start again with another seed.`);
    }
    if (data.kind === "progress") {
      for (const row of data.log) { series.add(row); stats.updates = row[0]; best = row[1]; }
      const now = performance.now();
      if (now - from[0] > 700) { speed = 1000 * (stats.updates - from[1]) / (now - from[0]); from = [now, stats.updates]; if (!running) speed = 0; }
      losses = true;
    }
    if (data.kind === "picture") {
      firstPicture ??= performance.now();
      stats.firstPicture ??= firstPicture;
      frames.push(data);
      if (wanted++ % thin && frames.length > 2) frames.splice(-2, 1); // keep every ``thin``-th, and the newest
      if (frames.length > FRAMES) { frames = frames.filter((_, i) => i % 2 === 0 || i === frames.length - 1); thin *= 2; if (shownFrame > 0) shownFrame >>= 1; }
      dirty = true;
    }
  };
  worker.onerror = (event) => { trouble(`the trainer stopped: ${event.message ?? "unknown reason"}`); setRunning(false); };

  function trouble(text) { $("trouble").textContent = text; $("trouble").hidden = false; }

  // One sequence: a grid of a name and T steps, built once a start and painted again and again.
  function layOut() {
    const T = ready.task.length, grid = $("grid"), { symbols, features, classes } = ready.task;
    grid.style.gridTemplateColumns = `6.4rem repeat(${T}, minmax(${symbols ? 15 : 27}px, 1fr))`;
    const made = { inputs: [], networks: [] }, rows = [];
    const name = (text, ...more) => element("div", { class: "name" }, element("b", { text }), ...more);
    const lines = symbols ? ["input"] : features;
    lines.forEach((line, feature) => {
      rows.push(name(line));
      for (let t = 0; t < T; t++) {
        const button = element("button", { type: "button" });
        button.addEventListener("click", () => change(t, feature));
        button.addEventListener("keydown", (event) => {
          const to = { ArrowLeft: t - 1, ArrowRight: t + 1, Home: 0, End: T - 1 }[event.key];
          if (to === undefined) return;
          event.preventDefault();
          focusStep(made.inputs[feature], to);
        });
        (made.inputs[feature] ??= []).push(button);
        button.tabIndex = t ? -1 : 0;
        rows.push(button);
      }
    });
    rows.push(name("target"));
    made.targets = Array.from({ length: T }, () => element("div", { class: "said" }));
    rows.push(...made.targets);
    ready.shapes.forEach((shape, i) => {
      const network = { said: [], strips: [], bars: [] };
      rows.push(element("div", { class: "head", "data-network": i, text: `${settings.networks[i].cell}, ${settings.networks[i].size} units, ${shape.parameters.toLocaleString("en")} parameters` }));
      rows.push(name("output"));
      for (let t = 0; t < T; t++) { const cell = element("div", { class: "said" }); network.said.push(cell); rows.push(cell); }
      shape.shown.forEach((one) => {
        const canvas = element("canvas", { tabindex: 0, role: "img", "aria-label": `${one.kind} ${one.name} of ${settings.networks[i].cell}: ${one.width} units over ${T} steps; arrow keys read the numbers` });
        canvas.style.height = `${Math.max(22, Math.min(150, one.width * 4))}px`;
        const more = [];
        if (one.hold !== null) {
          const hold = element("select", { "aria-label": `hold gate ${one.name}` }, option("", "free"), option("0", "held at 0"), option("1", "held at 1"));
          hold.addEventListener("change", () => worker.postMessage({ kind: "hold", network: i, hold: one.hold, value: hold.value === "" ? null : Number(hold.value) }));
          more.push(hold);
        }
        rows.push(name(one.name, ...more), canvas);
        reading(canvas, i, one, T);
        network.strips.push(canvas);
      });
      shape.fields.forEach((field) => {
        const box = element("div", { class: "bars", tabindex: 0 });
        box.addEventListener("pointermove", (event) => said(box, i, field, Math.floor((event.clientX - box.getBoundingClientRect().left) / box.clientWidth * T)));
        let at = 0;
        box.addEventListener("focus", () => said(box, i, field, at));
        box.addEventListener("keydown", (event) => {
          const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
          if (by) { event.preventDefault(); at = Math.max(0, Math.min(T - 1, at + by)); said(box, i, field, at); }
        });
        rows.push(name(`∂L/∂${field}`), box);
        network.bars.push(box);
      });
      made.networks.push(network);
    });
    grid.replaceChildren(...rows);
    cells_ = made;
    const lossKey = settings.networks.map((n) => n.cell);
    $("loss-key").replaceChildren(...lossKey.flatMap((text, i) => { const one = element("b", { text: `${i ? "- - " : "— "}${text} ` }); one.style.color = colour(`--c${i}`); return [one]; }));
  }

  function focusStep(buttons, t) {
    const to = buttons[Math.max(0, Math.min(buttons.length - 1, t))];
    for (const b of buttons) b.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  }

  function frame() { return shownFrame < 0 ? frames[frames.length - 1] : frames[shownFrame]; }

  function reading(canvas, i, one, T) {
    let t = 0, unit = 0;
    const say = () => {
      const data = frame();
      if (!data) return;
      const network = data.networks[i], v = network.seen[t * network.width + one.column + unit];
      const before = network.before ? `, before ${number(network.before[t * network.width + one.column + unit])}` : "";
      $("readout").textContent = `${one.name}, unit ${unit + 1} of ${one.width}, step ${t + 1} of ${T}: ${number(v)}${before}`;
    };
    canvas.addEventListener("pointermove", (event) => {
      const box = canvas.getBoundingClientRect();
      t = Math.max(0, Math.min(T - 1, Math.floor((event.clientX - box.left) / box.width * T)));
      unit = Math.max(0, Math.min(one.width - 1, Math.floor((event.clientY - box.top) / box.height * one.width)));
      say();
    });
    canvas.addEventListener("focus", say);
    canvas.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!by) return;
      event.preventDefault();
      t = Math.max(0, Math.min(T - 1, t + by[0]));
      unit = Math.max(0, Math.min(one.width - 1, unit + by[1]));
      say();
    });
  }

  function said(box, i, field, t) {
    const data = frame(), k = ready.shapes[i].fields.indexOf(field), values = data?.networks[i].arriving[k];
    if (values && t >= 0 && t < values.length) $("readout").textContent = `length of the gradient that arrives at ${field} before step ${t + 1}: ${number(values[t])}`;
  }

  function change(t, feature) {
    const data = frames[frames.length - 1], { symbols } = ready.task;
    if (!data) return;
    if (symbols) { worker.postMessage({ kind: "input", step: t, value: (data.tokens[t] + 1) % symbols.length }); return; }
    const old = data.x[t * 2 + feature], low = settings.task === "sine" && feature === 0 ? -1 : 0;
    let value = feature === 1 ? (old > 0.5 ? 0 : 1) : Math.round((old + 0.25) * 4) / 4;
    if (value > 1) value = low;
    worker.postMessage({ kind: "input", step: t, feature, value });
  }

  function paint() {
    const data = frame();
    if (!data || !cells_) return;
    const { symbols, classes, features } = ready.task, T = data.T, difference = $("change").checked && !$("change").disabled;
    colours ??= palette();
    for (let t = 0; t < T; t++) {
      cells_.inputs.forEach((buttons, feature) => {
        const text = symbols ? visible(symbols[data.tokens[t]]) : (feature ? data.x[t * 2 + 1].toFixed(0) : tenths(data.x[t * 2]));
        if (buttons[t].textContent !== text) { buttons[t].textContent = text; buttons[t].setAttribute("aria-label", `step ${t + 1}: ${symbols ? symbols[data.tokens[t]] : features[feature] + " " + text}; press to change`); }
      });
      const y = data.targets[t], asked = classes ? y >= 0 : y === y;
      cells_.targets[t].textContent = asked ? (classes ? visible(classes[y], true) : tenths(y)) : "";
      data.networks.forEach((network, i) => {
        const cell = cells_.networks[i].said[t], shares = network.said[t];
        let text = "", kind = "", title = "";
        if (classes) {
          let k = 0;
          for (let j = 1; j < shares.length; j++) if (shares[j] > shares[k]) k = j;
          text = shares[k] === shares[k] ? visible(classes[k], true) : "NaN";
          title = `${classes[k]}: ${number(shares[k])}`;
          if (asked) kind = k === y ? " right" : " wrong";
        } else { text = tenths(shares[0]); title = number(shares[0]); }
        if (!asked) cell.style.opacity = 0.35; else cell.style.opacity = 1;
        cell.textContent = text;
        cell.title = title;
        cell.className = "said" + kind;
      });
    }
    data.networks.forEach((network, i) => {
      const changed = difference && network.before, numbers = changed ? network.seen.map((v, k) => v - network.before[k]) : network.seen;
      ready.shapes[i].shown.forEach((one, k) => strip(cells_.networks[i].strips[k], numbers, { T, stride: network.width, column: one.column, width: one.width, gate: one.kind === "gate", difference: Boolean(changed), colours }));
      network.arriving.forEach((values, k) => bars(cells_.networks[i].bars[k], Array.from(values), colour(`--c${i}`), `length of the gradient that arrives at ${ready.shapes[i].fields[k]}, a bar a step, on a log scale of eight decades`));
    });
    const touched = data.networks.some((n) => n.before);
    $("change").disabled = $("undo").disabled = !touched;
    const film = $("film");
    film.max = Math.max(0, frames.length - 1);
    if (shownFrame < 0) film.value = film.max;
    $("film-said").textContent = shownFrame < 0 ? `now, update ${data.update}` : `update ${data.update}`;
    pictures++;
  }

  function tenths(x) { return Number.isFinite(x) ? x.toFixed(1).replace(/^(-?)0\./, "$1.") : "NaN"; }

  function visible(symbol, short) { return symbol === "\n" ? "⏎" : symbol === "\t" ? "⇥" : symbol === " " ? "␣" : short ? [...symbol][0] : symbol; }

  function paintLoss() {
    if (!series) return;
    const { chance, classes } = ready.task, bins = series.bins, box = $("loss");
    const lines = settings.networks.map((n, i) => ({ colour: colour(`--c${i}`), dash: i ? "6 3" : "", points: bins.map((b) => [b.x, b.values[1 + 2 * i]]) }));
    const levels = [{ y: chance, name: settings.task === "text" ? "letter frequencies alone" : "chance" }];
    if (best !== null && Number.isFinite(best)) levels.push({ y: series.last(0), name: "best possible" });
    const what = settings.networks.map((n, i) => `${n.cell} ${number(series.last(1 + 2 * i))}` + (classes ? ` (${(100 * series.last(2 + 2 * i)).toFixed(0)} % right)` : "")).join(" · ");
    if (bins.length) $("loss-said").textContent = `${classes ? "nats per answer" : "squared error"}: ${what}`;
    chart(box, { lines, levels, width: Math.max(280, Math.round(box.clientWidth) || 700), label: `loss over updates; now ${what}; chance ${number(chance)}` });
    $("state").textContent = `${stats.updates.toLocaleString("en")} updates of 32 sequences` + (running && speed ? `, ${speed < 10 ? speed.toFixed(1) : Math.round(speed)} a second` : "");
  }

  function loop() {
    stats.frames++;
    if (losses) { losses = false; paintLoss(); }
    if (dirty) { dirty = false; paint(); }
    requestAnimationFrame(loop);
  }

  // Share.
  async function copy(button, text) {
    const old = button.textContent;
    try { await navigator.clipboard.writeText(text); button.textContent = "Copied"; } catch { button.textContent = "Cannot copy here"; }
    setTimeout(() => { button.textContent = old; }, 1500);
  }
  $("copy-address").addEventListener("click", (event) => copy(event.target, location.href));
  $("copy-python").addEventListener("click", (event) => copy(event.target, $("python").textContent));
  for (const button of document.querySelectorAll("[data-save]")) button.addEventListener("click", () => {
    if (button.dataset.save === "strips") return saveStrips();
    const svg = $("loss").querySelector("svg");
    if (!svg) return;
    const own = svg.cloneNode(true);
    own.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    const text = new XMLSerializer().serializeToString(own);
    if (button.dataset.as === "svg") { save("loss.svg", new Blob([text], { type: "image/svg+xml" })); return; }
    const image = new Image();
    image.onload = () => {
      const canvas = element("canvas", { width: svg.width.baseVal.value * 2, height: svg.height.baseVal.value * 2 }), context = canvas.getContext("2d");
      context.fillStyle = colour("--paper");
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => save("loss.png", blob));
    };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
  });

  function saveStrips() {
    if (!cells_ || !ready) return;
    const T = ready.task.length, x = 12, all = ready.shapes.flatMap((shape, i) => shape.shown.map((one, k) => [one, cells_.networks[i].strips[k], i]));
    const heights = all.map(([one]) => Math.max(16, one.width * 6) + 8), canvas = element("canvas", { width: 110 + T * x, height: heights.reduce((a, b) => a + b, 16) });
    const context = canvas.getContext("2d");
    context.fillStyle = colour("--paper");
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingEnabled = false;
    context.font = "14px monospace";
    let y = 8;
    all.forEach(([one, source, i], k) => {
      context.fillStyle = colour(`--c${i}`);
      context.fillText(one.name, 8, y + 14);
      context.drawImage(source, 100, y, T * x, heights[k] - 8);
      y += heights[k];
    });
    canvas.toBlob((blob) => save("strips.png", blob));
  }

  // Light and dark.
  const prefers = matchMedia("(prefers-color-scheme: dark)");
  function theme(dark) {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    $("theme").textContent = dark ? "Light" : "Dark";
    colours = null;
    dirty = losses = true;
  }
  theme(prefers.matches);
  prefers.addEventListener("change", () => theme(prefers.matches));
  $("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme !== "dark"));
  addEventListener("resize", () => { losses = true; });
  addEventListener("hashchange", () => { const next = settingsOf(location.hash, cells); if (hashOf(next) !== hashOf(settings)) { fill(next); start(); } });

  worker.postMessage({ kind: "shared", shared: { products: shared.products, cells } });
  fill(settingsOf(location.hash.length > 1 ? location.hash : first, cells));
  start();
  loop();
}
