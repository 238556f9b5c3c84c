import type { Api } from "../client.ts";
import { serverTotals } from "./metrics.ts";

/** OpenVINO Model Server's page of metrics. Its calls are those of other APIs: it has no client kinds of its own. */
export const openvinoApi: Api = { name: "openvino", clients: [], metrics: serverTotals };
