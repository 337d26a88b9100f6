"""The cells added after the first release, in NumPy float64, one row at a time, written from their papers."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.log(1 + np.exp(x))


def heads(vector, n):
    return vector.reshape(n, -1)


def rg_lru(x, h, *, weight_ih, bias, Lambda):
    u, r, i = np.split(weight_ih @ x + bias, 3)
    a = sigmoid(Lambda) ** (8 * sigmoid(r))
    return (a * h + np.sqrt(1 - a**2) * sigmoid(i) * u,)


def sru(x, h, c, *, weight_ih, v, bias):
    W_f, W_r, W, W_x = np.split(weight_ih, 4)
    v_f, v_r = np.split(v, 2)
    b_f, b_r = np.split(bias, 2)
    f = sigmoid(W_f @ x + v_f * c + b_f)
    r = sigmoid(W_r @ x + v_r * c + b_r)
    c = f * c + (1 - f) * (W @ x)
    return r * c + (1 - r) * np.sqrt(3) * (W_x @ x), c


def qrnn(x, h, c, *, weight_ih, bias):
    z, f, o = np.split(weight_ih @ x + bias, 3)
    c = sigmoid(f) * c + (1 - sigmoid(f)) * np.tanh(z)
    return sigmoid(o) * c, c


def s6(x, h, S, *, weight_ih, weight_bc, bias, log_A, D):
    u, delta = np.split(weight_ih @ x, 2)
    B, C = np.split(weight_bc @ x, 2)
    delta = softplus(delta + bias)
    S, h = S.copy(), np.zeros_like(u)
    for unit in range(len(u)):
        for n in range(len(B)):
            S[unit, n] = np.exp(-delta[unit] * np.exp(log_A[unit, n])) * S[unit, n] + delta[unit] * B[n] * u[unit]
            h[unit] += C[n] * S[unit, n]
        h[unit] += D[unit] * u[unit]
    return h, S


def mlstm(x, h, C, n, m, *, weight_ih, bias, weight_gates, bias_gates):
    """Unstabilised: the true C and n are those held times e^m; they come back scaled by our m."""
    count, d = n.shape
    q, k, v, o = np.split(weight_ih @ x + bias, 4)
    q, k, v = heads(q, count), heads(k, count) / np.sqrt(d), heads(v, count)
    i, f = np.split(weight_gates @ x + bias_gates, 2)
    C, n, m, h = C.copy(), n.copy(), m.copy(), np.zeros_like(q)
    for j in range(count):
        true_C, true_n = C[j] * np.exp(m[j]), n[j] * np.exp(m[j])
        true_C = sigmoid(f[j]) * true_C + np.exp(i[j]) * np.outer(v[j], k[j])
        true_n = sigmoid(f[j]) * true_n + np.exp(i[j]) * k[j]
        h[j] = true_C @ q[j] / max(abs(true_n @ q[j]), 1)
        m[j] = max(np.log(sigmoid(f[j])) + m[j], i[j])
        C[j], n[j] = true_C / np.exp(m[j]), true_n / np.exp(m[j])
    return sigmoid(o) * h.ravel(), C, n, m


def delta_net(x, h, S, *, weight_ih, weight_beta):
    """In the paper's form, S (I - beta k k^T) + beta v k^T, for the transpose of S."""
    count = len(S)
    q, k, v = (heads(one, count) for one in np.split(weight_ih @ x, 3))
    beta = sigmoid(weight_beta @ x)
    S, h = S.copy(), np.zeros_like(q)
    for j in range(count):
        q_j, k_j = (one[j] * sigmoid(one[j]) for one in (q, k))
        q_j, k_j = q_j / np.linalg.norm(q_j), k_j / np.linalg.norm(k_j)
        S_j = S[j].T @ (np.eye(len(k_j)) - beta[j] * np.outer(k_j, k_j)) + beta[j] * np.outer(v[j], k_j)
        S[j], h[j] = S_j.T, S_j @ q_j
    return h.ravel(), S


def retention(x, h, S, *, weight_ih):
    count, d = S.shape[:2]
    q, k, v = (heads(one, count) for one in np.split(weight_ih @ x, 3))
    S = np.stack([(1 - 2.0 ** (-5 - j)) * S[j] + np.outer(k[j] / np.sqrt(d), v[j]) for j in range(count)])
    return np.concatenate([q[j] @ S[j] for j in range(count)]), S


