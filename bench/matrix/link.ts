import { z } from "zod";

/** The most milliseconds that a link may add to a round trip. With little more, TCP gives up connections. */
export const MOST_RTT_MS = 10_000;

const NAME = /^[a-z0-9][a-z0-9-]{0,29}$/;
const WORDS = "a name of small letters, digits and hyphens, 30 at most";
const NUMBER = "0 or more";
const mbit = z.number("a positive number").min(0.01, "0.01 or more").max(100_000, "at most 100000");

/** A link between a client machine and a server machine, both ways alike. It adds to the network that is there. */
export const Link = z
  .strictObject(
    {
      name: z.string(WORDS).regex(NAME, WORDS),
      /** What it adds to a round trip, half of it each way. */
      rttMs: z.number(NUMBER).min(0, NUMBER).max(MOST_RTT_MS, `at most ${MOST_RTT_MS}`).default(0),
      /** Megabits a second each way, headers of IP included; null: no limit. */
      mbit: mbit.nullable().default(null),
      /** Share of packets that are lost each way, each packet by itself. */
      loss: z.number("a share, such as 0.01").min(0, "0 or more").max(0.5, "at most 0.5").default(0),
      /** How far a round trip may lie from `rttMs`, either way: each way takes half of it, evenly distributed. */
      jitterMs: z.number(NUMBER).min(0, NUMBER).default(0),
    },
    "a link, such as { name: far, rttMs: 20 }",
  )
  .refine(({ jitterMs, rttMs }) => jitterMs <= rttMs, {
    path: ["jitterMs"],
    message: "at most rttMs: no packet arrives before it was sent",
  });
export type Link = z.infer<typeof Link>;

/** Whether a link leaves the network as it is. Pure. */
export function addsNothing({ rttMs, mbit, loss }: Link): boolean {
  return rttMs === 0 && mbit === null && loss === 0;
}

/** A link in words: `+20 ms (± 2), 50 Mbit/s, 1 % lost`. Pure. */
export function linkText(link: Link): string {
  const { rttMs, mbit, loss, jitterMs } = link;
  if (addsNothing(link)) return "the network as it is";
  return [
    ...(rttMs === 0 ? [] : [`+${rttMs} ms${jitterMs === 0 ? "" : ` (± ${jitterMs})`}`]),
    ...(mbit === null ? [] : [`${mbit} Mbit/s`]),
    ...(loss === 0 ? [] : [`${Number((loss * 100).toPrecision(3))} % lost`]),
  ].join(", ");
}
