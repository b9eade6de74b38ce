from componentize_py_types import Err
from wit_world import WitWorld, exports
from wit_world.exports.stock import Item, Problem_Priceless, Problem_Short


class Stock(exports.Stock):
    def total(self, items: list[Item]) -> float:
        if any(item.price is None for item in items):
            raise Err(Problem_Priceless())
        return sum(item.count * item.price for item in items)

    def find(self, items: list[Item], tag: str) -> Item | None:
        return next((item for item in items if tag in item.tags), None)

    def take(self, item: Item, count: int) -> Item:
        if count > item.count:
            raise Err(Problem_Short(count - item.count))
        return Item(item.name, item.count - count, item.price, item.tags, item.place)

    def reverse(self, bytes: bytes) -> bytes:
        return bytes[::-1]


class WitWorld(WitWorld):
    def describe(self, name: str, count: int) -> str:
        return f"{count} x {name}"
