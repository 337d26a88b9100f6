"""Slow searches, one sentence at a time and in plain Python, of models that are a table over whole histories."""

import math
from typing import NamedTuple

import torch


class Where(NamedTuple):
    """The state of a table model: whose sentence it is, and the number of the history read so far."""

    sentence: torch.Tensor
    node: torch.Tensor


class Model:
    """Random distributions, another one after every history: V tokens, up to L of them after a start token."""

    def __init__(self, seed, sentences, V, L, *, zeros=0.0):
        g = torch.Generator().manual_seed(seed)
        self.V, self.L, self.sentences = V, L, sentences
        nodes = sum(V**n for n in range(L + 1))
        logits = 2 * torch.randn(sentences, nodes, V, generator=g, dtype=torch.float64)
        barred = torch.rand(logits.shape, generator=g) < zeros
        barred.scatter_(-1, torch.randint(V, (sentences, nodes, 1), generator=g), False)
        self.table = logits.masked_fill(barred, -torch.inf).log_softmax(-1)
        self.mask = torch.rand(logits.shape, generator=g) < 0.7
        self.bonus = -torch.rand(sentences, nodes, generator=g, dtype=torch.float64)
        self.generator = g

    def numbers(self, tokens):
        """The number of each history ``[N, t]``: the empty one is 0, and V n + 1 + y follows n by y."""
        node = torch.zeros(len(tokens), dtype=torch.int64)
        for token in tokens.unbind(1):
            node = self.V * node + 1 + token
        return node

    def number(self, tokens):
        return int(self.numbers(torch.tensor([tokens], dtype=torch.int64).reshape(1, -1)))

    def step(self, tokens, state):
        # the first token read is the start, which only marks the sentence as begun
        node = torch.where(state.node < 0, 0, self.V * state.node + 1 + tokens)
        return self.table[state.sentence, node], Where(state.sentence, node)

    def state(self, rows=None):
        rows = torch.arange(self.sentences) if rows is None else torch.as_tensor(rows)
        return Where(rows, torch.full_like(rows, -1))

    def allowed(self, rows=None):
        whose = torch.arange(self.sentences) if rows is None else torch.as_tensor(rows)
        return lambda tokens, sentence: self.mask[whose[sentence], self.numbers(tokens)]

    def penalty(self, state):
        return self.bonus[state.sentence, state.node]

    def prefix(self, eos):
        """Random tokens for each sentence, of random length, that the model gives a chance."""
        rows = torch.full((self.sentences, self.L), -1)
        for b in range(self.sentences):
            node = 0
            for t in range(int(torch.randint(self.L + 1, (), generator=self.generator))):
                likely = (self.table[b, node] > -torch.inf).nonzero()[:, 0]
                token = int(likely[torch.randint(len(likely), (), generator=self.generator)])
                rows[b, t] = token
                if token == eos:
                    break
                node = self.V * node + 1 + token
        return rows


