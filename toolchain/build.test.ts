import { expect, test } from "vitest";
import { buildFault } from "./build.ts";

const faultOf = (exitCode: number, stderr: string) =>
  buildFault("pulumi", "1.25.11", { exitCode, signal: null, stdout: "", stderr }).message;

test("without a Go, or with one that is too old and cannot fetch another, the fault says which Go is needed", () => {
  for (const [code, said] of [
    [127, "go: not found"],
    [1, "go: errors parsing go.mod:\n/x/go.mod:3: invalid go version '1.25.11': must match format 1.23"],
    [1, "go: download go1.25.11 for linux/amd64: toolchain not available"],
    [1, "go: go.mod requires go >= 1.25.11 (running go 1.22.1; GOTOOLCHAIN=local)"],
  ] as const) {
    const fault = faultOf(code, said);
    expect(fault).toContain("expected: Go 1.25.11 or newer");
    expect(fault).toContain(said.split("\n").at(-1));
  }
});

test("where a module cannot be fetched, Go's own words are shown without its lists of packages and downloads", () => {
  const fault = faultOf(1, "go: downloading a.example/m v1.0.0\na.example/m/sub\na.example/n@v1: 403 Forbidden\n");
  expect(fault).toContain("pulumi could not be built from Go modules:\na.example/n@v1: 403 Forbidden\n  expected");
  expect(fault).toContain("go env GOPROXY");
});
