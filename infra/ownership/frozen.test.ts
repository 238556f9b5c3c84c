import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { frozenMark } from "../hosts/frozen.ts";
import { NO_LEFTOVERS, readLeftovers } from "./leftovers.ts";

const ID = "a".repeat(64);
/** A docker with one container, whose state, health and failing health tests are files. */
const DOCKER = `#!/bin/sh
cd "$(dirname "$0")"
case "$1 $2" in
  "ps -a") [ "$(cat state)" = running ] && echo "srv ${ID} running$(cat health) " || echo "srv ${ID} paused " ;;
  "container inspect") cat failing ;;
  "unpause srv") echo running > state; echo -unhealthy > health ;;
esac
`;

describe("a server whose bench was killed, as up finds it", () => {
  const dir = mkdtempSync(join(tmpdir(), "lathe-frozen-"));
  const mark = frozenMark(dir, "srv");
  const path = process.env["PATH"];
  const asked = {
    ...{ container: "srv", owner: "lathe/edge", workspace: dir, proxy: false },
    access: { allowFrom: [], expose: "everywhere" as const },
  };
  const put = (files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), `${text}\n`);
  };
  beforeAll(() => {
    writeFileSync(join(dir, "docker"), DOCKER);
    chmodSync(join(dir, "docker"), 0o755);
    put({ ".container-srv": ID });
    process.env["PATH"] = `${dir}:${path ?? ""}`;
  });
  afterAll(() => {
    process.env["PATH"] = path;
    rmSync(dir, { recursive: true, force: true });
  });
  beforeEach(() => {
    put({ state: "paused", health: "", failing: "0" });
    rmSync(mark, { force: true });
  });

  it("is thawed, told of, and stays: it is unhealthy for a moment without having failed a health test", async () => {
    writeFileSync(mark, "12 elsewhere");
    const thawed: string[] = [];
    expect(await readLeftovers(null, asked, (container) => thawed.push(container))).toEqual(NO_LEFTOVERS);
    expect([thawed, existsSync(mark), readFileSync(join(dir, "state"), "utf8")]).toEqual([["srv"], false, "running\n"]);
  });

  it("is only looked at by a preview", async () => {
    writeFileSync(mark, "12 elsewhere");
    expect((await readLeftovers(null, asked)).container).toBe(ID.slice(0, 12));
    expect([existsSync(mark), readFileSync(join(dir, "state"), "utf8")]).toEqual([true, "paused\n"]);
  });

  it("is made anew where a person paused it, or where its health test fails", async () => {
    const untold = () => expect.unreachable();
    expect((await readLeftovers(null, asked, untold)).container).toBe(ID.slice(0, 12));
    put({ state: "running", health: "-unhealthy", failing: "3" });
    expect((await readLeftovers(null, asked, untold)).container).toBe(ID.slice(0, 12));
    put({ health: "" });
    expect(await readLeftovers(null, asked, untold)).toEqual(NO_LEFTOVERS);
  });
});
