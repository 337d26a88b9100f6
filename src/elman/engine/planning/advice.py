"""What a step may say instead of an operator that the engine does not know."""

__all__ = ["instead"]

ELSE = "write it with other operators, which the manual's page on the engine lists, or stay on the loop"
INSTEAD = {
    "sort": "weigh the columns by a softmax, or stay on the loop",
    "argsort": "weigh the columns by a softmax, or stay on the loop",
    "topk": "compare with amax, or weigh the columns by a softmax",
    "kthvalue": "compare with amax, or weigh the columns by a softmax",
    "median": "use mean or amax",
    "cumprod": "use torch.exp(torch.cumsum(torch.log(x), -1)) for positive numbers",
    "prod": "use torch.exp(torch.log(x).sum(-1)) for positive numbers",
    "nonzero": "use torch.where(condition, a, b)",
    "masked_select": "use torch.where(mask, x, 0)",
    "embedding": "look the vectors up in drive",
    "_fft_r2c": "multiply by the matrix of the transform",
    "_fft_c2c": "multiply by the matrix of the transform",
    "_linalg_svd": "compute it from parameters alone, before the state enters",
    "linalg_inv_ex": "compute it from parameters alone, before the state enters",
}


def instead(operator: str) -> str:
    """Return advice for an operator without a rule.

    Args:
        operator: its name in PyTorch.

    Example:
        >>> instead("topk")
        'compare with amax, or weigh the columns by a softmax'
    """
    return INSTEAD.get(operator, ELSE)
