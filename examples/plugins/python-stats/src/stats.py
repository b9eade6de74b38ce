"""Statistics over lists of numbers."""

import statistics


def describe(numbers: list[float]) -> dict[str, float | None]:
    """Of at least one number. What needs two is None for one."""
    several = len(numbers) > 1
    lower, median, upper = statistics.quantiles(numbers, method="inclusive") if several else (None, numbers[0], None)
    return {
        "count": len(numbers),
        "mean": statistics.fmean(numbers),
        "median": median,
        "deviation": statistics.stdev(numbers) if several else None,
        "smallest": min(numbers),
        "largest": max(numbers),
        "lower_quartile": lower,
        "upper_quartile": upper,
    }


def correlation(x: list[float], y: list[float]) -> float:
    """Pearson's. ValueError says why there is none."""
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} numbers and y has {len(y)}; they belong together one by one")
    if len(set(x)) == 1 or len(set(y)) == 1:
        raise ValueError("all numbers of one list are the same, so nothing goes along with them")
    return statistics.correlation(x, y)
