/** What a percentage may look like, for faults. */
export const PERCENT = "percent, such as 2 % (below 1 with its sign: 0.5 %)";

/**
 * A percentage as a fraction: `2 %`, `2%`, `0.5 %`, or a bare number of 1 or more. The same in files and options.
 *
 * @returns undefined if it is none; a bare number below 1 is none, for `0.02` may well be meant as 2 %
 */
export function percentOf(value: unknown): number | undefined {
  const text = typeof value === "number" ? String(value) : typeof value === "string" ? value.trim() : "";
  const [, digits, sign] = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(text) ?? [];
  if (digits === undefined || (sign === "" && Number(digits) < 1)) return undefined;
  return Number(digits) / 100;
}
