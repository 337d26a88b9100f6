// The worker: trains one or two networks on the same data, and answers questions about one sequence.
import { Chance } from "./chance.js";
import { Model } from "./model.js";
import { taskOf } from "./tasks.js";

const BATCH = 32, BUSY = 12, EVERY = 33, PICTURE = 120; // milliseconds between messages of each kind

export class Trainer {
  constructor(shared, send, now) { Object.assign(this, { shared, send, now, models: [], running: false, run: 0, holds: [{}, {}] }); }

  async start(settings) {
    const run = ++this.run;
    this.running = false;
    this.settings = settings;
    this.models = [];
    this.task = taskOf(settings);
    this.data = new Chance(settings.seed + 1);
    Object.assign(this, { trouble: [], log: [], reported: 0, drawn: 0 });
    const models = [];
    for (const network of settings.networks) {
      const cell = this.shared.cells.find((c) => c.name === network.cell);
      const size = cell.sizes.find((s) => s.size === network.size) ?? cell.sizes[0];
      size.code ??= decoded(size.bytes);
      const kind = { manifest: size.manifest, start: size.start, bytes: size.code, gap: cell.gap };
      const model = await Model.open(this.shared.products, kind, this.task, { ...settings, ...network });
      if (run !== this.run) return;
      models.push(model);
    }
    this.models = models;
    this.one = this.task.draw(1, new Chance(settings.seed + 2));
    this.original = copied(this.one);
    this.holds = models.map(() => ({}));
    const shapes = models.map((m) => ({
      shown: m.network.manifest.shown, fields: m.network.manifest.states.map((s) => s.name),
      parameters: m.sizes.reduce((a, b) => a + b, 0),
    }));
    const { classes, symbols, features, chance, title, cut, outputs } = this.task;
    this.send({ kind: "ready", run, shapes, task: { classes, symbols, features, chance, title, cut, outputs, length: this.task.length } });
    this.picture();
    this.running = true;
    this.tick(run);
  }

  tick(run) {
    if (run !== this.run || !this.running) return;
    const until = this.now() + BUSY;
    do {
      const data = this.task.draw(BATCH, this.data);
      this.losses = this.models.map((m, i) => {
        if (this.trouble[i]) return { loss: NaN, right: null, norm: NaN };
        const found = m.update(data);
        if (!Number.isFinite(found.loss) || !Number.isFinite(found.norm)) { this.trouble[i] = true; this.send({ kind: "diverged", run, network: i, update: m.updates }); }
        return found;
      });
      this.best = data.best ?? this.task.best;
      this.log ??= [];
      this.log.push([this.models[0].updates, this.best, ...this.losses.flatMap((l) => [l.loss, l.right ?? NaN])]);
    } while (this.now() < until && this.models.some((_, i) => !this.trouble[i]));
    const t = this.now();
    if (t - (this.reported ?? 0) > EVERY) { this.reported = t; this.send({ kind: "progress", run, log: this.log }); this.log = []; }
    if (t - (this.drawn ?? 0) > PICTURE) this.picture();
    if (this.models.every((_, i) => this.trouble[i])) { this.running = false; this.flush(); return; }
    this.wait(() => this.tick(run));
  }

  flush() { if (this.log?.length) { this.send({ kind: "progress", run: this.run, log: this.log }); this.log = []; } this.picture(); }

  wait(then) { setTimeout(then, 0); }

  picture() {
    if (!this.models.length) return;
    this.drawn = this.now();
    const edited = this.edited();
    const networks = this.models.map((m, i) => {
      const seen = m.picture(this.one, this.holds[i]);
      const before = edited || Object.keys(this.holds[i]).length ? m.picture(this.original) : null;
      return { ...seen, before: before && before.seen };
    });
    const { T, tokens, x, targets } = this.one;
    this.send({ kind: "picture", run: this.run, update: this.models[0].updates, T, tokens, x, targets, edited, networks });
  }

  edited() {
    const a = this.one.tokens ?? this.one.x, b = this.original.tokens ?? this.original.x;
    return a.some((v, i) => v !== b[i]);
  }

  take(message) {
    const { kind } = message;
    if (kind === "start") return this.start(message.settings);
    if (kind === "pause") { this.running = false; this.flush(); }
    if (kind === "resume" && !this.running && this.models.length) { this.running = true; this.tick(this.run); }
    if (kind === "step" && this.models.length) { this.running = true; const wait = this.wait; this.wait = () => {}; this.tick(this.run); this.wait = wait; this.running = false; this.flush(); }
    if (kind === "rate") for (const m of this.models) m.settings.rate = message.rate;
    if (kind === "cut") for (const m of this.models) m.settings.cut = message.cut;
    if (kind === "another" && this.models.length) { this.one = this.task.draw(1, new Chance(message.seed)); this.original = copied(this.one); this.picture(); }
    if (kind === "undo" && this.models.length) { this.one = copied(this.original); this.picture(); }
    if (kind === "input" && this.models.length) {
      if (this.one.tokens) this.one.tokens[message.step] = message.value;
      else this.one.x[message.step * 2 + message.feature] = message.value;
      if (this.task.truth) this.one.targets = this.task.truth(this.one.tokens ?? this.one.x, this.one.T);
      this.picture();
    }
    if (kind === "hold" && this.models.length) {
      if (message.value === null) delete this.holds[message.network][message.hold];
      else this.holds[message.network][message.hold] = message.value;
      this.picture();
    }
  }
}

function copied(data) {
  const copy = { ...data };
  for (const name of ["tokens", "x", "targets"]) if (data[name]) copy[name] = data[name].slice();
  return copy;
}

function decoded(text) { return Uint8Array.from(atob(text), (c) => c.charCodeAt(0)); }

export function serve(scope) {
  let trainer = null;
  scope.onmessage = async ({ data }) => {
    try {
      if (data.kind === "shared") {
        data.shared.products.bytes = decoded(data.shared.products.bytes);
        trainer = new Trainer(data.shared, (m) => scope.postMessage(m), () => performance.now());
        const channel = new MessageChannel(); // a timer would wait some milliseconds between updates
        let next = null;
        channel.port1.onmessage = () => { const run = next; next = null; if (run) guarded(run); };
        trainer.wait = (then) => { next = then; channel.port2.postMessage(0); };
      } else await trainer.take(data);
    } catch (error) { failed(error); }
  };
  function guarded(run) { try { run(); } catch (error) { failed(error); } }
  function failed(error) { if (trainer) trainer.running = false; scope.postMessage({ kind: "trouble", text: String(error.message ?? error) }); }
}
