import { defineConfig } from "vitest/config";

/** The lab's tests that `npm test` runs beside the others of the lab. */
const KINDS = [
  "test/lab/kinds/**/*.test.ts",
  "test/lab/{neighbours,layers,tune}.test.ts",
  "test/house/lab/**/*.test.ts",
];

/** Tests on a lab's hosts: one after the other, since they share them. */
const ON_HOSTS = {
  globalSetup: ["test/lab/setup.ts"],
  testTimeout: 300_000,
  hookTimeout: 900_000,
  fileParallelism: false,
};

// Seven kinds of test, from cheap to dear. `npm test` runs them all, in this order; `vitest --project unit` runs one.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: [
            "{cli,lib,infra,stacks,clients,bench,selfbench,models,lab,toolchain,protos,demo,fleet,tune}/**/*.test.ts",
            "test/*.test.ts",
          ],
          // Property tests on a machine that is busy with something else must not fail for it.
          testTimeout: 180_000,
        },
      },
      { test: { name: "program", include: ["test/program/**/*.test.ts"], testTimeout: 180_000 } },
      { test: { name: "wire", include: ["test/wire/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 900_000 } },
      {
        test: {
          name: "house",
          include: ["test/house/**/*.test.ts"],
          exclude: ["test/house/lab/**"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      { test: { name: "browser", include: ["test/browser/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 120_000 } },
      {
        test: {
          name: "lab",
          include: ["test/lab/**/*.test.ts", "test/engine/**/*.test.ts"],
          exclude: KINDS,
          ...ON_HOSTS,
        },
      },
      {
        test: { name: "kinds", include: KINDS, ...ON_HOSTS },
      },
    ],
  },
});
