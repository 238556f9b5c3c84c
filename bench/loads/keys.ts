import { z } from "zod";

const COUNT = "a whole number, 1 or more";

/** Reads a count, such as a number of connections. */
export const count = z.number(COUNT).int(COUNT).min(1, COUNT);

/** Reads a quantity, such as calls a second. */
export const positive = z.number("a positive number").positive("a positive number");

/** Default number of connections of an open loop in `loads`: usually more than a server can use. */
const CONNECTIONS = 8;

/** Connections of an open loop. If all of them are busy, a call that is due waits. */
export const openConnections = count.default(CONNECTIONS);
