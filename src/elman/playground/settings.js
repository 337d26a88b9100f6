// Settings: from the address and back, and as Python.
import { taskOf, TASKS } from "./tasks.js";

export const RATES = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 1];
export const CUTS = [0, 1, 2, 5, 10, 20];
const DEFAULTS = { task: "recall", length: 16, rate: 0.01, cut: 0, seed: 1 };

function within(text, low, high, otherwise) {
  const n = Number(text);
  return text !== null && text !== "" && Number.isFinite(n) ? Math.min(high, Math.max(low, n)) : otherwise;
}

// The settings that an address names after its #; whatever it names wrongly keeps its default.
export function settingsOf(hash, cells) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const network = (suffix, first) => {
    const cell = cells.find((c) => c.name === given.get("cell" + suffix)) ?? first;
    if (!cell) return null;
    const sizes = cell.sizes.map((s) => s.size), size = Number(given.get("size" + suffix));
    return { cell: cell.name, size: sizes.includes(size) ? size : sizes[0], forgetBias: within(given.get("forget" + suffix), -10, 10, null) };
  };
  const task = Object.hasOwn(TASKS, given.get("task") ?? "") ? given.get("task") : DEFAULTS.task;
  const networks = [network("", cells[0]), network("2", null)].filter(Boolean);
  return {
    networks, task, text: "", clip: 1,
    length: Math.round(within(given.get("length"), 2, 100, DEFAULTS.length)),
    rate: within(given.get("rate"), 1e-6, 10, DEFAULTS.rate),
    cut: Math.round(within(given.get("cut"), 0, 100, DEFAULTS.cut)),
    seed: Math.round(within(given.get("seed"), 0, 999999, DEFAULTS.seed)),
  };
}

export function hashOf(settings) {
  const found = new URLSearchParams();
  settings.networks.forEach((n, i) => {
    const suffix = i ? "2" : "";
    found.set("cell" + suffix, n.cell);
    found.set("size" + suffix, n.size);
    if (n.forgetBias !== null) found.set("forget" + suffix, n.forgetBias);
  });
  for (const name of ["task", "length", "rate", "cut", "seed"]) found.set(name, settings[name]);
  return "#" + found;
}

// What the first network does, in Python.
export function pythonOf(settings, cells) {
  const network = settings.networks[0], cell = cells.find((c) => c.name === network.cell), task = taskOf(settings), gap = cell.gap;
  const size = cell.sizes.find((s) => s.size === network.size), [file, own] = network.cell.includes(":") ? network.cell.split(":") : [null, network.cell];
  const forget = cell.forget && network.forgetBias !== null ? `, forget_bias=${network.forgetBias}` : "";
  const fixed = size.manifest.input !== "any", inputs = fixed ? size.manifest.input : task.inputs + (gap ? 1 : 0);
  const text = settings.task === "text", lines = [...(text ? ["import pathlib"] : []), ...(settings.task === "brackets" ? ["import random"] : []), "import elman, torch", "from torch.nn.functional import cross_entropy, mse_loss, one_hot", ""];
  if (file) lines.push(`from ${file.replace(/\.py$/, "").replace(/\W/g, "_")} import ${own}`);
  if (text) lines.push('letters = pathlib.Path("your_text.txt").read_text("utf-8")', "known = sorted(set(letters))", "text = torch.tensor([known.index(letter) for letter in letters])");
  lines.push(`torch.manual_seed(${settings.seed})`);
  lines.push(`cell = ${file ? "" : "elman.cells."}${own}(${text ? "len(known)" + (gap ? " + 1" : "") : inputs}, ${network.size}${forget})`);
  lines.push(`head = torch.nn.Linear(cell.output_size, ${text ? "len(known)" : task.outputs})`);
  lines.push("trained = [*cell.parameters(), *head.parameters()]", `optimizer = torch.optim.Adam(trained, lr=${settings.rate})`, "for update in range(1000):");
  const draw = text ? task.python.replace(/, \d+\)\.float\(\), tokens/, ", len(known)).float(), tokens") : task.python;
  for (const line of draw.split("\n")) lines.push("    " + line);
  if (fixed) lines.push(`    x = torch.nn.functional.pad(x, (0, ${inputs - task.inputs}))`);
  if (gap) lines.push("    x = torch.cat([x, torch.ones_like(x[..., :1])], -1)  # every step lasts 1");
  if (settings.cut) {
    lines.push("    outputs, state = [], None", `    for piece in x.split(${settings.cut}):`, "        if state is not None:", "            state = type(state)(*(field.detach() for field in state))");
    lines.push("        some, state = elman.unroll(cell, piece, state)", "        outputs.append(some)", "    said = head(torch.cat(outputs))");
  } else lines.push("    said = head(elman.unroll(cell, x)[0])");
  if (task.classes) lines.push("    loss = cross_entropy(said.flatten(0, 1), targets.flatten())");
  else lines.push("    asked = ~targets.isnan()", "    loss = mse_loss(said[..., 0][asked], targets[asked])");
  lines.push("    optimizer.zero_grad()", "    loss.backward()", "    torch.nn.utils.clip_grad_norm_(trained, 1.0)", "    optimizer.step()");
  lines.push("    if update % 100 == 0:", '        print(update, f"{loss.item():.4f}")');
  return lines.join("\n") + "\n";
}
