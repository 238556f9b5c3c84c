import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { watchdog } from "./watchdog.ts";

it("bites once nothing was heard for as long as was said, and not while something is or nothing is expected", async () => {
  const bites: number[] = [];
  const dog = watchdog((ms) => bites.push(ms));
  await sleep(50);
  dog.expect(200);
  for (let i = 0; i < 4; i++) {
    await sleep(80);
    dog.heard();
  }
  expect(bites).toEqual([]);
  dog.rest();
  dog.heard();
  await sleep(300);
  expect(bites).toEqual([]);
  dog.expect(100);
  await sleep(300);
  expect(bites).toEqual([100]);
});
