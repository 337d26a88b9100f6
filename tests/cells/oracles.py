"""Every cell again, in NumPy float64, one row at a time, written from its paper and not from our code."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def rnn(x, h, *, weight_ih, weight_hh, bias, nonlinearity="tanh"):
    a = weight_ih @ x + weight_hh @ h + bias
    return (np.tanh(a) if nonlinearity == "tanh" else np.maximum(a, 0),)


def layer_norm_rnn(x, h, *, weight_ih, weight_hh, bias, gain, nonlinearity="tanh"):
    a = weight_ih @ x + weight_hh @ h
    a = gain * (a - a.mean()) / np.sqrt(a.var() + 1e-5) + bias
    return (np.tanh(a) if nonlinearity == "tanh" else np.maximum(a, 0),)


def lstm(x, h, c, *, weight_ih, weight_hh, bias):
    i, f, g, o = np.split(weight_ih @ x + weight_hh @ h + bias, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def projected_lstm(x, h, c, *, weight_hr, **weights):
    h, c = lstm(x, h, c, **weights)
    return weight_hr @ h, c


def gru(x, h, *, weight_ih, weight_hh, bias, bias_hn):
    W_r, W_z, W_n = np.split(weight_ih, 3)
    R_r, R_z, R_n = np.split(weight_hh, 3)
    b_r, b_z, b_n = np.split(bias, 3)
    r = sigmoid(W_r @ x + R_r @ h + b_r)
    z = sigmoid(W_z @ x + R_z @ h + b_z)
    n = np.tanh(W_n @ x + b_n + r * (R_n @ h + bias_hn))
    return ((1 - z) * n + z * h,)


def reset_before_gru(x, h, *, weight_ih, weight_hh, bias):
    W_r, W_z, W_n = np.split(weight_ih, 3)
    R_r, R_z, R_n = np.split(weight_hh, 3)
    b_r, b_z, b_n = np.split(bias, 3)
    r = sigmoid(W_r @ x + R_r @ h + b_r)
    z = sigmoid(W_z @ x + R_z @ h + b_z)
    n = np.tanh(W_n @ x + R_n @ (r * h) + b_n)
    return ((1 - z) * n + z * h,)


def layer_norm(a, gain, shift=0):
    return gain * (a - a.mean()) / np.sqrt(a.var() + 1e-5) + shift


def layer_norm_lstm(x, h, c, *, weight_ih, weight_hh, bias, gain_ih, gain_hh, gain_c, shift_c):
    a = layer_norm(weight_ih @ x, gain_ih, bias) + layer_norm(weight_hh @ h, gain_hh)
    i, f, g, o = np.split(a, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(layer_norm(c, gain_c, shift_c)), c


def peephole_lstm(x, h, c, *, weight_ih, weight_hh, bias, peephole_i, peephole_f, peephole_o):
    i, f, g, o = np.split(weight_ih @ x + weight_hh @ h + bias, 4)
    new = sigmoid(f + peephole_f * c) * c + sigmoid(i + peephole_i * c) * np.tanh(g)
    return sigmoid(o + peephole_o * new) * np.tanh(new), new


def three_blocks(gates):
    """An LSTM from the three blocks it has; ``gates`` names them in order, what is missing is one."""

    def step(x, h, c, *, weight_ih, weight_hh, bias):
        a = dict(zip(gates, np.split(weight_ih @ x + weight_hh @ h + bias, 3), strict=True))
        i, f, o = (sigmoid(a[gate]) if gate in a else 1.0 for gate in "ifo")
        c = f * c + i * np.tanh(a["g"])
        return o * np.tanh(c), c

    return step


def coupled_gate_lstm(x, h, c, *, weight_ih, weight_hh, bias):
    f, g, o = np.split(weight_ih @ x + weight_hh @ h + bias, 3)
    c = sigmoid(f) * c + (1 - sigmoid(f)) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def mgu(x, h, *, weight_ih, weight_hh, bias):
    W_f, W_h = np.split(weight_ih, 2)
    R_f, R_h = np.split(weight_hh, 2)
    b_f, b_h = np.split(bias, 2)
    f = sigmoid(W_f @ x + R_f @ h + b_f)
    return ((1 - f) * h + f * np.tanh(W_h @ x + R_h @ (f * h) + b_h),)


def ind_rnn(x, h, *, weight_ih, weight_hh, bias):
    return (np.maximum(weight_ih @ x + weight_hh * h + bias, 0),)


def janet(x, h, *, weight_ih, weight_hh, bias):
    s, g = np.split(weight_ih @ x + weight_hh @ h + bias, 2)
    return (sigmoid(s) * h + (1 - sigmoid(s - 1)) * np.tanh(g),)


def min_gru(x, h, *, weight_ih, bias):
    z, candidate = np.split(weight_ih @ x + bias, 2)
    return ((1 - sigmoid(z)) * h + sigmoid(z) * candidate,)


def layer_norm_gru(x, h, *, weight_ih, weight_hh, bias, bias_hn, gain_ih, gain_hh):
    H = len(h)
    a, b = weight_ih @ x, weight_hh @ h
    gates = layer_norm(a[: 2 * H], gain_ih[: 2 * H]) + layer_norm(b[: 2 * H], gain_hh[: 2 * H]) + bias[: 2 * H]
    r, z = np.split(sigmoid(gates), 2)
    recurrent = layer_norm(b[2 * H :], gain_hh[2 * H :], bias_hn)
    n = np.tanh(layer_norm(a[2 * H :], gain_ih[2 * H :], bias[2 * H :]) + r * recurrent)
    return ((1 - z) * n + z * h,)


def min_lstm(x, h, *, weight_ih, bias):
    f, i, candidate = np.split(weight_ih @ x + bias, 3)
    f, i = sigmoid(f), sigmoid(i)
    return (f / (f + i) * h + i / (f + i) * candidate,)


def fast_grnn(x, h, *, weight_ih, weight_hh, bias_z, bias_h, logit_zeta, logit_nu):
    z = sigmoid(weight_ih @ x + weight_hh @ h + bias_z)
    candidate = np.tanh(weight_ih @ x + weight_hh @ h + bias_h)
    return ((sigmoid(logit_zeta) * (1 - z) + sigmoid(logit_nu)) * candidate + z * h,)


def scrn(x, h, s, *, weight_ih, weight_is, weight_sh, weight_hh, alpha):
    s = (1 - alpha) * (weight_is @ x) + alpha * s
    return sigmoid(weight_sh @ s + weight_ih @ x + weight_hh @ h), s


def jordan(x, y, s, *, weight_ih, weight_sh, bias, weight_out, bias_out, decay):
    s = decay * s + y
    hidden = np.tanh(weight_ih @ x + weight_sh @ s + bias)
    return np.tanh(weight_out @ hidden + bias_out), s


def slstm(x, h, c, n, m, *, weight_ih, weight_hh, bias, forget_gate="exp"):
    """Unstabilised: the state's true c and n are those held times e^m; they come back scaled by our m."""
    i, f, z, o = np.split(weight_ih @ x + weight_hh @ h + bias, 4)
    f = np.exp(f) if forget_gate == "exp" else sigmoid(f)
    c, n = f * np.exp(m) * c + np.exp(i) * np.tanh(z), f * np.exp(m) * n + np.exp(i)
    m = np.maximum(np.log(f) + m, i)
    return sigmoid(o) * c / n, c / np.exp(m), n / np.exp(m), m


