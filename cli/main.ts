import { useCompileCache } from "../lib/cache/compile-cache.ts";

// Before anything large is loaded, which a plain import would be.
useCompileCache();
// `lathe plan | head`: who has read enough is no fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(141);
});
const { lathe } = await import("./lathe.ts");
await lathe(process.argv.slice(2));
