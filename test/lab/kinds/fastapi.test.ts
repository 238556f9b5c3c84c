import { describeKind } from "./harness.ts";
import { web } from "./web.ts";

describeKind(web("fastapi"));
