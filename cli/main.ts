import { useCompileCache } from "../lib/cache/compile-cache.ts";

// Before anything large is loaded, which a plain import would be.
useCompileCache();
// `lathe plan | head`, `lathe up 2>&1 | head -1`: who has read enough is no fault.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(141);
  });
const { lathe } = await import("./lathe.ts");
await lathe(process.argv.slice(2));