def linear_attention(x, h, S, z, *, weight_ih):
    count = len(S)
    q, k, v = (heads(one, count) for one in np.split(weight_ih @ x, 3))
    q, k = (np.where(one > 0, one + 1, np.exp(np.minimum(one, 0))) for one in (q, k))
    S = np.stack([S[j] + np.outer(k[j], v[j]) for j in range(count)])
    z = z + k
    return np.concatenate([q[j] @ S[j] / (q[j] @ z[j] + 1e-6) for j in range(count)]), S, z


def rwkv4(x, h, a, b, p, shift, *, weight_ih, mu, u, omega):
    """Unstabilised: the true a and b are those held times e^p; they come back scaled by our p."""
    W_r, W_k, W_v = np.split(weight_ih, 3)
    s_r, s_k, s_v = np.split(shift, 3)
    r, k, v = W_r @ (mu[0] * x) + s_r, W_k @ (mu[1] * x) + s_k, W_v @ (mu[2] * x) + s_v
    a, b = a * np.exp(p), b * np.exp(p)
    h = sigmoid(r) * (a + np.exp(u + k) * v) / (b + np.exp(u + k))
    w = np.exp(omega)
    a, b, p = np.exp(-w) * a + np.exp(k) * v, np.exp(-w) * b + np.exp(k), np.maximum(p - w, k)
    shift = np.concatenate([W @ ((1 - m) * x) for W, m in zip((W_r, W_k, W_v), mu, strict=True)])
    return h, a / np.exp(p), b / np.exp(p), p, shift


def co_rnn(x, y, z, *, weight_ih, weight_hh, weight_zh, bias, dt, gamma, epsilon):
    z = z + dt * np.tanh(weight_hh @ y + weight_zh @ z + weight_ih @ x + bias) - dt * gamma * y - dt * epsilon * z
    return y + dt * z, z


def uni_cornn(x, y, z, *, weight_ih, weight_hh, c, bias, dt, alpha):
    pace = 0.5 + 0.5 * np.tanh(c / 2)
    z = z - dt * pace * (np.tanh(weight_hh * y + weight_ih @ x + bias) + alpha * y)
    return y + dt * pace * z, z


def lem(x, y, z, *, weight_ih, weight_hh, weight_zh, bias, dt):
    W_1, W_2, W_z, W_y = np.split(weight_ih, 4)
    b_1, b_2, b_z, b_y = np.split(bias, 4)
    R_1, R_2, R_z = np.split(weight_hh, 3)
    s = dt * sigmoid(R_1 @ y + W_1 @ x + b_1)
    s_bar = dt * sigmoid(R_2 @ y + W_2 @ x + b_2)
    z = (1 - s) * z + s * np.tanh(R_z @ y + W_z @ x + b_z)
    return (1 - s_bar) * y + s_bar * np.tanh(weight_zh @ z + W_y @ x + b_y), z


def antisymmetric_rnn(x, h, *, weight_ih, weight_hh, bias, epsilon, gamma):
    R = weight_hh - weight_hh.T - gamma * np.eye(len(h))
    return (h + epsilon * np.tanh(R @ h + weight_ih @ x + bias),)


def brc(x, h, *, weight_ih, weight_hh):
    W_a, W_c, W_h = np.split(weight_ih, 3)
    w_a, w_c = np.split(weight_hh, 2)
    a, c = 1 + np.tanh(W_a @ x + w_a * h), sigmoid(W_c @ x + w_c * h)
    return (c * h + (1 - c) * np.tanh(W_h @ x + a * h),)


def nbrc(x, h, *, weight_ih, weight_hh):
    W_a, W_c, W_h = np.split(weight_ih, 3)
    R_a, R_c = np.split(weight_hh, 2)
    a, c = 1 + np.tanh(W_a @ x + R_a @ h), sigmoid(W_c @ x + R_c @ h)
    return (c * h + (1 - c) * np.tanh(W_h @ x + a * h),)


