// For both engines: each folder beside this file names one.

export const stock = {
  total(items) {
    if (items.some((item) => item.price == null)) {
      throw { tag: "priceless" };
    }
    return items.reduce((sum, item) => sum + item.count * item.price, 0);
  },

  find(items, tag) {
    return items.find((item) => item.tags.includes(tag));
  },

  take(item, count) {
    if (count > item.count) {
      throw { tag: "short", val: count - item.count };
    }
    return { ...item, count: item.count - count };
  },

  reverse(bytes) {
    return Uint8Array.from(bytes).reverse();
  },
};

export function describe(name, count) {
  return `${count} x ${name}`;
}
