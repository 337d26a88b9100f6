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


def run(step, x, state, **options):
    """Outputs ``[T, H]`` and final state of one row ``x [T, I]``."""
    outputs = []
    for x_t in x:
        state = step(x_t, *state, **options)
        outputs.append(state[0])
    return np.array(outputs), state
