import { expect, it } from "vitest";
import { isAsDeployed } from "../../../matrix/cell.ts";
import type { LinkRecord } from "../../../records/link-facts.ts";
import { questions } from "../../../stats/choices.ts";
import { distanceStudy } from "../../../testing/distance.ts";
import { CONCLUSIONS } from "../../../verdicts/index.ts";
import { reportInputs } from "../../index.ts";
import { renderText } from "../../render/text.ts";
import { paperCells } from "../paper/tables.ts";
import { linkBlocks } from "./links.ts";

const study = distanceStudy(
  (server, _model, link) => (server === "cloud" ? 90 : 100) + (link?.name === "far" ? 400 : 10),
);
const textOf = (of: typeof study) =>
  renderText([{ id: "run", title: "Run", short: "Run", blocks: linkBlocks(reportInputs(of.manifest, { study: of })) }]);

it("a run's links are shown as they were asked for, and as they measured", () => {
  const text = textOf(study).replaceAll(/ {2,}/g, "  ");
  expect(text).toMatch(/client → cloud, lan +the network as it is +0\.20 +– +0 of \d+ +forwarder +cubic/);
  expect(text).toMatch(/client → edge, far +\+80 ms, 100 Mbit\/s +80\.2 +100\.0 +0 of \d+ +forwarder +cubic/);
});

it("what could not be measured says why, and how late the lab's packets were is said", () => {
  const [first] = study.links?.records ?? [];
  const packets = { sent: 9, lost: 0, dropped: 0, lateMs: { p99: 0.5, max: 9 } };
  const records: LinkRecord[] = [
    { ...(first as LinkRecord), measured: { unread: "no ping" }, packets, congestion: { client: "bbr", server: null } },
  ];
  const text = textOf({ ...study, links: { ...study.links!, records } });
  expect(text).toContain("not measured: no ping");
  expect(text).toContain("bbr, –");
  expect(text.replaceAll(/\s+/g, " ")).toContain("99 of 100 packets left the lab's links at most 0.50 ms too late.");
  expect(linkBlocks(reportInputs(study.manifest, {}))).toEqual([]);
});

it("a link that adds something is no machine's own: it is no option of a choice, no number of the paper's, and no verdict's", () => {
  const options = questions(study).flatMap((q) => q.options.flatMap((o) => Object.values(o.at)));
  expect(options.filter((level) => level.includes("far"))).toEqual([]);
  expect(options.filter((level) => level.includes("edge")).length).toBeGreaterThan(0);
  const remote = CONCLUSIONS.find(({ id }) => id === "remote-slower")?.judge(study);
  expect(remote?.effects.length).toBeGreaterThan(0);
  // A call over the link that adds something takes five times as long.
  for (const effect of remote?.effects ?? []) expect(effect.value, effect.label).toBeLessThan(2);
  const combination = { protocol: "grpc", paperModel: "ssd" } as never;
  const cells = paperCells(
    { calls: "remote", image: null } as never,
    { server: "edge", combination, grpcClient: "probe" },
    { cells: study.manifest.cells, manifest: study.manifest },
  );
  expect(cells.every(isAsDeployed)).toBe(true);
});

it("where others were called over laid links alone, these are what a choice is between", () => {
  const cells = study.manifest.cells.filter((c) => c.local || c.link?.name === "far");
  const options = questions({ ...study, manifest: { ...study.manifest, cells } }).flatMap((q) =>
    q.options.flatMap((o) => Object.values(o.at)),
  );
  expect(options.some((level) => level.includes("far"))).toBe(true);
});
