import { z } from "zod";

/** Calls in flight at a time: a key that modes share. */
export const concurrency = z
  .number("a whole number, 1 or more")
  .int("a whole number, 1 or more")
  .min(1, "a whole number, 1 or more");

/** Calls a second. */
export const ratePerSecond = z.number("a positive number").positive("a positive number");
