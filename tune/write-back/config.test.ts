import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { typed } from "../subject.ts";
import { homeOf, offerChange } from "./config.ts";

let projectDir = "";
beforeEach(async () => void (projectDir = await mkdtemp(join(tmpdir(), "lathe-tune-config-"))));
afterEach(() => rm(projectDir, { recursive: true, force: true }));

const where = () => ({ projectDir, stack: "acme/edge" });
const file = () => join(projectDir, "Pulumi.edge.yaml");
const plain = "config:\n  lathe:host: h\n";
const change = (text: string) => text.replace("h\n", "g\n");

test("nothing is written where nobody can be asked, and written where it was said before", async () => {
  await writeFile(file(), plain);
  expect(await offerChange(where(), change, { yes: false, how: "" })).toBe("shown");
  expect(await readFile(file(), "utf8")).toBe(plain);
  expect(await offerChange(where(), change, { yes: true, how: "" })).toBe("written");
  expect(await readFile(file(), "utf8")).toBe(change(plain));
  expect(await offerChange(where(), (text) => text, { yes: true, how: "" })).toBe("same");
});

test("settings stand with the stack's own keys, or with the server's where the stack has a list of servers", async () => {
  await writeFile(file(), plain);
  expect(await homeOf(where(), "a")).toBeNull();
  await writeFile(file(), "config:\n  lathe:servers:\n    - name: a\n");
  expect(await homeOf(where(), "a")).toEqual({ server: "a" });
});

test("a stack without a config file is refused by the file's name, and with how to name its folder", async () => {
  const refused = /Pulumi\.edge\.yaml: there is no such file\n.*stack acme\/edge\n.*--project DIR/;
  await expect(offerChange(where(), change, { yes: true, how: "" })).rejects.toThrow(refused);
  await expect(homeOf(where(), "a")).rejects.toThrow(refused);
});

test("what is to be typed next has the project and the server that were named", () => {
  expect(typed({ stack: "edge" }, "tune", "--resume")).toBe("npx lathe tune --stack edge --resume");
  const where = { stack: "edge", project: "/my own", server: "two" };
  expect(typed(where, "tune", "--undo")).toBe("npx lathe tune --project '/my own' --stack edge --which two --undo");
  expect(typed(where, "up")).toBe("npx lathe up --project '/my own' --stack edge");
});