def star(x, h, *, weight_ih, weight_hh, bias):
    W_z, W_k = np.split(weight_ih, 2)
    b_z, b_k = np.split(bias, 2)
    z, k = np.tanh(W_z @ x + b_z), sigmoid(W_k @ x + weight_hh @ h + b_k)
    return (np.tanh((1 - k) * h + k * z),)


def atr(x, h, *, weight_ih, weight_hh, bias):
    p, q = weight_ih @ x + bias, weight_hh @ h
    return (sigmoid(p + q) * p + sigmoid(p - q) * h,)


def minimal_rnn(x, h, *, weight_ih, weight_zh, weight_hh, bias):
    b_z, b_u = np.split(bias, 2)
    z = np.tanh(weight_ih @ x + b_z)
    u = sigmoid(weight_hh @ h + weight_zh @ z + b_u)
    return (u * h + (1 - u) * z,)


def li_gru(x, h, *, weight_ih, weight_hh, bias):
    z, candidate = np.split(weight_ih @ x + weight_hh @ h + bias, 2)
    return (sigmoid(z) * h + (1 - sigmoid(z)) * np.maximum(candidate, 0),)


def light_ru(x, h, *, weight_ih, weight_hh, bias):
    W_h, W_f = np.split(weight_ih, 2)
    b_h, b_f = np.split(bias, 2)
    f = sigmoid(W_f @ x + weight_hh @ h + b_f)
    return ((1 - f) * h + f * np.tanh(W_h @ x + b_h),)


def ugrnn(x, h, *, weight_ih, weight_hh, bias):
    c, g = np.split(weight_ih @ x + weight_hh @ h + bias, 2)
    return (sigmoid(g) * h + (1 - sigmoid(g)) * np.tanh(c),)


def cfn(x, h, *, weight_ih, weight_hh, bias):
    W_theta, W_eta, W_h = np.split(weight_ih, 3)
    R_theta, R_eta = np.split(weight_hh, 2)
    b_theta, b_eta = np.split(bias, 2)
    theta = sigmoid(R_theta @ h + W_theta @ x + b_theta)
    eta = sigmoid(R_eta @ h + W_eta @ x + b_eta)
    return (theta * np.tanh(h) + eta * np.tanh(W_h @ x),)


def mut1(x, h, *, weight_ih, weight_hh, bias):
    W_z, W_r, W_h = np.split(weight_ih, 3)
    R_r, R_h = np.split(weight_hh, 2)
    b_z, b_r, b_h = np.split(bias, 3)
    z, r = sigmoid(W_z @ x + b_z), sigmoid(W_r @ x + R_r @ h + b_r)
    return (np.tanh(R_h @ (r * h) + np.tanh(W_h @ x) + b_h) * z + h * (1 - z),)


def mut3(x, h, *, weight_ih, weight_hh, bias):
    W_z, W_r, W_h = np.split(weight_ih, 3)
    R_z, R_r, R_h = np.split(weight_hh, 3)
    b_z, b_r, b_h = np.split(bias, 3)
    z, r = sigmoid(W_z @ x + R_z @ np.tanh(h) + b_z), sigmoid(W_r @ x + R_r @ h + b_r)
    return (np.tanh(R_h @ (r * h) + W_h @ x + b_h) * z + h * (1 - z),)


def ran(x, h, c, *, weight_ih, weight_hh, bias):
    W_i, W_f, W_c = np.split(weight_ih, 3)
    R_i, R_f = np.split(weight_hh, 2)
    b_i, b_f, b_c = np.split(bias, 3)
    i, f = sigmoid(W_i @ x + R_i @ h + b_i), sigmoid(W_f @ x + R_f @ h + b_f)
    c = i * (W_c @ x + b_c) + f * c
    return np.tanh(c), c


def multiplicative_rnn(x, h, *, weight_ih, weight_hm, weight_mh, bias):
    """In the paper's form: a recurrent matrix for each input, R diag(W_m x) R_m."""
    W_m, W_h = np.split(weight_ih, 2)
    return (np.tanh(W_h @ x + weight_mh @ np.diag(W_m @ x) @ weight_hm @ h + bias),)


def multiplicative_lstm(x, h, c, *, weight_ih, weight_im, weight_hm, weight_mh, bias):
    m = (weight_im @ x) * (weight_hm @ h)
    i, f, g, o = np.split(weight_ih @ x + weight_mh @ m + bias, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c
