import { type World, isSlow, worldOf } from "./world.ts";

export const usual = worldOf();
export const OUTLIERS = worldOf({ call: (c) => ({ ...usual.call(c), mode: { share: 0.01, factor: 5 } }) });
export const TAILS = worldOf({
  visit: (c) => ({ ...usual.visit(c), tails: true }),
  call: (c) => ({ ...usual.call(c), tails: true }),
});
export const TWO_SPEEDS = worldOf({ visit: () => ({ sd: 0.02, mode: { share: 0.3, factor: 1.2 } }) });
export const HOST = worldOf({ round: 0.065, machine: 0.045 });
export const CLIENT = worldOf({ client: 0.03, machine: 0.02 });
export const GROUP = worldOf({ group: 0.03 });
export const DRIFT = worldOf({ machine: 0, machineLasts: { sd: 0.05, next: 0.7 } });
/** One image is three times as noisy as its like: `isNoisy` tells its cells. */
export const NOISY_IMAGE = worldOf({
  visit: (c) => ({ sd: (isNoisy(c) ? 3 : 1) * usual.visit(c).sd }),
});
export const isNoisy = (c: { readonly image: string }): boolean => c.image === "image-2";

const COMPUTE: Readonly<Record<string, number>> = { "rfcn-resnet101": 2400, "ssd-mobilenet": 50, null: 0 };
const SPEED: Readonly<Record<string, number>> = { client: 1, cloud: 0.65, edge: 1.5 };

/** A world in which a latency is the sum of its parts: compute, protocol, network. */
export const ADDING: Partial<World> = {
  log: (c) => {
    const compute = (COMPUTE[c.model] ?? 0) * (1 + 0.03 * Number(c.image.slice("image-".length)));
    return Math.log((compute + (c.client === "rest" ? 25 : 1.5)) * (SPEED[c.serverMachine] ?? 1) + (c.local ? 0 : 3));
  },
};

/** A world without differences between protocols or places: any verdict that finds one is wrong. */
export const EQUAL: Partial<World> = { log: (c) => (isSlow(c) ? 8 : c.model === "null" ? 1 : 4) };
