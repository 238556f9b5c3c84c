import { z } from "zod";

const COUNT = "a whole number, 1 or more";

/** What one value of an experiment's key may be: a count such as calls in flight. */
export const count = z.number(COUNT).int(COUNT).min(1, COUNT);

/** Likewise: a quantity such as calls a second. */
export const positive = z.number("a positive number").positive("a positive number");

/** Connections of an open loop that `loads` asks for without saying how many: more than a server has use for, as a rule. */
const CONNECTIONS = 8;

/** Connections of an open loop; a call that is due waits where all of them are busy. */
export const openConnections = count.default(CONNECTIONS);
