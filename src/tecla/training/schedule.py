"""How large a step to take: up quickly, level for as long as one likes, down to nothing over the last stretch.

The level part needs no end in sight, so a run can be prolonged; the fall is where most of the accuracy appears
(warm-up, stable, decay: Hu et al. 2024, MiniCPM).
"""

from __future__ import annotations


def step_factor(step: int, total: int, warm_up: int, decay: int) -> float:
    """Share of the peak learning rate at a step, 0..1; the last `decay` of `total` steps fall linearly to 0.

    >>> [step_factor(s, total=10, warm_up=2, decay=4) for s in (0, 1, 5, 8)]
    [0.5, 1.0, 1.0, 0.5]
    """
    rising = (step + 1) / max(1, warm_up)
    falling = (total - step) / max(1, decay)
    return max(0.0, min(1.0, rising, falling))
