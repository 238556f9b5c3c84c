import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { messages, methodPaths, packageDefinition } from "./index.ts";
import { descriptorPath, descriptorText } from "./source.ts";

describe("the wire contract", () => {
  it("is the same in descriptor.json as in the .proto files (else: node protos/generate.ts)", async () => {
    expect(await readFile(descriptorPath, "utf8")).toBe(await descriptorText());
  });

  it("has every method that a client calls, under the path that travels", () => {
    const definitions = packageDefinition();
    const paths = ["PredictionService", "ModelService"].flatMap((service) =>
      Object.values(definitions[`tensorflow.serving.${service}`] as object).map((m) => (m as { path: string }).path),
    );
    expect(paths.toSorted()).toEqual(Object.values(methodPaths).toSorted());
  });

  it("packs lists of numbers as upstream does", () => {
    const tensor = messages().lookupType("tensorflow.TensorProto");
    expect(Buffer.from(tensor.encode({ dtype: 1, float_val: [1, 2] }).finish()).toString("hex")).toBe(
      "0801" + "2a08" + "0000803f00000040",
    );
  });

  it("keeps a version and a version label apart: the later one wins", () => {
    const spec = messages().lookupType("tensorflow.serving.ModelSpec");
    const both = Buffer.from("12020805" + "220663616e617279", "hex");
    expect(spec.toObject(spec.decode(both), { oneofs: true })).toMatchObject({ version_choice: "version_label" });
  });
});
