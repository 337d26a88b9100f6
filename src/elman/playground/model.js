// A cell with an output layer, trained by one update after another.
import { filled, fromNumbers, numbersOf } from "./operators.js";
import { Heap, Network, rowsOf } from "./runtime.js";
import { Chance, startOf } from "./chance.js";
import { Adam, clip, crossEntropy, softmax, squaredError } from "./learning.js";

export class Model {
  // ``kind``: {manifest, start, bytes, gap}; ``task``: what ``taskOf`` returns.
  static async open(products, kind, task, settings) {
    const model = new Model();
    const heap = model.heap = await Heap.open(products), chance = new Chance(settings.seed);
    const free = kind.manifest.input === "any", inputSize = free ? task.inputs + (kind.gap ? 1 : 0) : kind.manifest.input;
    if (!free && inputSize < task.inputs + (kind.gap ? 1 : 0)) throw new Error(`this cell reads ${inputSize} numbers a step, and the task has ${task.inputs}`);
    const sizes = { I: inputSize, "I-1": inputSize - 1 }, parameters = {};
    for (const p of kind.manifest.parameters) {
      const shape = p.shape.map((n) => typeof n === "string" ? sizes[n] : n);
      parameters[p.name] = startOf(kind.start[p.name], shape, inputSize, settings.forgetBias, chance);
    }
    Object.assign(model, { task, settings, kind, inputSize });
    const network = model.network = await Network.open(heap, kind.manifest, kind.bytes, inputSize, parameters);
    const H = kind.manifest.output, edge = 1 / Math.sqrt(H), draw = (n) => Float32Array.from({ length: n }, () => (2 * chance.uniform() - 1) * edge);
    model.weight = fromNumbers(heap, [task.outputs, H], draw(task.outputs * H));
    model.bias = fromNumbers(heap, [task.outputs], draw(task.outputs));
    network.mark = heap.top;
    model.trained = network.parameters.map((p, i) => p.trained ? i : -1).filter((i) => i >= 0);
    model.tensors = [...model.trained.map((i) => network.parameters[i].tensor), model.weight, model.bias];
    model.sizes = model.tensors.map((t) => t.shape.reduce((a, b) => a * b, 1));
    model.adam = new Adam(model.sizes, settings.rate);
    model.updates = 0;
    return model;
  }

  // Inputs as the cell reads them: with a duration of 1 if it reads one, and zeros where it reads more than there is.
  batchOf(data) {
    const rows = rowsOf(new Array(data.T).fill(data.B), data.B), { gap } = this.kind, I = this.inputSize;
    if (data.tokens) return { rows, tokens: data.tokens, symbols: this.task.inputs, gap };
    const own = this.task.inputs, x = new Float32Array(rows.total * I);
    for (let r = 0; r < rows.total; r++) {
      for (let j = 0; j < own; j++) x[r * I + j] = data.x[r * own + j];
      if (gap) x[r * I + I - 1] = 1;
    }
    return { rows, x };
  }

  logits(outputs) {
    const { heap, weight, bias, task } = this;
    const z = heap.product(outputs, { at: weight.at, shape: [weight.shape[1], weight.shape[0]], strides: [1, weight.shape[1]] });
    const numbers = numbersOf(heap, z), f = heap.floats;
    for (let r = 0; r < z.shape[0]; r++) for (let k = 0; k < task.outputs; k++) numbers[r * task.outputs + k] += f[bias.at + k];
    return numbers;
  }

  score(logits, data) {
    return this.task.classes ? crossEntropy(logits, data.targets, this.task.outputs) : squaredError(logits, data.targets);
  }

  // The loss and the gradients of a batch: [loss, right, gradients of the tensors, and the gradient of the outputs].
  gradients(data, cut = 0) {
    const { heap, network, task, weight } = this, ready = network.forward(this.batchOf(data));
    const { loss, right, gradient } = this.score(this.logits(ready.outputs), data);
    const slope = fromNumbers(heap, [ready.rows.total, task.outputs], gradient);
    const gradOut = numbersOf(heap, heap.product(slope, weight));
    const dense = fromNumbers(heap, [ready.rows.total, network.manifest.output], gradOut);
    const own = network.backward(ready, dense, {}, cut);
    const up = { at: slope.at, shape: [task.outputs, ready.rows.total], strides: [1, task.outputs] };
    const ofWeight = numbersOf(heap, heap.product(up, ready.outputs)), ofBias = new Float32Array(task.outputs);
    for (let i = 0; i < gradient.length; i++) ofBias[i % task.outputs] += gradient[i];
    const found = [...this.trained.map((i) => own[i] && numbersOf(heap, own[i])), ofWeight, ofBias];
    return { loss, right, gradients: found, ready, gradOut: dense };
  }

  update(data) {
    const { loss, right, gradients } = this.gradients(data, this.settings.cut);
    this.network.forget();
    const norm = clip(gradients.filter(Boolean), this.settings.clip ?? 1);
    this.adam.rate = this.settings.rate;
    this.adam.step(this.tensors.map((t, i) => this.heap.floats.subarray(t.at, t.at + this.sizes[i])), gradients);
    this.updates++;
    return { loss, right, norm };
  }

  // What one sequence does in the network: states and gates, outputs, and the gradient that arrives at each step.
  picture(data, holds = {}) {
    const { heap, network, task } = this, batch = this.batchOf(data), width = network.manifest.shown.reduce((n, s) => n + s.width, 0);
    const seen = network.watch(batch, holds), H = network.manifest.output;
    const outputs = fromNumbers(heap, [data.T, H], Float32Array.from({ length: data.T * H }, (_, i) => seen[Math.floor(i / H) * width + i % H]));
    const logits = this.logits(outputs), score = this.score(logits, data);
    const said = [];
    for (let t = 0; t < data.T; t++) said.push(task.classes ? softmax(logits, t * task.outputs, task.outputs) : [logits[t]]);
    const { ready, gradOut } = this.gradients(data);
    const arriving = network.arriving(ready, gradOut);
    network.forget();
    return { seen, width, said, arriving, loss: score.loss };
  }
}
