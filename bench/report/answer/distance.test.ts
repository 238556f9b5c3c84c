import { describe, expect, it } from "vitest";
import { cellOf } from "../../testing/cells.ts";
import { distanceStudy } from "../../testing/distance.ts";
import { reportInputs } from "../index.ts";
import { distanceNotables } from "./distance.ts";

const own = (server: string) => 100 * ({ client: 1, cloud: 0.5, edge: 2 }[server] ?? 1);
const study = distanceStudy((server, model, link) => {
  return (model.startsWith("rfcn") ? 10 : 1) * own(server) + (link?.name === "far" ? 180 : 0);
});
const notablesOf = (changed: typeof study) => distanceNotables(reportInputs(changed.manifest, { study: changed }));

describe("what is found of a distance", () => {
  it("is what the link costs the model of the title, what bound it, and from where on its own server is faster", () => {
    const [found, ...more] = notablesOf(study);
    expect(more).toEqual([]);
    expect(found?.short).toBe("ssd-mobilenet over far takes 4.6 times as long (round trip)");
    expect(found?.whole).toMatch(
      /^Over a distance: ssd-mobilenet takes 230 ms to cloud over far \(\+80 ms, 100 Mbit\/s; gRPC\), 4\.6 times as long as without it, bound by round trip; 380 ms to edge over far/,
    );
    expect(found?.cause).toBe("Local calls are faster beyond 50 ms to cloud, or below 150 Mbit/s.");
  });

  it("says where no network makes another server faster", () => {
    const slow = distanceStudy(
      (server, _model, link) => (server === "client" ? 10 : 50) + (link?.name === "far" ? 99 : 0),
    );
    expect(notablesOf(slow)[0]?.cause).toBe("Local calls are faster, whatever the network.");
  });

  it("says what narrow windows cost beside wide ones", () => {
    const twins = study.manifest.cells
      .filter((c) => c.link !== undefined && c.model === "ssd-mobilenet" && c.server === "cloud")
      .map(({ id, link }) => ({
        cell: cellOf(["client", "cloud"], "ssd-mobilenet", "probe-64k", "image-7", link && { link }),
        // Over the far link it takes as long as the other model does.
        like: link?.name === "far" ? id.replace("ssd-mobilenet", "rfcn-resnet101") : id,
      }));
    const data = new Map(study.data);
    for (const { cell, like } of twins) {
      const d = data.get(like);
      if (d !== undefined) data.set(cell.id, { ...d, responseBytes: 921_676 });
    }
    const [, windows] = notablesOf({
      ...study,
      data,
      manifest: {
        ...study.manifest,
        clients: ["probe", "probe-64k"],
        cells: [...study.manifest.cells, ...twins.map((t) => t.cell)],
        transports: { "probe-64k": { streamWindowBytes: 65_535, connectionWindowBytes: 65_535 } },
      },
    });
    expect(windows?.short).toBe("ssd-mobilenet over far takes 3.0 times as long by gRPC (probe-64k)");
    expect(windows?.whole).toBe(
      "Over far (+80 ms, 100 Mbit/s), ssd-mobilenet on cloud takes 680 ms by gRPC (probe-64k), but 230 ms by gRPC (probe).",
    );
  });

  it("says where the times without a link are from, if the client machine made no such calls", () => {
    const cells = study.manifest.cells.filter((c) => c.link?.name !== "lan");
    const [found] = notablesOf({ ...study, manifest: { ...study.manifest, cells } });
    expect(found?.whole).toContain("4.6 times as long as from cloud itself, bound by");
  });

  it("is nothing where no link adds anything, or where it costs next to nothing", () => {
    const cheap = distanceStudy((server, _model, link) => 1000 * own(server) + (link?.name === "far" ? 180 : 0));
    expect(notablesOf(cheap)).toEqual([]);
    const near = study.manifest.cells.filter((c) => c.link?.name !== "far");
    expect(notablesOf({ ...study, manifest: { ...study.manifest, cells: near } })).toEqual([]);
  });
});
