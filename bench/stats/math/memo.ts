/**
 * A function that works a result out once for each object it is given: the sections of a report and its JSON ask for the
 * same figures. Objects must not change after they were asked about.
 */
export function once<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const made = new WeakMap<K, { readonly value: V }>();
  return (key) => {
    let entry = made.get(key);
    if (entry === undefined) made.set(key, (entry = { value: make(key) }));
    return entry.value;
  };
}

/** As `once`, for lists: two lists of the same objects in the same order are one list. */
export function onceForList<K extends object, V>(make: (list: readonly K[]) => V): (list: readonly K[]) => V {
  interface Prefix {
    readonly followedBy: (item: K) => Prefix;
    made?: { readonly value: V };
  }
  const prefix = (): Prefix => ({ followedBy: once(prefix) });
  const empty = prefix();
  return (list) => {
    const whole = list.reduce((before, item) => before.followedBy(item), empty);
    whole.made ??= { value: make(list) };
    return whole.made.value;
  };
}