class Problem:
    """One sentence of a model under the options of ``beam_search``, and what may follow a history in it."""

    def __init__(self, model, b, *, max_length, start, eos=None, min_length=1, length_penalty=None,
                 no_repeat_ngram=0, prefix=None, allowed=False, penalty=False):  # fmt: skip
        self.model, self.b, self.start, self.end, self.max_length = model, b, start, eos, max_length
        self.min_length, self.n, self.allowed, self.penalty = min_length, no_repeat_ngram, allowed, penalty
        self.divisor = length_penalty or (lambda n: 1.0)
        self.prefix = [] if prefix is None else [y for y in prefix[b].tolist() if y >= 0]
        self.table, self.mask, self.bonus = model.table[b].tolist(), model.mask[b].tolist(), model.bonus[b].tolist()

    def repeats(self, written, y):
        text = [self.start, *written, y]
        grams = [tuple(text[i : i + self.n]) for i in range(len(text) - self.n + 1)]
        return self.n > 0 and len(grams) > 0 and grams[-1] in grams[:-1]

    def follow(self, written, node, lifted):
        """Pairs of token and log-probability that may follow."""
        for y, log_prob in enumerate(self.table[node]):
            if log_prob == -math.inf:
                continue
            if len(written) < len(self.prefix):
                if y == self.prefix[len(written)]:
                    yield y, log_prob
                continue
            if self.allowed and not self.mask[node][y]:
                continue
            if lifted < 1 and self.repeats(written, y):
                continue
            if lifted < 2 and y == self.end and len(written) + 1 < self.min_length:
                continue
            yield y, log_prob

    def complete(self, written):
        return len(written) == self.max_length or written[-1] == self.end

    def score(self, log_prob, node, length):
        extra = self.bonus[node] if self.penalty else 0.0
        return log_prob / self.divisor(max(length, 1)) + extra

    def expand(self, live, something):
        """All continuations (tokens, log-probability, parent's number), with the back-off; none if stuck."""
        for lifted in (0, 1, 2):
            found = [
                ((*written, y), total + log_prob, node)
                for written, total, node in live
                for y, log_prob in self.follow(written, node, lifted)
            ]
            if found or something:
                break
        return found

    def child(self, written, node):
        return self.model.V * node + 1 + written[-1]


def exhaustive(problem):
    """Every sequence there is, best first: (tokens, score, log-probability)."""
    live, done = [((), 0.0, 0)], []
    while live:
        found = problem.expand(live, bool(done))
        if not found and not done:
            done = [(written, problem.score(total, node, len(written)), total) for written, total, node in live]
        live = []
        for written, total, node in found:
            if problem.complete(written):
                done.append((written, problem.score(total, node, len(written)), total))
            else:
                live.append((written, total, problem.child(written, node)))
    return sorted(done, key=lambda one: -one[1])


def plain_beam(problem, width, groups=1, strength=0.0, cumulative=None, early_stopping="never"):
    """Beam search as its docstring says it, in lists; groups as Vijayakumar et al. (2016) define them.

    Returns each group's finished hypotheses, best first. Without a stop rule it runs until nothing is alive.
    """
    k = width // groups
    lives, dones = [[((), 0.0, 0)] for _ in range(groups)], [[] for _ in range(groups)]
    stopped = [False] * groups
    while any(lives):
        earlier = []
        for g in range(groups):
            if not lives[g]:
                earlier.append([])
                continue
            candidates = []
            found = problem.expand(lives[g], bool(dones[g]))
            if not found and not dones[g]:
                dones[g] = [(w, problem.score(total, node, len(w)), total) for w, total, node in lives[g]]
            for written, total, node in found:
                likeness = sum(like(written, beams, cumulative) for beams in earlier if beams)
                candidates.append((total - strength * likeness, written, total, node))
            candidates.sort(key=lambda one: -one[0])
            for _, written, total, node in candidates[:k]:
                if problem.complete(written) and not stopped[g]:
                    dones[g].append((written, problem.score(total, node, len(written)), total))
            onward = [one for one in candidates if not problem.complete(one[1])][:k]
            lives[g] = [(written, total, problem.child(written, node)) for _, written, total, node in onward]
            earlier.append([written for written, _, _ in lives[g]])
            if early_stopping != "never" and lives[g] and len(dones[g]) >= k:
                worst = sorted(score for _, score, _ in dones[g])[-k]
                best = max(total for _, total, _ in lives[g]) / problem.divisor(len(lives[g][0][0]))
                stopped[g] |= early_stopping or best <= worst
    return [sorted(done, key=lambda one: -one[1]) for done in dones]


def like(written, beams, cumulative):
    if cumulative is None:
        return sum(beam[-1] == written[-1] for beam in beams)
    apart = sum(a != b for beam in beams for a, b in zip(beam, written, strict=True))
    return math.exp(-apart / cumulative)
