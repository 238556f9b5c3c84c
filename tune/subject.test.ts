import { expect, test } from "vitest";
import { typed } from "./subject.ts";

test("what is to be typed next has the project and the server that were named", () => {
  expect(typed({ stack: "edge" }, "tune", "--resume")).toBe("npx lathe tune --stack edge --resume");
  const where = { stack: "edge", project: "/my own", server: "two" };
  expect(typed(where, "tune", "--undo")).toBe("npx lathe tune --project '/my own' --stack edge --which two --undo");
  expect(typed(where, "up")).toBe("npx lathe up --project '/my own' --stack edge");
});