def cfc(x, h, *, weight_ih, weight_hh, bias, weight_heads, bias_heads, time_gap=False):
    x, gap = (x[:-1], x[-1]) if time_gap else (x, 1.0)
    u = 1.7159 * np.tanh(0.666 * (weight_ih @ x + weight_hh @ h + bias))
    first, second, pace, lead = np.split(weight_heads @ u + bias_heads, 4)
    s = sigmoid(pace * gap + lead)
    return (np.tanh(first) * (1 - s) + s * np.tanh(second),)


def ltc(x, h, *, weight_ih, weight_hh, bias, reversal, log_tau, unfolds=6, time_gap=False):
    x, gap = (x[:-1], x[-1]) if time_gap else (x, 1.0)
    dt = gap / unfolds
    for _ in range(unfolds):
        f = sigmoid(weight_ih @ x + weight_hh @ h + bias)
        h = (h + dt * f * reversal) / (1 + dt * (1 / np.exp(log_tau) + f))
    return (h,)


def ode_rnn(x, h, *, W_1, b_1, W_2, b_2, solver, steps, **gru_weights):
    gap = x[-1]

    def f(h):
        return gap * (W_2 @ np.tanh(W_1 @ h + b_1) + b_2)

    d = 1 / steps
    for _ in range(steps):
        a = f(h)
        if solver == "euler":
            h = h + d * a
        elif solver == "midpoint":
            h = h + d * f(h + d / 2 * a)
        else:
            b = f(h + d / 2 * a)
            c = f(h + d / 2 * b)
            h = h + d / 6 * (a + 2 * b + 2 * c + f(h + d * c))
    return gru(x[:-1], h, **{name.removeprefix("cell."): w for name, w in gru_weights.items()})


def run(step, x, state, **options):
    """Outputs ``[T, H]`` and final state of one row ``x [T, I]``."""
    outputs = []
    for x_t in x:
        state = step(x_t, *state, **options)
        outputs.append(state[0])
    return np.array(outputs), state
