"""Writes classic-control.json: what the published equations of three classic control problems give.

    python3 tests/kernels/references/classic-control.py > tests/kernels/references/classic-control.json

Written down from what is published, and with nothing of wray: equations, constants, rewards and ends are those of
Gymnasium 1.x (github.com/Farama-Foundation/Gymnasium, gymnasium/envs/classic_control, at commit 3f0476a):
CartPole-v1 after Barto, Sutton and Anderson (1983) and Sutton's pole.c; Pendulum-v1; Acrobot-v1 after Sutton (1996) and
the book of Sutton and Barto. A row is the state after a step, its reward, and whether it has ended the episode.
"""
import json
from math import cos, pi, radians, sin


def cart_pole(state, right):
    x, v, th, w = state
    g, m, total, l = 9.8, 0.1, 1.0 + 0.1, 0.5
    f = 10.0 if right else -10.0
    temp = (f + m * l * w**2 * sin(th)) / total
    th_acc = (g * sin(th) - cos(th) * temp) / (l * (4 / 3 - m * cos(th) ** 2 / total))
    acc = temp - m * l * th_acc * cos(th) / total
    tau = 0.02
    after = [x + tau * v, v + tau * acc, th + tau * w, w + tau * th_acc]
    return after, 1.0, abs(after[0]) > 2.4 or abs(after[2]) > radians(12)


def pendulum(state, torque):
    th, w = state
    g, m, l, dt = 10.0, 1.0, 1.0, 0.05
    u = min(2.0, max(-2.0, torque))
    normal = (th + pi) % (2 * pi) - pi
    cost = normal**2 + 0.1 * w**2 + 0.001 * u**2
    w = w + (3 * g / (2 * l) * sin(th) + 3.0 / (m * l**2) * u) * dt
    w = min(8.0, max(-8.0, w))
    return [th + w * dt, w], -cost, False


def acrobot(state, torque):
    m1 = m2 = l1 = i1 = i2 = 1.0
    lc1 = lc2 = 0.5
    g, dt = 9.8, 0.2

    def slope(s):
        th1, th2, w1, w2 = s
        d1 = m1 * lc1**2 + m2 * (l1**2 + lc2**2 + 2 * l1 * lc2 * cos(th2)) + i1 + i2
        d2 = m2 * (lc2**2 + l1 * lc2 * cos(th2)) + i2
        phi2 = m2 * lc2 * g * cos(th1 + th2 - pi / 2)
        phi1 = -m2 * l1 * lc2 * w2**2 * sin(th2) - 2 * m2 * l1 * lc2 * w2 * w1 * sin(th2)
        phi1 += (m1 * lc1 + m2 * l1) * g * cos(th1 - pi / 2) + phi2
        a2 = torque + d2 / d1 * phi1 - m2 * l1 * lc2 * w1**2 * sin(th2) - phi2
        a2 /= m2 * lc2**2 + i2 - d2**2 / d1
        return [w1, w2, -(d2 * a2 + phi1) / d1, a2]

    def along(s, k, part):
        return [a + part * b for a, b in zip(s, k)]

    k1 = slope(state)
    k2 = slope(along(state, k1, dt / 2))
    k3 = slope(along(state, k2, dt / 2))
    k4 = slope(along(state, k3, dt))
    after = [s + dt / 6 * (a + 2 * b + 2 * c + d) for s, a, b, c, d in zip(state, k1, k2, k3, k4)]
    for i in (0, 1):
        while after[i] > pi:
            after[i] -= 2 * pi
        while after[i] < -pi:
            after[i] += 2 * pi
    after[2] = min(4 * pi, max(-4 * pi, after[2]))
    after[3] = min(9 * pi, max(-9 * pi, after[3]))
    ended = -cos(after[0]) - cos(after[1] + after[0]) > 1.0
    return after, 0.0 if ended else -1.0, ended


def run(env, step, state, actor, count):
    start, actions, rows = state, [], []
    for i in range(count):
        action = actor(i, state)
        state, reward, ended = step(state, action)
        actions.append(action)
        rows.append([*state, reward, int(ended)])
    return {"env": env, "state": start, "actions": actions, "rows": rows}


print(
    json.dumps(
        [
            run("cart-pole", cart_pole, [0.01, -0.02, 0.03, 0.04], lambda i, s: int(s[2] + 0.3 * s[3] > 0), 200),
            run("cart-pole", cart_pole, [0, 0, 0, 0], lambda i, s: 1, 15),
            run("cart-pole", cart_pole, [2.3, 1.5, -0.05, -0.3], lambda i, s: i % 2, 15),
            run("pendulum", pendulum, [3.1, -0.5], lambda i, s: 3 * sin(i / 4), 200),
            run("pendulum", pendulum, [-9.0, 7.5], lambda i, s: 2.0, 50),
            run("acrobot", acrobot, [0.05, -0.03, 0.02, -0.08], lambda i, s: 1 if s[3] > 0 else -1, 60),
            run("acrobot", acrobot, [2.5, 1.0, 10.0, 25.0], lambda i, s: i % 3 - 1, 10),
        ]
    )
)
