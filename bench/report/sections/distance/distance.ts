import { cellFloors } from "../../../stats/floor/cells.ts";
import { paperLinks } from "../../../stats/floor/paper-links.ts";
import { boundaryOf, modelError, whereToServe } from "../../../stats/floor/where.ts";
import type { Section } from "../../section.ts";
import { floorBlocks } from "./floors.ts";
import { paperLinkBlocks } from "./paper.ts";
import { whereBlocks } from "./where.ts";

/** What a distance between client and server costs: the floor of each call, where to serve, the paper's network. */
export const distanceSection: Section = {
  id: "distance",
  title: "Over a distance",
  short: "Distance",
  blocks(inputs) {
    const measured = [...floorBlocks(inputs), ...whereBlocks(inputs)];
    // Of a run that says nothing of distances the paper's is of no interest.
    return measured.length === 0 ? [] : [...measured, ...paperLinkBlocks(inputs)];
  },
  json({ study }) {
    if (study === undefined) return {};
    const where = whereToServe(study);
    const floors = [...cellFloors(study).values()].filter(({ wayFrom }) => wayFrom === "link");
    if (where.length + floors.length === 0) return {};
    return {
      distance: {
        floors: floors.map(({ cell, base, wayFrom: _, ...floor }) => ({ cell: cell.id, base: base.id, ...floor })),
        modelError: modelError(study) ?? null,
        where: where.map((q) => ({
          ...q,
          remotes: q.remotes.map((remote) => ({ ...remote, boundary: boundaryOf(q.localMs, remote) })),
        })),
        paperLinks: paperLinks().map(({ machine, mbit, interval, error }) => ({ machine, mbit, interval, error })),
      },
    };
  },
};
